"""ENC on a Windows machine that somebody encrypted by hand: each break is found, and no harmless change is."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from leeboard.model.enums import Platform
from leeboard.model.observation import Observation
from leeboard.planning.plan import plan
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from tests.windows import volumes
from tests.windows.machine import WindowsMachine
from tests.windows.requirements import need_machine

from .cases import BESIDES, COMPLIANT
from .scripts import FOLDER
from .windows_encrypted import BY_HAND, DRIVERS, VALUES, EncryptedWindows, encrypt_by_hand
from .windows_passes import Passes
from .windows_proof import STRICT, verdicts, wrong_lines
from .windows_scripts import WindowsScript, all_windows_scripts, tried_windows_scripts
from .windows_truth_encryption import TRUTHS

pytestmark = pytest.mark.windows
SCRIPTS = [script for script in tried_windows_scripts() if script.control.startswith("ENC-")]
# Reviewed by hand. Of a key that AD took, only AD can say that it has it.
EXPECTED = {f"ENC-{number:02d}": "compliant" for number in range(1, 15)} | {
    "ENC-07": "not_checked",
    "ENC-08": "not_applicable",
    "ENC-15": "not_applicable",
}
# A clean Windows 11 of the proof, which nobody encrypted.
CLEAN = {
    **{f"ENC-{number:02d}": "drifted" for number in (*range(1, 5), 6, 7, 10, 11, 13, 14)},
    **dict.fromkeys(("ENC-05", "ENC-09", "ENC-12"), "compliant"),
    **dict.fromkeys(("ENC-08", "ENC-15"), "not_applicable"),
}


class Encrypted:
    """The machine before and after somebody encrypted it, and what was seen."""

    def __init__(self, machine: WindowsMachine) -> None:
        self.proof = EncryptedWindows(machine)
        self.clean = self.proof.findings(self.proof.visit())
        encrypt_by_hand(machine)
        machine.snapshot(BY_HAND)
        self.raw = machine.visit(self.proof.addresses)
        self.baseline: Observation = self.proof.visit()
        self.found = self.proof.findings(self.baseline)
        self.truth = {control: self.proof.truth(control) for control in TRUTHS}
        self.passes = Passes(SCRIPTS, lambda scripts: self.proof.look(scripts, self.baseline))


@pytest.fixture(scope="module")
def encrypted() -> Iterator[Encrypted]:
    """A machine that was encrypted by hand."""
    need_machine()
    machine = WindowsMachine("ENCRYPTED")
    try:
        yield Encrypted(machine)
    finally:
        machine.close()


def test_a_clean_windows_gets_the_verdicts_that_were_reviewed(encrypted: Encrypted) -> None:
    assert verdicts(encrypted.clean) == CLEAN, wrong_lines(encrypted.clean)


def test_what_was_encrypted_by_hand_holds_in_the_report_and_in_truth(encrypted: Encrypted) -> None:
    assert verdicts(encrypted.found) == EXPECTED, wrong_lines(encrypted.found)
    assert {control: found for control, found in encrypted.truth.items() if found} == {}


def test_the_cases_begin_with_what_this_machine_says(encrypted: Encrypted) -> None:
    readings = json.loads((FOLDER / BESIDES[COMPLIANT["windows"]]).read_text(encoding="utf-8"))["readings"]
    mine = {(reading["driver"], reading["address"]): reading for reading in encrypted.raw["readings"]}
    for reading in readings:
        assert _plain(mine[reading["driver"], reading["address"]]) == _plain(reading)
    assert {reading["driver"] for reading in readings} == set(DRIVERS)
    facts = {name: fact.get("value") for name, fact in encrypted.raw["facts"].items()}
    assert (facts["modern_standby"], facts["mdm_enrolled"], facts["bitlocker_os_volume"]) == (False, False, True)


def _plain(reading: dict[str, object]) -> object:
    aspect = reading["effective"]
    assert isinstance(aspect, dict)
    value = aspect.get("value")
    if reading["address"] == "volumes":
        assert isinstance(value, list)
        return [json.loads(text) for text in value]
    return aspect["state"], value, aspect.get("type")


@pytest.mark.parametrize("script", [s for s in SCRIPTS if s.flips], ids=lambda script: script.name)
def test_a_break_is_found_and_nothing_else(encrypted: Encrypted, script: WindowsScript) -> None:
    outcome = encrypted.passes.outcome(script)
    if script.expect == "drifted":
        assert all(outcome.wrong[control] for control in script.flips), outcome.wrong
    assert outcome.changed == script.expected, outcome.words


@pytest.mark.parametrize("script", [s for s in SCRIPTS if not s.flips], ids=lambda script: script.name)
def test_a_harmless_change_is_not_reported(encrypted: Encrypted, script: WindowsScript) -> None:
    outcome = encrypted.passes.outcome(script)
    assert outcome.wrong[script.control] == []
    assert outcome.changed == {}, outcome.words


BOTH = [volumes.TPM_AND_PIN, volumes.PASSWORD]
# Every state of the table in windows.md: how the volume is, what ENC-01, ENC-03 and ENC-06 come to, and words.
STATES = {
    "not encrypted": (
        {"conversion": 0, "protectors": []},
        ("drifted", "drifted", "drifted"),
        "C:: not encrypted",
    ),
    "protectors added, encryption not begun": (
        {"conversion": 0, "protectors": BOTH},
        ("drifted", "drifted", "drifted"),
        "it has protectors, but encryption was not begun",
    ),
    "its hardware test waits": (
        {"conversion": 0, "protectors": BOTH, "hardware_test": 2},
        ("pending", "pending", "pending"),
        "its hardware test waits for a restart",
    ),
    "encrypting": (
        {"conversion": 2, "percentage": 40},
        ("pending", "compliant", "compliant"),
        "C:: being encrypted, 40 % so far",
    ),
    "encryption paused": (
        {"conversion": 4, "percentage": 99},
        ("pending", "compliant", "compliant"),
        "99 % so far, and paused",
    ),
    "healthy": ({}, ("compliant", "compliant", "compliant"), ""),
    "only a recovery password": (
        {"protectors": [volumes.PASSWORD]},
        ("compliant", "drifted", "compliant"),
        "every start asks for its 48 digits",
    ),
    "no recovery password": (
        {"protectors": [volumes.TPM_AND_PIN]},
        ("compliant", "compliant", "drifted"),
        "C: has none",
    ),
    "suspended for two restarts": (
        {"clear_key": True, "suspended": 2},
        ("drifted", "compliant", "compliant"),
        "it comes back after 2 restarts",
    ),
    "suspended until somebody resumes it": (
        {"clear_key": True, "suspended": 0},
        ("drifted", "compliant", "compliant"),
        "until somebody resumes it",
    ),
    "clear key": (
        {"protectors": []},
        ("drifted", "drifted", "drifted"),
        "no protector was ever added, so its key lies beside it in clear",
    ),
    "decrypting": (
        {"conversion": 3, "percentage": 60},
        ("drifted", "compliant", "compliant"),
        "C:: being decrypted, 60 % is still encrypted",
    ),
    "decryption paused": (
        {"conversion": 5, "percentage": 60},
        ("drifted", "compliant", "compliant"),
        "60 % is still encrypted, and paused",
    ),
    "locked, unknown": ({"locked": True}, ("not_checked", "not_checked", "not_checked"), "it is locked"),
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_of_the_table_gets_its_finding(encrypted: Encrypted, state: str) -> None:
    changes, expected, message = STATES[state]
    machine = encrypted.proof.machine
    before = dict(volumes.now(machine))
    volumes.put(machine, **changes)
    try:
        findings = encrypted.proof.findings(encrypted.proof.visit())
    finally:
        volumes.put(machine, **before)
    assert tuple(verdicts(findings)[control] for control in ("ENC-01", "ENC-03", "ENC-06")) == expected, wrong_lines(
        findings
    )
    assert message in wrong_lines(findings)


NAMESPACE = volumes.NAMESPACE
VOLUME = f"{NAMESPACE}:{volumes.CLASS}"
TPM = r"root\cimv2\Security\MicrosoftTpm"
TROUBLE = {
    "the whole namespace is refused": ((NAMESPACE, "denied", {}), {"ENC-01": "error", "ENC-05": "compliant"}),
    "the TPM alone is refused": ((TPM, "denied", {}), {"ENC-01": "compliant", "ENC-03": "error", "ENC-05": "error"}),
    "protectors alone are refused": (
        (f"{VOLUME}.GetKeyProtectors", "return", {"value": 0x80070005}),
        {"ENC-01": "compliant", "ENC-03": "error", "ENC-06": "error", "ENC-13": "compliant"},
    ),
    "page files alone are refused": (
        (r"root\cimv2:Win32_PageFileUsage", "denied", {}),
        {"ENC-01": "compliant", "ENC-13": "error"},
    ),
    "events are refused": (("eventlog", "denied", {}), {"ENC-06": "compliant", "ENC-07": "error"}),
    "a method hangs": (
        (f"{VOLUME}.GetEncryptionMethod", "hang", {"seconds": 1}),
        {"ENC-01": "compliant", "ENC-02": "error", "ENC-04": "compliant", "ENC-12": "error"},
    ),
}
BY_DAY = ("protectors alone are refused", "a method hangs")


@pytest.mark.parametrize(
    "what", [pytest.param(one, marks=() if one in BY_DAY else pytest.mark.full) for one in TROUBLE]
)
def test_trouble_costs_its_own_part_only(encrypted: Encrypted, what: str) -> None:
    (place, mode, details), expected = TROUBLE[what]
    machine = encrypted.proof.machine
    machine.restore(BY_HAND)
    machine.misbehave(place, mode, **details)
    findings = encrypted.proof.findings(encrypted.proof.visit())
    assert {control: verdicts(findings)[control] for control in expected} == expected, wrong_lines(findings)
    assert verdicts(findings)["ENC-11"] == "compliant"


def test_a_wmi_that_never_comes_back_is_given_up_in_time(encrypted: Encrypted) -> None:
    machine = encrypted.proof.machine
    machine.restore(BY_HAND)
    machine.misbehave(NAMESPACE, "deaf")
    findings = encrypted.proof.findings(encrypted.proof.visit())
    assert {verdicts(findings)[control] for control in ("ENC-01", "ENC-02", "ENC-06", "ENC-13")} == {"error"}
    assert "did not answer in 25 seconds" in wrong_lines(findings)
    assert verdicts(findings)["ENC-05"] == "compliant"


def test_a_windows_without_bitlocker_is_not_checked_and_never_compliant(encrypted: Encrypted) -> None:
    machine = encrypted.proof.machine
    machine.restore(BY_HAND)
    with machine.changing("cim") as state:
        del state["namespaces"][NAMESPACE]
    findings = verdicts(encrypted.proof.findings(encrypted.proof.visit()))
    unknown = ("ENC-01", "ENC-02", "ENC-03", "ENC-06", "ENC-07", "ENC-09", "ENC-10", "ENC-12", "ENC-13")
    assert {findings[control] for control in unknown} == {"not_checked"}
    assert findings["ENC-04"] == "compliant"


def test_each_control_on_windows_has_breaks_of_different_kinds_and_a_truth() -> None:
    on_windows = {
        control.id
        for control in load().controls
        for setting in control.settings
        if control.family == "ENC" and setting.platform is Platform.WINDOWS
    }
    every = [script for script in all_windows_scripts() if script.control.startswith("ENC-")]
    kinds = {control: {s.kind for s in every if s.control == control and s.flips} for control in on_windows}
    assert {control for control, found in kinds.items() if len(found) < 2} == set()
    assert {s.control for s in every if not s.flips} == set(TRUTHS) == on_windows


# What a roll-out writes where the school keeps the recovery passwords; what it only reports stays as it was by hand.
POLICY = ("ENC-02", "ENC-03", "ENC-06", "ENC-10", "ENC-12")
FVE = r"HKLM\SOFTWARE\Policies\Microsoft\FVE"


def _policy(machine: WindowsMachine) -> dict[str, object]:
    names = ("UseAdvancedStartup", "OSRecovery", "OSRequireActiveDirectoryBackup", *VALUES[FVE])
    return {name: machine.reg_query(FVE, name) for name in names}


@pytest.mark.full
def test_policy_that_was_broken_is_written_and_comes_back_by_an_undo(encrypted: Encrypted) -> None:
    """All breaks of policy at once, on a machine of a school that says `ours`."""
    proof, machine = encrypted.proof, encrypted.proof.machine
    about = proof.device().model_copy(
        update={"parameters": {**proof.device().parameters, "recovery_passwords": "ours"}, "enforce": ("ENC",)}
    )
    wanted = resolve(load(), about)

    def judged(seen: Observation) -> dict[str, str]:
        found = {finding.control: finding for finding in evaluate(wanted, seen, seen.observed_at)}
        return {control: str(found[control].verdict) for control in POLICY}

    def mend() -> int:
        count = 0
        for _round in range(4):
            seen = proof.visit()
            steps = plan(wanted, seen, ["ENC"], seen.observed_at)
            count += len(steps)
            for step in steps:
                outcome = machine.apply(step.driver, [one.as_argument() for one in step.changes], run_id="policy-1")
                assert outcome["changed"] or outcome["outdated"], outcome
            if not steps:
                return count
        raise AssertionError("it is never content")

    machine.restore(BY_HAND)
    scripts = [
        script
        for script in all_windows_scripts()
        if script.control in POLICY and script.flips and f"'{FVE}'" in script.text and "FDVDeny" not in script.text
    ]
    assert {script.control for script in scripts} == set(POLICY)
    for script in scripts:
        machine.run(STRICT + script.text)
    broken = _policy(machine)
    assert set(judged(proof.visit()).values()) == {"drifted"}
    assert mend() > 0
    assert judged(proof.visit()) == dict.fromkeys(POLICY, "compliant")
    assert {control: found for control in POLICY if (found := proof.truth(control))} == {}
    assert machine.reg_query(FVE, "OSRequireActiveDirectoryBackup") == ("REG_DWORD", "00000000")
    assert mend() == 0
    done = machine.run("Invoke-LeeboardUndo -RunId policy-1 -UndoId policy-2", timeout=300)
    assert done["changed"] and not done["left"] and not done["broken"], done
    assert _policy(machine) == broken
