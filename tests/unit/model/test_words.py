"""Counts and units in words: one is one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leeboard.model.operators import OPERATORS
from leeboard.model.words import length, measure
from leeboard.policy.load import load

# Each unit of the baseline, and what one of it is called.
OF_ONE = {
    "accounts": "account",
    "bits": "bit",
    "bytes": "byte",
    "characters": "character",
    "days": "day",
    "KB": "KB",
    "MB": "MB",
    "milliseconds": "millisecond",
    "minutes": "minute",
    "passwords": "password",
    "per cent": "per cent",
    "records a second": "record a second",
    "restarts": "restart",
    "seconds": "second",
    "ways": "way",
    "wrong passwords": "wrong password",
}


@pytest.mark.parametrize(("unit", "one"), OF_ONE.items())
def test_one_of_each_unit_is_one(unit: str, one: str) -> None:
    assert measure("1", unit) == f"1 {one}"
    for many in ("0", "2", "11", "-1"):
        assert measure(many, unit) == f"{many} {unit}"


def test_these_are_the_units_of_the_baseline() -> None:
    settings = (one for family in load().families for control in family.controls for one in control.settings)
    assert {one.unit for one in settings if one.unit} == set(OF_ONE)


def test_a_value_without_a_unit_stands_alone() -> None:
    assert measure("1", "") == "1"


def test_a_demand_for_one_is_for_one() -> None:
    assert OPERATORS["at_least"].describe("1", "passwords") == "at least 1 password"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (172_799, "47 hours"),
        (172_800, "2 days"),
    ],
)
def test_how_long_something_lasts(seconds: int, said: str) -> None:
    assert length(timedelta(seconds=seconds)) == said
