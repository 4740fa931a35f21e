"""The help texts of groups of commands."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from leeboard.cli.main import app


@pytest.mark.parametrize("words", [(), ("baseline",), ("escrow",), ("estate",), ("estate", "import"), ("waiver",)])
def test_what_a_command_is_for_is_not_cut_off(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"})
    commands = done.output.partition("Commands:\n")[2]
    assert done.exit_code == 0 and commands and "..." not in commands
    assert max(map(len, done.output.splitlines())) <= 80
