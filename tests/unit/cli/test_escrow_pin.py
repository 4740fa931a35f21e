"""`leeboard escrow pin`: one device's PIN, typed twice on the terminal, handed over in memory and shown nowhere."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leeboard.cli import prompts
from leeboard.cli.escrow import devices
from leeboard.cli.main import app
from leeboard.errors import LeeboardError
from leeboard.model.enums import Level, Platform
from tests.unit.cli.escrow_controller import RUNNER

COMMAND = ["escrow", "pin", "EP-0001", "-i", "school.yml"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What Ansible would be asked for; the device is a Windows one of level high unless a test says otherwise."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(devices, "_run", lambda *given: found.append(given) or 0)
    there(monkeypatch, Platform.WINDOWS, Level.HIGH)
    return found


def there(patch: pytest.MonkeyPatch, platform: Platform, level: Level) -> None:
    patch.setattr(devices, "_target", lambda *_: SimpleNamespace(platform=platform, level=level))


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> tuple[int, str]:
    """The command on a terminal on which these lines are typed: exit code, and all that was printed or said."""
    monkeypatch.setattr(prompts, "_terminal", lambda _message: None)
    done = RUNNER.invoke(app, COMMAND, input="".join(f"{line}\n" for line in lines), env={"COLUMNS": "200"})
    if isinstance(done.exception, LeeboardError):
        return 1, done.stdout + str(done.exception)
    return done.exit_code, done.output


def test_it_is_typed_twice_and_handed_over_in_memory(
    monkeypatch: pytest.MonkeyPatch, asked: list[tuple[Any, ...]]
) -> None:
    status, said = typed(monkeypatch, "19283746", "19283746")
    assert status == 0 and "A PIN for EP-0001" in said and "19283746" not in said
    ((work, device, inventory, school, secrets, extra, dry, _var, _verbose),) = asked
    assert (work, device, inventory, school, extra, dry) == ("bring", "EP-0001", Path("school.yml"), None, {}, False)
    assert secrets == {"leeboard_disk_pin": "19283746"}


def test_two_that_differ_are_asked_for_again(monkeypatch: pytest.MonkeyPatch, asked: list[tuple[Any, ...]]) -> None:
    status, said = typed(monkeypatch, "19283746", "19283747", "29283746", "29283746")
    assert status == 0 and asked[0][4] == {"leeboard_disk_pin": "29283746"}
    assert not any(pin in said for pin in ("19283746", "19283747", "29283746"))


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        ("1928374", "the PIN must have 8 to 64 characters at level high"),
        ("1928374a", "the PIN has other characters than digits"),
        ("1" * 21, "the PIN has more than 20 digits"),
        ("\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", "the PIN has characters that not every keyboard types"),
        ("1928374 ", "a blank at its end"),
    ],
)
def test_what_is_no_pin_is_refused_before_the_device_is_asked(
    monkeypatch: pytest.MonkeyPatch, asked: list[tuple[Any, ...]], pin: str, words: str
) -> None:
    status, said = typed(monkeypatch, pin, pin)
    assert status == 1 and words in said and "nothing was changed" in said and pin not in said and asked == []


def test_a_disk_of_linux_takes_letters(monkeypatch: pytest.MonkeyPatch, asked: list[tuple[Any, ...]]) -> None:
    there(monkeypatch, Platform.LINUX, Level.STANDARD)
    assert typed(monkeypatch, "hedge7", "hedge7")[0] == 0 and len(asked) == 1
    assert typed(monkeypatch, "hedge", "hedge")[0] == 1 and len(asked) == 1


def test_without_a_terminal_nothing_is_asked(asked: list[tuple[Any, ...]]) -> None:
    done = RUNNER.invoke(app, COMMAND, input="19283746\n19283746\n")
    assert isinstance(done.exception, LeeboardError) and "the PIN has to be typed" in str(done.exception)
    assert "run this on a terminal" in str(done.exception) and asked == []


def test_a_pin_is_no_option_and_no_argument() -> None:
    """Whoever lists the processes of the controller would read it."""
    assert RUNNER.invoke(app, [*COMMAND, "19283746"]).exit_code == 2
    assert RUNNER.invoke(app, [*COMMAND, "--pin", "19283746"]).exit_code == 2
