"""Runs of one school at other moments in the store, and a school's rows out of it to be loaded anew."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from leeboard.evidence.dating import restamped
from leeboard.evidence.db_schema import BundleRow, DeviceRow, SpanRow
from leeboard.evidence.forgetting import drop_unused
from leeboard.evidence.loading import hold_school
from leeboard.evidence.store import Store


def redate(store: Store, urn: str, moves: Mapping[str, str]) -> bool:
    """Let runs of a school count as other ones, all or none.

    False, and nothing is changed, where that would change their order: what the store says of a device is that of its
    latest run, and which one that was can only be told from the bundles.
    """
    with store.writing() as session:
        if hold_school(session, urn) is None:
            return True
        runs = sorted(session.scalars(select(BundleRow.run).where(BundleRow.urn == urn)))
        after = [moves.get(run, run) for run in runs]
        if after != sorted(set(after)):
            return False
        # In an order in which no id is taken yet: later ones first where they go on, earlier ones first otherwise.
        there = [(run, moves[run]) for run in runs if moves.get(run, run) != run]
        onward = [(old, new) for old, new in there if new > old]
        for old, new in [*reversed(onward), *((old, new) for old, new in there if new < old)]:
            _move(session, urn, old, new)
    return True


def clear(store: Store, urn: str) -> None:
    """Take a school's runs, devices and verdicts out of the store; its bundles have them all."""
    with store.writing() as session:
        if hold_school(session, urn) is None:
            return
        rows = session.execute(select(BundleRow.expected, BundleRow.points).where(BundleRow.urn == urn)).all()
        for table in (SpanRow, DeviceRow, BundleRow):
            session.execute(delete(table).where(table.urn == urn))
        for digest in {row.expected for row in rows} | {one for row in rows for one, _ in json.loads(row.points)}:
            drop_unused(session, digest)


def _move(session: Session, urn: str, old: str, new: str) -> None:
    row = session.get_one(BundleRow, (urn, old))
    finished = row.finished and restamped(row.finished, old, new)
    session.execute(
        update(BundleRow).where(BundleRow.urn == urn, BundleRow.run == old).values(run=new, finished=finished)
    )
    seen = select(DeviceRow.asset, DeviceRow.seen).where(DeviceRow.urn == urn, DeviceRow.observed_run == old)
    for asset, at in session.execute(seen).all():
        session.execute(
            update(DeviceRow)
            .where(DeviceRow.urn == urn, DeviceRow.asset == asset)
            .values(observed_run=new, seen=at and restamped(at, old, new))
        )
    session.execute(update(DeviceRow).where(DeviceRow.urn == urn, DeviceRow.run == old).values(run=new))
    session.execute(update(SpanRow).where(SpanRow.urn == urn, SpanRow.since == old).values(since=new))
    session.execute(update(SpanRow).where(SpanRow.urn == urn, SpanRow.until == old).values(until=new))
