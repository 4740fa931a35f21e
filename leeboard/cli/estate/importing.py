"""`leeboard estate import`: the national register and lists of devices into an estate, shown before it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from leeboard.cli.estate import import_preview
from leeboard.cli.find_estate import Inventory, opened, school_of
from leeboard.cli.group import group
from leeboard.cli.options import Var
from leeboard.cli.prompts import agreed
from leeboard.errors import LeeboardError
from leeboard.estate.devices import DeviceRow, read_devices
from leeboard.estate.editing import Written, content_of, write_all
from leeboard.estate.estate import DEVICES, SCHOOL, Estate
from leeboard.estate.importing import mapping
from leeboard.estate.importing import register as registers
from leeboard.estate.importing.devices import read_list
from leeboard.estate.importing.devices_file import devices_file
from leeboard.estate.importing.plan import Defaults, plan
from leeboard.estate.importing.schools import NO_LEVEL, Known, Options, SchoolPlan, plan_school
from leeboard.evidence.notes import pins
from leeboard.model.device import URN
from leeboard.model.enums import Form, Level, Platform, Role
from leeboard.model.identity import usable_serial
from leeboard.model.problem import Mistake, Problem
from leeboard.report.screen import stdout_console
from leeboard.storage import files

PROBLEMS = 3  # docs/exit-codes.md: something is not known
MOST_BYTES = 32 * 1024 * 1024  # of a list of devices

app = group("Import the national register or a list of devices. Shows what would change, and asks.")
Phase = Literal["nursery", "primary", "middle", "secondary", "all_through", "special", "alternative", "post_16"]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command()
def register(
    file: Annotated[Path, typer.Argument(help="The register's CSV of establishment fields (edubasealldata...csv).")],
    inventory: Inventory,
    urn: Annotated[
        list[str] | None, typer.Option(metavar="URN", help="A school by its URN; may be given several times.")
    ] = None,
    laestab: Annotated[
        list[str] | None, typer.Option(metavar="LAESTAB", help="A school by its LAESTAB, such as 999/2001.")
    ] = None,
    la: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE", help="All open schools of an LA by its code, such as 999; may be given several times."
        ),
    ] = None,
    links: Annotated[
        Path | None, typer.Option(help="The register's CSV of links (links_edubasealldata...csv).")
    ] = None,
    successor_of: Annotated[
        list[str] | None,
        typer.Option(metavar="URN", help="The URN whose history goes on in the school, where no links say so."),
    ] = None,
    phase: Annotated[Phase | None, typer.Option(help="For a school of which the register says no phase.")] = None,
    level: Annotated[Level | None, typer.Option(help="The level of a new school (default: estate.yml's).")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    var: Var = Path("var"),
) -> None:
    """Add schools from the national register, or bring those of the estate up to date (where none is named).

    Of an LA closed and independent schools are not taken; name those that are meant by --urn. Ends with 0; 3 when rows
    made no sense or a school was not found, though the others were imported; 1 when nothing was done.
    """
    estate = opened(inventory, whole=True)
    if estate.file.name == SCHOOL:
        raise LeeboardError(f"{estate.file}: belongs to no estate.yml; schools are added to an estate")
    wrong = [value for value in (*(urn or ()), *(successor_of or ())) if not URN.match(value)]
    if wrong:
        raise LeeboardError(f"{ascii(wrong[0])[:40]} is no URN; a URN has six digits")
    if successor_of and (la or len(urn or ()) + len(laestab or ()) != 1):
        raise LeeboardError("--successor-of is about one school; give its --urn or --laestab, and no other")
    if la and phase:
        raise LeeboardError("--phase is not that of a whole LA; give it with the --urn of a school")
    numbers = tuple(registers.laestab_of(number) for number in laestab or ())
    known = _known(estate)
    las = tuple(registers.la_of(code) for code in la or ())
    urns = set(urn or ()) if urn or numbers or las else set(known)
    result = registers.find(file, urns, numbers, las)
    schools, others = _chosen(result.schools, urns, numbers, las, set(known), file)
    linked, link_problems = registers.links(links, {school.urn for school in schools}) if links else ((), ())
    needed = estate.settings is None or estate.settings.level is None
    if las and needed and level is None and any(school.urn not in known for school in schools):
        raise LeeboardError(NO_LEVEL)  # once, and not for each of them
    more = Options(phase or "", level, needed, tuple(successor_of or ()))
    problems = [*estate.problems, *result.problems, *link_problems]
    every = []
    for school in schools:
        try:
            every.append(plan_school(school, known, linked, estate.file.parent, more))
        except LeeboardError as wrong:
            if school.la not in las or school.urn in urns:
                raise
            problems.append(Problem(str(file), str(wrong), school.row))  # the other schools of the LA go on
    problems += [
        Problem(str(file), f"has no school with the URN {missing}; is the file recent?")
        for missing in sorted(urns - {school.urn for school in schools})
    ]
    console = stdout_console()
    import_preview.show_schools(every, console)
    if others:
        typer.echo(f"not taken: {', '.join(f'{count} {why}' for why, count in sorted(Counter(others).items()))}")
    changing = [change for change in every if change.action != "unchanged"]
    _print_problems(problems)
    written = list(_school_files(changing))
    if changing and not dry_run and _agreed(yes):
        write_all(estate.file.parent, written)
        for change in changing:
            _carry_school(change, estate, var / "evidence")
        typer.echo(f"written: {', '.join(str(file.path) for file in written)}")
    if problems:
        raise typer.Exit(PROBLEMS)


@app.command()
def devices(
    file: Annotated[
        Path, typer.Argument(help="A list of devices: CSV or .xlsx, from AD, Intune, Snipe-IT or by hand.")
    ],
    school: Annotated[str, typer.Option(help="The school: its URN, folder, name or a part of the name.")],
    inventory: Inventory,
    sheet: Annotated[str | None, typer.Option(help="The workbook's sheet (default: the first that fits).")] = None,
    where: Annotated[
        str | None, typer.Option(metavar="COLUMN=WORD", help="Only rows that have this word in this column.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="COLUMN=KEY", help="What a column is (docs/import.md); may be given several times."
        ),
    ] = None,
    platform: Annotated[Platform | None, typer.Option(help="Of new devices that do not say.")] = None,
    form: Annotated[Form | None, typer.Option(help="Of new devices that do not say.")] = None,
    role: Annotated[Role | None, typer.Option(help="Of new devices that do not say.")] = None,
    remove_missing: Annotated[
        bool, typer.Option("--remove-missing", help="Take out devices that the list does not have, or has as gone.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    var: Var = Path("var"),
) -> None:
    """Import a list of one school's devices: new ones, changed fields, and what moved or was renamed, by serial.

    Ends with 0; 3 when rows made no sense, though the others were imported; 1 when nothing was done.
    """
    estate = opened(inventory, whole=True)
    target = school_of(estate, school)
    picked = _pair(where)
    try:
        mapped = [mapping.pair(text) for text in columns or ()]
    except Mistake as wrong:
        raise LeeboardError(wrong.message) from None
    content = files.read_regular(file, MOST_BYTES)
    if content is None:
        raise LeeboardError(f"{file}: there is no such file")
    listed = read_list(content, str(file), sheet, picked, mapped)
    if not listed.kind:
        raise LeeboardError(f"{listed.problems[0]}. Nothing was written")
    by_urn = {each.urn: each.devices for each in estate.schools}
    import_plan = plan(by_urn, target.urn, listed, Defaults(platform, form, role), remove_missing)
    _sound(estate, {target.urn, *(move.urn for move in import_plan.moved)})
    if remove_missing and (import_plan.problems or not listed.devices):
        _print_problems(import_plan.problems)
        raise LeeboardError(
            "--remove-missing: the list has rows that make no sense, or no device at all, so what is missing cannot be "
            "told; mend the list first. Nothing was written"
        )
    console = stdout_console()
    taken = (
        f", sheet {listed.sheet!r} (not {', '.join(map(repr, listed.other_sheets)) or 'any other'})"
        if listed.sheet
        else ""
    )
    console.print(f"{file}: {listed.kind}{ascii(taken)[1:-1]}", markup=False, highlight=False)
    import_preview.show_devices(import_plan, {each.urn: each.settings.name for each in estate.schools}, console)
    result = import_plan.result()
    written = list(_device_files(estate, result, target.urn))
    made = {str(file.path) for file in written if file.before is None}
    problems = [*(problem for problem in estate.problems if problem.file not in made), *import_plan.problems]
    _print_problems(problems)
    if import_plan.changes_anything and not dry_run and _agreed(yes):
        write_all(estate.file.parent, written)
        renamed = {
            change.after.asset: (target.urn, change.before.asset)
            for change in import_plan.changed
            if change.by == "serial"
        }
        origins = {asset: old for asset, old in renamed.items() if old[1] != asset}
        origins |= {move.after.asset: (move.urn, move.before.asset) for move in import_plan.moved}
        origins |= _inherited(target.settings.predecessors, [row for _, row in import_plan.added], var / "evidence")
        pins.carry(var / "evidence", target.urn, origins)
        typer.echo(f"written: {', '.join(str(file.path) for file in written)}")
    if problems:
        raise typer.Exit(PROBLEMS)


def _known(estate: Estate) -> dict[str, Known]:
    return {
        school.urn: Known(school.folder, school.settings, content_of(school.folder / SCHOOL) or b"")
        for school in estate.schools
    }


def _chosen(
    schools: Iterable[registers.RegisterSchool],
    urns: set[str],
    laestabs: Iterable[str],
    las: Collection[str],
    known: set[str],
    file: Path,
) -> tuple[list[registers.RegisterSchool], list[str]]:
    """The schools that were asked for; of several with one LAESTAB, as after a conversion, the one that is open.

    And why others of an LA are not taken. One that the estate has is always taken, to hear that it closed.
    """
    every = list(schools)
    chosen = [school for school in every if school.urn in urns]
    for laestab in laestabs:
        fits = [school for school in every if school.laestab == laestab]
        is_open = [school for school in fits if not school.is_closed] or fits
        if len(is_open) != 1:
            listed = ", ".join(f"{school.urn} {school.name} ({school.status})" for school in is_open) or "none"
            raise LeeboardError(f"{file}: {len(is_open)} schools have the LAESTAB {laestab}: {listed}; give --urn")
        chosen += [school for school in is_open if school not in chosen]
    of_las = [school for school in every if school.la in las and school not in chosen]
    others = [school.not_of_an_la for school in of_las if school.urn not in known and school.not_of_an_la]
    chosen += [school for school in of_las if school.urn in known or not school.not_of_an_la]
    if not chosen:
        raise LeeboardError(f"{file}: has none of these schools; is it the whole register, and recent?")
    return chosen, others


def _school_files(every: Iterable[SchoolPlan]) -> Iterable[Written]:
    for change in every:
        yield Written(change.folder / SCHOOL, change.content, change.before)
        devices = change.folder / DEVICES
        if change.action == "new" and content_of(devices) is None:
            yield Written(devices, devices_file((), None), None)


def _device_files(estate: Estate, result: Mapping[str, tuple[DeviceRow, ...]], first: str) -> Iterable[Written]:
    """The sheet that gets devices before those that lose some: killed in between, a device is twice and never lost."""
    schools = {school.urn: school for school in estate.schools}
    for urn in sorted(result, key=lambda key: key != first):
        path = schools[urn].folder / DEVICES
        before = content_of(path)
        if (read_devices(before)[0] if before is not None else ()) != schools[urn].devices:
            raise LeeboardError(f"{path}: somebody changed it meanwhile; nothing was written, import again")
        yield Written(path, devices_file(result[urn], before), before)


def _carry_school(change: SchoolPlan, estate: Estate, evidence: Path) -> None:
    """Carry the pins of a school's devices over to its new URN."""
    devices = next((school.devices for school in estate.schools if school.folder == change.folder), ())
    pins.carry(evidence, change.urn, _inherited(change.inherits, devices, evidence))


def _inherited(before: Iterable[str], devices: Iterable[DeviceRow], evidence: Path) -> dict[str, tuple[str, str]]:
    """Under which predecessor and tag each device was pinned, by its asset tag now: by serial, else by the same tag."""
    every = list(devices)
    origins = {}
    for urn in before:
        known = pins.read(pins.pins_path(evidence, urn))
        serials = {pin.sighting.serial: asset for asset, pin in known.items() if pin.sighting.serial}
        for row in every:
            asset = serials.get(usable_serial(row.serial) or "", row.asset)
            pinned = known[asset].sighting.serial if asset in known else None
            if asset in known and not (row.serial and pinned and pinned != usable_serial(row.serial)):
                origins[row.asset] = (urn, asset)
    return origins


def _sound(estate: Estate, urns: set[str]) -> None:
    """Refuse to write a devices.csv of which rows could not be read: they would be lost. Without any it is made."""
    for school in estate.schools:
        wrong = [problem for problem in school.problems if problem.file == str(school.folder / DEVICES)]
        if school.urn in urns and wrong and content_of(school.folder / DEVICES) is not None:
            raise LeeboardError(f"{wrong[0]} ({len(wrong)} such rows); mend that first, or they would be lost")


def _pair(where: str | None) -> tuple[str, str] | None:
    if where is None:
        return None
    column, sign, word = where.partition("=")
    if not sign or not column.strip() or not word.strip():
        raise LeeboardError("--where takes a column and a word, such as --where 'Location=Hill School'")
    return column.strip(), word.strip()


def _print_problems(problems: Iterable[Problem]) -> None:
    for problem in problems:
        typer.echo(f"problem: {problem}", err=True)


def _agreed(yes: bool) -> bool:
    if not agreed(yes, "Write this?", "look at the plan above, and give --yes (or --dry-run)"):
        raise LeeboardError("nothing was written")
    return True
