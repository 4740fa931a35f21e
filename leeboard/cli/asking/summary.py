"""`leeboard summary`: a school on one sheet of A4, for its head, its governors and the SIRO."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.asking import kept
from leeboard.cli.asking.kept import Inventory
from leeboard.cli.asking.subject import names_of, subject_of
from leeboard.cli.options import Database, Var
from leeboard.errors import LeeboardError
from leeboard.evidence.asking.drifted_then import drifted_then, first_run
from leeboard.report.summary import content, page


def summary(
    school: Annotated[str, typer.Argument(metavar="SCHOOL", help="A school: URN, folder or name.")],
    inventory: Inventory = None,
    output: Annotated[
        Path | None, typer.Option("--page", help="Where to write the page (default: summary-URN.html, in --var).")
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Print it to this PDF as well; needs Chromium.")] = None,
    var: Var = Path("var"),
    database: Database = None,
) -> None:
    """Write one sheet of A4 about a school: encrypted, locked, recoverable, recorded; better or worse; what we ask.

    It is made from what is kept, and no device is visited. Nothing of another school is on it. Ends with 0 once the
    sheet is written, whatever it says.
    """
    with kept.opened(var, database, inventory, kept.now) as found:
        subject = subject_of(names_of(found.store, found.evidence, found.listed, found.source), school)
        if subject.kind != "school" or subject.urns is None:
            raise LeeboardError(
                f"{subject.label}: the sheet is about a school; leeboard status says how a device stands"
            )
        status = found.status(subject)
        if not status.devices:
            why = f". {status.problems[0]}" if status.problems else ""
            raise LeeboardError(f"{subject.label}: nothing is kept of its devices{why}")
        urns = {device.device.urn for device in status.devices}
        if len(urns) > 1:
            filed = ", ".join(sorted(urns))
            raise LeeboardError(
                f"{subject.label}: its evidence is filed under several URNs ({filed}); give -i INVENTORY"
            )
        moments = [found.at, *(found.at - span for span in content.AGO.values())]
        with found.store.reading() as session:
            began = first_run(session, subject.urns)
            drifted = {
                question: drifted_then(session, subject.urns, controls, moments)
                for question, controls in content.controls().items()
            }
    made = content.sheet(status, began, drifted)
    written = (output or var / f"summary-{made.urn}.html").resolve()
    page.write(made, written)
    typer.echo(f"The sheet: {written}")
    if pdf is not None:
        page.write_pdf(made, pdf.resolve())
        typer.echo(f"The PDF: {pdf.resolve()}")
