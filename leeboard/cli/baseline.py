"""`leeboard baseline`: check a baseline, show what it wants of a device, and make its schemas and its page."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from leeboard.cli.group import group
from leeboard.errors import LeeboardError
from leeboard.model.values import plain
from leeboard.model.waiver import day_of
from leeboard.policy import schema as schemas
from leeboard.policy.controls_page import controls_page
from leeboard.policy.lint import lint as find_problems
from leeboard.policy.load import load
from leeboard.policy.show import Shown, ShownSetting
from leeboard.policy.show import show as show_device
from leeboard.policy.standards_page import standards_page
from leeboard.report.screen import stdout_console

PROBLEMS = 2  # exit code: the tool worked, and what it looked at is not right

app = group("Check a baseline, show what it wants of a device, make its schemas and page.")
Check = Annotated[bool, typer.Option("--check", help="Say what is out of date; ends with 2 if anything is.")]
Write = Annotated[bool, typer.Option("--write", help="Write what is out of date.")]


def today() -> date:
    """The controller's day, in Europe/London."""
    return day_of(datetime.now(UTC))


@app.command()
def lint(
    folder: Annotated[Path | None, typer.Argument(help="The folder with levels.yml and controls/.")] = None,
) -> None:
    """Find everything that is wrong with a baseline (the shipped one by default). Ends with 2 if anything is.

    A control whose sources nobody has looked at for twelve months is wrong too.
    """
    problems = find_problems(folder, today())
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        typer.echo(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}", err=True)
        raise typer.Exit(PROBLEMS)


@app.command()
def show(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="The device's name in the inventory or asset tag.")],
    inventory: Annotated[
        Path, typer.Option("--inventory", "-i", help="An Ansible inventory: a file, or a folder with one.")
    ],
    format: Annotated[Literal["table", "json"], typer.Option(help="What to print.")] = "table",
) -> None:
    """Show what is wanted of a device, and where each value comes from."""
    # Here, since it starts Ansible's machinery and the other commands need none of it.
    from leeboard.ansible import inventory as inventories

    baseline = load()
    listed = inventories.read(inventory, tuple(baseline.parameters), with_origins=True)
    for problem in listed.problems:
        typer.echo(f"leeboard: {problem}", err=True)
    chosen = listed.named(device, inventory)
    if chosen.problem:
        raise LeeboardError(chosen.problem)
    shown = show_device(baseline, chosen, listed.origins.get(chosen.name, {}))
    if format == "json":
        json.dump(shown.as_json(), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _print(shown, stdout_console())


@app.command()
def schema(check: Check = False, write: Write = False) -> None:
    """Make the JSON schemas of a baseline's files, which editors complete and check with."""
    _one_of(check, write)
    if write:
        for path in schemas.write():
            typer.echo(f"{path}: written")
        return
    _end(schemas.stale())


@app.command()
def docs(
    check: Check = False,
    write: Write = False,
    folder: Annotated[Path, typer.Option(help="The folder of the pages.")] = Path("docs"),
) -> None:
    """Make the pages that describe every control, and every question of every standard."""
    _one_of(check, write)
    baseline = load()
    stale = []
    for name, wanted in (("controls.md", controls_page(baseline)), ("standards.md", standards_page(baseline))):
        path = folder / name
        try:
            present = path.read_text(encoding="utf-8") if path.is_file() else None
            if write and present != wanted:
                path.write_text(wanted, encoding="utf-8")
                typer.echo(f"{path}: written")
        except OSError as problem:
            raise LeeboardError(f"{path}: {problem.strerror}; run this at the root of the repository") from None
        if present != wanted:
            stale.append(f"{path}: is not what the baseline says; run leeboard baseline docs --write")
    if check:
        _end(stale)


def _one_of(check: bool, write: bool) -> None:
    if check == write:
        raise typer.BadParameter("give --check or --write")


def _end(problems: list[str]) -> None:
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(PROBLEMS)


def _print(shown: Shown, console: Console) -> None:
    device = shown.device
    heading = f"{device.name}: {device.platform}, {device.form}, role {device.role}, level {device.level}"
    console.print(Text(heading, style="bold"))
    before = ""
    for setting in shown.settings:
        if setting.control != before:
            console.print(Text(f"\n{setting.control}", style="bold"))
        before = setting.control
        console.print(Text(f"  {setting.setting}: {plain(setting.wanted, 80)} [{_mode(setting)}]"))
        written = f"writes {setting.writes}; " if setting.writes else ""
        console.print(Text(f"      {written}{setting.origin}", style="dim"))
    console.print()
    for control, reason in shown.not_asked:
        console.print(Text(f"{control}: {reason}"))


def _mode(setting: ShownSetting) -> str:
    if setting.state == "planned":
        return "planned"
    return "enforce, once switched on" if setting.mode == "enforce" and not setting.switched_on else setting.mode
