"""What is done to the disks of a real machine, and what is said then of the keys that the vault keeps for them.

Each break is named by the next check, and put right by the next roll-out, after which the key of the vault opens the
disk; what is harmless is not reported, and gives a roll-out nothing to do. On disks in files: tests/unit/escrow.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from leeboard.escrow.vault.records import Key, State
from tests.vm.encrypt import PASSPHRASE
from tests.vm.machine import Machine

from .harness import PATIENCE, Proof
from .test_empty_disks import HARDWARE
from .test_recovery_keys import DISK, Controller, controller

DATA, MOUNT = "/dev/disk/by-id/virtio-lab-disk1", "/srv/data"
UUID = "5d0c7f6e-3f0b-4b7e-9a55-6f0d1c2b3a49"
# A technician encrypts the second disk by hand; that it is opened at the start is not what is looked at here.
FORMAT = f"""
cryptsetup luksFormat -q --uuid {UUID} --pbkdf-memory 65536 --pbkdf-force-iterations 4 --key-file - {DATA} </run/known
cryptsetup open --key-file - {DATA} data </run/known
mkfs.ext4 -q /dev/mapper/data && mkdir -p {MOUNT} && mount /dev/mapper/data {MOUNT}
"""
OLD = "/root/header-of-before"


@dataclass(frozen=True)
class Broken:
    """A command on the machine, with {disk} and {slot} of the key, and what ENC-07 says then. `of` is which disk."""

    of: str
    command: str
    said: str


BREAKS = {
    "somebody tidied up slots": Broken(
        DISK, "cryptsetup luksKillSlot -q --key-file - {disk} {slot} </run/known",
        "slot {slot}, which key {key} opens, is gone",
    ),
    "an older header was restored": Broken(
        DISK, f"cryptsetup luksHeaderRestore -q --header-backup-file {OLD} {{disk}}",
        "slot {slot}, which key {key} opens, is gone",
    ),
    "somebody put a passphrase in the place of the key": Broken(
        DISK, "cryptsetup luksKillSlot -q --key-file - {disk} {slot} </run/known && printf mine >/run/mine && "
        "cryptsetup luksAddKey -q --pbkdf pbkdf2 --key-slot {slot} --key-file /run/known {disk} /run/mine",
        "slot {slot} is not as it was when key {key} was proved",
    ),
    "the slot of the key is to be ignored": Broken(
        DISK, "cryptsetup config --priority ignore --key-slot {slot} {disk}",
        "slot {slot} is not as it was when key {key} was proved",
    ),
    "the other disk was formatted anew": Broken(
        DATA, f"umount {MOUNT} && cryptsetup close data && {FORMAT.strip()}",
        "its own key is another one than when key {key} was proved",
    ),
}  # fmt: skip
NAME = "$(lsblk -rno NAME,TYPE {disk} | awk '$2 == \"crypt\" {{ print $1 }}')"
HARMLESS = (
    "cryptsetup config --priority prefer --key-slot {slot} {disk}",
    "cryptsetup config --label school --subsystem office {disk}",
    "rm -f /root/a-copy; cryptsetup luksHeaderBackup {disk} --header-backup-file /root/a-copy",
    f"cryptsetup refresh --persistent --allow-discards --key-file - {NAME} </run/known",
    "systemd-cryptenroll {disk}",
)


@pytest.mark.full
def test_what_is_done_to_disks_is_named_and_put_right(new_machine: Callable[..., Machine], tmp_path: Path) -> None:
    machine = new_machine("encrypted", disks_mb=(256,), **HARDWARE)
    machine.root("cat >/run/known", input=PASSPHRASE)
    machine.root(
        f"set -e; {FORMAT.strip()}; cryptsetup luksHeaderBackup {DISK} --header-backup-file {OLD}", timeout=PATIENCE
    )
    with controller(Proof(machine, tmp_path / "proof"), tmp_path) as it:
        it.roll_out()
        it.proof.ship()
        assert _reasons(it) == {}

        for disk in (DISK, DATA):
            for command in HARMLESS:
                _do(it, command, disk)
        assert _reasons(it) == {}
        again = it.proof.roll_out()
        assert (again.status, again.counts["changed"]) == (0, 0), again.output[-3000:]

        for what, broken in BREAKS.items():
            key = _do(it, broken.command, broken.of)
            message = broken.said.format(slot=key.binding["slot"], key=key.id)
            assert message in _reasons(it).get("ENC-07", ""), what
            _put_right(it, key, broken.of, what)

        key = _key(it, DISK)
        it.use(key)
        assert f"key {key.id} " in _reasons(it)["ENC-08"]
        _put_right(it, key, DISK, "it was read out")

        _do(
            it,
            "printf stranger >/run/new; cryptsetup luksAddKey -q --key-slot 9 --key-file /run/known {disk} /run/new",
            DISK,
        )
        assert "slot 9 was added since" in _reasons(it)["ENC-07"]
        it.roll_out()
        assert "slot 9 was added since" in _reasons(it)["ENC-07"], "whether it may stay is for a person to say"
        _do(it, "cryptsetup luksKillSlot -q {disk} 9", DISK)
        message = _reasons(it)["ENC-07"]
        assert "slot 9" not in message and "its header has changed since" in message, (
            "the copy would bring the slot back"
        )
        it.roll_out()
        assert _reasons(it) == {}


def _reasons(it: Controller) -> dict[str, str]:
    """The words of what a check finds wrong with the keys of the disks, by control."""
    findings = it.proof.findings(it.proof.visit())
    wrong = {
        control: findings[control] for control in ("ENC-07", "ENC-08") if str(findings[control].verdict) != "compliant"
    }
    return {
        control: f"{finding.verdict}: " + "; ".join(f"{result.seen} {result.reason}" for result in finding.judged)
        for control, finding in wrong.items()
    }


def _key(it: Controller, disk: str) -> Key:
    """The newest proved key of a disk."""
    uuid = it.machine.root(f"cryptsetup luksUUID {disk}", timeout=PATIENCE).stdout.strip()
    return next(key for key in reversed(it.keys) if key.state is State.PROVED and key.disk == uuid)


def _do(it: Controller, command: str, disk: str) -> Key:
    """Run a command about the key of a disk; the key."""
    key = _key(it, disk)
    shell = command.format(disk=disk, slot=key.binding["slot"])
    it.machine.root(f"bash -ec {shlex.quote(shell)}", timeout=PATIENCE)
    return key


def _put_right(it: Controller, before: Key, disk: str, what: str) -> None:
    """A roll-out makes another key, which is proved and opens the disk as the passphrase does; the old one does not."""
    it.roll_out()
    key = _key(it, disk)
    assert key.id != before.id, what
    assert [it.opens(secret, disk) for secret in (it.secret(key), PASSPHRASE, it.secret(before))] == [
        True,
        True,
        False,
    ], what
    assert _reasons(it) == {}, what
