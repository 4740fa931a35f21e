"""`leeboard standards`: what others ask of schools, question by question, and what can be answered with grounds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.asking import kept
from leeboard.cli.asking.kept import Inventory, Json, print_json
from leeboard.cli.asking.subject import names_of, subject_of
from leeboard.cli.options import Database, Var
from leeboard.errors import LeeboardError
from leeboard.model.values import plain
from leeboard.report.screen import Screen, stdout_console
from leeboard.report.standards import answers


def standards(
    standard: Annotated[
        str | None,
        typer.Argument(metavar="STANDARD", help="becta-2008, cyber-essentials or dfe-cyber; else all."),
    ] = None,
    school: Annotated[
        str | None, typer.Argument(metavar="SCHOOL", help="A school: URN, folder or name; without one everything.")
    ] = None,
    inventory: Inventory = None,
    as_json: Json = False,
    var: Var = Path("var"),
    database: Database = None,
) -> None:
    """Say what Leeboard can answer of Becta's guides, DfE's cyber standard and Cyber Essentials, and what it cannot.

    Question by question: how many devices are a yes, a no, an accepted risk or not known, by which controls. What is
    asked of schools as a whole needs -i INVENTORY. No device is visited. Ends with 0, whatever the answers are.
    """
    with kept.opened(var, database, inventory, kept.now) as found:
        every = found.baseline.standards
        if standard is not None and standard not in every:
            if school is not None:
                raise LeeboardError(f"{plain(standard, 60)}: there is no such standard; there are {', '.join(every)}")
            standard, school = None, standard  # one word that names no standard is a school
        subject = subject_of(names_of(found.store, found.evidence, found.listed, found.source), school)
        if subject.kind == "device":
            raise LeeboardError(
                f"{subject.label}: standards are asked of schools; leeboard status says how a device stands"
            )
        status = found.status(subject)
        chosen = every if standard is None else {standard: every[standard]}
        if as_json:
            print_json(answers.as_json(chosen, status, subject.label))
        else:
            answers.show(Screen(stdout_console()), chosen, status, subject.label, found.newest(subject))
