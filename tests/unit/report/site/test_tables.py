"""Data as scripts: nothing ends the script, no row is lost, and no two devices have one file."""

from __future__ import annotations

import json

import pytest

from leeboard.report.coverage import coverage
from leeboard.report.site import tables
from leeboard.report.site.tables import Column, Table, file_names, joined, script
from tests.unit.report import samples
from tests.unit.report.samples import HOSTILE


def read(content: bytes) -> object:
    """What the script would set, read as JSON."""
    return json.loads(content.decode("ascii").partition(" = ")[2].removesuffix(";\n"))


@pytest.mark.parametrize("text", [*HOSTILE[:-1], "</script>", "<!--", "\u2028\u2029", "\\u003c", "__proto__"])
def test_no_text_ends_the_script_or_a_line_of_it(text: str) -> None:
    content = script("data", {"text": [text]})
    assert read(content) == {"text": [text]}
    assert b"<" not in content and b">" not in content and content.count(b"\n") == 1 and content.isascii()


def test_a_lone_surrogate_is_data_too() -> None:
    assert read(script("data", "\ud800")) == "\ud800"


def test_each_device_is_in_the_place_of_the_coverage() -> None:
    status = samples.mixed()
    table = tables.devices(status, file_names(one.device.asset for one in status.devices))
    known = [tables.PLACES[row[1]][0] for row in table.rows if isinstance(row[1], int)]
    for name, many in coverage(status.devices, status.at).places.items():
        assert known.count(name) == many, name


def test_tables_are_joined_with_the_words_of_all() -> None:
    one = Table([Column("kind", "Kind", "word", [("a", "A", ""), ("b", "B", "")])], [[0], [1]])
    two = Table([Column("kind", "Kind", "word", [("b", "B", ""), ("c", "C", "")])], [[0], [None], [1]])
    made = joined([one, two])
    assert [word for word, _, _ in made.columns[0].words] == ["a", "b", "c"]
    assert made.rows == [[0], [1], [1], [None], [2]]


def test_no_two_devices_have_one_file() -> None:
    assets = ["EP-0001", "ep-0001", "Room 1", "Room_1", "CON", "nul.1", "A.B-c_d", "x" * 64]
    found = file_names(assets)
    assert found["A.B-c_d"] == "A.B-c_d" and found["Room_1"] == "Room_1" and found["x" * 64] == "x" * 64
    assert len({name.casefold() for name in found.values()}) == len(assets)
    assert all(tables.PLAIN.match(name) and not tables.RESERVED.match(name) for name in found.values())
    assert found["EP-0001"] != "EP-0001", "a share has one file for both"
