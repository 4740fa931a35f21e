"""The put-back script, run by real shells: everything is as it was, owner, mode, access lists and absence too."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.cover import Cover

from tests.unit.linux.checkpoint.machine import COVER, DROP_IN, ENDED, HERE, PAM, STATE, Machine

# The owner may read and change, one more person read: what the kernel keeps of `setfacl -m u:1000:r`.
ACCESS_LIST = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, rights, number)
    for tag, rights, number in (
        (1, 6, 2**32 - 1),
        (2, 4, 1000),
        (4, 4, 2**32 - 1),
        (16, 4, 2**32 - 1),
        (32, 0, 2**32 - 1),
    )
)


def test_all_is_back_when_nobody_confirms(machine: Machine) -> None:
    before = machine.files()
    assert machine.arm()["state"] == "armed"
    machine.change()
    done = machine.script("timer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.files() == before
    assert machine.unit_state("ssh.service") == "enabled active", "it was dead, and disabled, and had failed too often"
    assert machine.read()["state"] == "back"
    assert machine.ours() == ENDED


def test_owner_mode_access_list_attributes_and_times_are_back(machine: Machine) -> None:
    file = machine.at(DROP_IN)
    os.chown(file, 3, 4)
    file.chmod(0o4640)
    try:
        os.setxattr(file, "user.note", b"kept\n")
        os.setxattr(file, "system.posix_acl_access", ACCESS_LIST)
    except OSError:
        pytest.skip("this file system keeps no access lists or attributes of users")
    os.utime(file, ns=(10**18, 10**18 + 7))
    before, listed = file.stat(), {name: os.getxattr(file, name) for name in os.listxattr(file)}
    machine.arm()
    file.unlink()
    machine.change()
    assert machine.script("timer").returncode == 0
    after = file.stat()
    for what in ("st_mode", "st_uid", "st_gid", "st_mtime_ns"):
        assert getattr(after, what) == getattr(before, what), what
    assert {name: os.getxattr(file, name) for name in os.listxattr(file)} == listed


def test_names_with_anything_in_them_are_back(machine: Machine) -> None:
    names = ["it's", 'a "word"', "two  blanks", "new\nline", "$HOME `id` \\", "-rf", "*", "caf\udce9"]
    for name in names:
        machine.write(f"{PAM}/{name}", name.encode("utf-8", "surrogateescape").hex())
    before = machine.files()
    machine.arm(COVER._replace(files=(*COVER.files, *(f"/etc/{name}" for name in names))))
    for name in names:
        machine.at(f"{PAM}/{name}").unlink()
        machine.write(f"/etc/{name}", "new")
        machine.write(f"{PAM}/came {name}/{name}", "new")
    done = machine.script("timer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.files() == before


def test_links_are_put_back_as_links(machine: Machine) -> None:
    link = machine.at("/etc/link")
    link.symlink_to("/nowhere else")
    before = machine.files()
    machine.arm(Cover(files=("/etc/link",)))
    link.unlink()
    link.write_text("a file now")
    assert machine.script("timer").returncode == 0
    assert machine.files() == before


def test_folders_that_were_not_there_go_and_those_that_were_come_back(machine: Machine) -> None:
    machine.write(f"{PAM}/deep/er/file", "kept")
    machine.at(f"{PAM}/deep").chmod(0o750)
    before = machine.files()
    machine.arm(Cover(files=("/etc/one/two/file",), folders=(PAM, "/etc/none")))
    machine.write("/etc/one/two/file", "new")
    machine.write("/etc/none/below/file", "new")
    for path in (f"{PAM}/deep/er/file", f"{PAM}/deep/er", f"{PAM}/deep"):
        (machine.at(path).unlink if machine.at(path).is_file() else machine.at(path).rmdir)()
    done = machine.script("timer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.files() == before


def test_a_folder_of_ours_in_which_somebody_keeps_a_file_stays(machine: Machine) -> None:
    machine.arm(Cover(files=("/etc/one/two",)))
    machine.write("/etc/one/two", "new")
    machine.write("/etc/one/other", "somebody's")
    assert machine.script("timer").returncode == 0
    assert [path.name for path in machine.at("/etc/one").iterdir()] == ["other"]


def test_putting_back_writes_no_data_so_a_full_disk_does_not_keep_it_from_it(machine: Machine) -> None:
    """What is put in place is the copy itself, which lay there before the disk was full."""
    machine.arm()
    copies = {path.stat().st_ino for path in (machine.root / HERE / "copies").iterdir()}
    machine.change()
    machine.script("timer")
    assert {machine.at(path).stat().st_ino for path in (DROP_IN, f"{PAM}/auth", f"{PAM}/seen")} == copies


FULL = """
import os, sys
from pathlib import Path
sys.path[:0] = {path!r}
from tests.unit.linux.checkpoint.machine import HERE, Machine
machine = Machine(Path(sys.argv[1]))
before = machine.files()
def fill():
    with open(machine.root / "double/filling", "wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError:
            return
fill()
try:
    machine.arm()
except Exception as problem:
    print(problem)
print(machine.ours(), machine.files() == before)
os.unlink(machine.root / "double/filling")
machine.arm()
machine.change()
fill()
print(machine.script("timer").returncode, machine.read()["state"], machine.files() == before)
"""


def test_on_a_full_disk_nothing_is_armed_and_what_is_armed_comes_back(tmp_path: Path) -> None:
    """A real file system without a free block."""
    mount = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    code = FULL.format(path=sys.path)
    argv = ["unshare", "--mount", "sh", "-c", mount, "sh", str(tmp_path), sys.executable, code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0 and ("unshare" in done.stderr or "mount:" in done.stderr):
        pytest.skip("this machine makes no mount namespaces")
    assert done.stdout.splitlines() == [
        "the checkpoint could not be armed: the disk is full; nothing was changed",
        "[] True",
        "0 back True",
    ], done.stderr


def test_where_no_link_can_be_made_the_copy_itself_is_moved(machine: Machine) -> None:
    before = machine.files()
    machine.arm()
    machine.change()
    machine.double("/usr/bin/ln", "exit 1 # a double of ln on a file system that knows no second name of a file")
    machine.write("/double/units/ssh.service.broken", "")
    assert machine.script("timer").returncode == 1
    machine.at("/double/units/ssh.service.broken").unlink()
    machine.at("/usr/bin/ln").unlink()
    assert machine.script("timer").returncode == 0, "an earlier try has moved all copies"
    assert machine.files() == before


def test_a_command_that_hangs_is_ended_and_the_next_one_runs(stateful: Machine) -> None:
    stateful.arm(STATE)
    stateful.change()
    done = stateful.script("timer")
    assert done.returncode == 0, done.stdout
    assert stateful.at("/double/table").read_text() == "what lies in no file\n"
    kept = f"{stateful.root}/{HERE}/kept"
    assert stateful.at("/double/given").read_text() == f"<{kept}/table><it's><><a{kept}b>"


@pytest.mark.parametrize(
    ("broken", "left"),
    [
        ("/usr/sbin/works", "/usr/sbin/works did not end well"),
        ("/double/two", "/usr/sbin/list does not say what it said"),
        ("/double/units/ssh.service", "ssh.service is not enabled"),
    ],
)
def test_what_is_not_proved_is_named_and_tried_again(stateful: Machine, broken: str, left: str) -> None:
    stateful.arm(STATE._replace(commands=()))
    stateful.change()
    kept = stateful.at(broken).read_bytes()
    stateful.at(broken).unlink()
    assert stateful.script("timer").returncode == 1, "systemd tries again in a minute"
    assert left in stateful.read()["left"]
    assert stateful.read()["state"] == "putting-back"
    stateful.at(broken).write_bytes(kept)
    stateful.at(broken).chmod(0o755)
    assert stateful.script("timer").returncode == 0
    assert (stateful.read()["state"], stateful.read()["left"]) == ("back", [])


def test_a_status_of_its_commands_decides_nothing(stateful: Machine) -> None:
    """A command may fail since its work is done already: the proofs tell."""
    stateful.double("/usr/sbin/load", "exit 3")
    stateful.arm(STATE)
    done = stateful.script("timer")
    assert done.returncode == 0 and "/usr/sbin/load ended with status 3" in done.stdout
    assert stateful.read()["state"] == "back"


def test_an_unreadable_state_is_tried_again_each_minute(machine: Machine) -> None:
    machine.arm()
    service = machine.at("/etc/systemd/system/leeboard-checkpoint.service").read_text()
    assert {"Restart=on-failure", "RestartSec=60", "StartLimitIntervalSec=0"} <= set(service.splitlines())
