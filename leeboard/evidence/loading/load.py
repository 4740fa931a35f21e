"""A bundle into the store, at its place in the order of its school's bundles. The caller holds the transaction.

Bundles come in order, each once. On a quiet night little is done: a body and findings that are the same as last time
are neither parsed nor written, and a device costs one short row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.order import Link
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.loading.visits import Judge, Seen, Visit, collect, visits
from leeboard.evidence.notes import forgotten
from leeboard.evidence.store import parts, spans
from leeboard.evidence.store.tables import BundleRow, DeviceRow, SchoolRow, SpanRow, TextRow, UnloadedRow, VisitRow
from leeboard.model.run_id import stamp
from leeboard.policy.model import Baseline

BATCH = 500
Spans = dict[spans.Key, tuple[int, spans.State, str]]  # open ones: the number of the row, the state, when it began


@dataclass(frozen=True)
class Place:
    """Where a closed bundle stands among its school's, and the school's salt for members that may name people.

    `received`: it came from another controller. What it saw before our latest visit is no news, by its own claim, nor
    whom it expected before we did: a claimed time can demote and never promote.
    """

    turn: int
    link: Link
    salt: str
    received: bool = False


@dataclass(frozen=True)
class Policy:
    """What observations without findings are judged by, and which settings count member by member."""

    judge: Judge
    lists: Mapping[tuple[str, str], bool]

    @classmethod
    def of(cls, baseline: Baseline) -> Policy:
        """As this baseline has it."""
        return cls(Judge(baseline), spans.listed(baseline))


@dataclass
class _Load:
    """One load under way."""

    session: Session
    urn: str
    number: int  # of its place
    received: bool
    salt: str
    started: str
    policy: Policy
    forgotten: frozenset[str]  # assets of which this run's evidence is not to be known any more
    observed: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by asset: the controls that were judged


def load(session: Session, reader: Reader, place: Place, policy: Policy, evidence: Path | None) -> list[str] | None:
    """Load an open bundle behind those that are there; the devices whose answers made no sense, with the reason.

    None where somebody else has loaded it meanwhile. Raises LeeboardError.
    What was forgotten stays so, as the file beside the bundle or in the school's folder of `evidence` says. Such a
    device still counts as one that the run expected and observed, without its name.
    """
    found = collect(reader)
    header = reader.header
    urn = header.school.urn
    school = hold_school(session, urn, header.school.name)
    if school.name != header.school.name and not place.received:
        school.name = header.school.name
    same = session.execute(
        select(BundleRow.sha256, BundleRow.file_sha256).where(BundleRow.urn == urn, BundleRow.run == header.run)
    ).one_or_none()
    if same is not None and same.file_sha256 == place.link.sha256:
        return None
    if same is not None:
        how = (
            "is here twice" if same.sha256 == reader.sha256 else "was loaded with other content before; one was changed"
        )
        raise LeeboardError(
            f"{reader.path}: run {header.run} of school {urn} {how}: compare the file with its copy, and report it to "
            "whoever answers for evidence"
        )
    said = forgotten.read(urn, reader.path.parent, evidence / urn if evidence else None)
    # What was received has the turn of its receipt, which says nothing of when it was seen.
    gone = said.among(reader.expected, header.run, 0 if place.received else header.turn)
    last = session.scalar(select(func.max(BundleRow.place)).where(BundleRow.urn == urn))
    under_way = _Load(session, urn, (last or 0) + 1, place.received, place.salt, stamp(header.started), policy, gone)
    failed: list[str] = []
    # What another controller saw is always read: it may be late, and then it is kept for itself.
    known = {} if place.received else _judged_before(session, urn)
    for batch in batched(visits(reader, found, policy.judge, known), BATCH):
        failed.extend(f"{one.asset}: {one.message}" for one in batch if one.unusable and one.asset not in gone)
        _apply(under_way, batch)
    assets = sorted(reader.expected)
    session.execute(
        insert(BundleRow),
        {
            "urn": urn,
            "place": under_way.number,
            "run": header.run,
            "started": under_way.started,
            "finished": stamp(reader.trailer.finished) if reader.trailer else None,
            "writer": header.writer,
            "turn": place.turn,
            "heads": json.dumps(place.link.heads),
            "sha256": reader.sha256,
            "file_sha256": place.link.sha256,
            "action": header.action,
            "baseline": header.baseline,
            "broken_off": reader.broken_off,
            "expected": put_text(session, nameless(assets, gone)),
            "expected_count": len(assets),
            "points": json.dumps(_points(session, assets, under_way.observed)),
        },
    )
    session.execute(delete(UnloadedRow).where(UnloadedRow.urn == urn, UnloadedRow.run == header.run))
    return failed


def clear(session: Session, urn: str) -> None:
    """Take a school's runs, devices and spans out of the store; its bundles have them all."""
    used = select(DeviceRow.body, DeviceRow.judged, DeviceRow.texts).where(DeviceRow.urn == urn)
    digests = {digest for row in session.execute(used) for digest in row}
    rows = session.execute(select(BundleRow.expected, BundleRow.points).where(BundleRow.urn == urn)).all()
    for table in (SpanRow, VisitRow, DeviceRow, BundleRow):
        session.execute(delete(table).where(table.urn == urn))
    parts.drop_unused(session, digests)
    for digest in {row.expected for row in rows} | {one for row in rows for one, _ in json.loads(row.points)}:
        drop_unused_text(session, digest)


def _judged_before(session: Session, urn: str) -> dict[str, tuple[str | None, str | None]]:
    """The digests of body and findings that each device of a school had last."""
    query = select(DeviceRow.asset, DeviceRow.body, DeviceRow.judged).where(DeviceRow.urn == urn)
    return {asset: (body, judged) for asset, body, judged in session.execute(query)}


def _apply(load: _Load, batch: Sequence[Visit]) -> None:
    """Bring the rows of some devices up to date."""
    for visit in batch:
        if visit.asset in load.forgotten and visit.seen is not None:
            load.observed[visit.asset] = visit.seen.controls
    batch = [visit for visit in batch if visit.asset not in load.forgotten]
    assets = [visit.asset for visit in batch]
    session = load.session
    mine = (DeviceRow.urn == load.urn, DeviceRow.asset.in_(assets))
    devices = {row.asset: row for row in session.execute(select(DeviceRow.__table__).where(*mine))}
    visited = select(VisitRow.__table__, BundleRow.started).where(
        VisitRow.urn == load.urn, VisitRow.asset.in_(assets), BundleRow.urn == VisitRow.urn,
        BundleRow.place == VisitRow.place,
    )  # fmt: skip
    nights = {row.asset: row for row in session.execute(visited)}
    rows: list[dict[str, Any]] = []
    seen_rows: list[dict[str, Any]] = []
    stored: dict[str, bytes] = {}
    replaced: list[str | None] = []
    changed: list[tuple[Visit, Seen, Any]] = []
    for visit in batch:
        old, night = devices.get(visit.asset), nights.get(visit.asset)
        row: dict[str, Any] = {"urn": load.urn, "asset": visit.asset}
        short: dict[str, Any] = {**row, "observed": None, "seen": None, "observed_at": None}
        if night is not None:
            short |= {"observed": night.observed, "seen": night.seen, "observed_at": night.observed_at}
        if load.received and night is not None and load.started <= night.started:
            short |= {"place": night.place, "outcome": night.outcome}
        else:
            short |= {"place": load.number, "outcome": visit.outcome}
            row |= _told(visit)
        seen = visit.seen
        if seen is not None:
            load.observed[visit.asset] = seen.controls or _controls(old)
            if load.received and night is not None and night.seen is not None and seen.at <= night.seen:
                _late(load, visit.asset, seen)
                seen = None
        if seen is not None:
            short |= {"observed": load.number, "seen": seen.at, "observed_at": seen.observed_at}
            if old is None or (old.judged, old.body) != (seen.judged, seen.body):
                stored |= seen.parts
                replaced += [old.body, old.judged, old.texts] if old is not None else []
                row |= {"body": seen.body, "judged": seen.judged, "texts": seen.texts}
                changed.append((visit, seen, old))
            row |= {"identity": seen.identity, "envelope": seen.envelope}
        seen_rows.append(short)
        rows.append(row)
    since = _open_and_close(load, changed)
    parts.put(session, stored)
    _write(session, rows, devices, since)
    _upsert(session, VisitRow, seen_rows)
    parts.drop_unused(session, replaced)


def _told(visit: Visit) -> dict[str, Any]:
    return {
        "device": visit.device,
        "problem": visit.problem,
        "message": visit.message,
        "changes": json.dumps(visit.changes),
    }


def _write(
    session: Session, rows: Sequence[dict[str, Any]], before: Mapping[str, Any], since: Mapping[str, str]
) -> None:
    """Insert new devices, and update of the others what is another than before."""
    fresh: list[dict[str, Any]] = []
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    none: dict[str, Any] = dict.fromkeys(("identity", "envelope", "body", "judged", "texts"))
    for row in rows:
        asset = row["asset"]
        row = {**row, **({"since": since[asset]} if asset in since else {})}
        old = before.get(asset)
        if old is None:
            fresh.append({**none, "since": "{}", **row})
            continue
        new = {key: value for key, value in row.items() if getattr(old, key) != value}
        if new:
            new |= {"urn": row["urn"], "asset": asset}
            groups.setdefault(tuple(sorted(new)), []).append(new)
    if fresh:
        session.execute(insert(DeviceRow), fresh)
    for group in groups.values():
        session.execute(update(DeviceRow), group)


def _open_and_close(load: _Load, changed: Sequence[tuple[Visit, Seen, Any]]) -> dict[str, str]:
    """Spans that end and begin with what changed; since when each control's verdict has stood, by asset, as JSON."""
    session, number = load.session, load.number
    there = _open_spans(session, load.urn, [visit.asset for visit, _, _ in changed])
    ended: list[dict[str, Any]] = []
    begun: list[dict[str, Any]] = []
    since: dict[str, str] = {}
    for visit, seen, old in changed:
        known = there.get(visit.asset, {})
        found = spans.change(
            {key: state for key, (_, state, _) in known.items()},
            spans.states(seen.findings, load.policy.lists, load.salt),
            set(seen.controls),
        )
        ended += [{"id": known[key][0], "until": number} for key in found.ends]
        common = {"urn": load.urn, "asset": visit.asset, "since": number, "until": None, "late": False}
        begun += [
            {**common, "control": control, "setting": setting, "element": element, "verdict": verdict, "code": code}
            for (control, setting, element), (verdict, code) in found.begins.items()
        ]
        since[visit.asset] = _since(load, seen, old, known, found)
    if ended:
        session.execute(update(SpanRow), ended)
    if begun:
        session.execute(insert(SpanRow), begun)
    return since


def _since(load: _Load, seen: Seen, old: Any, known: Spans, found: spans.Change) -> str:
    """Since when each control's verdict has stood, as JSON.

    That of a control that is not well is the oldest of its spans with that verdict; otherwise it is as old as the
    verdict itself.
    """
    before: dict[str, list[str]] = json.loads(old.since) if old is not None else {}
    result: dict[str, list[str]] = {}
    oldest: dict[tuple[str, str], str] = {
        (control, verdict): load.started for (control, _, _), (verdict, _) in found.begins.items()
    }
    for key, (_, (verdict, _), started) in known.items():
        if key not in found.ends:
            place = (key[0], verdict)
            oldest[place] = min(oldest.get(place, started), started)
    for finding in seen.findings:
        verdict, mode = finding.verdict.value, finding.mode.value
        was = before.get(finding.control)
        kept = was[0] if was is not None and was[1:] == [verdict, mode] else load.started
        result[finding.control] = [oldest.get((finding.control, verdict), kept), verdict, mode]
    return json.dumps(result)


def _open_spans(session: Session, urn: str, assets: Collection[str]) -> dict[str, Spans]:
    """The open spans of these devices by asset."""
    found: dict[str, Spans] = {}
    query = select(SpanRow, BundleRow.started).where(
        SpanRow.urn == urn, SpanRow.asset.in_(assets), SpanRow.until.is_(None), BundleRow.urn == SpanRow.urn,
        BundleRow.place == SpanRow.since,
    )  # fmt: skip
    for row, started in session.execute(query):
        key = (row.control, row.setting, row.element)
        found.setdefault(row.asset, {})[key] = (row.id, (row.verdict, row.code), started)
    return found


def _late(load: _Load, asset: str, seen: Seen) -> None:
    """What another controller saw before our latest visit: it held then, and nothing follows from it."""
    states = spans.states(seen.findings, load.policy.lists, load.salt)
    rows = [
        {
            "urn": load.urn, "asset": asset, "control": control, "setting": setting, "element": element,
            "verdict": verdict, "code": code, "since": load.number, "until": load.number, "late": True,
        }
        for (control, setting, element), (verdict, code) in states.items()
    ]  # fmt: skip
    if rows:
        load.session.execute(insert(SpanRow), rows)


def _controls(old: Any) -> tuple[str, ...]:
    """The controls that were judged last, of a device whose findings are the same as then."""
    return tuple(sorted(json.loads(old.since))) if old is not None else ()


def hold_school(session: Session, urn: str, name: str | None = None) -> SchoolRow:
    """Hold a school's row, so that two who write about one school take turns on any database; it is made with `name`.

    Raises LookupError where there is none, and no name.
    """
    query = select(SchoolRow).where(SchoolRow.urn == urn).with_for_update()
    row = session.scalars(query).one_or_none()
    if row is None and name is not None:
        _insert_new(session, SchoolRow, [{"urn": urn, "name": name}])
        row = session.scalars(query).one()
    if row is None:
        raise LookupError(urn)
    return row


def nameless(assets: Sequence[str], gone: Collection[str]) -> list[str]:
    """A list of expected assets in which forgotten ones keep their places, and not their names."""
    return ["" if asset in gone else asset for asset in assets]


def put_text(session: Session, items: Sequence[str]) -> str:
    """Keep a list once; its digest."""
    content = json.dumps(list(items))
    digest = hashlib.sha256(content.encode()).hexdigest()
    _insert_new(session, TextRow, [{"digest": digest, "content": content}])
    return digest


def drop_unused_text(session: Session, digest: str) -> None:
    """Remove a list that no run points to any more; another school's runs, or a list of controls, may be the same."""
    used = select(BundleRow.run).where((BundleRow.expected == digest) | BundleRow.points.contains(digest)).limit(1)
    if session.scalars(used).first() is None:
        session.execute(delete(TextRow).where(TextRow.digest == digest))


def _points(session: Session, assets: list[str], observed: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    bits: dict[tuple[str, ...], int] = {}
    for place, asset in enumerate(assets):
        controls = observed.get(asset)
        if controls is not None:
            bits[controls] = bits.get(controls, 0) | 1 << place
    return [[put_text(session, controls), f"{value:x}"] for controls, value in sorted(bits.items())]


def _insert_new(session: Session, table: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    statement = _dialect_insert(session)(table).on_conflict_do_nothing()
    session.execute(statement, list(rows))


def _upsert(session: Session, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    statement = _dialect_insert(session)(table)
    keys = [column.name for column in table.__table__.primary_key]
    others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), list(rows))


def _dialect_insert(session: Session) -> Any:
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
