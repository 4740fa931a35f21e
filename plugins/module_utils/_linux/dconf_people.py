"""The people of this machine and what lies in their homes, read so that nobody can make root read something else.

A home belongs to its user, who may put links, pipes and garbage into it. A file is opened by handle first (O_PATH,
which touches nothing), looked at, and read only when it is a regular file that is the user's own, or root's and really
inside the home.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from .dconf_gvdb import Gvdb, Malformed
from .host import READ_LIMIT, HostError

FIRST_UID = 1000
NOBODY = 65534
MOST_HOMES = 2000  # beyond this the folder of homes is no longer a folder of homes


class Someone(NamedTuple):
    name: str
    uid: int
    home: str


def passwd(host) -> list:
    """(name, uid, gid, home) of /etc/passwd. Raises HostError."""
    found = []
    try:
        text = host.text("/etc/passwd")
    except FileNotFoundError:
        raise HostError("failed", "there is no /etc/passwd") from None
    for line in text.split("\n"):
        parts = line.split(":")
        if len(parts) == 7 and parts[2].isdigit() and parts[3].isdigit():
            found.append((parts[0], int(parts[2]), int(parts[3]), parts[5]))
    if not found:
        raise HostError("malformed", "/etc/passwd holds no account")
    return found


def everyone(host) -> list:
    """Ordinary users with a home on this machine: those of /etc/passwd, and owners of folders below /home.

    Pupils of a directory service are in no passwd file; their homes show them.
    """
    found = {}
    for name, uid, _gid, home in passwd(host):
        if FIRST_UID <= uid != NOBODY and home.startswith("/") and host.exists(home):
            found[home.rstrip("/")] = Someone(name, uid, home.rstrip("/"))
    folders = [f"/home/{name}" for name in host.entries("/home")][:MOST_HOMES]
    for folder in folders:
        for home in [folder, *_below(host, folder)]:
            uid = _owner(host, home)
            if home not in found and uid is not None and FIRST_UID <= uid != NOBODY:
                found[home] = Someone(os.path.basename(home), uid, home)
    return sorted(found.values())


def _below(host, folder: str) -> list:
    """Homes one level deeper (/home/DOMAIN/user): only where the folder itself is nobody's home."""
    if _owner(host, folder) != 0:
        return []
    try:
        return [f"{folder}/{name}" for name in host.entries(folder)][:MOST_HOMES]
    except HostError:
        return []


def _owner(host, path: str):
    try:
        found = os.lstat(host.path(path))
    except OSError:
        return None
    return found.st_uid if stat.S_ISDIR(found.st_mode) else None


def read_own(host, someone: Someone, name: str) -> bytes:
    """The bytes of a file in somebody's home. Raises FileNotFoundError, or HostError where it must not be trusted."""
    path = f"{someone.home}/{name}"
    try:
        handle = os.open(host.path(path), os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except PermissionError:
        code = "denied" if host.is_root else "needs_root"
        raise HostError(code, f"{path} may not be read by this account") from None
    except OSError as problem:
        raise HostError("failed", f"{path}: {problem.strerror}") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise HostError("malformed", f"{path} is not a regular file")
        if found.st_size > READ_LIMIT:
            raise HostError("too_large", f"{path} is larger than {READ_LIMIT} bytes")
        really = os.readlink(f"/proc/self/fd/{handle}")
        inside = really.startswith(os.path.realpath(host.path(someone.home)) + "/")
        if found.st_uid != someone.uid and not (found.st_uid == 0 and inside):
            raise HostError("malformed", f"{path} is a link to, or belongs to, somebody else")
        with open(f"/proc/self/fd/{handle}", "rb") as stream:
            return stream.read(READ_LIMIT + 1)[:READ_LIMIT]
    except PermissionError:
        code = "denied" if host.is_root else "needs_root"
        raise HostError(code, f"{path} may not be read by this account") from None
    except OSError as problem:
        raise HostError("failed", f"{path}: {problem.strerror}") from None
    finally:
        os.close(handle)


def own_database(host, someone: Someone, name: str):
    """Somebody's dconf database, or None where there is none or dconf ignores it as garbage. Raises HostError."""
    try:
        return Gvdb(read_own(host, someone, f".config/dconf/{name}"))
    except (FileNotFoundError, Malformed):
        return None
