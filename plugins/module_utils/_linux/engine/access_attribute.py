"""The access list (setfacl) of a file, as the bytes that the kernel keeps: read, put in its place, or taken away."""

from __future__ import annotations

import errno
import os

ATTRIBUTE = "system.posix_acl_access"


def content(handle: int | str) -> bytes:
    """What the kernel keeps of it; empty where there is none, or where its file system knows none. Raises OSError."""
    try:
        return os.getxattr(handle, ATTRIBUTE)
    except OSError as problem:
        if problem.errno in (errno.ENODATA, errno.ENOTSUP):
            return b""
        raise


def put(handle: int, entries: bytes) -> None:
    """Make it what the kernel once kept of it; the empty one is none. Raises OSError."""
    if entries:
        os.setxattr(handle, ATTRIBUTE, entries)
    elif content(handle):
        os.removexattr(handle, ATTRIBUTE)
