"""Level high switches off USB storage: a machine that needs it is left alone and starts again, and so does one that
does not, with a start-up image that was made after the roll-out.

The key of a data disk lies on a stick, as crypttab has it. What looks at the machine are findmnt and modprobe.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.vm.console import ASKS
from tests.vm.encrypt import PASSPHRASE
from tests.vm.machine import Machine

from .harness import PATIENCE, Proof
from .test_encrypted import off_and_on

DISK, STICK = "/dev/disk/by-id/virtio-lab-disk1", "/dev/disk/by-id/usb-QEMU_QEMU_HARDDISK_lab-disk2-0:0"
STOP = "/etc/modprobe.d/00-leeboard-usb.conf"
KEYED = f"""set -eu
mkfs.ext4 -q -L KEYSTICK {STICK}
mkdir -p /key /srv/data
mount {STICK} /key
head -c 64 /dev/urandom >/key/data.key
chmod 0400 /key/data.key
cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 {DISK} /key/data.key
cryptsetup open --key-file /key/data.key {DISK} data
mkfs.ext4 -q /dev/mapper/data
cryptsetup close data
umount /key
echo "data {DISK} /data.key:LABEL=KEYSTICK luks" >>/etc/crypttab
echo "/dev/mapper/data /srv/data ext4 defaults 0 2" >>/etc/fstab
sync
"""
NO_KEY = "umount /srv/data; systemctl stop systemd-cryptsetup@data; sed -i '/^data /d' /etc/crypttab; " \
    "sed -i '/mapper.data/d' /etc/fstab; systemctl daemon-reload"  # fmt: skip


def restart(machine: Machine, folder: Path) -> None:
    """Make the start-up image, and start with it."""
    machine.root("update-initramfs -u", timeout=PATIENCE)
    off_and_on(machine, folder)
    machine.type_on_console(ASKS, PASSPHRASE, PATIENCE)
    machine.wait_for_ssh(PATIENCE)


@pytest.mark.full
def test_a_machine_starts_again_with_and_without_a_need_for_usb(
    new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    machine = new_machine("encrypted", disks_mb=(64, 64), usb=True)
    machine.root(KEYED, timeout=PATIENCE)
    proof = Proof(machine, tmp_path / "proof", leeboard_level="high")
    done = proof.roll_out()
    assert "the machine needs a USB drive: the key of data in /etc/crypttab is" in done.output, done.output[-4000:]
    assert machine.root(f"test -e {STOP}", check=False).returncode == 1
    restart(machine, tmp_path)
    assert machine.root("findmnt -n -o SOURCE /srv/data").stdout == "/dev/mapper/data\n"

    machine.root(NO_KEY)
    done = proof.roll_out()
    assert "the machine needs a USB drive" not in done.output, done.output[-4000:]
    assert machine.root(f"test -e {STOP}", check=False).returncode == 0
    restart(machine, tmp_path)
    assert machine.root("modprobe usb-storage", check=False).returncode != 0
    assert machine.root(f"test -e {STICK}", check=False).returncode == 1
    assert machine.root("systemctl is-system-running --wait", check=False).stdout in ("running\n", "degraded\n")
