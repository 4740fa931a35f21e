"""Is a disk that somebody named empty, and part of nothing? Each answer is looked for at this moment; nothing changes.

    check_empty(host, names, name, begun) -> Disk          raises ChangeRefused with one line, or HostError

An empty disk has no signature that libblkid knows, and reads as zeros in its first and last 16 MiB and in 4096 places
between, one in each equal stretch. What lies there in pieces that are shorter than two such stretches and have no
signature may be missed: reading a large disk whole would take a day of lessons. `begun` is the LUKS UUID under which a
run of ours began on this disk and was cut off: its header area then counts as empty, and only that.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import stat
from typing import Any

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from ..engine.safe_read import text_or_nothing
from ..system.block_devices import Device, backing_file, disks, removable
from ..system.mounts import crypttab
from .layout import Layout

NAME = re.compile(r"\A/dev/disk/by-id/[A-Za-z0-9#+:=@_-][A-Za-z0-9#+.:=@_-]{0,199}\Z")
LUKS = "crypto_LUKS"
HEADER = 16 * 1024 * 1024  # bytes before the data of a volume that we make
EDGE = 16 * 1024 * 1024
PLACES, PLACE = 4096, 4096  # how many between, and bytes of each
LEAST = 1024 * 1024 * 1024  # bytes; what is smaller is firmware's, or a management controller's
COLUMNS = "KNAME,TYPE,SERIAL,WWN,SIZE,RO,TRAN"
# Others may reach such a disk at the same time, and keep theirs on it.
SHARED = ("iscsi", "fc", "fcoe")
SHARED_NAMES = ("nbd", "rbd", "drbd")
WRITING = os.O_WRONLY | os.O_RDWR
ZEROS = bytes(1024 * 1024)
PATIENCE = 60  # seconds of wipefs


class Disk:
    """One whole disk that may be formatted: its device, its size in bytes, and how a person knows it."""

    def __init__(self, device: Device, size: int) -> None:
        self.device = device
        self.path = device.path
        self.size = size
        self.description = f"/dev/{device.kname}, {size // 10**9} GB"


def device_by_id(host: Host, layout: Layout, name: str) -> Device:
    """The device that a name leads to. Raises ChangeRefused."""
    if not NAME.match(name):
        raise ChangeRefused("it is not named by a name of its own below /dev/disk/by-id")
    leads = host.link(name)
    if leads is None:
        raise ChangeRefused("the machine has no disk of this name")
    device = next((one for one in layout.devices.values() if leads in (one.path, f"/dev/{one.kname}")), None)
    if device is None:
        raise ChangeRefused(f"it leads to {leads}, which is no disk of this machine")
    return device


def check_empty(host: Host, names: list[str], name: str, begun: str = "") -> Disk:
    """The disk that `name` leads to, if it is empty and part of nothing. `names` are all that are to be formatted."""
    layout = Layout(host)
    device = device_by_id(host, layout, name)
    for other in names:
        if other != name and host.link(other) in (device.path, f"/dev/{device.kname}"):
            raise ChangeRefused(f"{other} is the same disk: name it once")
    size = _whole(host, layout, device, begun)
    _unused(host, layout, device, begun)
    _not_open(host, device)
    _signatures(host, device, begun)
    if zeros(host, device, HEADER if begun else 0) != size:
        raise HostError("malformed", f"{device.path} is not as large as lsblk says")
    return Disk(device, size)


def _whole(host: Host, layout: Layout, device: Device, begun: str) -> int:
    """The size of a whole fixed disk that nothing lies on. Raises ChangeRefused."""
    if device.kind != "disk" or device.parents:
        raise ChangeRefused(f"it leads to {device.name}, which is no whole disk ({device.kind or 'of unknown kind'})")
    properties = _disk_properties(host)
    own = properties.get(device.kname, {})
    if removable(device):
        raise ChangeRefused("it can be pulled out: only disks that stay in the machine are formatted")
    if str(own.get("tran")) in SHARED or device.kname.startswith(SHARED_NAMES) or _over_network(host, device):
        raise ChangeRefused("it is reached over a network, so that other machines may use it")
    for kname, other in properties.items():
        if kname != device.kname and _twins(own, other):
            raise ChangeRefused(f"/dev/{kname} says that it is the same disk: two ways to one disk, or a copy of it")
    if device.children:
        shown = ", ".join(f"{child.name} ({child.kind})" for child in device.children[:4])
        raise ChangeRefused(f"it has something on it already: {shown}")
    if device.fstype and not (begun and device.fstype == LUKS and device.uuid == begun):
        raise ChangeRefused(f"it is not empty: it holds {device.fstype}")
    try:
        size = int(own["size"])
    except (KeyError, TypeError, ValueError):
        raise HostError("malformed", f"lsblk does not say how large {device.path} is") from None
    if own.get("ro") not in (False, "0"):
        raise ChangeRefused("it is read-only")
    if size < LEAST:
        raise ChangeRefused(f"it has {size // 10**6} MB, and what is smaller than 1 GiB is no disk for data")
    return size


def _disk_properties(host: Host) -> dict[str, dict[str, Any]]:
    """{kernel name: what lsblk says of it} of all whole disks. Raises HostError."""
    done = host.query(["lsblk", "--json", "--bytes", "--nodeps", "--output", COLUMNS])
    try:
        if done.rc != 0:
            raise ValueError
        return {str(one["kname"]): one for one in json.loads(done.out)["blockdevices"] if one.get("type") == "disk"}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HostError("malformed", f"lsblk does not say what disks there are: {done.err.strip()[-200:]}") from None


def _twins(disk: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two disks say that they are one: name spaces of one NVMe drive share a serial, and differ in the WWN."""
    if disk.get("wwn") and other.get("wwn"):
        return bool(disk["wwn"] == other["wwn"])
    return bool(disk.get("serial")) and disk["serial"] == other.get("serial")


def _over_network(host: Host, device: Device) -> bool:
    """Whether an NVMe drive is one of another machine."""
    transport = text_or_nothing(host, f"/sys/class/block/{device.kname}/device/transport") or ""
    return transport.strip() not in ("", "pcie")


def _unused(host: Host, layout: Layout, device: Device, begun: str) -> None:
    """Raises ChangeRefused where the machine uses the disk, or is told to at its next start."""
    for volume in layout.volumes.values():
        if volume.device is None or device not in disks(volume.device):
            continue
        ours = begun and volume.kind == "luks" and volume.device is device and not volume.mounts
        if not ours:
            used = ", ".join(volume.mounts[:4]) or ("swap" if "swap" in volume.roles else volume.name)
            raise ChangeRefused(f"it is in use, or /etc/fstab says so: {used}")
    for line in crypttab(host):
        if layout.resolved(line.source) is device:
            raise ChangeRefused(f"/etc/crypttab has a line for it: {line.name}")
    holders = host.entries(f"/sys/class/block/{device.kname}/holders")
    if holders:
        raise ChangeRefused(f"it is held by {', '.join(holders[:4])}")
    for other in layout.devices.values():
        if backing_file(host, other) in (device.path, f"/dev/{device.kname}"):
            raise ChangeRefused(f"it is held by {other.name}")


def _not_open(host: Host, device: Device) -> None:
    """Raises ChangeRefused where a program or the kernel has the disk open so that it may write."""
    # A virtual machine has its disk open like any program, and claims nothing from the kernel.
    for process in host.entries("/proc"):
        if process.isdigit() and int(process) != os.getpid() and _has_open(host, device, process):
            name = (text_or_nothing(host, f"/proc/{process}/comm") or "").strip()[:40]
            raise ChangeRefused(f"the program {name} (process {process}) has it open")
    try:
        # The kernel refuses this to all but one: for what is mounted, swapped to, or part of RAID, LVM or multipath.
        os.close(os.open(device.path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as problem:
        raise ChangeRefused(f"the kernel does not give it to us alone ({problem.strerror}): it is in use") from None


def _has_open(host: Host, device: Device, process: str) -> bool:
    """Whether a process has the disk open so that it may write to it."""
    with contextlib.suppress(HostError):  # it has ended
        for handle in host.entries(f"/proc/{process}/fd"):
            path = f"/proc/{process}/fd/{handle}"
            with contextlib.suppress(OSError):
                # Nothing else is looked at: a file of a server that is away would keep us waiting.
                if not os.readlink(host.path(path)).startswith("/dev/"):
                    continue
                status = os.stat(host.path(path))
                number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
                if stat.S_ISBLK(status.st_mode) and number == device.number and _writes(host, process, handle):
                    return True
    return False


def _writes(host: Host, process: str, handle: str) -> bool:
    """Whether an open file may be written to, as /proc says; what it does not say counts as yes."""
    for line in (text_or_nothing(host, f"/proc/{process}/fdinfo/{handle}") or "").split("\n"):
        name, _colon, flags = line.partition(":")
        if name == "flags":
            return bool(int(flags, 8) & WRITING)
    return True


def _signatures(host: Host, device: Device, begun: str) -> None:
    """Raises ChangeRefused where the disk has a signature, other than that of the header which a run of ours left."""
    done = host.query(["wipefs", "--no-act", "--noheadings", "--output", "TYPE,UUID", device.path], timeout=PATIENCE)
    if done.rc != 0:
        raise HostError("failed", f"wipefs ended with status {done.rc}: {done.err.strip()[-200:]}")
    signatures = [line.split() for line in done.out.split("\n") if line.strip()]
    strangers = sorted({signature[0] for signature in signatures if not (begun and signature == [LUKS, begun])})
    if strangers:
        raise ChangeRefused(f"it is not empty: it holds {', '.join(strangers)[:100]}")


def zeros(host: Host, device: Device, begins: int) -> int:
    """The size in bytes of a disk that has only zeros from `begins` on, as far as is looked. Raises ChangeRefused."""
    try:
        handle = os.open(device.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # What another process left of it in memory is not asked: a disk is what it says itself.
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_RANDOM)  # and nothing is read ahead of what is asked for
            size = os.lseek(handle, 0, os.SEEK_END)
            for offset, length in spans(size, begins):
                if os.pread(handle, length, offset) != ZEROS[:length]:
                    raise ChangeRefused(
                        f"it is not empty: there is something at byte {offset}, though nothing says what. If nobody "
                        f"needs it, overwrite the disk with zeros (blkdiscard --zeroout /dev/{device.kname})"
                    )
        finally:
            os.close(handle)
    except OSError as problem:
        raise HostError("failed", f"{device.path} cannot be read: {problem.strerror}") from None
    return size


def spans(size: int, begins: int) -> list[tuple[int, int]]:
    """Where a disk of `size` bytes is looked at, from `begins` on: offset and length in bytes."""
    chunk = len(ZEROS)
    edges = [*range(begins, begins + EDGE, chunk), *range(size - EDGE, size, chunk)]
    stretch = size // PLACES
    between = [
        place * stretch + random.SystemRandom().randrange((stretch - PLACE) // PLACE) * PLACE for place in range(PLACES)
    ]
    return [(edge, chunk) for edge in edges] + [(one, PLACE) for one in between if one >= begins]


def wait_for_udev(host: Host) -> None:
    """Wait until the machine's own list of disks has what was done to one, where it has such a list."""
    with contextlib.suppress(HostError):
        host.act(["udevadm", "settle", "--timeout=30"])
    host.forget()
