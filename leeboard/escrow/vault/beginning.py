"""A vault that is being begun: noted in `var` until its ledger has its first line, so that one cut off can go on."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.model.values import plain
from leeboard.storage import files

FILE = "escrow-begun.json"
MOST_BYTES = 64 * 1024


def begin(var: Path, places: tuple[Path, Path]) -> str:
    """The id of the vault that is begun in two folders: a new one, or the one that was begun there and cut off.

    Raises LeeboardError where one was cut off in other folders.
    """
    path = var / FILE
    files.make_folder(var)
    content = files.read_regular(path, MOST_BYTES)
    if content is not None:
        identity, before = _read(path, content)
        if before != tuple(map(str, places)):
            first, second = map(plain, before)
            raise LeeboardError(
                f"leeboard escrow init was cut off in {first} and {second}; run it again with these two folders, or "
                f"take them and {path} away (no key was ever kept there) and begin elsewhere"
            )
        return identity
    identity = secrets.token_hex(8)
    record = {"vault": identity, "places": [str(place) for place in places]}
    try:
        files.replace(path, (json.dumps(record) + "\n").encode())
    except OSError as problem:
        raise LeeboardError(f"{path}: cannot be written: {problem.strerror}; nothing was made") from None
    return identity


def of(var: Path) -> str:
    """The id of a vault that was begun and not ended; "" for none. Raises LeeboardError."""
    content = files.read_regular(var / FILE, MOST_BYTES)
    return _read(var / FILE, content)[0] if content is not None else ""


def end(var: Path) -> None:
    """Remove the note of a vault that was begun: it is there now."""
    (var / FILE).unlink(missing_ok=True)


def volume(path: Path) -> int:
    """The number of the volume on which a folder lies, or would lie once it is made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path.stat().st_dev


def _read(path: Path, content: bytes) -> tuple[str, tuple[str, str]]:
    try:
        record = json.loads(content)
        first, second = record["places"]
        return str(record["vault"]), (str(first), str(second))
    except (ValueError, KeyError, TypeError):
        raise LeeboardError(
            f"{path}: makes no sense; look whether a vault was begun here, then take this file away"
        ) from None
