"""What was not well on a device, and when it was observed: spans between the points that the bundles' bits are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leeboard.evidence.store.tables import BundleRow, SpanRow, TextRow


@dataclass(frozen=True)
class Held:
    """What was not well with a setting (element): seen first `since`, last `last`, and not so any more `until` (None:
    still). `late` is for what another controller saw before our own latest visit: it is known of that one time alone.
    """

    control: str
    setting: str
    element: str
    verdict: str
    code: str
    since: datetime
    last: datetime
    until: datetime | None
    late: bool = False


@dataclass(frozen=True)
class Point:
    """A bundle that observed a device: its place and when its run began, and the controls that were judged."""

    place: int
    at: datetime
    controls: frozenset[str]


class Points:
    """Which bundles of a school observed which device."""

    def __init__(self, session: Session, urn: str) -> None:
        self._session = session
        self._urn = urn
        self._texts: dict[str, list[str]] = {}

    def of(self, asset: str) -> list[Point]:
        """The bundles that observed a device, in order."""
        found = []
        for place, started, expected, points in self._rows():
            assets = self._text(expected)
            if asset not in assets:
                continue
            number = assets.index(asset)
            for digest, bits in json.loads(points):
                if int(bits, 16) >> number & 1:
                    controls = frozenset(self._text(digest))
                    found.append(Point(place, datetime.fromisoformat(started), controls))
        return found

    def first(self) -> dict[str, datetime]:
        """When each device was first observed, by asset."""
        found: dict[str, datetime] = {}
        for at, assets in self.observed():
            for asset in assets:
                found.setdefault(asset, at)
        return found

    def observed(self, since: datetime | None = None) -> Iterator[tuple[datetime, list[str]]]:
        """When the run of each bundle began, and the devices that it observed; of those since a moment, or of all."""
        for _place, started, expected, points in self._rows():
            at = datetime.fromisoformat(started)
            if since is not None and at < since:
                continue
            bits = 0
            for _digest, some in json.loads(points):
                bits |= int(some, 16)
            yield at, [asset for number, asset in enumerate(self._text(expected)) if bits >> number & 1 and asset]

    def _rows(self) -> list[tuple[int, str, str, str]]:
        query = select(BundleRow.place, BundleRow.started, BundleRow.expected, BundleRow.points).where(
            BundleRow.urn == self._urn
        )
        rows = self._session.execute(query.order_by(BundleRow.place))
        return [(row.place, row.started, row.expected, row.points) for row in rows]

    def _text(self, digest: str) -> list[str]:
        if digest not in self._texts:
            self._texts[digest] = text_of(self._session, digest)
        return self._texts[digest]


def text_of(session: Session, digest: str) -> list[str]:
    """A list that is kept once."""
    found: list[str] = json.loads(session.get_one(TextRow, digest).content)
    return found


def held(session: Session, urn: str, asset: str) -> list[Held]:
    """All that was ever not well on a device, by control, setting, element and time."""
    points = Points(session, urn).of(asset)
    at = {point.place: point.at for point in points}
    query = select(SpanRow).where(SpanRow.urn == urn, SpanRow.asset == asset)
    order = (SpanRow.control, SpanRow.setting, SpanRow.element, SpanRow.since, SpanRow.id)
    result = []
    for row in session.scalars(query.order_by(*order)):
        seen = [
            point.at
            for point in points
            if row.since <= point.place and (row.until is None or point.place < row.until)
            and row.control in point.controls
        ]  # fmt: skip
        since = at[row.since]
        until = at[row.until] if row.until is not None and not row.late else None
        result.append(
            Held(
                row.control, row.setting, row.element, row.verdict, row.code, since, seen[-1] if seen else since, until,
                row.late,
            )
        )  # fmt: skip
    return result
