"""What brings the device back from the steps that are asked for, as their drivers say it."""

from __future__ import annotations

from typing import Any

from ..engine import journal_read
from ..engine.cover import Cover
from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from .drivers import CUT_OFF


def covers_of(host: Host, steps: list[dict[str, Any]]) -> tuple[dict[str, Cover], dict[str, str]]:
    """({driver: cover}, {driver: why it has none}): a driver that refuses holds up no other. Changes nothing."""
    wanted: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        wanted.setdefault(step["driver"], []).extend(step["settings"])
    covers: dict[str, Cover] = {}
    left_out: dict[str, str] = {}
    for name, changes in wanted.items():
        driver = CUT_OFF.get(name)
        try:
            if driver is None:
                raise ChangeRefused(f"{name} is no driver that a checkpoint knows")
            covers[name] = driver.cover(host, changes)
        except (ChangeRefused, HostError) as problem:
            left_out[name] = str(problem)
        except Exception as problem:  # a broken driver must not cost the others
            left_out[name] = f"the driver failed: {type(problem).__name__}: {problem}"
    return covers, left_out


def covers_of_undo(host: Host, run: str) -> tuple[dict[str, Cover], dict[str, str]]:
    """The same for the undo of a run: what it wrote is overwritten once more. Changes nothing.

    Raises ChangeRefused where the device has no journal of the run, or one that is not to be believed.
    """
    try:
        entries = journal_read.read(host, run)
        returned = journal_read.put_back_by_checkpoint(host, run) if entries else set()
    except journal_read.JournalRefused as problem:
        raise ChangeRefused(str(problem)) from None
    if entries is None:
        raise ChangeRefused(f"the device has no journal of the run {run}")
    mine = [entry for entry in entries if entry.driver in CUT_OFF.keys() - returned]
    covers, left_out = covers_of(host, [{"driver": entry.driver, "settings": entry.changes} for entry in mine])
    for entry in mine:
        if entry.driver in covers:
            files = {*covers[entry.driver].files, *(record.path for record in entry.records)}
            covers[entry.driver] = covers[entry.driver]._replace(files=tuple(sorted(files)))
    return covers, left_out
