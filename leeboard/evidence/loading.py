"""A bundle into the store, in one transaction, in whatever order bundles come and however often they come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leeboard.errors import LeeboardError
from leeboard.evidence import dating, forgotten, history, spans
from leeboard.evidence.db_schema import BundleRow, DeviceRow, SchoolRow, SpanRow, TextRow
from leeboard.evidence.reader import Reader
from leeboard.evidence.store import Store
from leeboard.evidence.visits import Judge, Visit, collect, visits
from leeboard.model.run_id import stamp
from leeboard.policy.model import Baseline

BATCH = 500
Verdicts = dict[str, tuple[str, str, str | None]]  # by control: verdict, mode and cause


@dataclass(frozen=True)
class Loaded:
    """What became of a bundle. `new` is False for one that was there already. `failed`: devices that made no sense."""

    urn: str
    run: str
    new: bool
    failed: tuple[str, ...] = ()


@dataclass
class _Load:
    """One load under way."""

    session: Session
    urn: str
    run: str
    claim: str  # the run that the bundle says it is; `run` is when that counts
    points: history.Points
    forgotten: frozenset[str]  # assets of which this run's evidence is not to be known any more
    observed: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by asset: the controls that were judged


def load(
    store: Store,
    reader: Reader,
    baseline: Baseline,
    file_sha256: str | None,
    evidence: Path | None = None,
    run: str | None = None,
) -> Loaded:
    """Load an open bundle. `file_sha256` is of its closed file. Raises LeeboardError, and then nothing is loaded.

    `run` is the id as which it counts, where its controller's clock was wrong (dating.py).

    What was forgotten stays so, as the file beside the bundle or in the school's folder of `evidence` says. Such a
    device still counts as one that the run expected and observed, without its name.
    """
    found = collect(reader)
    digest, header = reader.sha256, reader.header
    urn, claim = header.school.urn, header.run
    run = run or claim
    failed: list[str] = []
    with store.writing() as session:
        _school(session, urn, header.school.name, run)
        either = select(BundleRow).where(BundleRow.urn == urn, or_(BundleRow.run == run, BundleRow.sha256 == digest))
        there = session.scalars(either).all()
        known = next((one for one in there if one.sha256 == digest), None)
        if there:
            if known is None:
                raise LeeboardError(
                    f"{reader.path}: run {run} of school {urn} was loaded with other content before; one of them was "
                    "changed: compare the file with its copy, and report it to whoever answers for evidence"
                )
            known.file_sha256 = known.file_sha256 or file_sha256
            return Loaded(urn, known.run, new=False)
        # Read now that we hold the school: whoever forgets a device writes that down before asking for the school.
        said = forgotten.read(urn, reader.path.parent, evidence / urn if evidence else None)
        gone = said.among(reader.expected, run) | said.among(reader.expected, claim)
        under_way = _Load(session, urn, run, claim, history.Points(session, urn), gone)
        for batch in _batches(visits(reader, found, Judge(baseline))):
            failed.extend(f"{one.asset}: {one.message}" for one in batch if one.unusable and one.asset not in gone)
            _apply(under_way, batch)
        assets = sorted(reader.expected)
        session.execute(
            insert(BundleRow),
            {
                "urn": urn,
                "run": run,
                "sha256": digest,
                "file_sha256": file_sha256,
                "previous": header.follows,
                "action": header.action,
                "baseline": header.baseline,
                "finished": stamp(dating.moved(reader.trailer.finished, claim, run)) if reader.trailer else None,
                "broken_off": reader.broken_off,
                "expected": put_text(session, nameless(assets, gone)),
                "expected_count": len(assets),
                "points": json.dumps(_points(session, assets, under_way.observed)),
            },
        )
    return Loaded(urn, run, new=True, failed=tuple(failed))


def _apply(load: _Load, batch: Sequence[Visit]) -> None:
    """Bring the rows of some devices up to date."""
    for visit in batch:
        if visit.asset in load.forgotten and visit.observation is not None:
            load.observed[visit.asset] = tuple(sorted(_verdicts(visit.findings)))
    batch = [visit for visit in batch if visit.asset not in load.forgotten]
    query = select(DeviceRow.asset, DeviceRow.run, DeviceRow.observed_run, DeviceRow.findings).where(
        DeviceRow.urn == load.urn, DeviceRow.asset.in_([visit.asset for visit in batch])
    )
    before = {row.asset: row for row in load.session.execute(query)}
    fresh: list[dict[str, Any]] = []
    changed: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    onward: list[tuple[str, Verdicts, Verdicts]] = []
    for visit in batch:
        old = before.get(visit.asset)
        row: dict[str, Any] = {"urn": load.urn, "asset": visit.asset}
        if old is None or load.run > old.run:
            row |= {
                "run": load.run,
                "device": visit.device,
                "problem": visit.problem,
                "outcome": visit.outcome,
                "message": visit.message,
                "changes": json.dumps(visit.changes),
            }
        if visit.observation is not None:
            verdicts = _verdicts(visit.findings)
            load.observed[visit.asset] = tuple(sorted(verdicts))
            if old is None or old.observed_run is None or load.run > old.observed_run:
                findings = json.dumps(visit.findings)
                row |= {
                    "observed_run": load.run,
                    "seen": visit.seen and dating.restamped(visit.seen, load.claim, load.run),
                    "identity": visit.identity,
                    "observation": visit.observation,
                    "findings": findings,
                }
                if old is None or old.findings != findings:
                    told = json.loads(old.findings) if old is not None and old.findings else []
                    onward.append((visit.asset, _verdicts(told), verdicts))
            else:
                _put_late(load, visit.asset, verdicts)
        if old is None:
            fresh.append(row)
        elif len(row) > 2:
            changed.setdefault(tuple(row), []).append(row)
    if fresh:
        none = dict.fromkeys(("observed_run", "seen", "identity", "observation", "findings"))
        load.session.execute(insert(DeviceRow), [none | row for row in fresh])
    for rows in changed.values():
        load.session.execute(update(DeviceRow), rows)
    _put_onward(load, onward)


def _put_onward(load: _Load, devices: list[tuple[str, Verdicts, Verdicts]]) -> None:
    """Spans for observations that are newer than any before: what is still so is not touched."""
    moved = {
        (asset, control): verdict
        for asset, old, new in devices
        for control, verdict in new.items()
        if old.get(control) != verdict
    }
    if not moved:
        return
    query = select(SpanRow.id, SpanRow.asset, SpanRow.control, SpanRow.verdict, SpanRow.mode, SpanRow.cause).where(
        SpanRow.urn == load.urn, SpanRow.asset.in_({asset for asset, _ in moved}), SpanRow.until.is_(None)
    )
    ended = []
    for row in load.session.execute(query):
        wanted = moved.get((row.asset, row.control))
        if wanted == (row.verdict, row.mode, row.cause):
            del moved[row.asset, row.control]  # it was not looked at for a while, and is as it was
        elif wanted is not None:
            ended.append({"id": row.id, "until": load.run})
    if ended:
        load.session.execute(update(SpanRow), ended)
    _insert_spans(
        load,
        [
            (asset, control, spans.Span(verdict, mode, load.run, cause=cause))
            for (asset, control), (verdict, mode, cause) in moved.items()
        ],
    )


def _put_late(load: _Load, asset: str, verdicts: Verdicts) -> None:
    """Spans for an observation that is older than the newest: cut or stretched as if it had come in its turn."""
    known = history.spans(load.session, load.urn, asset)
    for control, (verdict, mode, cause) in verdicts.items():
        old = known.get(control, [])

        def after(run: str, control: str = control) -> str | None:
            return load.points.after(asset, control, run)

        new = spans.put(old, spans.Span(verdict, mode, load.run, cause=cause), after)
        if new != old:
            load.session.execute(
                delete(SpanRow).where(SpanRow.urn == load.urn, SpanRow.asset == asset, SpanRow.control == control)
            )
            _insert_spans(load, [(asset, control, span) for span in new])


def _insert_spans(load: _Load, rows: list[tuple[str, str, spans.Span]]) -> None:
    if rows:
        load.session.execute(
            insert(SpanRow),
            [{"urn": load.urn, "asset": asset, "control": control, **vars(span)} for asset, control, span in rows],
        )


def hold_school(session: Session, urn: str) -> SchoolRow | None:
    """Hold a school's row, so that two who write about one school take turns on any database; None without one."""
    return session.scalars(select(SchoolRow).where(SchoolRow.urn == urn).with_for_update()).one_or_none()


def nameless(assets: Sequence[str], gone: Collection[str]) -> list[str]:
    """A list of expected assets in which forgotten ones keep their places, and not their names."""
    return ["" if asset in gone else asset for asset in assets]


def put_text(session: Session, items: Sequence[str]) -> str:
    """Keep a list once; its digest."""
    content = json.dumps(list(items))
    digest = hashlib.sha256(content.encode()).hexdigest()
    _insert_new(session, TextRow, {"digest": digest, "content": content})
    return digest


def _school(session: Session, urn: str, name: str, run: str) -> None:
    """Make the school's row, and hold it, so that two loads of one school take turns on any database."""
    _insert_new(session, SchoolRow, {"urn": urn, "name": name})
    row = hold_school(session, urn)
    newer = select(BundleRow.run).where(BundleRow.urn == urn, BundleRow.run > run).limit(1)
    if row is not None and row.name != name and session.scalars(newer).first() is None:
        row.name = name


def _points(session: Session, assets: list[str], observed: dict[str, tuple[str, ...]]) -> list[list[str]]:
    bits: dict[tuple[str, ...], int] = {}
    for place, asset in enumerate(assets):
        controls = observed.get(asset)
        if controls is not None:
            bits[controls] = bits.get(controls, 0) | 1 << place
    return [[put_text(session, controls), f"{value:x}"] for controls, value in sorted(bits.items())]


def _insert_new(session: Session, table: type[SchoolRow] | type[TextRow], row: dict[str, str]) -> None:
    dialect = session.get_bind().dialect.name
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    session.execute(statement.values(row).on_conflict_do_nothing())


def _verdicts(findings: list[dict[str, Any]]) -> Verdicts:
    return {
        finding["control"]: (finding["verdict"], finding["mode"], finding.get("cause") or None) for finding in findings
    }


def _batches(all_visits: Iterator[Visit]) -> Iterator[list[Visit]]:
    batch: list[Visit] = []
    for visit in all_visits:
        batch.append(visit)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


__all__ = ["Loaded", "hold_school", "load", "nameless", "put_text"]
