"""`leeboard school`: what may be changed at a school, since when, by whose word, and to switch that on and off."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from leeboard.cli.find_estate import Inventory, opened, school_of
from leeboard.cli.group import group
from leeboard.cli.options import Var
from leeboard.cli.prompts import agreed
from leeboard.errors import LeeboardError
from leeboard.estate import enforcement, journal
from leeboard.estate.editing import Written, content_of, write_all
from leeboard.estate.estate import SCHOOL
from leeboard.estate.settings import families
from leeboard.model.enums import Mode
from leeboard.model.values import plain
from leeboard.model.words import LONDON, date_text
from leeboard.planning.plan import could_cut_off
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.report.screen import stdout_console
from leeboard.report.words import clean

app = group("Say what a roll-out may change at a school, and switch a family of controls on or off there.")


@app.command("list")
def list_schools(inventory: Inventory) -> None:
    """List the schools with the families that may be changed there, since when and by whose word."""
    estate = opened(inventory)
    table = Table(title=Text(plain(estate.name)), title_justify="left")
    for heading in ("URN", "School", "Family", "Since", "By"):
        table.add_column(heading)
    for school in sorted(estate.schools, key=lambda school: school.settings.name.casefold()):
        head = (school.urn, clean(school.settings.name, 60))
        lines = school.settings.enforce
        for entry in lines:
            table.add_row(*(Text(cell) for cell in (*head, entry.family, date_text(entry.since), clean(entry.by, 60))))
        if not lines:
            table.add_row(*(Text(cell) for cell in (*head, "none", "", "")))
    stdout_console().print(table)


@app.command()
def enforce(
    school: Annotated[str, typer.Argument(help="Its URN, its folder, its name, or a part of the name.")],
    family: Annotated[str, typer.Argument(help="A family of controls, such as LCK.")],
    inventory: Inventory,
    by: Annotated[str, typer.Option(help="By whose word: a name or a post. It is kept.")],
    stop: Annotated[bool, typer.Option("--stop", help="Switch the family off again.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    var: Var = Path("var"),
) -> None:
    """Let a roll-out change what a family of controls is about at a school, or stop that again.

    Nothing on a device is changed by this command. What is switched off stays as it is on the devices, and is reported.
    """
    estate = opened(inventory)
    target = school_of(estate, school)
    wanted = family.strip().upper()
    if wanted not in families():
        raise LeeboardError(f"there is no family {plain(family, 40)}; there are {', '.join(families())}")
    if not by.strip() or not by.isprintable():
        raise LeeboardError("--by: give a name or a post, in one line")
    if not stop and wanted not in changeable(load()):
        raise LeeboardError(f"Leeboard only reports {wanted} today, and changes nothing of it; nothing was switched")
    name, before = clean(target.settings.name, 60), enforcement.since(target.settings, wanted)
    if stop is (before is None):
        text = (
            f"since {date_text(before.since)}, by {clean(before.by, 60)}" if before else "nothing of it may be changed"
        )
        typer.echo(f"{name}: {wanted} is {'on already' if before else 'off already'} ({text})")
        return
    at = datetime.now(UTC)
    switch = enforcement.Switch(target.urn, wanted, not stop, by.strip(), at.astimezone(LONDON).date())
    path = target.folder / SCHOOL
    content = content_of(path)
    if content is None:
        raise LeeboardError(f"{path}: is gone; nothing was switched")
    written = enforcement.switched(content, switch, str(path))
    typer.echo(f"{name} ({target.urn}): {_switch_text(switch)}")
    if not stop and (drivers := risky(load(), wanted)):
        typer.echo(f"{could_cut_off(drivers)} (docs/rollout.md)")
    if not agreed(yes, "Do it?", "nothing was switched; give --yes to switch it"):
        typer.echo("Nothing was switched.")
        return
    # The journal first: that somebody asked is never lost, and the next run notes what the file really says.
    line = enforcement.journal_line(switch, at)
    write_all(
        target.folder.parent,
        [Written(path, written, content)],
        first=lambda: journal.add(var, target.urn, lambda _: [line]),
    )
    typer.echo(f"Written to {path} and {journal.path_of(var, target.urn)}.")


def changeable(baseline: Baseline) -> set[str]:
    """The families of which a roll-out writes something, at any level."""
    return {
        control.family
        for control in baseline.controls
        if Mode.ENFORCE in (control.mode.standard, control.mode.sensitive, control.mode.high)
        and any(setting.write is not None for setting in control.settings)
    }


def risky(baseline: Baseline, family: str) -> set[str]:
    """The drivers whose changes for a family could cut off whoever makes them."""
    written = (
        setting.driver
        for control in baseline.controls
        for setting in control.settings
        if control.family == family and setting.write is not None
    )
    return {driver for driver in written if baseline.drivers[driver].risk == "cut_off"}


def _switch_text(switch: enforcement.Switch) -> str:
    if switch.on:
        return f"a roll-out may change {switch.family} from {date_text(switch.day)} on, by {clean(switch.by, 60)}"
    return f"a roll-out may change {switch.family} no longer, by {clean(switch.by, 60)}; what it set stays as it is"
