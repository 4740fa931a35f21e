"""The files that KDE's libraries put together for one person, read as that person could read them.

In KConfig's order, the weakest first: /etc/kde5rc, system.kdeglobals and kdeglobals of every folder, then the file
itself of every folder. What is no regular file, or closed to users, KConfig passes over.
"""

from __future__ import annotations

import errno
import os
import stat

from ..dconf.keyfiles import settle
from ..dconf.sources import closed_to_users
from ..engine.host import Host, HostError
from ..system.dconf_people import Someone, read_own
from .cascade import Source
from .ini import Parsed, parse

OLD_GLOBALS = "/etc/kde5rc"
SHARED = ("system.kdeglobals", "kdeglobals")
NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)


class Files:
    """The configuration files of a machine, each read and parsed once. `written` is what a change would make of some.

    `closed` holds a sentence about each file of the system that users cannot read.
    """

    def __init__(self, host: Host, written: dict[str, bytes] | None = None) -> None:
        self.host = host
        self.closed: dict[str, str] = {}
        self._written = written or {}
        self._parsed: dict[str, Parsed | None] = {}

    def sources(
        self, name: str, folders: list[str], someone: Someone | None = None, locked: bool = False
    ) -> list[Source]:
        """The cascade of the file `name` for somebody, or for a user without files of his own. Raises HostError.

        `locked` leaves out what somebody's own files of that name say: the system's are immutable.
        """
        weakest_first = folders[::-1]
        written = [f"{someone.home}/.config/{each}" for each in (name, "kdeglobals")] if someone else []
        shared = [OLD_GLOBALS] + [f"{folder}/{each}" for each in SHARED for folder in weakest_first]
        paths = [(path, True) for path in shared] + [(f"{folder}/{name}", False) for folder in weakest_first]
        if someone and locked:
            paths = [(path, for_all) for path, for_all in paths if for_all or not path.startswith(f"{someone.home}/")]
        sources = []
        for path, for_all in paths:
            parsed = self._parse(path, someone)
            if parsed is not None:
                sources.append(Source(path, parsed, for_all, default=path not in written))
        return sources

    def _parse(self, path: str, someone: Someone | None) -> Parsed | None:
        if path not in self._parsed:
            content = self._content(path, someone)
            self._parsed[path] = None if content is None else parse(content)
        return self._parsed[path]

    def _content(self, path: str, someone: Someone | None) -> bytes | None:
        if path in self._written:
            return self._written[path]
        if not self._is_regular(path):
            return None
        if someone and path.startswith(f"{someone.home}/"):
            try:
                return read_own(self.host, someone, path[len(someone.home) + 1 :])
            except FileNotFoundError:
                return None
        leads = settle(self.host, path)
        closed = closed_to_users(self.host, path) or (closed_to_users(self.host, leads) if leads != path else "")
        if closed:
            self.closed[path] = closed
            return None
        try:
            return self.host.read(leads)
        except FileNotFoundError:
            return None

    def _is_regular(self, path: str) -> bool:
        try:
            return stat.S_ISREG(os.stat(self.host.path(path)).st_mode)
        except PermissionError:
            code = "denied" if self.host.is_root else "needs_root"
            raise HostError(code, f"{path} may not be looked at") from None
        except OSError as problem:
            if problem.errno in NOT_THERE:
                return False
            raise HostError("failed", f"{path}: {problem.strerror}") from None


def changeable(host: Host, path: str) -> str:
    """Who besides root may change the file `path`, or what it leads to, in words, or "". Raises HostError."""
    leads = settle(host, path)
    for part in dict.fromkeys((leads, os.path.dirname(leads), os.path.dirname(path))):
        try:
            status = host.stat(part)
        except FileNotFoundError:
            continue
        if status.st_uid != 0:
            return f"{part} belongs to somebody else than root"
        if status.st_mode & 0o002 or (status.st_mode & 0o020 and status.st_gid != 0):
            return f"{part} is mode {stat.S_IMODE(status.st_mode):04o}, so others than root may change it"
    return ""
