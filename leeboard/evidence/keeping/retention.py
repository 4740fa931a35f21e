"""How far back a school's evidence reaches without a gap, in the store and in its folder: what FWD-04 is judged by.

Nothing removes evidence by itself, so what is missing was taken away by somebody. A school whose evidence is whole
keeps to any schedule, however young it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import files as bundle_files
from leeboard.evidence.notes import forgotten
from leeboard.evidence.store.store import StoredBundle
from leeboard.model.enums import LEVELS
from leeboard.model.observation import Aspect, Found, Nothing, Reading, Unreadable
from leeboard.model.words import day
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import resolve_school

DRIVER = "evidence_kept"


@dataclass(frozen=True)
class Kept:
    """`since`: the start of the first run after the last gap (None: the newest is gone). `whole`: there is no gap."""

    since: datetime | None
    whole: bool


def days_wanted(baseline: Baseline) -> int:
    """For how many days evidence is kept in its folder, whatever the level of a school."""
    wanted = (one for level in LEVELS for one in resolve_school(baseline, "000000", "", level).settings)
    found = (one.value for one in wanted if (one.setting.driver, one.setting.address) == (DRIVER, "folder"))
    return max(value for value in found if isinstance(value, int))


def readings(bundles: Sequence[StoredBundle], folder: Path, at: datetime) -> list[Reading]:
    """What the store and the folder of one school keep. `bundles` are all that the store knows of it."""
    there = _runs(folder)
    in_folder: Aspect
    if isinstance(there, str):
        in_folder = Unreadable(state="unreadable", code="failed", why=there, source=str(folder))
    else:
        in_folder = _aspect(kept(bundles, there), str(folder), at, _pruned(bundles))
    in_store = _aspect(kept(bundles, {one.run for one in bundles}), "the store", at, _without(folder))
    return [
        Reading(driver=DRIVER, address="store", effective=in_store),
        Reading(driver=DRIVER, address="folder", effective=in_folder),
    ]


def kept(bundles: Sequence[StoredBundle], there: Collection[str]) -> Kept:
    """What is kept of the runs that are known, in order; `there` are those that lie in the place asked about."""
    received = {head for one in bundles if one.link.receives for head in one.link.heads[1:]}
    hashes = {one.file_sha256 for one in bundles if one.run in there}
    since = None
    for one in reversed(bundles):
        if one.run not in there:
            return Kept(since, whole=False)
        since = one.started
        # What another controller saw before is not ours to keep.
        follows = None if one.file_sha256 in received else one.link.follows
        if follows is not None and follows not in hashes:
            return Kept(since, whole=False)
    return Kept(since, whole=True)


def _pruned(bundles: Sequence[StoredBundle]) -> str:
    """When bundles were put away on request, last; "" for never."""
    last = next((one.started for one in reversed(bundles) if one.link.prunes), None)
    return f" (leeboard prune put bundles away on {day(last)})" if last else ""


def _without(folder: Path) -> str:
    """What the store does not hold of these runs, since it was forgotten on request; "" for nothing."""
    try:
        count = len(forgotten.read(folder.name, folder).entries)
    except LeeboardError:
        return "; what was forgotten on request cannot be read"
    often = f" ({count} times)" if count > 1 else ""
    return f"; the history of a device was forgotten on request{often}" if count else ""


def _aspect(found: Kept, source: str, at: datetime, without: str = "") -> Aspect:
    if found.whole:
        note = f"nothing was taken away since the first run on {day(found.since)}" if found.since else "no run yet"
        note += without
        return Nothing(state="absent", source=source, note=note)
    if found.since is None:
        return Found(state="value", value=0, source=source, note="the newest evidence is not there")
    days = max(0, (at - found.since) // timedelta(days=1))
    note = f"without a gap since {day(found.since)}; what was before is not there{without}"
    return Found(state="value", value=days, source=source, note=note)


def _runs(folder: Path) -> set[str] | str:
    """The runs whose bundles lie in a school's folder; in words why that cannot be told."""
    try:
        return {bundle_files.run_of(path) for path in folder.iterdir()} - {""}
    except OSError as problem:
        return f"the evidence folder cannot be read: {problem.strerror}"
