"""What an import would change, before it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leeboard.estate.devices import DeviceRow, read_devices, write_devices
from leeboard.estate.importing.devices import read_list
from leeboard.estate.importing.plan import Defaults, Plan, plan
from leeboard.model.enums import Form, Level, Platform, Role
from tests.unit.estate.importing.lists import as_csv

URN, OTHER = "900001", "900002"
HEAD = ["Asset tag", "Host", "Serial", "OS", "Form", "Role", "Level", "Notes"]
INTUNE = ["Device name", "Last check-in", "Serial number", "Ownership", "OS", "Model"]
DEFAULTS = Defaults(role=Role.OFFICE)


def row(asset: str, serial: str = "", **more: Any) -> DeviceRow:
    given: dict[str, Any] = {
        "asset": asset,
        "host": asset.lower(),
        "platform": Platform.WINDOWS,
        "form": Form.PORTABLE,
        "role": Role.OFFICE,
        "serial": serial,
        **more,
    }
    return DeviceRow(**given)


def imported(schools: Mapping[str, list[DeviceRow]], head: list[str], *rows: list[str], **more: Any) -> Plan:
    listed = read_list(as_csv(head, *rows), "list.csv")
    return plan(schools, URN, listed, more.pop("defaults", DEFAULTS), **more)


def lines(found: Plan) -> list[str]:
    return [str(one).removeprefix("list.csv, ") for one in found.problems]


def test_new_devices_take_what_the_list_says_then_guesses_then_the_command() -> None:
    found = imported(
        {},
        INTUNE,
        ["LT-1", "", "PF111", "Corporate", "Windows", "Latitude 5440"],
        ["IPAD-1", "", "DM222", "Corporate", "iOS/iPadOS", "iPad"],
        ["SV-1", "", "SV333", "Corporate", "Windows", "PowerEdge T350"],
        ["PC-1", "", "To be filled by O.E.M.", "Corporate", "Windows", "Odd"],
        defaults=Defaults(role=Role.STAFF_PORTABLE),
    )
    assert [(one.asset, one.host, one.platform, one.form, one.role, one.serial) for _, one in found.added] == [
        ("LT-1", "LT-1", "windows", "portable", "staff_portable", "PF111"),
        ("IPAD-1", "IPAD-1", "other", "portable", "staff_portable", "DM222"),
        ("SV-1", "SV-1", "windows", "server", "server", "SV333"),
    ]
    assert lines(found) == [
        "row 5, column form: is said nowhere, and its model does not tell; add a column, or give --form"
    ]


def test_an_empty_cell_overwrites_nothing_and_only_a_plain_sheet_changes_what_technicians_decide() -> None:
    kept = row("EP-1", "PF111", role=Role.EXAM, level=Level.HIGH, notes="Hall, left", host="ep-1")
    school = {URN: [kept, row("EP-2", "PF222", notes="")]}
    empty = imported(school, HEAD, ["EP-1", "", "PF111", "", "", "", "", ""], ["EP-2", "", "", "", "", "", "", ""])
    assert (empty.changes_anything, empty.unchanged, empty.problems) == (False, tuple(school[URN]), ())
    plain = imported(school, HEAD, ["EP-1", "", "", "", "", "office", "", "Hall, right"], ["EP-2", *[""] * 7])
    (changed,) = plain.changed
    assert [(one.field, one.before, one.after) for one in changed.changes] == [
        ("role", "exam", "office"),
        ("notes", "Hall, left", "Hall, right"),
    ]
    snipe = ["Asset Name", "Asset Tag", "Serial", "Category", "Status", "Notes", "Checked Out To"]
    found = imported(
        school, snipe, ["", "EP-1", "PF111", "Desktops", "", "Mended", ""], ["", "EP-2", "PF222", "", "", "New", ""]
    )
    assert [(one.before.asset, [each.field for each in one.changes]) for one in found.changed] == [("EP-2", ["notes"])]


def test_a_rename_is_one_change_and_no_removal_plus_addition() -> None:
    school = {URN: [row("EP-1", "PF111"), row("EP-2", "PF222")]}
    new_tag = imported(school, HEAD, ["EP-9", "", "pf111", *[""] * 5], ["EP-2", *[""] * 7], removes=True)
    assert (new_tag.added, new_tag.missing, new_tag.problems) == ((), (), ())
    (changed,) = new_tag.changed
    assert [(one.field, one.before, one.after) for one in changed.changes] == [("asset", "EP-1", "EP-9")]
    assert (changed.by, changed.note) == ("serial", "its evidence until now stays under the old asset tag")
    new_name = imported(school, INTUNE, ["HS-LT-1", "", "PF111", "", "Windows", ""])
    assert [(one.after.asset, one.after.host) for one in new_name.changed] == [("EP-1", "HS-LT-1")]


def test_tags_that_were_swapped_are_two_changes() -> None:
    school = {URN: [row("EP-1", "PF111", host="a"), row("EP-2", "PF222", host="b")]}
    found = imported(school, HEAD, ["EP-2", "", "PF111", *[""] * 5], ["EP-1", "", "PF222", *[""] * 5])
    assert (found.problems, found.missing, found.added) == ((), (), ())
    assert [(one.asset, one.serial) for one in found.result()[URN]] == [("EP-2", "PF111"), ("EP-1", "PF222")]


def test_a_tag_that_another_device_keeps_is_a_problem_and_changes_nothing() -> None:
    school = {URN: [row("EP-1", "PF111"), row("EP-2", "PF222")]}
    found = imported(school, HEAD, ["EP-2", "", "PF111", *[""] * 5])
    assert (found.changes_anything, [one.asset for one in found.unchanged]) == (False, ["EP-1"])
    assert lines(found) == ['row 2, column asset: "EP-2" is that of EP-2 already; the row is left out']


def test_a_device_of_another_school_is_moved_by_its_serial_with_what_was_decided_about_it() -> None:
    there = row("DP-7", "PF777", role=Role.EXAM, notes="Lid broken")
    school = {URN: [row("EP-1", "PF111")], OTHER: [there, row("DP-8", "PF888")]}
    found = imported(school, HEAD, ["EP-7", "", "PF777", *[""] * 5], ["EP-1", *[""] * 7])
    (moved,) = found.moved
    assert (moved.urn, moved.before, moved.after) == (OTHER, there, replace(there, asset="EP-7"))
    assert (found.added, found.missing) == ((), ())
    result = found.result()
    assert [one.asset for one in result[URN]] == ["EP-1", "EP-7"]
    assert [one.asset for one in result[OTHER]] == ["DP-8"]


def test_placeholder_serials_tell_nothing() -> None:
    same = "To Be Filled By O.E.M."
    school = {OTHER: [row("DP-7", same)]}
    found = imported(
        school, HEAD, ["EP-1", "", same, "Windows", "PC", "", "", ""], ["EP-2", "", same, "Windows", "PC", "", "", ""]
    )
    assert (found.moved, found.twice) == ((), ())
    assert [(one.asset, one.serial) for _, one in found.added] == [("EP-1", ""), ("EP-2", "")]


def test_the_same_device_twice_counts_once_and_the_last_that_was_heard_of() -> None:
    found = imported(
        {},
        INTUNE,
        ["OLD", "2026-01-01 00:00:00", "PF111", "Corporate", "Windows", "Latitude"],
        ["NEW", "2026-11-01 00:00:00", "PF111", "Corporate", "Windows", "Latitude"],
    )
    assert [one.asset for _, one in found.added] == ["NEW"]
    assert [(one.device.row, one.counts.row) for one in found.twice] == [(2, 3)]
    again = imported({URN: [row("EP-1")]}, HEAD, ["EP-1", *[""] * 7], ["", "EP-1", *[""] * 6])
    assert lines(again) == ["row 3: is EP-1 as row 2 is; the list has one device twice"]


def test_another_machine_under_an_old_name_is_said() -> None:
    found = imported({URN: [row("EP-1", "PF111")]}, HEAD, ["EP-1", "", "PF999", *[""] * 5])
    (changed,) = found.changed
    assert changed.by == "asset"
    assert "another machine under the old name" in changed.note


def test_missing_devices_stay_unless_that_is_asked_for_and_those_that_are_gone_say_why() -> None:
    school = {URN: [row("EP-1", "PF111"), row("EP-2", "PF222"), row("EP-3", "PF333")]}
    head = ["Asset tag", "Serial", "Status"]
    rows = (["EP-1", "PF111", "Deployed"], ["EP-2", "PF222", "Lost/Stolen"])
    found = imported(school, head, *rows)
    assert [(one.device.asset, one.reason) for one in found.missing] == [("EP-2", "Lost/Stolen"), ("EP-3", "")]
    assert (found.changes_anything, found.result()) == (False, {})
    removed = imported(school, head, *rows, removes=True)
    assert [one.asset for one in removed.result()[URN]] == ["EP-1"]


assets = st.sampled_from(["EP-1", "EP-2", "EP-3", "EP-4", "ep-1", ""])
serials = st.sampled_from(["PF111", "PF222", "PF333", "pf111", "None", "", "000000"])
existing = st.lists(st.tuples(assets.filter(bool), serials, st.sampled_from(list(Role))), max_size=4)
listed = st.lists(
    st.tuples(assets, assets, serials, st.sampled_from(["Windows 11", "", "Linux"]), st.sampled_from(["", "Hall"])),
    max_size=6,
)


def school_of(devices: list[tuple[str, str, Role]], prefix: str) -> list[DeviceRow]:
    """Devices as devices.csv gives them: those that share something are no longer there."""
    rows = [row(f"{prefix}{asset}", serial, role=role) for asset, serial, role in devices]
    return list(read_devices(write_devices(rows))[0])


@given(existing, existing, listed, st.booleans())
def test_an_import_twice_changes_nothing_and_loses_no_device(
    mine: list[tuple[str, str, Role]], theirs: list[tuple[str, str, Role]], rows: list[tuple[str, ...]], removes: bool
) -> None:
    schools = {URN: school_of(mine, ""), OTHER: school_of(theirs, "D")}
    content = [[asset, host, serial, system, "PC", "", "", notes] for asset, host, serial, system, notes in rows]
    first = imported(schools, HEAD, *content, removes=removes)
    result: dict[str, list[DeviceRow]] = {**schools, **{urn: list(found) for urn, found in first.result().items()}}
    for urn, found in result.items():
        # What is written is read again, all of it, without a problem.
        again, problems = read_devices(write_devices(found))
        assert problems == ()
        result[urn] = list(again)
    second = imported(result, HEAD, *content, removes=removes)
    # A list that contradicts itself is told so, and may take a second import to settle.
    assert (second.added, second.changed, second.moved) == ((), (), ()) or first.problems
    before, after = (sum(len(found) for found in each.values()) for each in (schools, result))
    removed = len(first.missing) if removes and first.changes_anything else 0
    assert after == before + len(first.added) - removed
    assert all(str(one).isprintable() for one in (*first.problems, *second.problems))
    for one in first.changed:
        assert one.after.role == one.before.role  # the list has no role
        assert one.changes


@given(existing, st.data())
def test_new_tags_and_names_for_known_serials_are_never_additions(
    mine: list[tuple[str, str, Role]], data: st.DataObject
) -> None:
    school = [one for one in school_of(mine, "") if one.serial.startswith("PF")]
    tags = data.draw(st.permutations([f"EP-{number}" for number in range(len(school))]))
    content = [[tag, f"h-{tag}", one.serial, *[""] * 5] for tag, one in zip(tags, school, strict=True)]
    found = imported({URN: school}, HEAD, *content, removes=True)
    assert (found.added, found.missing, found.moved, found.problems) == ((), (), (), ())
    assert {one.serial for one in found.result().get(URN, school)} == {one.serial for one in school}
