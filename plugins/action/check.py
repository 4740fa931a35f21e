"""The nightly check of one device: one visit, all controls, nothing changed."""

from __future__ import annotations

from datetime import datetime, timezone

from ansible_collections.leeboard.schools.plugins.plugin_utils import brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.printable import PrintableAction
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, VisitError, filed

if not brain.missing():
    from leeboard.verdict.waivers import accept, in_force
    from leeboard.model.finding import Finding


class ActionModule(PrintableAction):
    """Observe, judge, and hand the evidence to the callback. Drift is `ok` with `drifted: true`.

    What is waived at that moment is no drift here; the evidence says what was found.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _valid, arguments = self.validate_argument_spec({"fail_on_drift": {"type": "bool", "default": False}})
        try:
            visit = Visit(self, task_vars or {})
            evidence = visit.observe()
        except VisitError as problem:
            return self._printable_result({**result, "failed": True, "msg": str(problem)})
        if "unreachable" in evidence:
            return self._printable_result({**result, **evidence["unreachable"]})
        waivers = in_force(visit.device.waivers, visit.baseline, datetime.now(timezone.utc))
        stood = with_waivers(evidence["findings"], waivers, visit)
        drifted = [one for one in stood if one["verdict"] == "drifted"]
        waived = [said_of(waivers[one["control"]]) for one in stood if one["verdict"] == "waived"]
        result.update(changed=False, drifted=bool(drifted), waived=waived, leeboard=filed(evidence), msg=summary(stood))
        if evidence["outcome"] == "another_machine":
            result.update(failed=True, msg=f"{evidence['device']['name']}: {evidence['message']}")
        elif arguments["fail_on_drift"] and fails(drifted, visit.baseline.fails_in_report(visit.device.form)):
            result.update(failed=True)
        return self._printable_result(result)


def summary(findings) -> str:
    """Counts by verdict, worst first: "2 drifted, 14 compliant"."""
    counts: dict = {}
    for finding in findings:
        counts[finding["verdict"]] = counts.get(finding["verdict"], 0) + 1
    order = ("error", "drifted", "not_checked", "pending", "waived", "compliant", "not_applicable")
    return ", ".join(f"{counts[verdict]} {verdict.replace('_', ' ')}" for verdict in order if verdict in counts)


def with_waivers(findings, waivers, visit) -> list:
    """The findings as they count now: what drifted and one of these waivers (by control) covers is waived."""
    if not waivers:
        return findings
    found = [Finding.from_json(one) for one in findings]
    stood, _spared = accept(found, waivers, visit.baseline, visit.device.asset)
    return [one.as_json() for one in stood]


def fails(drifted, in_report_too) -> bool:
    """Whether any of these drifted findings counts: enforced, or of a control that fails in mode report as well."""
    return any(
        one["mode"] == "enforce" or (one["mode"] == "report" and one["control"] in in_report_too) for one in drifted
    )


def said_of(waiver) -> dict:
    """A waiver in a task's result."""
    told = {"control": waiver.control, "waiver": waiver.id, "owner": waiver.owner, "approved_by": waiver.approved_by}
    return {**told, "last_day": waiver.last_day.isoformat(), "reason": waiver.reason}
