"""What another policy would find, for people: control by control how many devices would drift that do not now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leeboard.evidence.asking.what_if import Again, Sums
from leeboard.model.verdicts import Verdict
from leeboard.model.words import number
from leeboard.policy.model import Baseline
from leeboard.report import overview
from leeboard.report.screen import Screen
from leeboard.report.words import VERDICTS, clean
from leeboard.verdict.what_if import Change

SCHEMA = 1
MOST_DEVICES = 8  # of a control
MOST_PROBLEMS = 5


class Examples:
    """The first devices of each move of a control; no more of them are kept."""

    def __init__(self) -> None:
        self._found: dict[Change, list[str]] = {}

    def add(self, one: Again) -> None:
        """Note a device."""
        for change in one.judged.changes:
            if len(names := self._found.setdefault(change, [])) < MOST_DEVICES:
                names.append(clean(one.asset))

    def of(self, change: Change) -> Sequence[str]:
        """The asset tags."""
        return self._found.get(change, ())


def show(
    screen: Screen, supposed: Sequence[str], left: Sequence[str], sums: Sums, examples: Examples, baseline: Baseline
) -> None:
    """Print what it comes to. `supposed` says in words what is supposed, `left` which settings are as they were."""
    for line in supposed:
        screen.line(("What if ", "bold"), line)
    if left:
        screen.line(f"As they are, since they count otherwise or are about something else: {', '.join(left)}.")
    never = f"; {sums.never:,} were never observed" if sums.never else ""
    screen.line(f"{number(sums.devices, 'device')} judged again by what they last said{never}. No device was asked.")
    same = sums.devices - sums.worse - sums.better
    better = f"{sums.better:,} better and in nothing worse"
    screen.line(f"{sums.worse:,} would be worse in something, {better}, {same:,} no worse and no better.")
    rows = []
    for change, count in sorted(sums.moves.items(), key=lambda item: (-item[0].way, -item[1], item[0].control)):
        about = overview.about(baseline, change.control)
        names, more = examples.of(change), count - len(examples.of(change))
        cells = [f"{about.id} {about.title}", _word(change.before), _word(change.after), f"{count:,}"]
        rows.append([screen.text(one) for one in (*cells, ", ".join(names) + (f" and {more:,} more" if more else ""))])
    if rows:
        screen.gap()
        screen.table(("control", "is", "would be", "devices", "on"), rows, wide=(0, 4))
    for problem in sums.problems[:MOST_PROBLEMS]:
        screen.line(("Could not be judged: ", "bold magenta"), clean(problem, 1000))
    if len(sums.problems) > MOST_PROBLEMS:
        screen.line(f"and {number(len(sums.problems) - MOST_PROBLEMS, 'more device')}")


def change_json(one: Again) -> dict[str, Any]:
    """One device for programs."""
    changes = [{"control": each.control, "before": each.before, "after": each.after} for each in one.judged.changes]
    return {"urn": one.urn, "asset": clean(one.asset), "problem": clean(one.judged.problem, 2000), "changes": changes}


def sums_json(supposed: Sequence[str], left: Sequence[str], sums: Sums) -> dict[str, Any]:
    """What it comes to, for programs."""
    return {
        "supposed": list(supposed),
        "left": list(left),
        "devices_judged": sums.devices,
        "devices_never_observed": sums.never,
        "devices_worse": sums.worse,
        "devices_better": sums.better,
        "devices_not_judged": len(sums.problems),
        "moves": [
            {"control": change.control, "before": change.before, "after": change.after, "devices": count}
            for change, count in sorted(sums.moves.items(), key=lambda item: item[0].control)
        ],
    }


def _word(verdict: str) -> str:
    return VERDICTS[Verdict(verdict)] if verdict else "no such control"
