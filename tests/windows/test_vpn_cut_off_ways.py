"""Ways to cut oneself off by VPN profiles on Windows: the profile is there again in its time, byte for byte.

A technician works through a profile; it is changed under a checkpoint, and nobody confirms. The task really runs the
script, and the truth is the phonebook. Whether Windows dials such a profile, no test shows. What is connected is
refused beforehand (pester/VpnTunnel.Tests.ps1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .checkpoint_steps import KILLED, end_put_back
from .machine import WindowsMachine
from .shell import PowerShellError
from .vpn_device import ADD, STRAYS, TUNNEL, VpnDevice

OURS, THEIRS = "Leeboard", "Home office"


@pytest.fixture
def device(one: WindowsMachine) -> Iterator[VpnDevice]:
    """The file's machine with the school's own profile between two others."""
    found = VpnDevice(one)
    found.reset()
    for name in ("Another", OURS, THEIRS):
        one.run(ADD.format(name))
    assert (found.way_in(OURS), found.way_in(THEIRS)) == ("", "")
    yield found


def stray_gone(device: VpnDevice) -> str:
    """The technician's own profile is none that the school allows, and Windows did not see that it is connected."""
    device.arm(STRAYS)
    device.take_strays()
    return THEIRS


def leads_elsewhere(device: VpnDevice) -> str:
    """The declaration has a slip in the gateway's name."""
    device.arm(TUNNEL)
    device.machine.run(f"Set-VpnConnection -Name {OURS} -ServerAddress vpn.lab.exampel -AllUserConnection")
    return OURS


def another_protocol(device: VpnDevice) -> str:
    """Somebody sets the profile by hand meanwhile, to what the gateway does not speak."""
    device.arm(TUNNEL)
    device.machine.run(f"Set-VpnConnection -Name {OURS} -TunnelType Pptp -AllUserConnection")
    return OURS


def half_made(device: VpnDevice) -> str:
    """The old profile is away, and the controller dies before the new one is made."""
    device.arm(TUNNEL)
    device.machine.run(f"Remove-VpnConnection -Name {OURS} -AllUserConnection -Force")
    return OURS


def on_battery(device: VpnDevice) -> str:
    """Nobody is there any more, and the laptop is on battery and on no network."""
    device.tasks.on_battery = device.tasks.offline = True
    return stray_gone(device)


def clock_set(device: VpnDevice) -> str:
    """Somebody sets the clock back by years."""
    device.tasks.year = 2003
    return leads_elsewhere(device)


WAYS: list[Callable[[VpnDevice], str]] = [
    stray_gone, leads_elsewhere, another_protocol, half_made, on_battery, clock_set,
]  # fmt: skip
BY_DAY = (stray_gone,)


def entries(device: VpnDevice) -> list[bytes]:
    """The entries of the phonebook; one that was away comes back at its end."""
    return sorted(b"[" + one for one in device.bytes().split(b"[")[1:])


@pytest.mark.parametrize(
    "way", [pytest.param(way, id=way.__name__, marks=[] if way in BY_DAY else [pytest.mark.full]) for way in WAYS]
)
def test_the_profile_is_there_again_when_its_time_is_over(device: VpnDevice, way: Callable[[VpnDevice], str]) -> None:
    before = entries(device)
    name = way(device)
    assert device.way_in(name), "nobody could confirm"
    assert device.tasks.minute() == [0] and device.way_in(name), "its time is not over"
    device.late()
    assert device.tasks.minute() == [0]
    assert (device.way_in(name), device.state(), device.tasks.tasks()) == ("", "back", [])
    assert entries(device) == before


@pytest.mark.full
@pytest.mark.parametrize("way", [stray_gone, half_made], ids=lambda way: way.__name__)
def test_a_restart_in_the_middle_brings_it_back_at_once(device: VpnDevice, way: Callable[[VpnDevice], str]) -> None:
    before = entries(device)
    name = way(device)
    assert device.tasks.start() == [0]
    assert (device.way_in(name), device.state(), entries(device)) == ("", "back", before)


@pytest.mark.full
def test_a_controller_that_was_killed_after_the_first_of_two_leaves_both(device: VpnDevice) -> None:
    before = entries(device)
    device.arm(STRAYS)
    device.machine.run("Remove-VpnConnection -Name Another -AllUserConnection -Force")
    device.late()
    assert device.tasks.minute() == [0]
    assert (device.state(), entries(device)) == ("back", before)


@pytest.mark.full
def test_a_put_back_that_is_ended_goes_on_a_minute_later(device: VpnDevice) -> None:
    before = entries(device)
    stray_gone(device)
    device.late()
    ended = end_put_back(device.tasks, "Set-Book", 2)
    assert (ended, device.state()) == (KILLED, "putting-back")
    assert device.way_in("Another") == "" and device.way_in(THEIRS), "the first of the two is back"
    assert device.tasks.minute() == [0]
    assert (device.state(), entries(device)) == ("back", before)


@pytest.mark.full
def test_a_task_that_a_policy_disables_means_that_no_profile_goes(device: VpnDevice) -> None:
    with device.machine.changing("tasks") as state:
        state["behaviour"] = {"mode": "disabled"}
    before = device.bytes()
    with pytest.raises(PowerShellError, match=r"could not be armed: .* it is disabled; nothing was changed"):
        device.arm(STRAYS)
    with pytest.raises(PowerShellError, match="under an armed checkpoint only, and the device has none"):
        device.take_strays()
    assert device.bytes() == before
