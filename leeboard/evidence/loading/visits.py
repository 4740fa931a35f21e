"""What a bundle comes to for each expected device: its lines put together, and judged where they are not yet.

The last line of a device decides its outcome; the last one with an observation gives its findings, since a roll-out
files what it saw before and after. All changes of the run count. Who has no line was not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.challenge import challenge
from leeboard.evidence.bundles.reader import Reader, Record
from leeboard.evidence.bundles.schema import BadLine, DeviceLine, Header, judged_lines, read_part
from leeboard.model.device import Device
from leeboard.model.finding import Finding
from leeboard.model.observation import parse
from leeboard.model.run_id import stamp
from leeboard.model.values import plain
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import resolve
from leeboard.storage import strict_json
from leeboard.verdict import device_clock
from leeboard.verdict.evaluate import evaluate

CONTROL = re.compile(r"[A-Z]{3}-[0-9]{2}\Z")
MOVES = ("observed_at", "cost", "challenge")  # of an envelope, each night


@dataclass(frozen=True)
class Seen:
    """What a device said when it was observed, at the moment `at`.

    `envelope` is what of it stays from night to night, as JSON, `observed_at` what the device's clock said. `body`,
    `judged` and `texts` are the digests of `parts`. Where body and findings are the same as last time, `findings`,
    `controls` and `parts` are empty: nobody has parsed them.
    """

    at: str
    identity: str
    envelope: str
    observed_at: str
    body: str
    judged: str
    texts: str = ""
    findings: tuple[Finding, ...] = ()
    controls: tuple[str, ...] = ()
    parts: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Visit:
    """One expected device in one bundle. `device` is JSON. Without `seen` it was not observed."""

    asset: str
    device: str
    problem: str = ""
    outcome: str = "not_seen"
    message: str = ""
    changes: list[Any] = field(default_factory=list)
    seen: Seen | None = None
    unusable: bool = False


class Judge:
    """Derives findings where a line has none."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline

    def findings(self, record: Record, device: Device) -> tuple[Finding, ...]:
        """The findings of an observed record. Raises LeeboardError when its observation makes no sense."""
        try:
            raw, filed = record.observation(), record.findings()
        except BadLine as problem:
            raise LeeboardError(f"what it said {problem}") from None
        if raw is None:
            raise LeeboardError("its line holds no observation")
        observation, at = parse(raw), record.line.at
        if filed is None:
            if not device_clock.is_in(observation):
                observation = observation.with_reading(device_clock.reading(observation, at, at))
            found = evaluate(resolve(self._baseline, device), observation, at)
        else:
            try:
                found = tuple(Finding.from_json(raw) for raw in filed)
            except (KeyError, TypeError, ValueError, AttributeError) as problem:
                raise LeeboardError(f"its findings make no sense ({ascii(str(problem))[:80]})") from None
        for finding in found:
            if not CONTROL.match(finding.control):
                raise LeeboardError(f"it has a finding on {ascii(finding.control)[:40]}, which is no control's id")
        return found


@dataclass
class Records:
    """What a bundle has of one device: its last record, the last that observed it, and every change.

    `visit` is the greatest number of a visit so far; `repeated` says that the last observation's does not come after.
    """

    last: Record
    observed: Record | None = None
    visit: int = 0
    repeated: bool = False
    changes: list[Any] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Take in the next record of the device."""
        line, self.last = record.line, record
        if line.outcome == "observed":
            self.observed = record
            self.repeated = line.visit is not None and line.visit <= self.visit
            self.visit = max(line.visit or 0, self.visit)
        self.changes.extend(line.changes)


def collect(reader: Reader) -> dict[str, Records]:
    """What a bundle has of each device, by asset; the bundle is read to its end."""
    found: dict[str, Records] = {}
    for record in reader.devices():
        found.setdefault(record.line.asset, Records(record)).add(record)
    return found


def visits(
    reader: Reader, found: dict[str, Records], judge: Judge, before: Mapping[str, tuple[str | None, str | None]]
) -> Iterator[Visit]:
    """Each expected device once, out of what was collected, which is empty afterwards.

    `before` has by asset the digests of the body and the findings that are known: those are not parsed again.
    """
    for asset, expected in reader.expected.items():
        records = found.pop(asset, None)
        if records is None:
            yield Visit(asset, expected.device.model_dump_json(), expected.problem)
            continue
        line = records.last.line
        said: dict[str, Any] = {
            "outcome": line.outcome,
            "message": plain(line.message, 600),
            "changes": records.changes,
            "problem": expected.problem,
            "device": (line.device or expected.device).model_dump_json(),
        }
        if records.last.number in reader.spoiled:
            said["unusable"] = True
        seen: dict[str, Any] = {}
        if records.observed is not None:
            try:
                seen = {"seen": _seen(reader, records.observed, judge, records.repeated, before.get(asset))}
            except LeeboardError as problem:
                seen = {"outcome": "failed", "message": plain(str(problem), 600), "unusable": True}
        # An observation that makes no sense has an outcome and message of its own.
        yield Visit(asset, **(said | seen if line.outcome == "observed" else seen | said))


def _seen(
    reader: Reader, record: Record, judge: Judge, repeated: bool, before: tuple[str | None, str | None] | None
) -> Seen:
    """What a record says. Raises LeeboardError where that makes no sense, or was not said tonight."""
    line = record.line
    if wrong := unanswered(reader.header, line):
        raise LeeboardError(wrong)
    if repeated:
        raise LeeboardError("its answer is that of an earlier visit once more: visits have rising numbers")
    if record.body is None or line.envelope is None:
        raise LeeboardError("its line holds no observation")
    body = line.body or sha256(record.body).hexdigest()
    judged = line.judged or (sha256(record.judged).hexdigest() if record.judged is not None else "")
    quiet = (body, judged) == before
    if quiet:
        parse({**line.envelope, "facts": {}, "readings": []})
    stays = {key: value for key, value in line.envelope.items() if key not in MOVES}
    moment = str(line.envelope.get("observed_at", ""))
    said = (stamp(line.at), line.identity, strict_json.dumps(stays, canonical=True), moment)
    if quiet:
        return Seen(*said, body, judged)
    findings = judge.findings(record, line.device or reader.expected[line.asset].device)
    parts = {body: record.body}
    if record.judged is None:
        written, told = judged_lines([finding.as_json() for finding in findings])
        judged = sha256(written).hexdigest()
        parts[judged] = written
    else:
        parts[judged] = record.judged
        told = record.texts[str(read_part(record.judged)["texts"])]
    texts = sha256(told).hexdigest()
    parts[texts] = told
    controls = tuple(sorted(finding.control for finding in findings))
    return Seen(*said, body, judged, texts, findings, controls, parts)


def unanswered(header: Header, line: DeviceLine) -> str:
    """Why an observation does not echo the challenge of its visit; "" where it does, or its bundle has no salt."""
    if not header.salt or line.envelope is None:
        return ""
    due = challenge(header.salt, header.run, header.school.urn, line.asset, line.visit) if line.visit else None
    if due is None or line.envelope.get("challenge") != due:
        return "its answer was not made for this visit: it does not echo the challenge"
    return ""
