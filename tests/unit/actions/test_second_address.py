"""A silent device is looked for at its second address: once, by ssh, with the host key of the first."""

from __future__ import annotations

import shlex
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.leeboard.schools.plugins.plugin_utils.second_address import turned
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit

from tests.unit.actions.checkpoint_double import DoubleConnection

INNER = {"leeboard_inner_address": "10.99.0.2"}
SILENT = "Failed to connect to the host via ssh: ssh: connect to host lt-1 port 22: Connection timed out"
REFUSED = "Failed to connect to the host via ssh: technician@lt-1: Permission denied (publickey)."


def a_connection(transport: str = "ssh", **more: Any) -> DoubleConnection:
    connection = DoubleConnection(transport)
    connection.options |= {"host": "lt-1", "port": None, "ssh_common_args": None, **more}
    return connection


@pytest.mark.parametrize(
    ("port", "alias"), [(None, "lt-1"), (22, "lt-1"), (2222, "[lt-1]:2222")], ids=["none", "22", "2222"]
)
def test_the_host_key_is_that_of_the_first_address(port: int | None, alias: str) -> None:
    connection = a_connection(port=port, ssh_common_args="-o ProxyJump=a@jump.example")
    assert turned(connection, INNER)
    assert connection.options["host"] == "10.99.0.2"
    arguments = shlex.split(connection.options["ssh_common_args"])
    done = subprocess.run(["ssh", "-G", "-F", "none", *arguments, "h"], capture_output=True, text=True, check=True)
    said = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    assert (said["hostkeyalias"], said["proxyjump"]) == (alias, "a@jump.example")
    assert not turned(connection, INNER), "it is there already"


@pytest.mark.parametrize(
    ("transport", "variables"),
    [("ssh", {}), ("ssh", {"leeboard_inner_address": "lt-1"}), ("winrm", INNER), ("local", INNER)],
)
def test_what_has_no_second_address_stays_where_it_is(transport: str, variables: dict[str, str]) -> None:
    connection = a_connection(transport)
    before = dict(connection.options)
    assert not turned(connection, variables) and connection.options == before


class DoubleAction:
    """An action whose device answers, or fails, as is said for each address in turn."""

    def __init__(self, **answers: list[str]) -> None:
        self._connection = a_connection()
        self.answers = answers
        self.asked: list[str] = []

    def _execute_module(self, module: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        host = self._connection.options["host"]
        self.asked.append(host)
        said = self.answers["inner" if host == "10.99.0.2" else "first"].pop(0)
        if said != "here":
            raise AnsibleConnectionFailure(said)
        return {"changed": False}


def a_visit(action: DoubleAction, variables: dict[str, str]) -> Visit:
    visit = Visit.__new__(Visit)
    visit._action, visit._task_vars, visit._answered = action, variables, False
    visit.device = SimpleNamespace(name="lt-1.900001")
    return visit


def test_a_silent_device_answers_at_its_second_address() -> None:
    action = DoubleAction(first=[SILENT], inner=["here", "here"])
    visit = a_visit(action, INNER)
    assert visit.ask("m", {}) == {"changed": False} == visit.ask("m", {})
    assert action.asked == ["lt-1", "10.99.0.2", "10.99.0.2"]


def test_who_is_silent_at_both_is_unreachable() -> None:
    action = DoubleAction(first=[SILENT], inner=[SILENT])
    assert a_visit(action, INNER).ask("m", {})["unreachable"] is True
    assert action.asked == ["lt-1", "10.99.0.2"]


@pytest.mark.parametrize(
    ("answers", "variables"),
    [(["here", SILENT], INNER), ([REFUSED], INNER), ([SILENT], {})],
    ids=["it had answered", "it is not silent", "it has none"],
)
def test_in_all_other_cases_nothing_else_is_tried(answers: list[str], variables: dict[str, str]) -> None:
    """A device that has answered is not looked for elsewhere: a change that shut us out must not go unnoticed."""
    action = DoubleAction(first=list(answers))
    visit = a_visit(action, variables)
    last = [visit.ask("m", {}) for _ in answers][-1]
    assert last.get("unreachable") or last.get("failed")
    assert action.asked == ["lt-1"] * len(answers)
