"""The history of a device, school, control or setting: what is not well since when, and what happened, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from leeboard.evidence.asking.history import BETTER, LATE, MENDED, OTHER, WORSE, Event, Spell
from leeboard.model.verdicts import Verdict
from leeboard.model.words import date_text, iso, length, local, local_day, number
from leeboard.report.screen import Screen
from leeboard.report.words import VERDICTS, clean, listed
from leeboard.verdict.codes import Code

SCHEMA = 1
MOST_ASSETS = 8
BEGIN = "leeboard drift checks devices, leeboard ingest loads what was recorded elsewhere"
KINDS = {
    WORSE: "worse",
    BETTER: "better",
    OTHER: "changed",
    MENDED: "mended",
    LATE: "seen by another controller",
}


@dataclass(frozen=True)
class Acceptance:
    """A waiver that was written, changed or taken out, as a school's journal has it. `last_day` None: taken out."""

    at: datetime
    urn: str
    id: str
    control: str
    covers: str
    by: str
    last_day: date | None
    how: str
    reason: str


@dataclass(frozen=True)
class History:
    """All that is told of one subject. `of_one` says that it is a device, whose runs are told one by one.

    `began` is when the first run began that is kept and could know of it.
    """

    label: str
    of_one: bool
    at: datetime
    spells: Sequence[Spell]
    events: Sequence[Event]
    accepted: Sequence[Acceptance]
    began: datetime | None
    first: datetime | None = None
    last: datetime | None = None

    @property
    def known(self) -> bool:
        """False where nothing was recorded yet, which is not the same as nothing that was ever not well."""
        return bool(self.began or self.spells)


@dataclass(frozen=True)
class Line:
    """Equal events of one day: how many devices, and which. `run` is named where it is the same for all of them."""

    at: datetime
    kind: str
    name: str
    element: str
    verdict: str
    code: str
    was: str
    devices: tuple[str, ...]
    run: str
    action: str


def show(screen: Screen, history: History, most: int | None) -> None:
    """Print a history; of what happened at most so many lines."""
    screen.line((clean(history.label), "bold"))
    if history.of_one:
        first = f"first observed {local(history.first)}" if history.first else "never observed"
        screen.line(f"{first}, last {local(history.last)}." if history.last else f"{first}.")
    if history.known:
        _now(screen, history)
    else:
        screen.line(f"Nothing was recorded yet, so nothing is known: {BEGIN}.")
    told = (event for event in history.events if event.code != Code.PLANNED)
    happened: list[Line | Acceptance] = [*lines_of(told, history.of_one), *history.accepted]
    happened.sort(key=lambda one: one.at, reverse=True)
    if not happened:
        if history.known:
            screen.line("Nothing was ever not well.")
        return
    screen.gap()
    screen.line(("What happened, newest first", "bold underline"))
    shown = happened if most is None else happened[:most]
    rows = []
    for one in shown:
        if isinstance(one, Acceptance):
            when, kind, what = _acceptance(one)
        else:
            when, kind, what = local(one.at), KINDS[one.kind], line_text(one, "" if history.of_one else devices_of(one))
        rows.append([screen.text(when), screen.text((kind, "bold")), screen.text(what)])
    screen.table(("when", "", "what"), rows, wide=(2,), whole=(0,))
    if len(shown) < len(happened):
        screen.line(f"and {number(len(happened) - len(shown), 'older line')}: --most 0 shows all")


def lines_of(events: Iterable[Event], of_one: bool) -> list[Line]:
    """Events as lines: equal ones of one day, or of one run where it is all about one device, are one."""
    groups: dict[tuple[str, ...], list[Event]] = {}
    for event in events:
        day = event.run.id if of_one else local_day(event.run.at)
        key = (day, event.kind, event.name, event.element, event.verdict, event.code, event.was, event.run.action)
        groups.setdefault(key, []).append(event)
    made = []
    for several in groups.values():
        one = several[0]
        runs = {event.run.id for event in several}
        made.append(
            Line(
                one.run.at, one.kind, one.name, one.element, one.verdict, one.code, one.was,
                tuple(dict.fromkeys(event.asset for event in several)),
                runs.pop() if len(runs) == 1 else "", one.run.action,
            )
        )  # fmt: skip
    return made


def as_json(history: History) -> dict[str, Any]:
    """The same for programs: each spell and each event by itself, nothing put together."""
    return {
        "schema": SCHEMA,
        "at": iso(history.at),
        "subject": clean(history.label),
        "recorded_since": iso(history.began),
        "first_observed": iso(history.first),
        "last_observed": iso(history.last),
        "spells": [
            {
                **_named(spell.urn, spell.asset, spell.name, spell.element),
                "verdict": spell.verdict,
                "code": clean(spell.code, 200),
                "since": iso(spell.since.at),
                "since_run": spell.since.id,
                "until": iso(spell.until.at) if spell.until else None,
                "until_run": spell.until.id if spell.until else None,
                "late": spell.late,
            }
            for spell in history.spells
        ],
        "events": [
            {
                **_named(event.urn, event.asset, event.name, event.element),
                "kind": event.kind,
                "at": iso(event.run.at),
                "run": event.run.id,
                "action": event.run.action,
                "verdict": event.verdict,
                "code": clean(event.code, 200),
                "was": event.was,
            }
            for event in history.events
        ],
        "accepted": [
            {
                "at": iso(one.at),
                "urn": one.urn,
                "waiver": clean(one.id),
                "control": one.control,
                "covers": clean(one.covers, 2000),
                "by": clean(one.by),
                "last_day": one.last_day.isoformat() if one.last_day else None,
                "how": one.how,
                "reason": clean(one.reason, 2000),
            }
            for one in history.accepted
        ],
    }


def _named(urn: str, asset: str, name: str, element: str) -> dict[str, str]:
    return {"urn": urn, "asset": clean(asset), "setting": clean(name), "element": clean(element)}


def _now(screen: Screen, history: History) -> None:
    still = [spell for spell in history.spells if spell.until is None and not spell.late and spell.code != Code.PLANNED]
    if not still:
        screen.line("Not well now: nothing, as far as it was last observed.")
        return
    groups: dict[tuple[str, str, str, str], list[Spell]] = {}
    for spell in still:
        groups.setdefault((spell.name, spell.element, spell.verdict, spell.code), []).append(spell)
    devices = len({(spell.urn, spell.asset) for spell in still})
    where = "" if history.of_one else f" on {number(devices, 'device')}"
    screen.line((f"Not well now{where}", "bold underline"))
    rows = []
    for (name, element, verdict, code), several in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        began = [spell.since.at for spell in several]
        oldest, newest = local_day(min(began)), local_day(max(began))
        since = f"{oldest} ({length(history.at - min(began))})"
        if oldest != newest:
            since = f"{oldest} to {newest}"
        count = "" if history.of_one else number(len({(one.urn, one.asset) for one in several}), "device")
        run = several[0].since.id if len({one.since.id for one in several}) == 1 else ""
        rows.append([screen.text(cell) for cell in (_what(name, element), _word(verdict, code), since, count or run)])
    screen.table(
        ("setting", "verdict", "since", "on" if not history.of_one else "run"), rows, wide=(0, 1, 2), whole=(3,)
    )


def devices_of(line: Line) -> str:
    """On how many devices it was, and on which."""
    return f"on {number(len(line.devices), 'device')}: {listed(map(clean, line.devices), MOST_ASSETS)}"


def line_text(line: Line, where: str = "") -> str:
    """What happened, in words. `where`: the devices, where it is not about one alone."""
    was = f", was {VERDICTS[Verdict(line.was)]}" if line.was and line.kind != MENDED else ""
    what = _what(line.name, line.element)
    if line.verdict:
        what = f"{what}: {_word(line.verdict, line.code)}{was}"
    elif line.was:
        what = f"{what}: well again, was {VERDICTS[Verdict(line.was)]}"
    if where:
        what = f"{what}, {where}"
    by = "the roll-out" if line.action == "enforce" else "the check"
    if line.run:
        what = f"{what} ({by} {line.run})"
    elif line.action == "enforce":
        what = f"{what} (by roll-outs)"
    return what


def _acceptance(one: Acceptance) -> tuple[str, str, str]:
    who = clean(one.by) or "nobody named"
    if one.last_day is None:
        return local(one.at), "no longer accepted", f"waiver {clean(one.id)} was taken out by {who}"
    until = f"{one.control} at {one.urn} until {date_text(one.last_day)}, by {who} (waiver {clean(one.id)})"
    return local(one.at), "accepted", f"{until}: {clean(one.reason, 300)}"


def _what(name: str, element: str) -> str:
    return f"{clean(name)} {clean(element)}".rstrip()


def _word(verdict: str, code: str) -> str:
    word = VERDICTS[Verdict(verdict)]
    return f"{word} ({clean(code, 120).replace('_', ' ')})" if code and code != "other_value" else word
