"""`leeboard prune`: the oldest evidence of a school put away, once somebody says so, and its history kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.ingest import schools_of
from leeboard.cli.options import Database, Var, day_given
from leeboard.cli.prompts import agreed, check_text
from leeboard.errors import LeeboardError
from leeboard.evidence.keeping.pruning import Plan, plan
from leeboard.evidence.keeping.pruning import prune as put_away
from leeboard.evidence.keeping.retention import days_wanted
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.model.words import day, number
from leeboard.policy.load import load

MEGABYTE = 1_000_000


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(UTC)


def prune(
    before: Annotated[
        datetime,
        typer.Option(metavar="YYYY-MM-DD", parser=day_given, help="Put away runs that began before this day, in UTC."),
    ],
    urns: Annotated[
        list[str] | None, typer.Argument(metavar="URN", help="Schools; by default all in the evidence folder.")
    ] = None,
    by: Annotated[str, typer.Option(help="By whose word: a name or a post. It is kept.")] = "",
    reason: Annotated[str, typer.Option(help="Why. It is kept.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Remove the oldest evidence bundles, and keep what the store knows of them in the chain.

    Of what goes, answers and findings word for word are lost; since when what was wrong on which device stays. Nothing
    goes that the baseline wants kept (FWD-04), nor what has the only observation of a device. All is read and checked
    first.

    Exit codes: 0, also where nothing is old enough; 1 when nothing was removed; 3 when evidence was not whole at some
    schools, of which nothing was removed.
    """
    at, baseline, evidence = now(), load(), var / "evidence"
    if not dry_run:
        check_text("--by", by)
        check_text("--reason", reason)
    limit = at - timedelta(days=days_wanted(baseline))
    plans: list[Plan] = []
    problems: list[str] = []
    with Store(database or var / "leeboard.db") as store:
        for urn in schools_of(evidence, urns):
            try:
                ingest(store, [evidence / urn], baseline, evidence)
                plans.append(plan(store, evidence / urn, before.replace(tzinfo=UTC), limit))
            except LeeboardError as problem:
                problems.append(str(problem))
        for one in plans:
            typer.echo(_words(one))
        going = [one for one in plans if one.files]
        question = f"Remove {number(sum(len(one.files) for one in going), 'file')}?"
        if going and not dry_run and agreed(yes, question, "nothing was removed; give --yes, or --dry-run to look"):
            for one in going:
                put_away(store, evidence / one.urn, one, (by.strip(), reason.strip()), at, baseline)
                problems += ingest(store, [evidence / one.urn], baseline, evidence).problems
            typer.echo("Removed.")
    return _ended(problems)


def _words(planned: Plan) -> str:
    why = f" ({planned.why})" if planned.why else ""
    if not planned.fresh:
        left = f"; {number(len(planned.files), 'file')} of an earlier prune" if planned.files else ""
        return f"school {planned.urn}: nothing is old enough{why}{left}"
    megabytes = f"{planned.size / MEGABYTE:.1f} MB"
    said = f"school {planned.urn}: {number(planned.fresh, 'run')} from {_day(planned.first)} to {_day(planned.last)}"
    return f"{said}, {megabytes}; what stays begins on {_day(planned.kept)}{why}"


def _day(at: datetime | None) -> str:
    return day(at) if at else "no day"


def _ended(problems: Sequence[str]) -> int:
    for problem in problems:
        typer.echo(f"problem: {problem}", err=True)
    return 3 if problems else 0
