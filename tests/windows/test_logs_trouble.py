"""Logs, forwarding, the clock and user rights where a source says nothing, or says it in another language."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from leeboard.model.enums import Platform
from leeboard.policy.load import load

from .machine import REPOSITORY, WindowsMachine

DRIVERS = ("event_forwarding", "event_log", "user_right", "windows_time")
SIZE, CLEARED = "event_log:Security:MaxSize", "event_log:Security:Cleared"
PATIENCE = 25  # seconds that the event log service is given


def visit(machine: WindowsMachine) -> dict[str, dict[str, Any]]:
    """What is effective, by driver and address, of all that the baseline asks of these drivers and of the registry."""
    asked = load().addresses(Platform.WINDOWS)
    wanted = {driver: asked[driver] for driver in (*DRIVERS, "account_lockout", "registry")}
    return {f"{one['driver']}:{one['address']}": one["effective"] for one in machine.visit(wanted)["readings"]}


def values(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What was read, without where and when."""
    return {place: (one["state"], one.get("value")) for place, one in found.items()}


def codes(found: dict[str, dict[str, Any]]) -> set[str]:
    """The reasons why some of these could not be read."""
    return {one["code"] for one in found.values() if one["state"] == "unreadable"}


def test_all_is_read_and_each_source_once(one: WindowsMachine) -> None:
    before = len(one.calls())
    found = visit(one)
    assert codes(found) == set()
    calls = [(call["program"], *call["arguments"]) for call in one.calls()[before:]]
    assert len(set(calls)) == len(calls)
    assert [call[0] for call in calls].count("secedit") == 1
    assert not [call for call in calls if call[0] == "wevtutil"]


@pytest.mark.parametrize("language", ["de", "pl"])
def test_another_language_says_the_same(one: WindowsMachine, language: str) -> None:
    english = values(visit(one))
    one.speak(language)
    assert values(visit(one)) == english


@pytest.mark.parametrize(("mode", "code"), [("denied", "denied"), ("fail", "failed")])
def test_what_the_event_log_service_refuses_costs_the_logs_alone(one: WindowsMachine, mode: str, code: str) -> None:
    one.misbehave("eventlog", mode)
    found = visit(one)
    assert codes(found) == {code}
    lost = {place for place, aspect in found.items() if aspect["state"] == "unreadable"}
    assert {SIZE, CLEARED, "windows_time:synchronised", "event_forwarding:connected"} <= lost
    assert all(place.startswith("event_log:") or place.split(":")[1] in ("synchronised", "connected") for place in lost)


def test_a_service_that_hangs_is_waited_for_once(one: WindowsMachine) -> None:
    one.misbehave("eventlog", "hang")
    began = time.monotonic()
    found = visit(one)
    assert time.monotonic() - began < 2 * PATIENCE
    assert codes(found) == {"timeout"}
    assert found["user_right:SeSecurityPrivilege"]["value"] == ["S-1-5-32-544"]


def test_a_security_log_of_millions_is_not_searched(one: WindowsMachine) -> None:
    one.misbehave("eventlog", "large", log="Security")
    began = time.monotonic()
    found = visit(one)
    assert time.monotonic() - began < PATIENCE
    assert codes(found) == set() and found[CLEARED]["value"] == []


def test_a_search_that_takes_too_long_costs_its_own_reading(one: WindowsMachine) -> None:
    one.misbehave("eventlog", "large", log="Microsoft-Windows-Time-Service/Operational")
    found = visit(one)
    lost = {place for place, aspect in found.items() if aspect["state"] == "unreadable"}
    assert lost == {"windows_time:synchronised"} and codes(found) == {"timeout"}


def test_a_security_log_that_shows_nothing_says_nothing(one: WindowsMachine) -> None:
    one.misbehave("eventlog", "blind")
    found = visit(one)
    assert found[CLEARED]["code"] == "failed" and "not one event" in found[CLEARED]["why"]


def test_a_provider_that_writes_elsewhere_has_no_events_here(one: WindowsMachine) -> None:
    with one.changing("eventlog") as state:
        state["writers"] = {"Microsoft-Windows-Time-Service": ["System"]}
    found = visit(one)
    assert codes(found) == set()


@pytest.mark.parametrize(("mode", "code"), [("fail", "failed"), ("silent", "malformed"), ("rubbish", "malformed")])
def test_without_an_export_rights_and_lock_out_are_lost_and_nothing_else(
    one: WindowsMachine, mode: str, code: str
) -> None:
    one.misbehave("secedit", mode)
    found = visit(one)
    assert codes(found) == {code}
    lost = {place.split(":")[0] for place, aspect in found.items() if aspect["state"] == "unreadable"}
    assert lost == {"user_right", "account_lockout"}


def test_an_access_list_that_makes_no_sense_costs_its_own_addresses(one: WindowsMachine) -> None:
    with one.changing("eventlog") as state:
        state["channels"]["Security"]["sddl"] = "O:BAG:SYD:(A;;QQ;;;SY)"
    found = visit(one)
    assert {place for place, aspect in found.items() if aspect["state"] == "unreadable"} == {
        "event_log:Security:Changers",
        "event_log:Security:Readers",
    }


def test_a_log_that_is_not_there(one: WindowsMachine) -> None:
    with one.changing("eventlog") as state:
        del state["channels"]["Microsoft-Windows-Forwarding/Operational"]
        del state["channels"]["Setup"]
    found = visit(one)
    assert found["event_forwarding:connected"]["state"] == "absent"
    assert found["event_log:Setup:MaxSize"]["why"] == "the event log service knows no log Setup"


def test_what_the_acceptance_playbook_asks(one: WindowsMachine) -> None:
    """Its script runs, names what is on its list, and nobody of the school."""
    with one.changing("eventlog") as state:
        state["channels"]["Security"]["sddl"] += "(A;;0x1;;;S-1-5-21-7-8-9-1107)"
    files = REPOSITORY / "playbooks" / "files"
    facts = json.loads(one.run((files / "windows_acceptance_facts.ps1").read_text(encoding="ascii")))
    assert [each["provider"] for each in facts["enrolments"] if each["state"] == 1 and not each["has_discovery"]]
    assert "Public Enabled 1 UInt16 True" in facts["firewall"] and facts["omadm_accounts"] == 0
    script = (files / "windows_acceptance_logs.ps1").read_text(encoding="ascii")
    said = one.run(script)
    answer = json.loads(said)
    assert answer["logs"]["Security"]["access"].endswith("(A;;0x1;;;S-1-5-21)")
    assert answer["clock"]["Stratum"] == "4" and answer["clock"]["ReferenceId"].startswith("9x999")
    assert answer["no_such_event"].split(", ")[1].startswith("NoMatchingEventsFound")
    assert answer["rights"]["SeInteractiveLogonRight"] == "4 accounts, 1 by name"
    assert "Guest" not in said and "1107" not in said
