"""Options of the commands that look at evidence; they are the same everywhere."""

from __future__ import annotations

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
