"""`leeboard export`: what is kept, in the formats of other programs. No device is asked."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from leeboard.ansible import inventory as inventories
from leeboard.ansible.inventory import EstateInventory
from leeboard.cli.options import Database, Var
from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.recording import heartbeat
from leeboard.evidence.store.store import Store
from leeboard.model.values import plain
from leeboard.model.words import number
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.report.export.exporting import PARTIAL, Wanted, write
from leeboard.report.export.exporting import export as write_files
from leeboard.report.export.source import Source, read_since

Format = Literal["xlsx", "csv", "json", "junit", "sarif", "prometheus"]


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(UTC)


def export(
    format: Annotated[Format, typer.Argument(help="What to write.")],
    school: Annotated[
        str | None, typer.Argument(metavar="SCHOOL", help="Only this school: its URN, or its name or a part of it.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="The file to write, or a folder for a file a school (default: onto standard output)."),
    ] = None,
    inventory: Annotated[
        Path | None,
        typer.Option(
            "--inventory", "-i", help="The inventory: its devices, waivers and schools, instead of those last recorded."
        ),
    ] = None,
    changed_since: Annotated[
        str | None,
        typer.Option(metavar="DAY|RUN", help="Only devices that changed since this day (UTC), or after this run."),
    ] = None,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Write what is kept for other programs: a workbook, CSV, JSON, JUnit, SARIF, or figures for Prometheus.

    No device is asked, and nothing is loaded: it says what the store knows, at this moment. A file is written whole or
    not at all. The formats are described in docs/exports.md.

    Exit codes: 0, also where something has drifted; 3 when it is written and the inventory has mistakes; 1 when the
    tool failed.
    """
    if changed_since and format not in PARTIAL:
        raise typer.BadParameter(f"--changed-since goes with {', '.join(PARTIAL)}; {format} is always of all devices")
    if format == "xlsx" and to is None:
        raise typer.BadParameter("a workbook needs a file: give it with --to")
    if to is not None and not to.is_dir() and not to.suffix:
        raise typer.BadParameter(f"--to {to}: there is no such folder; make it, or give a file such as {to}.{format}")
    if format == "prometheus" and school and to is not None and to.is_dir():
        raise typer.BadParameter(
            "in that folder stand the figures of all schools; for one of them name a file with --to"
        )
    at, baseline = now(), load()
    listed = _listed(inventory, baseline)
    problems = listed.problems if listed is not None else ()
    since = read_since(changed_since, at) if changed_since else None
    with Store(database or var / "leeboard.db") as store:
        source = seen_with(listed, store, baseline, var / "evidence", at)
        if school and listed is not None:
            _refuse_without_devices(listed, school)
        beat = heartbeat.last(var)
        wanted = Wanted(format, source.urns(school), since, beat.at if beat else None)
        if not wanted.urns:
            raise LeeboardError(f"{store.shown}: knows of no school yet; run leeboard drift, or leeboard ingest")
        if to is None:
            write(source, wanted, wanted.urns, sys.stdout.buffer, piped=True)
            sys.stdout.buffer.flush()
        else:
            written = write_files(source, wanted, to)
            typer.echo(f"{number(len(written), 'file')} of {number(len(wanted.urns), 'school')} in {to}")
    for problem in problems:
        typer.echo(f"problem: {problem}", err=True)
    return 3 if problems else 0


def opened(
    store: Store, baseline: Baseline, var: Path, inventory: Path | None, at: datetime
) -> tuple[Source, tuple[str, ...]]:
    """What is kept, seen with an inventory or without one, and the inventory's mistakes. Raises LeeboardError."""
    listed = _listed(inventory, baseline)
    return seen_with(listed, store, baseline, var / "evidence", at), listed.problems if listed is not None else ()


def _listed(inventory: Path | None, baseline: Baseline) -> EstateInventory | None:
    if inventory is None:
        return None
    return inventories.read(inventories.file_of(inventory), tuple(baseline.parameters))


def seen_with(listed: EstateInventory | None, store: Store, baseline: Baseline, evidence: Path, at: datetime) -> Source:
    """What is kept, of the devices that an inventory lists; without one of all that the store has heard of."""
    if listed is None:
        return Source(store, baseline, evidence, at)
    by_school: dict[str, list[Expected]] = {}
    for device in listed.devices:
        by_school.setdefault(device.urn, []).append(device)
    return Source(store, baseline, evidence, at, by_school, listed.schools)


def _refuse_without_devices(listed: EstateInventory, word: str) -> None:
    """Raise LeeboardError for a school of the estate files that has no device, and say why it has none."""
    here = {device.urn for device in listed.devices}
    for school in listed.estate.schools if listed.estate else ():
        names = (school.urn, school.settings.name.casefold(), school.folder.name.casefold())
        if school.urn not in here and word.casefold() in names:
            why = next(map(str, school.problems), f"{school.folder}: its devices.csv has no device")
            raise LeeboardError(f"{plain(school.settings.name, 60)} ({school.urn}): no device of it is known. {why}")
