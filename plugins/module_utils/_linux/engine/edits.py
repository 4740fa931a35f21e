"""The result of a dry run: edits of files (new content, or only another owner and mode) and commands, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Union

from .reading import Readings

Change = dict[str, Any]
Owner = tuple[int, int]  # uid, gid
Permissions = tuple[int, int, int]  # mode, uid, gid
Confirm = Callable[[Readings], str]


class ChangeRefused(Exception):
    """A change that would not be safe, or that was planned for another state. The text says which and why."""


class FileEdit:
    """One file as it is and as it will be. `before` and `after` are bytes, None means absent.

    `mode` is the permission bits the file gets; None keeps those it has (0644 for a new one). Owner and group are kept,
    root:root for a new file, unless `owner` (uid, gid) says otherwise. `kept` is what journal and diff have in place of
    `before`, where that holds secrets: an undo brings that back.
    """

    def __init__(
        self,
        path: str,
        before: bytes | None,
        after: bytes | None,
        mode: int | None = None,
        owner: Owner | None = None,
        kept: bytes | None = None,
    ) -> None:
        self.path = path
        self.before = before
        self.after = after
        self.mode = mode
        self.owner = owner
        self.kept = before if kept is None else kept


class PermissionEdit:
    """Owner and permission bits of a file or folder that stays in place: a daemon may be writing to it.

    `before` and `after` are (mode, uid, gid). `lists`, where the access list (setfacl) is changed too, is what the
    kernel keeps of it before and after, empty for none. `inode` (device, number) is the file that was looked at, where
    somebody could put another one in its place until then.
    """

    def __init__(
        self,
        path: str,
        before: Permissions,
        after: Permissions,
        lists: tuple[bytes, bytes] | None = None,
        inode: tuple[int, int] | None = None,
    ) -> None:
        self.path = path
        self.before = before
        self.after = after
        self.lists = lists
        self.inode = inode


class WithheldEdit:
    """A secret that is taken out of a file in somebody's home. No journal, diff or log has what was there.

    `path` lies below `home`, of whose owner `uid` it is; owner, mode and the other content stay. `before` and `after`
    are the bytes of the file. `what` says what goes ("2 saved passwords").
    """

    def __init__(self, path: str, home: str, uid: int, before: bytes, after: bytes, what: str) -> None:
        self.path = path
        self.home = home
        self.uid = uid
        self.before = before
        self.after = after
        self.what = what


class SecretRemoval:
    """A file that is taken away with a key or password in it. No journal, diff or log has what was there.

    `before` are its bytes, for this process alone. `what` says what goes ("the key of the VPN's certificate").
    """

    after = None

    def __init__(self, path: str, before: bytes, what: str) -> None:
        self.path = path
        self.before = before
        self.what = what


Edit = Union[FileEdit, PermissionEdit, WithheldEdit, SecretRemoval]


class DryRun:
    """The result of a driver's dry run: `edits` of files and `commands` (argument lists, run in order after the edits).

    `confirm`, for what only the machine itself can tell: a function of the readings afterwards (by address) that says
    why the change has no effect, or an empty text. Where it says something, the files are put back as they were.
    `before` is called when the change is really made, ahead of its first write; it raises ChangeRefused where the
    machine could not confirm afterwards. `warnings` are what a person must know of the change.
    """

    def __init__(
        self,
        edits: Sequence[Edit] | None = None,
        commands: list[list[str]] | None = None,
        confirm: Confirm | None = None,
    ) -> None:
        self.edits: list[Edit] = list(edits or [])
        self.commands = commands or []
        self.confirm = confirm
        self.before: Callable[[], None] | None = None
        self.warnings: list[str] = []
