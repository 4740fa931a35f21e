"""Remote Desktop, WinRM and the firewall: the power goes at each call that changes something, and all is as it was.

Where it can go is found by watching: each edit asks for the checkpoint right before its one call, and once more after
the last. PowerShell is ended there, as by a power cut; Windows starts, and its task puts back what was done so far. The
same change then comes to its end. Arming and putting back are cut in test_checkpoint.py, the VPN's calls in
test_vpn_kills.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from . import winrm_service
from .firewall_device import Device, wish
from .machine import WindowsMachine

pytestmark = pytest.mark.full

MOST = 40  # calls of one change
POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft"
DESKTOP = rf"{POLICIES}\Windows NT\Terminal Services"
WINRM = rf"{POLICIES}\Windows\WinRM"
# Ends PowerShell at one of the questions whether the checkpoint is armed that come before each edit, counted from 1.
CUT = """
& (Get-Module Change) {
    $script:Asked, $script:End = -1, $arguments.at
    function script:Assert-LeeboardCheckpoint {
        if (++$script:Asked -eq $script:End) { [Environment]::Exit(137) }
        Armed\\Assert-LeeboardCheckpoint @args
    }
}
"""
CHANGES: dict[str, list[dict[str, Any]]] = {
    "remote_desktop": [
        {"address": "UserAuthentication", "value": 1, "type": "dword"},  # REM-06
        {"address": "MaxIdleTime", "value": 300000, "type": "dword"},  # REM-07
        {"address": "fDisableCdm", "value": 1, "type": "dword"},  # REM-08
        {"address": "fAllowToGetHelp", "value": 0, "type": "dword"},  # REM-09
    ],
    "winrm": [
        {"address": "Client:AllowDigest", "value": 0, "type": "dword"},
        {"address": "Service:AllowUnencryptedTraffic", "value": 0, "type": "dword"},
        {"address": "listeners", "value": []},
    ],
    "firewall_profile": wish(),
}


@pytest.fixture
def device(one: WindowsMachine) -> Iterator[Device]:
    """The file's machine, open, with a listener over HTTP and policies that were set before."""
    winrm_service.give(one)
    found = Device(one)
    found.reset()
    found.listen_over_http()
    for key in (DESKTOP, WINRM):
        one.call("reg", "delete", key, "/f")
    one.reg_add(DESKTOP, "MaxIdleTime", "REG_SZ", "0")
    one.reg_add(rf"{WINRM}\Service", "AllowUnencryptedTraffic", "REG_DWORD", 1)
    yield found


def truth(device: Device) -> dict[str, Any]:
    """All that these changes are about, by other means than the drivers."""
    policies = [device.machine.call("reg", "query", key, "/s").stdout for key in (DESKTOP, WINRM)]
    values = [sorted(line.strip() for line in one.splitlines() if line.startswith(b"    ")) for one in policies]
    listeners = device.machine.state("winrm")["listeners"]
    return {"firewall": device.firewall(), "policies": values, "listeners": listeners}


def changed(device: Device, driver: str, at: int) -> bool:
    """Arm a checkpoint and make the changes of a driver; whether they came to their end before the call that is cut."""
    device.come_from("10.20.0.9")
    device.arm(CHANGES[driver], driver=driver)
    device.machine.run(CUT, at=at)
    try:
        device.change(CHANGES[driver], driver=driver)
    except RuntimeError:
        assert device.machine._shell is not None and device.machine._shell.ended, device.machine.noise
        return False
    return True


@pytest.mark.parametrize("driver", sorted(CHANGES))
def test_the_power_goes_at_any_call_and_a_start_puts_all_of_it_back(device: Device, driver: str) -> None:
    before = truth(device)
    half_done = 0
    for at in range(1, MOST):
        if changed(device, driver, at):
            break
        half_done += truth(device) != before
        assert device.tasks.start() == [0], (at, device.left())
        assert (truth(device), device.state(), device.tasks.tasks()) == (before, "back", []), at
    else:
        pytest.fail("it never comes to its end")
    # One call an edit, and the question after the last.
    assert at > len(CHANGES[driver]) and half_done == at - 2, "the first cut is before anything was done"
    after = truth(device)
    device.confirm()
    assert after != before and truth(device) == after
