"""The nightly check of one device: one visit, all controls, nothing changed."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, VisitError


class ActionModule(ActionBase):
    """Observe, judge, and hand the evidence to the callback. Drift is `ok` with `drifted: true`."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _valid, arguments = self.validate_argument_spec({"fail_on_drift": {"type": "bool", "default": False}})
        try:
            evidence = Visit(self, task_vars or {}).observe()
        except VisitError as problem:
            return {**result, "failed": True, "msg": str(problem)}
        if "unreachable" in evidence:
            return {**result, **evidence["unreachable"]}
        drifted = [one for one in evidence["findings"] if one["verdict"] == "drifted"]
        result.update(changed=False, drifted=bool(drifted), leeboard=evidence, msg=summary(evidence["findings"]))
        if evidence["outcome"] == "another_machine":
            result.update(failed=True, msg=f"{evidence['device']['name']}: {evidence['message']}")
        elif arguments["fail_on_drift"] and any(one["mode"] == "enforce" for one in drifted):
            result.update(failed=True)
        return result


def summary(findings) -> str:
    """Counts by verdict, worst first: "2 drifted, 14 compliant"."""
    counts: dict = {}
    for finding in findings:
        counts[finding["verdict"]] = counts.get(finding["verdict"], 0) + 1
    order = ("error", "drifted", "not_checked", "pending", "waived", "compliant", "not_applicable")
    return ", ".join(f"{counts[verdict]} {verdict.replace('_', ' ')}" for verdict in order if verdict in counts)
