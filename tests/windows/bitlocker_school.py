"""A controller for the bench: it keeps recovery passwords and says which were compared, as escrow will, and sets PINs.

And what has to hold of a machine at every moment, whatever was cut off.
"""

from __future__ import annotations

import copy
from typing import Any

from . import volume_time
from .bitlocker_bench import Bench, State, volume

PIN = "19283746"
START_TYPES = (1, 2, 4, 5, 6)
RECOVERY = 3


class Cut(Exception):
    """The controller was ended."""


class Controller:
    """Rolls out until nothing is left to be done. What it remembers outlives it, as the vault does."""

    def __init__(self, bench: Bench, state: State, **wish: Any) -> None:
        self.bench, self.state, self.wish = bench, state, wish
        self.compared: list[str] = []
        self.steps: list[str] = []
        self.begun = copy.deepcopy(state)
        self.cut_at = 0

    def _step(self, name: str) -> None:
        """Something that the controller does is about to be done, or was: it may be ended there."""
        self.steps.append(name)
        if len(self.steps) == self.cut_at:
            raise Cut(name)

    def visit(self, cut: int = 0, done: bool = True) -> Any:
        """One roll-out: change, add what has a secret, and again, until a round adds nothing."""
        said: Any = None
        for _round in range(6):
            said = self.bench.change(self.state, kept=self.compared, cut=cut, done=done, **self.wish)
            self.holds()
            if said["error"]:
                return said
            cut = 0
            for need in said["outcome"]["needs"]:
                self._add(need["kind"], need["letter"])
            if not said["outcome"]["needs"]:
                return said
        raise AssertionError(f"it is never content: {said['outcome']}")

    def _add(self, kind: str, letter: str) -> None:
        self._step(f"before {kind} {letter}")
        if kind == "recovery":
            made = self.bench.call(self.state, "ProtectKeyWithNumericalPassword", letter)
        else:
            made = self.bench.call(self.state, "ProtectKeyWithTPMAndPIN", letter, PIN=PIN)
        assert made["ReturnValue"] == 0, (kind, made)
        self.holds()
        self._step(f"added {kind} {letter}")
        if kind == "recovery":
            self.compared.append(made["VolumeKeyProtectorID"])
        self.holds()
        self._step(f"compared {kind} {letter}")

    def nights(self, count: int = 4) -> None:
        """Roll-outs, each with a restart and hours after it."""
        for _night in range(count):
            said = self.visit()
            assert said["error"] == "", said["error"]
            assert self.restart() != "recovery"
            volume_time.hours(self.state, 60)
            self.holds()

    def restart(self) -> str:
        """How it came up; data drives open as they did."""
        came_up = volume_time.restart(self.state)
        for one in volume_time.instances(self.state):
            if one["bitlocker"]["locked"]:
                one["bitlocker"]["locked"] = False  # its user types what opened it before
        return came_up

    def holds(self) -> None:
        """Nothing is worse than before, and nothing is protected by what escrow has not compared."""
        for found in volume_time.instances(self.state):
            letter, now = found["DriveLetter"], found["bitlocker"]
            before = next(one["bitlocker"] for one in volume_time.instances(self.begun) if one["DriveLetter"] == letter)
            ids = {one["id"] for one in now["protectors"]}
            old = {one["id"] for one in before["protectors"]}
            types = {one["type"] for one in now["protectors"]}
            kept = bool(ids & set(self.compared))
            touched = any(now[part] != before[part] for part in ("conversion", "clear_key")) or not old <= ids
            assert kept or not touched, f"{letter} was changed, and escrow has compared nothing of it: {now}"
            if now["conversion"]:
                assert ids or now["clear_key"], f"nothing opens {letter}"
            is_on = now["conversion"] == 1 and not now["clear_key"] and ids
            was_bare = not {one["type"] for one in before["protectors"]} & set(START_TYPES)
            assert not is_on or types & set(START_TYPES) or was_bare, f"{letter} has nothing but a recovery password"


def is_protected(state: State, letter: str, *types: int) -> bool:
    """Whether a volume is encrypted and protected, with protectors of these types and no others."""
    now = volume(state, letter)
    found = sorted(one["type"] for one in now["protectors"])
    return bool(now["conversion"] == 1 and not now["clear_key"] and found == sorted(types))
