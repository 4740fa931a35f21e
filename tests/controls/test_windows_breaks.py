"""Each break is found on a Windows machine, and nothing else; each harmless change is not; a roll-out mends it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leeboard.model.enums import Platform
from leeboard.model.finding import Finding
from leeboard.model.observation import Observation
from leeboard.policy.load import load
from tests.windows.machine import WindowsMachine
from tests.windows.requirements import need_machine

from .windows_passes import Passes
from .windows_proof import ENFORCED, TRUTHS, WindowsProof, verdicts, wrong_lines
from .windows_scripts import WindowsScript, all_windows_scripts, tried_windows_scripts

pytestmark = pytest.mark.windows
# Encryption is only looked at, on a machine of its own (test_windows_encrypted.py).
SCRIPTS = [script for script in tried_windows_scripts() if not script.control.startswith("ENC-")]
# What a clean Windows 11 comes to, with smart cards and the school's VPN in use, at level high; reviewed by hand.
CLEAN = {
    **{f"AUD-0{number}": "drifted" for number in range(2, 10)},
    "AUD-01": "compliant",
    "AUD-10": "drifted",
    "AUD-11": "drifted",
    "AUD-12": "drifted",
    "AUD-13": "compliant",
    "FWD-01": "drifted",
    "FWD-02": "drifted",
    "FWD-05": "compliant",
    "LBL-01": "drifted",
    "LBL-02": "drifted",
    "LCK-01": "drifted",
    "LCK-02": "compliant",
    "LCK-03": "not_applicable",
    "LCK-04": "compliant",
    "LCK-05": "drifted",
    "LCK-06": "drifted",
    "LCK-07": "drifted",
    "LCK-08": "drifted",
    "LCK-09": "not_applicable",
    **{f"REM-0{number}": "compliant" for number in (1, 2, 3, 4)},
    **{f"REM-{number:02d}": "drifted" for number in (6, 7, 8, 9, 10, 12)},
    **dict.fromkeys(("AUD-14", "REM-05"), "not_applicable"),
}


class Enforced:
    """The machine after its roll-out, and what was seen on the way."""

    def __init__(self, proof: WindowsProof) -> None:
        self.proof = proof
        self.clean = _others(proof.findings(proof.visit()))
        self.clean_truth = {control: proof.truth(control) for control in TRUTHS if control != "LCK-03"}
        proof.by_hand()
        observation, self.changed = proof.mend()
        self.at_once = _others(proof.findings(observation))
        proof.machine.restart()
        self.baseline: Observation = proof.visit()
        self.after = _others(proof.findings(self.baseline))
        self.truth = {control: proof.truth(control) for control in TRUTHS if control != "LCK-03"}
        self.changed_again = proof.mend()[1]
        proof.machine.snapshot(ENFORCED)
        self.passes = Passes(SCRIPTS, lambda scripts: proof.try_out(scripts, self.baseline))


def _others(findings: dict[str, Finding]) -> dict[str, Finding]:
    return {control: finding for control, finding in findings.items() if not control.startswith("ENC-")}


@pytest.fixture(scope="module")
def enforced() -> Iterator[Enforced]:
    """A machine that a roll-out brought to the baseline, and that was restarted since."""
    need_machine()
    machine = WindowsMachine("PROOF")
    try:
        yield Enforced(WindowsProof(machine))
    finally:
        machine.close()


def test_a_clean_windows_gets_the_verdicts_that_were_reviewed(enforced: Enforced) -> None:
    assert verdicts(enforced.clean) == CLEAN, wrong_lines(enforced.clean)


def test_the_truth_of_a_clean_windows_is_the_same(enforced: Enforced) -> None:
    wrong = {control for control, found in enforced.clean_truth.items() if found}
    assert wrong == {control for control, verdict in CLEAN.items() if verdict == "drifted"}


def test_a_roll_out_brings_it_to_the_baseline_and_the_lock_waits_for_a_restart(enforced: Enforced) -> None:
    assert enforced.changed
    wanted = {
        control: "not_checked" if verdict == "not_checked" else "compliant"
        for control, verdict in CLEAN.items()
        if verdict != "not_applicable"
    }
    applicable = {
        control: verdict for control, verdict in verdicts(enforced.at_once).items() if verdict != "not_applicable"
    }
    assert applicable == {**wanted, "LCK-01": "pending", "AUD-11": "pending"}, wrong_lines(enforced.at_once)
    after = {control: verdict for control, verdict in verdicts(enforced.after).items() if verdict != "not_applicable"}
    assert after == wanted, wrong_lines(enforced.after)


def test_the_machine_itself_says_so(enforced: Enforced) -> None:
    assert {control: found for control, found in enforced.truth.items() if found} == {}


def test_a_second_roll_out_changes_nothing(enforced: Enforced) -> None:
    assert not enforced.changed_again


@pytest.mark.parametrize("script", [s for s in SCRIPTS if s.flips], ids=lambda script: script.name)
def test_a_break_is_found_and_nothing_else_and_a_roll_out_mends_it(enforced: Enforced, script: WindowsScript) -> None:
    outcome = enforced.passes.outcome(script)
    if script.expect != "pending":
        assert all(outcome.wrong[control] for control in script.flips), outcome.wrong
    assert outcome.changed == script.expected, outcome.words
    for control in script.flips:
        good = ("compliant", "pending") if script.mends else (script.expect,)
        assert outcome.mended[control] in good, outcome.mended_words


@pytest.mark.parametrize("script", [s for s in SCRIPTS if not s.flips], ids=lambda script: script.name)
def test_a_harmless_change_is_not_reported(enforced: Enforced, script: WindowsScript) -> None:
    outcome = enforced.passes.outcome(script)
    assert outcome.wrong[script.control] == []
    assert outcome.changed == {}, outcome.words


def test_each_control_on_windows_has_breaks_of_different_kinds_and_a_truth() -> None:
    on_windows = {
        control.id
        for control in load().controls
        for setting in control.settings
        if setting.platform is Platform.WINDOWS and control.family != "ENC"
    }
    scripts = [script for script in all_windows_scripts() if not script.control.startswith("ENC-")]
    kinds = {control: {s.kind for s in scripts if s.control == control and s.flips} for control in on_windows}
    assert {control for control, found in kinds.items() if len(found) < 2} == set()
    assert {s.control for s in scripts if not s.flips} == set(TRUTHS) == on_windows
