"""Options of the commands that look at evidence; they are the same everywhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

Var = Annotated[Path, typer.Option("--var", envvar="LEEBOARD_VAR", help="Folder for all that Leeboard keeps.")]
Database = Annotated[
    str | None,
    typer.Option(
        "--database", envvar="LEEBOARD_DATABASE", help="File or PostgreSQL URL; by default leeboard.db in --var."
    ),
]


def day_given(text: str) -> datetime:
    """The midnight that begins a day as people type it: YYYY-MM-DD, without a time zone. For an option's `parser`.

    Raises typer.BadParameter, which says how a day is written: Click would name strptime's own format.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day: write it as YYYY-MM-DD") from None
