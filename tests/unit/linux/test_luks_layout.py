"""Which volumes a machine has.

The form of lsblk's and mountinfo's answers was captured (util-linux 2.41, Linux 6.18), what stands in them is derived.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import volume as luks_volume
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks.layout import Layout

from tests.unit.linux.disks import Machine, block, mount

UUID = "8a4f7c1e-2b53-4a0e-9a41-0f4d1be0a001"
OPEN = f"CRYPT-LUKS2-{UUID.replace('-', '')}-sda3_crypt\n"


def lvm_in_luks() -> list[dict[str, Any]]:
    """Debian's guided installation with encrypted LVM."""
    volumes = [
        block("vg-root", "lvm", kname="dm-1", path="/dev/mapper/vg-root", fstype="ext4", maj_min="254:1"),
        block("vg-swap", "lvm", kname="dm-2", path="/dev/mapper/vg-swap", fstype="swap", maj_min="254:2"),
    ]
    opened = block("sda3_crypt", "crypt", volumes, kname="dm-0", path="/dev/mapper/sda3_crypt", fstype="LVM2_member",
                   maj_min="254:0")  # fmt: skip
    esp = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
    return [
        block("sda", "disk", [
            block("sda1", fstype="vfat", parttype=esp, uuid="AAAA-BBBB", maj_min="8:1"),
            block("sda2", fstype="ext4", maj_min="8:2"),
            block("sda3", "part", [opened], fstype="crypto_LUKS", uuid=UUID, maj_min="8:3"),
        ]),
    ]  # fmt: skip


DM = {"/sys/class/block/dm-0/dm/uuid": OPEN, "/sys/class/block/dm-1/dm/uuid": "LVM-abc\n"}
MOUNTED = (
    mount("254:1", "/") + mount("8:2", "/boot") + mount("8:1", "/boot/efi", "vfat") + mount("0:5", "/run", "tmpfs")
)
SWAP = "Filename\tType\tSize\tUsed\tPriority\n/dev/dm-2 partition 1 0 -2\n"


def laid_out(
    root: Path, blocks: list[dict[str, Any]], files: dict[str, str | None], links: dict[str, str] | None = None
) -> Layout:
    for name, target in (links or {}).items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        target_path = root / target.lstrip("/")
        target_path.parent.mkdir(parents=True, exist_ok=True)
        target_path.touch()
        path.symlink_to(target_path)
    return Layout(Machine(root, blocks).host({"/proc/self/mountinfo": MOUNTED, **files}))


def said(layout: Layout) -> dict[str, tuple[str, list[str], list[str]]]:
    return {one.name: (one.kind, one.mounts, sorted(one.roles)) for one in layout.volumes.values()}


def test_lvm_in_luks(tmp_path: Path) -> None:
    found = said(laid_out(tmp_path, lvm_in_luks(), {**DM, "/proc/swaps": SWAP}))
    assert found == {
        "sda3": ("luks", ["/"], ["swap", "system"]),
        "sda2": ("none", ["/boot"], ["boot"]),
        "sda1": ("none", ["/boot/efi"], ["boot"]),
    }


def test_bind_mounts_and_several_mounts_are_one_volume(tmp_path: Path) -> None:
    more = MOUNTED + mount("254:1", "/srv/share") + mount("254:1", "/var/lib/x\\040y")
    found = said(laid_out(tmp_path, lvm_in_luks(), {**DM, "/proc/self/mountinfo": more}))
    assert found["sda3"] == ("luks", ["/", "/srv/share", "/var/lib/x y"], ["swap", "system"])


def test_a_folder_of_the_system_that_is_shown_elsewhere_makes_no_data_volume(tmp_path: Path) -> None:
    parts = [block("sda1", fstype="ext4", maj_min="8:1"), block("sda2", fstype="ext4", maj_min="8:2")]
    blocks = [block("sda", "disk", parts), block("sdb", "disk", fstype="ext4", maj_min="8:16")]
    mounts = (mount("8:16", "/srv/a"), mount("8:1", "/srv/b"), mount("8:1", "/"), mount("8:2", "/boot"))
    more = (mount("8:16", "/srv/c"), mount("8:2", "/mnt/start"))
    found = said(laid_out(tmp_path, blocks, {"/proc/self/mountinfo": "".join((*mounts, *more))}))
    assert found == {
        "sda1": ("none", ["/srv/b", "/"], ["system"]),
        "sda2": ("none", ["/boot", "/mnt/start"], ["boot"]),
        "sdb": ("none", ["/srv/a", "/srv/c"], ["data"]),
    }


def test_only_home_is_encrypted(tmp_path: Path) -> None:
    opened = block("home", "crypt", kname="dm-0", path="/dev/mapper/home", fstype="ext4", maj_min="254:0")
    blocks = [
        block("sda", "disk", [
            block("sda1", fstype="ext4", maj_min="8:1"),
            block("sda2", "part", [opened], fstype="crypto_LUKS", maj_min="8:2"),
        ]),
    ]  # fmt: skip
    mounts = {"/proc/self/mountinfo": mount("8:1", "/") + mount("254:0", "/home")}
    assert said(laid_out(tmp_path, blocks, {**DM, **mounts})) == {
        "sda1": ("none", ["/"], ["system"]),
        "sda2": ("luks", ["/home"], ["system"]),
    }


def test_a_volume_group_over_two_disks_of_which_one_is_in_clear(tmp_path: Path) -> None:
    root = block("vg-root", "lvm", kname="dm-1", fstype="ext4", maj_min="254:1")
    opened = block("sda3_crypt", "crypt", [root], kname="dm-0", fstype="LVM2_member", maj_min="254:0")
    blocks = [
        block("sda", "disk", [block("sda3", "part", [opened], fstype="crypto_LUKS", maj_min="8:3")]),
        block("sdb", "disk", [block("sdb1", "part", [root], fstype="LVM2_member", maj_min="8:17")]),
    ]
    found = said(laid_out(tmp_path, blocks, {**DM, "/proc/self/mountinfo": mount("254:1", "/")}))
    assert found == {"sda3": ("luks", ["/"], ["system"]), "vg-root": ("none", ["/"], ["system"])}


def test_btrfs_over_two_devices_with_subvolumes(tmp_path: Path) -> None:
    opened = block("a_crypt", "crypt", kname="dm-0", path="/dev/mapper/a_crypt", fstype="btrfs", uuid="b-1",
                   maj_min="254:0")  # fmt: skip
    blocks = [
        block("sda", "disk", [block("sda1", "part", [opened], fstype="crypto_LUKS", maj_min="8:1")]),
        block("sdb", "disk", [block("sdb1", fstype="btrfs", uuid="b-1", maj_min="8:17")]),
    ]
    mounts = mount("0:30", "/", "btrfs", "/dev/mapper/a_crypt") + mount("0:30", "/home", "btrfs", "/dev/mapper/a_crypt")
    files = {
        **DM,
        "/proc/self/mountinfo": mounts,
        "/sys/fs/btrfs/b-1/devices/dm-0": "",
        "/sys/fs/btrfs/b-1/devices/sdb1": "",
    }
    assert said(laid_out(tmp_path, blocks, files)) == {
        "sda1": ("luks", ["/", "/home"], ["system"]),
        "sdb1": ("none", ["/", "/home"], ["system"]),
    }


def test_luks_on_a_raid(tmp_path: Path) -> None:
    opened = block("md0_crypt", "crypt", kname="dm-0", fstype="ext4", maj_min="254:0")
    raid = block("md0", "raid1", [opened], fstype="crypto_LUKS", maj_min="9:0")
    blocks = [
        block("sda", "disk", [block("sda1", "part", [raid], fstype="linux_raid_member", maj_min="8:1")]),
        block("sdb", "disk", [block("sdb1", "part", [raid], fstype="linux_raid_member", maj_min="8:17")]),
    ]
    found = said(laid_out(tmp_path, blocks, {**DM, "/proc/self/mountinfo": mount("254:0", "/")}))
    assert found == {"md0": ("luks", ["/"], ["system"])}


def test_a_detached_header_leaves_nothing_to_see_on_the_disk(tmp_path: Path) -> None:
    opened = block("sda3_crypt", "crypt", kname="dm-0", fstype="ext4", maj_min="254:0")
    blocks = [block("sda", "disk", [block("sda3", "part", [opened], maj_min="8:3")])]
    found = said(laid_out(tmp_path, blocks, {**DM, "/proc/self/mountinfo": mount("254:0", "/")}))
    assert found == {"sda3": ("luks", ["/"], ["system"])}


def test_verity_and_integrity_encrypt_nothing(tmp_path: Path) -> None:
    usr = block("usr", "crypt", kname="dm-0", fstype="ext4", maj_min="254:0")
    blocks = [block("sda", "disk", [block("sda1", "part", [usr], maj_min="8:1")])]
    files = {"/sys/class/block/dm-0/dm/uuid": "CRYPT-VERITY-usr", "/proc/self/mountinfo": mount("254:0", "/")}
    assert said(laid_out(tmp_path, blocks, files)) == {"usr": ("none", ["/"], ["system"])}


@pytest.mark.parametrize(
    ("more", "removable"),
    [
        ({"tran": "usb", "hotplug": True}, True),
        ({"rm": True}, True),
        ({"rm": "1"}, True),
        ({"tran": "sata"}, False),
        ({"tran": "nvme"}, False),
        ({"hotplug": True}, True),
    ],
)
def test_what_is_removable(tmp_path: Path, more: dict[str, Any], removable: bool) -> None:
    blocks = [*lvm_in_luks(), block("sdb", "disk", [block("sdb1", fstype="vfat", maj_min="8:17")], **more)]
    layout = laid_out(tmp_path, blocks, DM)
    found = next(one for one in layout.volumes.values() if one.name == "sdb1")
    assert (found.removable, found.roles) == (removable, ["data"])


@pytest.mark.parametrize(("kind", "removable"), [("MMC\n", False), ("SD\n", True), (None, True)])
def test_an_emmc_chip_is_soldered_in_and_an_sd_card_is_not(tmp_path: Path, kind: str | None, removable: bool) -> None:
    chip = block("mmcblk0", "disk", [block("mmcblk0p1", fstype="ext4", maj_min="179:1")], hotplug=True)
    files: dict[str, str | None] = {**DM, "/sys/class/block/mmcblk0/device/type": kind} if kind else dict(DM)
    layout = laid_out(tmp_path, [*lvm_in_luks(), chip], files)
    assert next(one for one in layout.volumes.values() if one.name == "mmcblk0p1").removable is removable


def test_a_drive_that_each_start_mounts_is_part_of_the_machine(tmp_path: Path) -> None:
    drive = block("sdb", "disk", [block("sdb1", fstype="ext4", uuid="D-1", maj_min="8:17")], tran="usb")
    for options, removable in (("defaults", False), ("noauto,user", True)):
        root = tmp_path / options
        layout = laid_out(root, [*lvm_in_luks(), drive], {**DM, "/etc/fstab": f"UUID=d-1 /srv ext4 {options} 0 2\n"})
        found = next(one for one in layout.volumes.values() if one.name == "sdb1")
        assert (found.removable, found.mounts) == (removable, ["/srv"])


def test_partitions_that_nobody_mounts(tmp_path: Path) -> None:
    more = [
        block("sdb", "disk", [
            block("sdb1", fstype="ext4", maj_min="8:17"),
            block("sdb2", fstype="swap", maj_min="8:18"),
            block("sdb3", fstype="BitLocker", maj_min="8:19"),
            block("sdb4", fstype="ntfs", parttype="de94bba4-06d1-4d40-a16a-bfd50179d6ac", maj_min="8:20"),
            block("sdb5", fstype="crypto_LUKS", maj_min="8:21"),
            block("sdb6", maj_min="8:22"),
            block("sdb7", fstype="zfs_member", maj_min="8:23"),
            block("sdb8", fstype="vfat", parttype="bfbfafe7-a34f-448a-9a5b-6213eb736c22", maj_min="8:24"),
            # Dell's recovery is a partition like any other: whoever finds it may keep files there.
            block("sdb9", fstype="vfat", parttype="ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", maj_min="8:25"),
        ]),
        block("sr0", "rom", fstype="iso9660", rm=True, maj_min="11:0"),
        block("loop0", "loop", fstype="squashfs", maj_min="7:0"),
        block("zram0", "disk", fstype="swap", maj_min="253:0"),
    ]  # fmt: skip
    found = said(laid_out(tmp_path, [*lvm_in_luks(), *more], DM))
    assert {name: one for name, one in found.items() if name.startswith("sdb")} == {
        "sdb1": ("none", [], ["data"]),
        "sdb2": ("none", [], ["swap"]),
        "sdb3": ("other", [], ["data"]),
        "sdb4": ("none", [], ["boot"]),
        "sdb5": ("luks", [], ["data"]),
        "sdb7": ("unknown", [], ["data"]),
        "sdb8": ("none", [], ["boot"]),
        "sdb9": ("none", [], ["data"]),
    }
    assert not {"sr0", "loop0", "zram0", "sdb6"} & set(found)


def test_swap_files_and_swap_that_is_only_listed(tmp_path: Path) -> None:
    blocks = [*lvm_in_luks(), block("sdb", "disk", [block("sdb1", fstype="ext4", maj_min="8:17")])]
    files = {
        **DM,
        "/proc/self/mountinfo": MOUNTED + mount("8:17", "/srv"),
        "/proc/swaps": "F T S U P\n/srv/swap\\040file file 1 0 -2\n/dev/zram0 partition 1 0 100\n",
        "/etc/fstab": "# <file system>\n/swapfile none swap sw 0 0\n",
        "/swapfile": "",
    }
    found = said(laid_out(tmp_path, blocks, files))
    assert found["sdb1"] == ("none", ["/srv"], ["data", "swap"])
    assert found["sda3"][2] == ["swap", "system"]


@pytest.mark.parametrize(
    "spec", ["PARTUUID=5A-1", "/dev/sdb1", "LABEL=SWAP", "/dev/disk/by-partuuid/5a-1", '"UUID=s-1"']
)
def test_each_way_to_name_a_device_in_fstab(tmp_path: Path, spec: str) -> None:
    swap = block("sdb1", fstype=None, uuid="s-1", label="SWAP", partuuid="5a-1", maj_min="8:17")
    blocks = [*lvm_in_luks(), block("sdb", "disk", [swap])]
    found = said(laid_out(tmp_path, blocks, {**DM, "/etc/fstab": f"{spec.strip(chr(34))} none swap sw 0 0\n"}))
    assert found["sdb1"] == ("none", [], ["swap"])


def test_swap_with_a_passing_key(tmp_path: Path) -> None:
    opened = block("swap0", "crypt", kname="dm-5", path="/dev/mapper/swap0", fstype="swap", maj_min="254:5")
    blocks = [*lvm_in_luks(), block("sdb", "disk", [block("sdb1", "part", [opened], maj_min="8:17")])]
    files = {
        **DM,
        "/sys/class/block/dm-5/dm/uuid": "CRYPT-PLAIN-swap0",
        "/proc/swaps": "F T S U P\n/dev/dm-5 partition 1 0 -2\n",
    }
    assert said(laid_out(tmp_path, blocks, files))["swap0"] == ("plain", [], ["swap"])


def test_a_container_in_a_file_is_encrypted_and_a_clear_image_is_data_of_what_holds_it(tmp_path: Path) -> None:
    opened = block("vault", "crypt", kname="dm-0", fstype="ext4", maj_min="254:0")
    blocks = [
        block("sda", "disk", [block("sda1", fstype="ext4", maj_min="8:1")]),
        block("loop0", "loop", [opened], fstype="crypto_LUKS", maj_min="7:0"),
        block("loop1", "loop", fstype="squashfs", maj_min="7:1"),
    ]
    mounts = mount("8:1", "/") + mount("254:0", "/srv/vault") + mount("7:1", "/snap/x/1", "squashfs")
    files = {
        **DM,
        "/proc/self/mountinfo": mounts,
        "/sys/class/block/loop0/loop/backing_file": "/var/vault.img\n",
        "/sys/class/block/loop1/loop/backing_file": "/var/lib/snapd/x.snap\n",
    }
    assert said(laid_out(tmp_path, blocks, files)) == {
        "sda1": ("none", ["/"], ["system"]),
        "loop0": ("luks", ["/srv/vault"], ["data"]),
    }


def test_what_lies_in_the_network_or_in_memory_is_no_volume(tmp_path: Path) -> None:
    more = mount("0:50", "/home", "nfs4", "server:/home") + mount("0:51", "/var/lib/docker/x", "overlay", "overlay")
    found = said(laid_out(tmp_path, lvm_in_luks(), {**DM, "/proc/self/mountinfo": MOUNTED + more}))
    assert set(found) == {"sda1", "sda2", "sda3"}


@pytest.mark.parametrize(("fstype", "source"), [("zfs", "rpool/ROOT"), ("overlay", "overlay"), ("nfs", "server:/root")])
def test_a_system_on_something_that_cannot_be_looked_into_is_said(tmp_path: Path, fstype: str, source: str) -> None:
    blocks = [block("sda", "disk", [block("sda1", fstype="ext4", maj_min="8:1")])]
    found = said(laid_out(tmp_path, blocks, {"/proc/self/mountinfo": mount("0:30", "/", fstype, source)}))
    assert found[source] == ("unknown", ["/"], ["system"])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Completed(0, '{"blockdevices": [{"name": "sda", "chil', ""), "malformed"),
        (Completed(0, "[]", ""), "malformed"),
        (Completed(0, '{"blockdevices": ["sda"]}', ""), "malformed"),
        (Completed(0, '{"blockdevices": [{"kname": "../../etc/passwd"}]}', ""), "malformed"),
        (Completed(0, '{"blockdevices": [' + '{"name": "a", "children": [' * 90 + "]}" * 90 + "]}", ""), "malformed"),
        (Completed(1, "", "lsblk: failed to access sysfs"), "failed"),
        (HostError("timeout", "lsblk gave no answer within 20 s"), "timeout"),
        (HostError("missing_tool", "the command lsblk is not installed"), "missing_tool"),
    ],
)
def test_bad_answers_of_lsblk_are_errors_with_a_reason(tmp_path: Path, answer: Any, code: str) -> None:
    machine = Machine(tmp_path, [])
    machine.answers["lsblk"] = answer
    found = luks_volume.observe(machine.host({"/proc/self/mountinfo": MOUNTED}), ["volumes"])["volumes"]["effective"]
    assert (found["state"], found["code"]) == ("unreadable", code)
    assert found["why"]


def test_a_machine_that_does_not_say_what_is_mounted_is_an_error(tmp_path: Path) -> None:
    for root, files in ((tmp_path / "a", {}), (tmp_path / "b", {"/proc/self/mountinfo": "36 1 8:1\n"})):
        host = Machine(root, lvm_in_luks()).host(files)
        assert luks_volume.observe(host, ["volumes"])["volumes"]["effective"]["state"] == "unreadable"
