"""What a kind of work has to say of itself to be cut off: what comes before, and what must be true after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from leeboard.escrow.disks.disk import Outcome
from leeboard.escrow.vault.binding import Binding, faults, parse
from leeboard.escrow.vault.records import State
from tests.unit.escrow.controller import Controller
from tests.unit.linux.disks import PASSPHRASE

from .records import IMAGE, MACHINE
from .watched import WatchedDisk

COUNTS = (State.PROVED, State.USED)


class Trouble(Exception):
    """Something is not as it must be; the words say what."""


def must(holds: bool, words: str) -> None:
    """Raises Trouble where it does not hold."""
    if not holds:
        raise Trouble(words)


class Work[Of: Controller]:
    """A kind of work, with a controller of its kind. `where` it is gone through; `header_is_there`: the disk can be
    read before it is done."""

    name = ""
    where: tuple[str, ...] = (IMAGE, MACHINE)
    header_is_there = True

    def begun(self, folder: Path, make: Callable[[Path], WatchedDisk]) -> AbstractContextManager[Of]:
        """A controller with a vault, and a machine; `make` makes the disk, for a folder, where it may be another."""
        raise NotImplementedError

    def prepare(self, controller: Of) -> None:
        """What is there before."""

    def work(self, controller: Of) -> Outcome:
        """The work, by a controller that was started anew. Raises LeeboardError."""
        raise NotImplementedError

    def finish(self, controller: Of) -> None:
        """The next run after whatever happened; raises Trouble where that does not finish the work."""
        raise NotImplementedError

    def meanwhile(self, controller: Of) -> None:
        """What people do before the next run."""

    def binding(self, controller: Of) -> Binding | None:
        """The binding of the disk whose data have to stay; None where its header cannot be read."""
        volumes = parse(controller.disk.ask("survey")["volumes"])
        return volumes[0].binding if volumes else None

    def opens(self, controller: Of, secrets: Sequence[str]) -> bool | None:
        """Whether what opened the disk still does: a proved key where there was one (`secrets`), else the passphrase.

        Where a rotation has come to its end it is the new one.
        """
        if not self.header_is_there:
            return None
        now = [controller.secret(one) for one in controller.kept.keys if one.state in COUNTS]
        known = any(map(controller.disk.opens, [*secrets, *now])) if secrets else True
        return known and controller.disk.opens(PASSPHRASE)

    def honest(self, controller: Of) -> bool:
        """Whether every key that counts opens the disk."""
        now = self.binding(controller)
        if now is None:
            return True
        counted = [one for one in controller.kept.keys if one.state in COUNTS and not faults(one, now)]
        return all(controller.disk.opens(controller.secret(one)) for one in counted)
