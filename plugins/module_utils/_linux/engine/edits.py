"""What a rehearsal gives: edits of files (a new content, or only another owner and mode) and commands, or a refusal."""

from __future__ import annotations


class ChangeRefused(Exception):
    """A change that would not be safe, or that was planned for another state. The text says which and why."""


class FileEdit:
    """One file as it is and as it will be. `before` and `after` are bytes, None means absent.

    `mode` is the permission bits the file gets; None keeps those it has (0644 for a new one). Owner and group are kept,
    root:root for a new file, unless `owner` (uid, gid) says otherwise.
    """

    def __init__(self, path: str, before, after, mode=None, owner=None) -> None:
        self.path = path
        self.before = before
        self.after = after
        self.mode = mode
        self.owner = owner


class PermissionEdit:
    """Owner and permission bits of a file or folder that stays in place: a daemon may be writing to it.

    `before` and `after` are (mode, uid, gid).
    """

    def __init__(self, path: str, before: tuple, after: tuple) -> None:
        self.path = path
        self.before = before
        self.after = after


class Rehearsal:
    """What a change comes to: `edits` of files and `commands` (argument lists, run in order after the edits).

    `confirm`, for what only the machine itself can tell: a function of the readings afterwards (by address) that says
    why the change has no effect, or an empty text. Where it says something, the files are put back as they were.
    """

    def __init__(self, edits: list | None = None, commands: list | None = None, confirm=None) -> None:
        self.edits = edits or []
        self.commands = commands or []
        self.confirm = confirm
