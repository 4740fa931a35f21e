"""A group of commands: plain help without boxes, by -h too, and failures as Python shows them."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from leeboard.cli import examples


class _Group(TyperGroup):
    """Click cuts what it says of a command at the end of a line; here the first sentence is wrapped.

    A command's help ends with its examples.
    """

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, with its examples."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and not command.epilog:
            path = f"{ctx.command_path} {cmd_name}".split(" ", 1)[1]
            command.epilog = examples.of(path) or None
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # of a Click that Typer keeps to itself
        """Write the list of commands."""
        shown = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.get_short_help_str(10_000)) for name, command in shown if command is not None]
            )


def group(help: str, completion: bool = False) -> typer.Typer:
    """A group of commands, which says what it is for where it is named without one.

    With `completion` it has the options that set up the shell's completion: the whole command line has them once.
    """
    return typer.Typer(
        cls=_Group,
        help=help,
        no_args_is_help=True,
        add_completion=completion,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
