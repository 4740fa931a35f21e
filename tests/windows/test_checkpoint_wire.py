"""A roll-out under a checkpoint, over the wire: the endpoint asks the machine's registry anew for each connection.

Remote Desktop alone is changed under one so far, and does not cut off WinRM. So the endpoint takes a value of its
policy for a bolt: while it is set, connections that are there go on and no new one is let in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from .machine import WindowsMachine
from .task_service import TaskService
from .wire.desk import Desk, new_desk
from .wire.powershell import on_wine
from .wire.school import Visit

pytestmark = pytest.mark.full
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
BOLT = "UserAuthentication"
CHECKPOINT = r"C:\ProgramData\Leeboard\checkpoint"
LATER = 1.0  # seconds between two looks


@pytest.fixture
def desk(tmp_path: Path, machine: WindowsMachine) -> Iterator[Desk]:
    """A school whose one machine drifted from REM-06."""
    machine.reg_add(POLICY, BOLT, "REG_DWORD", 0)
    with ExitStack() as stack:
        found = new_desk(tmp_path, on_wine(machine.prefix), stack)
        found.school.device("pc1", found.endpoint.port, leeboard_enforce=["REM"])
        yield found


def bolted(machine: WindowsMachine) -> bool:
    """What the machine itself says, by reg.exe."""
    return machine.reg_query(POLICY, BOLT) == ("REG_DWORD", "00000001")


@contextmanager
def time_that_passes(machine: WindowsMachine) -> Iterator[None]:
    """Once the change is made, let the device's time be over, and its minutes pass."""
    over, tasks = threading.Event(), TaskService(machine)

    def pass_time() -> None:
        while not over.wait(LATER):
            folder = machine.path(CHECKPOINT)
            if (folder / "state.armed").exists() and bolted(machine):
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
    desk.endpoint.lets_in = lambda: not bolted(machine)
    with time_that_passes(machine):
        visit = roll_out(desk)
    assert machine.reg_query(POLICY, BOLT) == ("REG_DWORD", "00000000"), visit.output
    assert machine.path(CHECKPOINT + r"\state.back").exists(), visit.output
    assert TaskService(machine).tasks() == []
    line = visit.lines["pc1"]
    assert line["outcome"] == "failed"
    assert "could not be reached over a new connection" in line["message"]
    assert "put itself back at" in line["message"]
    assert {change.get("checkpoint") for change in line["changes"] if change.get("driver") == "remote_desktop"} == {
        "back"
    }
