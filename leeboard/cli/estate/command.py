"""`leeboard estate`: what an estate's files say, what is wrong with them, and lists of other programs into them."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from dataclasses import astuple, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from leeboard.cli.estate import importing
from leeboard.cli.find_estate import Inventory, opened
from leeboard.cli.group import group
from leeboard.errors import LeeboardError
from leeboard.estate.checking import check as find_problems
from leeboard.estate.estate import LONDON, School
from leeboard.estate.vpn import addresses
from leeboard.estate.vpn.allotting import Peer, allot
from leeboard.model.enums import Platform
from leeboard.model.values import plain
from leeboard.model.words import number
from leeboard.report.screen import stdout_console

PROBLEMS = 3  # docs/exit-codes.md: something is not known

app = group("List the schools of an estate, find what is wrong with its files, and import lists into them.")
app.add_typer(importing.app, name="import")


@app.command("list")
def list_schools(inventory: Inventory) -> None:
    """List the schools with their devices by platform, and what is wrong. Ends with 3 if anything is."""
    estate = opened(inventory)
    problems = find_problems(estate)
    table = Table(title=Text(plain(estate.name)), title_justify="left")
    for heading in ("URN", "School", "Phase"):
        table.add_column(heading)
    for heading in (*(platform.value for platform in Platform), "all", "problems"):
        table.add_column(heading, justify="right")
    for school in sorted(estate.schools, key=lambda school: school.settings.name.casefold()):
        wrong = sum(Path(problem.file).parent.name == school.folder.name for problem in problems)
        cells = [school.urn, school.settings.name, school.settings.phase]
        table.add_row(*(Text(plain(cell, 60)) for cell in cells), *_counts(school), str(wrong) if wrong else "")
    stdout_console().print(table)
    devices = sum(len(school.devices) for school in estate.schools)
    counts = (number(len(estate.schools), "school"), number(devices, "device"), number(len(problems), "problem"))
    typer.echo(", ".join(counts))
    _end(len(problems), [str(problem) for problem in problems])


@app.command()
def check(inventory: Inventory) -> None:
    """Say what is wrong with an estate's files, one line each. Ends with 3 if anything is."""
    estate = opened(inventory)
    problems = find_problems(estate)
    if not problems:
        typer.echo(f"{number(len(estate.schools), 'school')}, no problem")
    for problem in problems:
        typer.echo(str(problem))
    _end(len(problems), [])


@app.command("addresses")
def inner_addresses(
    inventory: Inventory,
    write: Annotated[
        bool, typer.Option("--write", help="Keep them in vpn/addresses.csv beside the declaration.")
    ] = False,
) -> None:
    """Give each device with the VPN an inner address of its own, and list them as CSV for its gateway.

    A device keeps its address, and nobody else gets it within a year. Ends with 3 if the estate has mistakes, and then
    gives none: a device that a mistake hides would lose its own.
    """
    estate = opened(inventory)
    problems = find_problems(estate)
    if problems:
        _end(len(problems), [str(problem) for problem in problems])
    allotted = allot(estate.schools, datetime.now(UTC).astimezone(ZoneInfo(LONDON)).date())
    if not allotted:
        raise LeeboardError(f"{inventory}: no vpn in it has networks to give addresses from; name them under vpn.inner")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([field.name for field in fields(Peer)])
    for one in allotted:
        writer.writerows(astuple(peer) for peer in one.peers)
        if one.changed and write:
            typer.echo(f"written: {addresses.write(one.folder, one.ledger)}", err=True)
        elif one.changed:
            typer.echo(f"not kept: {one.folder / addresses.FILE} would change; say --write", err=True)


def _counts(school: School) -> list[str]:
    by_platform = Counter(device.platform for device in school.devices)
    counts = [by_platform.get(platform, 0) for platform in Platform]
    return [str(count) for count in (*counts, sum(counts))]


def _end(count: int, lines: list[str]) -> None:
    for line in lines:
        typer.echo(f"problem: {line}", err=True)
    if count:
        raise typer.Exit(PROBLEMS)
