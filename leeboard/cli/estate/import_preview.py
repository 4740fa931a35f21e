"""The plan of an import as tables in the terminal: what would change, field by field, and what would not."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from leeboard.estate.importing.plan import Change, Plan
from leeboard.estate.importing.schools import SchoolPlan
from leeboard.model.values import plain
from leeboard.model.words import number

WIDEST = 60


def show_schools(plans: Iterable[SchoolPlan], console: Console) -> None:
    """Print what an import does to schools."""
    every = list(plans)
    table = _table("", "School", "Field", "Before", "After")
    for plan in every:
        _rows(table, [plan.action, f"{plan.name} ({plan.urn})"], plan.changes)
    if table.row_count:
        console.print(table)
    for plan in every:
        for note in plan.notes:
            console.print(Text(f"note: {plain(note, 600)}"))
    counts = {
        action: sum(plan.action == action for plan in every) for action in ("new", "reopened", "changed", "unchanged")
    }
    console.print(", ".join(f"{count} {action}" for action, count in counts.items() if count), highlight=False)


def show_devices(plan: Plan, names: dict[str, str], console: Console) -> None:
    """What becomes of a school's devices. `names` are those of the estate's schools by URN."""
    table = _table("", "Device", "Field", "Before", "After")
    for listed, device in plan.added:
        shown = f"{device.platform}, {device.form}, {device.role}" + (f", {device.level}" if device.level else "")
        _row(table, ["new", device.asset, f"row {listed.row}", "", f"{device.host}, {shown}"])
    for changed in plan.changed:
        _rows(table, [f"changed (by {changed.by})", changed.before.asset], changed.changes)
    for moved in plan.moved:
        came = Change("school", names.get(moved.urn, moved.urn), names.get(plan.urn, plan.urn))
        _rows(table, ["moved (by serial)", moved.before.asset], [came, *moved.changes])
    for missing in plan.missing:
        word = "removed" if plan.removes else "missing, stays"
        _row(table, [word, missing.device.asset, "", missing.reason or "not in the list", ""])
    for left in plan.left_out:
        _row(table, ["not imported", left.device.title, f"row {left.device.row}", left.reason, ""])
    for twice in plan.twice:
        reason = f"the same serial as row {twice.counts.row}, which counts"
        _row(table, ["twice in the list", twice.device.title, f"row {twice.device.row}", reason, ""])
    if table.row_count:
        console.print(table)
    for change in (*plan.changed, *plan.moved):
        if change.note:
            console.print(Text(f"note: {plain(change.before.asset)}: {plain(change.note, 600)}"))
    console.print(summary(plan), highlight=False)


def summary(plan: Plan) -> str:
    """The counts of a plan in one line."""
    missing = f"{len(plan.missing)} missing"
    if plan.missing:
        missing += " (removed)" if plan.removes else " (they stay; --remove-missing takes them out)"
    return (
        f"{len(plan.added)} new, {len(plan.changed)} changed, {len(plan.moved)} moved here, "
        f"{len(plan.unchanged)} unchanged, {missing}, {len(plan.left_out)} not imported, "
        f"{len(plan.twice)} twice, {number(len(plan.problems), 'problem')}"
    )


def _table(*headings: str) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _rows(table: Table, first: list[str], changes: Iterable[Change]) -> None:
    for place, change in enumerate(changes):
        _row(table, [*(first if place == 0 else ["", ""]), change.field, change.before, change.after])


def _row(table: Table, cells: list[str]) -> None:
    table.add_row(*(Text(plain(cell, WIDEST)) for cell in cells))
