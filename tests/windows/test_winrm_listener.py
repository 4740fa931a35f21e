"""A listener of WinRM over HTTP goes off under a checkpoint, never the one in use, and an undo switches it on again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .checkpoint_steps import undo, undo_under_its_own_checkpoint
from .firewall_device import Device
from .machine import WindowsMachine
from .shell import PowerShellError

OFF = [{"address": "listeners", "value": []}]


@pytest.fixture
def device(one: WindowsMachine) -> Iterator[Device]:
    """The file's machine, with a listener over HTTP beside the one over HTTPS by which we come."""
    found = Device(one)
    found.reset()
    found.listen_over_http()
    yield found


def listening(device: Device) -> dict[str, bool]:
    """Which listeners are on, as the service keeps it."""
    return {one["Transport"]: one["Enabled"] for one in device.machine.state("winrm")["listeners"]}


def reading(device: Device) -> Any:
    """The listeners, as a visit finds them."""
    seen = device.machine.visit({"winrm": ["listeners"]})
    return [one.split(",")[1] for one in seen["readings"][0]["effective"]["value"]]


def test_it_is_switched_off_and_an_undo_switches_it_on_under_a_checkpoint_of_its_own(device: Device) -> None:
    preview = device.change(OFF, check=True, driver="winrm")
    assert preview["changed"] and listening(device) == {"HTTPS": True, "HTTP": True}
    device.arm(OFF, driver="winrm")
    done = device.change(OFF, driver="winrm")
    assert done["diff"] == preview["diff"] and "listener:HTTP:* = 0" in done["diff"]["after"]
    device.confirm()
    assert (listening(device), reading(device)) == ({"HTTPS": True, "HTTP": False}, ['"transport":"HTTPS"'])
    assert not device.change(OFF, check=True, driver="winrm")["changed"]

    left = undo(device.machine)["left"]
    assert ["under an armed checkpoint only" in one["why"] for one in left] == [True]
    assert listening(device)["HTTP"] is False
    undone = undo_under_its_own_checkpoint(device.machine)
    assert (undone["left"], undone["broken"]) == ([], "")
    assert listening(device) == {"HTTPS": True, "HTTP": True}


@pytest.mark.parametrize("port", [5985, 445])
def test_it_stays_where_it_may_be_the_one_that_we_come_by(device: Device, port: int) -> None:
    device.come_from("10.20.0.9", port)
    why = {5985: "somebody is connected to it", 445: "does not show by which connection Leeboard came"}[port]
    with pytest.raises(PowerShellError, match=f"over HTTP on port 5985: .*{why}"):
        device.change(OFF, check=True, driver="winrm")
    assert listening(device) == {"HTTPS": True, "HTTP": True}


def test_nothing_is_switched_off_without_a_checkpoint(device: Device) -> None:
    with pytest.raises(PowerShellError, match="under an armed checkpoint only"):
        device.change(OFF, driver="winrm")
    assert listening(device) == {"HTTPS": True, "HTTP": True}
