"""An overlay over a host: the machine as it will be once the edits of a dry run are made.

A driver reads an `OverlayHost` with the very code that reads the machine. So a dry run can judge the outcome before
anything is written, and refuses what would not have the wanted effect.
"""

from __future__ import annotations

import os

from .edits import ChangeRefused, Confirm, DryRun, FileEdit, Owner
from .host import Completed, Host


class OverlayHost:
    """`host` with edits on top. `put` and `remove` add edits; the reading methods are those of `Host`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._edits: dict[str, FileEdit] = {}
        self.is_root = host.is_root

    # Changing

    def put(self, path: str, text: str, mode: int | None = None, owner: Owner | None = None) -> None:
        """Plan `text` as the content of the file `path`. Raises ChangeRefused, HostError."""
        self.put_bytes(path, encode(text), mode, owner)

    def put_bytes(self, path: str, content: bytes, mode: int | None = None, owner: Owner | None = None) -> None:
        """Plan bytes as the content of a file; a link inside /etc is followed, any other link is refused."""
        target = editable(self._host, path)
        before = self._edits[target].before if target in self._edits else self._before(target)
        self._edits[target] = FileEdit(target, before, content, mode, owner)

    def remove(self, path: str) -> None:
        """Plan the removal of a regular file. A link is refused: the journal could not bring it back."""
        leads = self._host.link(path)
        if leads is not None:
            raise ChangeRefused(f"{path} is a symbolic link to {leads}; take it away by hand and repeat the roll-out")
        self._edits[path] = FileEdit(path, self._before(path), None)

    def result(self, commands: list[list[str]] | None = None, confirm: Confirm | None = None) -> DryRun:
        """The result of a dry run: edits in the order of paths; those that change nothing are for `apply` to drop."""
        return DryRun([self._edits[path] for path in sorted(self._edits)], commands, confirm)

    def changes_something(self) -> bool:
        """True when an edit differs from what is there in its content."""
        return any(edit.before != edit.after for edit in self._edits.values())

    def _before(self, path: str) -> bytes | None:
        try:
            return self._host.read(path)
        except FileNotFoundError:
            return None

    # Reading

    def read(self, name: str) -> bytes:
        """The bytes as they will be."""
        edit = self._edits.get(self._host.link(name) or name)
        if edit is None:
            return self._host.read(name)
        if edit.after is None:
            raise FileNotFoundError(name)
        return edit.after

    def text(self, name: str) -> str:
        """The text as it will be."""
        return self.read(name).decode("utf-8", "backslashreplace")

    def original_text(self, path: str) -> str:
        """A file's text for editing in place. Raises ChangeRefused when it is no UTF-8: an edit would change it."""
        try:
            return self.read(path).decode("utf-8")
        except UnicodeDecodeError:
            raise ChangeRefused(f"{path} is not UTF-8 text; edit it by hand and repeat the roll-out") from None

    def exists(self, name: str) -> bool:
        """True when it will be there."""
        edit = self._edits.get(name)
        return self._host.exists(name) if edit is None else edit.after is not None

    def entries(self, name: str) -> list[str]:
        """The sorted names that will be in a folder."""
        names = set(self._host.entries(name))
        for path, edit in self._edits.items():
            folder, _dummy, entry = path.rpartition("/")
            if folder == name:
                names.discard(entry)
                if edit.after is not None:
                    names.add(entry)
        return sorted(names)

    def link(self, name: str) -> str | None:
        """Where a link leads; a file of the overlay is none."""
        return None if name in self._edits else self._host.link(name)

    def real(self, name: str) -> str:
        """The path without links, as it is now."""
        return self._host.real(name)

    def stat(self, name: str) -> os.stat_result:
        """The status as it is now."""
        return self._host.stat(name)

    def megabytes(self, name: str) -> int:
        """The size of a file system, which no edit changes."""
        return self._host.megabytes(name)

    def query(self, argv: list[str]) -> Completed:
        """Ask the machine as it is: only for what no file edit changes, such as the version of a program."""
        return self._host.query(argv)

    def executable(self, name: str) -> bool:
        """True when somebody may run the file as it will be."""
        edit = self._edits.get(self._host.link(name) or name)
        return self._host.executable(name) if edit is None or edit.mode is None else bool(edit.mode & 0o111)


def editable(host: Host, path: str) -> str:
    """The file that a change of `path` is made to. Raises ChangeRefused for a link that leads out of /etc."""
    leads = host.link(path)
    if leads is None:
        return path
    if leads.startswith("/etc/") and host.exists(leads):
        return leads
    raise ChangeRefused(
        f"{path} is a symbolic link to {leads}, which belongs to something else; "
        "put a regular file in its place and repeat the roll-out"
    )


def encode(text: str) -> bytes:
    """Text as bytes for a file. Raises ChangeRefused for what no file of ours may hold."""
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError:
        raise ChangeRefused("the wanted text holds characters that are no text") from None
    if b"\0" in content:
        raise ChangeRefused("the wanted text holds a null byte")
    return content
