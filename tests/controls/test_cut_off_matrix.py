"""A roll-out under a checkpoint is cut off at each of its steps: the controller killed, the connection cut, power lost.

Whatever was cut off where, the machine can be reached again by itself, nothing is left of the checkpoint, and all is
as it was before or as it was to be, as the checkpoint says of itself. The points are generated: what arming makes in
its order, every file that the changes write (a test compares those with what a whole roll-out wrote), confirming, and
tidying up. A process of the test's own on the machine stops the roll-out there (cut_off_hook.py); it looks at files, so
it stops it just after a point and not at it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from .cut_off_lab import CHECKPOINT, SSHD, SYSTEM, TABLE, UNIT, Lab, kill, said

CONTROLLER, CONNECTION, POWER = KINDS = ("controller", "connection", "power")
DRIFTS = ("sshd", "firewall")
TIMER = f"{SYSTEM}/leeboard-checkpoint.timer"
ARMED = ("there", f"{CHECKPOINT}/state.armed")
CONFIRMED = ("there", f"{CHECKPOINT}/state.confirmed")
ARMING_BEGINS = ("there", f"{CHECKPOINT}/state.arming")
ARMING = {
    "copies are made": ("there", f"{CHECKPOINT}/note"),
    "the script is there": ("there", f"{CHECKPOINT}/put-back"),
    "the timer is there": ("there", TIMER),
    "the start's unit is enabled": ("there", f"{SYSTEM}/sysinit.target.wants/leeboard-checkpoint-start.service"),
    "the manifest is there": ("there", f"{CHECKPOINT}/manifest"),
    "armed": ARMED,
}
ENABLED = f"{SYSTEM}/sysinit.target.wants/{UNIT.rpartition('/')[2]}"
WRITES = (SSHD, TABLE, UNIT, ENABLED)
ENDING = {
    "confirmed": CONFIRMED,
    "its timer is gone": ("gone", TIMER),
    "its script is gone": ("gone", f"{CHECKPOINT}/put-back"),
}


@dataclass(frozen=True)
class Cut:
    """What is cut off where: `points` are waited for in turn, the last one is it."""

    kind: str
    step: str
    points: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.kind}-{self.step.rpartition('/')[2]}".replace(" ", "-")


def steps() -> dict[str, tuple[tuple[str, str], ...]]:
    """Each step of a roll-out under a checkpoint, with what a machine shows when it is there."""
    # The machine was brought to its baseline under a checkpoint, of which something is there until arming begins.
    found = {"arming begins": (ARMING_BEGINS,)} | {step: (ARMING_BEGINS, point) for step, point in ARMING.items()}
    found |= {path: (ARMED, ("changed", path)) for path in WRITES}
    return found | {step: (ARMED, CONFIRMED, point) for step, point in ENDING.items()}


CUTS = [Cut(kind, step, points) for step, points in steps().items() for kind in KINDS]


@pytest.mark.full
def test_every_file_that_a_roll_out_writes_is_a_point(cut_off_lab: Lab) -> None:
    lab = cut_off_lab
    lab.begin(*DRIFTS)
    before = lab.look()
    done = lab.roll_out()
    assert done.status == 0, said(done)
    lines = {line for line in {*before.splitlines()} ^ {*lab.look().splitlines()} if "/etc/" in line}
    changed = {line.split()[0 if line.startswith("/") else -1] for line in lines}
    assert changed - {os.path.dirname(path) for path in WRITES} == {*WRITES}
    lab.is_as(lab.wanted, "a roll-out makes the same of it each time")


@pytest.mark.full
@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_a_roll_out_that_is_cut_off_leaves_all_or_nothing(cut_off_lab: Lab, cut: Cut) -> None:
    lab = cut_off_lab
    lab.begin(*DRIFTS)
    before = lab.look()
    lab.hook(cut.points, "connection" if cut.kind == CONNECTION else "freeze")
    run = lab.begin_roll_out()
    if cut.kind == CONNECTION:
        done = lab.ended(run)
        assert lab.machine.root("ls /run/test-hook/reached").returncode == 0, said(done)
    else:
        lab.wait_for_hook(run)
        if cut.kind == CONTROLLER:
            kill(run)
            lab.go_on()
        else:
            lab.machine.power_cut()
            lab.machine.boot()
            lab.ended(run)
    # Until there is a unit of its own nothing looks after a broken arming but the next one.
    state = lab.at_rest(broken_arming=cut.kind == POWER)
    lab.is_as(lab.wanted if state == "confirmed" else before, state)
    if state == "arming":
        done = lab.roll_out()
        assert done.status == 0, said(done)
        assert lab.at_rest() == "confirmed"
        lab.is_as(lab.wanted, "the next roll-out is not held up by what was left")
    if cut.step in ENDING and cut.kind != POWER:
        assert state == "confirmed", "who is confirmed stays so, whoever hears of it"
