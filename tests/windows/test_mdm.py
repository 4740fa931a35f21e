"""A Windows machine that Intune manages: what can be checked there, whose a value is, and that it is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leeboard.model.observation import Found, parse
from leeboard.model.verdicts import Verdict
from leeboard.planning.plan import plan

from .intune import ID, LEVELS, OFF, ON, OTHER, POLICY_MANAGER, WORDS, IntuneWindows, enrol, set_policies
from .machine import WindowsMachine
from .requirements import need_machine

NOTIFICATIONS = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\System:DisableLockScreenAppNotifications"
CAMERA = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\Personalization:NoLockScreenCamera"
PIN = r"HKLM\SOFTWARE\Policies\Microsoft\FVE:MinimumPIN"
LIMIT = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System:InactivityTimeoutSecs"
GONE = "C3C3C3C3-0000-4000-8000-00000000000C"
AT_MOST = 0.05  # of the controls


@pytest.fixture(scope="module")
def managed() -> Iterator[IntuneWindows]:
    need_machine()
    machine = WindowsMachine("INTUNE")
    try:
        yield IntuneWindows(machine)
    finally:
        machine.close()


def test_nearly_everything_can_be_checked(managed: IntuneWindows) -> None:
    observation = managed.visit()
    for level in LEVELS:
        left, asked = managed.share(observation, level)
        assert asked > 40
        assert len(left) < AT_MOST * asked, (level, left)
    # The policy keys are empty, and what the service set is right.
    findings = managed.findings(observation, "high")
    for control in ("REM-06", "REM-07", "REM-09", "REM-10"):
        assert findings[control].verdict is Verdict.COMPLIANT, findings[control]


def test_what_a_service_sets_is_its_own(managed: IntuneWindows) -> None:
    """A value that it weakens is drift, and no roll-out writes against it. What an ended enrolment left is nobody's."""
    machine = managed.machine
    enrol(machine, OTHER, "Other", "mdm.example")
    set_policies(machine, {"WindowsLogon": {"DisableLockScreenAppNotifications": OFF}})
    set_policies(machine, {"DeviceLock": {"PreventEnablingLockScreenCamera": ON}}, GONE)
    with machine.hives() as hives:
        below = f"{POLICY_MANAGER}\\providers\\{{}}\\default\\Device\\{{}}"
        hives["system"].set(below.format(OTHER, "BitLocker"), "SystemDrivesMinimumPINLength", "<disabled/>")
        hives["system"].delete(below.format(ID, "DeviceLock"), "PreventEnablingLockScreenCamera")
    observation = parse(machine.visit({"registry": managed.addresses["registry"]}))
    readings = {each.address: each for each in observation.readings if each.driver == "registry"}

    assert readings[NOTIFICATIONS].owner == WORDS
    finding = managed.findings(observation, "high")["LCK-07"]
    judged = {each.setting: each for each in finding.judged}
    assert judged["machine-notifications"].verdict is Verdict.DRIFTED
    assert f"{WORDS} sets this, and would set it again" in judged["machine-notifications"].reason
    assert judged["machine-notifications"].code == "group_policy"

    pin = readings[PIN]
    assert isinstance(pin.effective, Found)
    assert pin.effective.value == 8
    assert "the MDM service Other (mdm.example) asks for something else in vain" in pin.effective.note

    camera = readings[CAMERA]
    assert camera.owner == ""
    assert f"is of {GONE}, which is no enrolment of this machine" in getattr(camera.effective, "note", "")
    assert judged["lock-screen-camera"].verdict is Verdict.NOT_CHECKED

    steps = plan(managed.wanted("high"), observation, ("LCK", "LBL", "AUD", "FWD"), observation.observed_at)
    planned = {change.address for step in steps for change in step.changes}
    assert planned  # the machine is clean: much is to be done
    assert not planned & {NOTIFICATIONS, LIMIT, CAMERA}
