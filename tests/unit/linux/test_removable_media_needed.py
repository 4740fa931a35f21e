"""USB storage that a machine needs: it is never switched off, and the reason says what needs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.removable_media import (
    driver as removable_media,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.removable_media import (
    needs as removable_media_needs,
)

from tests.unit.linux.test_removable_media_written import NO_DRIVES, STOP, machine
from tests.unit.linux.undoing import tree

USB = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0"
DISK = {"name": "sda", "kname": "sda", "path": "/dev/sda", "type": "disk", "maj:min": "8:0", "tran": "usb"}
PART = {"name": "sda1", "kname": "sda1", "path": "/dev/sda1", "type": "part", "maj:min": "8:1", "uuid": "AAAA-1111",
        "fstype": "vfat", "label": "KEYS"}  # fmt: skip
INNER = {"name": "vda", "kname": "vda", "path": "/dev/vda", "type": "disk", "maj:min": "254:0", "uuid": "inner"}
MAPPED = {"name": "root", "kname": "dm-0", "path": "/dev/mapper/root", "type": "crypt", "maj:min": "253:0"}
ROOT = "1 1 254:0 / / rw - ext4 /dev/vda rw\n"


def blocks(*above: dict[str, Any], part: dict[str, Any] | None = PART) -> Completed:
    usb = {**DISK, "children": [{**part, "children": list(above)}]} if part else DISK
    return Completed(0, json.dumps({"blockdevices": [usb, INNER]}), "")


def plugged_in(root: Path, driver: str = "usb-storage", product: str = "Flash Disk") -> None:
    """A USB drive as sysfs shows it: what lies on what by folders, the driver by a link."""
    place = root / USB.lstrip("/")
    (place / "host0/target0:0:0/0:0:0:0/block/sda/sda1").mkdir(parents=True)
    (place.parent / "product").write_text(f"{product}\n")
    (place.parent / "manufacturer").write_text("Generic\n")
    bound = root / f"sys/bus/usb/drivers/{driver}"
    bound.mkdir(parents=True)
    (bound / "1-2:1.0").symlink_to("../../../../devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0")
    (bound / "bind").write_text("")
    (place / "driver").symlink_to(f"../../../../../../bus/usb/drivers/{driver}")
    names = root / "sys/class/block"
    names.mkdir(parents=True)
    for name in ("sda", "sda/sda1"):
        end = f"{USB.removeprefix('/sys/')}/host0/target0:0:0/0:0:0:0/block/{name}"
        (names / name.rpartition("/")[2]).symlink_to(f"../../{end}")


def host(root: Path, files: dict[str, str | None] | None = None, lsblk: Completed | None = None, **bus: str) -> Host:
    if not (root / "sys/class/block").exists() and bus.pop("plugged", "yes") == "yes":
        plugged_in(root, **bus)
    given = {"/proc/self/mountinfo": ROOT, **(files or {})}
    found, _runner = machine(root, given, lsblk=lsblk or blocks())
    return found


NEEDED = {
    "root": ({"/proc/self/mountinfo": "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n"}, blocks(), "/"),
    "root under dm-crypt": (
        {"/proc/self/mountinfo": "1 1 253:0 / / rw - ext4 /dev/mapper/root rw\n"}, blocks(MAPPED), "/"),
    "/boot": ({"/proc/self/mountinfo": ROOT + "2 1 8:1 / /boot rw - ext4 /dev/sda1 rw\n"}, None, "/boot"),
    "btrfs": ({"/proc/self/mountinfo": "1 1 0:30 / / rw - btrfs /dev/sda1 rw\n"}, None, "/"),
    "a live system": ({"/proc/self/mountinfo": ROOT + "2 1 8:1 / /run/live/medium rw - iso9660 /dev/sda1 rw\n"}, None,
                      "/run/live/medium"),
    "fstab, unmounted now": ({"/etc/fstab": "UUID=AAAA-1111 /boot/efi vfat umask=0077 0 1\n"}, None, "/boot/efi"),
    "fstab, drive not there": ({"/etc/fstab": "LABEL=ARCHIVE /srv ext4 nofail 0 2\n"}, None, "LABEL=ARCHIVE"),
    "swap in use": ({"/proc/swaps": "Filename Type Size Used Priority\n/dev/sda1 partition 1 0 -2\n"}, None, "swap"),
    "swap in fstab": ({"/etc/fstab": "/dev/sda1 none swap sw 0 0\n"}, None, "swap"),
    "crypttab: a key on its file system": (
        {"/etc/crypttab": "data UUID=inner /key:LABEL=KEYS luks\n"}, None, "the key of data"),
    "crypttab: passdev": (
        {"/etc/crypttab": "data UUID=inner /dev/disk/by-label/KEYS:/key:10 luks,keyscript=passdev\n"}, None,
        "the key of data"),
    "crypttab: passdev, drive not there": (
        {"/etc/crypttab": "data UUID=inner /dev/disk/by-label/STICK:/key luks,keyscript=passdev\n"}, None,
        "the key of data"),
    "crypttab: the drive is the key": ({"/etc/crypttab": "data UUID=inner /dev/sda1 luks,keyfile-size=64\n"}, None,
                                       "the key of data"),
    "crypttab: a mounted key": (
        {"/etc/crypttab": "data UUID=inner /mnt/stick/key luks\n", "/mnt/stick/key": "k",
         "/proc/self/mountinfo": ROOT + "2 1 8:1 / /mnt/stick rw - vfat /dev/sda1 rw\n"}, None, "the key of data"),
    "crypttab: a key that is not there": ({"/etc/crypttab": "data UUID=inner /media/stick/key luks\n"}, None,
                                          "the key of data"),
    "crypttab: a header": ({"/etc/crypttab": "data UUID=inner none luks,header=/h:UUID=AAAA-1111\n"}, None,
                           "the header of data"),
    "the kernel's command line: a key": (
        {"/proc/cmdline": "root=/dev/vda rd.luks.key=inner=/key:LABEL=KEYS quiet\n"}, None, "LABEL=KEYS"),
    "the kernel's command line: where it slept": ({"/proc/cmdline": "resume=/dev/sda1 quiet\n"}, None, "/dev/sda1"),
    "crypttab: the volume itself": ({"/etc/crypttab": "data UUID=AAAA-1111 none luks\n"}, None, "data"),
}  # fmt: skip


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("driver", ["usb-storage", "uas", "ums-realtek"])
def test_what_needs_usb_storage_keeps_it(tmp_path: Path, name: str, driver: str) -> None:
    files, lsblk, words = NEEDED[name]
    looked_at = host(tmp_path, files, lsblk, driver=driver)
    before = tree(tmp_path)
    with pytest.raises(ChangeRefused, match="USB") as refused:
        apply(removable_media, looked_at, NO_DRIVES, "run")
    assert words in str(refused.value)
    assert tree(tmp_path) == before and not (tmp_path / STOP).exists()


NOT_NEEDED: dict[str, dict[str, str | None]] = {
    "a stick that somebody mounted": {
        "/proc/self/mountinfo": ROOT + "2 1 8:1 / /media/ada/KEYS rw - vfat /dev/sda1 rw\n"},
    "a line for sticks that is never mounted by itself": {"/etc/fstab": "/dev/sda1 /mnt vfat noauto 0 0\n"},
    "discs, networks, memory, built-in disks": {
        "/etc/fstab": "UUID=inner / ext4 defaults 0 1\n/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0\n"
        "tmpfs /tmp tmpfs defaults 0 0\n//server/share /srv cifs defaults 0 0\nserver:/x /home nfs4 defaults 0 0\n",
        "/etc/crypttab": "swap UUID=inner /dev/urandom swap,cipher=aes-xts-plain64\ndata UUID=inner none luks\n"
        "more UUID=inner data luks,keyscript=decrypt_derived\nkey UUID=inner /etc/keys/k luks\n",
        "/etc/keys/k": "k", "/proc/cmdline": "root=/dev/vda console=ttyS0 quiet\n",
        "/proc/swaps": "Filename Type Size Used Priority\n/dev/vda partition 1 0 -2\n"},
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_NEEDED)
def test_what_nobody_needs_is_switched_off(tmp_path: Path, name: str) -> None:
    done = apply(removable_media, host(tmp_path, NOT_NEEDED[name]), NO_DRIVES, "run")
    assert done["after"]["usb-storage"]["effective"]["value"] is False
    assert (tmp_path / STOP).exists()


def test_a_disk_of_another_driver_is_no_usb_storage(tmp_path: Path) -> None:
    looked_at = host(tmp_path, {"/proc/self/mountinfo": "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n"}, driver="r8152")
    assert removable_media_needs.needs(looked_at) == []


def test_what_cannot_be_told_is_refused(tmp_path: Path) -> None:
    looked_at = host(tmp_path, lsblk=Completed(1, "", "lsblk: failed\n"))
    with pytest.raises(HostError, match="lsblk"):
        apply(removable_media, looked_at, NO_DRIVES, "run")
    assert not (tmp_path / STOP).exists()


@pytest.mark.parametrize(
    ("driver", "product", "named"),
    [
        ("usb-storage", "USB2.0-CRW", True),
        ("usb-storage", "Multi-Card Reader", True),
        ("ums-realtek", "USB Device", True),
        ("usb-storage", "Flash Disk", False),
        ("uas", "Portable SSD", False),
        ("usb-storage", "Card\x1b[31m Reader", True),
    ],
)
def test_card_readers_are_named(tmp_path: Path, driver: str, product: str, named: bool) -> None:
    looked_at = host(tmp_path, driver=driver, product=product)
    source = removable_media.observe(looked_at, ["usb-storage"])["usb-storage"]["effective"]["source"]
    assert ("card reader" in source) is named
    assert "\x1b" not in source
    assert source.count("can be loaded") == 2, "the change goes by these words"
