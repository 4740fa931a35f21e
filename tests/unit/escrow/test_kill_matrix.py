"""Whatever dies when: a machine at any command of a first key or a rotation, a controller at any write.

The points are counted on a run that goes through, never typed. The disk lies in a file and is not open: the power of a
machine is really cut in tests/controls/full_power_cuts.py.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from leeboard.escrow.binding import faults
from leeboard.escrow.records import State
from tests.unit.escrow.vaults import Died, bring_back, dying, keep
from tests.unit.linux.disks import PASSPHRASE, needs_cryptsetup

from .desk import Desk, used

pytestmark = needs_cryptsetup


def _whole(desk: Desk, count: int) -> None:
    """Nothing half-made is called proved, what opened the disk opens it, and the next run finishes."""
    desk.disk.dies_at = None
    assert desk.disk.opens(PASSPHRASE)
    for key in desk.kept.keys:
        if key.state in (State.PROVED, State.USED) and not faults(key, desk.now):
            assert desk.disk.opens(desk.secret(key)), f"key {key.id} counts, and opens nothing ({count})"
    outcome = desk.run()
    assert not outcome.failed and not outcome.waiting, (count, outcome.words)
    again = desk.run()
    assert not again.changed, (count, again.words)
    assert desk.disk.opens(desk.secret(desk.current), "--key-slot", str(desk.current.binding["slot"]))
    assert [token.key for token in desk.now.ours] == [desk.current.id]
    assert desk.disk.slots() == sorted([0, desk.current.binding["slot"]]), count
    assert len(desk.kept.headers) == 1
    states = [key.state for key in desk.kept.keys]
    assert states.count(State.PROVED) == 1 and State.PENDING not in states and State.USED not in states


# A rotation has all the steps of a first key, and dying after one of them is dying before the next: the rest of the
# matrix is for `make test-full`.
WHOLE = bool(os.environ.get("LEEBOARD_FULL"))
SCENARIOS = pytest.mark.parametrize(
    ("rotating", "moment"),
    [(True, "before"), *([(True, "after"), (False, "before"), (False, "after")] if WHOLE else [])],
    ids=lambda one: {True: "rotation", False: "first key"}.get(one, one),
)
EVERY = 1 if WHOLE else 3  # of the controller's writes, of which there are two for each file


@SCENARIOS
def test_a_machine_that_dies_at_any_command(desk: Desk, moment: str, rotating: bool) -> None:
    _every_point(desk, moment, rotating, on_device=True)


@SCENARIOS
def test_a_controller_that_dies_at_any_write(desk: Desk, moment: str, rotating: bool) -> None:
    _every_point(desk, moment, rotating, on_device=False)


def _every_point(desk: Desk, moment: str, rotating: bool, on_device: bool) -> None:
    """The points are counted on a run that goes through, never typed; each starts from the same disk and vault."""
    if rotating:
        desk.run()
        used(desk)
    saved = _save(desk)
    points = _count(desk, on_device)
    assert points > 10, points
    for point in range(1, points + 1, 1 if on_device else EVERY):
        _bring_back(desk, saved)
        with suppress(Died):
            _run_dying(desk, on_device, point, moment)
        _whole(desk, point)


def _count(desk: Desk, on_device: bool) -> int:
    if on_device:
        desk.disk.commands = 0
        desk.run()
        return desk.disk.commands
    return _run_dying(desk, False, 0, "before")


def _run_dying(desk: Desk, on_device: bool, point: int, moment: str) -> int:
    """A roll-out during which something dies at its `point`th command or write; how many there were."""
    if on_device:
        desk.disk.commands, desk.disk.dies_at = 0, (point, moment)
        desk.run()
        return desk.disk.commands
    with dying(point, moment) as calls:
        desk.run()
    return calls[0]


def _save(desk: Desk) -> Path:
    saved = keep(desk.vault, desk.disk.folder)
    shutil.copy(desk.disk.path, saved / "disk")
    return saved


def _bring_back(desk: Desk, saved: Path) -> None:
    desk.disk.dies_at = None
    bring_back(desk.vault, saved)
    shutil.copy(saved / "disk", desk.disk.path)
