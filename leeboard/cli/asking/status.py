"""`leeboard status`, `worklist` and `report`: how things stand by what is kept, without a visit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from leeboard.cli.asking import kept
from leeboard.cli.asking.kept import Inventory, Json, Kept, Quiet, print_json
from leeboard.cli.asking.subject import Subject, names_of, subject_of
from leeboard.cli.options import Database, Var
from leeboard.errors import LeeboardError
from leeboard.model.words import iso
from leeboard.report import overview, page, standing, terminal, worklist_text
from leeboard.report.formats import WRITERS
from leeboard.report.pdf import write as print_pdf
from leeboard.report.screen import Screen, stdout_console
from leeboard.report.worklist import worklist as items_of
from leeboard.verdict.status import EstateStatus

Wanted = Annotated[
    str | None,
    typer.Argument(metavar="SCHOOL|DEVICE", help="A school (URN, folder, name) or a device (asset tag, host name)."),
]


def status(
    subject: Wanted = None,
    inventory: Inventory = None,
    as_json: Json = False,
    quiet: Quiet = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Say how devices stand by what is kept: who was seen, what drifted, what is fine, the worst. No device is visited.

    Without an inventory it speaks of every device that some run expected, those that have left since among them. Ends
    as leeboard drift does: 0, 2 with drift, 3 when something is not known, 1 when Leeboard failed.
    """

    def show(open_store: Kept, about: Subject, found: EstateStatus) -> None:
        if as_json:
            print_json(standing.as_json(found))
        elif about.kind == "device":
            standing.show_device(Screen(stdout_console()), found, found.devices[0], open_store.newest(about))
        else:
            standing.show(Screen(stdout_console()), found, open_store.newest(about))

    return _asked(subject, inventory, quiet, var, database, show).exit_code


def worklist(
    subject: Wanted = None,
    inventory: Inventory = None,
    most: Annotated[int, typer.Option(min=0, help="How many things at most; 0 shows all.")] = 25,
    as_json: Json = False,
    quiet: Quiet = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """List what there is to do, by what matters: severity, how many devices, new before old, what one action mends.

    What one action mends is one line. Ends as leeboard status does.
    """

    def show(_: Kept, about: Subject, found: EstateStatus) -> None:
        items = items_of(found)
        if as_json:
            shown = items[: most or None]
            data = {"schema": standing.SCHEMA, "at": iso(found.at), "marking": overview.marking(found).label}
            print_json({**data, "items_total": len(items), "items": worklist_text.as_json(shown)})
            return
        screen = Screen(stdout_console())
        screen.line((overview.marking(found).line, "bold reverse"))
        screen.line(f"{len(items):,} to do: {about.label}." if items else f"Nothing to do: {about.label}.")
        worklist_text.print_items(screen, items, most or None)
        for problem in found.problems:
            screen.line(("Problem: ", "bold magenta"), problem)

    return _asked(subject, inventory, quiet, var, database, show).exit_code


def report(
    subject: Wanted = None,
    inventory: Inventory = None,
    format: Annotated[Literal["table", "json", "csv", "junit"], typer.Option(help="What to print.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option("--page", help="Where to write the page (default: report.html, or report-NAME.html, in --var)."),
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Print the page to this PDF as well; needs Chromium.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Make the reports of leeboard drift, the page among them, from what is kept. No device is visited.

    Ends as leeboard status does.
    """

    def show(_: Kept, about: Subject, found: EstateStatus) -> None:
        name = about.asset or next(iter(sorted(about.urns or ())), "")
        written = (output or var / (f"report-{name}.html" if name else "report.html")).resolve()
        page.write_page(found, written)
        if pdf is not None:
            print_pdf(written.read_text(encoding="utf-8"), pdf.resolve())
        wanted = "json" if as_json else format
        if quiet:
            return
        if wanted in WRITERS:
            WRITERS[wanted](found, sys.stdout)
        else:
            terminal.show(found, stdout_console())
            print(f"\nThe page: {written}")
            if pdf is not None:
                print(f"The PDF: {pdf.resolve()}")

    if as_json and format not in ("table", "json"):
        raise LeeboardError(f"--json and --format {format}: give one of them")
    return _asked(subject, inventory, False, var, database, show).exit_code


def _asked(
    word: str | None, inventory: Path | None, quiet: bool, var: Path, database: str | None,
    show: Callable[[Kept, Subject, EstateStatus], None],
) -> EstateStatus:  # fmt: skip
    """Open what is kept, find what is meant, show how it stands."""
    with kept.opened(var, database, inventory, kept.now) as found:
        about = subject_of(names_of(found.store, found.evidence, found.listed, found.source), word)
        status = found.status(about)
        if not quiet:
            show(found, about, status)
        return status
