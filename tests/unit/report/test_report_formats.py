"""CSV and JUnit: they say what the other views say, fail where the exit code does, and no cell is a formula."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from leeboard.model.verdicts import Verdict
from leeboard.report.junit import write_junit
from leeboard.report.sheet import COLUMNS, write_csv
from leeboard.verdict.status import EstateStatus
from tests.unit.report import samples


def rows(status: EstateStatus) -> list[dict[str, str]]:
    stream = io.StringIO()
    write_csv(status, stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue())))


def junit(status: EstateStatus) -> ElementTree.Element:
    stream = io.StringIO()
    write_junit(status, stream)
    return ElementTree.fromstring(stream.getvalue())


STATUSES = [*map(samples.some, range(60)), samples.mixed(), samples.hostile(), samples.estate()]


@pytest.mark.parametrize("status", STATUSES)
def test_a_sheet_has_a_row_for_each_finding(status: EstateStatus) -> None:
    found = rows(status)
    with_control = [row for row in found if row["control"]]
    assert len(with_control) == sum(status.counts().values())
    for verdict, count in status.counts().items():
        assert sum(row["verdict"] == verdict.value for row in with_control) == count
    assert {(one.device.urn, one.device.asset) for one in status.devices} <= {(r["urn"], r["asset"]) for r in found}
    assert sum(not row["urn"] for row in found) == len(status.problems)


@pytest.mark.parametrize("status", STATUSES)
def test_junit_fails_where_the_exit_code_does(status: EstateStatus) -> None:
    root = junit(status)
    errors, failures = int(root.get("errors", "")), int(root.get("failures", ""))
    assert (3 if errors else 2 if failures else 0) == status.exit_code
    cases = root.findall("testsuite/testcase")
    assert int(root.get("tests", "")) == len(cases)
    assert len(root.findall("testsuite/testcase/error")) == errors
    assert len(root.findall("testsuite/testcase/failure")) == failures
    others = [case for case in cases if case.get("name") == "the visit" or case.get("classname") == "leeboard.run"]
    assert len(cases) - len(others) == sum(status.counts().values())


# The full-width signs begin a formula in some spreadsheets, and blanks before a sign do not keep it from being one.
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'=", " =")


@pytest.mark.parametrize("first", BEGINNINGS)
def test_no_cell_is_a_formula(first: str) -> None:
    one = samples.judged(Verdict.DRIFTED)
    hostile = replace(one, title=f'{first}HYPERLINK("https://evil.example";"x")')
    finding = replace(samples.finding("LCK-01", Verdict.DRIFTED), judged=(hostile,), reason=f"{first}1+1")
    status = samples.estate(replace(samples.status(samples.device("A-1"), {}), findings=(finding,)))
    (row,) = rows(status)
    assert tuple(row) == COLUMNS
    assert not [cell for cell in row.values() if cell.strip().startswith(BEGINNINGS[:-2])]
    assert "1+1" in row["reason"]
