"""What a controller remembers of its vault, in `var`: where it is, how long its ledger is, what is kept of each disk.

All of it but the first can be made again from the ledger.

It lies apart from both places, so that a ledger which lost its end in both (a backup that was put back) is found; and a
check of a device reads one small file, not the ledger of 25,000.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import ValidationError

from leeboard.errors import LeeboardError
from leeboard.escrow.vault.ledger import Mark
from leeboard.escrow.vault.records import Records
from leeboard.storage import files

FILE = "escrow.json"
FOLDER = "escrow"
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Note:
    """Where the vault `vault` is, how far the ledger goes, and whose certificates it names (fingerprints)."""

    vault: str = ""
    places: tuple[Path, ...] = ()
    mark: Mark = field(default_factory=Mark)
    custodians: tuple[str, ...] = ()


def read(var: Path) -> Note:
    """What the controller remembers; a note without a vault where there is none. Raises LeeboardError."""
    path = var / FILE
    content = files.read_regular(path, MOST_BYTES)
    if content is None:
        return Note()
    try:
        record = json.loads(content)
        first, second = record["places"]
        mark = Mark(int(record["mark"]["entries"]), str(record["mark"]["tip"]), int(record["mark"]["size"]))
        return Note(str(record["vault"]), (Path(first), Path(second)), mark, tuple(map(str, record["custodians"])))
    except (ValueError, KeyError, TypeError):
        raise LeeboardError(f"{path}: makes no sense; bring it back from a backup (docs/escrow.md)") from None


def write(var: Path, note: Note) -> None:
    """Write the note of where the vault is, and how far its ledger went. Raises LeeboardError."""
    record = {
        "vault": note.vault,
        "places": [str(place) for place in note.places],
        "mark": asdict(note.mark),
        "custodians": list(note.custodians),
    }
    with writing(var / FILE):
        files.replace(var / FILE, (json.dumps(record) + "\n").encode())


def records(var: Path, urn: str, asset: str) -> Records:
    """What is kept of a device; nothing where the vault has nothing of it. Raises LeeboardError."""
    path = _path(var, urn, asset)
    content = files.read_regular(path, MOST_BYTES)
    if content is None:
        return Records()
    try:
        return Records.model_validate_json(content)
    except ValidationError:
        raise LeeboardError(f"{path}: makes no sense; leeboard escrow verify makes it again") from None


def write_records(var: Path, urn: str, asset: str, records: Records) -> None:
    """Write a device's records. Raises LeeboardError."""
    path = _path(var, urn, asset)
    files.make_folder(path.parent)
    with writing(path):
        files.replace(path, records.model_dump_json(exclude_defaults=True).encode() + b"\n")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises LeeboardError where something cannot be written there, as on a disk that is full."""
    try:
        yield
    except OSError as problem:
        raise LeeboardError(
            f"{path}: cannot be written: {problem.strerror}; make room or mend the volume, then run this again"
        ) from None


def _path(var: Path, urn: str, asset: str) -> Path:
    return var / FOLDER / urn / f"{asset}.json"
