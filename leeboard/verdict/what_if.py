"""One device judged twice by what it last said: by the policy that there is, and by another. Pure.

Only controls of which something else is wanted are judged, and equal answers to one once: of 25,000 devices that is
what can be waited for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.model.device import Device
from leeboard.model.enums import Level, Mode
from leeboard.model.finding import Finding
from leeboard.model.observation import Observation, Reading, parse
from leeboard.model.verdicts import Verdict
from leeboard.policy.model import Baseline, Driver
from leeboard.policy.resolve import Wanted, WantedControl, resolve
from leeboard.verdict import device_clock, waivers
from leeboard.verdict.evaluate import evaluate, measured

MOST_KINDS = 100  # of devices whose wants are kept; schools may have words of their own, and come one after the other
MOST_KNOWN = 20_000  # findings that are kept for the next device with the same answers
Address = tuple[str, str]  # driver, address
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


@dataclass(frozen=True, eq=False)
class _Asked:
    """One control as a policy wants it of a kind of device, and the addresses that its verdict follows from."""

    wanted: Wanted
    addresses: tuple[Address, ...]


@dataclass(frozen=True)
class _Pair:
    """What both policies want of one kind of device: all of it, and those controls that may get another verdict."""

    wanted: tuple[Wanted, Wanted]
    whole: tuple[Sequence[_Asked], Sequence[_Asked]]
    differ: tuple[Sequence[_Asked], Sequence[_Asked]]


class _Answers:
    """What one device last said. Digests stand for what a verdict follows from, which many devices say alike."""

    def __init__(self, envelope: Mapping[str, Any], body: Mapping[str, Any], seen: datetime) -> None:
        """`seen` is when it said so. Raises LeeboardError, KeyError or TypeError for what makes no sense."""
        self._bare = {**envelope, **body, "readings": []}
        observation = parse(self._bare)
        self._readings: dict[Address, Any] = {(one["driver"], one["address"]): one for one in body["readings"]}
        if device_clock.place(observation.platform) not in self._readings:
            clock = device_clock.reading(observation, seen, seen)
            self._readings[clock.driver, clock.address] = clock.model_dump(mode="json", exclude_none=True)
        self.facts = _digest([observation.platform, {name: _bare(fact) for name, fact in body["facts"].items()}])
        self._digests: dict[Address, bytes] = {}

    def digest(self, address: Address) -> bytes:
        """The digest of the reading of an address, empty where there is none."""
        if address not in self._digests:
            reading = self._readings.get(address)
            self._digests[address] = (
                b""
                if reading is None
                else _digest({key: _bare(part) for key, part in reading.items() if key != "fingerprint"})
            )
        return self._digests[address]

    def observation(self, addresses: Iterable[Address]) -> Observation:
        """The observation with these readings alone. Raises LeeboardError."""
        readings = [self._readings[address] for address in addresses if address in self._readings]
        return parse({**self._bare, "readings": readings})


class Judge:
    """Judges devices by two policies at a moment. What several devices answer alike is judged once."""

    def __init__(self, now: Policy, then: Policy, at: datetime) -> None:
        """`at` is aware, of the controller's clock."""
        self._policies = (now, then)
        self._at = at
        self._pairs: dict[str, _Pair] = {}
        self._known: dict[tuple[_Asked, bytes, tuple[bytes, ...]], tuple[Finding, ...]] = {}

    def judge(
        self, device: Device, envelope: Mapping[str, Any], body: Mapping[str, Any], seen: datetime, age: Reading
    ) -> Judged:
        """A device by its last observation, `seen` then; `age` is the reading of how old that is."""
        try:
            pair = self._pair(device)
            answers = _Answers(envelope, body, seen)
            fresh = [measured(wanted, [age], self._at) for wanted in pair.wanted]
            stale = [any(one.verdict is Verdict.STALE for one in findings) for findings in fresh]
            # What is too old by one policy alone has other verdicts in all that this policy asks.
            asked = pair.differ if stale[0] == stale[1] else pair.whole
            found = [
                self._verdicts(device, policy, (*self._found(mine, answers), *now))
                for policy, mine, now in zip(self._policies, asked, fresh, strict=True)
            ]
        except (LeeboardError, KeyError, TypeError) as problem:
            return Judged(problem=str(problem))
        return _compared(*found)

    def _verdicts(self, device: Device, policy: Policy, found: tuple[Finding, ...]) -> dict[str, str]:
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

    def _found(self, asked: Iterable[_Asked], answers: _Answers) -> Iterator[Finding]:
        """The findings for these controls, out of those that are known where a device answered the same before."""
        for one in asked:
            key = (one, answers.facts, tuple(map(answers.digest, one.addresses)))
            known = self._known.get(key)
            if known is None:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                known = evaluate(one.wanted, answers.observation(one.addresses), self._at)
                self._known[key] = known
            yield from known

    def _pair(self, device: Device) -> _Pair:
        kind = device.model_dump_json(include=KIND)
        if kind not in self._pairs:
            if len(self._pairs) >= MOST_KINDS:
                self._pairs.clear()
                self._known.clear()
            now, then = (resolve(policy.baseline, policy.device(device)) for policy in self._policies)
            whole = _each(now), _each(then)
            mine, theirs = (
                {one.control.id: _decisive(one, wanted.baseline) for one in wanted.controls} for wanted in (now, then)
            )
            differ = {id for id in {*mine, *theirs} if mine.get(id) != theirs.get(id)}
            self._pairs[kind] = _Pair((now, then), whole, (_only(whole[0], differ), _only(whole[1], differ)))
        return self._pairs[kind]


def _each(wanted: Wanted) -> list[_Asked]:
    """What is wanted, control by control."""
    return [
        _Asked(
            replace(wanted, controls=(control,)),
            tuple(dict.fromkeys((one.setting.driver, one.setting.address) for one in control.settings)),
        )
        for control in wanted.controls
    ]


def _only(every: Iterable[_Asked], controls: Container[str]) -> list[_Asked]:
    return [one for one in every if one.wanted.controls[0].control.id in controls]


def _decisive(control: WantedControl, baseline: Baseline) -> tuple[WantedControl, list[Driver]]:
    """All of a control that a verdict follows from, its drivers among it.

    Left out are the words that say where a value is from, and what would be written.
    """
    settings = (replace(one, origin="", write=None, write_function=None, kept=()) for one in control.settings)
    bare = replace(control, settings=tuple(settings), not_asked="")
    return bare, [baseline.drivers[one.setting.driver] for one in control.settings]


def _digest(value: Any) -> bytes:
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=16).digest()


def _bare(aspect: Any) -> Any:
    """An aspect without its note, which is for people."""
    return {key: part for key, part in aspect.items() if key != "note"} if isinstance(aspect, dict) else aspect


def _compared(now: Mapping[str, str], then: Mapping[str, str]) -> Judged:
    names = sorted({*now, *then})
    return Judged(
        tuple(Change(name, now.get(name, ""), then.get(name, "")) for name in names if now.get(name) != then.get(name))
    )
