"""Work on recovery passwords of BitLocker, cut off at every point: controller, connection and power.

Points are found by watching the work go through: each time that the controller gives its disk something, each step that
it asks for, and each change of a volume; before and after it. By day some of them, by night all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Outcome
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.keeping import Strangers, Wish
from leeboard.escrow.volumes.suspending import Suspension
from tests.unit.escrow.bitlocker_controller import PLAIN, WindowsController, clear, encrypted
from tests.unit.escrow.bitlocker_device import DECRYPTING, PASSWORD, PAUSED, TPM, PowerLost, WindowsDevice
from tests.unit.escrow.vaults import Died, a_vault, bring_back, dying, keep

CONTROLLER, CONNECTION, POWER = "controller", "connection", "power"
WRITE, STEP, CHANGE = "write", "step", "change"
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Work:
    """A kind of work: the device that it begins with, what is wanted, and what was done before."""

    name: str
    device: Callable[[], WindowsDevice]
    wish: Wish = PLAIN
    begin: Callable[[WindowsController], None] = lambda controller: None
    suspension: Suspension | None = None


@dataclass(frozen=True)
class Point:
    """What ends, at which write, step or change, before or after it."""

    who: str
    what: str
    number: int
    when: str


def encrypt(controller: WindowsController) -> None:
    """All is encrypted."""
    for _time in range(2):
        controller.run()
        controller.device.restart()
        controller.device.night()


def encrypt_and_read_out(controller: WindowsController) -> None:
    """All is encrypted, and somebody reads both passwords out."""
    encrypt(controller)
    for key in controller.kept.keys:
        controller.read_out(key)


def encrypt_and_type(controller: WindowsController) -> None:
    """All is encrypted, and somebody typed a password at the device."""
    encrypt(controller)
    controller.device.typed = [key.protector for key in controller.kept.keys]


def half_made(controller: WindowsController) -> None:
    """What is read back is another password, so nothing relies on it."""
    controller.device.reads_wrong = True
    controller.run()
    controller.device.reads_wrong = False


def neglect(controller: WindowsController) -> None:
    """All is encrypted; then by hand Windows is suspended without its TPM, and the data lose password and cipher."""
    encrypt(controller)
    windows, data = (controller.device.drive(letter) for letter in ("C:", "D:"))
    windows.suspended = 0
    windows.protectors = [one for one in windows.protectors if one["type"] != TPM]
    data.conversion = DECRYPTING
    data.protectors = [one for one in data.protectors if one["type"] != PASSWORD]
    controller.by_hand = {windows.letter}
    controller.before[data.name] = set()


def pause(controller: WindowsController) -> None:
    """The volume of Windows is half encrypted when somebody pauses that, and the data drive is in clear."""
    controller.run()
    controller.device.restart()
    controller.device.drive("C:").conversion = PAUSED


WITH_PIN = Wish(driver={"protector": "tpm-and-pin"}, pin="73194628")
WORK = [
    Work("enable", clear),
    Work("enable with a PIN", clear, WITH_PIN),
    Work("rotate", clear, begin=encrypt_and_read_out),
    Work("rotate what was typed", clear, begin=encrypt_and_type),
    Work("keep beside strangers", encrypted),
    Work("adopt", encrypted, Wish(strangers=Strangers.ADOPT)),
    Work("replace strangers", encrypted, Wish(strangers=Strangers.REPLACE)),
    Work("suspend", clear, begin=encrypt, suspension=Suspension(1, "firmware")),
    Work("mend what was half made", encrypted, Wish(strangers=Strangers.REPLACE), half_made),
    Work("repair", clear, begin=neglect),
    Work("go on after a pause", clear, begin=pause),
]

BY_DAY = [WORK[1], WORK[2], WORK[6], WORK[7], WORK[9]]  # every step is in one of them


class Bench:
    """A controller at the beginning of some work, to which it can be brought back."""

    def __init__(self, work: Work, made: Vault, folder: Path) -> None:
        self.work = work
        self.controller = WindowsController(made, work.device(), work.wish)
        work.begin(self.controller)
        self._vault = keep(made, folder)
        self._device = self.controller.device.saved()
        self._at = self.controller.at

    def begin(self) -> None:
        bring_back(self.controller.vault, self._vault)
        self.controller.device.restore(self._device)
        self.controller.at = self._at

    def run(self, ask: Callable[..., dict[str, Any]] | None = None) -> Outcome:
        """Do the work."""
        asked = self.work.suspension
        return self.controller.run(ask=ask) if asked is None else self.controller.suspend(asked, ask=ask)

    def points(self) -> list[Point]:
        """Watch the work go through; every point of it."""
        self.begin()
        changes, steps = [0], len(self.controller.device.steps)
        with dying(0) as writes, self._watched(lambda: changes.__setitem__(0, changes[0] + 1)):
            assert self.run().changed
        asked = len(self.controller.device.steps) - steps
        of = {
            (CONTROLLER, WRITE): writes[0], (CONTROLLER, STEP): asked, (CONNECTION, STEP): asked,
            (POWER, CHANGE): changes[0] // 2,
        }  # fmt: skip
        return [
            Point(who, what, number, when)
            for (who, what), count in of.items()
            for number in range(1, count + 1)
            for when in (BEFORE, AFTER)
        ]

    def cut_off(self, point: Point) -> None:
        """End the work at a point, and run it again: all is whole, and one more run changes nothing."""
        self.begin()
        controller = self.controller
        with suppress(Died, LeeboardError):  # of a device that is not even seen
            if point.what == WRITE:
                with dying(point.number, point.when):
                    self.run()
            elif point.what == STEP:
                self.run(ask=_cut(controller.device.ask, point))
            else:
                with self._watched(_power(point)):
                    self.run()
        controller.check()
        outcome = self.run()
        assert not outcome.failed, (point, outcome)
        controller.device.restart()
        controller.device.night()
        for _time in range(2):  # the data volume comes after the volume of Windows
            controller.run()
            controller.device.night()
        lines = controller.lines()
        outcome = controller.run()
        assert not (outcome.changed or outcome.failed or outcome.waiting), (point, outcome)
        assert controller.lines() == lines
        if self.work.wish.strangers is not Strangers.REPORT or self.work.device is clear:
            controller.whole()

    @contextmanager
    def _watched(self, also: Callable[[], None]) -> Iterator[None]:
        device, check = self.controller.device, self.controller.check

        def both() -> None:
            check()
            also()

        device.watch = both
        try:
            yield
        finally:
            device.watch = check


def _cut(ask: Callable[..., dict[str, Any]], point: Point) -> Callable[..., dict[str, Any]]:
    """Steps, of which one is not heard any more, or its answer is not."""
    count = [0]

    def cut(step: str, **arguments: Any) -> dict[str, Any]:
        count[0] += 1
        if count[0] != point.number:
            if count[0] > point.number:
                raise LeeboardError("the device was lost")
            return ask(step, **arguments)
        if point.when == AFTER:
            ask(step, **arguments)
        if point.who == CONTROLLER:
            raise Died
        raise LeeboardError("the device was lost")

    return cut


def _power(point: Point) -> Callable[[], None]:
    """Called before and after each change: the device goes off at one, and is not there any more."""
    count = [0]
    last = 2 * point.number - (point.when == BEFORE)

    def off() -> None:
        count[0] += 1
        if count[0] >= last:
            raise PowerLost

    return off


@contextmanager
def bench(work: Work, folder: Path) -> Iterator[Bench]:
    with a_vault(folder) as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)  # `dying` counts them; to wait for a disk proves nothing
        yield Bench(work, made, folder)


def _by_day(points: list[Point]) -> list[Point]:
    """After each step, of which the answer is lost, and each change; and the last write."""
    last = max(point.number for point in points if point.what == WRITE)
    return [
        one
        for one in points
        if one.when == AFTER and (one.who in (CONNECTION, POWER) or (one.what, one.number) == (WRITE, last))
    ]


@pytest.mark.parametrize("work", BY_DAY, ids=lambda one: one.name.replace(" ", "-"))
def test_no_volume_relies_on_what_was_not_compared_and_the_next_run_finishes(work: Work, tmp_path: Path) -> None:
    with bench(work, tmp_path) as begun:
        for point in _by_day(begun.points()):
            begun.cut_off(point)


@pytest.mark.full
@pytest.mark.parametrize("work", WORK, ids=lambda one: one.name.replace(" ", "-"))
def test_the_same_at_every_point(work: Work, tmp_path: Path) -> None:
    with bench(work, tmp_path) as begun:
        for point in begun.points():
            begun.cut_off(point)


def test_there_are_enough_points_and_none_is_typed(tmp_path: Path) -> None:
    found: list[Point] = []
    for number, work in enumerate(WORK):
        folder = tmp_path / str(number)
        folder.mkdir()
        with bench(work, folder) as begun:
            points = begun.points()
        assert {point.who for point in points} == {CONTROLLER, CONNECTION, POWER} or work.name == "adopt"
        found += points
    assert len(found) >= 150


def test_a_controller_that_encrypts_before_it_compared_is_found(tmp_path: Path) -> None:
    """The invariant is looked at on the device at each change."""
    with bench(WORK[0], tmp_path) as begun:
        drive = begun.controller.device.drive("C:")
        drive.hardware_test = 2
        with pytest.raises(AssertionError):
            begun.controller.check()
