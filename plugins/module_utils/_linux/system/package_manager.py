"""Where dpkg keeps what it knows, and whether it is at work at this moment."""

from __future__ import annotations

import os

from ..engine.host import Host, HostError
from ..engine.reading import Aspect, value
from ..engine.safe_read import number

DPKG = "/var/lib/dpkg"
INFO = f"{DPKG}/info"


def package_upgrade(host: Host) -> Aspect:
    """True while apt or dpkg holds its lock (seen in /proc/locks, nothing is locked by us) or broke off half-way."""
    if host.entries(f"{DPKG}/updates"):
        return value(True, f"{DPKG}/updates", "bool")
    held = None
    for path in (f"{DPKG}/lock-frontend", f"{DPKG}/lock"):
        try:
            lock = host.stat(path)
        except FileNotFoundError:
            continue
        if held is None:
            held = _held(host)
        if any(inode == lock.st_ino and _same_device(device, lock.st_dev) for device, inode in held):
            return value(True, path, "bool")
    return value(False, DPKG, "bool")


def _held(host: Host) -> list[tuple[str, int]]:
    """(device, inode) of every lock in /proc/locks: "1: POSIX  ADVISORY  WRITE 1234 fd:01:393217 0 EOF"."""
    try:
        text = host.text("/proc/locks")
    except FileNotFoundError:
        raise HostError(
            "failed", "/proc/locks is missing, so it is not known whether packages are being upgraded"
        ) from None
    locks = []
    for line in text.split("\n"):
        words = line.split()
        place = words[5].split(":") if len(words) > 5 and words[1] != "->" else []
        inode = number(place[2]) if len(place) == 3 else None
        if inode is not None:
            locks.append((f"{place[0]}:{place[1]}".lower(), inode))
    return locks


def _same_device(numbers: str, device: int) -> bool:
    # On btrfs and overlay file systems stat shows a device of its own (major 0): there the inode alone decides.
    return os.major(device) == 0 or numbers == f"{os.major(device):02x}:{os.minor(device):02x}"
