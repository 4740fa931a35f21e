"""Where a device is named: in bundles, in other files that Leeboard keeps, and in text of any kind. Nothing is changed.

A name counts where it stands alone: LT-1 is not in LT-10, and office-1 is in office-1.900001.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import files as bundle_files
from leeboard.evidence.bundles.reader import Reader

LEAST = 3  # characters: a shorter word stands everywhere
OVERLAP = 4096  # longer than any name
BREAKS = re.compile(rb"\\[nrt]")  # of text within JSON


class Names:
    """What a device is known by, to be looked for."""

    def __init__(self, names: Iterable[str]) -> None:
        """Names of fewer than three characters are left out."""
        forms = {word for word in names if len(word.strip()) >= LEAST}
        self._forms = sorted({form.lower() for word in forms for form in _forms(word)})
        alternatives = b"|".join(re.escape(word) for word in self._forms)
        self._alone = re.compile(rb"(?<![a-z0-9_-])(?:%s)(?![a-z0-9_-])" % alternatives) if forms else None

    def within(self, content: bytes) -> bool:
        """True where one of them stands in these bytes, whatever its case."""
        low = content.lower()
        # Looking for a plain word first is many times faster, and nearly always all that is needed.
        if self._alone is None or not any(word in low for word in self._forms):
            return False
        return self._alone.search(BREAKS.sub(b"  ", low)) is not None

    def lines(self, content: bytes) -> list[int]:
        """The numbers of the lines in which one of them stands."""
        return [number for number, line in enumerate(content.splitlines(), 1) if self.within(line)]

    def in_file(self, path: Path) -> bool:
        """True where one of them stands in a file, packed or not. Raises LeeboardError, OSError."""
        return any(self.within(text) for text in _texts(path))


@dataclass(frozen=True)
class Bundles:
    """A school's bundles: the runs that name a device, all with their turns (0: none is known), and those unread."""

    runs: tuple[str, ...]
    every: Mapping[str, int]
    unread: tuple[Path, ...] = ()


def bundles(folder: Path, asset: str, names: Names) -> Bundles:
    """The bundles in a school's folder that expected an asset, or name the device in any other way."""
    runs, unread = [], []
    every: dict[str, int] = {}
    exact = f'"asset":{json.dumps(asset)}'.encode()
    for path in bundle_files.bundles(folder):
        run = bundle_files.run_of(path)
        every[run] = 0
        try:
            with suppress(LeeboardError), Reader(path) as reader:
                every[run] = reader.header.turn
            if any(exact in text or names.within(text) for text in _texts(path)):
                runs.append(run)
        except (LeeboardError, OSError):
            unread.append(path)
    return Bundles(tuple(dict.fromkeys(runs)), every, tuple(unread))


def files_below(folder: Path, without: Iterable[Path] = ()) -> Iterator[Path]:
    """Every plain file below a folder, but for these folders and files."""
    left_out = {path.absolute() for path in without}
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if (Path(where) / name).absolute() not in left_out)
        for name in sorted(names):
            path = Path(where) / name
            if path.absolute() not in left_out and path.is_file() and not path.is_symlink():
                yield path


def _texts(path: Path) -> Iterator[bytes]:
    """What a file holds, in pieces that overlap, so that no name is cut in two."""
    before = b""
    for chunk in _chunks(path):
        yield before + chunk
        before = chunk[-OVERLAP:]


def _chunks(path: Path) -> Iterator[bytes]:
    with bundle_files.open_bundle(path) as file, suppress(bundle_files.Damaged):  # what comes before was looked at
        yield from bundle_files.unpacked(file, path.name)


def _forms(word: str) -> set[bytes]:
    """A word as text, and as it stands in JSON."""
    return {word.encode(), json.dumps(word)[1:-1].encode()}
