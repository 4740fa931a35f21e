"""`leeboard escrow suspend`: what it refuses before Ansible is started, and what it hands over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leeboard.cli.escrow import devices
from leeboard.cli.main import app
from tests.unit.cli.escrow_controller import RUNNER, Controller, a_controller


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    with a_controller(tmp_path) as made:
        yield made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What Ansible would be asked for."""
    found: list[tuple[Any, ...]] = []

    def run(*given: Any) -> int:
        found.append(given)
        return 0

    monkeypatch.setattr(devices, "_run", run)
    return found


def options(**more: str) -> list[str]:
    given = {"inventory": "school.yml", "restarts": "1", "reason": "firmware", **more}
    return [part for name, value in given.items() for part in (f"--{name}", value)]


def test_it_hands_over_what_was_asked_for(controller: Controller, asked: list[tuple[Any, ...]]) -> None:
    controller.begin("head")
    reason = 'firmware {{ 7 * 7 }} leeboard_enforce=x \'of "docks"'
    assert controller.run("suspend", "EP-0001", *options(reason=reason, restarts="2"), "--dry-run")[0] == 0
    (given,) = asked
    work, device, inventory, school, secrets, extra, dry, var, _verbose = given
    assert (work, device, inventory, school, dry) == ("suspend", "EP-0001", Path("school.yml"), None, True)
    assert secrets == {"leeboard_suspension_reason": reason}, "no command line takes it apart"
    assert extra == {"recovery_keys_restarts": "2", "recovery_keys_days": "3"} and var == controller.var


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"restarts": "0"}, "--restarts is 1 to 3"),
        ({"restarts": "4"}, "--restarts is 1 to 3"),
        ({"days": "15"}, "--days is 1 to 14"),
        ({"reason": " "}, "--reason: say in one line why"),
        ({"reason": "two\nlines"}, "--reason: say in one line why"),
    ],
)
def test_what_has_no_end_or_no_reason_is_refused_in_one_line(
    controller: Controller, asked: list[tuple[Any, ...]], changed: dict[str, str], words: str
) -> None:
    controller.begin("head")
    status, said = controller.run("suspend", "EP-0001", *options(**changed))
    assert status == 1 and words in said and "\n" not in said.strip() and asked == []


def test_without_a_vault_nothing_is_asked(controller: Controller, asked: list[tuple[Any, ...]]) -> None:
    status, said = controller.run("suspend", "EP-0001", *options())
    assert status == 1 and "this controller has no vault" in said and asked == []


def test_its_help_says_what_it_costs() -> None:
    said = " ".join(RUNNER.invoke(app, ["escrow", "suspend", "--help"], env={"COLUMNS": "200"}).stdout.split())
    assert "Until Windows has switched protection on again the device is open to whoever has it" in said
    assert "Refused where no recovery password of it is kept and compared here" in said
