"""What a school's closed bundles hashed to, and what the file system said of them then. One file a school.

A bundle that was hashed, and that no program has written since as its size, times and inode say, need not be read again
each night. That says nothing of a disk that decays, or of somebody who can set the clock back: so each is read again on
one night of thirty, which its own hash decides, so that each night reads a share; and all of them when asked.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import chain
from leeboard.storage import files

FILE, LOCK = "hashed.json", "hashed.lock"
SCHEMA = 1
MOST_BYTES = 64 * 1024 * 1024
DAYS, DAY = 30, 24 * 3600
SETTLED = 2.0  # seconds: a file that was written within one tick of the clock looks as if it was not


@dataclass(frozen=True)
class Hashed:
    """A bundle's hash, and how its file looked when it was read, at `at` (seconds since 1970)."""

    sha256: str
    looks: tuple[int, ...]
    at: float


class Hashes:
    """The hashes of one school's bundles. `save` writes down what was read."""

    def __init__(self, folder: Path, every: bool = False, kept: bool = True) -> None:
        """With `every` nothing that was read before counts; without `kept` nothing is read or written down."""
        self._folder, self._kept = folder, kept
        self._known = dict(_read(folder / FILE)) if kept and not every else {}
        self._new: dict[str, Hashed] = {}

    def of(self, path: Path, expected: Collection[str]) -> str:
        """The SHA-256 of a closed bundle. `expected` are those that the store has of its school: only they are believed
        unread."""
        known = self._known.get(path.name)
        now = time.time()
        looks = _looks(path)
        if known is not None and known.sha256 in expected and known.looks == looks and not _due(known, now):
            self._new[path.name] = known
            return known.sha256
        digest = chain.file_digest(path)
        changed = max(looks[2:4], default=0) / 1e9
        if looks and looks == _looks(path) and now - changed > SETTLED:
            self._new[path.name] = Hashed(digest, looks, now)
        return digest

    def save(self) -> None:
        """Write down what was read, where that is possible: without it the next night only takes longer."""
        if not self._kept or self._new == self._known:
            return
        rows = {name: {"sha256": one.sha256, "looks": one.looks, "at": one.at} for name, one in self._new.items()}
        with suppress(OSError, LeeboardError), files.locked(self._folder / LOCK, wait=1):
            files.replace(self._folder / FILE, (json.dumps({"schema": SCHEMA, "bundles": rows}) + "\n").encode())


def _due(known: Hashed, now: float) -> bool:
    """Whether a bundle is to be read again: its night has come, or thirty days have gone, or a clock went back."""
    age = now - known.at
    its_night = now // DAY % DAYS == int(known.sha256[:8], 16) % DAYS
    return not 0 <= age < DAYS * DAY or (its_night and age >= DAY / 2)


def _looks(path: Path) -> tuple[int, ...]:
    """What changes when a file is written, replaced, renamed or linked; () for what is no plain file."""
    try:
        found = os.lstat(path)
    except OSError:
        return ()
    if not stat.S_ISREG(found.st_mode):
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _read(path: Path) -> Iterable[tuple[str, Hashed]]:
    """What was written down; nothing where that makes no sense."""
    try:
        said: Mapping[str, Any] = json.loads(files.read_regular(path, MOST_BYTES) or b"{}")
        if said.get("schema") != SCHEMA:
            return []
        return [
            (name, Hashed(str(one["sha256"]), tuple(int(number) for number in one["looks"]), float(one["at"])))
            for name, one in said["bundles"].items()
        ]
    except (LeeboardError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
