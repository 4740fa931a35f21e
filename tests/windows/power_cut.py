"""Remote access on a Windows machine, changed and undone while the power goes: what is changed, the truth, and the cut.

All that a roll-out writes of REM-06 to REM-10 and of REM-12 at level high, by driver; test_change_kills.py holds it
against the catalogue.
"""

from __future__ import annotations

from typing import Any

from . import winrm_service
from .firewall_device import Device, wish
from .machine import WindowsMachine

POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft"
DESKTOP = rf"{POLICIES}\Windows NT\Terminal Services"
WINRM = rf"{POLICIES}\Windows\WinRM"
# Ends PowerShell at one of the questions of a module whether the checkpoint is armed, counted from 0: they come before
# each edit, and once more after the last.
_CUT = """
& (Get-Module $arguments.module) {
    $script:Asked, $script:End = -1, $arguments.at
    function script:Assert-LeeboardCheckpoint {
        if (++$script:Asked -eq $script:End) { [Environment]::Exit(137) }
        Armed\\Assert-LeeboardCheckpoint @args
    }
}
"""


def _numbers(values: dict[str, int]) -> list[dict[str, Any]]:
    return [{"address": address, "value": value, "type": "dword"} for address, value in values.items()]


CHANGES: dict[str, list[dict[str, Any]]] = {
    "remote_desktop": _numbers(
        {
            # REM-06
            "fDenyTSConnections": 1, "UserAuthentication": 1, "SecurityLayer": 2, "MinEncryptionLevel": 3,
            "fPromptForPassword": 1, "fEncryptRPCTraffic": 1,
            # REM-07
            "MaxIdleTime": 300000, "MaxDisconnectionTime": 60000,
            # REM-08
            "fDisableCdm": 1, "fDisableClip": 1, "fDisableCcm": 1, "fDisableLPT": 1, "fDisablePNPRedir": 1,
            # REM-09
            "fAllowToGetHelp": 0, "fAllowUnsolicited": 0,
        }
    ),
    # REM-10
    "winrm": [
        *_numbers(
            {
                "Client:AllowBasic": 0, "Client:AllowDigest": 0, "Client:AllowUnencryptedTraffic": 0,
                "Service:AllowBasic": 0, "Service:AllowUnencryptedTraffic": 0, "Service:DisableRunAs": 1,
            }
        ),
        {"address": "listeners", "value": []},
    ],
    "firewall_profile": wish(),
}  # fmt: skip
# Of REM-08 and REM-09, what rules the client: it cuts nobody off, so it has no checkpoint.
CLIENT = _numbers({rf"{DESKTOP}\Client:DisableCloudClipboardIntegration": 1, rf"{DESKTOP}:DisablePasswordSaving": 1})


def opened(machine: WindowsMachine) -> Device:
    """A machine that is open, with a listener over HTTP, and policies that were set before."""
    winrm_service.give(machine)
    device = Device(machine)
    device.reset()
    device.listen_over_http()
    for key in (DESKTOP, WINRM):
        machine.call("reg", "delete", key, "/f")
    machine.reg_add(DESKTOP, "MaxIdleTime", "REG_SZ", "0")
    machine.reg_add(DESKTOP, "DisablePasswordSaving", "REG_DWORD", 0)
    machine.reg_add(rf"{WINRM}\Service", "AllowUnencryptedTraffic", "REG_DWORD", 1)
    return device


def truth(device: Device) -> dict[str, Any]:
    """All that these changes are about, by other means than the drivers."""
    policies = [device.machine.call("reg", "query", key, "/s").stdout for key in (DESKTOP, WINRM)]
    values = [sorted(line.strip() for line in one.splitlines() if line.startswith(b"    ")) for one in policies]
    listeners = device.machine.state("winrm")["listeners"]
    return {"firewall": device.firewall(), "policies": values, "listeners": listeners}


def cut_at(machine: WindowsMachine, module: str, at: int) -> None:
    """Let the power go at a question of a module."""
    machine.run(_CUT, module=module, at=at)


def died(machine: WindowsMachine) -> bool:
    """Whether its PowerShell was ended."""
    assert machine._shell is not None
    return machine._shell.ended
