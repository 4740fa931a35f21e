"""Whether this process sees the machine's own files: it may have mounts of its own (mount_namespaces(7)).

A hardened unit has, and shows the same files (device and inode) all the same; ProtectHome hides people's homes, and
somebody's own mounts show what he likes.
"""

from __future__ import annotations

import os

from ..engine.host import Host

OWN, MACHINE = "/proc/self/ns/mnt", "/proc/1/ns/mnt"
SEEN_BY_1 = "/proc/1/root"


def apart(host: Host) -> bool:
    """Whether this process has other mounts than process 1; one that may not look (no CAP_SYS_PTRACE) has not."""
    try:
        return os.readlink(host.path(OWN)) != os.readlink(host.path(MACHINE))
    except OSError:
        return False


def another(host: Host, path: str) -> bool:
    """Whether process 1 sees another file than this process at a path without links; False where that is not told."""
    here, there = _inode(host, path), _inode(host, f"{SEEN_BY_1}{path}")
    return there is not None and here != there


def _inode(host: Host, path: str) -> tuple[int, ...] | None:
    """(device, number) of a file, () for none, None where it may not be looked at."""
    try:
        status = os.stat(host.path(path))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError:
        return None
    return status.st_dev, status.st_ino
