"""Whatever is cut off when: in all work on keys the last point of each step and kind. All: `make reliability`.

The disk lies in a file and is not open: the power of a machine is really cut by `make reliability REAL=1`, and in
roll-outs by tests/controls/full_power_cuts.py.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.points import bench
from tests.reliability.records import MACHINE
from tests.reliability.scenarios import SCENARIOS
from tests.reliability.watched import CONTROLLER, KINDS, POWER
from tests.reliability.work import Work
from tests.unit.linux.disks import needs_cryptsetup

pytestmark = needs_cryptsetup
DAY = {"first key", "adopting a known key", "other custodians"}  # a key's whole life in little; the others by night
WORK = [pytest.param(one, marks=() if one.name in DAY else pytest.mark.full) for one in SCENARIOS]


@pytest.mark.parametrize("scenario", WORK, ids=lambda one: one.name.replace(" ", "-"))
def test_nothing_is_lost_and_the_next_run_finishes(scenario: Work[Any], tmp_path: Path) -> None:
    with bench(scenario, tmp_path) as begun:
        points = begun.points()
        steps = {one.step: one for one in points}
        if MACHINE not in scenario.where:  # a point takes longer
            steps = {one.step: one for one in points if one.kind != CONTROLLER} or steps
        kinds = {one.kind: one for one in points}
        for point in dict.fromkeys([*steps.values(), *kinds.values()]):
            seen = begun.cut_off(point)
            assert seen.good, (point, seen)


@pytest.mark.full
def test_a_derivation_that_was_cut_off_at_any_write_is_finished(tmp_path: Path) -> None:
    """cryptsetup leaves a second slot for the passphrase there, or one that is wiped and which nothing opens."""
    with bench(SCENARIOS[2], tmp_path) as begun:
        points = [one for one in begun.points() if one.kind == POWER]
        if shutil.which("strace"):
            assert len(points) > 10
        for point in points:
            seen = begun.cut_off(point)
            assert seen.good, (point, seen)


def test_every_kind_has_points_and_none_is_typed(tmp_path: Path) -> None:
    with bench(SCENARIOS[1], tmp_path) as begun:
        points = begun.points()
    assert {one.kind for one in points} == set(KINDS)
    assert len({(one.kind, one.number) for one in points}) == len(points) > 60
    steps = {one.step for one in points}
    assert {"device: add", "device: remove", "vault: sealed", "vault: proved", "vault: retired"} <= steps
    if shutil.which("strace"):
        assert any(one.kind == POWER and "before write 3 of" in one.what for one in points)


def test_work_that_leaves_something_undone_is_found(tmp_path: Path) -> None:
    """The points judge by what they see: a disk whose data changed, a key that opens nothing, a run that never ends."""

    class Careless(type(SCENARIOS[0])):  # type: ignore[misc]
        def finish(self, controller: object) -> None:
            super().finish(controller)
            disk = controller.disk.path  # type: ignore[attr-defined]
            with disk.open("r+b") as file:
                file.seek(-1, 2)
                last = file.read(1)
                file.seek(-1, 2)
                file.write(bytes([last[0] ^ 1]))

    with bench(Careless(), tmp_path) as begun:
        seen = begun.cut_off(begun.points()[0])
    assert not seen.data and not seen.good and seen.finished
