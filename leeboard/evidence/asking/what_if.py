"""What another policy would find on the devices of the store: their last observations judged again, side by side.

No device is asked. Observations are read and judged in small parts, so that no more of an estate than a few hundred
devices is in memory at any moment.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import zlib
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched

from sqlalchemy import ColumnElement, or_, select

from leeboard.evidence import age
from leeboard.evidence.bundles.schema import read_part
from leeboard.evidence.store.store import NO_COST, Store, moment
from leeboard.evidence.store.tables import DeviceRow, PartRow, VisitRow
from leeboard.model.device import Device
from leeboard.model.enums import Level
from leeboard.policy.model import Baseline
from leeboard.verdict.what_if import Change, Judge, Judged, Policy

AT_ONCE = 50  # devices that a process judges at once
AHEAD = 4  # parts a process that are read ahead of it
FEW = 200  # devices that are judged here, since another process takes longer to begin
Row = tuple[str, str, str, bytes, str, str]  # urn, asset, device, body, envelope, seen and observed_at as JSON
Key = tuple[str, str]


@dataclass(frozen=True)
class Again:
    """A device that was judged again."""

    urn: str
    asset: str
    judged: Judged


@dataclass
class Sums:
    """What all of it comes to. `worse` counts devices with a control that gets worse, `better` those of which only
    others do. `moves`: on how many devices a control goes from one verdict to another."""

    devices: int = 0
    never: int = 0
    worse: int = 0
    better: int = 0
    moves: Counter[Change] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def add(self, one: Again) -> None:
        """Count a device."""
        self.devices += 1
        if one.judged.problem:
            self.problems.append(f"{one.asset} at {one.urn}: {one.judged.problem}")
        ways = [change.way for change in one.judged.changes]
        self.worse += any(way > 0 for way in ways)
        self.better += any(way < 0 for way in ways) and all(way <= 0 for way in ways)
        self.moves.update(one.judged.changes)


def judged_again(
    store: Store,
    policies: tuple[Policy, Policy],
    at: datetime,
    urns: Sequence[str] | None,
    keys: Sequence[Key],
    processes: int | None = None,
) -> Iterator[Again]:
    """Every observed device of these schools (None: all) or keys, judged by both policies at a moment, in order."""
    rows = _rows(store, urns, keys)
    first = list(zip(range(FEW), rows, strict=False))
    judge = Judge(*policies, at)
    if len(first) < FEW:
        yield from (_judge(judge, at, row) for _, row in first)
        return
    many = processes or os.process_cpu_count() or 1
    context = multiprocessing.get_context("spawn")  # a copy of this process would share its connections
    waiting: deque[Future[list[Again]]] = deque()
    now, then = (_packed(policy) for policy in policies)
    with ProcessPoolExecutor(many, context, _begin, (now, then, at)) as pool:
        for part in batched(_chained([row for _, row in first], rows), AT_ONCE):
            waiting.append(pool.submit(_judge_part, part))
            if len(waiting) >= many * AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def never_observed(store: Store, urns: Sequence[str] | None, keys: Sequence[Key]) -> int:
    """How many devices there is nothing of to be judged."""
    with store.reading() as session:
        query = select(DeviceRow.asset).where(DeviceRow.body.is_(None))
        for condition in _conditions(urns, keys):
            query = query.where(condition)
        return len(session.execute(query).all())


def _rows(store: Store, urns: Sequence[str] | None, keys: Sequence[Key]) -> Iterator[Row]:
    query = (
        select(
            DeviceRow.urn, DeviceRow.asset, DeviceRow.device, PartRow.content, DeviceRow.envelope, VisitRow.seen,
            VisitRow.observed_at,
        )
        .join(VisitRow, (VisitRow.urn == DeviceRow.urn) & (VisitRow.asset == DeviceRow.asset))
        .join(PartRow, PartRow.digest == DeviceRow.body)
        .order_by(DeviceRow.urn, DeviceRow.asset)
    )  # fmt: skip
    for condition in _conditions(urns, keys):
        query = query.where(condition)
    with store.reading() as session:
        for row in session.execute(query, execution_options={"yield_per": AT_ONCE}):
            yield (
                row.urn, row.asset, row.device, row.content, row.envelope, json.dumps([row.seen, row.observed_at])
            )  # fmt: skip


def _conditions(urns: Sequence[str] | None, keys: Sequence[Key]) -> Iterator[ColumnElement[bool]]:
    if urns is not None:
        yield DeviceRow.urn.in_(urns)
    if keys:
        yield or_(*((DeviceRow.urn == urn) & (DeviceRow.asset == asset) for urn, asset in keys))


def _chained(first: list[Row], rest: Iterator[Row]) -> Iterator[Row]:
    yield from first
    yield from rest


def _judge(judge: Judge, at: datetime, row: Row) -> Again:
    urn, asset, device, content, envelope, times = row
    seen_text, observed_at = json.loads(times)
    seen = moment(seen_text) or at
    said = {**json.loads(envelope), "observed_at": observed_at, "cost": NO_COST}
    body = read_part(zlib.decompress(content))
    known = Device.model_validate_json(device)
    return Again(urn, asset, judge.judge(known, said, body, seen, age.reading(seen, at)))


_OF_THIS_PROCESS: list[tuple[Judge, datetime]] = []
Packed = tuple[
    str, Level | None
]  # a policy as another process is sent it: its models are of kinds that no pickle takes


def _packed(policy: Policy) -> Packed:
    return policy.baseline.model_dump_json(), policy.level


def _begin(now: Packed, then: Packed, at: datetime) -> None:
    """What each process of the pool does first."""
    ours, theirs = (Policy(Baseline.model_validate_json(text), level) for text, level in (now, then))
    _OF_THIS_PROCESS.append((Judge(ours, theirs, at), at))


def _judge_part(part: tuple[Row, ...]) -> list[Again]:
    judge, at = _OF_THIS_PROCESS[-1]
    return [_judge(judge, at, row) for row in part]
