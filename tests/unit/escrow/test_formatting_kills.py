"""Whatever dies when while an empty disk is encrypted and formatted: nothing half-made counts, the next run finishes.

The points are counted on a run that goes through, never typed: each command that changes something, and each time that
controller or machine gives their disk what they wrote.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from leeboard.escrow.empty_disks import FORMATS
from leeboard.escrow.records import State
from tests.unit.escrow.vaults import Died, bring_back, dying, keep
from tests.unit.linux.disks import needs_cryptsetup
from tests.unit.linux.spare_disk import ROOT_UUID, SIZE, Mapper

from .bench import Bench, whole

pytestmark = needs_cryptsetup
SOME = 9  # of the writes one in so many: there are two for each file
AFTER = pytest.param("after", 1, marks=pytest.mark.full)  # dying after one is dying before the next


@pytest.mark.parametrize(("moment", "every"), [("before", 1), AFTER])
def test_a_machine_that_dies_at_any_command(bench: Bench, moment: str, every: int) -> None:
    _points(bench, moment, every, commands=True)


@pytest.mark.parametrize(
    ("moment", "every"), [("before", SOME), pytest.param("before", 1, marks=pytest.mark.full), AFTER]
)
def test_whatever_dies_at_any_write(bench: Bench, moment: str, every: int) -> None:
    _points(bench, moment, every, commands=False)


def _points(bench: Bench, moment: str, every: int, commands: bool) -> None:
    bench.run()  # the system's disk has its key already
    saved = _save(bench)
    points = _dying(bench, commands, 0, moment)
    assert points >= (6 if commands else 30), points
    for point in range(1, points + 1, every):
        _bring_back(bench, saved)
        with suppress(Died):
            _dying(bench, commands, point, moment)
        bench.machine.dies_at = None
        _nothing_half_counts(bench, point)
        # Every other time the machine starts anew before the next run, as after a power cut.
        if point % 2:
            bench.machine.restart()
        done = bench.roll_out()
        assert not any(one.failed for one in done), (point, [one.words for one in done])
        assert not any(one.changed for one in bench.roll_out()), point
        whole(bench)


def _nothing_half_counts(bench: Bench, point: int) -> None:
    for key in bench.kept.keys:
        if key.state is State.PROVED:
            disk = bench.machine.system if key.disk == ROOT_UUID else bench.machine.path
            assert bench.machine.opens(bench.secret(key), disk), f"key {key.id} counts, and opens nothing ({point})"
    if bench.machine.mounts:
        assert any(key.state is State.PROVED and FORMATS in key.binding for key in bench.kept.keys), point


def _dying(bench: Bench, commands: bool, point: int, moment: str) -> int:
    """A run during which something dies at its `point`th command or write (0: nothing does); how many there were."""
    bench.machine.commands = 0
    if commands:
        bench.machine.dies_at = (point, moment)
        bench.format()
        return bench.machine.commands
    with dying(point, moment) as calls:
        bench.format()
    return calls[0]


def _save(bench: Bench) -> Path:
    saved = keep(bench.vault, bench.machine.folder)
    shutil.copytree(bench.machine.root, saved / "root", symlinks=True)
    shutil.copy(bench.machine.system, saved / "system")
    return saved


def _bring_back(bench: Bench, saved: Path) -> None:
    machine = bench.machine
    bring_back(bench.vault, saved)
    shutil.rmtree(machine.root)
    shutil.copytree(saved / "root", machine.root, symlinks=True)
    shutil.copy(saved / "system", machine.system)
    with machine.path.open("wb") as file:
        file.truncate(SIZE)
    machine.mapper, machine.mounts = Mapper(machine.path, machine.mapper.inside), {}
