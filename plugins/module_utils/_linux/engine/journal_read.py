"""Reading the undo journal: what runs have recorded, checked before anything is believed.

Only root can write there, so a file that others could have written, or a link, is refused whole. A last line without
an end is that of a run that was killed while it recorded: nothing was changed for it yet.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import stat
from typing import Any

from .edits import Change, Permissions
from .host import Host
from .journal import FOLDER, RUN_ID

MOST_BYTES = 64 * 1024 * 1024  # of one journal
MOST_JOURNALS = 5000
DIGEST = re.compile(r"\A[0-9a-f]{64}\Z")
UNTOUCHED = "untouched"  # in place of a content: only owner and mode were changed


class JournalRefused(Exception):
    """A journal that is not to be believed. The text says why."""


class Record:
    """One file in one line. `before` and `after` are digests (None: absent) or UNTOUCHED; `content` what was there.

    `permissions` is (mode, uid, gid) as it was, None where nothing was; `left` likewise afterwards, None for unknown.
    `lists` are the access lists before and after, None where the run left it alone.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        self.path = _path(fields.get("path"))
        before, after = fields.get("before"), fields.get("after")
        if not isinstance(before, dict):
            raise ValueError(f"{self.path} has no state before")
        state = before.get("state")
        self.content: bytes | None = None
        self.permissions = None if state == "absent" else _permissions(before)
        self.left: Permissions | None = None
        self.lists: tuple[bytes, bytes] | None = None
        if state == "permissions":
            self.before: str | None = UNTOUCHED
            self.after: str | None = UNTOUCHED
            after = after if isinstance(after, dict) else {}
            self.left = _permissions(after)
            if "access_list" in before:
                self.lists = (_access_list(before), _access_list(after))
            return
        if state == "file":
            self.content = base64.b64decode(before.get("content", ""), validate=True)
        elif state != "absent":
            raise ValueError(f"{self.path} has a state that is not known")
        self.before = digest(self.content)
        if after is not None and not (isinstance(after, str) and DIGEST.match(after)):
            raise ValueError(f"{self.path} has no digest")
        self.after = after
        left = fields.get("left")  # journals of an older Leeboard have none
        self.left = _permissions(left) if isinstance(left, dict) else None


class Entry:
    """One line: which driver changed what. `changes` and `before` are as the driver was given and found them."""

    def __init__(self, fields: dict[str, Any]) -> None:
        if fields.get("schema") != 1:
            raise ValueError("it has a schema that this Leeboard does not know")
        driver, changes, before, files = (fields.get(name) for name in ("driver", "changes", "before", "files"))
        if not isinstance(driver, str) or not isinstance(changes, list) or not isinstance(files, list):
            raise ValueError("it lacks its driver, its changes or its files")
        self.driver = driver
        self.changes: list[Change] = [change for change in changes if isinstance(change, dict)]
        self.before = before if isinstance(before, dict) else {}
        self.commands = [argv for argv in _list(fields.get("commands")) if _is_command(argv)]
        units = fields.get("units")
        self.units = units if isinstance(units, dict) else {}
        self.made = [_path(one) for one in _list(fields.get("made"))]
        self.withheld = [_path(one) for one in _list(fields.get("withheld"))]
        self.records = [Record(file if isinstance(file, dict) else {}) for file in files]

    @property
    def addresses(self) -> list[str]:
        """The addresses that were asked for."""
        return [change["address"] for change in self.changes if isinstance(change.get("address"), str)]

    @property
    def undoes(self) -> str:
        """The run that this line undid, or an empty text."""
        return next((change["undoes"] for change in self.changes if isinstance(change.get("undoes"), str)), "")


def read(host: Host, run: str) -> list[Entry] | None:
    """The entries of one run, oldest first; None where the device has no journal of it. Raises JournalRefused."""
    if not RUN_ID.match(run):
        raise JournalRefused("a run id has 1 to 64 letters, digits, dots, dashes and underscores")
    _check_folder(host)
    path = f"{FOLDER}/{run}.jsonl"
    try:
        handle = os.open(host.path(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise JournalRefused(f"{path}: {problem.strerror}") from None
    with os.fdopen(handle, "rb") as stream:
        _check_file(path, os.fstat(stream.fileno()))
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise JournalRefused(f"{path} is larger than {MOST_BYTES} bytes")
    *lines, _torn = content.split(b"\n")
    # A killed run leaves its last line without an end; nothing was changed for it.
    return [_entry(path, number, line) for number, line in enumerate(lines, 1)]


def put_back_by_checkpoint(host: Host, run: str) -> set[str]:
    """The drivers whose part of a run the device has put back by itself, since nobody confirmed it.

    The put-back script leaves this as RUN.back beside the journal. Raises JournalRefused.
    """
    path = f"{FOLDER}/{run}.back"
    try:
        handle = os.open(host.path(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as problem:
        raise JournalRefused(f"{path}: {problem.strerror}") from None
    with os.fdopen(handle, "rb") as stream:
        _check_file(path, os.fstat(stream.fileno()))
        content = stream.read(MOST_BYTES)
    try:
        drivers = json.loads(content)["drivers"]
    except (ValueError, KeyError, TypeError):
        raise JournalRefused(f"{path} makes no sense") from None
    return {one for one in _list(drivers) if isinstance(one, str)}


def runs(host: Host) -> list[str]:
    """The ids of the runs that have a journal here, newest first. Raises JournalRefused."""
    if not _check_folder(host):
        return []
    names = []
    for name in os.listdir(host.path(FOLDER)):
        if name.endswith(".jsonl") and RUN_ID.match(name[:-6]):
            names.append((os.lstat(host.path(f"{FOLDER}/{name}")).st_mtime_ns, name[:-6]))
    return [name for _time, name in sorted(names, reverse=True)[:MOST_JOURNALS]]


def others(host: Host, run: str) -> dict[str, list[Entry]]:
    """{run: entries} of the other runs, newest first. One that cannot be read is left out: it decides nothing."""
    entries = {}
    for other in runs(host):
        if other != run:
            try:
                entries[other] = read(host, other) or []
            except JournalRefused:
                continue
    return entries


def digest(content: bytes | None) -> str | None:
    """What a content is compared by; None for nothing."""
    return None if content is None else hashlib.sha256(content).hexdigest()


def _check_folder(host: Host) -> bool:
    """False where there is no journal at all. Raises JournalRefused for a folder that others can write."""
    try:
        status = os.lstat(host.path(FOLDER))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as problem:
        raise JournalRefused(f"{FOLDER}: {problem.strerror}") from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise JournalRefused(f"{FOLDER} is no folder that root alone can write, so nothing in it is believed")
    return True


def _check_file(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise JournalRefused(f"{path} is no file that root alone can write, so it is not believed")


def _entry(path: str, number: int, line: bytes) -> Entry:
    try:
        fields = json.loads(line)
        if not isinstance(fields, dict):
            raise ValueError("it is no object")
        return Entry(fields)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as problem:
        raise JournalRefused(f"{path}, line {number} makes no sense ({ascii(str(problem))[:80]})") from None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_command(argv: Any) -> bool:
    return isinstance(argv, list) and len(argv) > 1 and all(isinstance(word, str) for word in argv)


def _path(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith("/") or "\0" in value or len(value) > 4096:
        raise ValueError("a path is missing")
    if os.path.normpath(value) != value or value.startswith("//"):
        raise ValueError("a path is not plain")
    return value


def _permissions(fields: dict[str, Any]) -> Permissions:
    mode, uid, gid = (_number(fields.get(name)) for name in ("mode", "uid", "gid"))
    if mode > 0o7777:
        raise ValueError("mode, owner or group is no number")
    return mode, uid, gid


def _access_list(fields: dict[str, Any]) -> bytes:
    return base64.b64decode(fields.get("access_list", ""), validate=True)


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("mode, owner or group is no number")
    return value
