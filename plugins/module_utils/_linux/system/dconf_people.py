"""The people of this machine and what lies in their homes, read so that nobody can make root read something else.

A home belongs to its user, who may put links, pipes and garbage into it. A file is opened by handle first (O_PATH,
which touches nothing), looked at, and read only when it is a regular file that is the user's own, or root's and really
inside the home.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from ..engine.host import READ_LIMIT, Host, HostError
from . import mount_namespace
from .dconf_gvdb import Gvdb, Malformed

FIRST_UID = 1000
NOBODY = 65534
MOST_HOMES = 10000  # in one folder; beyond this it is no longer a folder of homes, and nobody is told to be well


class Someone(NamedTuple):
    name: str
    uid: int
    home: str


def passwd(host: Host) -> list[tuple[str, int, int, str]]:
    """(name, uid, gid, home) of /etc/passwd. Raises HostError."""
    accounts = []
    try:
        text = host.text("/etc/passwd")
    except FileNotFoundError:
        raise HostError("failed", "there is no /etc/passwd") from None
    for line in text.split("\n"):
        parts = line.split(":")
        if len(parts) == 7 and parts[2].isdigit() and parts[3].isdigit():
            accounts.append((parts[0], int(parts[2]), int(parts[3]), parts[5]))
    if not accounts:
        raise HostError("malformed", "/etc/passwd holds no account")
    return accounts


def everyone(host: Host) -> list[Someone]:
    """Ordinary users with a home on this machine: those of /etc/passwd, and owners of folders below /home.

    Pupils of a directory service are in no passwd file; their homes show them. A home of /etc/passwd that refuses us is
    among them, and reading it says so. Raises HostError where it cannot be told whose a folder is.
    """
    above = host.real("/home")
    if mount_namespace.apart(host) and mount_namespace.another(host, above):
        raise HostError("denied", f"this visit does not see the machine's {above}: its unit hides it (ProtectHome)")
    by_home: dict[str, Someone] = {}
    for name, uid, _gid, home in passwd(host):
        if FIRST_UID <= uid != NOBODY and home.startswith("/") and _there(host, home):
            by_home[home.rstrip("/")] = Someone(name, uid, home.rstrip("/"))
    for folder in _folders(host, "/home"):
        if folder in by_home:
            continue
        homes = [(folder, _owner(host, folder))]
        if homes[0][1] == 0:  # nobody's home: homes may lie one level deeper (/home/DOMAIN/user)
            homes += [(home, _owner(host, home)) for home in _folders(host, folder) if home not in by_home]
        for home, owner in homes:
            if owner is not None and FIRST_UID <= owner != NOBODY and not _second_name(host, home, by_home):
                by_home[home] = Someone(os.path.basename(home), owner, home)
    return sorted(by_home.values())


def _there(host: Host, home: str) -> bool:
    """Whether somebody has a home on this machine, one that refuses to be looked at included."""
    try:
        return host.exists(home)
    except HostError:
        return True


def _folders(host: Host, above: str) -> list[str]:
    """All names in a folder of homes, as paths. Raises HostError, also for more than anybody looks at."""
    names = host.entries(above)
    if len(names) > MOST_HOMES:
        raise HostError("too_large", f"{above} holds more than {MOST_HOMES} names")
    return [f"{above}/{name}" for name in names if name != "lost+found"]


def _owner(host: Host, path: str) -> int | None:
    """The uid of a folder, of that behind a link too; None for what is no folder, or not there. Raises HostError."""
    try:
        status = host.stat(path)
    except FileNotFoundError:
        return None
    return status.st_uid if stat.S_ISDIR(status.st_mode) else None


def _second_name(host: Host, home: str, by_home: dict[str, Someone]) -> bool:
    """Whether a link leads to a home that is found by its own name. Raises HostError."""
    leads = host.link(home)
    return leads is not None and (leads in by_home or os.path.dirname(leads) == "/home")


def read_own(host: Host, someone: Someone, name: str) -> bytes:
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
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise HostError("malformed", f"{path} is not a regular file")
        if status.st_size > READ_LIMIT:
            raise HostError("too_large", f"{path} is larger than {READ_LIMIT} bytes")
        really = os.readlink(f"/proc/self/fd/{handle}")
        inside = really.startswith(os.path.realpath(host.path(someone.home)) + "/")
        if status.st_uid != someone.uid and not (status.st_uid == 0 and inside):
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


def own_database(host: Host, someone: Someone, name: str) -> Gvdb | None:
    """Somebody's dconf database, or None where there is none or dconf ignores it as garbage. Raises HostError."""
    try:
        return Gvdb(read_own(host, someone, f".config/dconf/{name}"))
    except (FileNotFoundError, Malformed):
        return None
