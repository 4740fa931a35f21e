"""The sudoers files as sudo reads them: the includes in their place, and what it skips left out.

From sudoers(5) 1.9.16: an include directory is read by file name, without names that hold a dot or end in ~; a file
that others than root may write to is not read at all.
"""

from __future__ import annotations

import re
import stat

from ..engine.host import HostError
from ..engine.reading import Machine
from ..engine.safe_read import text_or_nothing

MAIN = "/etc/sudoers"
INCLUDE = re.compile(r"\A\s*[@#]include(dir)?\s+(\"[^\"]*\"|\S.*?)\s*\Z")
DEEPEST = 128  # sudo's own limit
MOST_FILES = 500


class Sudoers:
    """`lines`: (text, place) in the order that counts; `folders` that are included; `skipped`: {path: why}."""

    def __init__(self, ours: str = "") -> None:
        self.ours = ours
        self.lines: list[tuple[str, str]] = []
        self.folders: list[str] = []
        self.skipped: dict[str, str] = {}
        self.files = 0

    @property
    def text(self) -> str:
        """The text of all files, as one file."""
        return "".join(f"{text}\n" for text, _place in self.lines)


def sudoers(host: Machine, ours: str = "") -> Sudoers:
    """What sudo reads; `ours` is a file that gets the right owner and mode. Raises HostError."""
    parsed = Sudoers(ours)
    if not host.exists(MAIN):
        raise HostError("malformed", f"{MAIN} is missing, so sudo lets nobody do anything")
    _read(host, MAIN, 0, parsed)
    if MAIN in parsed.skipped:
        raise HostError("malformed", f"sudo does not work: {parsed.skipped[MAIN]}")
    return parsed


def _read(host: Machine, path: str, depth: int, parsed: Sudoers) -> None:
    parsed.files += 1
    if depth > DEEPEST or parsed.files > MOST_FILES:
        raise HostError("malformed", f"sudo's files include too many others, at {path}")
    why = "" if path == parsed.ours else _unsafe(host, path)
    if why:
        parsed.skipped[path] = why
        return
    text = text_or_nothing(host, path)
    if text is None:
        return
    lines = text.split("\n")
    for count, line in enumerate(lines[:-1] if lines[-1] == "" else lines, 1):
        include = INCLUDE.match(line)
        if include:
            _include(host, path, include, depth, parsed)
        else:
            parsed.lines.append((line, f"{path}, line {count}"))


def _include(host: Machine, path: str, include: re.Match[str], depth: int, parsed: Sudoers) -> None:
    name = include.group(2).strip('"').replace("\\ ", " ")
    if "%h" in name:
        name = name.replace("%h", host.text("/proc/sys/kernel/hostname").strip().split(".")[0])
    if not name.startswith("/"):
        name = f"{path.rpartition('/')[0]}/{name}"
    name = name.rstrip("/")
    if not include.group(1):
        _read(host, name, depth + 1, parsed)
        return
    why = _unsafe(host, name)
    if why:
        parsed.skipped[name] = why
        return
    parsed.folders.append(name)
    for entry in host.entries(name):
        if "." not in entry and not entry.endswith("~") and not _folder(host, f"{name}/{entry}"):
            _read(host, f"{name}/{entry}", depth + 1, parsed)


def _folder(host: Machine, path: str) -> bool:
    try:
        return stat.S_ISDIR(host.stat(path).st_mode)
    except FileNotFoundError:
        return False


def _unsafe(host: Machine, path: str) -> str:
    """Why sudo does not read a file or folder; empty when it does."""
    try:
        status = host.stat(path)
    except FileNotFoundError:
        return ""
    mode = stat.S_IMODE(status.st_mode)
    if host.is_root and status.st_uid != 0:
        return f"{path} does not belong to root"
    if mode & 0o002 or (mode & 0o020 and status.st_gid != 0):
        return f"others than root may change {path} (mode {mode:04o})"
    return ""
