"""Disks that look encrypted and are not: keys that lie about in ways of their own, swap behind compressed memory, and
programs by which an ordinary user mounts a stick past polkit. Each is what a manual or a package brings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import initramfs_unlock as luks_start
from ansible_collections.leeboard.schools.plugins.module_utils._linux.removable_media import (
    driver as removable_media,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import hardware

from tests.unit.linux.disks import UUID, Machine, archive, block, image, mount, needs_cryptsetup, volumes
from tests.unit.linux.folder import Answers, effective, folder
from tests.unit.linux.test_initramfs import host_with
from tests.unit.linux.test_luks_layout import DM, laid_out, lvm_in_luks
from tests.unit.linux.test_luks_volume import luks
from tests.unit.linux.test_removable_media import INSTALLED, REFUSED


@pytest.mark.parametrize(
    ("behind", "found"), [("/dev/sdb1\n", ("none", ["swap"])), ("/dev/dm-1\n", None), ("none\n", None), (None, None)]
)
def test_compressed_swap_that_writes_to_a_disk(tmp_path: Path, behind: str | None, found: Any) -> None:
    # zram-generator.conf(5): writeback-device=; the kernel's Documentation/admin-guide/blockdev/zram.rst
    blocks = [
        *lvm_in_luks(),
        block("zram0", "disk", fstype="swap", maj_min="253:0"),
        block("sdb", "disk", [block("sdb1", fstype=None, maj_min="8:17")]),
    ]
    files: dict[str, str | None] = {**DM, "/proc/swaps": "F T S U P\n/dev/zram0 partition 1 0 100\n"}
    if behind is not None:
        files["/sys/class/block/zram0/backing_dev"] = behind
    said = laid_out(tmp_path, blocks, files).volumes
    clear = [(kind, one.roles) for (kind, name), one in said.items() if name in ("zram0", "sdb1")]
    assert clear == ([found] if found else [])


@needs_cryptsetup
def test_a_script_that_only_hands_a_key_file_on(tmp_path: Path) -> None:
    files = {"/etc/crypttab": f"sda3_crypt UUID={UUID} /boot/a.key luks,keyscript=/bin/cat\n", "/boot/a.key": "k"}
    assert luks(tmp_path, image(tmp_path), files=files)["key_files"] == [
        {"path": "/boot/a.key", "place": "unencrypted"}
    ]


def test_a_key_that_dracut_packed_in(tmp_path: Path) -> None:
    # dracut.conf(5) install_items with rd.luks.key= of dracut.cmdline(7): no crypttab names the key.
    packed = archive(tmp_path / "a", {"etc/own.key": "k", "usr/lib/systemd/systemd-cryptsetup": "x"})
    host = host_with(tmp_path, packed, {"/proc/cmdline": f"rd.luks.key={UUID}=/etc/own.key root=/dev/x\n"})
    assert luks_start.Start(host).key_files() == ["etc/own.key"]


@pytest.mark.parametrize(("key", "places"), [("/boot/swap.key", ["unencrypted"]), ("/etc/swap.key", ["encrypted"])])
def test_dm_crypt_without_a_header_and_with_a_key_file(tmp_path: Path, key: str, places: list[str]) -> None:
    opened = block("swap0", "crypt", kname="dm-5", path="/dev/mapper/swap0", fstype="swap", maj_min="254:5")
    blocks = [*lvm_in_luks(), block("sdb", "disk", [block("sdb1", "part", [opened], maj_min="8:17")])]
    files = {
        **DM,
        "/sys/class/block/dm-5/dm/uuid": "CRYPT-PLAIN-swap0",
        "/proc/self/mountinfo": mount("254:1", "/") + mount("8:2", "/boot"),
        "/proc/swaps": "F T S U P\n/dev/dm-5 partition 1 0 -2\n",
        "/etc/crypttab": f"swap0 /dev/sdb1 {key} plain,swap\n",
        key: "k",
    }
    table = "swap0: 0 1 crypt aes-xts-plain64 " + "0" * 128 + " 0 8:17 0\n"
    found = volumes(Machine(tmp_path, blocks, table).host(files))["swap0"]["plain"]
    assert [one["place"] for one in found["key_files"]] == places


def test_groups_of_the_iommu_that_are_let_through(tmp_path: Path) -> None:
    # iommu=pt on the kernel's command line (Documentation/admin-guide/kernel-parameters.txt)
    groups = {f"/sys/kernel/iommu_groups/{number}/type": "identity\n" for number in range(3)}
    assert effective(hardware, folder(tmp_path, groups), "iommu")["value"] == 0


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({}, "refused"),
        ({"/usr/bin/pmount": ""}, "not-refused"),
        ({"/etc/fstab": "/dev/sdb1 /media/stick vfat user,noauto 0 0\n"}, "not-refused"),
        ({"/etc/fstab": "LABEL=STICK /mnt auto noauto,users 0 0\n"}, "not-refused"),
        ({"/etc/fstab": "UUID=57-1C /mnt auto noauto,users 0 0\n"}, "not-refused"),
        # Windows on the same disk
        ({"/etc/fstab": "UUID=A1-B2 /windows ntfs3 noauto,users 0 0\n"}, "refused"),
        # As Debian's installer writes it, and a share.
        ({"/etc/fstab": "/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0\n"}, "refused"),
        ({"/etc/fstab": "server:/home /home nfs users 0 0\n"}, "refused"),
    ],
)
def test_mounting_past_polkit(tmp_path: Path, files: dict[str, str | None], word: str) -> None:
    disk = block("nvme0n1", "disk", [block("nvme0n1p3", fstype="ntfs", uuid="A1-B2", maj_min="259:3")])
    stick = block("sdb", "disk", [block("sdb1", fstype="vfat", uuid="57-1C", maj_min="8:17")], tran="usb", rm=True)
    blocks = Completed(0, json.dumps({"blockdevices": [disk, stick]}), "")
    host = folder(tmp_path, {**INSTALLED, **files}, Answers({"pkcheck": REFUSED, "lsblk": blocks}))
    host.is_root = True
    assert effective(removable_media, host, "plain")["value"] == word
