"""Where dconf looks for a value: the profile, the databases that it lists, and which of them decides.

Rules from dconf 0.40 (engine/dconf-engine-profile.c, dconf-engine.c): the first line is the writable one and wins over
those below; a lock in any line but the first makes everything above it invisible, and the lowest lock counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..engine.host import Host, HostError
from ..system.dconf_gvdb import Gvdb, Malformed
from ..system.dconf_variant import Typed
from .keyfiles import KeyFolder, settle

DATABASES = "/etc/dconf/db"
PROFILES = ("/etc/dconf/profile", "/usr/local/share/dconf/profile", "/usr/share/dconf/profile")
GENERATE_CONFIG = "/usr/share/gdm/generate-config"
KINDS = ("user-db", "service-db", "system-db", "file-db")
WRITABLE = ("user-db", "service-db")


class Place(NamedTuple):
    """A value or a lock and where it was found."""

    typed: Typed
    where: str
    at: int


class Source:
    """One line of a profile: its compiled database now, and what its key files will make of it.

    `table` is a Gvdb or None; then `problem` says in words why users do not get this database, and `unread` is the
    HostError where *we* could not read it.
    """

    def __init__(self, host: Host, kind: str, name: str, folders: dict[str, str], home: str = "") -> None:
        self.kind = kind
        self.name = name
        self.path = {"system-db": f"{DATABASES}/{name}", "file-db": name}.get(kind, "")
        if kind == "user-db" and home:
            self.path = f"{home}/.config/dconf/{name}"
        folder = f"{self.path}.d" if kind == "system-db" else folders.get(self.path, "")
        self.keys = KeyFolder(host, folder) if folder else None
        self.table: Gvdb | None = None
        self.locks: Gvdb | None = None
        self.problem = ""
        self.unread: HostError | None = None
        if self.path:
            self._open(host)

    def _open(self, host: Host) -> None:
        if self.kind == "system-db":
            self.problem = closed_to_users(host, self.path)
            if self.problem:
                return
        try:
            self.table = Gvdb(host.read(settle(host, self.path)))
            self.locks = self.table.table(".locks")
        except FileNotFoundError:
            if self.kind != "user-db":
                self.problem = f"{self.path} does not exist"
                if self.keys and self.keys.exists:
                    how = "run dconf update" if self.kind == "system-db" else "start or reload gdm"
                    self.problem += f" (its key files are not compiled: {how})"
        except Malformed as problem:
            self.problem = f"{self.path} is no dconf database: {problem}"
        except HostError as problem:
            self.problem, self.unread = problem.why, problem

    @property
    def key_files(self) -> KeyFolder:
        """The key files of a database that is made from some. Raises HostError for another one."""
        if self.keys is None:
            raise HostError("failed", f"{self.path} is not made from key files")
        return self.keys

    @property
    def compiled_from_files(self) -> bool:
        """True where `dconf update` makes this database anew from key files; else it stays as it is."""
        return self.keys is not None and self.keys.exists and not self.keys.bad

    def now(self, key: str) -> tuple[Typed, str] | None:
        """(Typed, where) that the compiled database holds, or None."""
        typed = self.table.value(key) if self.table else None
        if typed is None:
            return None
        written = self.keys.values.get(key) if self.keys else None
        return typed, written.where() if written and written.typed == typed else self.path

    def later(self, key: str) -> tuple[Typed, str] | None:
        """(Typed, where) once its key files are compiled, or None."""
        if self.keys is None or not self.compiled_from_files:
            return self.now(key)
        written = self.keys.values.get(key)
        return (written.typed, written.where()) if written else None

    def locks_now(self, key: str) -> str:
        """Where the compiled database locks `key`, or ""."""
        if not self.locks or not self.locks.has(key):
            return ""
        return (self.keys.locks.get(key, "") if self.keys else "") or self.path

    def locks_later(self, key: str) -> str:
        return self.keys.locks.get(key, "") if self.keys and self.compiled_from_files else self.locks_now(key)


class Profile:
    """The list of sources that a profile name stands for. `path` is "" where no file was found."""

    def __init__(self, host: Host, name: str, gdm_home: str = "") -> None:
        self.name = name
        self.path = ""
        self.text = ""
        self.problem = ""
        self.unread: HostError | None = None
        self.sources: list[Source] = []
        self.gdm_home = gdm_home
        for folder in [""] if name.startswith("/") else PROFILES:
            path = name if name.startswith("/") else f"{folder}/{name}"
            if not host.exists(path):
                continue
            self.path = path
            self.problem = closed_to_users(host, path)
            try:
                self.text = host.text(settle(host, path))
            except FileNotFoundError:
                self.path = ""
                continue
            except HostError as problem:
                self.problem, self.unread = self.problem or problem.why, problem
            break
        if self.path and not self.problem:
            self.read_lines(host, self.text)
        elif name == "user":
            # dconf's fallback; a named profile that is missing gives no source at all instead.
            self.sources = [Source(host, "user-db", "user", {}, gdm_home)]
            if not self.problem:
                self.problem = "there is no /etc/dconf/profile/user, so system databases are ignored"
        elif not self.problem:
            self.problem = (
                f"there is no dconf profile {name}, so the schema's defaults count and nothing can be changed"
            )

    def read_lines(self, host: Host, text: str) -> None:
        """Take the sources from the text of a profile file."""
        folders = compile_folders(host)
        self.text = text
        self.sources = []
        for line in text.split("\n"):
            kind, colon, rest = line.partition("#")[0].strip().partition(":")
            if colon and rest and kind in KINDS:
                self.sources.append(Source(host, kind, rest, folders, self.gdm_home))

    @property
    def writable(self) -> bool:
        return bool(self.sources) and self.sources[0].kind in WRITABLE

    def bad_key_files(self) -> str:
        """Why `dconf update` (or gdm's start) would not compile one of these databases, or ""."""
        return next((source.keys.bad for source in self.sources if source.keys and source.keys.bad), "")

    def unread_key_files(self) -> HostError | None:
        """The HostError of the first key folder that we could not read, or None."""
        return next((source.keys.unread for source in self.sources if source.keys and source.keys.unread), None)

    def lock(self, key: str, later: Sequence[Source] = ()) -> Place | None:
        """Place of the lock that counts (a Typed of True), or None. `later`: sources taken from their key files."""
        for index in range(len(self.sources) - 1, 0, -1):
            source = self.sources[index]
            where = source.locks_later(key) if source in later else source.locks_now(key)
            if where:
                return Place(Typed("b", True), where, index)
        return None

    def value(self, key: str, later: Sequence[Source] = ()) -> Place | None:
        """Place of the value that a user without own settings gets, or None for the schema's default."""
        lock = self.lock(key, later)
        for index in range(lock.at if lock else 0, len(self.sources)):
            source = self.sources[index]
            held = source.later(key) if source in later else source.now(key)
            if held:
                return Place(held[0], held[1], index)
        return None


def stale(source: Source, key: str) -> bool:
    """True where a compiled database says something else of `key` than its key files."""
    now, then = source.now(key), source.later(key)
    return (now and now[0]) != (then and then[0]) or bool(source.locks_now(key)) != bool(source.locks_later(key))


def closed_to_users(host: Host, path: str) -> str:
    """Why an ordinary user cannot read the file `path` (or a folder above it), in words, or ""."""
    parts = path.strip("/").split("/")
    for count in range(1, len(parts) + 1):
        part = "/" + "/".join(parts[:count])
        try:
            mode = host.stat(settle(host, part)).st_mode
        except FileNotFoundError:
            return ""
        except HostError as problem:
            return problem.why
        wanted = 0o004 if count == len(parts) else 0o001
        if mode & wanted != wanted:
            return f"{part} is mode {mode & 0o7777:04o} and users cannot read {'it' if count == len(parts) else path}"
    return ""


def compile_folders(host: Host) -> dict[str, str]:
    """{database: folder of key files} that gdm compiles at each start, as its generate-config says."""
    try:
        text = host.text(GENERATE_CONFIG)
    except (FileNotFoundError, HostError):
        return {}
    return dict(re.findall(r"dconf compile ['\"]?(/[\w./-]+)['\"]? ['\"]?(/[\w./-]+)['\"]?", text))
