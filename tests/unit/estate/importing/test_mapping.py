"""Words of technicians' sheets, and `--map`, which says of a column what it is."""

from __future__ import annotations

import pytest

from leeboard.estate.importing.devices import DeviceList, read_list
from leeboard.estate.importing.mapping import pair
from leeboard.estate.importing.plan import plan
from leeboard.estate.synonyms import parse_value
from leeboard.model.enums import Level, Platform
from leeboard.model.problem import Mistake
from tests.unit.estate.importing.lists import as_csv, as_xlsx

HEAD = ["Tag", "Box", "Used by", "System", "Security classification"]
ROWS = [
    ["EP-1", "Laptop", "Staff", "x86_64-pc-linux-gnu", "Official-Sensitive"],
    ["EP-2", "Desktop", "Staff", "Windows 11", ""],
    ["EP-3", "Desktop", "Pupils", "Windows 11", "OFFICIAL"],
    ["EP-4", "Desktop", "A. Person", "Windows 11", ""],
]
MAPPED = (("Box", "form"), ("System", "platform"))


@pytest.mark.parametrize("text", ["pc-linux-gnu", "x86_64-pc-linux-gnu", "redhat-linux-gnu", "PC-Linux-GNU"])
def test_what_realmd_tells_active_directory_of_a_machine_is_linux(text: str) -> None:
    assert parse_value("platform", text) is Platform.LINUX


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Official-Sensitive", Level.SENSITIVE),
        ("OFFICIAL SENSITIVE", Level.SENSITIVE),
        ("official–sensitive", Level.SENSITIVE),
        ("Official", Level.STANDARD),
        ("Local High", Level.HIGH),
        ("HIGH", Level.HIGH),
    ],
)
def test_a_level_is_known_by_its_label_too(text: str, level: Level) -> None:
    assert parse_value("level", text) is level


@pytest.mark.parametrize("text", ["official, not sensitive", "unofficial", "officially"])
def test_what_only_resembles_a_label_is_no_level(text: str) -> None:
    with pytest.raises(Mistake, match="is no level"):
        parse_value("level", text)


def test_who_uses_a_device_lets_guess_its_role_and_a_person_is_no_mistake() -> None:
    added, problems = planned(read_list(as_csv(HEAD, *ROWS), "sheet.csv", mapped=MAPPED))
    assert added == {
        "EP-1": ("linux", "portable", "staff_portable", "sensitive"),
        "EP-3": ("windows", "desktop", "pupil_shared", "standard"),
    }
    assert [problem.partition(": ")[0] for problem in problems] == [
        "sheet.csv, row 3, column role",  # staff at a desktop says nothing
        "sheet.csv, row 5, column role",
    ]
    assert not any("Person" in problem for problem in problems)


def test_a_mapped_column_is_that_and_nothing_else() -> None:
    rows = [["EP-1", "Windows 11", "office", "Laptop"]]
    head = ["Tag", "OS", "Type", "Form factor"]
    added, problems = planned(read_list(as_csv(head, *rows), "a.csv", mapped=(pair("type=role"),)))
    assert (added, problems) == ({"EP-1": ("windows", "portable", "office", "")}, [])
    strict = read_list(as_csv(["Tag", "Used by"], ["EP-1", "A. Person"]), "a.csv", mapped=(pair("Used by=role"),))
    assert "column Used by: 'A. Person' is no role" in str(strict.problems[0])


def test_a_workbook_s_heading_is_found_by_mapped_columns() -> None:
    book = as_xlsx(Cover=[["Hill"]], List=[["Our devices"], [], ["Number", "Box"], ["EP-1", "Laptop"]])
    mapped = (pair("Number=asset"), pair("Box=form"))
    found = read_list(book, "a.xlsx", mapped=mapped)
    assert [dict(one.values) for one in found.devices] == [{"asset": "EP-1", "form": "portable"}]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Room=role"], 'has no column "Room" for --map'),
        (["Tag=colour"], '"colour" is no key'),
        (["Tag=urn"], '"urn" is no key'),
        (["Tag=asset", "tag=serial"], "are about one"),
        (["Tag=asset", "Box=asset"], "are about one"),
    ],
)
def test_an_unknown_column_or_key_is_refused_with_the_list_of_both(words: list[str], said: str) -> None:
    found = read_list(as_csv(HEAD, *ROWS), "sheet.csv", mapped=[pair(word) for word in words])
    assert (found.kind, found.devices) == ("", ())
    problem = str(found.problems[0])
    assert said in problem
    assert 'its columns are "Tag", "Box", "Used by", "System", "Security classification"' in problem
    assert "the keys are asset, host, name, address, platform, form, " in problem


@pytest.mark.parametrize("text", ["", "Tag", "=asset", "Tag=", "--=asset"])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(Mistake, match="--map takes a column and a key"):
        pair(text)


def test_a_column_may_hold_a_sign_of_equality() -> None:
    assert pair("OS = Linux? = Platform") == ("OS = Linux?", "platform")


def planned(listed: DeviceList) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    result = plan({"900009": ()}, "900009", listed)
    devices = [device for _, device in result.added]
    rows = {one.asset: (one.platform.value, one.form.value, one.role.value, one.level or "") for one in devices}
    return rows, [str(problem) for problem in result.problems]
