"""The school's own VPN profile under a checkpoint on a Windows machine: its entry comes back, those of others stay.

The task really runs the script; the truth is the phonebook's bytes. Wine has no keys, so the profile is changed here by
the cmdlets that the driver uses, and the driver's own change is in pester/VpnTunnel.Tests.ps1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .machine import WindowsMachine
from .shell import PowerShellError
from .vpn_device import ADD, BOOK, VpnDevice

ASSERT = "Assert-LeeboardCheckpoint vpn_connection run-1 @($arguments.target)"


@pytest.fixture
def device(one: WindowsMachine) -> Iterator[VpnDevice]:
    """The file's machine without a phonebook."""
    found = VpnDevice(one)
    found.reset()
    yield found


def test_a_profile_that_was_made_goes_and_somebody_elses_stays(device: VpnDevice) -> None:
    device.machine.run(ADD.format("Home office"))
    before = device.bytes()
    assert device.arm()["state"] == "armed"
    device.machine.run(ASSERT, target="tunnel")
    with pytest.raises(PowerShellError, match="does not cover another"):
        device.machine.run(ASSERT, target="another")
    device.machine.run(ADD.format("Leeboard"))
    assert b"[Leeboard]" in device.bytes()
    assert device.tasks.minute() == [0] and b"[Leeboard]" in device.bytes(), "it is not time yet"
    device.late()
    assert device.tasks.minute() == [0]
    assert (device.state(), device.bytes(), device.tasks.tasks()) == ("back", before, [])


def test_after_a_start_a_profile_is_as_it_was_byte_for_byte(device: VpnDevice) -> None:
    device.machine.run(f"{ADD.format('Leeboard')}; {ADD.format('Behind it')}")
    before = device.bytes()
    device.arm()
    change = (
        "Set-VpnConnection -Name Leeboard -ServerAddress vpn.other.example -TunnelType Automatic -AllUserConnection"
    )
    device.machine.run(change)
    assert device.bytes() != before
    assert device.tasks.start() == [0]
    assert (device.state(), device.bytes()) == ("back", before)


def effective(device: VpnDevice) -> dict[str, Any]:
    """What a visit has of the profile."""
    (reading,) = device.machine.visit({"vpn_connection": ["tunnel"]})["readings"]
    found: dict[str, Any] = reading["effective"]
    return found


def test_a_visit_reads_the_profile_as_windows_has_it(device: VpnDevice) -> None:
    absent = effective(device)
    assert absent["state"] == "absent" and absent["source"] == f"{BOOK} has no profile Leeboard"
    device.machine.run(f"{ADD.format('Leeboard')} -AuthenticationMethod MachineCertificate")
    found = effective(device)
    words = "authority:any esp:default gateway:vpn.lab.example ike:default to:0.0.0.0/0 to:::/0"
    assert (found.get("value"), found["state"]) == (words, "value"), found
