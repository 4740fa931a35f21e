"""`leeboard history`: since when, what got worse or better, who accepted it until when, which run saw it mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.asking import kept
from leeboard.cli.asking.kept import Inventory, Json, Kept, Quiet, print_json
from leeboard.cli.asking.subject import Subject, in_policy, names_of, subject_of
from leeboard.cli.options import Database, Var
from leeboard.estate import journal
from leeboard.estate.journal import WaiverLine
from leeboard.evidence.asking.drifted_then import first_run
from leeboard.evidence.asking.history import Scope, events, observed, spells
from leeboard.evidence.asking.names import device_of
from leeboard.model.device import URN
from leeboard.report.history import Acceptance, History, as_json, show
from leeboard.report.screen import Screen, stdout_console


def history(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="DEVICE|CONTROL|SETTING|SCHOOL", help="Such as EP-0001, LCK-01 or LCK-01.idle-delay, or a school."
        ),
    ],
    school: Annotated[str | None, typer.Option(help="Of a control or setting: at this school only.")] = None,
    inventory: Inventory = None,
    most: Annotated[int, typer.Option(min=0, help="How many lines of what happened; 0 shows all.")] = 40,
    json: Json = False,
    quiet: Quiet = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Say what is not well since when, what got worse or better, who accepted what until when, and which run mended it.

    It comes from the store: each change of each setting that was ever seen. Ends with 0, and with 1 for a name that is
    not known.
    """
    with kept.opened(var, database, inventory, kept.now) as found:
        about = in_policy(found.baseline, subject)
        names = names_of(found.store, found.evidence, found.listed, found.source)
        where = subject_of(names, school) if school else None
        told = _history(found, about or subject_of(names, subject), where)
    if json and not quiet:
        print_json(as_json(told))
    elif not quiet:
        show(Screen(stdout_console()), told, most or None)
    return 0


def _history(found: Kept, about: Subject, where: Subject | None) -> History:
    urns = where.urns if where is not None else about.urns
    scope = Scope(urns=None if about.keys else urns, keys=about.keys, controls=about.controls, setting=about.setting)
    with found.store.reading() as session:
        every = tuple(spells(session, scope))
        runs = observed(session, about.keys)
        began = first_run(session, urns) if not about.keys else None
    accepted = tuple(_accepted(found, about, urns))
    first, last = (runs[0].at, runs[-1].at) if runs else (None, None)
    label = f"{about.label} at {where.label}" if where is not None else about.label
    one = about.kind == "device"
    return History(label, one, found.at, every, tuple(events(every)), accepted, first if one else began, first, last)


def _accepted(found: Kept, about: Subject, urns: frozenset[str] | None) -> Iterator[Acceptance]:
    """What the journals of the schools say of waivers that concern the subject."""
    folder = found.var / "schools"
    there = sorted(path.stem for path in folder.glob("*.jsonl") if URN.match(path.stem)) if folder.is_dir() else []
    device = device_of(found.store, about.keys) if about.keys else None
    for urn in there:
        if urns is not None and urn not in urns:
            continue
        known: dict[str, WaiverLine] = {}
        for line in journal.lines_of(found.var, urn):
            if not isinstance(line, WaiverLine):
                continue
            # What is taken out concerns whom it concerned before.
            meant = line if line.waiver is not None else known.get(line.id)
            known[line.id] = meant or line
            waiver = meant.waiver if meant is not None else None
            if waiver is None or (about.controls and waiver.control not in about.controls):
                continue
            if device is not None and not waiver.covers(device.asset, device.role):
                continue
            by = waiver.approved_by if line.waiver is not None else line.by
            day = waiver.last_day if line.waiver is not None else None
            reason = waiver.reason if line.waiver is not None else line.reason
            yield Acceptance(line.at, urn, line.id, waiver.control, waiver.covered, by, day, line.how, reason)
