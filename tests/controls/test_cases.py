"""The cases of each control, judged by the brain: no machine is asked."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest

from leeboard.policy.load import load
from leeboard.policy.model import Platform
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.finding import Finding

from .cases import Case, all_cases
from .scripts import all_scripts, controls_with_truth

KEYS = {"name", "from", "device", "facts", "readings", "expect", "mode", "words"}
CASES = all_cases()


def judged(case: Case) -> Finding:
    """The finding on the case's control."""
    findings = evaluate(resolve(load(), case.device()), case.observation())
    return next(finding for finding in findings if finding.control == case.control)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_gets_its_verdict(case: Case) -> None:
    assert set(case.raw) <= KEYS
    assert case.raw["from"].strip()
    finding = judged(case)
    said = json.dumps(finding.as_json(), ensure_ascii=False)
    assert str(finding.verdict) == case.raw["expect"], said
    if "mode" in case.raw:
        assert str(finding.mode) == case.raw["mode"], said
    for word in case.raw.get("words", []):
        assert word in said


def test_no_case_is_there_twice() -> None:
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)


def test_each_setting_has_a_case_that_passes_and_one_that_fails() -> None:
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for case in CASES:
        for one in judged(case).judged:
            seen[case.control, one.setting].add(str(one.verdict))
    drivers = load().drivers
    lacking = []
    for control in load().controls:
        for setting in control.settings:
            wanted = {"not_checked"} if drivers[setting.driver].state == "planned" else {"compliant", "drifted"}
            missing = wanted - seen[control.id, setting.id]
            if missing:
                lacking.append(f"{control.id} {setting.id}: no case is {' or '.join(sorted(missing))}")
    assert not lacking, "\n".join(lacking)


def test_each_control_that_we_enforce_on_linux_has_breaks_of_different_kinds() -> None:
    lacking = []
    for control in load().controls:
        writes = [s for s in control.settings if s.platform is Platform.LINUX and s.write is not None]
        built = [s for s in writes if load().drivers[s.driver].state == "built"]
        if not built or str(control.mode.standard) == "report" or control.family not in ("AUD", "LCK", "LBL"):
            continue
        kinds = {script.kind for script in all_scripts() if script.control == control.id and script.flips}
        if len(kinds) < 2 or control.id not in controls_with_truth():
            lacking.append(control.id)
    assert not lacking
