"""An EstateStatus as CSV: a row a finding, for a spreadsheet. Columns are described in docs/report-format.md."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TextIO

from leeboard.model.finding import Finding, Judged
from leeboard.model.verdicts import Verdict
from leeboard.report import overview
from leeboard.report.words import clean
from leeboard.storage.sheet import guarded
from leeboard.verdict.status import DeviceStatus, EstateStatus

COLUMNS = (
    "urn", "school", "asset", "host", "platform", "form", "role", "level", "outcome", "seen", "control", "title",
    "severity", "verdict", "mode", "since", "found", "reason",
)  # fmt: skip


def write_csv(status: EstateStatus, stream: TextIO, heading: bool = True) -> None:
    """Write a heading and a row for each finding, on devices and on schools as a whole, to `stream`.

    Problems of the run come first, as rows with the verdict `error` and no device. Cells that a spreadsheet would take
    for a formula get an apostrophe before them.
    """
    writer = csv.writer(stream, lineterminator="\n")
    if heading:
        writer.writerow(COLUMNS)
    for row in _rows(status):
        writer.writerow([_cell(row.get(column, "")) for column in COLUMNS])


def _rows(status: EstateStatus) -> Iterator[dict[str, str]]:
    for problem in status.problems:
        yield {"verdict": Verdict.ERROR.value, "reason": clean(problem, 2000)}
    for school in overview.schools(status):
        of_school = {"urn": school.urn, "school": school.name}
        for finding in school.whole.findings if school.whole else ():
            yield of_school | _finding(status, None, finding)
        for device in school.devices:
            of_device = of_school | _device(device)
            for finding in device.findings:
                yield of_device | _finding(status, device, finding)
            if not device.findings:  # nothing at all is known of it, which must not vanish from a sheet
                yield of_device | {"verdict": device.verdict.value, "reason": clean(device.message)}


def _device(status: DeviceStatus) -> dict[str, str]:
    it = status.device
    return {
        "asset": it.asset,
        "host": it.name,
        "platform": it.platform.value,
        "form": it.form.value,
        "role": it.role.value,
        "level": it.level.value,
        "outcome": status.outcome,
        "seen": _moment(status.seen),
    }


def _finding(status: EstateStatus, device: DeviceStatus | None, finding: Finding) -> dict[str, str]:
    about = overview.about(status.baseline, finding.control)
    return {
        "control": about.id,
        "title": about.title,
        "severity": about.severity,
        "verdict": finding.verdict.value,
        "mode": finding.mode.value,
        "since": _moment(device.since.get(finding.control)) if device else "",
        "found": "; ".join(found(one) for one in overview.blamed(finding)),
        "reason": overview.reason(finding),
    }


def found(one: Judged) -> str:
    """What was seen of a setting, and what was wanted, in one line."""
    said = f"{clean(one.title, 160)}: {clean(one.seen, 160) or 'nothing'}"
    return f"{said}, wanted {clean(one.wanted, 160)}" if one.wanted else said


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _cell(text: str) -> str:
    return guarded(clean(text, 4000))
