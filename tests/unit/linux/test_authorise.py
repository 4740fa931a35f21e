"""`leeboard-authorise` as somebody at the machine uses it: a real terminal, cryptsetup, and the kernel's keyring."""

from __future__ import annotations

import base64
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system import kernel_keyring

from tests.unit.linux.disks import PASSPHRASE, block, cryptsetup, mount, needs_cryptsetup
from tests.unit.linux.keyrings import RAW, SESSIONS, environment, needs_keyring, session
from tests.unit.linux.terminal import ASKED, Desk, Watch, desk, end, opens, spawn, write

pytestmark = [needs_keyring, needs_cryptsetup]
SLOW = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "2000000")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Desk]:
    made = desk(tmp_path)
    yield made
    kernel_keyring.revoke(kernel_keyring.of_disk(made.uuid))


def make_slow(here: Desk) -> None:
    """Let a trial take seconds, so that there is time to look."""
    cryptsetup("luksConvertKey", "-q", *SLOW, "--key-file", "-", str(here.disk))


def kept(here: Desk) -> bytes | None:
    """The passphrase of the disk that the next roll-out would find."""
    return kernel_keyring.read(kernel_keyring.of_disk(here.uuid))


def test_the_only_disk_is_asked_for_and_its_passphrase_kept_for_a_day(here: Desk) -> None:
    ended = here.typed(PASSPHRASE.encode())
    assert ended.status == 0, ended.shown
    assert f"{here.disk} (/home), LUKS UUID {here.uuid}" in ended.shown
    assert "The next roll-out within 24 hours adds a recovery key to this disk" in ended.shown
    assert kept(here) == PASSPHRASE.encode()
    description = kernel_keyring.of_disk(here.uuid)
    # The kernel tells whole hours, or "1d" in its very first second.
    assert kernel_keyring.keys_held(description)[description] in (23 * 3600, 24 * 3600)


def test_no_screen_argument_or_environment_shows_the_passphrase(here: Desk) -> None:
    make_slow(here)
    secret = PASSPHRASE.encode()
    process = spawn(*here.argv())
    process.expect(ASKED)
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    with Watch() as watch:
        process.send(secret + b"\n")
        ended = end(process)
    assert ended.status == 0, ended.shown
    assert watch.saw(b"\0--test-passphrase\0") and watch.saw(f"\0{here.disk}\0".encode()), "it saw the trial itself"
    forms = [secret, secret.hex().encode(), base64.b64encode(secret), PASSPHRASE.encode("utf-16-le")]
    assert [form for form in forms if watch.saw(form) or form.decode("latin-1") in ended.shown] == []
    assert re.search(r"Max core file size +0 +0 ", limits), "a crash would write it into a file"


@pytest.mark.parametrize("argv", [["sh", "-c", "sleep 0.5; :", "PLANTED"], ["env", "X=PLANTED", "sleep", "0.5"]])
def test_the_watch_sees_what_is_planted(argv: list[str]) -> None:
    planted = f"planted {time.monotonic()}"
    with Watch() as watch:
        subprocess.run([one.replace("PLANTED", planted) for one in argv])
    assert watch.saw(planted.encode())


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(b"a trailing blank ", id="trailing-blank"),
        pytest.param(b" \\t\"'$`%", id="shell"),
        pytest.param("Pässwörd Ω 漢".encode(), id="utf-8"),
        pytest.param("Pässwörd".encode("latin-1"), id="latin-1"),
        pytest.param(b"rubbed out\x7f\x7f\x7f in", id="rubbed-out"),
        pytest.param(b"a\x16\tb", id="a-tab-taken-literally"),
        pytest.param(b"x" * 512, id="512-bytes"),
        pytest.param(b"x" * 511 + "ä".encode(), id="513-bytes-cut-within-a-letter"),
        pytest.param(b"x" * 700, id="700-bytes"),
    ],
)
def test_takes_what_cryptsetup_takes_on_a_terminal(here: Desk, typed: bytes) -> None:
    """The disk is made by cryptsetup itself, which asks on a terminal and gets the same keys."""
    cost = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
    making = spawn("cryptsetup", "luksFormat", "-q", "--uuid", here.uuid, *cost, str(here.disk))
    making.expect(": ")
    making.send(typed + b"\n")
    assert end(making).status == 0
    ended = here.typed(typed)
    assert ended.status == 0, ended.shown
    secret = kept(here)
    assert secret is not None and opens(here.disk, secret)


def test_three_wrong_ones_end_it(here: Desk) -> None:
    ended = here.typed(b"wrong", PASSPHRASE.encode() + b" ", b"")
    assert ended.status == 1 and kept(here) is None
    assert ended.shown.count("It does not open the disk.") == 2 and ended.shown.count("Nothing was typed.") == 1
    assert f"none of them opens {here.disk}; what was typed is not kept" in ended.shown


def test_a_third_try_may_be_right(here: Desk) -> None:
    assert here.typed(b"wrong", b"wronger", PASSPHRASE.encode()).status == 0
    assert kept(here) == PASSPHRASE.encode()


def test_what_cannot_be_tried_is_no_wrong_passphrase(here: Desk) -> None:
    here.disk.write_bytes(bytes(20 * 1024 * 1024))
    ended = here.typed(PASSPHRASE.encode())
    assert ended.status == 1 and kept(here) is None
    assert f"cryptsetup could not try it on {here.disk} (status 1): Device {here.disk} is not a valid" in ended.shown


def test_a_token_of_the_disk_does_not_speak_for_a_wrong_passphrase(here: Desk) -> None:
    """A token that names a key of the keyring opens the disk whatever is typed."""
    name = f"token-{here.uuid}"
    cryptsetup("token", "add", "--key-description", name, str(here.disk))
    kernel_keyring.put(name, PASSPHRASE.encode(), 60)
    argv = ["cryptsetup", "open", "--test-passphrase", str(here.disk)]
    begin = SESSIONS["root's own, as pam_keyinit makes it"]
    try:
        code = f"import subprocess\nprint(subprocess.run({argv}, input=b'wrong').returncode)"
        assert session(code, begin) == "0", "the token opens it, so this test can fail"
        ended = here.typed(b"wrong", b"wrong", b"wrong", begin=f"{RAW}\n{begin}")
    finally:
        kernel_keyring.revoke(name)
    assert ended.status == 1 and kept(here) is None


def test_without_a_terminal_nobody_is_asked(here: Desk) -> None:
    line = "leeboard-authorise: a passphrase is taken from somebody at a terminal only"
    primary, replica = pty.openpty()
    starts: list[dict[str, Any]] = [
        {"stdin": subprocess.DEVNULL},
        {"input": PASSPHRASE + "\n"},
        {"stdin": replica, "start_new_session": True},  # a terminal that is not this session's
    ]
    for start in starts:
        done = subprocess.run(here.argv(), env=environment(), capture_output=True, text=True, timeout=600, **start)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(line) and done.stderr.count("\n") == 1
    os.close(primary)
    os.close(replica)
    ended = end(spawn("sh", "-c", 'echo x | "$@"', "sh", *here.argv()))  # a pipe, on a terminal
    assert ended.status == 2 and ended.shown.startswith(line)
    assert kept(here) is None


@pytest.mark.parametrize("accounts", ["65534, 65534, 65534", "65534, 0, 0"])
def test_only_root(here: Desk, accounts: str) -> None:
    """Root's rights that are only borrowed come with the keyring of another account."""
    for words in ((), ("--list",), ("--revoke",)):
        done = here.run(*words, begin=f"os.setresuid({accounts})")
        assert done.returncode == 2 and "repeat it with sudo in front" in done.stderr, done.stderr


@pytest.mark.parametrize("stop", ["^C", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("when", ["while it asks", "while it tries"])
def test_stopping_leaves_nothing_and_gives_the_echo_back(here: Desk, stop: str, when: str) -> None:
    # A shell that is not interactive leaves the terminal as it finds it.
    process = spawn("sh", "-c", 'trap : INT; "$@"; echo "status $?"; stty -a', "sh", *here.argv())
    process.expect(ASKED)
    (number,) = _children(process.pid)
    tried: list[int] = []
    if when == "while it tries":
        make_slow(here)
        process.send(PASSPHRASE.encode() + b"\n")
        tried = _trial(number)
    if stop == "^C":
        process.send(b"\x03")
    else:
        os.kill(number, getattr(signal, stop))
    shown = end(process).shown
    assert "status 130" in shown and "stopped; what was typed is not kept" in shown
    assert re.search(r"[ ;]echo\b", shown) and "-echo " not in shown
    assert kept(here) is None and not any(Path(f"/proc/{one}").exists() for one in (number, *tried))


def test_stopped_while_a_command_begins_it_leaves_none(here: Desk) -> None:
    """Python may be stopped between the start of a command and knowing its number."""
    early = """
import subprocess
start = subprocess.Popen
def early(argv, *words, **more):
    begun = start(argv, *words, **more)
    if "--test-passphrase" in argv:
        print("begun", begun.pid)
        raise KeyboardInterrupt
    return begun
subprocess.Popen = early
"""
    make_slow(here)
    ended = here.typed(PASSPHRASE.encode(), begin=early)
    begun = re.search(r"begun (\d+)", ended.shown)
    assert ended.status == 130 and begun and not Path(f"/proc/{begun[1]}").exists()


def _children(number: int) -> list[int]:
    """The processes that this one started and that still run."""
    return [int(one) for one in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


def _trial(number: int) -> list[int]:
    """The cryptsetup of this process, once it runs."""
    end = time.monotonic() + 30
    while True:
        found = [one for one in _children(number) if b"--test-passphrase" in Path(f"/proc/{one}/cmdline").read_bytes()]
        if found:
            return found
        assert time.monotonic() < end
        time.sleep(0.01)


def test_stopped_in_the_last_moment_it_takes_the_passphrase_back(here: Desk) -> None:
    late = """
put = authorise.kernel_keyring.put
def late(*words):
    put(*words)
    print("kept", authorise.kernel_keyring.read(words[0]) is not None)
    raise KeyboardInterrupt
authorise.kernel_keyring.put = late
"""
    ended = here.typed(PASSPHRASE.encode(), begin=late)
    assert ended.status == 130 and "kept True" in ended.shown and kept(here) is None


def test_list_and_revoke_need_no_terminal(here: Desk) -> None:
    assert f"{here.uuid}" not in here.run("--list").stdout
    assert here.run("--revoke").stdout == "No passphrase of this disk was kept.\n"
    assert here.typed(PASSPHRASE.encode(), words=("/home",)).status == 0
    (line,) = [one for one in here.run("--list").stdout.split("\n") if here.uuid in one]
    assert line.startswith(f"{here.disk} (/home), LUKS UUID {here.uuid}: kept for another 2")
    done = here.run("--revoke", "cryptdata")
    assert (done.returncode, done.stdout) == (0, "Its passphrase is forgotten.\n") and kept(here) is None
    # The disk was taken out, or given to another machine.
    kernel_keyring.put(kernel_keyring.of_disk(here.uuid), b"x", 150)
    write(here, [])
    assert (
        f"a disk that is not here now, LUKS UUID {here.uuid}: kept for another 2 minutes" in here.run("--list").stdout
    )
    assert here.run("--revoke", here.uuid.upper()).returncode == 0 and kept(here) is None


@pytest.mark.parametrize("name", ["DISK", "/dev/sda2", "cryptdata", "/dev/mapper/cryptdata", "/home", "UUID", "LINK"])
def test_a_volume_has_many_names(here: Desk, name: str) -> None:
    if name == "LINK":
        (here.folder / "dev").mkdir()
        (here.folder / "dev" / "link").symlink_to("/dev/sda2")
    given = {"DISK": str(here.disk), "UUID": here.uuid.upper(), "LINK": "/dev/link"}.get(name, name)
    done = here.run(given)
    assert "somebody at a terminal only" in done.stderr, done.stderr  # it was chosen, and then the passphrase is asked


def test_which_volume_is_meant(here: Desk) -> None:
    """Each of these is refused with what to do, and a list of what there is."""
    other = "8a4f7c1e-2b53-4a0e-9a41-0f4d1be0a001"

    def refused(*blocks: dict[str, object], name: str = "") -> str:
        write(here, [block("sdz", "disk", list(blocks))])
        done = here.run(*([name] if name else []))
        assert done.returncode == 2 and done.stdout == ""
        return done.stderr

    def luks(name: str, uuid: str = here.uuid, **more: object) -> dict[str, object]:
        return block(name, fstype="crypto_LUKS", uuid=uuid, **more)

    two = (luks("sdz1"), luks("sdz2", other))
    assert "this machine has no LUKS volume on a fixed drive" in refused(block("sdz1", fstype="ext4"))
    said = refused(*two)
    assert "name one of this machine's LUKS volumes:\n" in said
    assert f"  /dev/sdz1 (not mounted), LUKS UUID {here.uuid}\n  /dev/sdz2 (not mounted), LUKS UUID {other}\n" in said
    assert "/srv is none of this machine's LUKS volumes" in refused(*two, name="/srv")
    assert "these are copies of one disk" in refused(luks("sdz1"), luks("sdz2"), name="/dev/sdz1")
    assert "more than one of this machine's" in refused(luks("sdz1"), luks("sdz2"), name=here.uuid)
    assert "the LUKS header does not lie on /dev/sdz1 itself" in refused(luks("sdz1", "\x1b[2Jno UUID"))
    write(here, [block("sdz", "disk", [luks("sdz1")], rm=True, tran="usb")])
    assert "no LUKS volume on a fixed drive" in here.run("/dev/sdz1").stderr


@pytest.mark.parametrize(
    ("point", "shown"),
    [("/m\x1b[2J", "(/m?[2J), "), ("/m\\012/n", "(/m?/n), "), ("/fotó漢", "(/fot\\xf3\\u6f22), ")],
)
def test_what_the_device_says_does_not_drive_the_terminal(here: Desk, point: str, shown: str) -> None:
    (here.folder / "proc/self/mountinfo").write_text(mount("8:1", "/") + mount("253:0", point))
    in_ascii = "sys.stdout.reconfigure(encoding='ascii', errors='strict')"
    assert shown in here.typed(PASSPHRASE.encode(), begin=in_ascii).shown
