"""On which devices something had drifted at a moment that is over: what "better or worse than last month" rests on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leeboard.evidence.asking.history import Scope, spells
from leeboard.evidence.store.tables import BundleRow
from leeboard.model.verdicts import Verdict


def first_run(session: Session, urns: Collection[str] | None) -> datetime | None:
    """When the earliest run of these schools (None: of any) began that is kept; None where none is."""
    query = select(BundleRow.started)
    began = session.scalars(query if urns is None else query.where(BundleRow.urn.in_(urns)))
    return min(map(datetime.fromisoformat, began), default=None)


def drifted_then(
    session: Session, urns: Collection[str], controls: Collection[str], moments: Collection[datetime]
) -> list[set[str]]:
    """For each moment (aware) the asset tags of the devices on which one of the controls had drifted then.

    `urns` are those of one school with its earlier ones, so a tag names one device.

    Accepted risks are among them: the store keeps what was found. What another controller saw late is not.
    """
    found: list[set[str]] = [set() for _ in moments]
    for spell in spells(session, Scope(urns=urns, controls=controls)):
        if spell.late or spell.verdict != Verdict.DRIFTED.value:
            continue
        for at, devices in zip(moments, found, strict=True):
            if spell.since.at <= at and (spell.until is None or spell.until.at > at):
                devices.add(spell.asset)
    return found
