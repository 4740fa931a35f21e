"""`leeboard waiver`: list accepted risks, check them, write a new one, pin one to its settings, end one."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from leeboard.ansible import inventory as inventories
from leeboard.ansible.inventory import EstateInventory
from leeboard.cli.find_estate import opened, school_of
from leeboard.cli.group import group
from leeboard.cli.options import Database, Var
from leeboard.cli.prompts import agreed
from leeboard.errors import LeeboardError
from leeboard.estate import journal, waiver_files
from leeboard.estate.estate import SCHOOL, read_estate
from leeboard.estate.journal import Journal, WaiverLine
from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.drifted_values import drifted
from leeboard.evidence.store.store import Store
from leeboard.model.accepted import EVERYTHING, PIN, Accepted
from leeboard.model.values import plain
from leeboard.model.waiver import LONGEST, Waiver, day_of, parse_one
from leeboard.model.words import date_text
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.report import json_report, overview, terminal
from leeboard.report.screen import stdout_console
from leeboard.storage.lock_owner import account
from leeboard.verdict import waivers
from leeboard.verdict.status import EstateStatus

NOTHING_KNOWN = "the store has nothing of it that drifted on these devices"
PROBLEMS = 3  # exit code: the tool worked, and something has no effect that somebody relies on

app = group("Accepted risks: list them, check them, write a new one into a school's file, and end one.")
Inventory = Annotated[
    Path, typer.Option("--inventory", "-i", help="An inventory: a file such as estate.yml, or a folder with one.")
]
School = Annotated[str | None, typer.Option(help="Only this school: its URN, or its name or a part of it.")]
FORMAT_HELP = "What to print; docs/waivers.md describes the JSON."


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(UTC)


@app.command("list")
def list_waivers(
    inventory: Inventory,
    school: School = None,
    format: Annotated[Literal["table", "json"], typer.Option(help=FORMAT_HELP)] = "table",
) -> None:
    """List every waiver: for what and whom, by whose word, until when, and how many days are left.

    Those without effect stand first, then those that end first. Nothing is looked at on any device.
    """
    at, status = _status(inventory, school)
    if format == "json":
        data = {
            "schema": json_report.SCHEMA,
            "at": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "waivers": [json_report.waiver(risk) for risk in overview.risks(status)],
            "problems": [plain(problem, json_report.LONGEST) for problem in status.problems],
        }
        sys.stdout.write(json.dumps(data, ensure_ascii=True) + "\n")
        return
    terminal.show_risks(status, stdout_console())


@app.command()
def check(inventory: Inventory, school: School = None) -> None:
    """Say what is wrong with the waivers of an inventory, one line for each, and nothing else.

    Ends with 0 when nothing is, 3 when a waiver has no effect or the inventory has another mistake, 1 when Leeboard
    failed.
    """
    _, status = _status(inventory, school)
    for problem in status.problems:
        typer.echo(plain(problem, 1000))
    if status.problems:
        count = len(status.problems)
        typer.echo(f"{count} problem{'s' if count > 1 else ''}; docs/waivers.md says what a waiver needs", err=True)
        raise typer.Exit(PROBLEMS)


@app.command()
def new(
    school: Annotated[str, typer.Argument(help="The school's folder; with -i also its URN, its name or a part of it.")],
    control: Annotated[str, typer.Option(help="The control that is waived, such as LCK-01.")],
    reason: Annotated[str, typer.Option(help="Why the risk is taken, in a sentence.")],
    owner: Annotated[str, typer.Option(help="The post that answers for the risk.")],
    approved_by: Annotated[str, typer.Option(help="Who approved it.")],
    last_day: Annotated[str, typer.Option(help="Its last day, such as 2027-07-20; at most a year after the first.")],
    devices: Annotated[str, typer.Option(help="For these devices: asset tags with commas between.")] = "",
    roles: Annotated[str, typer.Option(help="For all devices with these roles, with commas between.")] = "",
    school_wide: Annotated[bool, typer.Option("--school-wide", help="For the whole school.")] = False,
    siro: Annotated[
        bool, typer.Option("--siro", help="The SIRO approved it, as a control of critical severity needs.")
    ] = False,
    granted: Annotated[str | None, typer.Option(help="Its first day (default: today).")] = None,
    id: Annotated[
        str | None, typer.Option("--id", help="Its name (default: the next free one, as in W-2026-001).")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write it without asking.")] = False,
    inventory: Annotated[Path | None, typer.Option("--inventory", "-i", help="The estate that has the school.")] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Name no settings: cover whatever the control ever finds.")
    ] = False,
    var: Var = Path("var"),
    database: Database = None,
) -> None:
    """Write a new waiver into a school's waivers.yml. It is shown first, and written when you say yes.

    It names the settings of the control that have drifted on its devices, with the values that the last check found: a
    value that is better is covered too, and anything else in the control stays drift. What `leeboard waiver check`
    would find fault with is not written. Comments and order of the file stay.
    """
    at = now()
    folder = _folder(school, inventory)
    content = waiver_files.content_of(folder)
    first = granted or str(day_of(at))
    risk = _validated(
        {
            "id": id or _next_id(content, first),
            "control": control.strip().upper(),
            "devices": _split(devices),
            "roles": [role.lower() for role in _split(roles)],
            "school": school_wide,
            "reason": reason,
            "owner": owner,
            "approved_by": approved_by,
            "siro": siro,
            "granted": first,
            "last_day": last_day,
        }
    )
    baseline = load()
    listed = inventories.read(folder / SCHOOL, tuple(baseline.parameters))
    objection = _objection(risk, content, folder, listed.devices, baseline, at)
    if objection:
        raise LeeboardError(f"{objection}; nothing was written")
    settings = () if everything else _drifted_settings([risk], listed.devices, baseline, var, database)[0]
    risk = risk.model_copy(update={"settings": settings})
    path = folder / waiver_files.FILE
    changed = waiver_files.added(content, risk, str(path))
    print(f"{path} gets this entry:\n\n{waiver_files.entry(risk)}")
    print(_effect(risk, listed.devices, at))
    print(_coverage(risk, everything))
    if not agreed(yes, "Write it?", "nothing was written; give --yes to write it"):
        print("Nothing was written.")
        return
    _write(folder, changed, content, var, lambda _: [_line(at, risk.id, "new", risk)])


@app.command()
def pin(
    school: Annotated[str, typer.Argument(help="The school's folder; with -i also its URN, its name or a part of it.")],
    id: Annotated[str | None, typer.Option("--id", help="Only this waiver, also where it names settings.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write it without asking.")] = False,
    inventory: Annotated[Path | None, typer.Option("--inventory", "-i", help="The estate that has the school.")] = None,
    var: Var = Path("var"),
    database: Database = None,
) -> None:
    """Let the waivers of a school that cover everything name settings and values: those that have drifted now.

    Taken from the last check of their devices, shown first, and written when you say yes. Read them before: what is
    named is accepted.
    """
    at = now()
    folder = _folder(school, inventory)
    content = waiver_files.content_of(folder)
    path = folder / waiver_files.FILE
    existing = waiver_files.read_waivers(content or b"", str(path)).waivers
    if id is not None and all(waiver.id != id for waiver in existing):
        raise LeeboardError(f"{path}: there is no waiver {plain(id, 60)} in it that makes sense; nothing was written")
    chosen = [
        waiver
        for waiver in existing
        if (not waiver.settings if id is None else waiver.id == id) and waiver.days_left(at) >= 0
    ]
    if not chosen or content is None:
        print("Nothing to pin: every waiver that has not ended names its settings.")
        return
    baseline = load()
    listed = inventories.read(folder / SCHOOL, tuple(baseline.parameters))
    values = _drifted_settings(chosen, listed.devices, baseline, var, database)
    settings = {waiver.id: named for waiver, named in zip(chosen, values, strict=True) if named}
    for waiver in chosen:
        if waiver.id in settings:
            print(f"{waiver.id} ({waiver.control}, {waiver.scope}) will cover:")
            print("".join(f"  {named.text}\n" for named in settings[waiver.id]), end="")
        else:
            print(f"{waiver.id} ({waiver.control}, {waiver.scope}) stays as it is: {NOTHING_KNOWN}.")
    if not settings:
        return
    if not agreed(yes, "Write it?", "nothing was written; give --yes to write it"):
        print("Nothing was written.")
        return
    lines = [
        _line(at, one.id, "pin", one.model_copy(update={"settings": settings[one.id]}))
        for one in chosen
        if one.id in settings
    ]
    _write(folder, waiver_files.pinned(content, settings, str(path)), content, var, lambda _: lines)


@app.command()
def end(
    school: Annotated[str, typer.Argument(help="The school's folder; with -i also its URN, its name or a part of it.")],
    id: Annotated[str, typer.Option("--id", help="The waiver, such as W-2026-001.")],
    reason: Annotated[str, typer.Option(help="Why it ends, in a sentence. The school's journal keeps it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Write it without asking.")] = False,
    inventory: Annotated[Path | None, typer.Option("--inventory", "-i", help="The estate that has the school.")] = None,
    var: Var = Path("var"),
) -> None:
    """End a waiver before its last day: what it covered is drift from the next check on.

    Its entry is taken out of the file, whose comments and order stay; the school's journal keeps it, with the reason.
    """
    at = now()
    if not reason.strip() or not reason.isprintable() or len(reason) > LONGEST["reason"]:
        raise LeeboardError(f"--reason: say why, in one line of at most {LONGEST['reason']} characters")
    folder = _folder(school, inventory)
    content = waiver_files.content_of(folder) or b""
    path = folder / waiver_files.FILE
    risk = next((one for one in waiver_files.read_waivers(content, str(path)).waivers if one.id == id), None)
    if risk is None:
        raise LeeboardError(f"{path}: there is no waiver {plain(id, 60)} in it that makes sense; nothing was written")
    changed = waiver_files.ended(content, id, str(path))
    print(f"{risk.id} ({risk.control}, {risk.scope}), {risk.summary}")
    print(f"Its entry is taken out of {path}, and what it covers is drift from the next check on.")
    if not agreed(yes, "Write it?", "nothing was written; give --yes to write it"):
        print("Nothing was written.")
        return

    def lines(kept: Journal) -> list[WaiverLine]:
        # One that came in by hand, and that no run has seen since, is in the journal before it goes.
        unseen = [] if kept.waiver(id) == risk else [_line(at, id, "by hand", risk)]
        return [*unseen, _line(at, id, "end", None, reason.strip())]

    _write(folder, changed, content, var, lines)


def _line(
    at: datetime, id: str, how: Literal["new", "pin", "end", "by hand"], waiver: Waiver | None, reason: str = ""
) -> WaiverLine:
    by = "" if how == "by hand" else account()
    return WaiverLine(at=at, kind="waivers", id=id, how=how, by=by, waiver=waiver, reason=reason)


def _write(
    folder: Path, changed: bytes, seen: bytes | None, var: Path, lines: Callable[[Journal], list[WaiverLine]]
) -> None:
    """Write a school's waivers, the lines in its journal first. Raises LeeboardError."""
    estate = read_estate(folder / SCHOOL)
    if not estate.schools:
        raise LeeboardError(f"{estate.problems[0]}; nothing was written")
    urn = estate.schools[0].urn
    path = waiver_files.write(folder, changed, seen, lambda: journal.add(var, urn, lines))
    print(f"Written: {path} and {journal.path_of(var, urn)}")


def _drifted_settings(
    risks: Sequence[Waiver], devices: Sequence[Expected], baseline: Baseline, var: Path, database: str | None
) -> list[tuple[Accepted, ...]]:
    """For each of these waivers the settings that have drifted on its devices, as the store has it."""
    own = var / "leeboard.db"
    if database is None and not own.exists():
        return [() for _ in risks]
    with Store(database or own) as store:
        return [
            drifted(
                store,
                baseline,
                [device.device for device in devices if risk.covers(device.asset, device.role)],
                risk.control,
                now(),
            )
            for risk in risks
        ]


def _coverage(risk: Waiver, everything: bool) -> str:
    if risk.settings:
        return f"It covers {risk.covered}. Anything else in {risk.control} stays drift, and a roll-out mends it."
    why = "" if everything else f"{NOTHING_KNOWN}, so it names no settings. "
    then = "" if everything else f" {PIN}, once they were checked."
    return f"{why[:1].upper()}{why[1:]}It covers {EVERYTHING}.{then}"


def _status(inventory: Path, school: str | None) -> tuple[datetime, EstateStatus]:
    """The waivers of an inventory as they stand now, and all that is wrong with them."""
    at = now()
    baseline = load()
    listed = inventories.read(inventory, tuple(baseline.parameters))
    devices: tuple[Expected, ...] = listed.of_school(school) if school else listed.devices
    standings = waivers.standings(devices, baseline, at)
    problems = (*_of_school(listed, school, devices), *waivers.void(standings))
    return at, EstateStatus((), baseline, at, problems, waivers=standings)


def _of_school(listed: EstateInventory, school: str | None, devices: tuple[Expected, ...]) -> tuple[str, ...]:
    """The inventory's problems; with a school, without those that are plainly another's."""
    if school is None:
        return listed.problems
    mine = {device.urn for device in devices}
    others = {device.urn for device in listed.devices} | listed.schools.keys()
    places = [f"school {urn}:" for urn in others - mine]
    files = [listed.schools[urn].file for urn in (others & listed.schools.keys()) - mine]
    places += [f"{file.parent}{os.sep}" for file in files if file is not None]
    return tuple(problem for problem in listed.problems if not problem.startswith(tuple(places)))


def _folder(school: str, inventory: Path | None) -> Path:
    """The folder of a school: itself, its school.yml, or with an inventory its URN or name."""
    if inventory is not None:
        return school_of(opened(inventory, whole=True), school).folder
    folder = Path(school)
    folder = folder.parent if folder.name == SCHOOL else folder
    if not (folder / SCHOOL).is_file():
        raise LeeboardError(
            f"{plain(school)}: there is no {SCHOOL} in it; give the school's folder, or its name with -i. In another "
            "kind of inventory write the waiver into the variable leeboard_waivers by hand: docs/waivers.md shows how"
        )
    return folder


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _next_id(content: bytes | None, granted: str) -> str:
    """The next number of the year, those of entries that make no sense included: no id is given twice."""
    year = granted[:4]
    text = (content or b"").decode("utf-8", "replace")
    used = [int(number) for number in re.findall(rf"\bW-{re.escape(year)}-([0-9]{{1,6}})\b", text)]
    return f"W-{year}-{max(used, default=0) + 1:03}"


def _validated(fields: dict[str, Any]) -> Waiver:
    scopes = [name for name in ("devices", "roles", "school") if fields[name]]
    if len(scopes) != 1:
        raise LeeboardError("give exactly one of --devices, --roles and --school-wide")
    result = parse_one({key: value for key, value in fields.items() if value not in ([], False)})
    if not isinstance(result, Waiver):
        raise LeeboardError(f"{result}; nothing was written")
    return result


def _objection(
    risk: Waiver, content: bytes | None, folder: Path, devices: tuple[Expected, ...], baseline: Baseline, at: datetime
) -> str:
    """What `check` would say of this waiver once it stood in the file; "" when nothing."""
    path = folder / waiver_files.FILE
    existing = waiver_files.read_waivers(content or b"", str(path))
    if any(waiver.id == risk.id for waiver in existing.waivers):
        return f"{risk.id} is the id of another waiver already; give a free one with --id"
    why = waivers.refused(risk, baseline) or waivers.unmatched(risk, devices)
    if why:
        return why
    if risk.days_left(at) < 0:
        return f"its last day, {date_text(risk.last_day)}, has passed; give a later one with --last-day"
    after = [_with(device, *existing.waivers, risk) for device in devices]
    mine = next(
        (standing for standing in waivers.standings(after, baseline, at) if standing.waiver.id == risk.id), None
    )
    return mine.problem if mine is not None else "it concerns no device of the school"


def _with(device: Expected, *risks: Waiver) -> Expected:
    own = tuple(risk.narrowed(device.asset) for risk in risks if risk.covers(device.asset, device.role))
    return device.model_copy(update={"waivers": own})


def _effect(risk: Waiver, devices: tuple[Expected, ...], at: datetime) -> str:
    """The effect of a new waiver, in a few lines."""
    count = sum(risk.covers(device.asset, device.role) for device in devices)
    since = "from now on" if risk.holds(at) else f"from {date_text(risk.granted)}"
    left = (risk.last_day - max(risk.granted, day_of(at))).days + 1
    return (
        f"It concerns {count} device{'' if count == 1 else 's'}, {since}, to the end of {date_text(risk.last_day)} "
        f"({left} day{'' if left == 1 else 's'})."
    )
