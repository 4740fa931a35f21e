"""The next safe steps for a device: what is wanted and was observed, turned into module calls.

Pure, and never stored: after the steps the device is observed and planned again, so a crash is just the next
observation.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from leeboard.model.enums import Mode
from leeboard.model.observation import Found, Observation
from leeboard.model.values import Value, flat
from leeboard.policy.resolve import Wanted
from leeboard.verdict.compare import accepts
from leeboard.verdict.evaluate import to_mend

Risk = Literal["none", "reboot", "cut_off", "destructive"]
CUT_OFF_MINUTES = 3  # that a device waits for us, beyond the longest that its steps may take


@dataclass(frozen=True)
class Change:
    """One address, the value it gets, the reading the plan was made from, and the control that asks for it."""

    control: str
    address: str
    value: Value
    type: str
    expect: str

    def as_argument(self) -> dict[str, Any]:
        """The change as an argument of a driver module."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"address": self.address, "value": value, "type": self.type, "expect": self.expect}


@dataclass(frozen=True)
class Step:
    """One call of one driver's module. The module refuses when the device no longer reads as `expect` says.

    A step of risk `cut_off` could cut off whoever makes it, and runs only under a checkpoint.
    """

    driver: str
    module: str
    changes: tuple[Change, ...]
    risk: Risk = "none"


# Drivers whose addresses have nothing to do with each other: what is refused for one says nothing of the others. Those
# of one group of BitLocker's policy hang together, and each brings its group with it.
APART = ("bitlocker_policy", "dropin", "file_mode", "listening", "removable_media", "sshd", "vpn_connection", "winrm")


def apart(step: Step) -> tuple[Step, ...]:
    """A refused step as one step for each address; empty where there is one only, or where they hang together."""
    if step.driver not in APART or len(step.changes) < 2:
        return ()
    return tuple(Step(step.driver, step.module, (change,), step.risk) for change in step.changes)


def could_cut_off(drivers: Collection[str], seconds: int = 0) -> str:
    """What a preview says of steps of these drivers, all of risk `cut_off`.

    `seconds` are those that the device itself named; 0: it was not asked.
    """
    minutes = -(-seconds // 60) or CUT_OFF_MINUTES
    back = f"put back by itself after {minutes} minute{'' if minutes == 1 else 's'} unless we come back"
    return f"{', '.join(sorted(drivers))} could cut us off: {back}"


def plan(wanted: Wanted, observation: Observation, families: Collection[str], at: datetime) -> tuple[Step, ...]:
    """The steps that bring the enforced settings of some families to what is wanted at a moment; empty when all is so.

    A setting is changed when it drifted, or when it is right on disk and not loaded yet (pending); then what is there
    is written again, so that a value which is stricter than ours stays. What could not be read, is only reported, has
    no value to write, or belongs to a group policy or an MDM service is left alone.
    """
    changes: dict[str, dict[str, Change]] = {}
    enforced = [
        setting
        for control in wanted.controls
        if control.control.family in families
        for setting in to_mend(wanted, control, observation, at)
        if setting.mode is Mode.ENFORCE
    ]
    for setting in enforced:
        reading = observation.reading(setting.setting.driver, setting.setting.address)
        if reading is None or reading.owner:
            # What such an owner sets it sets again: writing against it would never come to rest.
            continue
        effective = reading.effective
        current = flat(effective.value) if isinstance(effective, Found) else None
        write = setting.written(current)
        if write is None:
            continue
        waits = accepts(setting, effective) is True
        if waits and current is not None:
            write = current
        change = Change(
            control=setting.control.id,
            address=setting.setting.address,
            value=write,
            type=setting.setting.type,
            expect=reading.fingerprint,
        )
        # Two controls may name one address; the linter proves that they write the same. One may take what is there.
        mine = changes.setdefault(setting.setting.driver, {})
        if change.address not in mine or (not waits and mine[change.address].value == current):
            mine[change.address] = change
    steps = []
    for driver, by_address in sorted(changes.items()):
        listed = wanted.baseline.drivers[driver]
        if listed.module is not None:
            ordered = tuple(by_address[address] for address in sorted(by_address))
            steps.append(Step(driver, f"leeboard.schools.{listed.module}", ordered, listed.risk))
    return tuple(steps)
