"""Bundles that were put away: their history, as the bundle of the prune keeps it, and back into a store.

The history is what a store knows once it has loaded them and no others. So a store that is made anew takes it in first,
goes on with the bundles that are there, and is the same store.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.order import Link
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.bundles.schema import History, PrunedDevice, PrunedRun, PrunedSpan
from leeboard.evidence.loading.load import hold_school, nameless, put_text
from leeboard.evidence.notes import forgotten
from leeboard.evidence.store.history import text_of
from leeboard.evidence.store.store import StoredBundle
from leeboard.evidence.store.tables import BundleRow, DeviceRow, SpanRow, VisitRow
from leeboard.model.device import Device
from leeboard.model.run_id import stamp

AT_ONCE = 500  # rows
SPAN = ("asset", "control", "setting", "element", "verdict", "code", "since", "until", "late")


@dataclass(frozen=True)
class PutAway:
    """The bundles of a school that were put away, by hash and in order, and the bundle that keeps their history."""

    links: Mapping[str, Link] = field(default_factory=dict)
    kept_in: Path | None = None


def put_away(ours: Iterable[Link], paths: Mapping[str, Path], known: Sequence[StoredBundle] = ()) -> PutAway:
    """What the newest prune among our bundles put away. Raises LeeboardError for one that makes no sense.

    One that was broken off put nothing away. Where `known`, what the store has of the school in order, begins with the
    same bundles, the history is not read for it.
    """
    whole = {one.file_sha256 for one in known if not one.broken_off}
    broken_off = {one.file_sha256 for one in known if one.broken_off}
    for link in sorted((link for link in ours if link.prunes), key=lambda link: link.turn, reverse=True):
        path = paths[link.sha256]
        if link.sha256 in broken_off:
            continue
        with Reader(path) as reader:
            said = reader.header.pruned
            if said is None:
                continue
            same = len(known) >= said.runs and known[said.runs - 1].file_sha256 == said.sha256
            if same and link.sha256 in whole:
                return PutAway({one.file_sha256: one.link for one in known[: said.runs]}, path)
            links = {line.file_sha256: _link(line) for line in reader.history() if isinstance(line, PrunedRun)}
            if reader.broken_off:
                continue
        if len(links) != said.runs or list(links)[-1] != said.sha256:
            raise LeeboardError(f"{path}: does not keep the history of what its header says was put away")
        return PutAway(links, path)
    return PutAway()


def history(session: Session, urn: str) -> Iterator[History]:
    """All that a store knows of a school but for what its devices said last, in lines for a bundle."""
    for row in session.scalars(select(BundleRow).where(BundleRow.urn == urn).order_by(BundleRow.place)):
        yield PrunedRun.model_validate(
            {
                **_columns(row, set(PrunedRun.model_fields) - {"kind", "heads", "expected", "points"}),
                "kind": "pruned_run",
                "heads": json.loads(row.heads),
                "expected": text_of(session, row.expected),
                "points": [(text_of(session, controls), bits) for controls, bits in json.loads(row.points)],
            }
        )
    query = select(DeviceRow, VisitRow).where(
        DeviceRow.urn == urn, VisitRow.urn == DeviceRow.urn, VisitRow.asset == DeviceRow.asset
    )
    for device, visit in session.execute(query.order_by(DeviceRow.asset)):
        yield PrunedDevice.model_validate(
            {
                **_columns(device, ("asset", "problem", "message")),
                **_columns(visit, ("outcome", "place", "observed", "seen", "observed_at")),
                "kind": "pruned_device",
                "device": Device.model_validate_json(device.device),
                "changes": json.loads(device.changes),
                "since": json.loads(device.since),
            }
        )
    for span in session.scalars(select(SpanRow).where(SpanRow.urn == urn).order_by(SpanRow.id)):
        yield PrunedSpan.model_validate({**_columns(span, SPAN), "kind": "pruned_span"})


def restore(session: Session, reader: Reader, evidence: Path | None) -> None:
    """The history in the open bundle of a prune into a store that knows nothing of the school.

    A device that was forgotten since then is left out, as when a bundle is loaded. Raises LeeboardError.
    """
    header = reader.header
    urn = header.school.urn
    hold_school(session, urn, header.school.name)
    said = forgotten.read(urn, reader.path.parent, evidence / urn if evidence else None)
    place = 0
    for lines in batched(reader.history(), AT_ONCE):
        assets = {line.asset for line in lines if not isinstance(line, PrunedRun)}
        assets.update(asset for line in lines if isinstance(line, PrunedRun) for asset in line.expected)
        gone = said.among(assets, header.run, header.turn)
        rows: dict[Any, list[dict[str, Any]]] = {BundleRow: [], DeviceRow: [], VisitRow: [], SpanRow: []}
        for line in lines:
            if isinstance(line, PrunedRun):
                place += 1
                rows[BundleRow].append({"urn": urn, "place": place, **_run(session, line, gone)})
            elif line.asset in gone:
                continue
            elif isinstance(line, PrunedDevice):
                rows[DeviceRow].append({"urn": urn, **_device(line)})
                rows[VisitRow].append({"urn": urn, **_visit(line)})
            else:
                rows[SpanRow].append({"urn": urn, **line.model_dump(include=set(SPAN))})
        for table, some in rows.items():
            if some:
                session.execute(insert(table), some)


def _link(line: PrunedRun) -> Link:
    turn = line.turn if line.writer else 0
    return Link(line.run, line.file_sha256, line.heads, turn, line.writer, line.action)


def _run(session: Session, line: PrunedRun, gone: Collection[str]) -> dict[str, Any]:
    return {
        **line.model_dump(exclude={"kind", "started", "finished", "heads", "expected", "points"}),
        "started": stamp(line.started),
        "finished": stamp(line.finished) if line.finished else None,
        "heads": json.dumps(line.heads),
        "expected": put_text(session, nameless(line.expected, gone)),
        "expected_count": len(line.expected),
        "points": json.dumps([[put_text(session, controls), bits] for controls, bits in line.points]),
    }


def _device(line: PrunedDevice) -> dict[str, Any]:
    """A device's row, without what it said: a later bundle, which is there, has that."""
    return {
        **dict.fromkeys(("identity", "envelope", "body", "judged", "texts")),
        **line.model_dump(include={"asset", "problem", "message"}),
        "device": line.device.model_dump_json(),
        "changes": json.dumps(line.changes),
        "since": json.dumps({control: [stamp(at), *state] for control, (at, *state) in line.since.items()}),
    }


def _visit(line: PrunedDevice) -> dict[str, Any]:
    return {
        **line.model_dump(include={"asset", "outcome", "place", "observed", "observed_at"}),
        "seen": stamp(line.seen) if line.seen else None,
    }


def _columns(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
