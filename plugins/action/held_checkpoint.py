"""Look at the checkpoint that a device holds, or have it put back now: recognise the device, ask, and observe again."""

from __future__ import annotations

from ansible_collections.leeboard.schools.plugins.plugin_utils import cut_off
from ansible_collections.leeboard.schools.plugins.plugin_utils.device_action import DeviceAction
from ansible_collections.leeboard.schools.plugins.plugin_utils.result_file import write_result
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, VisitError, failure_message, filed

OPTIONS = {
    "work": {"type": "str", "choices": ["status", "rollback"], "default": "status"},
    "report": {"type": "path", "default": ""},
}


class ActionModule(DeviceAction):
    """Say who holds the device's checkpoint until when; with `rollback` let the device put itself back at once."""

    _options = OPTIONS

    def _outcome_of_work(self) -> dict:
        outcome = super()._outcome_of_work()
        report = {
            "failed": bool(outcome.get("failed")),
            "reached": "leeboard" in outcome and not (outcome.get("stranger") or outcome.get("lost")),
            "message": str(outcome.get("msg", "")),
            "state": str(outcome.get("state", "")),
        }
        write_result(self._arguments["report"], self._task_vars.get("inventory_hostname", ""), report)
        return outcome

    def _work(self) -> dict:
        visit = Visit(self, self._task_vars)
        module = cut_off.MODULES.get(visit.device.platform.value)
        if module is None:
            return {"skipped": True, "msg": "Leeboard has no checkpoint for this platform yet"}
        evidence = self._recognised(visit)
        answer = visit.ask(module, {"state": "read"})
        before = cut_off.state_of(answer)
        back = self._arguments["work"] == "rollback" and before.get("state") in cut_off.HELD
        if back:
            answer = visit.ask(module, {"state": "put_back"})
        state = cut_off.state_of(answer)
        changed = back and bool(answer.get("changed"))
        if changed and not self._task.check_mode:
            evidence = self._observed_again(visit, evidence)
            run = str(before.get("run_id") or "")
            evidence["changes"] = [{"text": f"the checkpoint of the run {run} was put back on request", "run": run}]
        outcome = {"leeboard": filed(evidence), "changed": changed, "state": str(state.get("state") or "")}
        if not state:
            lost = bool(answer.get("unreachable"))
            return {**outcome, "failed": True, "lost": lost, "msg": failure_message(answer)}
        left = back and not self._task.check_mode and state["state"] in cut_off.HELD
        return {**outcome, "failed": left, "msg": cut_off.told(state, cut_off.Clock.now())}

    @staticmethod
    def _observed_again(visit, evidence: dict) -> dict:
        try:
            again = visit.observe()
        except VisitError:
            return evidence
        return evidence if "unreachable" in again else again
