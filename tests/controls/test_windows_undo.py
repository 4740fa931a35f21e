"""REM-06 to REM-10 on a Windows machine, one by one: broken whole, found, mended, mended again, and undone.

Each setting that a roll-out writes is broken in two ways: with a value that opens what it closes, and with none, which
is drift where it was on the clean machine. The undo goes as the action does it: what has no checkpoint first, then the
rest under one of its own. The truth is read with reg.exe and from the stand-in's state.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leeboard.model.enums import Platform
from leeboard.model.finding import Finding
from leeboard.policy.load import load
from tests.windows.checkpoint_steps import arm_undo, confirm, undo
from tests.windows.firewall_device import Device
from tests.windows.machine import WindowsMachine
from tests.windows.power_cut import DESKTOP, WINRM, truth
from tests.windows.requirements import need_machine

from .windows_proof import STRICT, WindowsProof, verdicts, wrong_lines

pytestmark = [pytest.mark.windows, pytest.mark.full]

# What opens again what a roll-out closed, by control and key; each is drift at level high.
OPENED: dict[str, dict[str, dict[str, int]]] = {
    "REM-06": {
        DESKTOP: {
            "fDenyTSConnections": 0, "UserAuthentication": 0, "SecurityLayer": 1, "MinEncryptionLevel": 1,
            "fPromptForPassword": 0, "fEncryptRPCTraffic": 0,
        }
    },
    "REM-07": {DESKTOP: {"MaxIdleTime": 0, "MaxDisconnectionTime": 86400000}},
    "REM-08": {
        DESKTOP: dict.fromkeys(("fDisableCdm", "fDisableClip", "fDisableCcm", "fDisableLPT", "fDisablePNPRedir"), 0),
        DESKTOP + r"\Client": {"DisableCloudClipboardIntegration": 0},
    },
    "REM-09": {DESKTOP: {"DisablePasswordSaving": 0, "fAllowToGetHelp": 1, "fAllowUnsolicited": 1}},
    "REM-10": {
        WINRM + r"\Client": dict.fromkeys(("AllowBasic", "AllowDigest", "AllowUnencryptedTraffic"), 1),
        WINRM + r"\Service": {"AllowBasic": 1, "AllowUnencryptedTraffic": 1, "DisableRunAs": 0},
    },
}  # fmt: skip
LISTENERS = "winrm:listeners"


@pytest.fixture(scope="module")
def enforced() -> Iterator[tuple[WindowsProof, dict[str, set[str]]]]:
    """A machine that a roll-out brought to the baseline, and what was drift before it, by control."""
    need_machine()
    machine = WindowsMachine("UNDONE")
    try:
        made = WindowsProof(machine)
        made.by_hand()
        clean = made.findings(made.visit())
        made.mend()
        machine.snapshot(made.snapshot)
        yield made, {control: of_drift(clean[control]) for control in OPENED}
    finally:
        machine.close()


def open_whole(machine: WindowsMachine, control: str, how: str) -> None:
    """Break every setting of a control that a roll-out writes."""
    for key, values in OPENED[control].items():
        for name, value in values.items():
            if how == "opened":
                machine.reg_add(key, name, "REG_DWORD", value)
            else:  # one that was right without a policy was never written
                machine.call("reg", "delete", key, "/v", name, "/f")
    if control == "REM-10":
        machine.run(STRICT + "Set-WSManQuickConfig -Force")  # a listener over HTTP


def written(control: str) -> set[str]:
    """The settings of a control that a roll-out writes on Windows, as driver:address."""
    return {
        f"{setting.driver}:{setting.address}"
        for one in load().controls
        if one.id == control
        for setting in one.settings
        if setting.platform is Platform.WINDOWS and setting.write is not None
    }


def of_drift(finding: Finding) -> set[str]:
    """The settings of a finding that are drift, as driver:address."""
    return {one.address for one in finding.judged if str(one.verdict) == "drifted"}


def drifted(proof: WindowsProof, control: str) -> tuple[set[str], str]:
    """The settings of a control that are drift, and what was found wrong in words; no other of REM is drift."""
    findings = proof.findings(proof.visit())
    assert [one for one, verdict in verdicts(findings).items() if verdict == "drifted" and one[:3] == "REM"] in (
        [], [control],
    ), wrong_lines(findings)  # fmt: skip
    return of_drift(findings[control]), wrong_lines(findings)


@pytest.mark.parametrize("how", ["opened", "gone"])
@pytest.mark.parametrize("control", sorted(OPENED))
def test_a_control_is_broken_mended_and_undone_and_the_registry_says_so(
    enforced: tuple[WindowsProof, dict[str, set[str]]], control: str, how: str
) -> None:
    proof, clean = enforced
    proof.machine.restore(proof.snapshot)
    device, proof.run = Device(proof.machine), f"run-{control}-{how}"
    right = truth(device)
    open_whole(proof.machine, control, how)
    broken, wrong = truth(device), proof.truth(control)
    assert wrong and broken != right
    found, words = drifted(proof, control)
    without = clean[control] | ({LISTENERS} if control == "REM-10" else set())
    assert found == (written(control) if how == "opened" else without), words

    assert proof.mend()[1]
    assert (proof.truth(control), drifted(proof, control)[0]) == ([], set())
    mended = truth(device)
    assert mended != broken
    assert not proof.mend()[1] and truth(device) == mended, "a second roll-out changes nothing"

    first = undo(proof.machine, proof.run, "undo-1")
    assert {"under an armed checkpoint only" in one["why"] for one in first["left"]} == {True}, first["left"]
    arm_undo(proof.machine, proof.run, "undo-2")
    second = undo(proof.machine, proof.run, "undo-2")
    confirm(proof.machine)
    assert (second["left"], second["broken"]) == ([], "")
    assert len(first["put_back"]) + len(second["put_back"]) == len(found)
    assert (truth(device), proof.truth(control)) == (broken, wrong)
    assert drifted(proof, control)[0] == found
    again = undo(proof.machine, proof.run, "undo-3")
    assert (again["changed"], again["left"]) == (False, [])
