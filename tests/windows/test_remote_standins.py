"""The stand-ins for remote access do what the documentation says: WinRM."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from .machine import WindowsMachine
from .shell import PowerShellError

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service"
STRICT = "$ErrorActionPreference = 'Stop'\n"


@pytest.fixture
def one(shared_machine: WindowsMachine) -> Iterator[WindowsMachine]:
    """The file's machine; its stand-ins are put back after each test."""
    state = shared_machine.drive / "standins" / "state"
    kept = shared_machine.prefix.parent / "state"
    shutil.copytree(state, kept, dirs_exist_ok=True)
    yield shared_machine
    shutil.rmtree(state)
    shutil.move(kept, state)


def winrm(machine: WindowsMachine, path: str) -> list[str]:
    """Text and Source of an element of the service's configuration."""
    found: list[str] = machine.run(
        STRICT + "$config = Get-WSManInstance winrm/config\n"
        "$found = $config.SelectSingleNode($arguments.path)\n$found.InnerText, $found.GetAttribute('Source')",
        path="/".join(f"*[local-name()='{step}']" for step in path.split("/")),
    )
    return found


def fault(machine: WindowsMachine, script: str) -> dict[str, Any]:
    """How a script ends."""
    with pytest.raises(PowerShellError) as caught:
        machine.run(STRICT + script)
    return caught.value.details


def test_winrm_that_does_not_run_answers_nobody(one: WindowsMachine) -> None:
    details = fault(one, "Get-WSManInstance winrm/config")
    assert 'Code="2150858770"' in details["message"]
    assert details["type"] == "System.InvalidOperationException"
    assert 'Code="2150858770"' in fault(one, "Get-WSManInstance winrm/config/listener -Enumerate")["message"]


def test_quick_configuration_starts_it_over_http_and_listeners_come_and_go(one: WindowsMachine) -> None:
    one.run(STRICT + "Set-WSManQuickConfig -Force; Set-WSManQuickConfig -Force")
    shown = (
        "@(Get-WSManInstance winrm/config/listener -Enumerate | ForEach-Object { $_.Transport + $_.Port + $_.Enabled })"
    )
    assert one.run(STRICT + shown) == "HTTP5985true"
    one.run(STRICT + "New-WSManInstance winrm/config/listener @{ Address = '*'; Transport = 'https' }")
    assert one.run(STRICT + shown) == ["HTTP5985true", "HTTPS5986true"]
    again = "New-WSManInstance winrm/config/listener @{ Address = '*'; Transport = 'HTTPS' }"
    assert "Code=" in fault(one, again)["message"]
    one.run(STRICT + "Remove-WSManInstance winrm/config/listener @{ Address = '*'; Transport = 'HTTP' }")
    assert one.run(STRICT + shown) == "HTTPS5986true"


def test_a_policy_wins_shows_itself_and_cannot_be_set_against(one: WindowsMachine) -> None:
    one.run(STRICT + "Set-WSManQuickConfig -Force")
    basic = "Set-WSManInstance winrm/config/service/auth -ValueSet @{ Basic = 'true' }"
    assert winrm(one, "Service/Auth/Basic") == ["false", ""]
    one.run(STRICT + basic)
    assert winrm(one, "Service/Auth/Basic") == ["true", ""]
    one.reg_add(POLICY, "AllowBasic", "REG_DWORD", 0)
    try:
        assert winrm(one, "Service/Auth/Basic") == ["false", "GPO"]
        assert "policies" in fault(one, basic)["message"]
        with one.changing("winrm") as state:
            state["policy"] = "waiting"
        assert winrm(one, "Service/Auth/Basic") == ["true", ""]
    finally:
        one.reg_delete(POLICY)
    assert winrm(one, "Client/Auth/Digest") == ["true", ""]


def test_winrm_misbehaves_on_wish(one: WindowsMachine) -> None:
    with one.changing("winrm") as state:
        state["running"], state["behaviour"] = True, {"mode": "denied"}
    assert 'Code="5"' in fault(one, "Get-WSManInstance winrm/config")["message"]
    with one.changing("winrm") as state:
        state["behaviour"] = {"mode": "rubbish"}
    assert one.run("Get-WSManInstance winrm/config") == "rubbish"
