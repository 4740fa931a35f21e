"""An EstateStatus for programs: JSON of a stable shape, described field by field in docs/report-format.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

from leeboard.report import overview
from leeboard.report.model import DeviceStatus, EstateStatus
from leeboard.report.words import clean, prose
from leeboard.verdict.finding import TEXTS, Finding, Judged
from leeboard.verdict.verdicts import Verdict
from leeboard.version import __version__

SCHEMA = 1
LONGEST = 8192  # characters of any text from outside
WELL = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE)


def as_json(status: EstateStatus) -> dict[str, Any]:
    """Plain JSON data. A key is never renamed, and never means something else, without a new `schema`."""
    return {
        "schema": SCHEMA,
        "at": _moment(status.at),
        "leeboard": __version__,
        "baseline": status.baseline.digest,
        "marking": overview.marking(status).label,
        "recipients": overview.marking(status).recipients,
        "exit_code": status.exit_code,
        "exit_reason": overview.exit_reason(status),
        "counts": _counts(status.counts()),
        **_headline(status.devices),
        "problems": [clean(problem, LONGEST) for problem in status.problems],
        "schools": [
            {
                "urn": school.urn,
                "name": school.name,
                "history": school.history,
                "counts": _counts(school.counts()),
                **_headline(school.devices),
                "level": None if school.whole is None else school.whole.level.value,
                "findings": [_finding(None, finding) for finding in school.whole.findings] if school.whole else [],
            }
            for school in overview.schools(status)
        ],
        "controls": _controls(status),
        "devices": [_device(device) for school in overview.schools(status) for device in school.devices],
    }


def write_json(status: EstateStatus, stream: TextIO) -> None:
    """Write `as_json` as one line to `stream`, and nothing else. ASCII only, so that any encoding can hold it."""
    stream.write(json.dumps(as_json(status), ensure_ascii=True, allow_nan=False) + "\n")


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _counts(counts: Counter[Verdict]) -> dict[str, int]:
    """All verdicts, those with nought too, the worst first."""
    return {verdict.value: counts[verdict] for verdict in sorted(Verdict, key=lambda verdict: -verdict.badness)}


def _headline(devices: Iterable[DeviceStatus]) -> dict[str, int]:
    sums = overview.headline(devices)
    return {
        "devices_total": sums.devices,
        "devices_clear": sums.clear,
        "devices_drifted": sums.drifted,
        "devices_unknown": sums.unknown,
    }


def _controls(status: EstateStatus) -> list[dict[str, str]]:
    """What the baseline says of each control that occurs, once and not with each finding."""
    occurring = {finding.control for _, finding in status.every_finding()}
    return [
        {
            "id": control.id,
            "title": prose(control.title),
            "severity": control.severity.value,
            "why": prose(control.why),
            "remedy_linux": prose(control.remedy.linux),
            "remedy_windows": prose(control.remedy.windows),
            "remedy_controller": prose(control.remedy.controller),
        }
        for control in status.baseline.controls
        if control.id in occurring
    ]


def _device(status: DeviceStatus) -> dict[str, Any]:
    it = status.device
    return {
        "urn": it.urn,
        "asset": clean(it.asset),
        "name": clean(it.name),
        "platform": it.platform.value,
        "form": it.form.value,
        "role": it.role.value,
        "level": it.level.value,
        "outcome": clean(status.outcome, 40),
        "message": clean(status.message, LONGEST),
        "seen": _moment(status.seen),
        "verdict": status.verdict.value,
        "clear": overview.is_clear(status),
        "gap": overview.gap(status),
        "counts": _counts(overview.counts_of([status])),
        "changes": [clean(change, LONGEST) for change in status.changes],
        "findings": [_finding(status, finding) for finding in status.findings],
    }


def _finding(status: DeviceStatus | None, finding: Finding) -> dict[str, Any]:
    return {
        "control": clean(finding.control),
        "verdict": finding.verdict.value,
        "mode": finding.mode.value,
        "since": None if status is None else _moment(status.since.get(finding.control)),
        "planned_only": finding.planned_only,
        "reason": clean(finding.reason, LONGEST),
        "judged": [_judged(one) for one in finding.judged],
    }


def _judged(one: Judged) -> dict[str, str]:
    """Empty texts are left out, and so is the remedy of what needs none: it would be most of the output."""
    texts = {key: clean(getattr(one, key), LONGEST) for key in TEXTS}
    if one.verdict in WELL:
        del texts["remedy"]
    return {"verdict": one.verdict.value, "mode": one.mode.value, **{key: text for key, text in texts.items() if text}}
