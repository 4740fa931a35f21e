"""Excel workbooks: several sheets, what Excel spoils, and bytes that mean harm."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from leeboard.estate.importing import workbook
from leeboard.estate.importing.devices import KNOWN, read_list
from leeboard.estate.importing.workbook import read_workbook
from leeboard.model.problem import Mistake
from tests.unit.estate.importing.lists import as_xlsx, saved

HEAD = ["Asset tag", "Serial number", "Operating system", "Room"]
ROW = ["EP-0001", "PF1", "Windows 11", "Hall"]
GOOD = as_xlsx(Devices=[HEAD, ROW, ROW])


def changed(content: bytes, **parts: bytes) -> bytes:
    """The workbook with some parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename not in parts:
                new.writestr(part, old.read(part))
        for name, data in parts.items():
            new.writestr(name, data)
    return out.getvalue()


def test_the_first_sheet_with_known_columns_below_a_title_is_taken_and_said() -> None:
    content = as_xlsx(
        Readme=[["Please read"], ["Devices", "of us"]], Devices=[["Hill School"], [], HEAD, ROW], Old=[HEAD, ROW]
    )
    taken = read_workbook(content, KNOWN)
    assert (taken.name, taken.others) == ("Devices", ("Readme", "Old"))
    assert taken.sheet.rows == ((4, ROW),)
    assert read_workbook(content, KNOWN, "old").sheet.rows == ((2, ROW),)
    with pytest.raises(Mistake, match='no sheet "New"; its sheets are "Readme", "Devices", "Old"'):
        read_workbook(content, KNOWN, "New")
    with pytest.raises(Mistake, match='of sheet "Readme" no row names the columns'):
        read_workbook(content, KNOWN, "Readme")


def test_a_hidden_sheet_is_not_taken_by_itself() -> None:
    book = Workbook()
    book.active.append(HEAD)
    hidden = book.create_sheet("Hidden", 0)
    hidden.append(HEAD)
    hidden.append(ROW)
    hidden.sheet_state = "hidden"
    assert read_workbook(saved(book), KNOWN).name == "Sheet"
    assert read_workbook(saved(book), KNOWN, "Hidden").sheet.rows == ((2, ROW),)


def test_what_excel_spoils_costs_its_row_and_numbers_are_read_as_they_look() -> None:
    rows = [
        HEAD,
        [1001, 12345678, "Windows 11", 12.5],
        ["EP-2", datetime(2026, 3, 1), "Windows 11", datetime(2026, 3, 1)],
        ["EP-3", 12345678901234567, "Windows 11", ""],
        ["EP-4", "#REF!", "Windows 11", "#REF!"],
        ["EP-5", "=A1&A2", "Windows 11", ""],
        ["EP-6", "PF6", "Windows 11", "=A1"],
    ]
    taken = read_workbook(as_xlsx(Devices=rows), KNOWN)
    assert taken.sheet.rows == ((2, ["1001", "12345678", "Windows 11", "12.5"]), (7, ["EP-6", "PF6", "Windows 11", ""]))
    assert [(one.row, one.column) for one in taken.sheet.mistakes] == [(row, "Serial number") for row in (3, 4, 5, 6)]
    words = [one.message for one in taken.sheet.mistakes]
    for said, expected in zip(
        words, ("is a date", "more than 15 digits", "is the error #REF!", "never worked out"), strict=True
    ):
        assert expected in said


def test_merged_cells_are_said_row_by_row() -> None:
    book = Workbook()
    sheet = book.active
    for row in (["Our devices"], HEAD, ROW, ["EP-2", "PF2", None, ""], ["EP-3", "PF3", "Linux", ""]):
        sheet.append(row)
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("C3:C4")
    taken = read_workbook(saved(book), KNOWN)
    assert [row for row, _ in taken.sheet.rows] == [3, 5]
    assert [(one.row, one.column) for one in taken.sheet.mistakes] == [(4, "Operating system")]
    assert "merged" in taken.sheet.mistakes[0].message


def test_what_means_harm_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    good = as_xlsx(Devices=[HEAD, ROW])
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'
    with pytest.raises(Mistake, match="no spreadsheet program writes"):
        read_workbook(changed(good, **{"xl/sharedStrings.xml": entity}), KNOWN)
    with pytest.raises(Mistake, match="NUL"):
        read_workbook(changed(good, **{"xl/sharedStrings.xml": entity.decode().encode("utf-16")}), KNOWN)
    bomb = changed(good, **{"xl/media/image1.bin": b"\0" * (workbook.MOST_UNPACKED + 1)})
    assert len(bomb) < 1_000_000
    with pytest.raises(Mistake, match="unpacks to more than 128 MiB"):
        read_workbook(bomb, KNOWN)
    with pytest.raises(Mistake, match="it is no whole"):
        read_workbook(good[:-200], KNOWN)
    with pytest.raises(Mistake, match="it is no whole"):
        read_workbook(b"PK\x03\x04" + b"x" * 100, KNOWN)
    monkeypatch.setattr(workbook, "MOST_ELEMENTS", 100)
    with pytest.raises(Mistake, match="more than 100 cells"):
        read_workbook(good, KNOWN)


def test_a_row_far_down_and_a_wrong_size_cost_nothing() -> None:
    sheet = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>Asset tag</t></is></c>'
        b'<c r="B1" t="inlineStr"><is><t>OS</t></is></c></row>'
        b'<row r="2"><c r="A2" t="inlineStr"><is><t>EP-1</t></is></c><c r="XFD2"><v>1</v></c></row>'
        b'<row r="999999999999"><c r="A3"><v>INF</v></c></row></sheetData></worksheet>'
    )
    content = changed(as_xlsx(Devices=[HEAD, ROW]), **{"xl/worksheets/sheet1.xml": sheet})
    found = read_list(content, "far.xlsx")
    assert [one.values["asset"] for one in found.devices] == ["EP-1"]


@given(st.data())
def test_no_damage_to_its_bytes_crashes_it(data: st.DataObject) -> None:
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    found = read_list(bytes(content), "damaged.xlsx")
    assert all(str(one).isprintable() for one in found.problems)


@given(st.data())
def test_no_damage_to_its_parts_crashes_it(data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        name = data.draw(
            st.sampled_from([one for one in archive.namelist() if "theme" not in one and "docProps" not in one])
        )
        part = bytearray(archive.read(name))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(part) - 1))
        part[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    found = read_list(changed(GOOD, **{name: bytes(part)}), "damaged.xlsx")
    assert all(str(one).isprintable() for one in found.problems)
