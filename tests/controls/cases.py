"""Cases as data: what a device was like, in short form, and the verdict that the brain must come to."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from leeboard.estate.device import Device, device
from leeboard.policy.load import load
from leeboard.verdict.observation import Observation, parse

from .scripts import FOLDER

NOTICE = "This computer is Example School's. Only people whom the school has authorised may use it."
ASPECTS = ("effective", "configured", "running")
COMPLIANT = {"linux": "compliant_gnome.json", "windows": "compliant_windows.json"}


@dataclass(frozen=True)
class Case:
    """One case of a control's cases.yml or cases_windows.yml."""

    control: str
    raw: dict[str, Any]

    @property
    def name(self) -> str:
        """What tests call it."""
        return f"{self.control}: {self.raw['name']}"

    def device(self) -> Device:
        """A staff portable at level standard, with what the case says of it."""
        about = {
            "platform": "linux", "form": "portable", "role": "staff_portable", "level": "standard", "urn": "900001",
            "enforce": ["LCK", "LBL", "AUD"], "notice_text": NOTICE, **self.raw.get("device", {}),
        }  # fmt: skip
        given = {f"leeboard_{name}": value for name, value in about.items()}
        return device("case", given, tuple(load().parameters))

    def observation(self) -> Observation:
        """The compliant machine's observation, with what the case says put in its place."""
        answer = _compliant(COMPLIANT[self.raw.get("device", {}).get("platform", "linux")])
        for name, said in self.raw.get("facts", {}).items():
            answer["facts"][name] = aspect(said)
        for place, said in self.raw.get("readings", {}).items():
            driver, address = place.split(":", 1)
            parts = said if isinstance(said, dict) and "effective" in said else {"effective": said}
            new = {"driver": driver, "address": address, "fingerprint": "case", "owner": parts.get("owner", "")}
            new.update({name: aspect(parts[name]) for name in ASPECTS if name in parts})
            answer["readings"] = [
                old for old in answer["readings"] if (old["driver"], old["address"]) != (driver, address)
            ] + [new]
        return parse(answer)


def aspect(said: Any) -> dict[str, Any]:
    """An aspect from its short form: a plain value, {value: ...}, {absent: where} or {unreadable: code, why: ...}.

    Objects for a judgement are mappings in a list. `like: NAME` in one takes the compliant machine's volume of that
    name, and the rest is what differs.
    """
    if isinstance(said, list) and any(isinstance(item, dict) for item in said):
        said = [json.dumps(_object(item)) for item in said]
    if isinstance(said, dict) and "unreadable" in said:
        return {"state": "unreadable", "code": said["unreadable"], "why": said["why"]}
    if isinstance(said, dict) and "absent" in said:
        return {"state": "absent", "source": said["absent"]}
    if isinstance(said, dict):
        return {"state": "value", "source": "case", **_noticed(said)}
    return {"state": "value", "value": _noticed(said), "source": "case"}


def _object(said: dict[str, Any]) -> dict[str, Any]:
    name = said.get("like")
    if name is None:
        return said
    (texts,) = (
        reading["effective"]["value"]
        for reading in _captured(FOLDER / COMPLIANT["linux"])["readings"]
        if (reading["driver"], reading["address"]) == ("luks_volume", "volumes")
    )
    (volume,) = (found for found in map(json.loads, texts) if found["name"] == name)
    return _merged(volume, {key: value for key, value in said.items() if key != "like"})


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`old` with what `new` says in its place, key by key."""
    both = {
        key: _merged(old[key], value) if isinstance(value, dict) and isinstance(old.get(key), dict) else value
        for key, value in new.items()
    }
    return {**old, **both}


def _noticed(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _noticed(part) if key == "value" else part for key, part in said.items()}
    return said.replace("NOTICE", NOTICE) if isinstance(said, str) else said


def _compliant(file: str) -> dict[str, Any]:
    answer: dict[str, Any] = copy.deepcopy(_captured(FOLDER / file))
    for reading in answer["readings"]:
        for name in ASPECTS:
            # The lab's school has another notice.
            if name in reading and reading[name].get("value") == answer["_notice"]:
                reading[name]["value"] = NOTICE
    del answer["_notice"]
    return answer


_read: dict[Path, Any] = {}


def _captured(path: Path) -> Any:
    if path not in _read:
        _read[path] = json.loads(path.read_text(encoding="utf-8"))
    return _read[path]


def all_cases() -> list[Case]:
    """Every case of every control."""
    return [
        Case(path.parent.name, raw)
        for path in sorted(FOLDER.glob("*/cases*.yml"))
        for raw in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]
