"""Cases as data: what a device was like, in short form, and the verdict that the brain must come to."""

from __future__ import annotations

import copy
import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from leeboard.authority import expiry
from leeboard.evidence import age, second_factor
from leeboard.evidence.bundles.order import Link
from leeboard.evidence.keeping import retention
from leeboard.evidence.store.store import StoredBundle
from leeboard.model.device import Device, device
from leeboard.model.enums import Level
from leeboard.model.finding import Finding
from leeboard.model.observation import Aspect, Observation, Reading, parse
from leeboard.model.run_id import started_of
from leeboard.policy.load import load
from leeboard.policy.model import Baseline, Control
from leeboard.policy.resolve import Wanted, resolve, resolve_school
from leeboard.report import protective_marking
from leeboard.verdict.evaluate import evaluate, measured

from .scripts import FOLDER

NOTICE = "This computer is Example School's. Only people whom the school has authorised may use it."
AT = "2026-11-26T12:00:00+00:00"  # when a case is judged that does not say it
SHIPPED = load()
ASPECTS = ("effective", "configured", "running")
ASPECT: TypeAdapter[Aspect] = TypeAdapter(Aspect)
# What there is to judge: a device's observation, or what the controller measures.
Seen = Observation | list[Reading]
COMPLIANT = {"linux": "compliant_gnome.json", "windows": "compliant_windows.json"}
# What the machine of the proof has besides, once somebody encrypted it by hand.
BESIDES = {"compliant_windows.json": "compliant_windows_encryption.json"}


@dataclass(frozen=True, eq=False)
class Case:
    """One case of a control's cases.yml or cases_windows.yml."""

    control: str
    raw: dict[str, Any]

    @property
    def name(self) -> str:
        """What tests call it."""
        return f"{self.control}: {self.raw['name']}"

    @cached_property
    def device(self) -> Device:
        """A staff portable at level standard, with what the case says of it."""
        about = {
            "platform": "linux", "form": "portable", "role": "staff_portable", "level": "standard", "urn": "900001",
            "enforce": ["LCK", "LBL", "AUD"], "notice_text": NOTICE, **self.raw.get("device", {}),
        }  # fmt: skip
        variables = {f"leeboard_{name}": value for name, value in about.items()}
        return device("case", variables, tuple(SHIPPED.parameters))

    def finding(self, baseline: Baseline, seen: Seen | None = None) -> Finding:
        """The finding on the case's control. `seen`, what there is to judge, can be kept and handed in again."""
        seen = self.seen() if seen is None else seen
        wanted, at = self.wanted(baseline), moment(self.raw.get("now", self.raw.get("at", AT)))
        outcome = measured(wanted, seen, at) if isinstance(seen, list) else evaluate(wanted, seen, at)
        return next(finding for finding in outcome if finding.control == self.control)

    def seen(self) -> Seen:
        """What there is to judge: the device's observation, or what the controller measures."""
        return self.measured() if "now" in self.raw else self.observation()

    def wanted(self, baseline: Baseline) -> Wanted:
        """What a baseline wants of the case's device, or of its school as a whole."""
        control = baseline.control(self.control)
        it = self.device
        if control is not None and baseline.about_school(control):
            return resolve_school(baseline, it.urn, it.school, it.level)
        return resolve(baseline, it)

    def measured(self) -> list[Reading]:
        """What the controller measures at the case's `now`: by real code, from what the case says of its sources.

        `seen`: when the device was last observed. `runs`: the school's runs by start, each `kept`, `gone` (from the
        folder) or `lost` (from the store as well). `export`: a file in the control's folder. `recipients`: a text.
        """
        now = moment(self.raw["now"])
        seen = self.raw.get("seen")
        level = Level(self.raw.get("device", {}).get("level", "standard"))
        export = self.raw.get("export")
        taken = [
            age.reading(moment(seen) if seen else None, now),
            *protective_marking.readings(SHIPPED, level, self.raw.get("recipients", "")),
            *_escrow_readings(self.raw.get("runs", {}), now),
            *second_factor.readings(FOLDER / self.control / export if export else None, now),
            *expiry.readings(FOLDER / "no-authority", now),
        ]
        aspects = {place: aspect(raw) for place, raw in self.raw.get("readings", {}).items()}
        return [
            Reading.model_validate({**reading.model_dump(), "effective": aspects[place]})
            if place in aspects
            else reading
            for reading in taken
            for place in [f"{reading.driver}:{reading.address}"]
        ]

    def observation(self) -> Observation:
        """The compliant machine's observation, with what the case says put in its place."""
        whole = _compliant(COMPLIANT[self.raw.get("device", {}).get("platform", "linux")])
        facts = {name: ASPECT.validate_python(aspect(raw)) for name, raw in self.raw.get("facts", {}).items()}
        readings = {(reading.driver, reading.address): reading for reading in whole.readings}
        for place, raw in self.raw.get("readings", {}).items():
            driver, address = place.split(":", 1)
            parts = raw if isinstance(raw, dict) and "effective" in raw else {"effective": raw}
            new = {"driver": driver, "address": address, "fingerprint": "case", "owner": parts.get("owner", "")}
            new.update({name: aspect(parts[name]) for name in ASPECTS if name in parts})
            readings[driver, address] = Reading.model_validate(new)
        # Nobody asks `whole` itself for a reading, so that the copy comes without its index.
        return whole.model_copy(update={"facts": {**whole.facts, **facts}, "readings": list(readings.values())})


def alone(control: Control) -> Baseline:
    """The shipped baseline with one control only, as it is or changed: the others are most of what judging costs."""
    family = next(family for family in SHIPPED.families if family.family == control.family)
    return SHIPPED.model_copy(update={"families": (family.model_copy(update={"controls": (control,)}),)})


def moment(text: object) -> datetime:
    """A moment of a case, with its offset from UTC, whether YAML took it for one or for text."""
    time = datetime.fromisoformat(str(text))
    assert time.tzinfo is not None
    return time


def _escrow_readings(runs: dict[str, str], now: datetime) -> list[Reading]:
    """The evidence of a school whose runs began at these moments, each naming the one before it."""
    ids = [f"{moment(start).astimezone(UTC):%Y%m%dT%H%M%SZ}-0000000a" for start in runs]
    assert all(started_of(run) for run in ids)
    bundles = [
        StoredBundle(
            "900001", place, run, started_of(run), "",
            Link(run, f"hash of {run}", (f"hash of {before}",) if before else ()),
            False, 1,
        )
        for place, (run, before, what) in enumerate(zip(ids, [None, *ids], runs.values(), strict=False), 1)
        if what != "lost"
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for run, what in zip(ids, runs.values(), strict=True):
            if what == "kept":
                Path(folder, f"{run}.jsonl.xz").touch()
        return retention.readings(bundles, Path(folder), now)


def aspect(raw: Any) -> dict[str, Any]:
    """An aspect from its short form: a plain value, {value: ...}, {absent: where} or {unreadable: code, why: ...}.

    Objects for a judgement are mappings in a list. `like: NAME` in one takes the compliant machine's volume of that
    name or drive letter, and the rest is what differs.
    """
    if isinstance(raw, list) and any(isinstance(item, dict) for item in raw):
        raw = [json.dumps(_object(item)) for item in raw]
    if isinstance(raw, dict) and "unreadable" in raw:
        return {"state": "unreadable", "code": raw["unreadable"], "why": raw["why"]}
    if isinstance(raw, dict) and "absent" in raw:
        rest = {name: value for name, value in raw.items() if name != "absent"}
        return {"state": "absent", "source": raw["absent"], **rest}
    if isinstance(raw, dict):
        return {"state": "value", "source": "case", **_noticed(raw)}
    return {"state": "value", "value": _noticed(raw), "source": "case"}


def _object(raw: dict[str, Any]) -> dict[str, Any]:
    name = raw.get("like")
    if name is None:
        return raw
    (volume,) = (
        value
        for file in (COMPLIANT["linux"], BESIDES[COMPLIANT["windows"]])
        for reading in _captured(FOLDER / file)["readings"]
        if reading["address"] == "volumes"
        for value in map(json.loads, reading["effective"]["value"])
        if name in (value["name"], value.get("letter"))
    )
    return _merged(volume, {key: value for key, value in raw.items() if key != "like"})


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`old` with what `new` says in its place, key by key."""
    both = {
        key: _merged(old[key], value) if isinstance(value, dict) and isinstance(old.get(key), dict) else value
        for key, value in new.items()
    }
    return {**old, **both}


def _noticed(raw: Any) -> Any:
    if isinstance(raw, dict):
        return {key: _noticed(part) if key == "value" else part for key, part in raw.items()}
    return raw.replace("NOTICE", NOTICE) if isinstance(raw, str) else raw


@cache
def _compliant(file: str) -> Observation:
    """What a compliant machine said, with what it says besides; parsed once, since thousands of cases begin with it."""
    answer: dict[str, Any] = copy.deepcopy(_captured(FOLDER / file))
    if file in BESIDES:
        besides = _captured(FOLDER / BESIDES[file])
        answer["facts"].update(besides["facts"])
        places = {(reading["driver"], reading["address"]) for reading in besides["readings"]}
        answer["readings"] = [
            reading for reading in answer["readings"] if (reading["driver"], reading["address"]) not in places
        ] + besides["readings"]
    for reading in answer["readings"]:
        for name in ASPECTS:
            # The lab's school has another notice.
            if name in reading and reading[name].get("value") == answer["_notice"]:
                reading[name]["value"] = NOTICE
    del answer["_notice"]
    return parse(answer)


@cache
def _captured(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def all_cases() -> list[Case]:
    """Every case of every control."""
    return [
        Case(path.parent.name, raw)
        for path in sorted(FOLDER.glob("*/cases*.yml"))
        for raw in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    ]
