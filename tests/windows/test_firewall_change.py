"""Windows Firewall is closed under a checkpoint, never past the way by which technicians come, and put back whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .checkpoint_steps import undo, undo_under_its_own_checkpoint
from .firewall_device import MANAGEMENT, NETWORKS, POLICY, RULE, RULES, STRANGER, Device, wish
from .machine import WindowsMachine
from .shell import PowerShellError


@pytest.fixture
def device(one: WindowsMachine) -> Iterator[Device]:
    """The file's machine, open to everybody."""
    found = Device(one)
    found.reset()
    yield found


def test_it_is_closed_with_the_ways_in_first_and_a_second_time_changes_nothing(device: Device) -> None:
    machine = device.machine
    preview = device.change(wish(), check=True)
    assert preview["changed"] and device.closed() == list("000000") and device.rule() is None
    assert device.arm(wish())["state"] == "armed"
    before = len(machine.calls())
    done = device.change(wish())
    assert done["diff"] == preview["diff"]
    written = [call["arguments"][0] for call in machine.calls()[before:] if "-NetFirewall" in call["arguments"][0]]
    assert written[0] == f"New-NetFirewallRule {MANAGEMENT}", "the way in comes first"
    assert [one.split()[0] for one in written[3:]] == ["Set-NetFirewallProfile"] * 6
    device.confirm()
    assert (device.closed(), device.rule()) == (list("111111"), RULE)
    assert "LPort=443|Name" in device.rule("Leeboard-opening-tcp-443")
    assert "LPort2_10=5000-5010|RA4=10.20.0.0" in device.rule("Leeboard-opening-udp-5000-5010-10.20.0.0_16")
    assert device.rule("teacher") == STRANGER, "what others let in is theirs"
    seen = machine.visit({"firewall_profile": ["management", "openings", "Public:DefaultInboundAction"]})
    found = {one["address"]: one["effective"] for one in seen["readings"]}
    assert found["management"]["value"] == NETWORKS
    assert found["openings"]["value"] == "tcp:443 udp:5000-5010@10.20.0.0/16"
    assert (
        "rules let everybody in: Leeboard-opening-tcp-443 (tcp 443), teacher (tcp 445)"
        in (found["Public:DefaultInboundAction"]["note"])
    )
    assert not device.change(wish())["changed"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (wish(management="none"), "no network is named that technicians come from"),
        (wish(management="10.30.0.0/16"), "holds 10.20.0.9, from where this roll-out comes"),
        (wish()[2:], "no network is named that technicians come from"),
        (wish(management="0.0.0.0/0"), "is no network that a rule can be about"),
        (wish(openings="tcp:99 icmp:1"), "is no port that can be let in"),
        ([{"address": "Public:DefaultOutboundAction", "value": "Block"}, *wish()], "cannot be changed by the driver"),
    ],
)
def test_what_would_cut_off_is_refused_before_anything_is_written(device: Device, changes: Any, why: str) -> None:
    before = device.firewall()
    with pytest.raises(PowerShellError, match=why):
        device.change(changes, check=True)
    assert device.firewall() == before


def test_where_a_policy_decides_nothing_is_written(device: Device) -> None:
    before = device.firewall()
    device.machine.reg_add(POLICY + r"\PublicProfile", "EnableFirewall", "REG_DWORD", 0)
    device.machine.reg_add(POLICY + r"\PublicProfile", "AllowLocalPolicyMerge", "REG_DWORD", 0)
    with pytest.raises(PowerShellError, match=r"PublicProfile:AllowLocalPolicyMerge is 0, so no rule of the machine's"):
        device.change(wish(), check=True)
    assert device.firewall() == before


def test_a_rule_that_windows_does_not_take_over_closes_nothing(device: Device) -> None:
    device.arm(wish())
    with device.machine.changing("firewall") as state:
        state["behaviour"] = {"mode": "forgetful"}
    with pytest.raises(
        PowerShellError, match=r"did not show the rule Leeboard-management.*what was there before is in"
    ):
        device.change(wish())
    assert device.closed() == list("000000")


def test_without_a_word_it_is_put_back_on_battery_and_whatever_the_clock_says(device: Device) -> None:
    before = device.firewall()
    device.arm(wish())
    device.change(wish())
    device.late()
    device.tasks.on_battery = device.tasks.offline = True
    device.tasks.year = 2003
    assert device.tasks.minute() == [0], device.left()
    assert device.firewall() == before
    assert device.state() == "back"


@pytest.mark.full
def test_a_start_in_the_middle_puts_it_back(device: Device) -> None:
    before = device.firewall()
    device.arm(wish())
    device.change(wish()[:3])
    device.come_from("10.20.0.9")
    assert device.tasks.start() == [0]
    assert device.firewall() == before


@pytest.mark.full
def test_rules_that_were_there_are_put_back_as_they_were(device: Device) -> None:
    device.arm(wish())
    device.change(wish())
    device.confirm()
    device.machine.reg_add(RULES, MANAGEMENT, "REG_SZ", RULE.replace("TRUE", "FALSE"))
    before = device.firewall()
    less = wish(openings="none")
    device.arm(less, run="run-2")
    done = device.change(less, run="run-2")
    assert "Leeboard-opening-tcp-443 is not set" in done["diff"]["after"]
    assert (device.rule(), device.rule("Leeboard-opening-tcp-443")) == (RULE, None)
    device.late()
    assert device.tasks.minute() == [0]
    assert device.firewall() == before


def test_an_undo_brings_all_of_it_back_under_a_checkpoint_of_its_own(device: Device) -> None:
    before = device.firewall()
    device.arm(wish())
    device.change(wish())
    device.confirm()
    left = undo(device.machine)["left"]
    assert {"under an armed checkpoint only" in one["why"] for one in left} == {True}
    assert device.closed() == list("111111")
    done = undo_under_its_own_checkpoint(device.machine)
    assert (done["left"], done["broken"]) == ([], "")
    assert device.firewall() == before
