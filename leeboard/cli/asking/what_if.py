"""`leeboard what-if`: what another level, value or baseline would find on the devices, by what they last said."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.asking import kept
from leeboard.cli.asking.kept import Inventory, Json, Quiet
from leeboard.cli.asking.status import Wanted
from leeboard.cli.asking.subject import names_of, subject_of
from leeboard.cli.options import Database, Var
from leeboard.evidence.asking.what_if import Again, Sums, judged_again, never_observed
from leeboard.model.enums import Level
from leeboard.model.values import plain
from leeboard.model.words import iso
from leeboard.policy.load import load
from leeboard.policy.supposing import supposed
from leeboard.report.screen import Screen, stdout_console
from leeboard.report.what_if import SCHEMA, Examples, change_json, show, sums_json
from leeboard.verdict.what_if import Policy


def what_if(
    subject: Wanted = None,
    level: Annotated[Level | None, typer.Option(help="Every device at this level.")] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="CONTROL=VALUE", help="LCK-01=300, LCK-01.idle-delay=300; may be given again."),
    ] = None,
    baseline: Annotated[Path | None, typer.Option(help="The folder of another baseline.")] = None,
    inventory: Inventory = None,
    as_json: Json = False,
    quiet: Quiet = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Say what another level, value or baseline would find, by what each device last said. No device is asked.

    Devices are judged as they were last expected, with the risks that were accepted for them. What is asked of schools
    as a whole is no part of it. Ends with 0; 2 when something would be worse on a device; 3 when one could not be
    judged; 1 when Leeboard failed.
    """
    if level is None and not values and baseline is None:
        raise typer.BadParameter("say what is supposed: --level, --set or --baseline")
    with kept.opened(var, database, inventory, kept.now) as found:
        other = supposed(load(baseline) if baseline else found.baseline, values or ())
        about = subject_of(names_of(found.store, found.evidence, found.listed, found.source), subject)
        told = [f"every device had level {level.value}"] if level else []
        told += [f"the baseline was that in {plain(str(baseline), 200)}"] if baseline else []
        told += [f"it wanted {value}" for value in other.values]
        urns, keys = (None if about.urns is None else sorted(about.urns)), about.keys
        policies = (Policy(found.baseline), Policy(other.baseline, level))
        sums = Sums(never=never_observed(found.store, urns, keys))
        examples = Examples()
        judged = _counted(judged_again(found.store, policies, found.at, urns, keys), sums, examples)
        if as_json and not quiet:
            # A device at a time: what 25,000 of them come to is more than a controller should hold.
            sys.stdout.write(f'{{"schema": {SCHEMA}, "at": {json.dumps(iso(found.at))}, "devices": [')
            changed = (one for one in judged if one.judged.changes or one.judged.problem)
            for place, one in enumerate(changed):
                sys.stdout.write(f"{', ' if place else ''}{json.dumps(change_json(one))}")
            sys.stdout.write(f"], {json.dumps(sums_json(told, other.left, sums))[1:]}\n")
        else:
            for _ in judged:
                pass
            if not quiet:
                show(Screen(stdout_console()), told, other.left, sums, examples, other.baseline)
    return 3 if sums.problems else 2 if sums.worse else 0


def _counted(judged: Iterable[Again], sums: Sums, examples: Examples) -> Iterable[Again]:
    for one in judged:
        sums.add(one)
        examples.add(one)
        yield one
