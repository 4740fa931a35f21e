"""Every point at which work on keys is cut off, found by watching it go through; and one of them, gone through.

After each: are the data as they were, does a proved key open the disk, is nothing half-made called proved, and does the
next run finish?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from tests.unit.escrow.vaults import Died, bring_back, keep

from .records import Seen
from .watched import CONNECTION, KINDS, Moment, Watch, WatchedDisk, watching
from .work import COUNTS, Trouble, Work, must


@dataclass(frozen=True)
class Point:
    """The `number`th moment of a kind in a scenario."""

    scenario: str
    kind: str
    number: int
    step: str
    what: str


class Bench:
    """A scenario at its beginning, to which it comes back for each point."""

    def __init__(self, scenario: Work[Any], controller: Any) -> None:
        self.scenario = scenario
        self.controller = controller
        before = scenario.binding(controller)
        must(before is not None, f"{scenario.name}: the header cannot be read before anything is done")
        scenario.prepare(controller)
        self.data = (controller.disk.data(), before.volume_key if before else "")
        self.secrets = [controller.secret(one) for one in controller.kept.keys if one.state in COUNTS]
        self.vault, self.at = controller.vault, controller.at
        self.saved = keep(controller.vault, controller.disk.folder)
        controller.disk.save(self.saved)
        self.moments = self._learn()

    def _learn(self) -> list[Moment]:
        """Watch the work go through once."""
        with watching(self.controller.disk, Watch()) as watch:
            outcome = self.scenario.work(self.controller)
        must(not outcome.failed, f"{self.scenario.name}: does not go through: {outcome.summary}")
        return watch.moments

    def points(self) -> list[Point]:
        """Every point of the scenario."""
        return [
            Point(self.scenario.name, kind, number, one.step, one.what)
            for kind in KINDS
            for number, one in enumerate((one for one in self.moments if one.kind == kind), 1)
        ]

    @property
    def changes(self) -> list[tuple[str, str]]:
        """The commands that change the disk: each with the step in which it is."""
        named = [one for one in self.moments if one.kind == CONNECTION and one.what.startswith("before ")]
        return [(one.step, one.what) for one in named if one.step.removeprefix("device: ") != one.what[7:]]

    def begin_anew(self) -> None:
        """Let disk, vault and clock be as they were, and the machine without what it noted."""
        self.controller.vault, self.controller.at = self.vault, self.at
        bring_back(self.controller.vault, self.saved)
        self.controller.disk.begin_anew(self.saved)

    def cut_off(self, point: Point) -> Seen:
        """Begin anew, cut off the work at a point, and look."""
        controller = self.controller
        self.begin_anew()
        with watching(controller.disk, Watch(point.kind, point.number)) as watch, suppress(Died, LeeboardError):
            self.scenario.work(controller)
        there = [one for one in watch.moments if one.kind == point.kind]
        must(len(there) >= point.number, f"{point}: the run did not come so far")
        reached = there[point.number - 1]
        must((reached.step, reached.what) == (point.step, point.what), f"{point}: the run came to {reached}")
        controller.disk.come_back()
        try:
            opens = self.scenario.opens(controller, self.secrets)
            honest = self.scenario.honest(controller)
            # A volume that is closed and has no header is looked into only when that is back.
            data = controller.disk.data() in (self.data[0], *([] if self.scenario.header_is_there else [None]))
            why = ""
            self.scenario.meanwhile(controller)
            try:
                self.scenario.finish(controller)
            except (Trouble, LeeboardError, StopIteration) as trouble:
                why = str(trouble) or type(trouble).__name__
            now = self.scenario.binding(controller)
            data &= controller.disk.data() == self.data[0]
            data &= now is not None and now.volume_key == self.data[1]
            return Seen(data, opens, honest, not why, why)
        except LeeboardError as trouble:
            return Seen(False, False, False, False, str(trouble))


@contextmanager
def bench(scenario: Work[Any], folder: Path, make: Callable[[Path], WatchedDisk] = WatchedDisk) -> Iterator[Bench]:
    """A scenario at its beginning, in a folder; `make` makes its disk."""
    with scenario.begun(folder, make) as controller:
        yield Bench(scenario, controller)
