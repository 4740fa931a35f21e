"""`leeboard site`: what is kept as a folder of pages that open from a share, school by school."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.asking import kept
from leeboard.cli.asking.kept import Inventory, Quiet
from leeboard.cli.export import seen_with
from leeboard.cli.options import Database, Var
from leeboard.model.words import number
from leeboard.report.site.build import build


def site(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to write it: a new folder, or an older site.")
    ],
    inventory: Inventory = None,
    quiet: Quiet = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Write pages that open from a share, without a server: the estate, each school in a folder of its own, devices.

    A school's folder, FOLDER/schools/URN, can be handed over alone and holds nothing of others. Only what changed is
    written again. No device is visited. Ends with 0 once all is written, whatever it says; 3 when it is written and the
    inventory has mistakes; 1 when Leeboard failed.
    """
    with kept.opened(var, database, inventory, kept.now) as found:
        listed = found.listed
        problems = listed.problems if listed is not None else ()
        source = seen_with(listed, found.store, found.baseline, found.evidence, found.at)
        built = build(source, folder, problems, lambda urn: listed.mistakes({urn}) if listed is not None else ())
    for problem in problems:
        typer.echo(f"problem: {problem}", err=True)
    if not quiet:
        typer.echo(f"{number(built.schools, 'school')} with {number(built.devices, 'device')}: {folder / 'index.html'}")
        done = built.files
        typer.echo(f"{number(done.written, 'file')} written, {done.kept:,} as they were, {done.removed:,} removed.")
    return 3 if problems else 0
