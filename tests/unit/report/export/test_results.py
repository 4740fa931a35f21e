"""JUnit and SARIF, read by programs that are not ours: they fail where the exit code does, and hide nothing."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from leeboard.model.verdicts import Verdict
from leeboard.report.export.junit_file import JunitWriter
from leeboard.report.export.sarif import SarifWriter
from leeboard.verdict.status import EstateStatus, unknown
from tests.unit.report import samples
from tests.unit.report.export.written import STATUSES, pieces, written

STATUSES_WITH_DEVICES = [status for status in STATUSES if status.devices]


def suites(status: EstateStatus) -> list[TestSuite]:
    found = JUnitXml.fromroot(JUnitXml.fromstring(written(JunitWriter, status))._elem)
    return list(found)


@pytest.mark.parametrize("status", STATUSES_WITH_DEVICES)
def test_junit_fails_where_the_exit_code_does(status: EstateStatus) -> None:
    results = [result for suite in suites(status) for case in suite for result in case.result]
    codes = [piece.status.exit_code for piece in pieces(status)]
    wanted = 3 if 3 in codes else max(codes)
    errors = sum(isinstance(result, Error) for result in results)
    failures = sum(isinstance(result, Failure) for result in results)
    assert (3 if errors else 2 if failures else 0) == wanted
    assert errors + failures + sum(isinstance(result, Skipped) for result in results) == len(results)


@pytest.mark.parametrize("status", STATUSES_WITH_DEVICES)
def test_junit_has_a_case_for_each_finding_and_counts_right(status: EstateStatus) -> None:
    found = suites(status)
    whole = [school for piece in pieces(status) for school in piece.status.schools]
    cases = [case for suite in found for case in suite if case.name != "the visit" and "problem" not in case.name]
    many = sum(len(device.findings) for device in status.devices) + sum(len(school.findings) for school in whole)
    assert len(cases) == many
    for suite in found:
        said = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()
        assert said == (suite.tests, suite.failures, suite.errors, suite.skipped)


def test_junit_names_each_device_in_a_suite() -> None:
    names = [suite.name or "" for suite in suites(samples.mixed())]
    for device in samples.mixed().devices:
        wanted = f"{device.device.urn} {device.device.asset} {device.device.name}"
        assert names.count(wanted) == 1


def sarif(status: EstateStatus) -> tuple[dict[str, Any], Any]:
    content = written(SarifWriter, status)
    return json.loads(content), Sarif.model_validate_json(content)


@pytest.mark.parametrize("status", STATUSES)
def test_sarif_keeps_its_schema_and_has_a_result_for_each_finding_that_is_not_well(status: EstateStatus) -> None:
    raw, read = sarif(status)
    assert read.version.value == "2.1.0" and len(read.runs) == len(pieces(status))
    for piece, run in zip(pieces(status), raw["runs"], strict=True):
        bad = [
            (device, finding)
            for device, finding in piece.status.every_finding()
            if finding.verdict not in (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE) and not finding.planned_only
        ]
        results = run["results"]
        assert len(results) == len(bad)
        errors = sum(piece.status.fails(device, finding) for device, finding in bad)
        assert sum(one["level"] == "error" for one in results) == errors
        not_known = sum(unknown(device, finding) for device, finding in bad)
        assert sum(one["kind"] == "open" for one in results) >= not_known
        waived = [one for one in results if one["properties"]["verdict"] == "waived"]
        assert [one for one in results if "suppressions" in one] == waived
        assert run["invocations"][0]["executionSuccessful"] is (not piece.status.problems)


@pytest.mark.parametrize("status", STATUSES[::5] + STATUSES[-2:])
def test_sarif_refers_to_what_is_there(status: EstateStatus) -> None:
    raw, _ = sarif(status)
    for run in raw["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert (result["level"] == "none") is (result["kind"] != "fail")
            assert result["message"]["text"]


def test_the_fingerprint_of_a_finding_is_its_own_and_stays() -> None:
    first, _ = sarif(samples.mixed())
    again, _ = sarif(samples.mixed())
    marks = [one["partialFingerprints"]["leeboard/v1"] for run in first["runs"] for one in run["results"]]
    assert len(set(marks)) == len(marks)
    assert marks == [one["partialFingerprints"]["leeboard/v1"] for run in again["runs"] for one in run["results"]]


def test_hostile_text_stays_text() -> None:
    junit = written(JunitWriter, samples.hostile()).decode()
    assert all(line.isprintable() for line in junit.splitlines())
    content = written(SarifWriter, samples.hostile())
    assert content.isascii()
    raw, _ = sarif(samples.hostile())
    texts = [one["message"]["text"] for run in raw["runs"] for one in run["results"]]
    assert all(text.isprintable() for text in texts)
    uris = [
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for run in raw["runs"]
        for one in run["results"]
    ]
    assert all(uri.startswith("devices/9000") and ".." not in uri.split("/") for uri in uris)
    assert io.StringIO(junit).readline().startswith("<?xml")
