"""What really runs for a verdict is a part of what its proof is about: the cases of each control, watched."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import CodeType
from typing import Any

import pytest

from leeboard.planning.plan import plan
from leeboard.policy import load as loading
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from tests.controls.cases import Case, all_cases
from tests.controls.covered import ROOT, Proof, covered
from tests.controls.full_done import every_script

from .baseline import LINUX, WINDOWS

BRAIN = f"{ROOT / 'leeboard'}/"
TOOL = 4  # a number that coverage and debuggers do not take


def cases() -> dict[tuple[str, str], list[Case]]:
    """The cases of each control that has scripts, by platform."""
    scripts = {(WINDOWS if one.path.suffix == ".ps1" else LINUX, one.control) for one in every_script()}
    found: dict[tuple[str, str], list[Case]] = {}
    for case in all_cases():
        key = case.raw.get("device", {}).get("platform", LINUX), case.control
        if key in scripts:
            found.setdefault(key, []).append(case)
    return found


@contextmanager
def watched() -> Iterator[set[tuple[str, int, str]]]:
    """The functions of the brain that run meanwhile: file, first line and name."""
    ran: set[tuple[str, int, str]] = set()

    def began(code: CodeType, _offset: int) -> Any:
        if code.co_filename.startswith(BRAIN) and code.co_name != "<module>":
            ran.add((code.co_filename.removeprefix(f"{ROOT}/"), code.co_firstlineno, code.co_qualname))
        return sys.monitoring.DISABLE

    sys.monitoring.use_tool_id(TOOL, "what runs")
    sys.monitoring.register_callback(TOOL, sys.monitoring.events.PY_START, began)
    sys.monitoring.set_events(TOOL, sys.monitoring.events.PY_START)
    sys.monitoring.restart_events()
    try:
        yield ran
    finally:
        sys.monitoring.set_events(TOOL, 0)
        sys.monitoring.free_tool_id(TOOL)


def judge(case: Case) -> None:
    """What a proof does with an observation, for one control."""
    whole = loading.load()
    families = tuple(
        family.model_copy(update={"controls": tuple(one for one in family.controls if one.id == case.control)})
        for family in whole.families
    )
    wanted = resolve(whole.model_copy(update={"families": families}), case.device)
    observation = case.observation()
    assert [one.control for one in evaluate(wanted, observation, observation.observed_at)] == [case.control]
    plan(wanted, observation, [case.control[:3]], observation.observed_at)


@pytest.mark.parametrize(
    ("platform", "control"),
    # By day one in six, since each evaluates the whole baseline.
    [
        pytest.param(*case, marks=() if not place % 6 else pytest.mark.full)
        for place, case in enumerate(sorted(cases()))
    ],
)
def test_all_that_runs_is_a_part_of_it(platform: str, control: str) -> None:
    about: dict[str, set[int]] = {}
    for piece in covered().reached(Proof(platform, frozenset({control}))).looks:
        about.setdefault(piece.module.path, set()).update(piece.lines())
    loading._baseline.cache_clear()
    with watched() as ran:
        for case in cases()[platform, control]:
            judge(replace(case))
    assert {"load", "resolve", "evaluate", "plan", "parse", "device"} <= {name for _path, _line, name in ran}
    assert sorted(one for one in ran if one[1] not in about.get(one[0], ())) == []


def test_these_tables_are_taken_by_rows() -> None:
    found = {f"{path}: {name}" for given in (LINUX, WINDOWS) for path, name in covered().reached(Proof(given)).tables}
    judgements = {one for one in found if one.startswith("leeboard/verdict/judgements/") and "JUDGEMENTS" in one}
    truths = {one for one in found if one.startswith("tests/controls/windows_truth")}
    assert len(judgements) == 14 and len(truths) == 5
    assert found - judgements - truths == {
        "leeboard/policy/functions.py: FUNCTIONS",
        "leeboard/verdict/judgements/registry.py: OBJECTS",
        "leeboard/model/judgements.py: QUESTIONS",
        "leeboard/model/operators.py: OPERATORS",
        "plugins/module_utils/_linux/visit.py: DRIVERS",
    }
