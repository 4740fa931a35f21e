"""Remote access as a visit finds it on a whole machine, bad answers included."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from .machine import WindowsMachine

SERVICE = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service"


@pytest.fixture
def one(shared_machine: WindowsMachine) -> Iterator[WindowsMachine]:
    """The file's machine; its stand-ins are put back after each test."""
    state = shared_machine.drive / "standins" / "state"
    kept = shared_machine.prefix.parent / "state"
    shutil.copytree(state, kept, dirs_exist_ok=True)
    yield shared_machine
    shutil.rmtree(state)
    shutil.move(kept, state)


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
