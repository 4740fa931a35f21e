"""A disk is formatted only when it is empty and part of nothing: each thing that makes it something else is refused.

Uses of a disk are real ones of a loop device.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import empty_disk
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import format as luks_format

from leeboard.errors import LeeboardError
from tests.unit.linux.disks import block, needs_cryptsetup
from tests.unit.linux.signatures import (
    MIB,
    backup_of_a_table,
    bios_table,
    luks,
    lvm,
    made,
    ntfs,
    old_raid,
    put,
    raid,
    table_of_partitions,
)
from tests.unit.linux.spare_disk import GENERATOR, KEY, MOUNT, NAME, SIZE, WISH, Spare

pytestmark = needs_cryptsetup


@pytest.fixture
def spare(tmp_path: Path) -> Spare:
    return Spare(tmp_path)


def surveyed(machine: Spare, **more: str) -> dict[str, Any]:
    (answer,) = machine.work("survey", wishes=[{**WISH, **more}])["disks"]
    found: dict[str, Any] = answer
    return found


def refused(machine: Spare, words: str, **more: str) -> None:
    """The survey refuses the disk with these words, the step itself too, and then nothing has changed anywhere."""
    answer = surveyed(machine, **more)
    assert answer["state"] == "refused" and words in answer["why"] and "\n" not in answer["why"], answer
    before, files = machine.digest(), _files(machine)
    with pytest.raises(LeeboardError) as problem:
        machine.work(
            "format", wishes=[{**WISH, **more}], disk=more.get("disk", NAME), key=KEY, key_id="K-1", iterations=1000
        )
    assert words in str(problem.value)
    assert (machine.digest(), _files(machine), machine.commands) == (before, files, 0)


def _files(machine: Spare) -> dict[str, bytes]:
    """All of the machine's files that a test may not find changed; the kernel's own are another matter."""
    found = (one for one in machine.root.rglob("*") if one.is_file() and not one.is_symlink())
    return {str(one): one.read_bytes() for one in found if "/sys/" not in str(one) and "/proc/" not in str(one)}


def test_an_empty_disk_may_be_formatted(spare: Spare) -> None:
    assert surveyed(spare) == {"disk": NAME, "state": "format", "said": "/dev/sdb, 1 GB", "why": ""}
    assert spare.commands == 0 and spare.digest() == hash(())


# What a disk may hold


HELD = {
    "ext4": (made("mkfs.ext4", "-q", "-F"), "it holds ext4"),
    "swap": (made("mkswap"), "it holds swap"),
    "LUKS": (luks, "it holds crypto_LUKS"),
    "GPT": (table_of_partitions, "it holds PMBR, gpt"),
    "MBR": (bios_table, "it holds dos"),
    "GPT, wiped at the beginning": (backup_of_a_table, "it holds gpt"),
    "RAID": (raid, "it holds linux_raid_member"),
    "RAID at the end": (old_raid, "it holds linux_raid_member"),
    "LVM": (lvm, "it holds LVM2_member"),
    "NTFS": (ntfs, "it holds"),
    # No signature, and yet not empty.
    "a byte at the beginning": (put(0, b"x"), "something at byte 0,"),
    "a byte behind a signature's places": (put(12 * MIB, b"x"), f"something at byte {12 * MIB},"),
    "a byte at the end": (put(-1, b"x"), f"something at byte {SIZE - MIB},"),
    "half a MiB in the middle": (put(SIZE // 2, b"x" * (MIB // 2)), "something at byte"),
}


@pytest.mark.parametrize("name", HELD)
def test_a_disk_that_holds_anything_is_refused(spare: Spare, name: str) -> None:
    make, words = HELD[name]
    make(spare.path)
    refused(spare, words)


def test_what_is_not_seen(spare: Spare) -> None:
    """The named limit: a little in the middle, without a signature. Of each 256 KiB four are looked at."""
    assert [length for _at, length in empty_disk.spans(SIZE, 0)].count(4096) == 4096
    looked = empty_disk.spans(SIZE, 0)
    stretch = SIZE // 4096
    for number in range(4096):
        inside = [(at, size) for at, size in looked if size == 4096 and number * stretch <= at < (number + 1) * stretch]
        assert len(inside) == 1 and inside[0][0] + 4096 <= (number + 1) * stretch
    assert {at for at, size in looked if size == MIB} == {*range(0, 16 * MIB, MIB), *range(SIZE - 16 * MIB, SIZE, MIB)}
    put(SIZE // 2 + 100_000, b"x")(spare.path)
    found = {surveyed(spare)["state"] for _turn in range(3)}
    assert found <= {"format", "refused"} and "format" in found, "once in 64 it is seen"


# What a disk may be


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"ro": True}, "it is read-only"),
        ({"rm": True}, "it can be pulled out"),
        ({"tran": "usb"}, "it can be pulled out"),
        ({"hotplug": True}, "it can be pulled out"),
        ({"tran": "iscsi"}, "it is reached over a network"),
        ({"tran": "fc"}, "it is reached over a network"),
        ({"type": "part"}, "is no whole disk (part)"),
        ({"type": "loop"}, "is no whole disk (loop)"),
        ({"type": "lvm"}, "is no whole disk (lvm)"),
        ({"type": "mpath"}, "is no whole disk (mpath)"),
        ({"size": 64 * MIB}, "it has 67 MB"),
        ({"size": None}, "does not say how large"),
        ({"size": 2 * SIZE}, "is not as large as lsblk says"),
        ({"fstype": "mpath_member"}, "it holds mpath_member"),
        ({"fstype": "zfs_member"}, "it holds zfs_member"),
        ({"wwn": None, "serial": "S1"}, "/dev/sda says that it is the same disk"),
        ({"wwn": "0x5000c500a1b2c3d3"}, "/dev/sda says that it is the same disk"),
        ({"children": [block("sdb1")]}, "it has something on it already: sdb1 (part)"),
        ({"children": [block("mpatha", "mpath")]}, "it has something on it already: mpatha (mpath)"),
        ({"children": [block("md0", "raid1")]}, "it has something on it already: md0 (raid1)"),
    ],
)  # fmt: skip
def test_a_disk_that_is_something_else_is_refused(spare: Spare, said: dict[str, Any], words: str) -> None:
    spare.more = said
    if said.get("type") == "loop":
        spare.file("/sys/class/block/sdb/loop").mkdir(parents=True)
    refused(spare, words)


def test_two_name_spaces_of_one_drive_are_two_disks(spare: Spare) -> None:
    spare.more = {"serial": "S1"}
    assert surveyed(spare)["state"] == "format"


def test_an_nvme_drive_of_another_machine_is_refused(spare: Spare) -> None:
    transport = spare.file("/sys/class/block/sdb/device/transport")
    transport.parent.mkdir(parents=True)
    transport.write_text("tcp\n")
    refused(spare, "it is reached over a network")
    transport.write_text("pcie\n")
    assert surveyed(spare)["state"] == "format"


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("/etc/fstab", f"{NAME} /old ext4 defaults\n", "it is in use, or /etc/fstab says so: /old"),
        ("/etc/fstab", "/dev/sdb none swap sw\n", "it is in use, or /etc/fstab says so: swap"),
        ("/proc/swaps", "Filename Type Size\n/dev/sdb partition 1\n", "it is in use, or /etc/fstab says so: swap"),
        ("/etc/crypttab", f"old {NAME} /dev/urandom swap\n", "/etc/crypttab has a line for it: old"),
        ("/etc/crypttab", f"luks-{WISH['uuid']} UUID=x none\n", "/etc/crypttab has a line for luks-"),
        ("/etc/fstab", f"UUID=x {MOUNT} ext4 defaults\n", f"/etc/fstab has a line for {MOUNT}"),
        (f"{MOUNT}/kept", "x", f"{MOUNT} is no empty folder"),
        (MOUNT, "x", f"{MOUNT} is no empty folder"),
        ("/sys/class/block/sdb/holders/dm-3", "", "it is held by dm-3"),
    ],
)  # fmt: skip
def test_a_disk_or_place_that_the_machine_is_told_to_use_is_refused(
    spare: Spare, path: str, text: str, words: str
) -> None:
    spare.file(path).parent.mkdir(parents=True, exist_ok=True)
    spare.file(path).write_text(text)
    refused(spare, words)


def test_a_disk_behind_a_loop_device_is_refused(spare: Spare) -> None:
    spare.disks = [block("loop3", "loop")]
    behind = spare.file("/sys/class/block/loop3/loop/backing_file")
    behind.parent.mkdir(parents=True)
    behind.write_text("/dev/sdb\n")
    refused(spare, "it is held by loop3")


def test_a_table_that_is_a_link_is_refused(spare: Spare) -> None:
    spare.file("/etc/fstab").rename(spare.file("/etc/made"))
    spare.file("/etc/fstab").symlink_to("made")
    refused(spare, "/etc/fstab is a link to /etc/made")


def test_a_machine_on_which_nothing_opens_disks_at_the_start_is_refused(spare: Spare) -> None:
    spare.file(GENERATOR).unlink()
    refused(spare, "install the package systemd-cryptsetup")
    script = spare.file("/etc/init.d/cryptdisks")
    script.parent.mkdir()
    script.touch()
    assert surveyed(spare)["state"] == "format", "without systemd Debian's script does"
    spare.file("/run/systemd/system").mkdir(parents=True)
    refused(spare, "install the package systemd-cryptsetup")


def test_a_mount_point_that_leads_elsewhere_is_refused(spare: Spare) -> None:
    spare.file("/srv").mkdir()
    spare.file("/home/other").mkdir(parents=True)
    spare.file(MOUNT).symlink_to("../home/other")
    refused(spare, f"{MOUNT} leads to /home/other")


def test_a_key_folder_that_others_may_write_to_is_refused(spare: Spare) -> None:
    spare.file("/etc/cryptsetup-keys.d").mkdir()
    spare.file("/etc/cryptsetup-keys.d").chmod(0o777)
    refused(spare, "others than root may change the folder /etc/cryptsetup-keys.d")


def test_a_key_folder_that_leads_into_the_clear_is_refused(spare: Spare) -> None:
    spare.file("/boot/keys").mkdir(parents=True)
    spare.file("/etc/cryptsetup-keys.d").symlink_to("../boot/keys")
    spare.mounts["/boot"] = ""
    spare.disks = [block("sdc1", maj_min="253:1", fstype="ext4")]
    refused(spare, "would lie in clear in /etc/cryptsetup-keys.d")


# Names


def test_a_name_that_nobody_has(spare: Spare) -> None:
    refused(spare, "the machine has no disk of this name", disk="/dev/disk/by-id/wwn-0x9")


@pytest.mark.parametrize(
    "name", ["/dev/sdb", "all", "", "/dev/disk/by-id/../../sdb", "/dev/disk/by-path/pci-1", f"{NAME}\n", "*"]
)
def test_what_is_no_name_of_a_disk(spare: Spare, name: str) -> None:
    refused(spare, "it is not named by a name of its own below /dev/disk/by-id", disk=name)


def test_a_name_that_leads_to_no_disk(spare: Spare) -> None:
    spare.link("/dev/disk/by-id/odd", "../etc/shadow")
    refused(spare, "it leads to /etc/shadow, which is no disk of this machine", disk="/dev/disk/by-id/odd")


def test_two_names_of_one_disk_are_refused_both(spare: Spare) -> None:
    other = "/dev/disk/by-id/ata-DISK_S2"
    spare.link(other, "sdb")
    wishes = [WISH, {**WISH, "disk": other, "mount": "/srv/other", "uuid": str(uuid.uuid4())}]
    first, second = spare.work("survey", wishes=wishes)["disks"]
    assert first["why"] == f"{other} is the same disk: name it once"
    assert second["why"] == f"{NAME} is the same disk: name it once"
    with pytest.raises(LeeboardError, match="is the same disk"):
        spare.work("format", wishes=wishes, disk=NAME, key=KEY, key_id="K-1", iterations=1000)


@pytest.mark.parametrize(
    "more",
    [
        {"uuid": "../../etc/passwd"}, {"uuid": ""}, {"mount": "/srv/a b"}, {"mount": "srv"}, {"mount": "/srv/../etc"},
        {"mount": "/srv/data\n/dev/sda / ext4"}, {"label": "a b"}, {"stage": "again"}, {"label": "-O"},
    ],
)  # fmt: skip
def test_wishes_that_could_be_anything(more: dict[str, str]) -> None:
    with pytest.raises(ChangeRefused, match="makes no sense"):
        luks_format.Wish({**WISH, **more})


# Uses of a real device


@contextmanager
def looped(path: Path) -> Iterator[Path]:
    done = subprocess.run(["losetup", "--find", "--show", str(path)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"needs a loop device: {done.stderr.strip()}")
    device = done.stdout.strip()
    try:
        yield Path(device)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Spare]:
    """The machine, whose spare disk is a loop device."""
    (tmp_path / "behind.img").write_bytes(b"")
    os.truncate(tmp_path / "behind.img", SIZE)
    with looped(tmp_path / "behind.img") as device:
        number = device.stat().st_rdev
        yield Spare(tmp_path, device, **{"maj:min": f"{os.major(number)}:{os.minor(number)}"})


def test_an_empty_device_may_be_formatted(loop: Spare) -> None:
    assert surveyed(loop)["state"] == "format"


@pytest.mark.parametrize("way", ["mounted", "swap"])
def test_a_device_that_the_kernel_uses_is_refused(loop: Spare, way: str, tmp_path: Path) -> None:
    """udev knows of no signature, so that nothing but the kernel says it."""
    loop.more["fstype"] = None
    (tmp_path / "there").mkdir()
    if way == "mounted":
        start, end = ["mount", str(loop.path), str(tmp_path / "there")], ["umount", str(tmp_path / "there")]
        made("mkfs.ext4", "-q", "-F")(loop.path)
    else:
        start, end = ["swapon", str(loop.path)], ["swapoff", str(loop.path)]
        made("mkswap")(loop.path)
    if subprocess.run(start, capture_output=True).returncode != 0:
        pytest.skip(f"{start[0]} is not allowed here")
    try:
        refused(loop, "the kernel does not give it to us alone")
    finally:
        subprocess.run(end, check=True)


def test_a_device_that_a_program_has_open_to_write_is_refused(loop: Spare) -> None:
    """As a virtual machine has its disk: the kernel would give it to us all the same."""
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; f = open(sys.argv[1], 'r+b'); print(1, flush=True); time.sleep(60)",
         str(loop.path)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None and holder.stdout.readline()
        _with_processes(loop)
        refused(loop, f"(process {holder.pid}) has it open")
    finally:
        holder.kill()
        holder.wait()
    assert surveyed(loop)["state"] == "format"


def test_one_that_only_reads_it_keeps_nobody_away(loop: Spare) -> None:
    """smartd does, each half hour."""
    with loop.path.open("rb") as opened:
        reader = subprocess.Popen(["sleep", "60"], stdin=opened)
    try:
        _with_processes(loop)
        assert os.readlink(f"/proc/{reader.pid}/fd/0") == str(loop.path)
        assert surveyed(loop)["state"] == "format"
    finally:
        reader.kill()
        reader.wait()


def _with_processes(machine: Spare) -> None:
    """Let the machine have the processes of this one."""
    machine.file("/proc").mkdir(exist_ok=True)
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with suppress(FileExistsError):
                machine.file(f"/proc/{process.name}").symlink_to(process)


def test_a_disk_that_is_not_there_any_more_is_refused(spare: Spare) -> None:
    spare.more = {"path": str(spare.folder / "gone.img")}
    assert "the kernel does not give it to us alone" in surveyed(spare)["why"]
