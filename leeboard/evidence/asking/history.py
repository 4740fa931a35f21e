"""What happened: spans of the store as spells, and spells as events. Which run saw it, and which run saw it mended.

A spell is what was not well with one setting (or one member of a list) of one device, from a run to a run. An event is
where a spell begins, ends, or becomes another one of the same setting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from leeboard.evidence.store.history import Points
from leeboard.evidence.store.tables import BundleRow, SpanRow
from leeboard.model.verdicts import Verdict

AT_ONCE = 2000
WORSE, BETTER, MENDED, OTHER, LATE = "worse", "better", "mended", "other", "late"
Key = tuple[str, str]  # URN and asset tag


@dataclass(frozen=True)
class Run:
    """A run as its bundle has it: `action` is check or enforce, `place` its number in the order of its school."""

    id: str
    at: datetime
    action: str
    place: int


@dataclass(frozen=True)
class Spell:
    """What was not well with a setting, first seen in the run `since`; the run `until` saw it otherwise (None: still).

    `late` is for what another controller saw before our own latest visit: it is known of that one time alone.
    """

    urn: str
    asset: str
    control: str
    setting: str
    element: str
    verdict: str
    code: str
    since: Run
    until: Run | None
    late: bool = False

    @property
    def name(self) -> str:
        """The control with its setting, as LCK-01.idle-delay."""
        return f"{self.control}.{self.setting}" if self.setting else self.control


@dataclass(frozen=True)
class Event:
    """What a run saw to be otherwise than before. `kind` is worse, better, other (as bad, for another reason), mended
    or late. `verdict` and `code` are what it became ("" once it was mended), `was` what it had been."""

    kind: str
    run: Run
    urn: str
    asset: str
    name: str
    element: str
    verdict: str
    code: str
    was: str


@dataclass(frozen=True)
class Scope:
    """Which spells are meant: of these schools, devices, controls and that setting; None or empty means any."""

    urns: Collection[str] | None = None
    keys: Collection[Key] = ()
    controls: Collection[str] = ()
    setting: str = ""


def spells(session: Session, scope: Scope) -> Iterator[Spell]:
    """The spells in a scope by device, setting and time; a row at a time."""
    began, ended = aliased(BundleRow), aliased(BundleRow)
    query = (
        select(
            SpanRow.urn, SpanRow.asset, SpanRow.control, SpanRow.setting, SpanRow.element, SpanRow.verdict,
            SpanRow.code, SpanRow.late, began.run, began.started, began.action, began.place,
            ended.run.label("end_run"), ended.started.label("end_started"), ended.action.label("end_action"),
            ended.place.label("end_place"),
        )
        .join(began, (began.urn == SpanRow.urn) & (began.place == SpanRow.since))
        .outerjoin(ended, (ended.urn == SpanRow.urn) & (ended.place == SpanRow.until))
        .order_by(
            SpanRow.urn, SpanRow.asset, SpanRow.control, SpanRow.setting, SpanRow.element, SpanRow.since, SpanRow.id
        )
    )  # fmt: skip
    for condition in _conditions(scope):
        query = query.where(condition)
    for row in session.execute(query, execution_options={"yield_per": AT_ONCE}):
        until = None
        if row.end_run is not None and not row.late:
            until = Run(row.end_run, datetime.fromisoformat(row.end_started), row.end_action, row.end_place)
        yield Spell(
            row.urn, row.asset, row.control, row.setting, row.element, row.verdict, row.code,
            Run(row.run, datetime.fromisoformat(row.started), row.action, row.place), until, row.late,
        )  # fmt: skip


def events(found: Iterable[Spell]) -> Iterator[Event]:
    """What happened in spells, which come as `spells` gives them: a device's control after the other."""
    for _, group in groupby(found, key=lambda one: (one.urn, one.asset, one.control)):
        yield from _of_control(list(group))


def _of_control(several: Sequence[Spell]) -> Iterator[Event]:
    ended: dict[int, list[Spell]] = {}
    begun: dict[int, list[Spell]] = {}
    for one in (each for each in several if not each.late):
        begun.setdefault(one.since.place, []).append(one)
        if one.until is not None:
            ended.setdefault(one.until.place, []).append(one)
    for one in several:
        before = None if one.late else _same(ended.get(one.since.place, ()), one)
        yield _event(_kind(one, before), one.since, one, one.verdict, one.code, before.verdict if before else "")
        if one.until is not None and not one.late and _same(begun.get(one.until.place, ()), one) is None:
            yield _event(MENDED, one.until, one, "", "", one.verdict)


def _same(among: Iterable[Spell], one: Spell) -> Spell | None:
    """The spell among these that another goes on from or into: of the same member, or where one of the two is about
    the whole setting or control. What can no longer be read is not mended, and was not well before it was read again.
    """
    alike = [
        other
        for other in among
        if not (other.setting and one.setting)
        or (other.setting == one.setting and (other.element == one.element or not (other.element and one.element)))
    ]
    return max(alike, key=lambda other: (other.setting == one.setting, other.element == one.element), default=None)


def observed(session: Session, keys: Iterable[Key]) -> list[Run]:
    """The runs that observed a device, under any of its names, in order of time."""
    found = []
    for urn, asset in keys:
        places = {point.place for point in Points(session, urn).of(asset)}
        query = select(BundleRow.run, BundleRow.started, BundleRow.action, BundleRow.place)
        for row in session.execute(query.where(BundleRow.urn == urn).order_by(BundleRow.place)):
            if row.place in places:
                found.append(Run(row.run, datetime.fromisoformat(row.started), row.action, row.place))
    return sorted(found, key=lambda run: run.at)


def _kind(spell: Spell, before: Spell | None) -> str:
    if spell.late:
        return LATE
    if before is None:
        return WORSE
    change = Verdict(spell.verdict).badness - Verdict(before.verdict).badness
    return OTHER if not change else WORSE if change > 0 else BETTER


def _event(kind: str, run: Run, spell: Spell, verdict: str, code: str, was: str) -> Event:
    return Event(kind, run, spell.urn, spell.asset, spell.name, spell.element, verdict, code, was)


def _conditions(scope: Scope) -> Iterator[ColumnElement[bool]]:
    if scope.urns is not None:
        yield SpanRow.urn.in_(scope.urns)
    if scope.keys:
        yield or_(*((SpanRow.urn == urn) & (SpanRow.asset == asset) for urn, asset in scope.keys))
    if scope.controls:
        yield SpanRow.control.in_(scope.controls)
    if scope.setting:
        yield SpanRow.setting == scope.setting
