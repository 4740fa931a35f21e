"""The help texts of groups of commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from leeboard.cli.examples import EXAMPLES
from leeboard.cli.main import app

ENGLISH = {"sign-in", "roll-out", "roll-outs"}  # what may be parted


def test_every_command_shows_its_help_by_h_and_parts_no_code_and_no_name_at_a_hyphen() -> None:
    commands = list(_commands(typer.main.get_command(app), ()))
    assert len(commands) > 60
    for words in commands:
        done = CliRunner().invoke(app, [*words, "-h"], env={"COLUMNS": "80"})
        assert done.exit_code == 0 and done.output.lstrip().startswith("Usage: "), words
        assert "[[" not in done.output and "<list[" not in done.output.partition("Options:")[2], words
        parted = {first + rest.strip(".,:;") for first, rest in re.findall(r"(\S*\w-)\n\s+(\S+)", done.output)}
        assert parted <= ENGLISH, words
        assert all(len(line) <= 80 for line in done.output.partition("\n  Example")[2].splitlines()), words


@pytest.mark.parametrize(("command", "example"), [(name, one) for name, every in EXAMPLES.items() for one in every])
def test_each_example_stands_in_its_command_s_help_and_is_understood_by_it(command: str, example: str) -> None:
    said = CliRunner().invoke(app, [*command.split(), "-h"], env={"COLUMNS": "80"}).output
    assert " ".join(example.split()) in " ".join(said.split())
    prog, *words = shlex.split(example.replace("\\\n", ""))
    assert prog == "leeboard" and words[: len(command.split())] == command.split()
    group = typer.main.get_command(app)
    above = group.make_context("leeboard", words.copy(), resilient_parsing=False)
    while isinstance(above.command, TyperGroup):
        name, below, rest = above.command.resolve_command(above, [*above._protected_args, *above.args])
        assert name is not None and below is not None
        above = below.make_context(name, rest, parent=above)
    assert above.args == []
    with pytest.raises(typer.TyperException):
        below.make_context(name, [*rest, "--no-such-option"], parent=above.parent)


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
