"""Whether apt or dpkg is changing packages on this machine, and waiting until it has done so.

While programs are being replaced, a missing one says nothing, so that nearly every control would be an error.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

LOCKS = ("var/lib/dpkg/lock-frontend", "var/lib/dpkg/lock")
PATIENCE = 30.0  # seconds
PAUSE = 1.0  # seconds between two looks


def lock_owner(root: Path = Path("/")) -> str:
    """Which process holds a lock of apt or dpkg, as "apt (process 4711)"; empty for none, or where nothing tells."""
    try:
        rows = [line.split() for line in (root / "proc/locks").read_text().splitlines()]
    except OSError:
        return ""
    # "1: POSIX  ADVISORY  WRITE 1234 fd:01:393217 0 EOF"; a row with -> waits for the lock.
    held = {row[5].lower(): row[4] for row in rows if len(row) > 5 and row[1] != "->"}
    for lock in LOCKS:
        try:
            status = (root / lock).stat()
        except OSError:
            continue
        inode, device = str(status.st_ino), status.st_dev
        for place, process in held.items():
            # On btrfs and overlay file systems stat shows a device of its own (major 0): there the inode alone decides.
            same = os.major(device) == 0 or place.startswith(f"{os.major(device):02x}:{os.minor(device):02x}:")
            if same and place.rpartition(":")[2] == inode:
                return f"{_name(root, process)} (process {process})"
    return ""


def wait(report: Callable[[str], None], look: Callable[[], str] = lock_owner, patience: float = PATIENCE) -> str:
    """Wait for the end of the change for `patience` seconds, and say so once; who still holds the lock, or empty."""
    end = time.monotonic() + patience
    owner = look()
    if owner:
        report(f"Packages are being changed by {owner}; waiting for {patience:.0f} seconds at most")
    while owner and time.monotonic() < end:
        time.sleep(PAUSE)
        owner = look()
    return owner


def _name(root: Path, process: str) -> str:
    """The name of a process; "apt or dpkg" for one that is not plain."""
    try:
        name = (root / "proc" / process / "comm").read_text().strip()
    except (OSError, ValueError):
        name = ""
    return name if name.isascii() and name.isprintable() and name else "apt or dpkg"
