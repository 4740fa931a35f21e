"""What a bundle comes to for each expected device: its lines put together, and judged where they are not yet.

The last line of a device decides its outcome; the last one with an observation gives its findings, since a roll-out
files what it saw before and after. All changes of the run count. Who has no line was not seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.evidence.bundle_schema import DeviceLine, Header
from leeboard.evidence.challenge import challenge
from leeboard.evidence.reader import Reader
from leeboard.model.device import Device
from leeboard.model.finding import Finding
from leeboard.model.observation import parse
from leeboard.model.run_id import stamp
from leeboard.model.values import plain
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import resolve
from leeboard.verdict import device_clock
from leeboard.verdict.evaluate import evaluate

CONTROL = re.compile(r"[A-Z]{3}-[0-9]{2}\Z")


@dataclass(frozen=True)
class Visit:
    """One expected device in one bundle. `device` and `observation` are JSON as text; without one, nothing was seen."""

    asset: str
    device: str
    problem: str = ""
    outcome: str = "not_seen"
    message: str = ""
    changes: list[Any] = field(default_factory=list)
    seen: str | None = None
    identity: str | None = None
    observation: str | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)
    unusable: bool = False


@dataclass
class Index:
    """By asset: the number of its last line and of its last observation, its last visit, and every change.

    `repeated` has the numbers of lines whose visit does not come after the one before it.
    """

    last: dict[str, int] = field(default_factory=dict)
    observed: dict[str, int] = field(default_factory=dict)
    visit: dict[str, int] = field(default_factory=dict)
    repeated: set[int] = field(default_factory=set)
    changes: dict[str, list[Any]] = field(default_factory=dict)


class Judge:
    """Derives findings where a line has none."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline

    def findings(self, line: DeviceLine, device: Device) -> list[dict[str, Any]]:
        """The findings of an observed line. Raises LeeboardError when its observation makes no sense."""
        if line.observation is None:
            raise LeeboardError("its line holds no observation")
        observation = parse(line.observation)
        if line.findings is None:
            if not device_clock.is_in(observation):
                observation = observation.with_reading(device_clock.reading(observation, line.at, line.at))
            found = evaluate(resolve(self._baseline, device), observation, line.at)
        else:
            try:
                found = tuple(Finding.from_json(raw) for raw in line.findings)
            except (KeyError, TypeError, ValueError, AttributeError) as problem:
                raise LeeboardError(f"its findings make no sense ({ascii(str(problem))[:80]})") from None
        for finding in found:
            if not CONTROL.match(finding.control):
                raise LeeboardError(f"it has a finding on {ascii(finding.control)[:40]}, which is no control's id")
        return [finding.as_json() for finding in found]


def index(reader: Reader) -> Index:
    """What counts in a bundle, from a first read to its end."""
    found = Index()
    for number, line in reader.devices():
        found.last[line.asset] = number
        if line.outcome == "observed":
            found.observed[line.asset] = number
            if line.visit is not None and line.visit <= found.visit.get(line.asset, 0):
                found.repeated.add(number)
            found.visit[line.asset] = max(line.visit or 0, found.visit.get(line.asset, 0))
        if line.changes:
            found.changes.setdefault(line.asset, []).extend(line.changes)
    return found


def visits(reader: Reader, found: Index, judge: Judge) -> Iterator[Visit]:
    """Each expected device once, from a second read."""
    reader.again()
    seen: dict[str, dict[str, Any]] = {}
    for number, line in reader.devices():
        asset = line.asset
        if number == found.observed.get(asset):
            seen[asset] = _seen(reader, line, judge, number in found.repeated)
        if number == found.last.get(asset):
            expected = reader.expected[asset]
            said: dict[str, Any] = {
                "outcome": line.outcome,
                "message": plain(line.message, 600),
                "changes": found.changes.get(asset, []),
                "problem": expected.problem,
                "device": (line.device or expected.device).model_dump_json(),
            }
            if number in reader.spoiled:
                said["unusable"] = True
            before = seen.pop(asset, {})
            # An observation that makes no sense has an outcome and message of its own.
            yield Visit(asset, **(said | before if line.outcome == "observed" else before | said))
    for asset, expected in reader.expected.items():
        if asset not in found.last:
            yield Visit(asset, expected.device.model_dump_json(), expected.problem)


def _seen(reader: Reader, line: DeviceLine, judge: Judge, repeated: bool) -> dict[str, Any]:
    device = line.device or reader.expected[line.asset].device
    try:
        _answers(reader.header, line)
        if repeated:
            raise LeeboardError("its answer is that of an earlier visit once more: visits have rising numbers")
        findings = judge.findings(line, device)
    except LeeboardError as problem:
        return {"outcome": "failed", "message": plain(str(problem), 600), "unusable": True}
    return {
        "seen": stamp(line.at),
        "identity": line.identity,
        "observation": json.dumps(line.observation),
        "findings": findings,
    }


def _answers(header: Header, line: DeviceLine) -> None:
    """Raise LeeboardError for an observation that does not echo the challenge of its visit. Schema 1 has none."""
    if not header.salt or line.observation is None:
        return
    due = challenge(header.salt, header.run, header.school.urn, line.asset, line.visit) if line.visit else None
    if due is None or line.observation.get("challenge") != due:
        raise LeeboardError("its answer was not made for this visit: it does not echo the challenge")
