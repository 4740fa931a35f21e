"""A roll-out under a checkpoint, over the wire: the endpoint asks the machine's registry anew for each connection.

Remote Desktop alone is changed under one here, and does not cut off WinRM. So the endpoint takes a value of its
policy for a bolt: while it is set, connections that are there go on and no new one is let in. Or the door is asked
(wire/door.py), and somebody shuts it in the middle of the roll-out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from . import accounts, winrm_service
from .machine import WindowsMachine
from .task_service import TaskService
from .wire import listener_certificate
from .wire.desk import Desk, new_desk
from .wire.door import FIREWALL, Door
from .wire.powershell import on_wine
from .wire.school import Visit

pytestmark = pytest.mark.full
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
BOLT = "UserAuthentication"
CHECKPOINT = r"C:\ProgramData\Leeboard\checkpoint"
LATER = 1.0  # seconds between two looks
FAILED = 2  # the exit status of ansible-playbook where a host has failed


@pytest.fixture
def desk(tmp_path: Path, machine: WindowsMachine) -> Iterator[Desk]:
    """A school whose one machine drifted from REM-06."""
    winrm_service.give(machine)
    machine.reg_add(POLICY, BOLT, "REG_DWORD", 0)
    with ExitStack() as stack:
        found = new_desk(tmp_path, on_wine(machine.prefix), stack)
        found.school.device("pc1", found.endpoint.port, leeboard_enforce=["REM"])
        yield found


def bolted(machine: WindowsMachine) -> bool:
    """What the machine itself says, by reg.exe."""
    return machine.reg_query(POLICY, BOLT) == ("REG_DWORD", "00000001")


@contextmanager
def time_that_passes(machine: WindowsMachine, turned_away: list[str]) -> Iterator[None]:
    """Once somebody was turned away, so that all is changed, let the device's time be over, and its minutes pass."""
    over, tasks = threading.Event(), TaskService(machine)

    def pass_time() -> None:
        while not over.wait(LATER):
            folder = machine.path(CHECKPOINT)
            if (folder / "state.armed").exists() and turned_away:
                (folder / "until").write_text("0")
            if any((folder / f"state.{state}").exists() for state in ("armed", "putting-back")):
                tasks.minute()

    thread = threading.Thread(target=pass_time)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def roll_out(desk: Desk) -> Visit:
    """The family REM, as a school does it."""
    return desk.school.play("-v", playbook="rollout")


def failed_and_back(visit: Visit) -> None:
    """The run has failed; by the evidence the device was not reached again, put itself back, and was seen."""
    line = visit.lines["pc1"]
    assert (visit.status, line["outcome"]) == (FAILED, "observed"), visit.output
    assert "could not be reached over a new connection" in line["message"]
    assert "put itself back at" in line["message"]
    assert {change.get("checkpoint") for change in line["changes"] if change.get("driver") == "remote_desktop"} == {
        "back"
    }


def test_a_new_connection_confirms(desk: Desk, machine: WindowsMachine) -> None:
    before = desk.endpoint.traffic.handshakes
    visit = roll_out(desk)
    assert bolted(machine), visit.output
    assert machine.path(CHECKPOINT + r"\state.confirmed").exists(), visit.output
    assert TaskService(machine).tasks() == []
    line = visit.lines["pc1"]
    assert line["outcome"] == "observed", line["message"]
    assert not any("checkpoint" in change for change in line["changes"])
    assert desk.endpoint.traffic.handshakes - before >= 3, "one of them to confirm"


def test_a_change_that_cuts_off_is_put_back_and_the_device_has_failed(desk: Desk, machine: WindowsMachine) -> None:
    turned_away: list[str] = []

    def lets_in() -> bool:
        if bolted(machine):
            turned_away.append("the bolt is there")
        return not bolted(machine)

    desk.endpoint.lets_in = lets_in
    with time_that_passes(machine, turned_away):
        visit = roll_out(desk)
    assert machine.reg_query(POLICY, BOLT) == ("REG_DWORD", "00000000"), visit.output
    assert machine.path(CHECKPOINT + r"\state.back").exists(), visit.output
    assert TaskService(machine).tasks() == []
    failed_and_back(visit)


OPEN = "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5986|Name=Windows Remote Management|"


def open_for(machine: WindowsMachine, desk: Desk) -> None:
    """As the machine is prepared: a listener with a certificate of the school's authority, a rule, an account."""
    accounts.set_up(machine)
    thumbprint = listener_certificate.install(machine, desk.authority)
    machine.reg_add(FIREWALL + r"\FirewallRules", "winrm", "REG_SZ", OPEN)
    listener = {"Address": "*", "Transport": "HTTPS", "Port": 5986, "Enabled": True}
    with machine.changing("winrm") as state:
        state["listeners"] = [{**listener, "CertificateThumbprint": thumbprint}]
    with machine.changing("secedit") as state:
        state["Privilege Rights"]["SeDenyNetworkLogonRight"] = ["Guest"]


def certificate_gone(machine: WindowsMachine) -> None:
    """Somebody tidies the machine's store of certificates."""
    machine.reg_delete(listener_certificate.STORE)


def denied_from_the_network(machine: WindowsMachine) -> None:
    """A policy after CIS 2.2.16 arrives."""
    with machine.changing("secedit") as state:
        state["Privilege Rights"]["SeDenyNetworkLogonRight"].append(f"*{accounts.LOCAL}")


def no_administrator(machine: WindowsMachine) -> None:
    """A policy of restricted groups arrives."""
    with machine.changing(accounts.NAME) as state:
        state["groups"][accounts.ADMINISTRATORS].remove(accounts.TECHNICIAN)


@pytest.mark.parametrize(
    "way", [certificate_gone, denied_from_the_network, no_administrator], ids=lambda way: way.__name__
)
def test_who_is_shut_out_by_another_finds_the_device_put_back_once_that_is_put_right(
    desk: Desk, machine: WindowsMachine, way: Callable[[WindowsMachine], None]
) -> None:
    """It is shut right before the connection that would confirm, and opened again after the device put itself back."""
    open_for(machine, desk)
    door = Door(machine, basic=False)
    seen: list[str] = []
    assert door.shut() == ""
    door.guard(desk.endpoint)
    guarded, turn = desk.endpoint.lets_in, threading.Lock()

    def lets_in() -> bool:
        with turn:
            if machine.path(CHECKPOINT + r"\state.back").exists() and len(seen) == 1:
                seen.append(door.shut())
                open_for(machine, desk)
            elif bolted(machine) and not seen:
                way(machine)
                seen.append(door.shut())
            return guarded()

    desk.endpoint.lets_in = lets_in
    with time_that_passes(machine, seen):
        visit = roll_out(desk)
    assert machine.path(CHECKPOINT + r"\state.back").exists(), visit.output
    assert len(seen) == 2 and seen[0] and seen[0] == seen[1], "what was taken away by another is not Leeboard's"
    assert machine.reg_query(POLICY, BOLT) == ("REG_DWORD", "00000000"), visit.output
    assert TaskService(machine).tasks() == []
    failed_and_back(visit)
