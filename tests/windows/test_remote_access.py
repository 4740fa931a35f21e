"""Remote access as a visit finds it on a whole machine, bad answers included."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.model.device import device
from leeboard.model.enums import Platform
from leeboard.model.observation import parse
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate

from .machine import WindowsMachine

SERVICE = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service"


def look(machine: WindowsMachine, driver: str, *addresses: str) -> dict[str, dict[str, Any]]:
    """The readings of some addresses."""
    seen = machine.visit({driver: list(addresses)})
    return {reading["address"]: reading for reading in seen["readings"]}


def test_winrm_is_asked_once_whatever_is_wanted_of_it(one: WindowsMachine) -> None:
    with one.changing("winrm") as state:
        state["running"] = True
    before = len(one.calls())
    found = look(one, "winrm", "Service:AllowBasic", "Client:AllowBasic", "Client:AllowDigest", "listeners")
    assert [call["arguments"] for call in one.calls()[before:] if call["program"] == "wsman"] == [
        ["winrm/config"], ["winrm/config/listener"]
    ]  # fmt: skip
    assert {address: reading["effective"].get("value") for address, reading in found.items()} == {
        "Service:AllowBasic": 0, "Client:AllowBasic": 1, "Client:AllowDigest": 1, "listeners": []
    }  # fmt: skip


def test_winrm_that_has_not_taken_over_its_policy_yet(one: WindowsMachine) -> None:
    with one.changing("winrm") as state:
        state["running"], state["policy"] = True, "waiting"
        state["config"]["Service"]["Auth"]["Basic"] = True
    one.reg_add(SERVICE, "AllowBasic", "REG_DWORD", 0)
    try:
        reading = look(one, "winrm", "Service:AllowBasic")["Service:AllowBasic"]
    finally:
        one.reg_delete(SERVICE)
    assert (reading["effective"]["value"], reading["running"]["value"]) == (0, 1)


@pytest.mark.parametrize(("mode", "code"), [("denied", "denied"), ("fail", "failed"), ("rubbish", "malformed")])
def test_winrm_that_misbehaves_is_unreadable(one: WindowsMachine, mode: str, code: str) -> None:
    with one.changing("winrm") as state:
        state["running"], state["behaviour"] = True, {"mode": mode}
    found = look(one, "winrm", "Service:AllowBasic", "Service:DisableRunAs", "listeners")
    assert found["Service:AllowBasic"]["effective"]["code"] == code
    assert found["listeners"]["effective"]["code"] == code
    assert found["Service:DisableRunAs"]["effective"]["state"] == "absent"


def test_winrm_that_never_answers_costs_its_own_readings_only(one: WindowsMachine) -> None:
    with one.changing("winrm") as state:
        state["running"], state["behaviour"] = True, {"mode": "deaf"}
    one.run("& (Get-Module WinRm) { $script:Patience = 2 }")
    try:
        seen = one.visit({"winrm": ["Service:AllowBasic", "listeners"], "remote_desktop": ["fDenyTSConnections"]})
    finally:
        one.run("& (Get-Module WinRm) { $script:Patience = 25 }")
    found = {reading["address"]: reading["effective"] for reading in seen["readings"]}
    assert found["Service:AllowBasic"]["code"] == found["listeners"]["code"] == "timeout"
    assert found["fDenyTSConnections"]["value"] == 1
    assert seen["cost"]["seconds"] < 10


def test_the_firewall_is_read_by_its_numbers(one: WindowsMachine) -> None:
    found = look(
        one, "firewall_profile", "Public:Enabled", "Domain:DefaultInboundAction", "Private:DefaultOutboundAction"
    )
    assert [reading["effective"]["value"] for reading in found.values()] == ["Block", "Allow", "True"]


@pytest.mark.parametrize(("mode", "code"), [("denied", "denied"), ("fail", "failed"), ("rubbish", "malformed")])
def test_a_firewall_that_misbehaves_is_unreadable(one: WindowsMachine, mode: str, code: str) -> None:
    with one.changing("firewall") as state:
        state["behaviour"] = {"mode": mode}
    found = look(one, "firewall_profile", "Public:Enabled", "Domain:DefaultInboundAction")
    assert {reading["effective"]["code"] for reading in found.values()} == {code}
    assert found["Public:Enabled"]["configured"]["state"] == "absent"


STRAY = """[Home]
Type=2
VpnStrategy=7
AuthRestrictions=2048
IpPrioritizeRemote=1
Ipv6PrioritizeRemote=1
CacheCredentials=0
NumCustomPolicy=1
CustomIPSecPolicies=030000000600000005000000080000000500000005000000
DEVICE=vpn
PhoneNumber=vpn.stranger.example
"""


def night(machine: WindowsMachine) -> dict[str, tuple[str, str]]:
    """Verdict and reasons of each control of REM, at level high, for a school with a gateway of its own."""
    about = {
        "asset": "A", "urn": "900001", "school": "S", "platform": "windows", "form": "portable", "role": "office",
        "level": "high", "vpn_gateways": "vpn.school.example",
    }  # fmt: skip
    baseline = load()
    it = device("pc1", {f"leeboard_{name}": value for name, value in about.items()}, tuple(baseline.parameters))
    seen = parse(machine.visit(baseline.addresses(Platform.WINDOWS)))
    found = {
        one.control: one
        for one in evaluate(resolve(baseline, it), seen, seen.observed_at)
        if one.control.startswith("REM")
    }
    return {name: (str(one.verdict), " ".join(j.reason for j in one.judged)) for name, one in found.items()}


def test_a_profile_that_appears_overnight_in_the_phonebook_of_somebody_who_is_not_signed_in(
    machine: WindowsMachine,
) -> None:
    sid = "S-1-5-21-1-2-3-1105"
    machine.add_profile("pupil", sid)
    assert night(machine)["REM-01"][0] == "compliant"
    folder = machine.drive / "users/pupil/AppData/Roaming/Microsoft/Network/Connections/Pbk"
    folder.mkdir(parents=True)
    (folder / "rasphone.pbk").write_text(STRAY.replace("\n", "\r\n"), encoding="utf-8")
    second = night(machine)
    assert second["REM-01"][0] == "drifted"
    assert f"Home of {sid} leads to vpn.stranger.example" in second["REM-01"][1]
    assert {second[name][0] for name in ("REM-02", "REM-04")} == {"compliant"}  # nothing else is wrong with it
    (folder / "rasphone.pbk").unlink()
    assert {name: verdict for name, (verdict, _) in night(machine).items() if name < "REM-05"} == {
        "REM-01": "compliant", "REM-02": "not_applicable", "REM-03": "not_applicable", "REM-04": "not_applicable"
    }  # fmt: skip
