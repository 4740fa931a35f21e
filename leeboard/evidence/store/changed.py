"""Which devices of a school changed after a bundle, and what became worse or better on them, by the spans of the store.

A device changed when something was found not well that was well before, or well that was not, when one of the two
nights saw it and the other did not, or when nobody expected it before. That a verdict follows from the time or from a
waiver is not in the store: `leeboard.report.export.source` adds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from leeboard.evidence.store.history import text_of
from leeboard.evidence.store.store import StoredBundle
from leeboard.evidence.store.tables import BundleRow, SpanRow, VisitRow
from leeboard.verdict.codes import Code

SEEN = "observed"
NIGHTS = 60  # before a place that are looked at: a device that none of them expected was not on the inventory


@dataclass(frozen=True)
class Changed:
    """What changed at a school after a place. `new` and `mended` are controls by asset: not well now and well then, or
    the other way round; `came` are devices that no run had expected before. `assets` are all that changed in any way.
    """

    assets: frozenset[str]
    new: frozenset[tuple[str, str]]
    mended: frozenset[tuple[str, str]]
    came: frozenset[str]


def place_of(bundles: list[StoredBundle], run: str, at: datetime) -> int:
    """The place of a run among a school's bundles; without it, of the last one that began at `at` or before; 0: none.

    A bundle that began later may have an earlier place, where a clock was wrong: the order is that of the places.
    """
    own = [bundle.place for bundle in bundles if bundle.run == run]
    return max(own or [bundle.place for bundle in bundles if bundle.started <= at], default=0)


def changed(session: Session, urn: str, place: int) -> Changed:
    """What changed at a school after the bundle at `place`; after none (0), all that there is."""
    then, now = _open_at(session, urn, place), _open_at(session, urn, None)
    seen_then, seen_now = _seen_at(session, urn, place), _seen_now(session, urn)
    moved = select(SpanRow.asset).where(
        SpanRow.urn == urn, SpanRow.late.is_(False), or_(SpanRow.since > place, SpanRow.until > place)
    )
    assets = set(session.scalars(moved.distinct()))
    assets |= {asset for asset, seen in seen_now.items() if seen_then.get(asset) is not seen}
    came = frozenset(asset for asset in seen_now if asset not in seen_then)
    return Changed(
        frozenset(assets),
        frozenset(now - then),
        frozenset(key for key in then - now if seen_now.get(key[0]) is not None),
        came,
    )


def _open_at(session: Session, urn: str, place: int | None) -> set[tuple[str, str]]:
    """The controls by asset that were not well after the bundle at a place; None: that are so still.

    What Leeboard cannot check yet is nobody's news.
    """
    query = select(SpanRow.asset, SpanRow.control).where(
        SpanRow.urn == urn, SpanRow.late.is_(False), SpanRow.code != Code.PLANNED
    )
    if place is None:
        query = query.where(SpanRow.until.is_(None))
    else:
        query = query.where(SpanRow.since <= place, or_(SpanRow.until.is_(None), SpanRow.until > place))
    return {(asset, control) for asset, control in session.execute(query.distinct())}


def _seen_now(session: Session, urn: str) -> Mapping[str, bool]:
    query = select(VisitRow.asset, VisitRow.outcome).where(VisitRow.urn == urn)
    return {asset: outcome == SEEN for asset, outcome in session.execute(query)}


def _seen_at(session: Session, urn: str, place: int) -> Mapping[str, bool]:
    """By asset, whether the last bundle up to `place` that expected the device saw it."""
    query = select(BundleRow.expected, BundleRow.points).where(BundleRow.urn == urn, BundleRow.place <= place)
    found: dict[str, bool] = {}
    texts: dict[str, list[str]] = {}
    for expected, points in session.execute(query.order_by(BundleRow.place.desc()).limit(NIGHTS)):
        if expected not in texts:
            texts[expected] = text_of(session, expected)
        bits = 0
        for _digest, some in json.loads(points):
            bits |= int(some, 16)
        for number, asset in enumerate(texts[expected]):
            if asset:
                found.setdefault(asset, bool(bits >> number & 1))
    return found
