"""`leeboard example`: a small invented estate with evidence, to try the commands without a device."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.asking import kept
from leeboard.example.build import INVENTORY, build
from leeboard.model.words import local, number

TRY = (
    f"leeboard status -i {INVENTORY}",
    f"leeboard worklist -i {INVENTORY}",
    "leeboard history EP-0001",
    "leeboard evidence EP-0004 --at {day}",
    f"leeboard report -i {INVENTORY}",
    f"leeboard site site -i {INVENTORY}",
    f"leeboard summary example-primary -i {INVENTORY}",
    "leeboard what-if --level high",
)


def example(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write it: a new folder, or an empty one.")],
) -> None:
    """Make a small invented estate with evidence of some nights, to try the commands without a device.

    Nobody has these schools and devices. What they answer is shipped with Leeboard and replayed, and goes the way of
    every evidence; the names of the schools say so on each page. Their addresses lead nowhere.
    """
    built = build(folder, kept.now())
    many = f"{number(built.schools, 'invented school')} with {number(built.devices, 'device')}"
    typer.echo(f"{folder}: {many}, and what they answered in {number(built.nights, 'night')} (replayed, not visited).")
    typer.echo(f"The last night was {local(built.last)}. Try there:\n")
    typer.echo(f"  cd {shlex.quote(str(folder))}")
    for line in TRY:
        typer.echo(f"  {line.format(day=built.stolen.isoformat())}")
