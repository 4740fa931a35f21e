"""From when until when a waiver holds: both ends of a day in London, summer time, leap days, any controller's clock."""

from __future__ import annotations

from calendar import isleap
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from leeboard.model.waiver import a_year_after, begins, ends
from tests.unit.estate.risks import waiver

DAYS = st.dates(date(2020, 1, 1), date(2060, 12, 31))
CLOCKS = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def last_sunday(year: int, month: int) -> date:
    last = date(year, month + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def midnight(day: date) -> datetime:
    """The beginning of a day in London, by the law and not by a table: an hour before UTC's in summer time.

    Summer Time Order 2002: from 01:00 GMT on the last Sunday in March to 01:00 GMT on the last Sunday in October.
    """
    summer = last_sunday(day.year, 3) < day <= last_sunday(day.year, 10)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=1 if summer else 0)


@given(DAYS, st.integers(0, 365), CLOCKS)
@example(date(2026, 3, 29), 0, timezone(timedelta(hours=14)))
@example(date(2026, 3, 28), 1, timezone(timedelta(hours=-12)))
@example(date(2026, 10, 25), 0, UTC)
@example(date(2026, 10, 24), 1, UTC)
@example(date(2028, 2, 29), 365, UTC)
@example(date(2027, 12, 31), 1, timezone(timedelta(hours=14)))
def test_it_holds_from_the_first_moment_of_granted_to_the_last_of_last_day(
    granted: date, days: int, clock: timezone
) -> None:
    one = waiver(granted=granted, last_day=granted + timedelta(days=days))
    first, after = midnight(granted), midnight(one.last_day + timedelta(days=1))
    instant = timedelta(microseconds=1)
    assert (begins(one), ends(one)) == (first, after)
    for moment, holds in (
        (first - instant, False),
        (first, True),
        (first + (after - first) / 2, True),
        (after - instant, True),
        (after, False),
    ):
        assert one.holds(moment.astimezone(clock)) is holds
        assert (one.days_left(moment.astimezone(clock)) < 0) is (moment >= after)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-20", 24), ("2026-12-31", 24)]
)
def test_a_single_day_is_as_long_as_the_clock_makes_it(day: str, hours: int) -> None:
    one = waiver(granted=day, last_day=day)
    # Of one zone Python compares and subtracts what the clock on the wall shows.
    assert ends(one).astimezone(UTC) - begins(one).astimezone(UTC) == timedelta(hours=hours)


@given(st.datetimes(datetime(2020, 1, 2), datetime(2060, 1, 1)), CLOCKS, CLOCKS, DAYS, st.integers(0, 365))
def test_the_controllers_zone_makes_no_difference(
    moment: datetime, one_zone: timezone, other_zone: timezone, granted: date, days: int
) -> None:
    one = waiver(granted=granted, last_day=granted + timedelta(days=days))
    at = moment.replace(tzinfo=UTC)
    assert one.holds(at.astimezone(one_zone)) is one.holds(at.astimezone(other_zone))
    assert one.days_left(at.astimezone(one_zone)) == one.days_left(at.astimezone(other_zone))
    assert one.holds(at) is (midnight(granted) <= at < midnight(one.last_day + timedelta(days=1)))


@given(DAYS)
@example(date(2028, 2, 29))
@example(date(2027, 2, 28))
@example(date(2028, 2, 28))
@example(date(2027, 3, 1))
def test_a_year_and_not_a_day_more(granted: date) -> None:
    last = a_year_after(granted)
    if (granted.month, granted.day) == (2, 29):
        assert isleap(granted.year) and (last.month, last.day) == (2, 28)
    else:
        assert (last.month, last.day) == (granted.month, granted.day)
    assert last.year == granted.year + 1
    assert waiver(granted=granted, last_day=last).last_day == last
    with pytest.raises(ValidationError, match="more than a year after granted"):
        waiver(granted=granted, last_day=last + timedelta(days=1))


@given(DAYS, st.integers(0, 100), DAYS, st.integers(0, 100))
def test_overlapping_is_having_a_day_in_common(one: date, length: int, other: date, its_length: int) -> None:
    first = waiver(granted=one, last_day=one + timedelta(days=length))
    second = waiver(granted=other, last_day=other + timedelta(days=its_length))
    days = {one + timedelta(days=n) for n in range(length + 1)}
    shared = days & {other + timedelta(days=n) for n in range(its_length + 1)}
    assert first.overlaps(second) is second.overlaps(first) is bool(shared)
