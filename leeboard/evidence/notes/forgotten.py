"""Devices that were forgotten: what keeps their old evidence from being loaded again. One file a school, by its pins.

It names no device: digests tell whether one that is named is meant. They are no secret, since whoever tries every tag
finds the right one, but nobody reads or searches a name out of the file. By whom and why stands there in words.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.model.device import Device
from leeboard.model.run_id import RUN_ID, stamp
from leeboard.storage import files

FILE, LOCK = "forgotten.json", "forgotten.lock"
SCHEMA = 1
MOST_BYTES = 16 * 1024 * 1024
DIGEST = 64  # hexadecimal digits


@dataclass(frozen=True)
class Entry:
    """One device that was forgotten: nothing of it in a run up to the turn `turn` is loaded.

    Of a run whose turn is not known (of an older Leeboard, or of another controller) nothing up to `through` is, and
    nothing of those in `also`: they were there and are dated later, since a clock was wrong. An older Leeboard wrote no
    turn (0). `asset` and `names` are digests.
    """

    at: datetime
    by: str
    reason: str
    salt: str
    asset: str
    names: tuple[str, ...]
    through: str
    also: tuple[str, ...] = ()
    turn: int = 0

    def covers(self, run: str, turn: int = 0) -> bool:
        """True for a run of which nothing about the device is to be known any more; `turn` is 0 where none is known."""
        if turn and self.turn:
            return turn <= self.turn
        return run <= self.through or run in self.also

    def is_asset(self, urn: str, asset: str) -> bool:
        """True when this is the device with the asset tag."""
        return _digest(self.salt, urn, "asset", asset) == self.asset

    def is_called(self, urn: str, name: str) -> bool:
        """True when the device had this asset tag, name or host."""
        return self.is_asset(urn, name) or _digest(self.salt, urn, "name", name) in self.names


@dataclass(frozen=True)
class Forgotten:
    """What was forgotten at one school, the latest last."""

    urn: str
    entries: tuple[Entry, ...] = ()

    def among(self, assets: Iterable[str], run: str, turn: int = 0) -> frozenset[str]:
        """Those of these assets of which a run's evidence is not to be loaded."""
        entries = [entry for entry in self.entries if entry.covers(run, turn)]
        return frozenset(asset for asset in assets if any(entry.is_asset(self.urn, asset) for entry in entries))

    def latest(self, name: str) -> Entry | None:
        """The last time that a device of this asset tag, name or host was forgotten."""
        return next((entry for entry in reversed(self.entries) if entry.is_called(self.urn, name)), None)


def read(urn: str, *folders: Path | None) -> Forgotten:
    """What was forgotten at a school, from the files in these folders. Raises LeeboardError for a damaged one."""
    found: dict[Entry, None] = {}
    for folder in dict.fromkeys(folder for folder in folders if folder is not None):
        found.update(dict.fromkeys(_read(folder / FILE)))
    return Forgotten(urn, tuple(sorted(found, key=lambda entry: (entry.at, entry.through))))


def of_devices(evidence: Path, devices: Iterable[Device]) -> dict[tuple[str, str], datetime]:
    """Those of these devices whose history was forgotten, and when, by URN and asset tag.

    A damaged file says nothing here: whatever loads the school's evidence reports it.
    """
    schools: dict[str, Forgotten] = {}
    found = {}
    for device in devices:
        if device.urn not in schools:
            schools[device.urn] = Forgotten(device.urn)
            with suppress(LeeboardError):
                schools[device.urn] = read(device.urn, evidence / device.urn)
        entries = [entry for entry in schools[device.urn].entries if entry.is_asset(device.urn, device.asset)]
        if entries:
            found[device.urn, device.asset] = entries[-1].at
    return found


def entry_of(
    urn: str,
    asset: str,
    names: Collection[str],
    word: tuple[str, str],
    at: datetime,
    through: tuple[str, int],
    runs: Iterable[str],
) -> Entry:
    """What to write of a device: `word` is by whom and why, `runs` all that are there of the school.

    `through` is a run's id of this moment, and the greatest turn that there is.
    """
    salt = secrets.token_hex(16)
    return Entry(
        at=at,
        by=word[0],
        reason=word[1],
        salt=salt,
        asset=_digest(salt, urn, "asset", asset),
        names=tuple(sorted(_digest(salt, urn, "name", name) for name in names)),
        through=through[0],
        also=tuple(sorted({run for run in runs if run > through[0]})),
        turn=through[1],
    )


def add(folder: Path, entry: Entry) -> None:
    """Write one more into a school's folder; on the disk when this returns. Raises LeeboardError."""
    path = folder / FILE
    files.make_folder(folder)
    with files.locked(folder / LOCK):
        every = [*_read(path), entry]
        rows = [{**asdict(one), "at": stamp(one.at)} for one in every]
        try:
            files.replace(path, (json.dumps({"schema": SCHEMA, "forgotten": rows}, indent=1) + "\n").encode())
        except OSError as problem:
            raise LeeboardError(
                f"{path}: cannot be written: {problem.strerror}; nothing was forgotten, make room or mend its rights"
            ) from None


def _read(path: Path) -> Sequence[Entry]:
    content = files.read_regular(path, MOST_BYTES)
    if content is None:
        return ()
    try:
        raw = json.loads(content)
        if raw["schema"] != SCHEMA:
            raise ValueError(f"its schema is {raw['schema']!r}, and this Leeboard reads {SCHEMA}")
        return [_entry(one) for one in raw["forgotten"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise LeeboardError(
            f"{path}: what was forgotten cannot be read ({ascii(str(problem))[:120]}), and nothing of the school is "
            "loaded before it is; put it back from a backup"
        ) from None


def _entry(raw: Mapping[str, Any]) -> Entry:
    at = datetime.fromisoformat(raw["at"])
    runs = [raw["through"], *raw["also"]]
    digests = [raw["asset"], *raw["names"]]
    if at.tzinfo is None or not all(RUN_ID.match(run) for run in runs):
        raise ValueError("a moment or a run id makes no sense")
    if not all(isinstance(one, str) and len(one) == DIGEST for one in digests):
        raise ValueError("a digest makes no sense")
    turn = raw.get("turn", 0)
    if type(turn) is not int or turn < 0:
        raise ValueError("a turn makes no sense")
    words = {key: raw[key] for key in ("by", "reason", "salt", "asset", "through")}
    if not all(isinstance(word, str) for word in words.values()):
        raise ValueError("a word is no text")
    return Entry(at=at, names=tuple(raw["names"]), also=tuple(raw["also"]), turn=turn, **words)


def _digest(salt: str, urn: str, kind: str, text: str) -> str:
    return hashlib.sha256(json.dumps([salt, urn, kind, text]).encode()).hexdigest()
