"""A Windows machine on which nothing changed says the same each night, byte for byte: its facts and its readings.

It is visited twice, three days apart by its clock. In between it was started again, and Windows wrote down what it
does each night: how its own clock stands, that the collector was reached, and that Active Directory has the key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leeboard.escrow.disks.readings import asked_of_device
from leeboard.model.enums import Platform
from leeboard.policy.load import load
from tests.controls.windows_encrypted import EncryptedWindows, backed_up, encrypt_by_hand

from . import volumes
from .machine import WindowsMachine
from .requirements import need_machine

DAYS = 3
TIME, FORWARDER = "Microsoft-Windows-Time-Service", "Microsoft-Windows-Forwarding"
# What all modules take the time from, as they find it by its name.
CLOCK = "Set-Item Function:\\global:Get-LeeboardNow { [datetime]::UtcNow.AddDays(%d) }"
STATUS = (
    '<EventData><Data Name="LeapIndicator">0</Data><Data Name="Stratum">{stratum}</Data>'
    '<Data Name="ReferenceId">{source}</Data></EventData>'
)
CLEARED = (
    '<UserData><LogFileCleared xmlns="http://manifests.microsoft.com/win/2004/08/windows/eventlog">'
    "<SubjectUserSid>S-1-5-32-545</SubjectUserSid></LogFileCleared></UserData>"
)


@pytest.fixture
def proof() -> Iterator[EncryptedWindows]:
    """An encrypted laptop that was set up, and then started."""
    need_machine()
    machine = WindowsMachine("QUIET")
    try:
        made = EncryptedWindows(machine)
        encrypt_by_hand(machine)
        made.addresses = asked_of_device(load(), Platform.WINDOWS)
        with machine.changing("winrm") as state:
            state["running"] = True
        # The log was cleared so long ago that it is 30 days between the two nights.
        at = datetime.now(UTC) - timedelta(days=29)
        write(machine, "Security", "Microsoft-Windows-Eventlog", 1102, at, CLEARED)
        volumes.restart(machine)
        yield made
    finally:
        machine.close()


def write(machine: WindowsMachine, log: str, provider: str, number: int, at: datetime, data: str = "") -> None:
    """An event in a log."""
    with machine.changing("eventlog") as state:
        state["events"].append({"log": log, "provider": provider, "id": number, "at": at.isoformat(), "data": data})


def nights_pass(machine: WindowsMachine) -> None:
    """What Windows does by itself in three days with a restart."""
    volumes.restart(machine)
    now = datetime.now(UTC) + timedelta(days=DAYS)
    machine.set_cim("Win32_OperatingSystem", LastBootUpTime={"datetime": (now - timedelta(hours=9)).isoformat()})
    status = STATUS.format(stratum=3, source="0xC0A80001 (source IP:  192.168.0.1)")
    write(machine, f"{TIME}/Operational", TIME, 260, now - timedelta(hours=1), status)
    write(machine, f"{FORWARDER}/Operational", FORWARDER, 101, now - timedelta(hours=2))
    backed_up(machine, volumes.PASSWORD_ID, (now - timedelta(hours=3)).isoformat(), number=783)
    machine.run(CLOCK % DAYS)


def body(observation: dict[str, Any]) -> dict[str, str]:
    """Each fact and reading as the bytes that it travels in."""
    facts = {f"fact {name}": json.dumps(aspect) for name, aspect in observation["facts"].items()}
    return facts | {f"{one['driver']}:{one['address']}": json.dumps(one) for one in observation["readings"]}


def test_a_quiet_night_has_the_same_body(proof: EncryptedWindows) -> None:
    machine = proof.machine
    first = machine.visit(proof.addresses)
    nights_pass(machine)
    second = machine.visit(proof.addresses)
    moments = [datetime.fromisoformat(one["observed_at"]) for one in (first, second)]
    assert moments[1] - moments[0] >= timedelta(days=DAYS), "its clock went on"
    before, after = body(first), body(second)
    moved = [
        f"{place}: {before.get(place)}\n  became {text}" for place, text in after.items() if before.get(place) != text
    ]
    assert not moved, "\n".join(moved)
    assert json.dumps([first["facts"], first["readings"]]) == json.dumps([second["facts"], second["readings"]])
    said = {f"{one['driver']}:{one['address']}": one["effective"].get("value") for one in first["readings"]}
    assert said["windows_time:synchronised"] is True and said["event_forwarding:connected"] is True
    assert len(said["event_log:Security:Cleared"]) == 1 and " is valid from " in said["certificate:vpn-client"][0]
