"""`leeboard forget`: what is held about one device, and taking out of it what may be taken out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.forget.find_device import Key, Register, earlier, find, register, unknown
from leeboard.cli.forget.inventory import Holdings, Place, Trace, files_of, take_inventory
from leeboard.cli.options import Database, Var
from leeboard.cli.prompts import LONGEST, agreed, check_text
from leeboard.errors import LeeboardError
from leeboard.estate.editing import write_all
from leeboard.evidence.bundles import chain
from leeboard.evidence.bundles.files import bundles, run_of
from leeboard.evidence.bundles.writer import SchoolLock
from leeboard.evidence.keeping import forgetting
from leeboard.evidence.notes import forgotten, pins
from leeboard.evidence.recording import run_progress
from leeboard.evidence.store.store import Store
from leeboard.model.device import URN
from leeboard.model.run_id import new_run_id
from leeboard.model.values import plain
from leeboard.model.words import day, number
from leeboard.policy.load import load
from leeboard.report import changes_since
from leeboard.report.words import clean
from leeboard.storage import files, lock_owner

UNFINISHED = 3  # exit code: something that ought to go is still there, or could not be looked at
STAYS = (
    "Evidence: each bundle holds the hash of the one before it. Without its lines on this device it would be another "
    "file, and prove nothing of any other device. leeboard prune puts whole bundles away, the oldest first.",
    "Waivers: they say who accepted which risk. The journal of a school says who let what be changed there.",
    "On the device: the journal of what roll-outs overwrote there, which undo needs (/var/lib/leeboard/journal, "
    r"C:\ProgramData\Leeboard\journal). Wipe the device, or remove it there.",
    "Elsewhere: backups, earlier versions in a version control, reports and pages that somebody saved or sent, and "
    "lists that others keep. An import of a list that still has the device brings it back into the register. A "
    "PostgreSQL server keeps deleted rows in its files until it cleans up (VACUUM), and in its log.",
)


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(UTC)


def forget(
    device: Annotated[str, typer.Argument(help="Its asset tag, host or name.")],
    inventory: Annotated[
        Path, typer.Option("--inventory", "-i", help="An Ansible inventory: a file, or a folder with one.")
    ],
    by: Annotated[str, typer.Option(help="By whose word: a name or a post. It is kept.")] = "",
    reason: Annotated[str, typer.Option(help="Why, without the device's or anybody's name. It is kept.")] = "",
    school: Annotated[str | None, typer.Option(help="Only this school: its URN, or its name or a part of it.")] = None,
    keep_register: Annotated[
        bool, typer.Option("--keep-register", help="Forget its history only: it stays in the register.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is held, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    var: Var = Path("var"),
    database: Database = None,
) -> int:
    """Show everything that Leeboard holds about a device, then remove what may be removed.

    It says what stays, and why. Evidence is never changed, and what was forgotten is not loaded from it again. Ends
    with 0; 3 when something that ought to go is still there; 1 when nothing was done.
    """
    at = now()
    listed = register(inventory, school)
    with ExitStack() as stack:
        place = _place(stack, var, database)
        stored = forgetting.named(place.store) if place.store else []
        subject = find(device, listed, stored, place.evidence)
        if subject is None:
            before = _forgotten_before(device, listed, place.evidence)
            if before is None:
                raise unknown(device, listed, stored, place.evidence)
            print(f"{plain(device)} was forgotten on {before}; nothing that may be removed is left.")
            return 0 if dry_run else _scrubbed(place)
        if not dry_run:
            check_text("--by", by)
            check_text("--reason", reason)
        keys = (subject.key, *earlier(subject, listed, stored))
        held = take_inventory(subject, keys, listed, place, load(), keep_register)
        _show(held)
        stuck = any(trace.stuck for trace in held.traces)
        if dry_run:
            return 0
        if held.names.within(f"{by} {reason}".encode()):
            raise LeeboardError("--by and --reason are kept, and name the device; say it without. Nothing was removed")
        if not held.goes:
            print("Nothing of it may be removed.")
            return max(_scrubbed(place), UNFINISHED if stuck else 0)
        if not agreed(yes, "Remove it?", "nothing was removed; give --yes to remove it, or --dry-run to look only"):
            print("Nothing was removed.")
            return 0
        _hold(stack, held, place, at)
        for step in steps(held, place, (by.strip(), reason.strip()), at, keep_register):
            step()
        written = place.evidence / subject.urn / forgotten.FILE
        print(f"Removed.{f' By whose word and why stands in {written}.' if written.exists() else ''}")
        return max(_scrubbed(place), UNFINISHED if stuck else 0)


def steps(
    held: Holdings, place: Place, word: tuple[str, str], at: datetime, keep_register: bool
) -> Iterator[Callable[[], object]]:
    """What is done, in order. Each step is whole or not at all, and doing all of them again is harmless.

    First what keeps it forgotten, last the register, by which whoever is broken off finds it again.
    """
    for key in held.keys:
        yield partial(_mark, held, place, key, word, at)
    for path in held.copies:
        yield partial(_remove, path)
    for path in held.states:
        yield partial(changes_since.forget, path, frozenset(held.keys), keep_register)
    for urn, asset in held.keys:
        yield partial(pins.release, place.evidence, urn, asset)
    if place.store is not None:
        yield partial(forgetting.forget, place.store, *held.keys)
    if held.sheet is not None:
        yield partial(write_all, held.sheet.path.parent.parent, [held.sheet])


def _mark(held: Holdings, place: Place, key: Key, word: tuple[str, str], at: datetime) -> None:
    """Write down that it is forgotten, unless that is written already and nothing came since."""
    urn, asset = key
    folder, runs = place.evidence / urn, held.runs[urn]
    record = forgotten.read(urn, folder)
    entries = [entry for entry in record.entries if entry.is_asset(urn, asset)]
    if any(all(entry.covers(run, turn) for run, turn in runs.items()) for entry in entries):
        return
    if not runs and not folder.is_dir():
        return  # there is nothing that could bring it back
    subject, newest = held.subject, chain.tip(folder)
    names = {subject.name, subject.host} if key == subject.key else {asset}
    through = (new_run_id(at), max((*runs.values(), newest.turn if newest else 0)))
    forgotten.add(folder, forgotten.entry_of(urn, asset, names, word, at, through, runs))


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    files.sync_folder(path.parent)


def _hold(stack: ExitStack, held: Holdings, place: Place, at: datetime) -> None:
    """Keep runs out of the device's schools until the end, and a check of many schools from writing its page."""
    if place.var.is_dir():
        try:
            stack.callback(files.FileLock(place.var / run_progress.LOCK, text=lock_owner.mine(at)).release)
        except files.Busy as busy:
            raise LeeboardError(
                f"a check of many schools is going on ({lock_owner.describe(busy.owner, at)}), and would name the "
                "device in its report; nothing was removed, run this again when it has ended"
            ) from None
    for urn in sorted({urn for urn, _ in held.keys}):
        if held.runs[urn] or (place.evidence / urn).is_dir():
            lock = SchoolLock(place.evidence, urn, new_run_id(at))
            stack.callback(lock.release)
    if any(set(_runs(place, urn)) - set(held.runs[urn]) for urn in held.runs):
        raise LeeboardError("a run was recorded meanwhile; nothing was removed, run this again")


def _runs(place: Place, urn: str) -> Iterator[str]:
    return map(run_of, bundles(place.evidence / urn))


def _place(stack: ExitStack, var: Path, database: str | None) -> Place:
    where = database or var / "leeboard.db"
    every = files_of(where)
    store = stack.enter_context(Store(where)) if not every or every[0].exists() else None
    return Place(store, var, every)


def _forgotten_before(device: str, listed: Register, evidence: Path) -> str | None:
    """When, and by whose word, a device that is not known any more was forgotten."""
    for folder in sorted(evidence.iterdir()) if evidence.is_dir() else ():
        if URN.match(folder.name) and listed.covers(folder.name):
            with suppress(LeeboardError):  # a damaged file of another school
                entry = forgotten.read(folder.name, folder).latest(device)
                if entry is not None:
                    return f"{day(entry.at)} at school {folder.name}, by {clean(entry.by, LONGEST)}"
    return None


def _show(held: Holdings) -> None:
    subject = held.subject
    school = f" of {clean(subject.school, 60)}" if subject.school else ""
    print(f"{clean(subject.asset)} ({clean(subject.name)}){school}, {subject.urn}")
    older = [f"{clean(asset)} in {urn}" for urn, asset in held.keys[1:]]
    if older:
        print(f"Known before as {', '.join(older)}: that is meant as well.")
    _lines("What may be removed", [trace for trace in held.traces if trace.goes])
    _lines("What stays", [trace for trace in held.traces if not trace.goes and not trace.stuck])
    stuck = [trace for trace in held.traces if trace.stuck]
    if stuck:
        _lines("What ought to go, and Leeboard cannot remove", stuck)
    print("\nWhy it stays, and what Leeboard does not see:")
    for line in STAYS:
        print(f"  {line}")
    print()


def _lines(title: str, traces: list[Trace]) -> None:
    print(f"\n{title}: {number(len(traces), 'place') if traces else 'nothing'}")
    for trace in traces:
        print(f"  {trace.what:<9} {clean(trace.where, 300)}\n            {clean(trace.note, 600)}")


def _scrubbed(place: Place) -> int:
    """Let nothing of it be left in the file of the database. Returns the exit code."""
    why = place.store.scrub() if place.store else ""
    if not why:
        return 0
    print(
        f"{place.store.shown if place.store else ''}: what was removed may still stand in unused parts of the file "
        f"({why}); run this again when nobody uses the database",
        file=sys.stderr,
    )
    return UNFINISHED
