"""What texts with moments in them come to: at which second a certificate ends, and a clearing is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leeboard.verdict.judgements.answer import Facts, MakesNoSense
from leeboard.verdict.judgements.registry import derive

END = datetime(2026, 12, 10, 12, 0, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TEXT = "A1 is valid from 2026-11-26T12:00:00Z to 2026-12-10T12:00:00Z"
LATER = TEXT + " or from 2026-12-09T00:00:00Z to 2027-12-09T00:00:00Z"


def come_to(name: str, *texts: str, at: datetime) -> Any:
    """The derived value at a moment."""
    return derive(name, list(texts), {}, at).value


@pytest.mark.parametrize(
    ("texts", "at", "left"),
    [
        pytest.param([TEXT], END - 14 * DAY, 14, id="begins now"),
        pytest.param([TEXT], END - 14 * DAY - SECOND, 0, id="begins in a second"),
        pytest.param([TEXT], END - 14 * DAY + SECOND, 13, id="a second less than 14 days"),
        pytest.param([TEXT], END, 0, id="its last second"),
        pytest.param([LATER], END - 2 * DAY, 2, id="the second has not begun"),
        pytest.param([LATER], END - DAY, 364, id="the second holds as well"),
        pytest.param([TEXT, LATER], END - DAY, 1, id="all of several must hold"),
        pytest.param([TEXT, "there is none"], END - DAY, 0, id="one is not there"),
        pytest.param(["A1 is valid from 2026-13-26T12:00:00Z to 2026-12-10T12:00:00Z"], END, 0, id="no such month"),
        pytest.param([TEXT + " and more"], END - DAY, 0, id="something behind it"),
    ],
)
def test_whole_days_that_are_left(texts: list[str], at: datetime, left: int) -> None:
    assert come_to("days_left", *texts, at=at) == left


def test_the_file_of_a_certificate_is_a_fault_from_the_second_after_its_end() -> None:
    assert come_to("certificate_faults", TEXT, "x is missing", at=END) == ("x is missing",)
    assert come_to("certificate_faults", TEXT, at=END + SECOND) == ("A1 ran out on 2026-12-10",)
    assert come_to("certificate_faults", LATER, at=END + SECOND) == ()
    assert come_to("certificate_faults", TEXT, at=END - 15 * DAY) == ("A1 holds only from 2026-11-26",)
    answer = derive("certificate_faults", [TEXT], {}, END - 3 * DAY)
    assert answer.grounds == "A1 is valid until 10 Dec 2026, 12:00 UTC (3 days left)"


def test_a_cleared_log_counts_for_30_days_and_what_names_no_moment_counts() -> None:
    event = "2026-12-10T12:00:00Z by S-1-5-18"
    assert come_to("cleared_lately", event, "by somebody", at=END + 30 * DAY) == (event, "by somebody")
    assert come_to("cleared_lately", event, "by somebody", at=END + 30 * DAY + SECOND) == ("by somebody",)
    assert come_to("cleared_lately", "2026-99-10T12:00:00Z by x", at=END + 99 * DAY) != ()


def test_days_that_an_older_device_counted_itself_stay_as_they_were() -> None:
    assert derive("days_left", 364, {}, END).value == derive("days_left", 364, {}, END + 500 * DAY).value == 364


@pytest.mark.parametrize("sent", ["text", True, [TEXT] * 101, ["x" * 1001]])
def test_what_makes_no_sense_or_is_too_large_is_said_so(sent: Any) -> None:
    for name in ("days_left", "certificate_faults", "cleared_lately"):
        with pytest.raises(MakesNoSense):
            derive(name, sent, {}, END)


def test_a_judgement_that_does_not_say_so_gets_no_clock() -> None:
    with pytest.raises(RuntimeError, match="asks the time"):
        Facts({}, ()).at  # noqa: B018
