"""The workbook, opened by openpyxl: no cell is a formula, no text breaks it, its numbers are those of the report."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from leeboard.model.verdicts import Verdict
from leeboard.report import overview
from leeboard.report.export import workbook
from leeboard.report.export.workbook import WorkbookWriter
from leeboard.report.words import VERDICTS
from leeboard.verdict.status import EstateStatus
from tests.unit.report import samples
from tests.unit.report.export.written import STATUSES, written

Rows = list[dict[str, Any]]
MEANT = re.compile("_x([0-9A-Fa-f]{4})_")  # how the format (ECMA-376, ST_Xstring) writes a character by its number


def opened(status: EstateStatus, only: set[tuple[str, str]] | None = None) -> Any:
    content = written(lambda file: WorkbookWriter(file, samples.AT), status, only)
    return openpyxl.load_workbook(io.BytesIO(content))


def table(book: Any, title: str) -> Rows:
    heading, *rows = book[title].iter_rows(values_only=True)
    return [dict(zip(heading, row, strict=True)) for row in rows]


@pytest.mark.parametrize("status", STATUSES[::6] + STATUSES[-2:])
def test_its_numbers_are_those_of_the_report(status: EstateStatus) -> None:
    book = opened(status)
    urns = {device.device.urn for device in status.devices}
    schools = {row["URN"]: row for row in table(book, "Schools")}
    assert set(schools) == urns
    assert sum(row["Devices"] for row in schools.values()) == len(status.devices) == len(table(book, "Devices"))
    sums = overview.headline(status.devices)
    got = tuple(sum(row[name] for row in schools.values()) for name in ("Clear", "Drifted", "Unknown"))
    assert got == (sums.clear, sums.drifted, sums.unknown)
    bad = [
        (device, finding)
        for device, finding in status.every_finding()
        if finding.verdict not in (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE) and not finding.planned_only
    ]
    lines = table(book, "Not well")
    assert len(lines) == len(bad)
    for verdict in Verdict:
        many = sum(finding.verdict is verdict for _, finding in bad)
        assert sum(row["Verdict"] == VERDICTS[verdict] for row in lines) == many
    counts = sum(overview.counts_for_exit(status, device, finding) for device, finding in bad)
    assert sum(row["Counts"] == "yes" for row in lines) == counts
    assert len(table(book, "Accepted risks")) == len(status.waivers)


def test_it_says_what_it_is() -> None:
    status = samples.mixed()
    about = dict(row[:2] for row in opened(status)["About"].iter_rows(values_only=True))
    marking = overview.marking(status)
    assert (about["Marking"], about["For"]) == (marking.label, marking.recipients)
    assert about["Made"] == "25 Nov 2026, 02:14 UTC" and about["Schools"] == 2
    book = opened(status)
    assert {book[title].oddHeader.center.text for title in workbook.SHEETS} == {marking.label}


def test_a_time_is_a_time() -> None:
    rows = {row["Asset"]: row for row in table(opened(samples.mixed()), "Devices")}
    seen = next(one.seen for one in samples.mixed().devices if one.device.asset == "EP-0001")
    assert rows["EP-0001"]["Last seen (UTC)"] == seen.replace(tzinfo=None, microsecond=0)
    assert rows["YT-0002"]["Last seen (UTC)"] is None


@pytest.mark.parametrize("status", STATUSES[-1:] + STATUSES[:3])
def test_nothing_is_a_formula_or_a_link(status: EstateStatus) -> None:
    for sheet in opened(status):
        for row in sheet.iter_rows():
            assert not [cell.coordinate for cell in row if cell.data_type in ("f", "e") or cell.hyperlink]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "#N/A", "TRUE", "00123"])
def test_a_text_stays_the_text_that_it_is(first: str) -> None:
    words = f"{first}1" if first not in ("#N/A", "TRUE", "00123") else first
    device = samples.device("A-1", name=words)
    finding = replace(samples.finding("LCK-01", Verdict.DRIFTED), reason=words)
    book = opened(samples.estate(replace(samples.status(device, {}), findings=(finding,))))
    (cell,) = (row[3] for row in book["Devices"].iter_rows(min_row=2))
    assert (cell.value, cell.data_type) == (words, "s")
    (row,) = table(book, "Not well")
    assert row["Reason"] == words
    # Excel's own mark for text: without it the cell is a formula as soon as somebody edits it.
    assert cell.quotePrefix is (first not in ("#N/A", "TRUE", "00123"))


def test_no_character_is_smuggled_in_by_its_number() -> None:
    words = "pc_x202E_fdp.exe _x003D_1+1 _x005F_x0041_"
    device = samples.device("A-1", name=words)
    content = written(lambda file: WorkbookWriter(file, samples.AT), samples.estate(samples.status(device, {})))
    texts = []
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for name in packed.namelist():
            texts += re.findall("<t[^>]*>([^<]*)</t>", packed.read(name).decode())
    meant = [MEANT.sub(lambda found: chr(int(found[1], 16)), text) for text in texts]
    assert words in meant
    assert not [text for text in meant if "\u202e" in text]


def test_a_full_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 5)
    book = opened(samples.mixed())
    many = len(samples.mixed().devices)
    sheets = [name for name in book.sheetnames if name.startswith("Devices")]
    assert len(sheets) == -(-many // 4) > 1
    assert sum(len(table(book, name)) for name in sheets) == many
    assert all(book[name].max_row <= 5 for name in sheets)


def test_what_changed_alone_is_said_to_be_so() -> None:
    book = opened(samples.mixed(), {("900001", "EP-0001")})
    assert [row["Asset"] for row in table(book, "Devices")] == ["EP-0001"]
    assert {row["Asset"] for row in table(book, "Not well")} == {"EP-0001"}
    about = dict(row[:2] for row in book["About"].iter_rows(values_only=True))
    assert about["Only what changed since"] == "2026-11-24"
    assert sum(row["Devices"] for row in table(book, "Schools")) == len(samples.mixed().devices)
