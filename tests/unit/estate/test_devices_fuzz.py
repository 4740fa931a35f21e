"""devices.csv under fire: a bad row anywhere is one line with file, row and column, and the others load unchanged."""

from __future__ import annotations

import csv
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from leeboard.estate.devices import DeviceRow, read_devices
from tests.unit.estate.bad_rows import BAD_CELLS, NOTES, good_row, rows_with_a_bad_one, sheet

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
SHAPES = st.tuples(
    st.sampled_from(",;\t"),
    st.sampled_from(("\n", "\r\n", "\r")),
    st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
)
TORN = (  # lines that are no row at all; nothing of them has a column
    'A-9,"pc-9,,linux,desktop,office,,,',
    'A-9,"pc"9,,linux,desktop,office,,,',
    '"',
    "a,b,c,d,e,f,g,h,i,j",
    ",,,,,,,,,\x00\x01",
)


def moved(devices: tuple[DeviceRow, ...], place: int) -> list[DeviceRow]:
    """The same devices when a row was put in before the one at this place; row 1 has the names."""
    return [replace(one, row=one.row + 1) if one.row >= place + 2 else one for one in devices]


@given(rows_with_a_bad_one(), SHAPES, st.sampled_from(ENCODINGS))
def test_a_bad_row_anywhere_is_named_and_costs_no_other(
    given_rows: tuple[list[dict[str, str]], int, dict[str, str], str], shape: tuple[str, str, int], encoding: str
) -> None:
    good, place, bad, column = given_rows
    encoded = [sheet(rows, *shape).encode(encoding, "replace") for rows in (good, [*good[:place], bad, *good[place:]])]
    before, none = read_devices(encoded[0])
    assert (len(before), none) == (len(good), ())
    found, wrong = read_devices(encoded[1], "hill/devices.csv")
    assert list(found) == moved(before, place)
    (line,) = [str(one) for one in wrong]
    assert line.startswith(f"hill/devices.csv, row {place + 2}, column {column}: ")
    assert line.isprintable() and len(line) <= 600


@given(st.lists(NOTES, min_size=1, max_size=8), st.data(), st.sampled_from(TORN), SHAPES)
@example([", and so on"], None, TORN[0], (",", "\n", csv.QUOTE_MINIMAL))
def test_a_torn_line_costs_itself(
    notes: list[str], data: st.DataObject | None, torn: str, shape: tuple[str, str, int]
) -> None:
    """Also where cells of other rows hold what ends a cell, and what ends a row."""
    good = [good_row(number, one) for number, one in enumerate(notes)]
    place = data.draw(st.integers(1, len(good))) if data else 0
    before, _ = read_devices(sheet(good, *shape).encode())
    above, below = sheet(good[:place], *shape), sheet(good[place:], *shape).split(shape[1], 1)[1]
    found, wrong = read_devices(f"{above}{torn.replace(',', shape[0])}{shape[1]}{below}".encode())
    assert list(found) == moved(before, place)
    assert [one.row for one in wrong] == [place + 2]


@given(st.integers(2, 8), st.data())
def test_bytes_that_went_wrong_in_one_row_cost_that_row_at_most(count: int, data: st.DataObject) -> None:
    """As a disk or a bad copy leaves them: anything but what ends a row or begins a quotation."""
    lines = [line.encode() for line in sheet([good_row(number) for number in range(count)]).splitlines()]
    before, _ = read_devices(b"\n".join(lines))
    row = data.draw(st.integers(1, count))
    line = bytearray(lines[row])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(line) - 1))
        line[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=4).filter(lambda one: not set(one) & set(b'\r\n"'))
        )
    lines[row] = bytes(line)
    found, wrong = read_devices(b"\n".join(lines))
    # A later row may share with the damaged one, by accident, what only one can have; then it is named for that.
    told = {one.row: one.message for one in wrong}
    for one in before:
        if one.row != row + 1:
            assert one in found or f"row {row + 1} has the same" in told[one.row]
    assert len(found) + len(wrong) + (not line.strip(b" ,")) >= count
    assert len({one.row for one in wrong}) == len(wrong)
    assert all(str(one).isprintable() and one.row for one in wrong)


@given(st.binary(max_size=300), st.integers(0, 400), st.sampled_from(ENCODINGS))
@example(b"\xff\xfe", 0, "utf-8")
@example(b'"' * 60, 100, "utf-16-le")
@example(b"\x00" * 50, 0, "utf-8")
def test_no_bytes_anywhere_break_it_off(junk: bytes, place: int, encoding: str) -> None:
    content = sheet([good_row(number) for number in range(6)]).encode(encoding)
    for changed in (content[:place] + junk + content[place:], content[:place] + junk, junk + content[place:]):
        found, wrong = read_devices(changed)
        assert all(str(one).isprintable() and len(str(one)) <= 600 for one in wrong)
        assert {one.row for one in found}.isdisjoint(one.row for one in wrong)


def test_every_kind_of_bad_cell_is_tried() -> None:
    columns = {column for _, column in BAD_CELLS}
    assert columns == {"asset", "host", "address", "platform", "form", "role", "level", "serial"}
