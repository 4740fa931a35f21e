"""`leeboard ingest`, `rebuild` and `verify`: evidence into the store, the store anew, and whether both are whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.options import Database, Var
from leeboard.errors import LeeboardError
from leeboard.evidence.keeping.verifying import verify as verify_all
from leeboard.evidence.loading.ingest import Ingested
from leeboard.evidence.loading.ingest import ingest as load_all
from leeboard.evidence.store.store import Store
from leeboard.model.device import URN
from leeboard.model.words import number
from leeboard.policy.load import load


def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Bundles or folders; by default the evidence folder in --var."),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read every bundle again, also those that nobody wrote since the last time."),
    ] = False,
    var: Var = Path("var"),
    database: Database = None,
) -> None:
    """Load evidence bundles into the store. Loading one twice changes nothing.

    What does not lie in the evidence folder is copied there, and a bundle of ours gives it its place.

    Exit codes: 0, 3 when something could not be loaded or the chain of a school's bundles is broken, 1 when the tool
    failed.
    """
    with Store(database or var / "leeboard.db") as opened:
        done = load_all(opened, paths or [var / "evidence"], load(), var / "evidence", verify)
    _tell(done, f"{_count(done.new)} loaded, {done.known} already known, {number(len(done.problems), 'problem')}")


def rebuild(
    urns: Annotated[
        list[str] | None, typer.Argument(metavar="URN", help="Schools; by default all in the evidence folder.")
    ] = None,
    var: Var = Path("var"),
    database: Database = None,
) -> None:
    """Make the store anew from the evidence bundles, school by school, and say what differed.

    A school is made anew whole or not at all. One of which the store knows runs whose bundles are not there is left as
    it is, so that no history is lost, and they are named.

    Exit codes: 0, 3 when something differed or could not be loaded, 1 when the tool failed.
    """
    folders = [var / "evidence" / urn for urn in urns] if urns else [var / "evidence"]
    with Store(database or var / "leeboard.db") as opened:
        done = load_all(opened, folders, load(), var / "evidence", verify=True, anew=True)
    for difference in done.differences:
        typer.echo(f"differed: {difference}")
    differences, problems = number(len(done.differences), "difference"), number(len(done.problems), "problem")
    _tell(done, f"{_count(done.new)} loaded, {differences}, {problems}")


def verify(
    urns: Annotated[
        list[str] | None, typer.Argument(metavar="URN", help="Schools; by default all in the evidence folder.")
    ] = None,
    var: Var = Path("var"),
    database: Database = None,
) -> None:
    """Read every byte of the evidence and say what is not as it was written.

    The chain and hashes of the bundles, each answer to its challenge, each answer's machine against the pins, waivers
    and enforcement against each school's journal, and the store against the bundles, which are loaded once more beside
    it. What it cannot find, docs/tampering.md says.

    Exit codes: 0, 3 when something is wrong, 1 when the tool failed.
    """
    evidence = var / "evidence"
    schools = schools_of(evidence, urns)
    with Store(database or var / "leeboard.db") as opened:
        done = verify_all(opened, evidence, schools, load())
    for note in done.notes:
        typer.echo(f"note: {note}", err=True)
    for problem in done.problems:
        typer.echo(f"problem: {problem}", err=True)
    said = f"{_count(done.bundles)} and {number(done.answers, 'answer')} of {number(len(schools), 'school')} read"
    typer.echo(f"{said}, {number(len(done.problems), 'problem')}")
    if done.problems:
        raise typer.Exit(3)


def schools_of(evidence: Path, urns: list[str] | None) -> list[str]:
    """The schools that a command is about: those named, or all there are. Raises LeeboardError for a stranger."""
    there = sorted(path.name for path in evidence.iterdir() if URN.match(path.name)) if evidence.is_dir() else []
    for urn in urns or ():
        if urn not in there:
            raise LeeboardError(f"{evidence / urn}: there is no evidence of such a school")
    return urns or there


def _tell(done: Ingested, summary: str) -> None:
    for note in done.notes:
        typer.echo(f"note: {note}", err=True)
    for problem in done.problems:
        typer.echo(f"problem: {problem}", err=True)
    typer.echo(summary)
    if done.problems or done.differences:
        raise typer.Exit(3)


def _count(bundles: int) -> str:
    return number(bundles, "bundle")
