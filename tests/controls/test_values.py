"""Each value in the tables gets its verdict, and no slip in the policy goes unnoticed by tables and cases together."""

from __future__ import annotations

from functools import cache

import pytest

from leeboard.policy.load import load

from .cases import Case, Seen, all_cases
from .mutants import Mutant, mutants
from .values import Cell, cells


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: cell.name)
def test_a_value_gets_its_verdict(cell: Cell) -> None:
    assert cell.verdict(load()) == cell.expect


@cache
def _cases(control: str) -> list[tuple[Case, Seen]]:
    return [(case, case.seen()) for case in all_cases() if case.control == control]


@cache
def _tables(control: str) -> list[tuple[Cell, Seen]]:
    return [(cell, cell.case.seen()) for cell in cells(control)]


def _noticed(mutant: Mutant) -> bool:
    baseline = mutant.baseline(load())
    for case, seen in _cases(mutant.control.id):
        finding = case.finding(baseline, seen)
        if str(finding.verdict) != case.raw["expect"] or str(finding.mode) != case.raw.get("mode", str(finding.mode)):
            return True
    return any(cell.verdict(baseline, seen) != cell.expect for cell, seen in _tables(mutant.control.id))


@pytest.mark.parametrize("control", [c.id for c in load().controls if c.settings])
def test_no_slip_goes_unnoticed(control: str) -> None:
    found = load().control(control)
    assert found is not None
    built = {setting.id for setting in found.settings if load().drivers[setting.driver].state == "built"}
    survivors = [mutant.name for mutant in mutants(found) if mutant.setting in built and not _noticed(mutant)]
    assert not survivors, "\n".join(["neither a case nor a table notices:", *survivors])
