"""Waivers against clocks: whatever zone the controller keeps, over both changes of the clock, to the second."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leeboard.model.enums import Mode
from leeboard.model.waiver import a_year_after, begins, day_of, ends, parse
from leeboard.model.words import LONDON
from leeboard.policy.resolve import resolve
from leeboard.verdict.waivers import State, in_force, left_alone, standings
from tests.unit import brain
from tests.unit.estate.risks import raw, waiver
from tests.unit.estate.test_waiver_days import DAYS, last_sunday, midnight

# As TZ has them; in full, so that no table of the system is asked. The second moves its clock by half an hour.
ZONES = (
    "UTC0",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "GMT0BST,M3.5.0/1,M10.5.0",
    "EST5EDT,M3.2.0,M11.1.0",
    "<+0545>-5:45",
    "<+14>-14",
    "<-12>12",
    "Nowhere/At_All",
)
SECOND = timedelta(seconds=1)
SPANS = st.tuples(DAYS, st.integers(0, 365)).map(lambda one: (one[0], one[0] + timedelta(days=one[1])))
BASELINE = brain.baseline(brain.control(brain.setting()))
NOTHING = brain.observation([])
MOMENTS = st.datetimes(datetime(2020, 1, 2), datetime(2060, 1, 1)).map(lambda one: one.replace(tzinfo=UTC))


@contextmanager
def controller(zone: str) -> Iterator[None]:
    """This process as on a controller that keeps the time of a zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def days_between(first: date, last: date) -> tuple[datetime, datetime]:
    """The first moment of the first day and the first after the last, by the law (see test_waiver_days)."""
    return midnight(first), midnight(last + timedelta(days=1))


def test_the_zones_are_kept_by_this_machine() -> None:
    """Else the tests below would say nothing."""
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
    seen = {}
    for zone in ZONES:
        with controller(zone):
            seen[zone] = datetime.fromtimestamp(noon).hour
    assert list(seen.values()) == [12, 22, 13, 8, 17, 2, 0, 12]


@given(SPANS, st.sampled_from((-SECOND, timedelta(0), SECOND)), st.booleans())
@example((date(2026, 3, 29), date(2026, 3, 29)), timedelta(0), True)
@example((date(2026, 10, 25), date(2026, 10, 25)), -SECOND, True)
@example((date(2028, 2, 29), date(2029, 2, 28)), timedelta(0), True)
@example((date(2026, 12, 31), date(2027, 1, 1)), -SECOND, False)
def test_whatever_clock_the_controller_keeps_a_waiver_begins_and_ends_on_the_same_second(
    span: tuple[date, date], off: timedelta, at_the_end: bool
) -> None:
    first, after = days_between(*span)
    at = (after if at_the_end else first) + off
    wanted = first <= at < after
    given = [raw(granted=str(span[0]), last_day=str(span[1]))]
    for zone in ZONES:
        with controller(zone):
            here = datetime.fromtimestamp(at.timestamp()).astimezone()  # as a clock on the wall there shows it
            (one,) = parse(given).good
            device = brain.device(waivers=(one,), asset="A-1")
            (standing,) = standings([device], BASELINE, here)
            assert one.holds(here) is wanted, zone
            assert bool(in_force((one,), BASELINE, here)) is wanted, zone
            assert (standing.state is State.IN_FORCE) is wanted, zone
            assert (standing.state is State.NOT_YET) is (at < first), zone
            assert (standing.state is State.EXPIRED) is (at >= after), zone
            assert (begins(one), ends(one)) == (first, after), zone


@pytest.mark.parametrize("year", range(2024, 2034))
@pytest.mark.parametrize(("month", "hours"), [(3, 23), (10, 25)])
def test_each_second_of_a_day_on_which_the_clock_changes_belongs_to_it(year: int, month: int, hours: int) -> None:
    day = last_sunday(year, month)
    one = waiver(granted=day, last_day=day)
    first = midnight(day)
    last = first + timedelta(hours=hours) - SECOND
    assert [one.holds(at) for at in (first - SECOND, first, last, last + SECOND)] == [False, True, True, False]
    change = datetime(year, month, day.day, 1, tzinfo=UTC)
    for at in (change - SECOND, change, change + SECOND):
        assert one.holds(at)
        assert one.days_left(at) == 0


@given(st.integers(2020, 2060), st.integers(0, 3599), st.sampled_from((0, 1)))
def test_the_hour_that_october_has_twice_is_of_one_day_both_times(year: int, second: int, fold: int) -> None:
    day = last_sunday(year, 10)
    at = datetime(year, 10, day.day, 1, second // 60, second % 60, tzinfo=LONDON, fold=fold)
    assert day_of(at) == day_of(at.astimezone(UTC)) == day
    assert waiver(granted=day, last_day=day).holds(at)


@given(SPANS, MOMENTS, MOMENTS)
def test_what_has_ended_does_not_begin_again(span: tuple[date, date], one: datetime, other: datetime) -> None:
    risk = waiver(granted=span[0], last_day=span[1])
    sooner, later = sorted((one, other))
    assert risk.days_left(sooner) >= risk.days_left(later)
    if risk.days_left(sooner) < 0:
        assert not risk.holds(sooner) and not risk.holds(later)
    if risk.holds(sooner) and risk.holds(later):
        assert risk.holds(sooner + (later - sooner) / 2)


@given(SPANS, MOMENTS, st.integers(0, 60))
def test_a_later_last_day_takes_no_moment_away(span: tuple[date, date], at: datetime, more: int) -> None:
    longer = min(span[1] + timedelta(days=more), a_year_after(span[0]))
    risk, other = waiver(granted=span[0], last_day=span[1]), waiver(granted=span[0], last_day=max(longer, span[1]))
    assert other.holds(at) or not risk.holds(at)
    assert ends(other) - ends(risk) >= timedelta(0)


@given(DAYS)
@example(date(2027, 2, 28))
@example(date(2028, 2, 28))
@example(date(2028, 2, 29))
@example(date(2027, 3, 1))
def test_a_year_has_the_days_that_the_calendar_gives_it(granted: date) -> None:
    last = a_year_after(granted)
    assert (last - granted).days in (365, 366)
    leap_day_inside = any(
        granted < date(year, 2, 29) <= last for year in (granted.year, last.year) if year % 4 == 0 and year % 100
    )
    # From 29 February to the 28th is 365 days, and no leap day lies between.
    assert ((last - granted).days == 366) is leap_day_inside
    assert a_year_after(granted + timedelta(days=1)) >= last
    held = ends(waiver(granted=granted, last_day=last)).astimezone(UTC) - midnight(granted)
    assert held <= timedelta(days=367, hours=1)


@given(MOMENTS, st.sampled_from(ZONES))
def test_a_roll_out_leaves_alone_what_is_waived_on_that_day_in_london(at: datetime, zone: str) -> None:
    today = day_of(at)
    device = brain.device(waivers=(waiver(granted=today, last_day=today),), asset="A-1")
    wanted = resolve(BASELINE, device)
    with controller(zone):
        here = datetime.fromtimestamp(at.timestamp()).astimezone()
        spared, risks = left_alone(wanted, here, NOTHING)
        tomorrow, none = left_alone(wanted, here.astimezone(UTC) + timedelta(days=1, hours=2), NOTHING)
    assert list(risks) == ["LCK-01"] and spared.controls[0].mode is Mode.REPORT
    assert none == {} and tomorrow is wanted
