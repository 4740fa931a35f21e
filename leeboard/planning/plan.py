"""The next safe steps for a device: what is wanted and was observed, turned into module calls.

Pure, and never stored: after the steps the device is observed and planned again, so a crash is just the next
observation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from leeboard.policy.model import Mode, Value
from leeboard.policy.resolve import Wanted
from leeboard.verdict.evaluate import judge
from leeboard.verdict.observation import Observation
from leeboard.verdict.verdicts import Verdict

Risk = Literal["none", "reboot", "cut_off", "destructive"]


@dataclass(frozen=True)
class Change:
    """One address, the value it gets, the reading the plan was made from, and the control that asks for it."""

    control: str
    address: str
    value: Value
    type: str
    expect: str

    def as_argument(self) -> dict[str, Any]:
        """The form that driver modules take."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"address": self.address, "value": value, "type": self.type, "expect": self.expect}


@dataclass(frozen=True)
class Step:
    """One call of one driver's module. The module refuses when the device no longer reads as `expect` says."""

    driver: str
    module: str
    changes: tuple[Change, ...]
    risk: Risk = "none"


def plan(wanted: Wanted, observation: Observation, family: str) -> tuple[Step, ...]:
    """The steps that bring the enforced settings of one family to what is wanted; empty when nothing is to be done.

    A setting is changed when it drifted, or when it is right on disk and not loaded yet (pending). What could not be
    read, is only reported, or has no value to write is left alone.
    """
    changes: dict[str, dict[str, Change]] = {}
    for setting in wanted.settings:
        if setting.control.family != family or setting.mode is not Mode.ENFORCE or setting.write is None:
            continue
        verdict = judge(wanted, setting, observation).verdict
        if verdict not in (Verdict.DRIFTED, Verdict.PENDING):
            continue
        reading = observation.reading(setting.setting.driver, setting.setting.address)
        if reading is None:
            continue
        change = Change(
            control=setting.control.id,
            address=setting.setting.address,
            value=setting.write,
            type=setting.setting.type,
            expect=reading.fingerprint,
        )
        # Two controls may name one address; the linter proves that they write the same.
        changes.setdefault(setting.setting.driver, {}).setdefault(change.address, change)
    steps = []
    for driver, by_address in sorted(changes.items()):
        module = wanted.baseline.drivers[driver].module
        if module is not None:
            ordered = tuple(by_address[address] for address in sorted(by_address))
            steps.append(Step(driver, f"leeboard.schools.{module}", ordered))
    return tuple(steps)
