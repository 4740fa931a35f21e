"""A real machine gets two disks: the empty one is encrypted, formatted and mounted, also after a restart; the other one
holds a file system and stays as it is, byte for byte.

What opens an envelope here is OpenSSL; what looks at the disks are sha256sum, findmnt and cryptsetup on the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leeboard.escrow.disks.empty_disks import FORMATS
from leeboard.escrow.vault.records import Key, State
from tests.vm.console import ASKS
from tests.vm.encrypt import PASSPHRASE
from tests.vm.machine import Machine
from tests.windows.wire.secrets import leaks

from .harness import PATIENCE, Proof
from .test_recovery_keys import Controller, controller

EMPTY, HELD = "/dev/disk/by-id/virtio-lab-disk1", "/dev/disk/by-id/virtio-lab-disk2"
MOUNT = "/srv/data"
HARDWARE = {"tpm": True, "iommu": True}  # as the machine of machine_run.py has
HOLD = f"mkfs.ext4 -q -L kept {HELD} && mount {HELD} /mnt && cp /etc/os-release /mnt && umount /mnt && sync"


@pytest.mark.full
def test_an_empty_disk_is_encrypted_and_one_that_holds_something_stays(
    new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    machine = new_machine("encrypted", disks_mb=(1024, 1024), **HARDWARE)
    machine.root(HOLD, timeout=PATIENCE)
    held = _digest(machine, HELD)
    with controller(Proof(machine, tmp_path / "proof"), tmp_path) as it:
        wanted = {"disk": EMPTY, "mount": MOUNT, "label": "data"}
        it.proof.variables["leeboard_format_disks"] = [wanted, {"disk": HELD, "mount": "/srv/held"}]
        preview = it.proof.play("rollout.yml", "--check")
        assert f"{EMPTY} (/dev/vdb, 1 GB) is empty, and is to be encrypted" in preview.output, preview.output[-4000:]
        assert _digest(machine, EMPTY) == _digest(machine, EMPTY, "head -c 1G /dev/zero | sha256sum")

        done = it.proof.roll_out()
        assert done.status != 0 and f"{HELD}: it is not formatted: it is not empty: it holds ext4" in done.output
        assert _digest(machine, HELD) == held
        key = _key(it)
        assert _mounted(machine) == f"/dev/mapper/luks-{key.disk} ext4"
        _opened_by_the_vault_alone(it, key)

        it.proof.variables["leeboard_format_disks"] = [wanted]
        again = it.proof.roll_out()
        assert (again.status, again.counts["changed"]) == (0, 0), again.output[-3000:]
        good = dict.fromkeys(("ENC-01", "ENC-02", "ENC-07", "ENC-08", "ENC-12", "ENC-15"), "compliant")
        # The disk that stayed as it was holds data in clear.
        assert {c: it.verdicts()[c] for c in (*good, "ENC-10")} == {**good, "ENC-10": "drifted"}
        clear = _encryption_of_data(it)
        assert "vdc (not mounted): not encrypted" in clear and "vdb" not in clear, clear

        machine.root(f"echo 'the register of 4b' >{MOUNT}/register")
        machine.power_off(PATIENCE)
        machine.start()
        machine.type_on_console(ASKS, PASSPHRASE, PATIENCE)
        machine.wait_for_ssh(PATIENCE)
        assert _mounted(machine) == f"/dev/mapper/luks-{key.disk} ext4"
        assert machine.root(f"cat {MOUNT}/register").stdout == "the register of 4b\n"
        machine.root("sync")
        matches = machine.root(f"grep -a -c 'the register of 4b' {EMPTY}", check=False, timeout=PATIENCE)
        assert (matches.returncode, matches.stdout) == (1, "0\n"), "it lies on the disk in clear"
        assert _digest(machine, HELD) == held


def _digest(machine: Machine, disk: str, command: str = "") -> str:
    """Of all bytes of a disk, as the disk itself has them."""
    ask = command or f"dd if={disk} bs=1M iflag=direct status=none | sha256sum"
    return machine.root(ask, timeout=PATIENCE).stdout.split()[0]


def _key(it: Controller) -> Key:
    """The newest proved key of the disk that was empty."""
    return next(key for key in reversed(it.keys) if key.state is State.PROVED and FORMATS in key.binding)


def _mounted(machine: Machine) -> str:
    return " ".join(machine.root(f"findmnt --noheadings --output SOURCE,FSTYPE {MOUNT}").stdout.split())


def _encryption_of_data(it: Controller) -> str:
    """What the machine's data volumes are found to be that are not encrypted."""
    it.proof.ship()
    finding = it.proof.findings(it.proof.visit())["ENC-10"]
    return "; ".join(str(result.seen) for result in finding.judged)


def _opened_by_the_vault_alone(it: Controller, key: Key) -> None:
    secret = it.secret(key)
    assert [it.opens(one, EMPTY) for one in (secret, PASSPHRASE, "")] == [True, False, False]
    assert not leaks(secret, it.folder)
