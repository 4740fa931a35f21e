"""The key files of one dconf database (NAME.d and NAME.d/locks), read as `dconf update` reads them.

Rules from dconf 0.40 (bin/dconf.c) and GLib's GKeyFile: files by name, the last wins; within a file the last
assignment wins; hidden files and folders are passed over; one bad line in any file and the database is not compiled at
all; a lock is a line that is exactly a key's path (a blank at its end, or a slash, and it locks nothing).
"""

from __future__ import annotations

import os
import re
import stat
from typing import NamedTuple

from ..engine.host import Host, HostError
from ..system.dconf_variant import Typed, parse

KEY_PATH = re.compile(r"/([^/]+/)*[^/]+\Z")


class Assignment(NamedTuple):
    """One `key=value` line: the key's full path, its value, and where it stands (line numbers count from 1)."""

    path: str
    typed: Typed
    file: str
    line: int

    def where(self) -> str:
        return f"{self.file}, line {self.line}"


class BadKeyFile(ValueError):
    """A line that `dconf update` refuses; the text names file and line."""


def assignments(text: str, file: str) -> list[Assignment]:
    """All assignments of a key file in the order they stand. Raises BadKeyFile."""
    parsed: list[Assignment] = []
    group = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw[:-1] if raw.endswith("\r") else raw
        line = line.lstrip(" \t\v\f\r")
        if not line or line.startswith("#"):
            continue
        heading = re.match(r"\[([^\[\]\x00-\x1f\x7f]+)\][ \t]*\Z", line)
        if heading:
            group = heading.group(1)
            continue
        key, sign, value = line.partition("=")
        key = key.rstrip(" \t\v\f\r")
        if not sign or not key or line.startswith("["):
            raise BadKeyFile(f"{file}, line {number}: neither a group, a key=value nor a comment")
        if group is None:
            raise BadKeyFile(f"{file}, line {number}: a key before the first [group]")
        path = "/" + key if group == "/" else f"/{group}/{key}"
        if not KEY_PATH.match(path):
            raise BadKeyFile(f"{file}, line {number}: {path} is not a key's path (a group has no slash at either end)")
        try:
            parsed.append(Assignment(path, parse(value), file, number))
        except ValueError as problem:
            raise BadKeyFile(f"{file}, line {number}: {problem}") from None
    return parsed


class KeyFolder:
    """The key files of one folder.

    `files` are they in the order they are merged, `values` {path: Assignment} what they come to, `setters` {path: files
    that set it}, `locks` {path: "file, line n"}; `bad` is the first line that dconf refuses ("" for none), `unread` a
    HostError or None.
    """

    def __init__(self, host: Host, folder: str) -> None:
        self.folder = folder
        self.exists = host.exists(folder)
        self.files: list[str] = []
        self.values: dict[str, Assignment] = {}
        self.setters: dict[str, set[str]] = {}
        self.locks: dict[str, str] = {}
        self.bad = ""
        self.unread: HostError | None = None
        try:
            self._load(host)
        except HostError as problem:
            self.unread = problem

    def _load(self, host: Host) -> None:
        self.files = regular_files(host, self.folder)
        for file in self.files:
            named = settle(host, file)  # people know the file that a link leads to
            try:
                for each in assignments(host.text(named), named):
                    self.values[each.path] = each
                    self.setters.setdefault(each.path, set()).add(file)
            except BadKeyFile as problem:
                self.bad = self.bad or str(problem)
        for file in regular_files(host, self.folder + "/locks"):
            named = settle(host, file)
            for number, line in enumerate(host.text(named).split("\n"), 1):
                if line.startswith("/"):
                    self.locks.setdefault(line, f"{named}, line {number}")


def regular_files(host: Host, folder: str) -> list[str]:
    """Full paths of the regular, not hidden files of a folder in dconf's order (bytes of the name)."""
    paths = []
    for name in host.entries(folder):
        path = f"{folder}/{name}"
        if name.startswith("."):
            continue
        try:
            if stat.S_ISREG(host.stat(settle(host, path)).st_mode):
                paths.append(path)
        except FileNotFoundError:
            continue  # a link to nothing: dconf passes over it too
    return sorted(paths, key=os.fsencode)


def settle(host: Host, name: str) -> str:
    """The device's path that a chain of links ends at (only the last part of a path is followed)."""
    for _hop in range(10):
        if not os.path.islink(host.path(name)):
            return name
        name = os.path.normpath(os.path.join(os.path.dirname(name), os.readlink(host.path(name))))
    raise HostError("malformed", f"{name} is a link that leads to itself")
