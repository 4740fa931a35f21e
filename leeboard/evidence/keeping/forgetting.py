"""Taking what is known of one device out of the store: all or nothing, and harmless to do again.

The runs stay, with their counts and hashes: in the lists of whom they expected the device keeps its place, and not its
name. So what is known of other devices, and how far back evidence reaches, does not change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from leeboard.evidence.loading.load import drop_unused_text, hold_school, nameless, put_text
from leeboard.evidence.store import parts
from leeboard.evidence.store.store import Store, moment
from leeboard.evidence.store.tables import BundleRow, DeviceRow, SpanRow, TextRow, VisitRow
from leeboard.model.identity import sighting
from leeboard.model.observation import parse


@dataclass(frozen=True)
class Named:
    """A device that the store has a row of: as its latest run expected it."""

    urn: str
    asset: str
    name: str
    school: str
    serial: str
    run: str


@dataclass(frozen=True)
class Known:
    """What the store knows of one device. `runs` are how many runs it says expected it, `spans` its verdicts."""

    row: bool = False
    seen: datetime | None = None
    findings: int = 0
    spans: int = 0
    runs: int = 0

    @property
    def anything(self) -> bool:
        """True when there is something to take out."""
        return self.row or self.spans > 0 or self.runs > 0


def named(store: Store) -> list[Named]:
    """Every device that the store has a row of."""
    query = (
        select(DeviceRow.urn, DeviceRow.asset, DeviceRow.device, BundleRow.run)
        .join(VisitRow, (VisitRow.urn == DeviceRow.urn) & (VisitRow.asset == DeviceRow.asset))
        .join(BundleRow, (BundleRow.urn == VisitRow.urn) & (BundleRow.place == VisitRow.place))
        .order_by(DeviceRow.urn, DeviceRow.asset)
    )
    with store.reading() as session:
        rows = session.execute(query).all()
    found = []
    for urn, asset, text, run in rows:
        said: dict[str, Any] = json.loads(text)
        found.append(Named(urn, asset, said["name"], said["school"], said.get("serial") or "", run))
    return found


def known(store: Store, urn: str, asset: str) -> Known:
    """What the store knows of a device."""
    with store.reading() as session:
        row = session.execute(
            select(VisitRow.seen, DeviceRow.since).where(
                DeviceRow.urn == urn, DeviceRow.asset == asset, VisitRow.urn == DeviceRow.urn, VisitRow.asset == asset
            )
        ).one_or_none()
        spans = session.scalar(select(func.count()).where(SpanRow.urn == urn, SpanRow.asset == asset)) or 0
        lists = _lists_with(session, urn, asset)
        runs = session.scalar(
            select(func.count()).where(BundleRow.urn == urn, BundleRow.expected.in_([digest for digest, _ in lists]))
        )
    if row is None:
        return Known(spans=spans, runs=runs or 0)
    return Known(True, moment(row.seen), len(json.loads(row.since)), spans, runs or 0)


def identity(store: Store, urn: str, asset: str) -> tuple[str, ...]:
    """Serial and UUID that the device last had, as far as they tell one from others (clones share a machine-id)."""
    observation = store.observation(urn, asset)
    if observation is None:
        return ()
    seen = sighting(parse(observation).identity)
    return tuple(one for one in (seen.serial, seen.uuid) if one)


def others(store: Store, urn: str, asset: str) -> Iterator[tuple[str, str]]:
    """What the store holds of each other device of the school, as text: a neighbour may have named the device."""
    columns = (DeviceRow.device, DeviceRow.message, DeviceRow.changes, DeviceRow.envelope)
    kept = (DeviceRow.body, DeviceRow.judged)
    query = select(DeviceRow.asset, *columns, *kept).where(DeviceRow.urn == urn, DeviceRow.asset != asset)
    with store.reading() as session:
        for other, *texts, body, judged in session.execute(query.order_by(DeviceRow.asset)).all():
            lines = [parts.get(session, digest).decode() for digest in (body, judged) if digest]
            yield other, "\n".join([*(text or "" for text in texts), *lines])


def forget(store: Store, *keys: tuple[str, str]) -> None:
    """Take devices, each by URN and asset tag, out of the store, in one transaction.

    What keeps them out must have been written before.
    """
    with store.writing() as session:
        for urn, asset in sorted(keys):
            with suppress(LookupError):
                hold_school(session, urn)
                _forget(session, urn, asset)


def _forget(session: Session, urn: str, asset: str) -> None:
    digests = session.execute(
        select(DeviceRow.body, DeviceRow.judged, DeviceRow.texts).where(DeviceRow.urn == urn, DeviceRow.asset == asset)
    ).one_or_none()
    for table in (SpanRow, VisitRow, DeviceRow):
        session.execute(delete(table).where(table.urn == urn, table.asset == asset))
    parts.drop_unused(session, digests or ())
    for digest, assets in _lists_with(session, urn, asset):
        new = put_text(session, nameless(assets, {asset}))
        session.execute(
            update(BundleRow).where(BundleRow.urn == urn, BundleRow.expected == digest).values(expected=new)
        )
        drop_unused_text(session, digest)


def _lists_with(session: Session, urn: str, asset: str) -> list[tuple[str, list[str]]]:
    """The lists of expected assets that name this one, by digest."""
    query = select(TextRow.digest, TextRow.content).where(
        TextRow.digest.in_(select(BundleRow.expected).where(BundleRow.urn == urn))
    )
    lists = [(digest, json.loads(content)) for digest, content in session.execute(query)]
    return [(digest, assets) for digest, assets in sorted(lists) if asset in assets]
