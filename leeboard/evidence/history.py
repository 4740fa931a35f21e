"""When a control of a device was observed: the points between which its spans lie, from the bundles' bits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leeboard.evidence.db_schema import BundleRow, SpanRow, TextRow
from leeboard.evidence.spans import Span
from leeboard.model.run_id import started_of


@dataclass(frozen=True)
class Held:
    """A verdict that a control had: first observed `since`, last `last`, and another one `until` (None: still).

    `cause` is the digest of what was not well, None where that is not known.
    """

    control: str
    verdict: str
    mode: str
    since: datetime
    last: datetime
    until: datetime | None
    cause: str | None = None


class Points:
    """Which runs of a school observed which control of which asset."""

    def __init__(self, session: Session, urn: str) -> None:
        self._session = session
        self._urn = urn
        self._runs: list[str] | None = None
        self._bits: dict[str, list[tuple[frozenset[str], dict[str, int], int]]] = {}
        self._texts: dict[str, list[str]] = {}
        self._places: dict[str, dict[str, int]] = {}

    def runs(self, asset: str, control: str, after: str = "") -> list[str]:
        """The runs, in order, that observed the control, beginning with the first one after `after`."""
        return [run for run in self._all() if run > after and self._observed(run, asset, control)]

    def after(self, asset: str, control: str, run: str) -> str | None:
        """The next run after `run` that observed the control, None when there is none."""
        return next((later for later in self._all() if later > run and self._observed(later, asset, control)), None)

    def _all(self) -> list[str]:
        if self._runs is None:
            found = select(BundleRow.run).where(BundleRow.urn == self._urn).order_by(BundleRow.run)
            self._runs = list(self._session.scalars(found))
        return self._runs

    def _observed(self, run: str, asset: str, control: str) -> bool:
        return any(
            control in controls and asset in places and bits >> places[asset] & 1
            for controls, places, bits in self._points(run)
        )

    def _points(self, run: str) -> list[tuple[frozenset[str], dict[str, int], int]]:
        if run not in self._bits:
            row = self._session.get_one(BundleRow, (self._urn, run))
            if row.expected not in self._places:
                self._places[row.expected] = {asset: place for place, asset in enumerate(self._text(row.expected))}
            places = self._places[row.expected]
            self._bits[run] = [
                (frozenset(self._text(controls)), places, int(bits, 16)) for controls, bits in json.loads(row.points)
            ]
        return self._bits[run]

    def _text(self, digest: str) -> list[str]:
        if digest not in self._texts:
            self._texts[digest] = json.loads(self._session.get_one(TextRow, digest).content)
        return self._texts[digest]


def spans(session: Session, urn: str, asset: str) -> dict[str, list[Span]]:
    """A device's spans by control, in order of time."""
    found: dict[str, list[Span]] = {}
    query = select(SpanRow).where(SpanRow.urn == urn, SpanRow.asset == asset).order_by(SpanRow.control, SpanRow.since)
    for row in session.scalars(query):
        found.setdefault(row.control, []).append(Span(row.verdict, row.mode, row.since, row.until, row.cause))
    return found


def held(session: Session, urn: str, asset: str) -> list[Held]:
    """Every verdict that each control of a device ever had, with when it was last seen so."""
    points = Points(session, urn)
    result = []
    for control, rows in spans(session, urn, asset).items():
        runs = points.runs(asset, control)
        for span in rows:
            last = max(run for run in runs if span.until is None or run < span.until)
            until = None if span.until is None else started_of(span.until)
            since, seen = started_of(span.since), started_of(last)
            result.append(Held(control, span.verdict, span.mode, since, seen, until, span.cause))
    return result
