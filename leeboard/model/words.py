"""Words for counts, days and spans of time, as reports and messages use them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")  # wherever the controller stands, a person's day and hour are the school's
AHEAD = timedelta(minutes=10)  # by which a clock may be ahead before it is called wrong


def number(count: int, one: str, many: str = "") -> str:
    """A count and its noun: "1 device", "1,204 devices"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def measure(value: str, unit: str) -> str:
    """A value and its unit, which is that of many: "300 seconds", "1 second", "1 record a second"; "" is no unit."""
    own = re.sub(r"s\b", "", unit, count=1) if value == "1" else unit
    return f"{value} {own}".rstrip()


def when(moment: datetime) -> str:
    """A moment for people, always in UTC: "25 Nov 2026, 02:14 UTC"."""
    return f"{day(moment)}, {moment.astimezone(UTC):%H:%M} UTC"


def local(moment: datetime) -> str:
    """A moment for people, in Europe/London: "25 Nov 2026, 02:14 GMT"."""
    here = moment.astimezone(LONDON)
    return f"{date_text(here)}, {here:%H:%M %Z}"


def local_day(moment: datetime) -> str:
    """The day of a moment, in Europe/London: "25 Nov 2026"."""
    return date_text(moment.astimezone(LONDON))


def midnight(day: date) -> datetime:
    """The moment at which a day begins in Europe/London."""
    return datetime.combine(day, datetime.min.time(), LONDON)


def iso(moment: datetime | None) -> str | None:
    """A moment for programs, in UTC: "2026-11-25T02:14:00Z"; None stays None."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def day(moment: datetime) -> str:
    """The day of a moment, in UTC: "25 Nov 2026"."""
    return date_text(moment.astimezone(UTC))


def date_text(day: date) -> str:
    """A day for people: "20 Jul 2027"."""
    return f"{day.day} {day:%b %Y}"


def length(span: timedelta) -> str:
    """How long something lasts, in its largest unit: "less than a minute", "5 minutes", "26 hours", "12 days"."""
    minutes = int(span.total_seconds() // 60)
    if not minutes:
        return "less than a minute"
    if minutes < 60:
        return number(minutes, "minute")
    return number(minutes // 60, "hour") if minutes < 48 * 60 else number(minutes // 1440, "day")


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago something was: "never", "just now", "5 minutes ago"; a clock that is wrong is said to be."""
    if moment is None:
        return "never"
    span = now - moment
    if span < -AHEAD:
        return "in the future: a clock is wrong"
    return "just now" if span < timedelta(minutes=1) else f"{length(span)} ago"
