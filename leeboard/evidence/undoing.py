"""What the evidence says that a run changed, and what came of undoing it on each device."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.files import bundles, find, run_of
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.checkpointed import became_of
from leeboard.model.run_id import RUN_ID, started_of
from leeboard.model.values import plain
from leeboard.storage import files

NEWEST = 5
MOST_REPORT = 16 * 1024 * 1024
LONGEST = 80  # characters of a value
ENCRYPTION = "ENC"


@dataclass(frozen=True)
class Changed:
    """One change of a run: the control it was for (empty where it is not known), and the change in words."""

    control: str
    words: str

    @property
    def family(self) -> str:
        """The three letters of the control's family."""
        return self.control.partition("-")[0]

    @property
    def is_encryption(self) -> bool:
        """True for what is never undone."""
        return self.family == ENCRYPTION


@dataclass(frozen=True)
class Said:
    """One place that was put back (`words`: what was there) or left (`words`: why)."""

    target: str
    words: str


@dataclass(frozen=True)
class Undone:
    """What the undo came to on one device. `reached` is false for silence, and for another machine that answered."""

    reached: bool
    failed: bool
    message: str
    put_back: tuple[Said, ...]
    left: tuple[Said, ...]
    remarks: tuple[str, ...]


def changed_by(folders: Sequence[Path], run: str) -> dict[str, tuple[Changed, ...]] | None:
    """What a run changed by asset, from its bundles in these schools' folders; None where it has no bundle there.

    Raises LeeboardError for a bundle that cannot be read.
    """
    if not RUN_ID.match(run):
        return None
    found: dict[str, list[Changed]] = {}
    there = False
    for folder in folders:
        path = find(folder, run)
        if path is None:
            continue
        there = True
        with Reader(path) as reader:
            for record in reader.devices():
                line = record.line
                for change in line.changes:
                    if isinstance(change, dict) and change.get("outcome") == "left":
                        continue  # of an undo: nothing was changed there
                    found.setdefault(line.asset, []).append(_changed(change))
    return {asset: tuple(dict.fromkeys(changes)) for asset, changes in sorted(found.items())} if there else None


def newest(folders: Sequence[Path]) -> list[str]:
    """The newest runs that changed something, newest first, in words."""
    paths = sorted((path for folder in folders for path in bundles(folder)), key=run_of, reverse=True)
    found: dict[str, str] = {}
    for path in paths:
        run = run_of(path)
        if len(found) == NEWEST:
            break
        if run in found:
            continue
        try:
            with Reader(path) as reader:
                if reader.header.action == "enforce":
                    found[run] = f"{run} ({started_of(run):%d %B %Y %H:%M} UTC)"
        except LeeboardError:
            continue
    return list(found.values())


def collect(report: Path) -> dict[str, Undone]:
    """What the action told of each host, by its name in the inventory."""
    found = {}
    for path in sorted(report.glob("*.json")):
        content = files.read_regular(path, MOST_REPORT)
        try:
            said = json.loads(content or b"")
            found[str(said["name"])] = Undone(
                reached=said["reached"] is True,
                failed=said["failed"] is True,
                message=str(said["message"]),
                put_back=tuple(Said(str(one.get("target", "")), str(one.get("was", ""))) for one in said["put_back"]),
                left=tuple(Said(str(one.get("target", "")), str(one.get("why", ""))) for one in said["left"]),
                remarks=tuple(str(one) for one in said["remarks"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise LeeboardError(f"{path}: what came of a device makes no sense ({ascii(str(problem))[:80]})") from None
    return found


def _changed(change: dict[str, Any] | str) -> Changed:
    if isinstance(change, str):
        return Changed("", plain(change, 300))
    control = plain(str(change.get("control") or ""), 20)
    if isinstance(change.get("text"), str):
        return Changed(control, plain(change["text"], 300))
    name = ":".join(str(change[key]) for key in ("driver", "address") if change.get(key))
    words = f"{control} {plain(name, 200)}: {_short(change.get('before'))} -> {_short(change.get('after'))}"
    return Changed(control, words.strip() + became_of(change))


def _short(reading: Any) -> str:
    """What a reading says to whom it counts for, in a few words."""
    aspect = reading.get("effective") if isinstance(reading, Mapping) else None
    if not isinstance(aspect, Mapping):
        return plain(str(reading), LONGEST) if reading is not None else "unknown"
    if aspect.get("state") == "value":
        value = aspect.get("value")
        if isinstance(value, list):
            value = [str(one) for one in value]
        return plain(value if isinstance(value, bool | list) else str(value), LONGEST) or "(empty)"
    return "not set" if aspect.get("state") == "absent" else "not readable"
