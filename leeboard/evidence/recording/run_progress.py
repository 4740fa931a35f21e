"""How far a check of many schools has come, so that one which was stopped goes on with the schools that are left."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from leeboard.errors import LeeboardError
from leeboard.model.run_id import RUN_ID, stamp
from leeboard.storage import files, lock_owner

LONGEST = timedelta(hours=12)  # a check that was stopped longer ago is not the same night any more
STATE, LOCK = "night.json", "night.lock"


@dataclass
class Night:
    """One check of an inventory's schools. `done`: the runs of each school that was checked, by URN."""

    folder: Path
    inventory: str
    started: datetime
    done: dict[str, list[str]] = field(default_factory=dict)
    _lock: files.FileLock | None = None

    @classmethod
    def begin(cls, folder: Path, inventory: Path, at: datetime, anew: bool) -> Self:
        """Take the night's lock in `folder` (var), and go on where a stopped check of the inventory was, unless `anew`.

        Raises LeeboardError naming who checks many schools at this moment.
        """
        files.make_folder(folder)
        try:
            lock = files.FileLock(folder / LOCK, text=lock_owner.mine(at))
        except files.Busy as busy:
            raise LeeboardError(
                f"another check of many schools is going on ({lock_owner.describe(busy.owner, at)}); "
                "wait for its end, stop it, or check one school with --school"
            ) from None
        started, done = _left(folder / STATE, str(inventory.resolve()), at)
        if anew or started is None:
            started, done = at, {}
        return cls(folder, str(inventory.resolve()), started, done, lock)

    def ended(self, urn: str, runs: frozenset[str]) -> None:
        """A school was checked to its end."""
        self.done[urn] = sorted(runs)
        said = {"inventory": self.inventory, "started": stamp(self.started), "done": self.done}
        files.replace(self.folder / STATE, json.dumps(said).encode())

    def close(self, whole: bool) -> None:
        """Give the lock back; with `whole` there is nothing to go on with."""
        if whole:
            (self.folder / STATE).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.release()


def _left(path: Path, inventory: str, at: datetime) -> tuple[datetime | None, dict[str, list[str]]]:
    """The start and the schools of a check that was stopped; (None, {}) where there is none to go on with."""
    try:
        content = files.read_regular(path, 16 * 1024 * 1024)
        said = json.loads(content or b"{}")
        started = datetime.fromisoformat(said["started"])
        done = {str(urn): [str(run) for run in runs] for urn, runs in said["done"].items()}
        fresh = said["inventory"] == inventory and timedelta(0) <= at - started < LONGEST
    except (LeeboardError, ValueError, KeyError, TypeError, AttributeError):
        return None, {}  # whatever is wrong with it, checking all schools is never wrong
    if not fresh or not all(RUN_ID.match(run) for runs in done.values() for run in runs):
        return None, {}
    return started, done
