"""One waiver: a risk that somebody has accepted, for whom, by whose word, and until when; and reading a list of them.

A mistake costs its own entry: it is told in one line, and the other entries count.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictBool,
    ValidationError,
    model_validator,
)

from leeboard.model import accepted
from leeboard.model.accepted import Accepted
from leeboard.model.enums import Role
from leeboard.model.strict import Strict
from leeboard.model.values import TEMPLATES, plain
from leeboard.model.words import LONDON, date_text, midnight

VARIABLE = "leeboard_waivers"
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}\Z")
CONTROL = re.compile(r"[A-Z]{3}-[0-9]{2}\Z")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
YEARS = range(2000, 3000)
LONGEST = {"reason": 500, "owner": 120, "approved_by": 120}
MOST_WAIVERS = 1000  # of one school
MOST_DEVICES = 5000  # of one waiver
SHOWN = 60  # characters of a wrong value

HELP = {
    "id": "give it a name of its own, such as W-2026-001: letters, digits, dots, dashes and slashes, at most 40",
    "control": "name one control, such as LCK-01",
    "devices": "list asset tags as text, such as [EP-0001, '0042']",
    "roles": f"list roles out of {', '.join(Role)}",
    "school": "say true, or leave it out",
    "settings": "write a setting and the values that are accepted, as in {tries: [6]}",
    "reason": "say in a sentence why the risk is taken",
    "owner": "name the post that answers for the risk",
    "approved_by": "name who approved it",
    "siro": "say true when the SIRO approved it, else false",
    "granted": "write the day as in 2026-09-01",
    "last_day": "write the day as in 2026-09-01",
}


def _day(value: Any) -> Any:
    """A date or its ISO text; a number would be taken for seconds since 1970."""
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise ValueError(HELP["granted"])
    if not isinstance(value, date):
        if not DAY.match(value):
            raise ValueError(HELP["granted"])
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise ValueError("there is no such day") from None
    if value.year not in YEARS:
        raise ValueError(f"its year is not between {YEARS[0]} and {YEARS[-1]}")
    return date(value.year, value.month, value.day)


def _matches(pattern: re.Pattern[str], field: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.match(value):
            raise ValueError(HELP[field])
        return value

    return AfterValidator(check)


def _one_line(field: str) -> AfterValidator:
    def check(value: str) -> str:
        line = " ".join(value.split())
        if not line:
            raise ValueError(f"it is empty; {HELP[field]}")
        if len(line) > LONGEST[field]:
            raise ValueError(
                f"it has {len(line)} characters, and {LONGEST[field]} at most can be shown; say it shorter"
            )
        if not line.isprintable():
            raise ValueError("it holds control characters; type it again")
        if any(mark in line for mark in TEMPLATES):
            raise ValueError("it holds a template; write the text itself")
        return line

    return AfterValidator(check)


def _tag(value: str) -> str:
    if not 0 < len(value) <= 64 or not value.isprintable():
        raise ValueError(HELP["devices"])
    return value


Day = Annotated[date, BeforeValidator(_day)]
Tag = Annotated[str, AfterValidator(_tag)]
Settings = Annotated[tuple[Accepted, ...], PlainValidator(accepted.parse), PlainSerializer(accepted.as_data)]


class Waiver(Strict):
    """An accepted risk. It holds from the beginning of `granted` to the end of `last_day`, in Europe/London.

    `settings` are those of the control that it covers, with the values accepted; without any it covers everything.
    """

    id: Annotated[str, _matches(ID, "id")]
    control: Annotated[str, _matches(CONTROL, "control")]
    devices: Annotated[tuple[Tag, ...], Field(max_length=MOST_DEVICES)] = ()
    roles: Annotated[tuple[Role, ...], Field(max_length=len(Role))] = ()
    school: StrictBool = False
    settings: Settings = ()
    reason: Annotated[str, _one_line("reason")]
    owner: Annotated[str, _one_line("owner")]
    approved_by: Annotated[str, _one_line("approved_by")]
    siro: StrictBool = False
    granted: Day
    last_day: Day

    @model_validator(mode="after")
    def _one_scope_and_at_most_a_year(self) -> Waiver:
        if bool(self.devices) + bool(self.roles) + self.school != 1:
            raise ValueError("it must say exactly one of devices, roles, and school: true")
        if self.last_day < self.granted:
            raise ValueError(f"last_day {self.last_day} comes before granted {self.granted}")
        if self.last_day > a_year_after(self.granted):
            raise ValueError(
                f"last_day {self.last_day} is more than a year after granted {self.granted}; "
                f"{a_year_after(self.granted)} is the last that counts"
            )
        return self

    def covers(self, asset: str, role: str) -> bool:
        """True for a device that it is meant for."""
        return self.school or asset in self.devices or role in self.roles

    def narrowed(self, asset: str) -> Waiver:
        """The same for one device of several: what a device carries must not grow with the number of the others."""
        update: dict[str, Any] = {"devices": (asset,)} if len(self.devices) > 1 else {}
        settings = accepted.narrowed(self.settings, asset)
        if settings != self.settings:
            update["settings"] = settings
        return self.model_copy(update=update) if update else self

    @property
    def meaning(self) -> tuple[object, ...]:
        """All of it but the devices, so that what several devices carry of one waiver compares."""
        return (
            *(self.id, self.control, self.roles, self.school, self.reason, self.owner, self.approved_by, self.siro),
            *(self.granted, self.last_day, accepted.meaning(self.settings)),
        )

    def holds(self, at: datetime) -> bool:
        """True from the beginning of `granted` to the end of `last_day`; `at` is aware."""
        return self.granted <= day_of(at) <= self.last_day

    def days_left(self, at: datetime) -> int:
        """How many days are left after this one: 0 on the last day, less than 0 afterwards."""
        return (self.last_day - day_of(at)).days

    def overlaps(self, other: Waiver) -> bool:
        """True when there is a day on which both hold."""
        return self.granted <= other.last_day and other.granted <= self.last_day

    @property
    def scope(self) -> str:
        """The devices that it is for, as text."""
        if self.school:
            return "the whole school"
        if self.roles:
            return f"role {', '.join(self.roles)}"
        more = f" and {len(self.devices) - 5} more" if len(self.devices) > 5 else ""
        return ", ".join(self.devices[:5]) + more

    @property
    def covered(self) -> str:
        """The settings and values that it covers, as text."""
        return "; ".join(entry.text for entry in self.settings) or accepted.EVERYTHING

    @property
    def summary(self) -> str:
        """Who accepted the risk, until when, and why: the reason of a finding that is waived."""
        who = f"{self.id}; owner: {self.owner}"
        return f"accepted by {self.approved_by} until {date_text(self.last_day)} ({who}): {self.reason}"


@dataclass(frozen=True)
class Waivers:
    """What a list of waivers comes to: those that make sense, and one line for each that does not."""

    good: tuple[Waiver, ...] = ()
    problems: tuple[str, ...] = ()


def a_year_after(day: date) -> date:
    """The same day of the next year; of 29 February, the 28th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def day_of(at: datetime) -> date:
    """Which day it is in London at a moment, which is aware."""
    return at.astimezone(LONDON).date()


def begins(waiver: Waiver) -> datetime:
    """The moment from which a waiver holds."""
    return midnight(waiver.granted)


def ends(waiver: Waiver) -> datetime:
    """The first moment at which a waiver no longer holds."""
    return midnight(waiver.last_day + timedelta(days=1))


def parse(raw: Any) -> Waivers:
    """The waivers that the variable `leeboard_waivers` lists. Never raises, whatever the inventory says."""
    if raw is None or raw == [] or raw == ():
        return Waivers()
    if not isinstance(raw, list | tuple):
        return Waivers(problems=(f"{VARIABLE} must be a list of waivers, and is {shown(raw)}",))
    if all(isinstance(waiver, Waiver) for waiver in raw):
        return _without_twins((f"waiver {waiver.id}", waiver) for waiver in raw)
    try:
        # Every host of a group has the group's list: read it once, and not once a host.
        return _parse_text(json.dumps(raw, default=str))
    except (TypeError, ValueError, RecursionError):
        return Waivers(problems=(f"{VARIABLE} holds what no waiver can hold; write plain text, lists and dates",))


@lru_cache(maxsize=512)
def _parse_text(text: str) -> Waivers:
    return _parse_entries((f"waiver {place} in {VARIABLE}", raw) for place, raw in enumerate(json.loads(text), 1))


def _parse_entries(entries: Iterable[tuple[str, Any]]) -> Waivers:
    """The waivers in entries, each with the place that its problem names. Never raises."""
    placed, wrong = each(entries)
    rest = _without_twins((f"{place}: {waiver.id}", waiver) for place, waiver in placed)
    return Waivers(rest.good, (*(f"{place}: {why}" for place, why in wrong), *rest.problems))


def parse_one(raw: Any) -> Waiver | str:
    """The waiver in one entry, or what is wrong with it, in one line."""
    if isinstance(raw, Waiver):
        return raw
    if not isinstance(raw, dict):
        return f"is {shown(raw)}, and must have the fields {', '.join(Waiver.model_fields)}"
    data = {str(key): value for key, value in raw.items()}
    name = data.get("id")
    before = f"{plain(name, 40)}: " if isinstance(name, str) and name.strip() else ""
    try:
        return Waiver.model_validate(data)
    except ValidationError as wrong:
        messages: dict[str, None] = {}
        for error in wrong.errors(include_url=False):
            messages[_message(error, data)] = None
        return before + "; ".join(messages)


def each[Place](
    entries: Iterable[tuple[Place, Any]], read: Callable[[Any], Waiver | str] = parse_one
) -> tuple[list[tuple[Place, Waiver]], list[tuple[Place, str]]]:
    """Of entries with their places those that make sense, and what is wrong with each of the others. Never raises.

    `read` takes the place of `parse_one`. Of one school no more count than MOST_WAIVERS.
    """
    good: list[tuple[Place, Waiver]] = []
    wrong: list[tuple[Place, str]] = []
    for number, (place, raw) in enumerate(entries):
        if number == MOST_WAIVERS:
            wrong.append((place, f"a school has at most {MOST_WAIVERS} waivers; this one and the rest do not count"))
            break
        result = read(raw)
        if isinstance(result, Waiver):
            good.append((place, result))
        else:
            wrong.append((place, result))
    return good, wrong


def once[Place](
    placed: Sequence[tuple[Place, Waiver]],
) -> tuple[tuple[Waiver, ...], dict[str, tuple[Place, int]]]:
    """The waivers whose id nobody else has; and by id, where the others begin and how many there are.

    Two with one id do not count, since nobody can say which was meant.
    """
    often = Counter(waiver.id for _, waiver in placed)
    first = {waiver.id: place for place, waiver in reversed(placed)}
    twins = {id: (first[id], count) for id, count in often.items() if count > 1}
    return tuple(waiver for _, waiver in placed if waiver.id not in twins), twins


def _without_twins(placed: Iterable[tuple[str, Waiver]]) -> Waivers:
    good, twins = once(list(placed))
    problems = (f"{place}: the id {id} is given {times(count)}" for id, (place, count) in twins.items())
    return Waivers(good, tuple(problems))


def times(count: int) -> str:
    """The message about an id that several waivers have."""
    return f"{count} times, so none of them counts; give each its own"


def shown(value: Any) -> str:
    """A wrong value in a message: short, and ASCII."""
    try:
        return ascii(value)[:SHOWN]
    except RecursionError:
        return "nested without end"


def _message(error: Any, data: dict[str, Any]) -> str:
    if not error["loc"]:
        return str(error["msg"]).removeprefix("Value error, ")
    field = str(error["loc"][0])
    name = plain(field, 40)
    if error["type"] == "missing":
        return f"{name} is missing; {HELP[field]}"
    if error["type"] == "extra_forbidden":
        return f"{name} is no field of a waiver; there are {', '.join(Waiver.model_fields)}"
    message = str(error["msg"])
    own = message.startswith("Value error, ")
    return f"{name} is {shown(data.get(field))}: {message.removeprefix('Value error, ') if own else HELP[field]}"
