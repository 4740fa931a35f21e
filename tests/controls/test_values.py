"""Each value in the tables gets its verdict, and no slip in the policy goes unnoticed by tables and cases together."""

from __future__ import annotations

from pathlib import Path

import pytest

from leeboard.policy.model import Baseline

from .cases import SHIPPED, Case, Seen, all_cases, alone
from .mutants import Mutant, to_notice
from .scripts import FOLDER
from .values import cells, files


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_each_value_gets_its_verdict(path: Path) -> None:
    control = SHIPPED.control(path.parent.name)
    assert control is not None
    baseline = alone(control)
    found = [(cell, cell.verdict(baseline)) for cell in cells(path)]
    assert found
    wrong = [f"{cell.name}: {verdict}, and not {cell.expect}" for cell, verdict in found if verdict != cell.expect]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("control", [c.id for c in SHIPPED.controls if c.settings])
def test_no_slip_goes_unnoticed(control: str) -> None:
    cases = [(case, case.seen()) for case in all_cases() if case.control == control]
    tables = [(cell, cell.case.seen()) for path in files() if path.parent.name == control for cell in cells(path)]

    def noticed(mutant: Mutant) -> bool:
        baseline = alone(mutant.control)
        # The cells of its own setting first: nearly always one of them notices, and the others need not be judged.
        own_first = sorted(tables, key=lambda table: table[0].setting != mutant.setting)
        return any(cell.verdict(baseline, seen) != cell.expect for cell, seen in own_first) or any(
            _misjudged(case, seen, baseline) for case, seen in cases
        )

    survivors = [mutant.name for mutant in to_notice(SHIPPED, control) if not noticed(mutant)]
    assert not survivors, "\n".join(["neither a case nor a table notices:", *survivors])


def _misjudged(case: Case, seen: Seen, baseline: Baseline) -> bool:
    """Whether a case gets another verdict or mode than it must."""
    finding = case.finding(baseline, seen)
    wanted = (case.raw["expect"], case.raw.get("mode", str(finding.mode)))
    return (str(finding.verdict), str(finding.mode)) != wanted
