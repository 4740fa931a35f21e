"""A school's chain: which bundle is its newest, at which turn, and the var folder whose runs wrote it.

Each header names the hash of the closed file before it and has a turn that is greater than any before. No clock has a
part in that.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.files import bundles, is_closed, open_bundle, run_of
from leeboard.evidence.bundles.order import Link, turns
from leeboard.evidence.bundles.reader import Reader
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
    found = noted(folder)
    if found is None:
        return _from_bundles(folder)
    return found if found.turn else Tip(found.run, found.sha256, max(turns(links_of(folder)).values(), default=0))


def noted(folder: Path) -> Tip | None:
    """The newest bundle as the folder's note has it, with turn 0 where an older Leeboard wrote that; None without one.

    Raises LeeboardError when the note is damaged.
    """
    path = folder / TIP
    content = files.read_regular(path, 4096)
    if content is None:
        return None
    try:
        said = json.loads(content)
        run, digest, turn = str(said["run"]), said["sha256"], said.get("turn", 0)
        if isinstance(digest, str) and len(digest) == 64 and int(digest, 16) >= 0 and type(turn) is int and turn >= 0:
            return Tip(run, digest, turn)
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


def link_of(path: Path, sha256: str) -> Link:
    """What a closed bundle's header says of its place. Raises LeeboardError where it cannot be read."""
    with Reader(path) as reader:
        header = reader.header
        heads = header.heads or ((header.previous,) if header.previous else ())
        return Link(header.run, sha256, heads, header.turn, header.writer, header.action)


def _from_bundles(folder: Path) -> Tip | None:
    """The newest bundle where no note says which it is: the one with the greatest turn that no other follows."""
    every, writer = links_of(folder), writer_of(folder.parent)
    # A folder that has lost its writer goes on with its chain.
    links = {digest: link for digest, link in every.items() if link.writer in ("", writer)} or every
    followed = {head for link in links.values() for head in link.heads}
    counted = turns(links)
    # A run whose clock was ahead is the last by its name, and not by the chain.
    last = max((one for one in links if one not in followed), key=lambda one: (counted[one], one), default=None)
    return Tip(links[last].run, last, counted[last]) if last is not None else None


def links_of(folder: Path) -> dict[str, Link]:
    """The closed bundles of a folder by hash; one that cannot be read says nothing of its place."""
    found = {}
    for path in bundles(folder):
        if is_closed(path):
            digest = file_digest(path)
            found[digest] = Link(run_of(path), digest)
            with suppress(LeeboardError):
                found[digest] = link_of(path, digest)
    return found
