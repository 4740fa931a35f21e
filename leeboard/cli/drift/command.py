"""`leeboard drift`: check a school's devices, or this very machine, and say what has drifted."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from leeboard.ansible import inventory as inventories
from leeboard.ansible import unchecked
from leeboard.ansible.clone import THIS_MACHINE, is_clone, require_collection
from leeboard.cli.drift import package_lock
from leeboard.cli.drift.progress import AT_ONCE, by_design, check_schools, last_words, own_nights, page_name, schools_of
from leeboard.cli.options import Database, Var
from leeboard.errors import LeeboardError
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.notes.forgotten import of_devices
from leeboard.evidence.recording import heartbeat
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.enums import Form, Level, Role
from leeboard.model.words import number
from leeboard.policy.load import load
from leeboard.report import page, terminal
from leeboard.report.changes_since import write_news
from leeboard.report.controller_checks import Sources, school_statuses
from leeboard.report.formats import WRITERS
from leeboard.report.screen import stderr_console, stdout_console
from leeboard.verdict.status import EstateStatus

BROKE_OFF = 20_000  # characters of what a check said that broke off: its end, where the cause stands
PORTABLE_CHASSIS = {"8", "9", "10", "11", "14", "30", "31", "32"}  # SMBIOS 3.7, table 17


def drift(
    inventory: Annotated[
        Path | None, typer.Option("--inventory", "-i", help="An Ansible inventory: a file, or a folder with one.")
    ] = None,
    this_machine: Annotated[
        bool, typer.Option("--this-machine", help="Check the machine that you are sitting at. Nothing is changed.")
    ] = False,
    school: Annotated[str | None, typer.Option(help="Only this school: its URN, or its name or a part of it.")] = None,
    device: Annotated[str | None, typer.Option(help="Only this device: its asset tag, host or name.")] = None,
    format: Annotated[Literal["table", "json", "csv", "junit"], typer.Option(help="What to print.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option(
            "--page",
            help="Where to write the page (default: drift.html in --var, and of one school drift-URN.html).",
        ),
    ] = None,
    news: Annotated[
        Path | None, typer.Option(help="Also write what is new since the last time into this file.")
    ] = None,
    var: Var = Path("var"),
    database: Database = None,
    level: Annotated[Level | None, typer.Option(help="With --this-machine: the level to check against.")] = None,
    form: Annotated[Form | None, typer.Option(help="With --this-machine: how it is built (default: as seen).")] = None,
    role: Annotated[Role | None, typer.Option(help="With --this-machine: what it is for.")] = None,
    at_once: Annotated[
        int, typer.Option(min=1, max=64, help="How many schools are checked side by side (default: one a processor).")
    ] = AT_ONCE,
    anew: Annotated[
        bool, typer.Option("--anew", help="Check all schools again, also where a check was stopped a while ago.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only what is wrong, and nothing where nothing is.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what Ansible printed as well.")] = False,
) -> int:
    """Check devices against their baseline and say what has drifted. Nothing on them is changed.

    Ends with 0 when nothing has drifted, 2 with drift, 3 when something could not be checked, 1 when Leeboard failed.
    With --this-machine: 0 when every control could be checked, drift or not, as far as the account's rights go.
    While apt or dpkg changes packages it waits for half a minute, and then ends with 3.
    """
    if this_machine == (inventory is not None):
        raise typer.BadParameter("give an inventory with -i, or --this-machine")
    if not this_machine and (level or form or role):
        raise typer.BadParameter("--level, --form and --role go with --this-machine; elsewhere the inventory says them")
    if quiet and (verbose or format != "table"):
        raise typer.BadParameter("--quiet prints what is wrong, as text; --verbose and --format print more")
    if device and (this_machine or news):
        raise typer.BadParameter("--device goes with an inventory, and without --news, which are of whole schools")
    require_collection()
    if this_machine and (changing := package_lock.wait(_to_stderr)):
        message = "is still changing packages on this machine, so that little could be told of it"
        _to_stderr(f"{changing} {message}; run it again when that has ended")
        return 3
    baseline = load()
    source = inventories.file_of(inventory or THIS_MACHINE)
    extra = _about_this_machine(level, form, role) if this_machine else {}
    listed = inventories.read(source, tuple(baseline.parameters), extra)
    devices = listed.of_school(school) if school else listed.devices
    if device:
        devices = (replace(listed, devices=devices).named(device, source),)
    progress = stderr_console()
    schools = schools_of(listed, devices, source, all_of_it=school is None and not device, single=device is not None)
    shown = Console(quiet=True, force_terminal=False) if quiet else progress
    checked = check_schools(schools, source, var, at_once, anew, extra, shown, verbose)
    if checked.broken and not verbose:
        outputs = [run.result.output.strip()[-BROKE_OFF:] for run in checked.broken]
        progress.print("\n".join(outputs), markup=False, highlight=False)
    if not quiet and (warning := unchecked.line(checked.unchecked)):
        _to_stderr(warning)
    if schools and not checked.runs:
        raise LeeboardError("Ansible recorded nothing of this check; what it said stands above")
    broken = tuple(
        f"school {run.school.urn}: its check broke off: {last_words(run.result.output)}" for run in checked.broken
    )
    evidence = var / "evidence"
    folders = [evidence / urn for urn in sorted({device.urn for device in devices})]
    with Store(database or var / "leeboard.db") as opened:
        before = {urn: school.predecessors for urn, school in listed.schools.items()}
        older = [evidence / urn for folder in folders for urn in before.get(folder.name, ())]
        loaded = ingest(opened, [folder for folder in (*older, *folders) if folder.is_dir()], baseline, evidence)
        at = datetime.now(UTC)
        gone = of_devices(evidence, devices)
        away = sorted(urn for urn, school in listed.schools.items() if not school.reachable)
        runs = checked.runs | own_nights(opened.bundles(away, latest=True), at)
        status = estate_status(opened, baseline, devices, at, runs=runs, before=before, forgotten=gone)
        sources = Sources(opened, evidence, listed.schools)
        # The machine that somebody sits at is no school, and neither is one device of it.
        whole = () if this_machine or device else school_statuses(sources, baseline, devices, at)
    problems = (*broken, *listed.problems, *loaded.problems, *status.problems)
    seen = by_design(status.devices, listed)
    status = replace(status, devices=seen, problems=problems, schools=whole)
    named = f"drift-{devices[0].asset}.html" if device else page_name(school, source, devices, this_machine)
    written = (output or var / named).resolve()
    page.write_page(status, written)
    if news is not None:
        write_news(status, news, whole=school is None)
    if not this_machine and school is None and not device and not broken:
        many = len({device.urn for device in devices})
        heartbeat.beat(var, heartbeat.Heartbeat(datetime.now(UTC), many, len(devices), status.exit_code))
    if quiet:
        terminal.show_wrong(status, stdout_console(), exit_code=not this_machine)
    elif format in WRITERS:
        WRITERS[format](status, sys.stdout)
    else:
        terminal.show(status, stdout_console(), exit_code=not this_machine)
        print(f"\nThe page: {written}")
    if schools and len(broken) == len(schools):
        raise LeeboardError("Ansible broke the check off; what it said stands above")
    return _this_machines_end(status, "" if quiet else format) if this_machine else status.exit_code


def _to_stderr(message: str) -> None:
    print(message, file=sys.stderr)


def _about_this_machine(level: Level | None, form: Form | None, role: Role | None) -> dict[str, str]:
    """Inventory variables for this machine, as far as they are asked for or can be seen."""
    extra = {name: str(value) for name, value in (("level", level), ("form", form), ("role", role)) if value}
    chassis = Path("/sys/class/dmi/id/chassis_type")
    if form is None and chassis.is_file() and chassis.read_text().strip() in PORTABLE_CHASSIS:
        extra["form"] = str(Form.PORTABLE)
    return {f"leeboard_{name}": value for name, value in extra.items()}


def _this_machines_end(status: EstateStatus, format: str) -> int:
    """0 when the check did its job; 3 when a control could not be read for any other reason than missing rights."""
    findings = [finding for device in status.devices for finding in device.findings]
    unread = [finding for finding in findings if finding.verdict == "error"]
    rootless = [finding.control for finding in unread if finding.needs_root_only]
    if format == "table":
        if rootless and os.geteuid() != 0:
            again = "make drift" if is_clone() else f"{Path(sys.argv[0]).resolve()} drift --this-machine"
            print(f"\n{', '.join(rootless)}: only root can read this. Run it again as root: sudo {again}")
        busy = [
            finding.control
            for finding in unread
            if {j.code for j in finding.judged if j.verdict == "error"} == {"busy"}
        ]
        if busy:
            many = number(len(busy), "control")
            print(f"\n{many} could not be read since something was at work meanwhile ({', '.join(busy)}); run it again")
        if is_clone():
            print("\nTo check a school: leeboard drift -i inventories/example --school 'Example Primary'")
            print("Its devices stand in inventories/example/example-primary/devices.csv; docs/inventory.md says how.")
        else:
            print("\nTo check a school: leeboard drift -i INVENTORY --school 'Its name'")
    return 3 if status.problems or len(rootless) != len(unread) else 0
