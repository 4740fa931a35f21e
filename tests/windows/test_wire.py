"""A Windows device over WinRM as in a school: HTTPS with a certificate that is verified, one visit, real verdicts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.windows.machine import WindowsMachine
from tests.windows.wire import signing
from tests.windows.wire.desk import WANTED, WANTED_BYTES, Compared, Desk, compare, new_desk
from tests.windows.wire.powershell import on_wine
from tests.windows.wire.school import PASSWORD, USER, Visit
from tests.windows.wire.secrets import leaks
from tests.windows.wire.server import Endpoint, Trouble

# Seconds after which a device that says nothing is given up.
IMPATIENT = {"ansible_winrm_operation_timeout_sec": 2, "ansible_winrm_read_timeout_sec": 4}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, shared_machine: WindowsMachine) -> Iterator[Desk]:
    """One machine for all tests here that leave it as it is."""
    with ExitStack() as stack:
        yield new_desk(tmp_path_factory.mktemp("wire"), on_wine(shared_machine.prefix), stack)


@pytest.fixture(scope="module")
def compared(desk: Desk) -> Compared:
    """A ping and a visit, one after the other, on the same machine."""
    return compare(desk)


def verdicts(line: dict[str, Any]) -> dict[str, str]:
    """Control and verdict in a device's line of the evidence."""
    return {finding["control"]: finding["verdict"] for finding in line["findings"]}


def test_a_visit_is_observed(compared: Compared) -> None:
    line = compared.visit.lines["pc1"]
    assert line["outcome"] == "observed", line["message"]
    assert line["observation"]["platform"] == "windows"
    found = verdicts(line)
    assert {"compliant", "drifted"} <= set(found.values()), found


def test_a_visit_is_one_command_on_one_connection(compared: Compared) -> None:
    check = compared.check
    assert check.handshakes == 1
    assert {name: check.requests[name] for name in ("Create", "Command", "Signal", "Delete")} == {
        "Create": 1,
        "Command": 1,
        "Signal": 1,
        "Delete": 1,
    }


def test_a_visit_costs_little_more_than_a_ping(compared: Compared) -> None:
    """Requests and bytes are counted, not timed; tests/scale/test_wire_cost.py writes them down."""
    assert compared.requests_ratio <= WANTED
    assert compared.bytes_ratio <= WANTED_BYTES


def test_the_same_machine_is_known_again(desk: Desk, compared: Compared) -> None:
    assert compared.visit.lines["pc1"]["identity"] == "first"
    assert desk.school.play().lines["pc1"]["identity"] == "same"


def test_a_machine_that_falls_asleep_costs_no_other_its_verdicts(desk: Desk, compared: Compared) -> None:
    def waiting(line: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        command = ["sh", "-c", "cat >/dev/null; sleep 60"]
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)

    with Endpoint(waiting, USER, PASSWORD, desk.authority.context()) as endpoint:
        endpoint.strike(Trouble.SILENT, "Receive")
        desk.school.device("asleep", endpoint.port, **IMPATIENT)
        lines = desk.school.play().lines
    assert (lines["asleep"]["outcome"], lines["pc1"]["outcome"]) == ("unreachable", "observed")
    assert verdicts(lines["pc1"]) == verdicts(compared.visit.lines["pc1"])


def test_no_secret_is_printed_where_everything_is(desk: Desk) -> None:
    visit = desk.school.play("-vvvvvv", "--limit=pc1")
    assert visit.lines["pc1"]["outcome"] == "observed"
    assert "WINRM RESULT" in visit.output, "it did say more"
    assert not leaks(PASSWORD, visit.output, desk.school.folder)


def test_bitlocker_is_surveyed_by_a_module_that_compiles_there(desk: Desk) -> None:
    """Its C# is compiled whatever the step. What needs a key of the machine Wine cannot do (standins/README.md)."""
    wish = {"protector": "tpm", "preview": True}
    task = {"leeboard.schools.win_bitlocker": {"step": "survey", "wish": wish}}
    output = desk.school.task(task, "-v", "--check", "--limit=pc1").output
    assert '"C: the next restart tests its protector, and encryption begins"' in output, output
    assert '"changed": false' in output


def test_a_machine_that_is_lost_while_it_is_changed_has_failed(tmp_path: Path, machine: WindowsMachine) -> None:
    """Not unreachable: Ansible would go on to the next batch, and the change may have been made."""
    wine, lines = on_wine(machine.prefix), []

    def start(line: str) -> subprocess.Popen[bytes]:
        lines.append(line)
        if len(lines) == 4:  # it said that it is there, the check looked, the roll-out looked, and this is its change
            desk.endpoint.strike(Trouble.SILENT, "Receive")
        return wine(line)

    with ExitStack() as stack:
        desk = new_desk(tmp_path, start, stack)
        desk.school.device("pc1", desk.endpoint.port, leeboard_enforce=["LBL"], **IMPATIENT)
        visit = desk.school.play(playbook="rollout")
    assert len(lines) == 4, visit.output
    assert visit.status == 2
    line = visit.lines["pc1"]
    assert line["outcome"] == "observed", "before the change, which an undo has to find"
    assert "lost after a change" in line["message"]


@pytest.fixture
def locked(tmp_path: Path, machine: WindowsMachine) -> Iterator[Desk]:
    """A machine of the test's own, under App Control."""
    signing.lock_down(machine)
    with ExitStack() as stack:
        yield new_desk(tmp_path, on_wine(machine.prefix), stack)


def _one_error(visit: Visit, signed: str) -> None:
    """The whole visit is one error that says so and what to sign."""
    line = visit.lines["pc1"]
    assert line["outcome"] == "failed"
    assert "constrained language mode (App Control or AppLocker)" in line["message"]
    assert f"Sign {signed} with a certificate that its policy trusts" in line["message"]
    assert "findings" not in line


BOTH = "ansible.builtin and leeboard.schools"


def test_app_control_with_nothing_signed(locked: Desk) -> None:
    _one_error(locked.school.play(), BOTH)


def test_app_control_with_only_the_wrapper_trusted(locked: Desk, machine: WindowsMachine) -> None:
    signing.trust_signatures(machine)
    _one_error(locked.school.play(), BOTH)


def test_app_control_with_only_ansible_signed(locked: Desk, machine: WindowsMachine, tmp_path: Path) -> None:
    signing.trust_signatures(machine)
    _one_error(locked.school.play(**signing.signed_ansible(tmp_path / "core")), "leeboard.schools")


def test_app_control_with_all_signed(locked: Desk, machine: WindowsMachine, tmp_path: Path) -> None:
    """Signed, our code runs there as anywhere."""
    signing.trust_signatures(machine)
    signed = {
        **signing.signed_ansible(tmp_path / "core"),
        **signing.signed_collection(tmp_path / "collections"),
    }
    line = locked.school.play(**signed).lines["pc1"]
    assert line["outcome"] == "observed", line["message"]
