"""What makes a waiver, and what is said of an entry that makes none."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.bundles.writer import expected_json
from leeboard.model.device import Device, device
from leeboard.model.waiver import MOST_WAIVERS, Waiver, parse, parse_one
from tests.unit import brain
from tests.unit.estate.risks import RIGHT, raw, waiver

HOST = {
    "leeboard_asset": "A-1",
    "leeboard_urn": "900001",
    "leeboard_school": "Example",
    "leeboard_platform": "linux",
    "leeboard_form": "desktop",
    "leeboard_role": "office",
    "leeboard_level": "standard",
}


@pytest.mark.parametrize("day", [date(2026, 9, 1), "2026-09-01"])
def test_a_day_comes_from_yaml_or_json(day: Any) -> None:
    assert parse_one(raw(granted=day)) == waiver()


def test_lines_of_a_text_are_folded() -> None:
    assert waiver(reason="  of the hall\n  must not lock.\n").reason == "of the hall must not lock."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": None}, "id is missing; give it a name of its own"),
        ({"id": "=cmd|' /C calc'!A0"}, "=cmd|' /C calc'!A0: id is"),
        ({"id": "a\x1b[31m"}, "a\\x1b[31m: id is"),
        ({"id": 7}, "id is 7: give it a name of its own"),
        ({"control": None}, "W-2026-001: control is missing; name one control, such as LCK-01"),
        ({"control": "LCK"}, "W-2026-001: control is 'LCK': name one control"),
        ({"control": ["LCK-01", "LCK-02"]}, "name one control"),
        ({"devices": None}, "it must say exactly one of devices, roles, and school: true"),
        ({"devices": []}, "it must say exactly one of devices, roles, and school: true"),
        ({"school": True}, "it must say exactly one of"),
        ({"roles": ["exam"]}, "it must say exactly one of"),
        ({"devices": "A-1"}, "devices is 'A-1': list asset tags as text, such as [EP-0001, '0042']"),
        ({"devices": [42]}, "devices is [42]: list asset tags as text"),
        ({"devices": ["x" * 65]}, "list asset tags as text"),
        ({"devices": None, "roles": ["examm"]}, "roles is ['examm']: list roles out of staff_portable, pupil_shared"),
        ({"devices": None, "school": "yes"}, "school is 'yes': say true, or leave it out"),
        ({"siro": "yes"}, "siro is 'yes': say true when the SIRO approved it, else false"),
        ({"siro": 1}, "siro is 1"),
        ({"reason": None}, "reason is missing; say in a sentence why the risk is taken"),
        ({"reason": " \n"}, "it is empty"),
        ({"reason": "x" * 501}, "it has 501 characters, and 500 at most can be shown"),
        ({"reason": "\x1b]0;owned\x07"}, "it holds control characters"),
        ({"reason": "\u202egnp.exe"}, "it holds control characters"),
        ({"reason": "{{ lookup('pipe', 'id') }}"}, "it holds a template"),
        ({"owner": None}, "owner is missing; name the post that answers for the risk"),
        ({"owner": ""}, "owner is '': it is empty"),
        ({"approved_by": None}, "approved_by is missing; name who approved it"),
        ({"approved_by": ["Head", "SIRO"]}, "name who approved it"),
        ({"granted": None}, "granted is missing; write the day as in 2026-09-01"),
        ({"granted": 20260901}, "granted is 20260901: write the day as in 2026-09-01"),
        ({"granted": "1.9.2026"}, "granted is '1.9.2026': write the day"),
        ({"granted": "2027-02-29"}, "there is no such day"),
        ({"granted": datetime(2026, 9, 1, 12)}, "write the day"),
        ({"granted": "0026-09-01"}, "its year is not between 2000 and 2999"),
        ({"last_day": None}, "last_day is missing; write the day"),
        ({"last_day": "2026-08-31"}, "last_day 2026-08-31 comes before granted 2026-09-01"),
        ({"last_day": "2027-09-02"}, "more than a year after granted 2026-09-01; 2027-09-01 is the last that counts"),
        ({"granted": "2028-02-29", "last_day": "2029-03-01"}, "2029-02-28 is the last that counts"),
        ({"until": "2027"}, "until is no field of a waiver; there are id, control, devices"),
    ],
)
def test_each_mistake_is_one_line_and_no_waiver(changes: dict[str, Any], words: str) -> None:
    other = raw(id="W-OTHER")
    found = parse([raw(**changes), other])
    assert found.good == (Waiver.model_validate(other),)
    (problem,) = found.problems
    assert words in problem
    assert problem.startswith("waiver 1 in leeboard_waivers: ")
    assert problem.isprintable() and len(problem) < 1500


@pytest.mark.parametrize(("last_day", "granted"), [("2027-09-01", "2026-09-01"), ("2029-02-28", "2028-02-29")])
def test_a_whole_year_is_allowed(granted: str, last_day: str) -> None:
    assert waiver(granted=granted, last_day=last_day).last_day.isoformat() == last_day


@pytest.mark.parametrize("same", [{}, {"control": "LBL-01"}, {"devices": ["B-1"]}])
def test_two_with_one_id_do_not_count(same: dict[str, Any]) -> None:
    found = parse([raw(), raw(id="W-OTHER"), raw(**same)])
    assert [one.id for one in found.good] == ["W-OTHER"]
    assert found.problems == (
        "waiver 1 in leeboard_waivers: W-2026-001: the id W-2026-001 is given 2 times, so none of them counts; "
        "give each its own",
    )


@pytest.mark.parametrize("given", [None, [], ()])
def test_no_waivers_are_no_problem(given: Any) -> None:
    assert parse(given).good == () and parse(given).problems == ()


@pytest.mark.parametrize("given", ["W-1", 7, {"id": "W-1"}, True])
def test_what_is_no_list_is_one_problem(given: Any) -> None:
    assert parse(given).good == ()
    (problem,) = parse(given).problems
    assert problem.startswith("leeboard_waivers must be a list of waivers, and is ")


def test_a_list_without_end_is_cut() -> None:
    found = parse([raw(id=f"W-{number}") for number in range(MOST_WAIVERS + 50)])
    assert len(found.good) == MOST_WAIVERS
    assert len(found.problems) == 1 and "at most 1000 waivers" in found.problems[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text() | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
BROKEN = st.builds(lambda field, value: {**RIGHT, field: value}, st.sampled_from([*RIGHT, "roles", "school"]), JSON)


@given(st.lists(BROKEN | JSON, max_size=6))
def test_whatever_stands_there_good_entries_load_and_bad_ones_are_one_problem_each(entries: list[Any]) -> None:
    found = parse([*entries, raw(id="W-GOOD")])
    ids = [one.id for one in found.good]
    assert ids[-1] == "W-GOOD" and len(set(ids)) == len(ids)
    # As ansible-inventory hands things on: a date is text there.
    alone = [parse_one(json.loads(json.dumps(entry, default=str))) for entry in entries]
    good = [one for one in alone if isinstance(one, Waiver)]
    twins = {one.id for one in good if sum(one.id == other.id for other in good) > 1}
    assert len(found.problems) == len(alone) - len(good) + len(twins)
    assert all(problem.isprintable() for problem in found.problems)


def test_a_device_carries_what_concerns_it_and_nothing_of_the_others() -> None:
    given = [
        raw(devices=["B-1", "A-1", "C-1"]),
        raw(id="W-2", devices=["B-1"]),
        raw(id="W-3", devices=None, roles=["exam", "office"]),
        raw(id="W-4", devices=None, roles=["exam"]),
        raw(id="W-5", devices=None, school=True),
        raw(id="W-6", owner=None),
    ]
    found = device("a1", {**HOST, "leeboard_waivers": given}, ())
    assert [(one.id, one.devices) for one in found.waivers] == [("W-2026-001", ("A-1",)), ("W-3", ()), ("W-5", ())]


def test_a_device_without_waivers_is_written_as_before() -> None:
    before = {key.removeprefix("leeboard_"): value for key, value in HOST.items()} | {"name": "a1"}
    found = device("a1", HOST, ())
    assert Device.model_validate(before) == found, "a bundle of before has no such field"
    assert expected_json(Expected.model_validate(found.model_dump())) == before


def test_a_waiver_survives_a_bundle() -> None:
    found = device("a1", {**HOST, "leeboard_waivers": [raw(granted=date(2026, 9, 1))]}, ())
    line = expected_json(Expected.model_validate(found.model_dump()))
    assert line["waivers"] == [RIGHT]
    assert Expected.model_validate(line).device == found == Device.model_validate_json(found.model_dump_json())


def test_a_device_of_a_policy_test_has_none() -> None:
    assert brain.device().waivers == ()
