"""Remote Desktop, WinRM and the firewall: the power goes at each call that changes something, and all is as it was.

Where it can go is found by watching: each edit asks for the checkpoint right before its one call, and once more after
the last. PowerShell is ended there, as by a power cut; Windows starts, and its task puts back what was done so far. The
same change then comes to its end. Arming and putting back are cut in test_checkpoint.py, an undo in
test_undo_kills.py, the VPN's calls in test_vpn_kills.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from leeboard.model.enums import Platform
from leeboard.policy.load import load

from .firewall_device import Device
from .machine import WindowsMachine
from .power_cut import CHANGES, CLIENT, cut_at, died, opened, truth

MOST = 40  # calls of one change
CONTROLS = ("REM-06", "REM-07", "REM-08", "REM-09", "REM-10", "REM-12")


@pytest.fixture
def device(one: WindowsMachine) -> Iterator[Device]:
    """The file's machine, open, with a listener over HTTP and policies that were set before."""
    yield opened(one)


def changed(device: Device, driver: str, at: int) -> bool:
    """Arm a checkpoint and make the changes of a driver; whether they came to their end before the call that is cut."""
    device.come_from("10.20.0.9")
    device.arm(CHANGES[driver], driver=driver)
    cut_at(device.machine, "Change", at)
    try:
        device.change(CHANGES[driver], driver=driver)
    except RuntimeError:
        assert died(device.machine), device.machine.noise
        return False
    return True


def test_all_that_a_roll_out_writes_is_among_the_changes_that_are_cut() -> None:
    written = {
        (setting.driver, setting.address)
        for control in load().controls
        if control.id in CONTROLS
        for setting in control.settings
        if setting.platform is Platform.WINDOWS and setting.write is not None
    }
    cut = {(driver, one["address"]) for driver, changes in CHANGES.items() for one in changes}
    assert cut | {("registry", one["address"]) for one in CLIENT} == written


@pytest.mark.full
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
