"""How schools stand by what is kept, one at a time, so that an estate of any size takes the memory of one school."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.estate.school import SchoolVariables
from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.notes.forgotten import of_devices
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.changed import Changed, changed, place_of
from leeboard.evidence.store.store import Store, StoredBundle
from leeboard.model import near
from leeboard.model.run_id import started_of
from leeboard.model.values import plain
from leeboard.model.waiver import begins, ends
from leeboard.policy.model import Baseline
from leeboard.report.controller_checks import Sources, school_statuses
from leeboard.verdict.status import DeviceStatus, EstateStatus, SchoolStatus

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


@dataclass(frozen=True)
class Since:
    """The moment after which something changed: just before a day in UTC, or the start of a run, itself not counted.

    `text` is what was asked for.
    """

    at: datetime
    text: str
    run: str = ""


@dataclass(frozen=True)
class Source:
    """What is kept, and the moment `at` (aware) at which it is looked at.

    `listed` are the devices of an inventory by school, with the schools' `variables`. Without an inventory the devices
    are all that the store has heard of, and nothing is asked of a school as a whole: the inventory says what for.
    """

    store: Store
    baseline: Baseline
    evidence: Path
    at: datetime
    listed: Mapping[str, Sequence[Expected]] = field(default_factory=dict)
    variables: Mapping[str, SchoolVariables] = field(default_factory=dict)

    def names(self) -> dict[str, str]:
        """The name of each school by URN."""
        if self.listed:
            return {urn: devices[0].school for urn, devices in sorted(self.listed.items())}
        return self.store.schools()

    def urns(self, wanted: str | None) -> list[str]:
        """All schools, or the one with this URN, name, or part of a name that only one has. Raises LeeboardError."""
        names = self.names()
        if wanted is None:
            return list(names)
        word = wanted.casefold()
        fits = [urn for urn, name in names.items() if word in (urn, name.casefold())]
        fits = fits or [urn for urn, name in names.items() if word in name.casefold()]
        if len(fits) != 1:
            raise LeeboardError(f"{plain(wanted, 60)}: {near.schools(wanted, fits, names)}")
        return fits

    def status(self, urn: str) -> EstateStatus:
        """How one school stands."""
        devices = self.listed.get(urn, ())
        gone = of_devices(self.evidence, devices)
        before = {urn: self.variables[urn].predecessors} if urn in self.variables else {}
        found = estate_status(
            self.store, self.baseline, self.listed.get(urn, ()), self.at, [urn], before=before, forgotten=gone
        )
        return EstateStatus(found.devices, found.baseline, found.at, found.problems, self._whole(urn), found.waivers)

    def bundles(self, urn: str) -> list[StoredBundle]:
        """The school's bundles in order."""
        return self.store.bundles([urn])

    def changed(self, urn: str, since: Since) -> Changed:
        """What the store says that changed at a school since then."""
        place = place_of(self.store.bundles([urn]), since.run, since.at)
        with self.store.reading() as session:
            return changed(session, urn, place)

    def changed_devices(self, status: EstateStatus, urn: str, since: Since) -> frozenset[tuple[str, str]]:
        """The devices, by URN and asset tag, on which anything changed: by the store, the time or a waiver."""
        assets = self.changed(urn, since).assets
        return frozenset(
            (urn, one.device.asset)
            for one in status.devices
            if one.device.asset in assets or _by_the_time(one, since.at, self.at)
        )

    def _whole(self, urn: str) -> tuple[SchoolStatus, ...]:
        if urn not in self.listed:
            return ()
        sources = Sources(self.store, self.evidence, self.variables)
        return school_statuses(sources, self.baseline, self.listed[urn], self.at)


def read_since(text: str, at: datetime) -> Since:
    """The moment that DAY (2026-11-25) or RUN (20261125T021000Z-1a2b3c4d) names. Raises LeeboardError."""
    try:
        if DAY.match(text):
            midnight = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            found = Since(midnight - timedelta(microseconds=1), text)
        else:
            found = Since(started_of(text), text, text)
    except ValueError:
        example = "such as 2026-11-25, or the id of a run such as 20261125T021000Z-1a2b3c4d"
        raise LeeboardError(f"--changed-since {plain(text, 60)}: give a day {example}") from None
    if found.at > at + timedelta(days=1):
        raise LeeboardError(f"--changed-since {plain(text, 60)}: lies in the future")
    return found


def _by_the_time(status: DeviceStatus, since: datetime, at: datetime) -> bool:
    """True where a verdict changed since then though no visit did it: it went out of date, a waiver began or ended."""
    if any(moment > since for moment in status.since.values()):
        return True
    days = [day for one in status.device.waivers for day in (begins(one), ends(one))]
    return any(since < day <= at for day in days)
