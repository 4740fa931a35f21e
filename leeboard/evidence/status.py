"""How schools stand at one moment: what the store knows, the inventory, and a clock. Stale and missing are made here.

Silence is never good news: who was expected and not seen keeps the last verdicts with their age until they are stale.
When that is, FWD-03 says, which is judged here like any other control and stands among a device's findings. What
drifted and is waived at that moment becomes `waived` here as well; the store keeps what was found.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.evidence import age
from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.checkpointed import became_of
from leeboard.evidence.previous_ids import with_history
from leeboard.evidence.store.store import Store, StoredBundle, StoredDevice
from leeboard.model.device import Device
from leeboard.model.enums import Mode, Platform
from leeboard.model.finding import Finding
from leeboard.model.values import plain
from leeboard.model.verdicts import Verdict
from leeboard.model.waiver import begins
from leeboard.model.words import day
from leeboard.policy.model import FRESHNESS, Baseline
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict import waivers
from leeboard.verdict.again import again, next_change
from leeboard.verdict.evaluate import measured, unseen
from leeboard.verdict.status import DeviceStatus, EstateStatus

SILENT = ("unreachable", "not_seen", "never")
REASONS = {
    "failed": "the last run could not check it",
    "another_machine": "another machine answered in its place",
}


# All of a device that decides what is wanted of it.
KIND = {"platform", "form", "role", "level", "overrides", "parameters"}


@dataclass(frozen=True)
class _Moment:
    """What holds for all devices of one status."""

    baseline: Baseline
    at: datetime
    runs: Collection[str] | None
    torn: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by school: ids of waivers that do not count
    forgotten: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    _wanted: dict[str, Wanted] = field(default_factory=dict)
    _made: dict[Finding, Finding] = field(default_factory=dict)

    def once(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """These findings, made here, each as one object with its equals: what is said of silence is said often."""
        return tuple(self._made.setdefault(finding, finding) for finding in findings)

    def wanted(self, device: Device) -> Wanted:
        """What is wanted of a device, worked out once for all of its kind. Raises LeeboardError."""
        kind = device.model_dump_json(include=KIND)
        if kind not in self._wanted:
            self._wanted[kind] = resolve(self.baseline, device)
        return replace(self._wanted[kind], device=device)


def estate_status(
    store: Store,
    baseline: Baseline,
    devices: Sequence[Device],
    at: datetime,
    urns: Collection[str] | None = None,
    runs: Collection[str] | None = None,
    problems: Sequence[str] = (),
    before: Mapping[str, Sequence[str]] | None = None,
    forgotten: Mapping[tuple[str, str], datetime] | None = None,
) -> EstateStatus:
    """The schools `urns` (all by default) at the moment `at`, which is aware.

    `devices` are those of the inventory, Expected ones (with a problem) included; without any, all that the store has
    ever heard of. `runs` are tonight's: a device that none of them reached counts as not seen. `problems` are those
    that the caller met on the way. `before` has by URN those under which a school's evidence was filed earlier.
    `forgotten` has by URN and asset tag when a device's history was forgotten on request: that nothing is known of it
    from before is no gap. Never raises for what the store holds.
    """
    inside = [device for device in devices if urns is None or device.urn in urns]
    asked = sorted({device.urn for device in inside} if devices else set(urns or ())) if devices or urns else None
    older = {one for urn in asked or () for one in (before or {}).get(urn, ())}
    known = store.devices(sorted({*asked, *older}) if asked is not None else None)
    stored = {(found.device.urn, found.device.asset): found for found in known}
    if devices:
        stored = with_history(stored, inside, before or {}, lambda: store.begun(asked or ()))
    else:
        inside = [_with_problem(found) for found in stored.values()]
    moment = _Moment(baseline, at, runs, waivers.torn(inside), forgotten or {})
    statuses = [_status(moment, device, stored.get((device.urn, device.asset))) for device in inside]
    statuses.sort(key=lambda status: (status.device.urn, status.device.asset))
    bundles = store.bundles(asked, latest=True) if runs is None else store.bundles(asked, runs=runs)
    risks = waivers.standings(inside, baseline, at)
    told = (*problems, *_problems(bundles, stored.values()), *waivers.void(risks))
    return EstateStatus(tuple(statuses), baseline, at, told, waivers=risks)


def _status(moment: _Moment, device: Device, found: StoredDevice | None) -> DeviceStatus:
    outcome, message = _outcome(moment, found, device)
    problem = device.problem if isinstance(device, Expected) else ""
    device = device.device if isinstance(device, Expected) else device
    status = DeviceStatus(
        device=device,
        outcome=outcome,
        findings=(),
        seen=found.seen if found else None,
        message=message,
        since=found.since if found else {},
        changes=_changes(found) if found and outcome not in ("never", "not_seen") else (),
    )
    try:
        wanted = moment.wanted(device)
    except LeeboardError as wrong:
        problem = problem or str(wrong)
        wanted = moment.wanted(device.model_copy(update={"overrides": {}, "parameters": {}}))
    if problem:
        failed = _all(moment, wanted, Verdict.ERROR, problem)
        return _without_since(replace(status, outcome="failed", message=problem), failed)
    if device.platform is Platform.OTHER:
        return _without_since(replace(status, outcome="other", message=""), moment.once(_never_checked(wanted)))
    reading = age.reading(status.seen, moment.at, _never(moment, device))
    fresh = moment.once(measured(wanted, [reading], moment.at))
    if outcome in REASONS:
        failed = _all(moment, wanted, Verdict.ERROR, message or REASONS[outcome])
        return _without_since(status, _in_order(wanted, failed, fresh))
    if found is None or found.seen is None:
        never = _all(moment, wanted, Verdict.MISSING, _never(moment, device))
        return _without_since(status, _in_order(wanted, never, fresh))
    now = tuple(again(wanted, finding, moment.at) for finding in found.findings)
    became = {
        after.control: next_change(wanted, [before], found.seen) or moment.at
        for before, after in zip(found.findings, now, strict=True)
        if before.verdict is not after.verdict
    }
    if became:
        status = replace(status, since={**status.since, **became})
    findings = _in_order(wanted, _last(wanted, now), fresh)
    if any(finding.verdict is Verdict.STALE for finding in fresh):
        limit = _limit(wanted)
        findings = moment.once(_stale(finding, found.seen, limit) for finding in findings)
        became = dict.fromkeys((f.control for f in findings if f.verdict is Verdict.STALE), found.seen + limit)
        status = replace(status, since={**status.since, **became})
    return _with_waivers(moment, replace(status, findings=findings))


def _with_waivers(moment: _Moment, status: DeviceStatus) -> DeviceStatus:
    """The status with what drifted and is waived in the verdict `waived`, since whichever of the two came last."""
    device = status.device
    risks = waivers.in_force(device.waivers, moment.baseline, moment.at, moment.torn.get(device.urn, ()))
    if not risks:
        return status
    findings, spared = waivers.accept(status.findings, risks, moment.baseline, device.asset)
    since = {
        control: max(status.since[control], begins(one).astimezone(UTC))
        for control, one in spared.items()
        if control in status.since
    }
    return replace(status, findings=findings, since={**status.since, **since}, waived=spared)


def _in_order(wanted: Wanted, findings: tuple[Finding, ...], fresh: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings with the `fresh` ones, measured just now, in their places: those win over whatever was filed."""
    known = {finding.control: finding for finding in (*findings, *fresh)}
    return tuple(known[one.control.id] for one in wanted.controls)


def _never(moment: _Moment, device: Device) -> str:
    """What is said of a device that no run has seen."""
    when = moment.forgotten.get((device.urn, device.asset))
    if when is None:
        return "no run has ever seen this device"
    return f"no run has seen this device since its history was forgotten on request, on {day(when)}"


def _limit(wanted: Wanted) -> timedelta:
    """For how long evidence on the device counts; the linter proves that every device has such a limit."""
    days = next((one.value for one in wanted.settings if one.setting.driver == FRESHNESS), 0)
    return timedelta(days=days if isinstance(days, int) else 0)


def _outcome(moment: _Moment, found: StoredDevice | None, device: Device) -> tuple[str, str]:
    if found is None and moment.runs is None and (device.urn, device.asset) in moment.forgotten:
        return "not_seen", _never(moment, device)
    if found is None:
        return ("never", "no run has expected it yet") if moment.runs is None else ("not_seen", "not in tonight's run")
    if moment.runs is not None and found.run not in moment.runs:
        return "not_seen", f"not in tonight's run; the last that expected it was {found.run}"
    if found.outcome == "not_seen" and not found.message:
        return "not_seen", f"run {found.run} expected it, and nothing came"
    return found.outcome, found.message


def _last(wanted: Wanted, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The last findings, in the baseline's order; a control that came into it since then is missing."""
    known = {finding.control: finding for finding in findings}
    reason = "it came into the baseline, or was asked for, after the last visit"
    return tuple(known.get(new.control, new) for new in unseen(wanted, Verdict.MISSING, reason))


def _stale(finding: Finding, seen: datetime, limit: timedelta) -> Finding:
    if finding.verdict in (Verdict.NOT_APPLICABLE, Verdict.STALE) or finding.mode is Mode.OFF:
        return finding
    reason = f"last seen {seen:%d %B %Y}, more than {limit.days} days ago; it was {finding.verdict.value} then"
    return replace(finding, verdict=Verdict.STALE, reason=reason)


def _all(moment: _Moment, wanted: Wanted, verdict: Verdict, reason: str) -> tuple[Finding, ...]:
    return moment.once(unseen(wanted, verdict, plain(reason, 600), measured_too=True))


def _never_checked(wanted: Wanted) -> tuple[Finding, ...]:
    """not_checked for all that would be asked of such a device on another platform."""
    where = (wanted.device.level, wanted.device.platform, wanted.device.form, wanted.device.role)
    findings = []
    for one in wanted.controls:
        applies = one.control.applies_to.model_copy(update={"platform": ()}).matches(*where)
        if applies and one.mode is not Mode.OFF:
            reason = "Leeboard does not check devices of platform other"
            findings.append(Finding(one.control.id, Verdict.NOT_CHECKED, one.mode, (), reason))
        else:
            findings.append(Finding(one.control.id, Verdict.NOT_APPLICABLE, one.mode, (), one.not_asked))
    return tuple(findings)


def _without_since(status: DeviceStatus, findings: tuple[Finding, ...]) -> DeviceStatus:
    """What is made here has no beginning in the store."""
    return replace(status, findings=findings, since={})


def _with_problem(found: StoredDevice) -> Device:
    if not found.problem:
        return found.device
    return Expected.model_validate({**found.device.model_dump(), "problem": found.problem})


def _changes(found: StoredDevice) -> tuple[str, ...]:
    return tuple(_change(change) for change in found.changes)


def _change(change: Any) -> str:
    """A change in one line: its text, or what was there before and after."""
    if isinstance(change, str):
        return plain(change, 300)
    if not isinstance(change, dict):
        return plain(json.dumps(change), 300)
    if isinstance(change.get("text"), str):
        return plain(change["text"], 300)
    name = ":".join(str(change[key]) for key in ("driver", "address") if change.get(key))
    if name and "before" in change and "after" in change:
        return plain(f"{name}: {_short(change['before'])} -> {_short(change['after'])}", 300) + became_of(change)
    return plain(json.dumps(change, sort_keys=True), 300)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _problems(bundles: Sequence[StoredBundle], stored: Collection[StoredDevice]) -> tuple[str, ...]:
    problems = []
    for bundle in bundles:
        if bundle.broken_off:
            silent = sum(
                found.device.urn == bundle.urn and found.run == bundle.run and found.outcome == "not_seen"
                for found in stored
            )
            problems.append(
                f"school {bundle.urn}: run {bundle.run} ({bundle.started:%d %B %Y %H:%M} UTC) was broken off; "
                f"{silent} of {bundle.expected} devices were not seen in it; run it again"
            )
    return tuple(problems)
