"""ENC-07 by what Active Directory holds: visits and roll-outs of a laptop over the state machine, and a real slapd.

The directory has what the test puts there; that Windows' own call writes such objects is shown by nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.plugin_utils import prepared

from tests.credentials.door import LOOPBACK
from tests.credentials.recovery_directory import BASE, READER, RecoveryDirectory

from . import volume_time
from .bitlocker_bench import Bench
from .test_bitlocker_action import Controller, a_laptop_in_clear
from .test_bitlocker_directory import AD, JOIN
from .wire.certificates import Authority
from .wire.secrets import leaks

PASSWORD, OTHER = "Canary-9060 'reads'", "{BBBBBBBB-1111-4222-8333-000000000009}"
SECRET = "000011-" * 7 + "000022"


@pytest.fixture
def controller(bench: Bench, tmp_path: Path) -> Iterator[Controller]:
    (tmp_path / "controller").mkdir()
    with a_laptop_in_clear(bench, tmp_path / "controller") as made:
        JOIN["ad"](made.device.state)
        yield made


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[RecoveryDirectory]:
    authority = Authority(tmp_path / "authority")
    computers = {"office-1": {}, "office-2": {OTHER: SECRET}}
    made = RecoveryDirectory(tmp_path / "slapd", authority.issue(), PASSWORD, computers)
    made.variables = {
        "leeboard_recovery_passwords": "ad", "leeboard_directory_password": PASSWORD,
        "leeboard_directory": {
            "server": LOOPBACK, "port": made.port, "base": BASE, "user": READER, "ca": str(authority.path)
        },
    }  # fmt: skip
    yield made
    made.close()


def held(outcome: dict[str, Any]) -> tuple[str, str]:
    """Whether Active Directory holds the passwords, as the evidence has it, and the words."""
    (control,) = (one for one in json.loads(outcome["leeboard"])["findings"] if one["control"] == "ENC-07")
    (one,) = (one for one in control["judged"] if one["setting"] == "windows-kept-ad")
    return one["verdict"], f"{one.get('seen', '')} {one.get('reason', '')}"


def run(controller: Controller, directory: RecoveryDirectory, check: bool = False) -> dict[str, Any]:
    """A run of its own: what a directory said to another one is forgotten."""
    prepared.directories.cache_clear()
    return controller.roll_out(check=check, **directory.variables)


def test_from_a_laptop_in_clear_to_one_whose_keys_the_directory_holds(
    controller: Controller, directory: RecoveryDirectory, tmp_path: Path
) -> None:
    assert held(run(controller, directory, check=True))[0] == "compliant", "nothing is encrypted yet"
    given: set[str] = set()
    for _night in range(4):
        outcome = run(controller, directory)
        assert not outcome["failed"], outcome["msg"]
        volume_time.restart(controller.device.state)
        volume_time.hours(controller.device.state, 60)
        for one in controller.passwords():
            if one["id"] not in given:
                assert one["taken"] == ["ad"]
                verdict, words = held(run(controller, directory, check=True))
                assert verdict == "drifted" and f"does not have its recovery password {one['id']}" in words, words
                directory.give("office-1", one["id"], one["password"])
                given.add(one["id"])
    assert len(given) == 2
    verdict, words = held(run(controller, directory, check=True))
    assert verdict == "compliant" and f"({LOOPBACK} was asked)" in words, words
    again = run(controller, directory)
    assert not again["changed"] and not again["failed"]
    for secret in (PASSWORD, *(one["password"] for one in controller.passwords())):
        assert not leaks(secret, *controller.said, directory.log, tmp_path / "controller")


def test_one_that_is_gone_there_is_given_away_again_and_the_next_run_changes_nothing(
    controller: Controller, directory: RecoveryDirectory
) -> None:
    for _night in range(4):
        assert not controller.roll_out(leeboard_recovery_passwords="ad")["failed"]
        controller.night()
    before = list(controller.device.changes)
    preview = run(controller, directory, check=True)
    assert preview["changed"] and "its recovery password goes to the directory" in preview["msg"], preview["msg"]
    mended = run(controller, directory)
    assert mended["changed"] and not mended["failed"], mended["msg"]
    assert set(controller.device.changes[len(before) :]) <= {AD}
    for one in controller.passwords():
        directory.give("office-1", one["id"], one["password"])
    again = run(controller, directory)
    assert held(again)[0] == "compliant" and not again["changed"]


def test_a_directory_that_does_not_answer_is_an_error_and_changes_nothing(
    controller: Controller, directory: RecoveryDirectory
) -> None:
    for _night in range(4):
        assert not controller.roll_out(leeboard_recovery_passwords="ad")["failed"]
        controller.night()
    directory.close()
    for check in (True, False):
        outcome = run(controller, directory, check=check)
        verdict, words = held(outcome)
        assert verdict == "error" and "Connection refused" in words and not outcome["changed"], words
    wrong = {**directory.variables, "leeboard_directory": "dc1"}
    prepared.directories.cache_clear()
    verdict, words = held(controller.roll_out(check=True, **wrong))
    assert verdict == "error" and "has to name server, base and user" in words
