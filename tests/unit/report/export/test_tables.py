"""CSV and JSON of many schools, read by Python's own readers: nothing is lost between schools, and nothing hides."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.report.export.tables import CsvWriter, JsonWriter
from leeboard.report.json_report import as_json
from leeboard.report.sheet import COLUMNS
from leeboard.storage.sheet import guarded, unguarded
from leeboard.verdict.status import EstateStatus
from tests.unit.report import samples
from tests.unit.report.export.written import STATUSES, pieces, written

SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def documents(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.decode("ascii").splitlines()]


@pytest.mark.parametrize("status", STATUSES)
def test_csv_has_one_heading_and_a_row_for_each_finding(status: EstateStatus) -> None:
    content = written(CsvWriter, status)
    found = rows(content)
    if found:
        assert tuple(found[0]) == COLUMNS
        assert content.startswith(b"\xef\xbb\xbfurn,") and content.count(b"\xef\xbb\xbf") == 1
    if status.devices:
        urns = {device.device.urn for device in status.devices}
        wanted = sum(len(device.findings) for device in status.devices)
        wanted += sum(len(school.findings) for school in status.schools if school.urn in urns)
        assert sum(bool(row["control"]) for row in found) == wanted
        assert {row["urn"] for row in found if row["urn"]} == urns
    assert not [cell for row in found for cell in row.values() if cell.strip()[:1] in tuple(SIGNS)]


def test_csv_for_a_pipe_has_no_mark() -> None:
    content = written(lambda file: CsvWriter(file, mark=False), samples.mixed())
    assert content.startswith(b"urn,school,")


def test_csv_of_what_changed_has_those_devices_alone() -> None:
    status = samples.mixed()
    wanted = {("900001", "EP-0001"), ("900002", "YT-0005")}
    found = rows(written(CsvWriter, status, wanted))
    assert {(row["urn"], row["asset"]) for row in found} == wanted


@pytest.mark.parametrize("status", STATUSES)
def test_json_is_the_report_of_each_school(status: EstateStatus) -> None:
    found = documents(written(JsonWriter, status))
    assert found == [as_json(piece.status) for piece in pieces(status)]


def test_json_of_what_changed_counts_all_and_lists_those_devices() -> None:
    status = samples.mixed()
    found = documents(written(JsonWriter, status, {("900001", "EP-0001")}))
    whole = documents(written(JsonWriter, status))
    assert [[one["asset"] for one in each["devices"]] for each in found] == [["EP-0001"], []]
    assert [each["changed_since"] for each in found] == ["2026-11-24"] * 2
    for each, all_of_it in zip(found, whole, strict=True):
        assert each["devices_total"] == len(all_of_it["devices"]) == all_of_it["devices_total"]
        assert each["counts"] == all_of_it["counts"]


@given(st.text(), st.sampled_from(["", *SIGNS, *(f" {sign}" for sign in SIGNS), *(f"'{sign}" for sign in SIGNS)]))
def test_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(text: str, beginning: str) -> None:
    cell = beginning + text
    safe = guarded(cell)
    assert unguarded(safe) == cell
    assert safe.lstrip()[:1] not in tuple(SIGNS)
