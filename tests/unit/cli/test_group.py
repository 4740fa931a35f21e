"""The help texts of groups of commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from leeboard.cli.main import app


def test_every_command_shows_its_help_by_h() -> None:
    commands = list(_commands(typer.main.get_command(app), ()))
    assert len(commands) > 60
    for words in commands:
        done = CliRunner().invoke(app, [*words, "-h"])
        assert done.exit_code == 0 and done.output.lstrip().startswith("Usage: "), words


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, (*words, name))


@pytest.mark.parametrize("words", [(), ("baseline",), ("escrow",), ("estate",), ("estate", "import"), ("waiver",)])
def test_what_a_command_is_for_is_not_cut_off(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"})
    commands = done.output.partition("Commands:\n")[2]
    assert done.exit_code == 0 and commands and "..." not in commands
    assert max(map(len, done.output.splitlines())) <= 80
