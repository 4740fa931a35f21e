"""`leeboard evidence`: what was known of a device on a day, from the bundle of that time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.asking import kept
from leeboard.cli.asking.kept import Inventory, Json, Kept, Quiet, print_json
from leeboard.cli.asking.subject import Subject, names_of, subject_of
from leeboard.cli.options import Database, Var, day_given
from leeboard.errors import LeeboardError
from leeboard.evidence.asking.at_day import nights, read_night
from leeboard.model.words import LONDON, date_text, midnight
from leeboard.report.at_day import Answer, as_json, show
from leeboard.report.screen import Screen, stdout_console

NOT_WHOLE = 3  # exit code: the bundle is not there, or not as it was written


def evidence(
    device: Annotated[str, typer.Argument(help="Its asset tag, host or name.")],
    at: Annotated[
        datetime | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            parser=day_given,
            help="What was known at the end of this day, in Europe/London. Else now.",
        ),
    ] = None,
    inventory: Inventory = None,
    json: Json = False,
    quiet: Quiet = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Say what was known of a device on a day: the last run that observed it until then, its bundle and its hash.

    The bundle itself is read, and its hash compared with the one that was loaded. Ends with 0; 3 when the bundle is
    gone or not as it was written; 1 for a name that is not known.
    """
    with kept.opened(var, database, inventory, kept.now) as found:
        about = subject_of(names_of(found.store, found.evidence, found.listed, found.source), device)
        if about.kind != "device":
            raise LeeboardError(f"{about.label}: is no device; leeboard history tells of a school")
        answer = _answer(found, about, at)
        if json and not quiet:
            print_json(as_json(answer))
        elif not quiet:
            show(Screen(stdout_console()), answer, found.baseline)
    return NOT_WHOLE if answer.problems else 0


def _answer(found: Kept, about: Subject, at: datetime | None) -> Answer:
    # The next midnight by the clocks there, which is 23 or 25 hours away when they change.
    day = at.date() if at is not None else found.at.astimezone(LONDON).date()
    until = midnight(day + timedelta(days=1)).astimezone(UTC)
    with found.store.reading() as session:
        counts = nights(session, about.keys, until)
    seen = counts.observed
    filed = read_night(found.evidence / seen.urn, seen, found.baseline) if seen is not None else None
    late = counts.expected if counts.expected != seen else None
    last = read_night(found.evidence / late.urn, late, found.baseline) if late is not None else None
    newest = last or filed
    carried = newest.device if newest is not None else None
    moment = until - timedelta(seconds=1)
    accepted = tuple(waiver for waiver in (carried.waivers if carried else ()) if waiver.holds(moment))
    return Answer(about.label, date_text(day), until, counts, filed, last, accepted)
