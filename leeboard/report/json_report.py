"""An EstateStatus for programs: JSON of a stable shape, described field by field in docs/report-format.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from leeboard.model.finding import TEXTS, Finding, Judged
from leeboard.model.verdicts import Verdict
from leeboard.model.waiver import Waiver
from leeboard.report import overview
from leeboard.report.coverage import coverage
from leeboard.report.silence import silence
from leeboard.report.words import clean, prose
from leeboard.verdict.status import DeviceStatus, EstateStatus, SchoolStatus
from leeboard.verdict.waivers import Standing
from leeboard.version import __version__

SCHEMA = 1
LONGEST = 8192  # characters of any text from outside
WELL = (Verdict.COMPLIANT, Verdict.NOT_APPLICABLE)


def as_json(status: EstateStatus) -> dict[str, Any]:
    """Plain JSON data. A key is never renamed, and never means something else, without a new `schema`."""
    return {**_head(status), "devices": list(_devices(status))}


def write_json(
    status: EstateStatus,
    stream: TextIO,
    only: Collection[tuple[str, str]] | None = None,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write `as_json` as one line to `stream`, and nothing else. ASCII only, so that any encoding can hold it.

    A device at a time: the text of 25,000 devices is more than a controller should have to hold. With `only` just the
    devices of these URNs and asset tags are listed, and the counts stay those of all. `more` are keys of the whole.
    """
    stream.write(f'{_dumped({**_head(status), **(more or {})})[:-1]}, "devices": [')
    for number, device in enumerate(_devices(status, only)):
        stream.write(f"{', ' if number else ''}{_dumped(device)}")
    stream.write("]}\n")


def _dumped(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=True, allow_nan=False)


def _devices(status: EstateStatus, only: Collection[tuple[str, str]] | None = None) -> Iterator[dict[str, Any]]:
    for school in overview.schools(status):
        for device in school.devices:
            if only is None or (device.device.urn, device.device.asset) in only:
                yield _device(device)


def _head(status: EstateStatus) -> dict[str, Any]:
    """All but the devices."""
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
        **_headline(status, status.devices),
        "problems": [clean(problem, LONGEST) for problem in status.problems],
        "schools": [
            {
                "urn": school.urn,
                "name": school.name,
                "history": school.history,
                "enforces": school.enforces,
                "counts": _counts(school.counts()),
                **_headline(status, school.devices),
                "level": None if school.whole is None else school.whole.level.value,
                "findings": _of_school(school.whole),
            }
            for school in overview.schools(status)
        ],
        "waivers": _waivers(status),
        "controls": _controls(status),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _counts(counts: Counter[Verdict]) -> dict[str, int]:
    """All verdicts, those with nought too, the worst first."""
    return {verdict.value: counts[verdict] for verdict in sorted(Verdict, key=lambda verdict: -verdict.badness)}


def _headline(status: EstateStatus, devices: Sequence[DeviceStatus]) -> dict[str, Any]:
    sums, silent = overview.headline(devices), silence(devices, status.at)
    return {
        "coverage": coverage(devices, status.at).places,
        "devices_total": sums.devices,
        "devices_clear": sums.clear,
        "devices_drifted": sums.drifted,
        "devices_unknown": sums.unknown,
        "devices_silent": silent.devices,
        "devices_silent_last_seen": silent.last_seen,
        "portables_switched_off": overview.switched_off(status, devices).total(),
    }


def _controls(status: EstateStatus) -> list[dict[str, Any]]:
    """What the baseline says of each control that occurs, once and not with each finding."""
    occurring = {finding.control for _, finding in status.every_finding()}
    return [
        {
            "id": control.id,
            "title": prose(control.title),
            "severity": control.severity.value,
            "fails_in_report": control.fails_in_report,
            "why": prose(control.why),
            "remedy_linux": prose(control.remedy.linux),
            "remedy_windows": prose(control.remedy.windows),
            "remedy_controller": prose(control.remedy.controller),
        }
        for control in status.baseline.controls
        if control.id in occurring
    ]


def _waivers(status: EstateStatus) -> list[dict[str, Any]]:
    often = overview.waived_by(status)
    return [{**waiver(one), "findings_waived": often[one.urn, one.waiver.id]} for one in overview.risks(status)]


def waiver(one: Standing) -> dict[str, Any]:
    """A waiver as it stands, in plain JSON data."""
    return {
        "urn": one.urn,
        "id": clean(one.waiver.id),
        "control": clean(one.waiver.control),
        "state": one.state.value,
        "days_left": one.days_left,
        "ends_soon": one.ends_soon,
        "problem": clean(one.problem, LONGEST),
        "covers": clean(one.waiver.covered, LONGEST),
        "covers_everything": not one.waiver.settings,
        "devices": [clean(asset) for asset in one.assets],
        "roles": [role.value for role in one.waiver.roles],
        "school": one.waiver.school,
        "reason": clean(one.waiver.reason, LONGEST),
        "owner": clean(one.waiver.owner, LONGEST),
        "approved_by": clean(one.waiver.approved_by, LONGEST),
        "siro": one.waiver.siro,
        "granted": one.waiver.granted.isoformat(),
        "last_day": one.waiver.last_day.isoformat(),
    }


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
        "findings": [
            _finding(finding, status.since.get(finding.control), status.waived.get(finding.control))
            for finding in status.findings
        ],
    }


def _of_school(school: SchoolStatus | None) -> list[dict[str, Any]]:
    """What is asked of a school as a whole: since when it is so, nobody keeps."""
    if school is None:
        return []
    return [_finding(finding, None, school.waived.get(finding.control)) for finding in school.findings]


def _finding(finding: Finding, since: datetime | None, waiver: Waiver | None) -> dict[str, Any]:
    return {
        "control": clean(finding.control),
        "verdict": finding.verdict.value,
        "mode": finding.mode.value,
        "since": _moment(since),
        "cause": clean(finding.cause),
        "planned_only": finding.planned_only,
        "waiver": None if waiver is None else clean(waiver.id),
        "reason": clean(finding.reason, LONGEST),
        "judged": [_judged(one) for one in finding.judged],
    }


def _judged(one: Judged) -> dict[str, str]:
    """Empty texts are left out, and so is the remedy of what needs none: it would be most of the output."""
    texts = {key: clean(getattr(one, key), LONGEST) for key in TEXTS}
    if one.verdict in WELL:
        del texts["remedy"]
    return {"verdict": one.verdict.value, "mode": one.mode.value, **{key: text for key, text in texts.items() if text}}
