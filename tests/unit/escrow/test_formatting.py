"""An empty disk that the inventory names is encrypted, with its key kept first, and mounted at each start from then on.

The disk lies in a file: what stands in for the device mapper says tests/unit/linux/spare_disk.py.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo
from typer.testing import CliRunner

from leeboard.cli.main import app
from leeboard.errors import LeeboardError
from leeboard.escrow.disks.empty_disks import EmptyDisk
from leeboard.escrow.vault.binding import faults, parse, strangers
from leeboard.escrow.vault.records import Records, State
from tests.unit.escrow.vaults import Died
from tests.unit.linux.disks import PASSPHRASE, cryptsetup, needs_cryptsetup
from tests.unit.linux.luks_machine import Disk
from tests.unit.linux.spare_disk import HEADER, MOUNT, NAME, ROOT_UUID, SIZE, Spare

from .bench import NAMED, Bench, whole

pytestmark = needs_cryptsetup


def test_an_empty_disk_becomes_an_encrypted_one(bench: Bench) -> None:
    outcome = bench.format()
    assert outcome.changed and not outcome.failed and not outcome.waiting, outcome.summary
    whole(bench)
    key = bench.current
    assert f"key {key.id} opens disk {key.disk}" in outcome.summary and f"mounted at {MOUNT}" in outcome.summary
    said = json.loads(cryptsetup("luksDump", "--dump-json-metadata", str(bench.machine.path)))
    assert (said["segments"]["0"]["encryption"], said["keyslots"]["0"]["key_size"]) == ("aes-xts-plain64", 64)
    assert said["keyslots"]["0"]["kdf"]["type"] == "pbkdf2" and said["tokens"]["0"]["keyslots"] == ["0"]
    assert said["keyslots"]["1"]["kdf"]["type"] == "argon2id"
    # What stands on the disk is ext4 only with the disk's own key.
    mapper = bench.machine.mapper
    assert mapper.shown(0, 4096)[1080:1082] == b"\x53\xef" and mapper.shown(0, 4096)[1144:1148] == b"data"
    own = bench.machine.file(f"/etc/cryptsetup-keys.d/luks-{key.disk}.key")
    assert own.stat().st_mode & 0o7777 == 0o600 and own.parent.stat().st_mode & 0o7777 == 0o700
    assert {one["control"] for one in outcome.changes} == {"ENC-07", "ENC-10"}


def test_what_was_there_stays_in_both_tables(bench: Bench) -> None:
    bench.format()
    assert bench.machine.file("/etc/fstab").read_text().splitlines()[0] == "/dev/mapper/root / ext4 defaults 0 1"
    assert bench.machine.file("/etc/crypttab").read_text().startswith("# <name> <device>\n")


def test_an_undo_leaves_the_lines_where_they_are(bench: Bench) -> None:
    """Without its line in crypttab the disk does not open at the next start."""
    bench.format()
    left = undo(bench.machine.host(), "run", "undo")
    assert not left["changed"] and {one["target"] for one in left["left"]} == {"/etc/crypttab", "/etc/fstab"}


def test_a_second_run_changes_nothing(bench: Bench) -> None:
    bench.format()
    before, kept, disk = bench.machine.commands, bench.kept, bench.machine.digest()
    outcome = bench.format()
    assert not outcome.changed and not outcome.waiting and "encrypted and formatted before" in outcome.summary
    assert (bench.machine.commands, bench.kept, bench.machine.digest()) == (before, kept, disk)


def test_keys_of_the_roll_out_find_it_as_they_left_it(bench: Bench) -> None:
    bench.format()
    volumes = parse(bench.machine.ask("survey")["volumes"])
    (now,) = [one.binding for one in volumes if one.uuid == bench.current.disk]
    assert now is not None and faults(bench.current, now) == [] and strangers(bench.current, now) == []
    assert f"{bench.machine.path} ({MOUNT}): key {bench.current.id} is kept and opens the disk" in bench.run().summary


def test_a_dry_run_only_says(bench: Bench) -> None:
    outcome = bench.format(dry=True)
    assert (
        outcome.changed
        and "1 GB) is empty, and is to be encrypted, formatted and mounted at /srv/data" in outcome.summary
    )
    assert bench.machine.commands == 0 and bench.kept == Records()
    assert bench.machine.digest() == hash(()) and not bench.machine.file("/var/lib/leeboard").exists()


def test_no_secret_is_in_an_argument_or_a_file_that_stays(bench: Bench) -> None:
    bench.format()
    secret = bench.secret(bench.current)
    assert secret not in str(bench.machine.asked)
    own = bench.machine.file(f"/etc/cryptsetup-keys.d/luks-{bench.current.disk}.key").read_bytes()
    for path in (one for one in bench.machine.root.rglob("*") if one.is_file() and "cryptsetup-keys.d" not in str(one)):
        assert secret.encode() not in path.read_bytes() and own not in path.read_bytes(), path


def test_a_disk_that_holds_something_stays_as_it_is_and_the_other_is_formatted(bench: Bench, tmp_path: Path) -> None:
    bench.machine.disks = [
        {**_disk("sdc"), "path": str(Disk(tmp_path).path), "fstype": "crypto_LUKS", "uuid": "x"},
    ]
    bench.machine.link("/dev/disk/by-id/wwn-0x1", "sdc")
    before = (tmp_path / "disk.img").read_bytes()
    held = EmptyDisk(disk="/dev/disk/by-id/wwn-0x1", mount="/srv/held")
    outcome = bench.format(named=(held, NAMED))
    assert outcome.failed == ["/dev/disk/by-id/wwn-0x1: it is not formatted: it is not empty: it holds crypto_LUKS"]
    assert (tmp_path / "disk.img").read_bytes() == before
    whole(bench)


def _disk(name: str) -> dict[str, Any]:
    return {"name": name, "kname": name, "type": "disk", "maj:min": "8:32", "size": SIZE, "ro": False, "wwn": "0x1"}


def test_what_cannot_be_kept_is_not_made(bench: Bench) -> None:
    (bench.vault.places[1].path / "vault.json").rename(bench.vault.places[1].path / "away")
    with pytest.raises(LeeboardError):
        bench.format()
    assert bench.machine.commands == 0 and bench.machine.digest() == hash(())


# What a device may answer that makes no sense.


@pytest.mark.parametrize(
    "answer",
    [
        None, [], [{}], "x", [{"disk": NAME, "state": "format", "said": "", "why": ""}] * 2,
        [{"disk": "/dev/disk/by-id/other", "state": "format", "said": "", "why": ""}],
        [{"disk": NAME, "state": "wipe", "said": "", "why": ""}],
        [{"disk": NAME, "state": "format", "said": "x" * 301, "why": ""}],
    ],
)  # fmt: skip
def test_garbage_in_place_of_disks_is_an_error(bench: Bench, answer: Any) -> None:
    bench.machine.work = lambda step, **said: {"disks": answer}  # type: ignore[method-assign]
    with pytest.raises(LeeboardError, match="makes no sense"):
        bench.format()
    assert bench.kept == Records()


@pytest.mark.parametrize("state", ["finish", "done"])
def test_a_device_cannot_say_that_a_disk_was_formatted_before(bench: Bench, state: str) -> None:
    said = {"disk": NAME, "state": state, "said": "", "why": ""}
    bench.machine.work = lambda step, **_said: {"disks": [said]}  # type: ignore[method-assign]
    assert "does not go with what the vault has of it" in bench.format().summary


def test_a_binding_that_is_not_what_was_made_is_never_called_proved(bench: Bench) -> None:
    """A device that adds a slot of its own at that moment, or keeps another disk's header."""
    real = bench.machine.work

    def adding(step: str, **said: Any) -> dict[str, Any]:
        answer = real(step, **said)
        if step == "format":
            answer["binding"]["slots"]["2"] = "0" * 64
        return answer

    bench.machine.work = adding  # type: ignore[method-assign]
    assert "it is not what it should be; look at it" in bench.format().summary
    assert [one.state for one in bench.kept.keys] == [State.PENDING]


# Cut off in the middle, and done with since.


def test_a_disk_that_was_ours_and_is_empty_now_is_looked_at_by_somebody_first(bench: Bench) -> None:
    bench.roll_out()
    first = bench.current
    bench.machine.restart()
    bench.machine.mapper.name, bench.machine.mounts = "", {}
    with bench.machine.path.open("wb") as file:
        file.truncate(SIZE)
    outcome = bench.format()
    assert f"it was encrypted as {first.disk} before, and is empty now" in outcome.summary and outcome.failed
    retire = ["escrow", "retire", first.asset, "--disk", first.disk, "--reason", "wiped", "--var", str(bench.vault.var)]
    assert f"1 key of EP-0001 retired: {first.id}" in CliRunner().invoke(app, retire).stdout
    assert isinstance(CliRunner().invoke(app, retire).exception, LeeboardError), "it has none any more"
    states = {one.disk: one.state for one in bench.kept.keys}
    assert states == {first.disk: State.RETIRED, ROOT_UUID: State.PROVED}, "the other disk has nothing to do with it"
    for table in ("/etc/fstab", "/etc/crypttab"):  # as whoever wiped it does
        path = bench.machine.file(table)
        path.write_text(re.sub(r".*luks-.*\n", "", path.read_text()))
    bench.machine.restart()
    assert not bench.format().failed
    assert bench.current.disk != first.disk and bench.machine.opens(bench.secret(bench.current))


def header_gone(machine: Spare) -> None:
    """The power went while luksFormat wrote: what it put into the slots' area is there, and no header."""
    with machine.path.open("r+b") as file:
        file.write(bytes(32 * 1024))


def both_copies_broken(machine: Spare) -> None:
    """The power went between two writes of luksFormat: signature and UUID are there, and no copy is whole."""
    with machine.path.open("r+b") as file:
        for copy in (0, 16 * 1024):
            file.seek(copy + 4096)
            file.write(bytes(512))


def file_system_half(machine: Spare) -> None:
    """The power went while mkfs wrote: no superblock yet."""
    with machine.mapper.inside.open("r+b") as file:
        file.write(bytes(4096))
    machine.mapper.write_through()


@pytest.mark.parametrize("half", [header_gone, file_system_half])
def test_a_power_cut_in_the_middle_of_a_command(bench: Bench, half: Any) -> None:
    bench.machine.halves = {"luksFormat" if half is header_gone else "mkfs.ext4": half}
    with pytest.raises(Died):
        bench.format()
    assert not bench.machine.halves
    bench.machine.restart()
    assert bench.machine.mounts == {}
    outcome = bench.format()
    assert not outcome.failed, outcome.summary
    whole(bench)


def test_what_is_on_a_disk_that_was_begun_with_is_never_written_over(bench: Bench) -> None:
    """It was cut off, and somebody put something on the disk before the next run."""
    bench.machine.halves = {"luksFormat": header_gone}
    with pytest.raises(Died):
        bench.format()
    with bench.machine.path.open("r+b") as file:
        file.seek(HEADER + 5 * 1024 * 1024)
        file.write(b"the register of 4b")
    before = bench.machine.digest()
    outcome = bench.format()
    assert "it is not empty: there is something at byte 22020096" in outcome.summary and outcome.failed
    assert bench.machine.digest() == before


def test_without_the_device_s_own_mark_nothing_is_formatted_again(bench: Bench) -> None:
    bench.machine.halves = {"luksFormat": lambda machine: None}
    with pytest.raises(Died):
        bench.format()
    (mark,) = bench.machine.file("/var/lib/leeboard/format").iterdir()
    mark.unlink()
    before = bench.machine.digest()
    assert "it is not empty: it holds crypto_LUKS" in bench.format().summary
    assert bench.machine.digest() == before


def test_keys_wait_for_a_disk_that_was_cut_off(bench: Bench) -> None:
    """A passphrase in the school's vault opens nothing of it, and must not be tried each night."""
    bench.machine.halves = {"luksFormat": lambda machine: None}
    with pytest.raises(Died):
        bench.format()
    outcome = bench.run()
    assert "a roll-out goes on with it while leeboard_format_disks names it" in outcome.summary
    assert not any(NAME in one or str(bench.machine.path) in one for one in outcome.failed)
    assert not bench.format().failed
    whole(bench)


def test_half_a_header_is_no_damage_while_its_key_was_never_proved(bench: Bench) -> None:
    """The keys' part would fail, and a roll-out with it, before it comes to what formats the disk."""
    bench.machine.halves = {"luksFormat": both_copies_broken}
    with pytest.raises(Died):
        bench.format()
    done = bench.roll_out()
    assert "a roll-out goes on with it while leeboard_format_disks names it" in done[0].summary
    assert not any(one.failed for one in done), [one.summary for one in done]
    whole(bench)
    both_copies_broken(bench.machine)
    assert "both copies of its LUKS header are damaged" in str(bench.run().failed)


def test_a_file_system_that_somebody_used_is_never_made_again(bench: Bench) -> None:
    """Killed after the file system was made; then somebody mounted it by hand."""
    bench.machine.halves = {"mkfs.ext4": lambda machine: None}
    with pytest.raises(Died):
        bench.format()
    for words in ("set_super_value mtime now", "write /etc/hostname kept"):
        bench.machine.inside("debugfs", "-w", "-R", words)
    assert not bench.format().failed
    assert "kept" in bench.machine.inside("debugfs", "-R", "ls")
    assert sum("mkfs.ext4" in argv and "-U" in argv for argv in bench.machine.asked) == 1


def test_another_file_system_in_it_is_left_alone(bench: Bench) -> None:
    bench.machine.dies_with = ("mkfs.ext4", "before")
    with pytest.raises(Died):
        bench.format()
    bench.machine.dies_with = None
    bench.machine.inside("mkswap")
    before = bench.machine.digest()
    assert "it holds swap, which nobody here made" in bench.format().summary
    assert bench.machine.digest() == before


def test_a_system_in_clear_is_refused(bench: Bench) -> None:
    bench.machine.encrypted_system = False
    outcome = bench.format()
    assert "would lie in clear in /etc/cryptsetup-keys.d: encrypt the disk of the system first" in outcome.summary
    assert bench.machine.commands == 0 and bench.kept == Records()


def test_the_passphrase_of_others_opens_nothing(bench: Bench) -> None:
    bench.format()
    assert not bench.machine.opens(PASSPHRASE) and not bench.machine.opens("")
