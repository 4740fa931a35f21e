"""What a run left of each file, and what it takes to put back what was there before. Decides only; writes nothing.

A run may have written a file more than once, and may have been killed between the journal and the file. So all states
that the run recorded are its own; what somebody else wrote in the middle of the run begins the history anew.
"""

from __future__ import annotations

import os
import stat
import time

from ..engine import access_attribute
from ..engine.edits import Edit, FileEdit, PermissionEdit, Permissions
from ..engine.host import READ_LIMIT, Host
from ..engine.journal_read import UNTOUCHED, Entry, Record, digest


class Now:
    """A path as it is: `kind` is absent, file, folder or other (a link, a pipe).

    Of a file also its `content`, bytes, and when it was `written`, in seconds since 1970. `access_list` is what the
    kernel keeps of one, empty for none.
    """

    def __init__(
        self,
        kind: str,
        permissions: Permissions | None = None,
        content: bytes | None = None,
        written: float = 0,
        access_list: bytes = b"",
    ) -> None:
        self.kind = kind
        self.permissions = permissions
        self.content = content
        self.digest = digest(content)
        self.written = written
        self.access_list = access_list


def current_state(host: Host, path: str) -> Now:
    """The path itself, no link followed. Raises OSError."""
    try:
        handle = os.open(host.path(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return Now("absent")
    except OSError:
        if os.path.lexists(host.path(path)):
            return Now("other")
        raise
    try:
        status = os.fstat(handle)
        permissions = (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
        access_list = access_attribute.content(handle)
        if stat.S_ISDIR(status.st_mode):
            return Now("folder", permissions, access_list=access_list)
        if not stat.S_ISREG(status.st_mode):
            return Now("other")
        with open(handle, "rb", closefd=False) as stream:
            return Now("file", permissions, stream.read(READ_LIMIT + 1), status.st_mtime, access_list)
    finally:
        os.close(handle)


class History:
    """One path through one run, oldest record first."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.foreign = False  # somebody else wrote in the middle of the run
        self.drivers: list[str] = []
        self.addresses: list[str] = []
        self._begin()

    def _begin(self) -> None:
        self._started = False
        self.touched = False  # whether the content was changed, and not only owner and mode
        self.content: bytes | None = None  # what is put back, None for absence
        self.permissions: Permissions | None = None
        self._contents: set[str | None] = set()
        self._permitted: set[Permissions | None] = set()
        self._any_permissions = False
        self.access_list: bytes | None = None  # what is put back, None where the run left it alone
        self._lists: set[bytes] = set()

    def add(self, entry: Entry, record: Record) -> None:
        """Take up what the next line says of this path."""
        if self._started and not self._continues(record):
            self.foreign = True
            self._begin()
        if not self._started:
            self._started = True
            self.permissions = record.permissions
            self._permitted.add(record.permissions)
        if record.after != UNTOUCHED:
            if not self.touched:
                self.touched, self.content = True, record.content
            self._contents |= {record.before, record.after}
        if record.lists:
            self.access_list = record.lists[0] if self.access_list is None else self.access_list
            self._lists |= {*record.lists}
        if record.left is not None:
            self._permitted.add(record.left)
        elif record.after is not None:
            self._any_permissions = True  # the journal does not say which mode a written file got
        self.drivers = [*self.drivers, *({entry.driver} - set(self.drivers))]
        self.addresses += [address for address in entry.addresses if address not in self.addresses]

    def _continues(self, record: Record) -> bool:
        content = record.before == UNTOUCHED or not self._contents or record.before in self._contents
        absent = record.permissions is None
        return content and (absent or self._any_permissions or record.permissions in self._permitted)

    def is_before(self, now: Now) -> bool:
        """True when the path is as it was before the run."""
        if self.touched and self.content is None:
            return now.kind == "absent"
        content = not self.touched or (now.kind == "file" and now.digest == digest(self.content))
        return content and now.permissions == self.permissions and self.access_list in (None, now.access_list)

    def differs(self, now: Now) -> str:
        """What somebody else changed since, in words; an empty text when all is as the run left it."""
        if now.kind == "other":
            return "a link or something else that is no file has taken its place"
        if not self.touched:
            if now.kind == "absent":
                return "it is gone"
        elif now.kind == "folder":
            return "a folder has taken its place"
        elif now.digest not in self._contents:
            if now.kind == "absent":
                return "it was removed"
            when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now.written))
            owner = now.permissions[1] if now.permissions else "unknown"
            return f"its content is another one, written {when}, and it belongs to uid {owner}"
        if now.permissions and not self._any_permissions and now.permissions not in self._permitted:
            return "its owner or mode is another one ({:04o}, {}:{})".format(*now.permissions)
        if self.access_list is not None and now.access_list not in self._lists:
            return "its access list (setfacl) is another one"
        return ""

    def edit(self, now: Now) -> Edit:
        """What puts the path back. The caller has seen that it is not as before and that nobody changed it."""
        same = not self.touched or (self.content is not None and now.digest == digest(self.content))
        if same:
            # It is there, and was before.
            lists = None if self.access_list is None else (now.access_list, self.access_list)
            return PermissionEdit(self.path, now.permissions, self.permissions, lists)  # type: ignore[arg-type]
        if self.permissions is None:
            return FileEdit(self.path, now.content, self.content)
        mode, uid, gid = self.permissions
        return FileEdit(self.path, now.content, self.content, mode, (uid, gid))

    def state_before(self) -> str:
        """What was there before, in a few words."""
        if self.permissions is None or (self.touched and self.content is None):
            return "absent"
        permissions = "mode {:04o}, owner {}:{}".format(*self.permissions)
        permissions += ", with an access list" if self.access_list else ""
        return permissions if self.content is None else f"{len(self.content)} bytes, {permissions}"


def histories(entries: list[Entry]) -> list[History]:
    """A History of each path, the one that was changed last first."""
    by_path: dict[str, History] = {}
    for entry in entries:
        for record in entry.records:
            history = by_path.pop(record.path, None) or History(record.path)
            history.add(entry, record)
            by_path[record.path] = history  # moves to the end
    return list(by_path.values())[::-1]


def written_by(others: dict[str, list[Entry]], path: str, now: Now) -> str:
    """The newest other run that left the path as it is now, or an empty text."""
    for run, entries in others.items():
        for entry in entries:
            for record in entry.records:
                if record.path == path and record.after != UNTOUCHED and record.after == now.digest:
                    return run
    return ""
