"""Workbooks under fire: spoilt cells, parts that lie, and archives that mean harm. Each ends in devices and lines."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from leeboard.estate.importing.devices import DeviceList, read_list
from tests.unit.estate.importing.lists import as_xlsx, saved
from tests.unit.estate.importing.test_workbook import changed

HEAD = ["Asset tag", "Name", "Serial number", "Operating system", "Role", "Room"]
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET, STRINGS, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"
# Bad rows: the column that is changed and named, and what stands in it.
BAD: tuple[tuple[str, Any], ...] = (
    ("Asset tag", "=A1&B1"),  # never worked out
    ("Asset tag", "#REF!"),
    ("Asset tag", "../../etc"),
    ("Asset tag", date(2026, 3, 1)),
    ("Asset tag", 12345678901234567),
    ("Asset tag", "=cmd|' /C calc'!A0"),
    ("Serial number", "=HYPERLINK(\"http://example\")"),
    ("Serial number", "#N/A"),
    ("Serial number", "5.12346E+11"),
    ("Serial number", 1e300),
    ("Serial number", date(1999, 12, 31)),
    ("Operating system", "beos"),
    ("Role", "captain"),
)  # fmt: skip


def good_row(number: int) -> list[Any]:
    """A device that nobody can find fault with, some of it typed as numbers."""
    tag = 4000 + number if number % 2 else f"EP-{number}"
    return [
        tag,
        f"pc-{number}",
        f"PF{number}X",
        ("Windows 11", "Debian 13")[number % 2],
        "office",
        ("Hall", None)[number % 2],
    ]


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


GOOD = as_xlsx(Devices=[HEAD, *(good_row(number) for number in range(4))])
PARTS = parts_of(GOOD)


def seen(found: DeviceList) -> list[tuple[int, dict[str, str]]]:
    return [(one.row, dict(one.values)) for one in found.devices]


def sheet(rows: str, before: str = "", after: str = "") -> bytes:
    """A sheet's part with the good columns' names and a device, and what a hostile hand adds."""
    cells = "".join(f'<c r="{letter}{{row}}" t="inlineStr"><is><t>{{{letter}}}</t></is></c>' for letter in "ABCD")
    names = cells.format(row=1, A="Asset tag", B="Name", C="Serial number", D="Operating system")
    one = cells.format(row=2, A="EP-1", B="pc-1", C="PF1", D="Windows 11")
    return (
        f'<?xml version="1.0"?><worksheet {NAMESPACE}>{before}<sheetData><row r="1">{names}</row><row r="2">{one}</row>'
        f"{rows}</sheetData>{after}</worksheet>"
    ).encode()


@given(st.integers(1, 6), st.data(), st.sampled_from(BAD))
def test_a_spoilt_cell_anywhere_is_named_and_costs_no_other(
    count: int, data: st.DataObject, bad: tuple[str, Any]
) -> None:
    rows = [good_row(number) for number in range(count)]
    place = data.draw(st.integers(0, count))
    spoilt = good_row(98)
    spoilt[HEAD.index(bad[0])] = bad[1]
    before = read_list(as_xlsx(Devices=[HEAD, *rows]), "list.xlsx")
    assert (len(before.devices), before.problems) == (count, ())
    found = read_list(as_xlsx(Devices=[HEAD, *rows[:place], spoilt, *rows[place:]]), "list.xlsx")
    assert seen(found) == [(row + 1 if row >= place + 2 else row, said) for row, said in seen(before)]
    (line,) = [str(one) for one in found.problems]
    assert line.startswith(f"list.xlsx, row {place + 2}, column {bad[0]}: ")
    assert line.isprintable()


def test_merged_cells_are_named_each_in_its_row() -> None:
    book = Workbook()
    for row in (HEAD, *(good_row(number) for number in range(5))):
        book.active.append(row)
    book.active.merge_cells("A3:A5")
    found = read_list(saved(book), "list.xlsx")
    assert [row for row, _ in seen(found)] == [2, 3, 6]
    assert [(one.row, one.column) for one in found.problems] == [(4, "Asset tag"), (5, "Asset tag")]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="3"><c r="A3" t="s"><v>999999</v></c></row>',  # no such shared string
        '<row r="3"><c r="A3" t="s"><v>-1</v></c></row>',
        '<row r="3"><c r="A3" t="s"><v>1e9</v></c></row>',
        '<row r="3"><c r="A3" s="4294967295"><v>1</v></c></row>',  # no such style
        '<row r="3"><c r="A3" s="-5"><v>1</v></c></row>',
        '<row r="3"><c r="A3" t="d"><v>2026-13-45</v></c></row>',
        '<row r="3"><c r="A3" t="n"><v>1e999</v></c></row>',
        '<row r="3"><c r="A3" t="nonsense"><v>x</v></c></row>',
        '<row r="3"><c r="A3" t="b"><v>maybe</v></c></row>',
        '<row r="-7"><c r="A3"><v>1</v></c></row>',
        '<row r="one"><c r="A3"><v>1</v></c></row>',
        '<row r="1048576"><c r="A1048576"><v>1</v></c></row>',
        '<row r="3"><c r="ZZZZZZ99999999999"><v>1</v></c></row>',
        '<row r="3"><c r="!!"><v>1</v></c></row>',
        '<row r="3"><c r="A3"><f t="shared" si="0" ref="A3:XFD1048576">A1</f></c></row>',
        '<row r="3"><c r="A3" t="str"><v>' + "A" * 200_000 + "</v></c></row>",
        '<row r="2"><c r="A2" t="inlineStr"><is><t>EP-9</t></is></c></row>',  # row 2 once more
        "<row/>" * 3000,
        "<row><c/></row>" * 3000,
        '<row r="3">' + "<c/>" * 20_000 + "</row>",
        '<row r="3"><c r="A3" t="inlineStr"><is>' + "<r><t>x</t></r>" * 5000 + "</is></c></row>",
        '<row r="3">' + '<c r="A3"><v>1</v></c>' * 300 + "</row>",
    ],
    ids=lambda rows: rows[:60].replace("<", "").replace(">", " "),
)  # fmt: skip
def test_a_sheet_that_lies_costs_what_it_lies_about(rows: str) -> None:
    began = time.process_time()
    found = read_list(changed(GOOD, **{SHEET: sheet(rows)}), "list.xlsx")
    assert (2, "EP-1") in [(row, said.get("asset")) for row, said in seen(found)] or found.problems
    assert all(str(one).isprintable() and len(str(one)) <= 600 for one in found.problems)
    assert len(found.devices) <= 2
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    "parts",
    [
        {STRINGS: f"<sst {NAMESPACE}><si><t>{'x' * 3_000_000}</t></si></sst>".encode()},
        {STRINGS: f"<sst {NAMESPACE}>{'<si/>' * 300_000}</sst>".encode()},
        {STRINGS: b"<sst>" + b"<r>" * 20_000},
        {STYLES: b""},
        {STYLES: f"<styleSheet {NAMESPACE}><cellXfs count='-1'/></styleSheet>".encode()},
        {"xl/workbook.xml": f"<workbook {NAMESPACE}><sheets/></workbook>".encode()},
        {"xl/workbook.xml": b"<a/>"},
        {"[Content_Types].xml": b"<Types/>"},
        {"xl/_rels/workbook.xml.rels": b"<Relationships/>"},
        {
            "xl/_rels/workbook.xml.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
            b'relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            b'relationships/worksheet" Target="../../../../etc/passwd"/></Relationships>'
        },
        {SHEET: sheet("", after='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')},
        {SHEET: sheet("", after='<mergeCells>' + '<mergeCell ref="A3:XFD99999"/>' * 2000 + "</mergeCells>")},
        {SHEET: sheet("", before='<dimension ref="A1:XFD1048576"/>')},
        {SHEET: sheet("")[:-40]},
        {SHEET: b"<worksheet>" * 5000},
        {"../../../../tmp/evil.xml": b"<a/>", "/etc/passwd": b"x", "xl\\x.xml": b"<a/>"},
        {"xl/externalLinks/externalLink1.xml": b"<externalLink/>", "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"},
    ],
    ids=lambda parts: f"{next(iter(parts))} {len(next(iter(parts.values())))}",
)  # fmt: skip
def test_a_part_that_lies_ends_in_devices_or_one_line(parts: dict[str, bytes]) -> None:
    began = time.process_time()
    found = read_list(changed(GOOD, **parts), "list.xlsx")
    assert found.devices or len(found.problems) == 1
    assert all(str(one).isprintable() and len(str(one)) <= 600 for one in found.problems)
    assert time.process_time() - began < 20


@given(st.integers(1, len(GOOD) - 1))
def test_a_workbook_that_was_cut_off_is_one_line(length: int) -> None:
    found = read_list(GOOD[:length], "list.xlsx")
    assert found.devices == ()
    (line,) = [str(one) for one in found.problems]
    assert line.startswith("list.xlsx") and line.isprintable()


@given(st.data())
def test_an_archive_that_lies_about_its_parts_ends_in_devices_or_lines(data: st.DataObject) -> None:
    """Sizes, offsets, checksums, flags and methods of the central directory and of each part's own header."""
    content = bytearray(GOOD)
    mark = data.draw(st.sampled_from((b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06")))
    places = [at for at in range(len(content)) if content[at : at + 4] == mark]
    at = data.draw(st.sampled_from(places)) + 4 + 2 * data.draw(st.integers(0, 19))
    value = data.draw(st.sampled_from((0, 1, 9, 0x7FFF, 0xFFFF)) | st.integers(0, 0xFFFF))
    content[at : at + 2] = struct.pack("<H", value)
    found = read_list(bytes(content), "list.xlsx")
    assert found.devices or found.problems
    assert all(str(one).isprintable() for one in found.problems)


TAGS = st.sampled_from(
    ("<row>", "</row>", "<c>", "</c>", "<v>", "</v>", '<c r="B7" t="s">', "<f>", "</f>", "<is><t>", "</t></is>",
     "&amp;", "&#0;", "&#x1F600;", "<!-- ", " -->", "<![CDATA[", "]]>", "<?xml?>", "1e400", "NaN", "\ufffe", "<x:row/>")
)  # fmt: skip


@given(st.sampled_from((SHEET, "xl/workbook.xml", STYLES)), st.lists(TAGS, min_size=1, max_size=6), st.data())
def test_no_scraps_of_xml_in_a_part_break_it_off(name: str, scraps: list[str], data: st.DataObject) -> None:
    part = PARTS[name].decode()
    for scrap in scraps:
        ends = [at + 1 for at, sign in enumerate(part) if sign == ">"]
        at = data.draw(st.sampled_from(ends))
        part = part[:at] + scrap + part[at:]
    found = read_list(changed(GOOD, **{name: part.encode()}), "list.xlsx")
    assert found.devices or found.problems
    assert all(str(one).isprintable() for one in found.problems)


def test_a_list_of_a_whole_authority_is_read_and_one_without_end_is_refused() -> None:
    rows = "".join(
        f'<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>EP-{number}</t></is></c></row>'
        for number in range(3, 10_003)
    )
    found = read_list(changed(GOOD, **{SHEET: sheet(rows)}), "list.xlsx")
    assert (len(found.devices), found.problems) == (10_001, ())
    (line,) = read_list(
        changed(GOOD, **{SHEET: sheet('<row r="99999"/>' + "<row><c><v>1</v></c></row>" * 9)}), "x"
    ).problems
    assert "more than 100,000 rows" in str(line)
