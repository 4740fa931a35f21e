"""A school's chain: which bundle is its newest, at which turn, and the var folder whose runs wrote it.

Each header names the hash of the closed file before it and has a turn that is greater than any before. No clock has a
part in that.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.evidence.bundle_files import bundles, is_closed, open_bundle, run_of
from leeboard.evidence.reader import Reader
from leeboard.storage import files

TIP = "chain.json"
WRITER, WRITER_LOCK = "writer.json", "writer.lock"
DIGITS = 32  # of a writer, hexadecimal


@dataclass(frozen=True)
class Tip:
    """The newest closed bundle of a chain, and its turn."""

    run: str
    sha256: str
    turn: int


def tip(folder: Path) -> Tip | None:
    """A school's newest closed bundle, None before the first. Raises LeeboardError when the note of it is damaged."""
    path = folder / TIP
    content = files.read_regular(path, 4096)
    if content is None:
        return _from_bundles(folder)
    try:
        said = json.loads(content)
        run, digest, turn = str(said["run"]), said["sha256"], said.get("turn")
        if isinstance(digest, str) and len(digest) == 64 and int(digest, 16) >= 0:
            if isinstance(turn, int) and turn > 0:
                return Tip(run, digest, turn)
            if turn is None:  # an older Leeboard counted no turns
                return Tip(run, digest, max(_turns(_headers(folder)).values(), default=0))
    except (ValueError, KeyError, TypeError):
        pass
    raise LeeboardError(f"{path}: is damaged; remove it, and the newest bundle beside it is taken for the last one")


def note_tip(folder: Path, newest: Tip) -> None:
    """Write down a school's newest bundle; on the disk when this returns."""
    files.replace(folder / TIP, (json.dumps(vars(newest)) + "\n").encode())


def writer_of(evidence: Path) -> str:
    """The writer of this evidence folder's runs, made once, by chance. Raises LeeboardError for a damaged note."""
    path = evidence / WRITER
    files.make_folder(evidence)
    with files.locked(evidence / WRITER_LOCK):
        content = files.read_regular(path, 4096)
        if content is None:
            writer = secrets.token_hex(DIGITS // 2)
            files.replace(path, (json.dumps({"writer": writer}) + "\n").encode())
            return writer
    try:
        writer = json.loads(content)["writer"]
        if isinstance(writer, str) and len(writer) == DIGITS and int(writer, 16) >= 0:
            return writer
    except (ValueError, KeyError, TypeError):
        pass
    raise LeeboardError(f"{path}: is damaged; put it back from a backup, or remove it: runs are another writer's then")


def file_digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with open_bundle(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Link:
    """What a closed bundle's header says of its place: `follows` is the hash before it, `turn` 0 before schema 3."""

    run: str
    follows: str | None
    turn: int


def _from_bundles(folder: Path) -> Tip | None:
    """The newest bundle where no note says which it is: the one with the greatest turn that no other follows."""
    links = _headers(folder)
    followed = {link.follows for link in links.values()}
    turns = _turns(links)
    # A run whose clock was ahead is the last by its name, and not by the chain.
    last = max((digest for digest in links if digest not in followed), key=lambda one: (turns[one], one), default=None)
    return Tip(links[last].run, last, turns[last]) if last is not None else None


def _headers(folder: Path) -> dict[str, Link]:
    """What the closed bundles of a folder say of their places, by hash; those that cannot be read follow nothing."""
    found = {}
    for path in bundles(folder):
        if is_closed(path):
            link = Link(run_of(path), None, 0)
            with suppress(LeeboardError), Reader(path) as reader:
                link = Link(link.run, reader.header.follows, reader.header.turn)
            found[file_digest(path)] = link
    return found


def _turns(links: Mapping[str, Link]) -> dict[str, int]:
    """The turn of each bundle: as its header says, or, before schema 3, one more than that of the one it follows."""
    turns: dict[str, int] = {}
    for start in links:
        way = list(_back(start, links, turns))
        turn = turns.get(links[way[-1]].follows or "", 0) if way else 0
        for digest in reversed(way):
            turn = links[digest].turn or turn + 1
            turns[digest] = turn
    return turns


def _back(start: str, links: Mapping[str, Link], known: Mapping[str, int]) -> Iterable[str]:
    """From a bundle to those before it, up to one whose turn is known, or whose predecessor is not there."""
    seen: set[str] = set()
    digest = start
    while digest in links and digest not in known and digest not in seen:
        seen.add(digest)
        yield digest
        digest = links[digest].follows or ""
