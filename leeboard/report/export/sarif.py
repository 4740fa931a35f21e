"""SARIF 2.1.0: a run a school, with a result for each finding that is not well. Levels are those of exit codes.

What drifted fails: as an error where it counts for exit code 2, as a warning where it is only reported. What is not
known is open, which SARIF gives no level. An accepted risk is a result that is suppressed, with who accepted it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import quote

from leeboard.model.finding import Finding
from leeboard.model.run_id import stamp
from leeboard.model.verdicts import Verdict
from leeboard.report import overview
from leeboard.report.export.writers import Piece, Text
from leeboard.report.sheet import found
from leeboard.report.words import PLATFORMS, both, clean, prose
from leeboard.verdict.status import DeviceStatus, EstateStatus
from leeboard.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LONGEST = 2000
WELL = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE)
RANKS = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}  # as other readers sort by


class SarifWriter:
    """Writes a log file, a school at a time."""

    def __init__(self, file: BinaryIO) -> None:
        """Begin a file."""
        self._text = Text(file, "ascii")
        self._text.write(f'{{"$schema": {json.dumps(SCHEMA)}, "version": "2.1.0", "runs": [')
        self._schools = 0

    def school(self, piece: Piece) -> None:
        """Write the run of one school."""
        self._text.write(", " if self._schools else "")
        self._text.write(json.dumps(_run(piece), ensure_ascii=True, allow_nan=False))
        self._text.flush()
        self._schools += 1

    def close(self) -> None:
        """Write the end."""
        self._text.write("]}\n")
        self._text.flush()
        self._text.detach()


def _run(piece: Piece) -> dict[str, Any]:
    status = piece.status
    marking = overview.marking(status)
    places: dict[str, int] = {}
    results = [
        _result(status, piece.urn, device, finding, places)
        for device, finding in status.every_finding()
        if finding.verdict not in WELL and not finding.planned_only
    ]
    return {
        "tool": {
            "driver": {
                "name": "Leeboard",
                "version": __version__,
                "rules": [_rule(status, control) for control in places],
            }
        },
        "automationDetails": {"id": f"leeboard/{piece.urn}/"},
        "invocations": [
            {
                "executionSuccessful": not status.problems,
                "endTimeUtc": stamp(status.at),
                "toolExecutionNotifications": list(_notifications(status)),
            }
        ],
        "properties": {
            "urn": piece.urn,
            "school": clean(piece.name, 120),
            "marking": marking.label,
            "recipients": marking.recipients,
            "baseline": status.baseline.digest,
        },
        "results": results,
    }


def _notifications(status: EstateStatus) -> Iterator[dict[str, Any]]:
    for problem in status.problems:
        yield {"level": "error", "message": {"text": clean(problem, LONGEST)}}
    for device in status.devices:
        if device.unjudged:
            asset, why = clean(device.device.asset), clean(device.message or device.outcome, LONGEST)
            yield {"level": "error", "message": {"text": f"{asset}: {why}"}}


def _rule(status: EstateStatus, control: str) -> dict[str, Any]:
    about = overview.about(status.baseline, control)
    rule: dict[str, Any] = {
        "id": about.id,
        "shortDescription": {"text": about.title},
        "properties": {
            "severity": about.severity,
            "tags": ["security", about.id[:3]],
            **({"security-severity": RANKS[about.severity]} if about.severity in RANKS else {}),
        },
    }
    if about.why:
        rule["fullDescription"] = {"text": about.why}
    known = status.baseline.control(control)
    named = {name: prose(known.remedy.on(one)) for one, name in PLATFORMS.items()} if known is not None else {}
    remedies = [f"{name}: {words}" for name, words in named.items() if words]
    if known is not None and known.remedy.controller:
        remedies.append(prose(known.remedy.controller))
    if remedies:
        rule["help"] = {"text": " ".join(remedies)}
    return rule


def _result(
    status: EstateStatus, urn: str, device: DeviceStatus | None, finding: Finding, places: dict[str, int]
) -> dict[str, Any]:
    about = overview.about(status.baseline, finding.control)
    asset = device.device.asset if device else ""
    place = places.setdefault(finding.control, len(places))
    said = [both(finding.verdict), overview.reason(finding), "; ".join(map(found, overview.blamed(finding)))]
    kind, level = _rank(status, device, finding)
    result: dict[str, Any] = {
        "ruleId": about.id,
        "ruleIndex": place,
        "kind": kind,
        "level": level,
        "message": {"text": clean(": ".join(filter(None, said)), LONGEST)},
        "locations": [_location(urn, asset)],
        "partialFingerprints": {"leeboard/v1": _fingerprint(urn, asset, finding.control)},
        "properties": {"verdict": finding.verdict.value, "mode": finding.mode.value},
    }
    since = device.since.get(finding.control) if device else None
    if since is not None:
        result["properties"]["since"] = stamp(since)
    if finding.verdict is Verdict.WAIVED:
        # Without a status it is an accepted one; some readers know the schema of before it had that name.
        said_so = clean(finding.reason, LONGEST)
        result["suppressions"] = [{"kind": "external", "justification": said_so}]
    return result


def _rank(status: EstateStatus, device: DeviceStatus | None, finding: Finding) -> tuple[str, str]:
    """Kind and level of a result; a level other than none is for what fails alone."""
    if finding.verdict is Verdict.DRIFTED:
        return "fail", "error" if status.fails(device, finding) else "warning"
    if finding.verdict is Verdict.WAIVED:
        return "fail", "warning"
    return ("informational" if finding.verdict is Verdict.PENDING else "open"), "none"


def _location(urn: str, asset: str) -> dict[str, Any]:
    """Where it is: the device, or the school. Some readers want a file with each result: it is named like one."""
    name = clean(asset) if asset else urn
    path = f"{urn}/{quote(name, safe='')}" if asset else urn
    logical = {"name": name, "fullyQualifiedName": f"{urn}/{name}" if asset else urn, "kind": "resource"}
    return {"physicalLocation": {"artifactLocation": {"uri": f"devices/{path}"}}, "logicalLocations": [logical]}


def _fingerprint(*parts: str) -> str:
    """The same for the same control of the same device, night after night."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
