"""What charts rest on, day by day: how many devices answered, and on how many something had drifted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from leeboard.evidence.asking.drifted_then import drifted_then, first_run
from leeboard.evidence.store.history import Points
from leeboard.model.words import LONDON, midnight


@dataclass(frozen=True)
class Day:
    """A day in London: how many devices answered on it, and how many had drifted at its end (of today: by now).

    None before the first run that is kept. What somebody accepted as a risk counts as drifted: the store keeps what
    was found.
    """

    day: date
    answered: int | None
    drifted: int | None


def days_until(at: datetime, count: int) -> list[date]:
    """So many days in London, the last of which has the moment `at` (aware)."""
    last = at.astimezone(LONDON).date()
    return [last - timedelta(days=back) for back in reversed(range(count))]


def day_by_day(
    session: Session,
    urns: Collection[str],
    assets: Collection[str],
    controls: Collection[str],
    at: datetime,
    count: int,
) -> list[Day]:
    """The last days of a school, whose present devices are `assets`. `urns` are its own with its earlier ones."""
    days, present = days_until(at, count), set(assets)
    began = first_run(session, urns)
    ends = [min(at, midnight(day + timedelta(days=1)).astimezone(UTC)) for day in days]
    drifted = drifted_then(session, urns, controls, ends)
    answered: dict[date, set[str]] = {day: set() for day in days}
    for urn in urns:
        for started, seen in Points(session, urn).observed(midnight(days[0])):
            if (day := started.astimezone(LONDON).date()) in answered:
                answered[day].update(seen)
    return [
        Day(day, len(answered[day] & present), len(devices & present))
        if began is not None and began < end
        else Day(day, None, None)
        for day, end, devices in zip(days, ends, drifted, strict=True)
    ]
