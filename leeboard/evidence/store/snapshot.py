"""What a store says of a school, to be compared with what it says once it was made anew from the bundles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from leeboard.evidence.store.tables import BundleRow, DeviceRow, SpanRow, VisitRow

Span = tuple[str, str, str, str, str, str, str | None]  # control, setting, element, verdict, code, since, until


@dataclass(frozen=True)
class Known:
    """One device: what came of the latest run that expected it, the one that observed it, and digests of what it said.

    `since` has by control since when its verdict stands, with verdict and mode. Runs are told by their ids.
    """

    outcome: str
    run: str
    observed: str
    said: tuple[str, str, str]
    since: Mapping[str, list[str]]
    spans: frozenset[Span]


@dataclass(frozen=True)
class Snapshot:
    """A school: its runs in order with the hashes of what they said, and its devices."""

    runs: Mapping[str, str]
    devices: Mapping[str, Known]


def snapshot(session: Session, urn: str) -> Snapshot:
    """What the store says of a school at this moment."""
    bundles = select(BundleRow.place, BundleRow.run, BundleRow.sha256).where(BundleRow.urn == urn)
    rows = session.execute(bundles.order_by(BundleRow.place)).all()
    run_of = {place: run for place, run, _ in rows}
    spans: dict[str, set[Span]] = {}
    for row in session.scalars(select(SpanRow).where(SpanRow.urn == urn)):
        until = None if row.until is None else run_of[row.until]
        key = (row.control, row.setting, row.element, row.verdict, row.code)
        spans.setdefault(row.asset, set()).add((*key, run_of[row.since], until))
    query = select(DeviceRow, VisitRow).where(
        DeviceRow.urn == urn, VisitRow.urn == DeviceRow.urn, VisitRow.asset == DeviceRow.asset
    )
    devices = {
        device.asset: Known(
            outcome=visit.outcome,
            run=run_of[visit.place],
            observed=run_of.get(visit.observed or 0, ""),
            said=(device.body or "", device.judged or "", device.texts or ""),
            since=json.loads(device.since),
            spans=frozenset(spans.get(device.asset, ())),
        )
        for device, visit in session.execute(query)
    }
    return Snapshot({run: sha256 for _, run, sha256 in rows}, devices)


def differences(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """What the two say differently, in lines: what the store had, and what the bundles say."""
    for run, sha256 in before.runs.items():
        if run not in after.runs:
            yield f"run {run}: the store knew it, and its bundle is not here"
        elif after.runs[run] != sha256:
            yield f"run {run}: the store had other content than its bundle has"
    for run in after.runs:
        if run not in before.runs:
            yield f"run {run}: the store did not know it"
    if list(before.runs) != [run for run in after.runs if run in before.runs] and set(before.runs) <= set(after.runs):
        yield "the store had the runs in another order"
    for asset in sorted({*before.devices, *after.devices}):
        had, has = before.devices.get(asset), after.devices.get(asset)
        if had is None or has is None:
            yield f"{asset}: the store did not know it" if had is None else f"{asset}: no bundle knows it"
        elif had != has:
            yield f"{asset}: {'; '.join(_device(had, has))}"


def _device(had: Known, has: Known) -> Iterator[str]:
    for name in ("outcome", "run", "observed"):
        if getattr(had, name) != getattr(has, name):
            yield f"{name} was {getattr(had, name) or 'none'}, and is {getattr(has, name) or 'none'}"
    if had.said != has.said:
        yield "what it said was something else"
    controls = [control for control in has.since if had.since.get(control) != has.since[control]]
    controls += [control for control in had.since if control not in has.since]
    if controls:
        yield f"since when verdicts stand was something else ({', '.join(sorted(controls))})"
    if had.spans != has.spans:
        yield f"{len(had.spans - has.spans)} spans were something else, and {len(has.spans - had.spans)} were missing"
