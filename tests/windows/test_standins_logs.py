"""Stand-ins for event logs: Get-WinEvent and wevtutil.exe on one state, and policies that the service takes over."""

from __future__ import annotations

from typing import Any

import pytest

from .machine import WindowsMachine

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\Security"


def security(machine: WindowsMachine) -> dict[str, Any]:
    """The Security log as Get-WinEvent has it."""
    script = "Get-WinEvent -ListLog Security | Select-Object LogName, MaximumSizeInBytes, LogMode, SecurityDescriptor"
    found: dict[str, Any] = machine.run(f"$found = {script}; $found.LogMode = [string]$found.LogMode; $found")
    return found


def error(machine: WindowsMachine, script: str) -> str:
    """The id of the error that a script ends with."""
    said: str = machine.run(f"try {{ {script} -ErrorAction Stop; 'none' }} catch {{ $_.FullyQualifiedErrorId }}")
    return said.split(",")[0]


def test_a_log_of_a_clean_windows(one: WindowsMachine) -> None:
    found = security(one)
    assert (found["LogName"], found["MaximumSizeInBytes"], found["LogMode"]) == ("Security", 20971520, "Circular")
    assert one.run("@(Get-WinEvent -ListLog Se*).LogName -join ' '") == "Security Setup"


def test_the_clock_has_told_of_itself(one: WindowsMachine) -> None:
    log = "Microsoft-Windows-Time-Service"
    asked = f"Get-WinEvent -FilterHashtable @{{LogName='{log}/Operational'; ProviderName='{log}'; Id=260; StartTime="
    xml = one.run(asked + "[datetime]::Now.AddHours(-4)} | ForEach-Object ToXml")
    assert '<Data Name="Stratum">4</Data>' in xml
    assert error(one, asked + "[datetime]::Now.AddHours(-2)}") == "NoMatchingEventsFound"
    every = f"@(Get-WinEvent -FilterHashtable @{{LogName='{log}/Operational'}})"
    assert one.run(f"{every}[0].Id") == 260
    assert one.run(f"[Math]::Round(([datetime]::Now - {every}[0].TimeCreated).TotalHours)") == 3


def test_logs_are_set_by_hand_in_steps_and_not_below_the_least(one: WindowsMachine) -> None:
    assert one.call("wevtutil", "sl", "security", "/ms:2000000", "/rt:true", "/ab:true").returncode == 0
    found = security(one)
    assert (found["MaximumSizeInBytes"], found["LogMode"]) == (2031616, "AutoBackup")
    assert one.call("wevtutil", "set-log", "Security", "/ms:1", "/rt:true", "/ab:false").returncode == 0
    found = security(one)
    assert (found["MaximumSizeInBytes"], found["LogMode"]) == (1048576, "Retain")
    assert one.call("wevtutil", "sl", "Tea", "/ms:1").returncode == 15007 % 256


def test_policies_count_from_the_next_start_on(one: WindowsMachine) -> None:
    security(one)
    one.reg_add(POLICY, "MaxSize", "REG_DWORD", 196608)
    one.reg_add(POLICY, "Retention", "REG_SZ", "1")
    assert security(one)["MaximumSizeInBytes"] == 20971520
    one.restart()
    found = security(one)
    assert (found["MaximumSizeInBytes"], found["LogMode"]) == (201326592, "Retain")
    one.call("wevtutil", "sl", "Security", "/ms:1048576", "/rt:false")
    assert security(one)["MaximumSizeInBytes"] == 201326592, "the policy wins"
    one.reg_delete(POLICY)
    one.restart()
    assert security(one)["MaximumSizeInBytes"] == 1048576


def test_clearing_the_security_log_leaves_a_mark_there_and_only_there(one: WindowsMachine) -> None:
    asked = "Get-WinEvent -FilterHashtable @{LogName='Security'; ProviderName='Microsoft-Windows-Eventlog'; Id=1102; "
    asked += "StartTime=[datetime]::Now.AddDays(-1)}"
    assert error(one, asked) == "NoMatchingEventsFound"
    assert one.call("wevtutil", "cl", "System").returncode == 0
    assert error(one, asked) == "NoMatchingEventsFound"
    assert one.call("wevtutil", "cl", "Security").returncode == 0
    xml = one.run(f"@({asked})[0].ToXml()")
    assert "<SubjectUserName>technician</SubjectUserName>" in xml and "<EventID>1102</EventID>" in xml
    assert error(one, asked.replace("Days(-1)", "Days(1)")) == "NoMatchingEventsFound"


@pytest.mark.parametrize(("mode", "said"), [("denied", "UnauthorizedAccess"), ("fail", "LogInfoUnavailable")])
def test_it_fails_as_asked(one: WindowsMachine, mode: str, said: str) -> None:
    one.misbehave("eventlog", mode)
    assert error(one, "Get-WinEvent -ListLog Security") == said
    one.behave()
    assert error(one, "Get-WinEvent -ListLog Tea") == "NoMatchingLogsFound"
    assert error(one, "Get-WinEvent -FilterHashtable @{LogName='Tea'; ProviderName='x'; Id=1}") == "NoMatchingLogsFound"
