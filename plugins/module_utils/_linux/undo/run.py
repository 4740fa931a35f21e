"""Put back what one run changed, from its journal: only what is still as the run left it.

Looks at everything first, keeps a journal of its own before it writes (so that an undo can be undone), writes, and
runs the commands that load what it wrote. Killed at any line it is simply run again: what is back already counts as
such, and commands that no undo of this run has finished are run again.
"""

from __future__ import annotations

import os
from typing import Any

from ..checkpoint.drivers import CUT_OFF
from ..engine import armed, journal_read
from ..engine.change import permissions_in_words, sync_folder, write
from ..engine.edits import Change, ChangeRefused, Edit, PermissionEdit
from ..engine.host import READ_LIMIT, Host, HostError
from ..engine.journal import Journal
from ..engine.journal_read import Entry
from ..system import unit
from .files import History, Now, current_state, histories, written_by
from .loading import loading
from .units import Switch, switches
from .units import now as unit_now

DONE = "undo"  # the driver's name in the line that ends an undo
# What belongs to encryption is never undone: a key that was retired must not open again, nor a disk lie open.
ENCRYPTION_DRIVERS = ("luks_volume", "luks_key", "key_files", "disk_encryption", "crypttab")
ENCRYPTION_PATHS = ("/etc/crypttab", "/etc/cryptsetup", "/etc/luks", "/etc/dracut", "/etc/initramfs-tools", "/boot/")
WITHHELD = "a saved password was taken out of it, which no journal keeps; whoever needs it types it once more"
TAKEN_AWAY = "it was taken away with the secret in it, which no journal keeps"
IN_PART = "it comes back without its passwords and keys, which no journal keeps"
ENCRYPTION = "it belongs to encryption, which is never undone from here"


class UndoFailed(Exception):
    """The undo broke off or could not load what it wrote. `outcome` says how far it came."""

    def __init__(self, why: str, outcome: dict[str, Any]) -> None:
        super().__init__(why)
        self.outcome = outcome


def undo(host: Host, run: str, run_id: str, check: bool = False) -> dict[str, Any]:
    """Undo `run`; `run_id` names the journal of the undo itself.

    Returns changed, found (whether the device has a journal of the run), put_back, already and left (each a list of
    {driver, addresses, target}, with `was` or `why`), commands, remarks, diff, journal. Check mode writes nothing.
    Raises JournalRefused, HostError, OSError and, once something was written, UndoFailed.
    """
    outcome = {
        "changed": False, "found": True, "put_back": [], "already": [], "left": [], "commands": [], "remarks": [],
        "diff": [], "journal": None,
    }  # fmt: skip
    if run == run_id:
        raise journal_read.JournalRefused("an undo is a run of its own and cannot undo itself")
    entries = journal_read.read(host, run)
    if entries is None:
        return {**outcome, "found": False}
    others = journal_read.others(host, run)
    entries = _not_back_yet(entries, journal_read.put_back_by_checkpoint(host, run), outcome)
    refused = {} if check else _refused(host, entries, run_id)
    edits = _files(host, entries, others, refused, outcome)
    units = _units(host, [entry for entry in entries if entry.driver not in refused], outcome)
    unfinished = _unfinished(others, run)
    changed = bool(edits or units)
    outcome["changed"] = changed or bool(unfinished)
    if check or not outcome["changed"]:
        return outcome
    journal = Journal(host, run_id)
    if changed:
        _record(host, journal, run, edits, units)
        outcome["journal"] = journal.path
    done: set[str] = set()
    try:
        for history, edit in edits:
            for driver in set(history.drivers) & CUT_OFF.keys():
                armed.require(host, driver, run_id, [history.path])
            write(host, edit)
            done.add(history.path)
        _remove_made(host, entries)
        host.forget()
        _load(host, entries, units, outcome, done)
    except (OSError, ChangeRefused, HostError) as problem:
        _not_reached(outcome, done)
        raise UndoFailed(f"{problem}; run the same undo again, which goes on where this one ended", outcome) from None
    journal.record(DONE, [{"address": run, "finished": [*unfinished, *([run_id] if changed else [])]}], {}, [])
    return outcome


def _not_back_yet(entries: list[Entry], returned: set[str], outcome: dict[str, Any]) -> list[Entry]:
    """The entries without those that the device has put back by itself, under its checkpoint: they are `already`."""
    for entry in entries:
        if entry.driver in returned:
            for target in [record.path for record in entry.records] or entry.addresses:
                outcome["already"].append({"driver": entry.driver, "addresses": entry.addresses, "target": target})
    return [entry for entry in entries if entry.driver not in returned]


def _refused(host: Host, entries: list[Entry], run_id: str) -> dict[str, str]:
    """{driver: why} of those that could cut off whoever undoes them, unless the undo holds an armed checkpoint."""
    refused = {}
    for driver in {entry.driver for entry in entries} & CUT_OFF.keys():
        paths = [record.path for entry in entries if entry.driver == driver for record in entry.records]
        try:
            armed.require(host, driver, run_id, paths)
        except ChangeRefused as problem:
            refused[driver] = str(problem)
    return refused


def _files(
    host: Host,
    entries: list[Entry],
    others: dict[str, list[Entry]],
    refused: dict[str, str],
    outcome: dict[str, Any],
) -> list[tuple[History, Edit]]:
    """[(history, edit)] of the files to put back; what is not goes into the outcome."""
    for entry in entries:
        for path in entry.withheld:
            about = {"driver": entry.driver, "addresses": entry.addresses, "target": path}
            in_part = path in [record.path for record in entry.records]
            why = IN_PART if in_part else WITHHELD if host.exists(path) else TAKEN_AWAY
            outcome["left"].append({**about, "why": why})
    edits = []
    for history in histories([entry for entry in entries if entry.driver != DONE]):
        shown = {"driver": ", ".join(history.drivers), "addresses": history.addresses, "target": history.path}
        if set(history.drivers) & set(ENCRYPTION_DRIVERS) or history.path.startswith(ENCRYPTION_PATHS):
            outcome["left"].append({**shown, "why": ENCRYPTION})
            continue
        now = current_state(host, history.path)
        if now.content is not None and len(now.content) > READ_LIMIT:
            outcome["left"].append({**shown, "why": f"changed since: it is larger than {READ_LIMIT} bytes now"})
            continue
        if history.is_before(now):
            outcome["already"].append(shown)
            continue
        differs = history.differs(now)
        if differs:
            by = written_by(others, history.path, now)
            why = (
                f"changed since: the run {by} wrote it later; undo that one first"
                if by
                else f"changed since: {differs}"
            )
            outcome["left"].append({**shown, "why": why})
            continue
        alone = next((refused[driver] for driver in history.drivers if driver in refused), "")
        if alone:
            outcome["left"].append({**shown, "why": alone})
            continue
        edit = history.edit(now)
        edits.append((history, edit))
        outcome["put_back"].append({**shown, "was": history.state_before()})
        outcome["diff"].append(_diff(history, now))
        if history.foreign:
            outcome["remarks"].append(
                f"somebody else wrote {history.path} while the run went on; what they wrote is put back"
            )
    return edits


def _units(host: Host, entries: list[Entry], outcome: dict[str, Any]) -> list[Switch]:
    """The switches to put back; what is not goes into the outcome."""
    to_put_back = []
    wanted, unknown = switches(entries)
    for address in unknown:
        why = "its journal does not say what it was before; look at it with systemctl status"
        outcome["left"].append({"driver": unit.NAME, "addresses": [address], "target": address, "why": why})
    for switch in wanted:
        shown = {"driver": unit.NAME, "addresses": [switch.address], "target": switch.address}
        now = unit_now(host, switch.unit)
        if now is None:
            outcome["left"].append({**shown, "why": f"changed since: systemd knows no {switch.unit} any more"})
        elif now[switch.kind] == switch.before:
            outcome["already"].append(shown)
        elif switch.refused():
            outcome["left"].append({**shown, "why": switch.refused()})
        else:
            to_put_back.append(switch)
            outcome["put_back"].append({**shown, "was": "on" if switch.before else "off"})
            before, after = (f"{switch.address} {'on' if on else 'off'}\n" for on in (switch.left, switch.before))
            head = {"before_header": switch.unit, "after_header": switch.unit}
            outcome["diff"].append({**head, "before": before, "after": after})
    return to_put_back


def _unfinished(others: dict[str, list[Entry]], run: str) -> list[str]:
    """The undo runs of this run that wrote their journal and never came to their end."""
    undone = {name for name, entries in others.items() for entry in entries if entry.undoes == run}
    for entries in others.values():
        for entry in entries:
            for change in entry.changes if entry.driver == DONE else []:
                if change.get("address") == run and isinstance(change.get("finished"), list):
                    undone -= {name for name in change["finished"] if isinstance(name, str)}
    return sorted(undone)


def _record(host: Host, journal: Journal, run: str, edits: list[tuple[History, Edit]], units: list[Switch]) -> None:
    """Everything that will be written, on the disk before the first of it is."""
    by_driver: dict[str, list[tuple[History, Edit]]] = {}
    for history, edit in edits:
        by_driver.setdefault(history.drivers[-1], []).append((history, edit))
    for driver, mine in by_driver.items():
        addresses = list(dict.fromkeys(address for history, _edit in mine for address in history.addresses))
        changes: list[Change] = [{"address": address, "undoes": run} for address in addresses] or [{"undoes": run}]
        journal.record(driver, changes, {}, [edit for _history, edit in mine])
    if units:
        changes = [{"address": one.address, "value": one.before, "undoes": run} for one in units]
        journal.record(unit.NAME, changes, unit.observe(host, [one.address for one in units]), [])


def _remove_made(host: Host, entries: list[Entry]) -> None:
    """The folders that the run made, where nothing is in them any more."""
    for folder in sorted({folder for entry in entries for folder in entry.made}, reverse=True):
        try:
            os.rmdir(host.path(folder))
            sync_folder(os.path.dirname(host.path(folder)))
        except OSError:
            continue  # somebody keeps a file there, or it is gone


def _not_reached(outcome: dict[str, Any], done: set[str]) -> None:
    """What a broken undo has not come to is left."""
    for entry in [entry for entry in outcome["put_back"] if entry["target"] not in done]:
        outcome["put_back"].remove(entry)
        entry.pop("was")
        outcome["left"].append({**entry, "why": "the undo broke off before it"})


def _load(host: Host, entries: list[Entry], units: list[Switch], outcome: dict[str, Any], done: set[str]) -> None:
    """Run what makes it effective: for all files of the run, since an undo before this one may have been killed."""
    left = {one["target"] for one in outcome["left"]}
    paths = [record.path for entry in entries for record in entry.records if record.path not in left]
    commands, remarks = loading(host, paths)
    outcome["remarks"] += remarks
    for argv, target in [*((argv, "") for argv in commands), *((one.command(), one.address) for one in units)]:
        outcome["commands"].append(" ".join(argv))
        ended = host.act(argv)
        if ended.rc != 0:
            raise ChangeRefused(
                f"the files are put back, but {' '.join(argv)} ended with status {ended.rc}: {ended.err.strip()[-300:]}"
            )
        done.add(target)
    host.forget()


def _diff(history: History, now: Now) -> dict[str, str]:
    """Ansible's form of a diff, owner and mode as a line of their own."""
    edit = history.edit(now)
    head = {"before_header": history.path, "after_header": history.path}
    if isinstance(edit, PermissionEdit):
        before, after = permissions_in_words(edit)
        return {**head, "before": before, "after": after}
    before, after = ((side or b"").decode("utf-8", "backslashreplace") for side in (edit.before, edit.after))
    return {**head, "before": before, "after": after}
