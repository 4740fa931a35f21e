"""The day that an export of somebody else's system is of: as its file's name, or a column or key of it, says."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leeboard.errors import LeeboardError
from leeboard.storage.tabular import BadTable, Row

LONDON = "Europe/London"
# 2026-11-20, 2026-1-5 (as Microsoft Entra writes it into the file's name) and 20261120.
DATED = re.compile(r"(?<!\d)(20\d\d)(?:-(\d{1,2})-(\d{1,2})|(\d\d)(\d\d))(?!\d)")
EXPORTED = ("exported",)


def export_day(name: str, rows: list[Row]) -> date:
    """The day of an export: in its file's name, or in a column or key `exported`. Of several the oldest counts.

    Raises BadTable where nothing says it.
    """
    texts = [name, *{row.text(*EXPORTED) for row in rows if row.has(*EXPORTED)}]
    days = [day for text in texts for day in _days(text)]
    if not days:
        raise BadTable("nothing says on which day it was exported; put the date into the file's name, like 2026-11-20")
    return min(days)


def days_since(day: date, at: datetime) -> int:
    """Whole days by the calendar of the school: an export of today is 0 days old until midnight in London.

    Below 0 for a day that is still to come. Raises LeeboardError where the controller knows no time zones.
    """
    try:
        return (at.astimezone(ZoneInfo(LONDON)).date() - day).days
    except ZoneInfoNotFoundError:
        raise LeeboardError(
            f"this controller does not know the time zone {LONDON}; install the package tzdata"
        ) from None


def _days(text: str) -> list[date]:
    found = []
    for year, month, day, month_too, day_too in DATED.findall(text):
        try:
            found.append(date(int(year), int(month or month_too), int(day or day_too)))
        except ValueError:
            continue
    return found
