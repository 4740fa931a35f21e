"""The nightly check of one device: one visit, all controls, nothing changed."""

from __future__ import annotations

from datetime import datetime, timezone

from ansible_collections.leeboard.schools.plugins.plugin_utils import brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.device_action import DeviceAction
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, filed

if not brain.missing():
    from leeboard.model.finding import Finding
    from leeboard.model.verdicts import Verdict
    from leeboard.verdict.status import fails
    from leeboard.verdict.waivers import accept, in_force

OPTIONS = {"fail_on_drift": {"type": "bool", "default": False}}


class ActionModule(DeviceAction):
    """Observe, judge, and hand the evidence to the callback. Drift is `ok` with `drifted: true`.

    What is waived at that moment is no drift here; the evidence says what was found.
    """

    _options = OPTIONS

    def _work(self) -> dict:
        visit = Visit(self, self._task_vars)
        evidence = self._reached(visit)
        waivers = in_force(visit.device.waivers, visit.baseline, datetime.now(timezone.utc))
        stood = with_waivers(evidence["findings"], waivers, visit)
        drifted = [finding for finding in stood if finding["verdict"] == "drifted"]
        waived = [waiver_data(waivers[finding["control"]]) for finding in stood if finding["verdict"] == "waived"]
        result = {"changed": False, "drifted": bool(drifted), "waived": waived, "leeboard": filed(evidence)}
        if evidence["outcome"] == "another_machine":
            return {**result, "failed": True, "msg": f"{evidence['device']['name']}: {evidence['message']}"}
        in_report_too = visit.baseline.fails_in_report(visit.device.form)
        bad = any(fails(one["control"], one["mode"], in_report_too) for one in drifted)
        if bad and self._arguments["fail_on_drift"]:
            result["failed"] = True
        return {**result, "msg": summary(stood)}


def summary(findings) -> str:
    """Counts by verdict, worst first: "2 drifted, 14 compliant"."""
    counts: dict = {}
    for finding in findings:
        counts[finding["verdict"]] = counts.get(finding["verdict"], 0) + 1
    return ", ".join(f"{counts[one]} {one.replace('_', ' ')}" for one in reversed(Verdict) if one in counts)


def with_waivers(findings, waivers, visit) -> list:
    """The findings as they count now: what drifted and one of these waivers (by control) covers is waived."""
    if not waivers:
        return findings
    parsed = [Finding.from_json(finding) for finding in findings]
    stood, _spared = accept(parsed, waivers, visit.baseline, visit.device.asset)
    return [finding.as_json() for finding in stood]


def waiver_data(waiver) -> dict:
    """A waiver in a task's result."""
    data = {"control": waiver.control, "waiver": waiver.id, "owner": waiver.owner, "approved_by": waiver.approved_by}
    return {**data, "last_day": waiver.last_day.isoformat(), "reason": waiver.reason}
