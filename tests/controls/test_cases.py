"""The cases of each control, judged by the brain: no machine is asked."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
import yaml

from leeboard.model.enums import Platform
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.verdict.codes import BETWEEN, Code

from .cases import SHIPPED, Case, all_cases
from .scripts import FOLDER, all_scripts, controls_with_truth, passes, read, truth_files

KEYS = {"name", "from", "at", "device", "facts", "readings", "expect", "mode", "words"}
# Of controls that no device answers for: when somebody asks, and what the controller then finds.
MEASURED = {"now", "seen", "runs", "export", "recipients"}
CASES = all_cases()


@cache
def judged(case: Case) -> Finding:
    """The finding on the case's control."""
    return case.finding(SHIPPED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_gets_its_verdict(case: Case) -> None:
    assert set(case.raw) <= (KEYS | MEASURED if "now" in case.raw else KEYS)
    assert case.raw["from"].strip()
    finding = judged(case)
    text = json.dumps(finding.as_json(), ensure_ascii=False)
    assert str(finding.verdict) == case.raw["expect"], text
    if "mode" in case.raw:
        assert str(finding.mode) == case.raw["mode"], text
    for word in case.raw.get("words", []):
        assert word in text
    has_reason_codes(finding)


def has_reason_codes(finding: Finding) -> None:
    """Whatever is not well has a code of the closed list, and what drifted the values that are too much."""
    for result in finding.judged:
        if result.verdict in (Verdict.DRIFTED, Verdict.ERROR, Verdict.NOT_CHECKED, Verdict.PENDING):
            assert result.code and set(result.code.split(BETWEEN)) <= set(Code), result
        assert bool(result.values) == (result.verdict is Verdict.DRIFTED), result
    if finding.judged and finding.verdict in (Verdict.DRIFTED, Verdict.ERROR, Verdict.PENDING):
        assert finding.cause


def test_no_case_is_there_twice() -> None:
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)


def test_each_setting_has_a_case_that_passes_and_one_that_fails() -> None:
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for case in CASES:
        for result in judged(case).judged:
            seen[case.control, result.setting].add(str(result.verdict))
    drivers = SHIPPED.drivers
    lacking = []
    for control in SHIPPED.controls:
        for setting in control.settings:
            wanted = {"compliant", setting.otherwise}
            if drivers[setting.driver].state == "planned":
                wanted = {"not_checked"}
            missing = wanted - seen[control.id, setting.id]
            if missing:
                lacking.append(f"{control.id} {setting.id}: no case is {' or '.join(sorted(missing))}")
    assert not lacking, "\n".join(lacking)


def test_each_control_that_we_enforce_on_linux_has_breaks_of_different_kinds() -> None:
    lacking = []
    for control in SHIPPED.controls:
        # What is compared with the vault is broken in test_recovery_keys.py, where a machine has one.
        linux = [s for s in control.settings if s.platform is Platform.LINUX and s.driver != "escrow"]
        writes = [s for s in linux if s.write is not None]
        built = [s for s in writes if SHIPPED.drivers[s.driver].state == "built"]
        if (
            not built
            or str(control.mode.standard) == "report"
            or control.family not in ("LCK", "LBL", "AUD", "FWD", "ENC")
        ):
            continue
        kinds = {script.kind for script in all_scripts() if script.control == control.id and script.flips}
        if len(kinds) < 2 or control.id not in controls_with_truth():
            lacking.append(control.id)
    assert not lacking


# What the lab has no second way to break (docs/decisions/0006): a TPM 1.2, and a drive that encrypts by itself.
FEWER = {"ENC-05": 1, "ENC-12": 0}


def test_each_control_of_the_encrypted_machine_has_breaks_of_different_kinds() -> None:
    applies = yaml.safe_load((FOLDER / "machines.yml").read_text(encoding="utf-8"))["encrypted"]["applies"]
    proved = [control for control, verdict in applies.items() if verdict == "compliant"]
    kinds = {c: {s.kind for s in all_scripts() if s.control == c and s.flips} for c in proved}
    assert {c: len(found) for c, found in kinds.items() if len(found) < 2} == FEWER
    assert set(proved) <= set(controls_with_truth())


def test_what_truth_scripts_share_is_shipped_beside_them() -> None:
    named = {
        name
        for path in truth_files()
        for name in re.findall(r"\B/((?:truth_\w+|[A-Z]{3}-\d\d)\.sh)\b", path.read_text(encoding="utf-8"))
    }
    assert {"AUD-04.sh", "truth_session.sh", "truth_augenrules.sh"} <= named
    assert named <= set(truth_files().values())


def test_a_harmless_change_brings_nothing_but_what_is_right(tmp_path: Path) -> None:
    script = tmp_path / "harmless" / "pending.sh"
    script.parent.mkdir()
    script.write_text("#!/bin/bash\n# Somebody did it.\n# kind: value\n# image: gnome\n# also: REM-02 pending\n")
    with pytest.raises(ValueError, match=r"pending\.sh: what comes along with a harmless change is compliant"):
        read(script)


def test_what_a_script_brings_did_not_apply_before() -> None:
    machines = yaml.safe_load((FOLDER / "machines.yml").read_text(encoding="utf-8"))
    brought = {s.name: [c for c, verdict in s.also.items() if verdict == "compliant"] for s in all_scripts()}
    assert any(brought.values())
    known = {script.name: machines[script.image]["applies"] for script in all_scripts()}
    assert not {name: found for name, found in brought.items() if set(found) & known[name].keys()}
    assert not {name for name, found in brought.items() if set(found) - {control.id for control in SHIPPED.controls}}


def test_scripts_that_meet_in_no_control_share_a_pass() -> None:
    scripts = all_scripts()
    groups = passes(scripts)
    assert sorted(script.name for group in groups for script in group) == sorted(script.name for script in scripts)
    assert len(groups) < len(scripts)
    for group in groups:
        touched = [control for script in group for control in {*script.asked, *script.also}]
        assert sorted(set(touched)) == sorted(touched)
        assert len({(script.image, script.level, bool(script.flips)) for script in group}) == 1
        assert len(group) == 1 or not any(script.alone for script in group)
    assert [len(group) for group in passes(scripts, alone=True)] == [1] * len(scripts)
