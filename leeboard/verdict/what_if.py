"""One device judged twice by what it last said: by the policy that there is, and by another. Pure.

Only controls of which something else is wanted are judged: of 25,000 devices that is what can be waited for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.model.device import Device
from leeboard.model.enums import Level, Mode
from leeboard.model.finding import Finding
from leeboard.model.observation import Reading, parse
from leeboard.model.verdicts import Verdict
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict import device_clock, waivers
from leeboard.verdict.evaluate import evaluate, measured

KIND = {"platform", "form", "role", "level", "overrides", "parameters"}  # all of a device that decides what is wanted


@dataclass(frozen=True)
class Policy:
    """A baseline, and the level that every device has in it (None: its own)."""

    baseline: Baseline
    level: Level | None = None

    def device(self, device: Device) -> Device:
        """The device as this policy has it."""
        return device if self.level is None else device.model_copy(update={"level": self.level})


@dataclass(frozen=True)
class Change:
    """A control whose verdict on a device would be another one. "" stands for a control that the policy has not."""

    control: str
    before: str
    after: str

    @property
    def way(self) -> int:
        """More than 0 where it gets worse, less where it gets better. What is not asked is as good as what is well."""
        well = Verdict.COMPLIANT.badness
        now, then = (max(Verdict(one).badness, well) if one else well for one in (self.before, self.after))
        return then - now


@dataclass(frozen=True)
class Judged:
    """What would be otherwise on one device. `problem` says why it could not be judged."""

    changes: tuple[Change, ...] = ()
    problem: str = ""


@dataclass
class _Pair:
    """What both policies want of one kind of device, as far as it differs, and which readings that needs."""

    now: Wanted
    then: Wanted
    needed: frozenset[tuple[str, str]]


class Judge:
    """Judges devices by two policies at a moment."""

    def __init__(self, now: Policy, then: Policy, at: datetime) -> None:
        """`at` is aware, of the controller's clock."""
        self._policies = (now, then)
        self._at = at
        self._pairs: dict[str, _Pair] = {}

    def judge(
        self, device: Device, envelope: Mapping[str, Any], body: Mapping[str, Any], seen: datetime, age: Reading
    ) -> Judged:
        """A device by its last observation, `seen` then; `age` is the reading of how old that is."""
        try:
            pair = self._pair(device)
            readings = [one for one in body["readings"] if (one["driver"], one["address"]) in pair.needed]
            observation = parse({**envelope, **body, "readings": readings})
            if not device_clock.is_in(observation):
                observation = observation.with_reading(device_clock.reading(observation, seen, seen))
            found = [
                self._findings(replace(wanted, device=policy.device(device)), policy, observation, age)
                for wanted, policy in zip((pair.now, pair.then), self._policies, strict=True)
            ]
        except (LeeboardError, KeyError, TypeError) as problem:
            return Judged(problem=str(problem))
        return _compared(*found)

    def _findings(self, wanted: Wanted, policy: Policy, observation: Any, age: Reading) -> dict[str, str]:
        found: tuple[Finding, ...] = (
            *evaluate(wanted, observation, self._at),
            *measured(wanted, [age], self._at),
        )
        device = wanted.device
        risks = waivers.in_force(device.waivers, policy.baseline, self._at)
        found, _ = waivers.accept(found, risks, policy.baseline, device.asset)
        verdicts = {finding.control: finding.verdict.value for finding in found}
        # Where all evidence on the device would be too old, none of it counts any more.
        if Verdict.STALE.value in verdicts.values():
            asked = {finding.control for finding in found if finding.mode is not Mode.OFF}
            verdicts |= {
                control: Verdict.STALE.value
                for control, verdict in verdicts.items()
                if control in asked and verdict != Verdict.NOT_APPLICABLE.value
            }
        return verdicts

    def _pair(self, device: Device) -> _Pair:
        kind = device.model_dump_json(include=KIND)
        if kind not in self._pairs:
            wanted = [resolve(policy.baseline, policy.device(device)) for policy in self._policies]
            self._pairs[kind] = _narrowed(*wanted)
        return self._pairs[kind]


def _narrowed(now: Wanted, then: Wanted) -> _Pair:
    """Both with those controls alone of which they want something else."""
    mine, theirs = ({one.control.id: one for one in wanted.controls} for wanted in (now, then))
    differ = {id for id in {*mine, *theirs} if mine.get(id) != theirs.get(id)}
    narrow = [
        replace(wanted, controls=tuple(one for one in wanted.controls if one.control.id in differ))
        for wanted in (now, then)
    ]
    needed = {(one.setting.driver, one.setting.address) for wanted in narrow for one in wanted.settings}
    return _Pair(narrow[0], narrow[1], frozenset(needed))


def _compared(now: Mapping[str, str], then: Mapping[str, str]) -> Judged:
    names = sorted({*now, *then})
    return Judged(
        tuple(Change(name, now.get(name, ""), then.get(name, "")) for name in names if now.get(name) != then.get(name))
    )
