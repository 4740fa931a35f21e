"""Each value in the tables gets its verdict, and no slip in the policy goes unnoticed by tables and cases together."""

from __future__ import annotations

from functools import cache

import pytest

from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.finding import Finding
from leeboard.verdict.observation import Observation

from .cases import Case, all_cases
from .mutants import Mutant, mutants
from .values import Cell, cells


def _finding(case: Case, observation: Observation, baseline: Baseline) -> Finding:
    found = evaluate(resolve(baseline, case.device()), observation)
    return next(finding for finding in found if finding.control == case.control)


def _verdict(cell: Cell, finding: Finding) -> str:
    return next((str(one.verdict) for one in finding.judged if one.setting == cell.setting), "not asked for")


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: cell.name)
def test_a_value_gets_its_verdict(cell: Cell) -> None:
    finding = _finding(cell.case, cell.case.observation(), load())
    assert _verdict(cell, finding) == cell.expect, finding.as_json()


@cache
def _cases(control: str) -> list[tuple[Case, Observation]]:
    return [(case, case.observation()) for case in all_cases() if case.control == control]


@cache
def _tables(control: str) -> list[tuple[Cell, Observation]]:
    return [(cell, cell.case.observation()) for cell in cells(control)]


def _noticed(mutant: Mutant) -> bool:
    baseline = mutant.baseline(load())
    for case, observation in _cases(mutant.control.id):
        finding = _finding(case, observation, baseline)
        if str(finding.verdict) != case.raw["expect"] or str(finding.mode) != case.raw.get("mode", str(finding.mode)):
            return True
    return any(
        _verdict(cell, _finding(cell.case, observation, baseline)) != cell.expect
        for cell, observation in _tables(mutant.control.id)
    )


@pytest.mark.parametrize("control", [c.id for c in load().controls if c.settings])
def test_no_slip_goes_unnoticed(control: str) -> None:
    found = load().control(control)
    assert found is not None
    built = {setting.id for setting in found.settings if load().drivers[setting.driver].state == "built"}
    survivors = [mutant.name for mutant in mutants(found) if mutant.setting in built and not _noticed(mutant)]
    assert not survivors, "\n".join(["neither a case nor a table notices:", *survivors])
