"""`leeboard undo`: put back what one run changed, unless somebody changed it since."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from leeboard.ansible import inventory as inventories
from leeboard.ansible.run import run_playbook
from leeboard.ansible.scratch import scratch
from leeboard.cli.options import Var
from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.undoing import Changed, Undone, changed_by, collect, newest
from leeboard.model.values import plain
from leeboard.policy.load import load

LONGEST = 200  # characters of what a device says in one line
FAILED, SOME_LEFT, NOT_REACHED = 1, 2, 3


def undo(
    run: Annotated[str, typer.Option("--run", help="The id of the run to undo, as reports and file names have it.")],
    inventory: Annotated[
        Path, typer.Option("--inventory", "-i", help="An Ansible inventory: a file, or a folder with one.")
    ],
    school: Annotated[str | None, typer.Option(help="Only this school: its URN, or its name or a part of it.")] = None,
    device: Annotated[
        list[str] | None,
        typer.Option("--device", metavar="DEVICE", help="Only this device: its asset tag or host. May be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be put back, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    var: Var = Path("var"),
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what Ansible printed as well.")] = False,
) -> int:
    """Put back what a run changed on its devices.

    What somebody changed since is left alone, and encryption is never undone. Ends with 0 when all is as it was before
    the run, 2 when something was left, 3 when a device was not reached, 1 when something failed.
    """
    source = inventories.file_of(inventory)
    listed = inventories.read(source, tuple(load().parameters))
    devices = listed.of_school(school) if school else listed.devices
    changed = _chosen(_changed(var / "evidence", run, devices), devices, device or [])
    if not changed:
        print(f"The run {run} changed nothing on these devices.")
        return 0
    by_asset = {device.asset: device for device in devices}
    missing = [asset for asset in changed if asset not in by_asset]
    _show(run, changed, by_asset)
    for asset in missing:
        print(f"{plain(asset)}: not in this inventory, so it cannot be reached")
    hosts = [by_asset[asset].name for asset in changed if asset in by_asset]
    if not hosts:
        return NOT_REACHED
    if not dry_run and not yes:
        _ask(len(hosts))
    urns = {by_asset[asset].urn for asset in changed if asset in by_asset}
    with scratch("undo") as folder:
        extra = {"undo_run": run, "undo_report": str(folder)}
        options = ["--check"] if dry_run else []
        done = run_playbook("undo", source, var, hosts, extra, options, school=urns.pop() if len(urns) == 1 else "")
        reports = collect(folder)
    if verbose or not reports:
        print(done.output.strip(), file=sys.stderr)
    if not reports:
        raise LeeboardError("Ansible did not come to any device; what it said stands above")
    status = _print_reports(hosts, reports, dry_run)
    _warn(changed, by_asset, dry_run)
    return max((status, NOT_REACHED if missing else 0), key=(0, SOME_LEFT, NOT_REACHED, FAILED).index)


def _changed(evidence: Path, run: str, devices: tuple[Expected, ...]) -> dict[str, tuple[Changed, ...]]:
    """What the run changed, by asset. Raises LeeboardError with the newest runs where there is no such run."""
    folders = [evidence / urn for urn in sorted({device.urn for device in devices})]
    changes = changed_by(folders, run)
    if changes is None:
        known = newest(folders)
        hint = "; the newest are " + "; ".join(known) if known else f"; {evidence} has none of these schools"
        raise LeeboardError(f"--run {plain(run, 80)}: there is no such run{hint}")
    return changes


def _chosen(
    changed: dict[str, tuple[Changed, ...]], devices: tuple[Expected, ...], names: list[str]
) -> dict[str, tuple[Changed, ...]]:
    if not names:
        return changed
    assets = {key: device.asset for device in devices for key in (device.name, device.asset)}
    for name in names:
        if assets.get(name, name) not in changed:
            listed = ", ".join(plain(asset) for asset in changed) or "none"
            raise LeeboardError(f"--device {plain(name, 80)}: the run changed nothing there; it changed {listed}")
    return {assets.get(name, name): changed[assets.get(name, name)] for name in names}


def _show(run: str, changed: dict[str, tuple[Changed, ...]], by_asset: dict[str, Expected]) -> None:
    print(f"The run {run} changed:")
    for asset, changes in changed.items():
        name = by_asset[asset].name if asset in by_asset else ""
        print(f"\n{plain(asset)}{f' ({plain(name)})' if name and name != asset else ''}")
        for change in changes:
            print(f"  {change.words}")
    if any(change.is_encryption for changes in changed.values() for change in changes):
        print("\nWhat belongs to encryption (ENC) is never undone from here.")
    print()


def _ask(count: int) -> None:
    question = f"Put this back on {count} device{'' if count == 1 else 's'}? [y/N] "
    try:
        answer = input(question)
    except EOFError:
        answer = ""
    if answer.strip().casefold() not in ("y", "yes"):
        raise LeeboardError("nothing was changed, since nobody said yes; --yes says it beforehand")


def _print_reports(hosts: list[str], reports: dict[str, Undone], dry_run: bool) -> int:
    """Print what came of each device. Returns the exit code."""
    codes = [0]
    back = "would be put back" if dry_run else "put back"
    for host in hosts:
        report = reports.get(host)
        if report is None or not report.reached:
            why = plain(report.message, LONGEST) if report else "Nothing was heard of it."
            print(f"{plain(host)}: not reached. {why}")
            codes.append(NOT_REACHED)
            continue
        print(f"{plain(host)}: {plain(report.message, LONGEST)}")
        for entry in report.put_back:
            print(f"  {back}: {plain(entry.target, LONGEST)}, was {plain(entry.words, LONGEST)}")
        for entry in report.left:
            print(f"  left: {plain(entry.target, LONGEST)}: {plain(entry.words, LONGEST)}")
        for remark in report.remarks:
            print(f"  note: {plain(remark, LONGEST)}")
        codes.append(FAILED if report.failed else SOME_LEFT if report.left else 0)
    return max(codes, key=(0, SOME_LEFT, NOT_REACHED, FAILED).index)


def _warn(changed: dict[str, tuple[Changed, ...]], by_asset: dict[str, Expected], dry_run: bool) -> None:
    on: set[str] = set()
    for asset, changes in changed.items():
        if asset in by_asset:
            on |= {change.family for change in changes} & set(by_asset[asset].enforce)
    if on:
        families = ", ".join(sorted(on))
        does = "would change" if dry_run else "changes"
        print(
            f"\n{families}: still switched on in leeboard_enforce, so the next roll-out {does} the same again. "
            "Take it out of the inventory to keep what was there before."
        )
