"""`leeboard ingest`: evidence bundles into the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.options import Database, Var
from leeboard.evidence.ingest import ingest as load_all
from leeboard.evidence.store import Store
from leeboard.policy.load import load


def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Bundles or folders; by default the evidence folder in --var.")
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read every bundle again, also those that nobody wrote since the last time."),
    ] = False,
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Take the folders' schools out of the store first, and load all of their bundles."),
    ] = False,
    var: Var = Path("var"),
    database: Database = None,
) -> None:
    """Load evidence bundles into the store. Loading one twice changes nothing.

    Exit codes: 0, 3 when something could not be loaded or the chain of a school's bundles is broken, 1 when the tool
    failed.
    """
    with Store(database or var / "leeboard.db") as opened:
        done = load_all(opened, paths or [var / "evidence"], load(), var / "evidence", verify, anew)
    for note in done.notes:
        typer.echo(f"note: {note}", err=True)
    for problem in done.problems:
        typer.echo(f"problem: {problem}", err=True)
    typer.echo(f"{_count(done.new)} loaded, {done.known} already known, {len(done.problems)} problems")
    if done.problems:
        raise typer.Exit(3)


def _count(number: int) -> str:
    return f"{number} bundle{'' if number == 1 else 's'}"
