"""Bring one family of controls on one device to what is wanted: plan, apply, observe, and plan again."""

from __future__ import annotations

from datetime import datetime, timezone

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.leeboard.schools.plugins.action.check import said_of, summary, with_waivers
from ansible_collections.leeboard.schools.plugins.plugin_utils import brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, VisitError, said

if not brain.missing():
    from leeboard.estate.waivers import left_alone
    from leeboard.planning.plan import apart, plan
    from leeboard.verdict.evaluate import GROUP_POLICY

MOST_ROUNDS = 4  # each round must bring something; a plan that stays the same is not tried again


class ActionModule(ActionBase):
    """Change what drifted, if the family is switched on in leeboard_enforce; end with an observation.

    What is waived when the visit begins is left alone.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _valid, arguments = self.validate_argument_spec({"family": {"type": "str", "required": True}})
        self._family = arguments["family"]
        self._changes: list = []
        self._diffs: list = []
        self._waived: dict = {}
        try:
            return {**result, **self._enforce(task_vars or {})}
        except VisitError as problem:
            return {**result, "failed": True, "msg": str(problem), "changed": bool(self._changes)}
        except AnsibleConnectionFailure as problem:
            if not self._changes:
                raise
            # Ansible's own limits ignore unreachable hosts; a device that we cut off must stop the next batch.
            return {**result, "failed": True, "changed": True, "msg": f"lost after a change: {problem}"}

    def _enforce(self, task_vars: dict) -> dict:
        visit = Visit(self, task_vars)
        families = {control.family for control in visit.baseline.controls}
        if self._family not in families:
            raise VisitError(f"there is no family {self._family}; there are {', '.join(sorted(families))}")
        if self._family not in visit.device.enforce:
            # Ansible says the same warning once, however many devices it holds for.
            words = f"{self._family} is not named in leeboard_enforce everywhere: nothing is changed where it is not"
            return {"skipped": True, "msg": words, "warnings": [words]}
        evidence = visit.observe()
        if "unreachable" in evidence:
            return evidence["unreachable"]
        if evidence["identity"] in ("another_machine", "unidentified"):
            return {"failed": True, "leeboard": evidence, "msg": f"{evidence['message']}; nothing was changed"}
        # Only the plan is told: what is judged and filed is what the baseline wants.
        wanted, self._waived = left_alone(visit.wanted, datetime.now(timezone.utc))
        done: set = set()
        for _round in range(MOST_ROUNDS):
            steps = [step for step in plan(wanted, visit.observation, self._family) if step not in done]
            if not steps:
                break
            done.update(steps)
            problem = self._apply(visit, steps)
            if self._task.check_mode:
                if problem:
                    return self._outcome(evidence, failed=True, msg=problem)
                break
            evidence = visit.observe()
            if "unreachable" in evidence:
                return {"failed": True, "changed": bool(self._changes), "msg": "the device was lost after a change"}
            evidence["changes"] = self._changes
            if problem:
                return self._outcome(evidence, failed=True, msg=problem)
        return self._outcome(evidence)

    def _apply(self, visit, steps) -> str:
        """Run the steps in order; a driver that refuses keeps no other from its work, nor one address of a driver the
        others. Returns what failed, in words."""
        problems = []
        before = len(self._changes)
        waiting = list(steps)
        while waiting:
            step = waiting.pop(0)
            settings = [change.as_argument() for change in step.changes]
            answer = visit.ask(step.module, {"settings": settings, "run_id": visit.run_id})
            if answer.get("outdated") and len(self._changes) > before:
                continue  # an earlier step of ours touched the same file: the next round plans it again
            if answer.get("failed") and not answer.get("unreachable") and apart(step):
                waiting = [*apart(step), *waiting]
                continue
            if answer.get("failed") or answer.get("unreachable"):
                words = said(answer)
                problems.append(words if words.startswith(f"{step.driver}: ") else f"{step.driver}: {words}")
                if answer.get("unreachable"):
                    break
                continue
            diff = answer.get("diff") or []
            self._diffs += diff if isinstance(diff, list) else [diff]
            if answer.get("changed"):
                self._changes += [
                    {
                        "control": change.control,
                        "driver": step.driver,
                        "address": change.address,
                        "before": answer.get("before", {}).get(change.address),
                        "after": answer.get("after", {}).get(change.address),
                        "journal": answer.get("journal"),
                    }
                    for change in step.changes
                ]
        return "; ".join(problems)

    def _outcome(self, evidence: dict, failed: bool = False, msg: str = "") -> dict:
        stood = with_waivers(evidence["findings"], self._waived)
        ours = [one for one in stood if one["control"].startswith(self._family)]
        waived = [said_of(self._waived[one["control"]]) for one in ours if one["verdict"] == "waived"]
        words = [f"{one['control']} by {one['waiver']} until {one['last_day']}" for one in waived]
        said_last = summary(stood) + (f"; accepted risks, left alone: {', '.join(words)}" if words else "")
        outcome = {
            "changed": bool(self._changes),
            "drifted": any(one["verdict"] == "drifted" for one in ours),
            "leeboard": evidence,
            "diff": self._diffs,
            "msg": msg or said_last,
            "waived": waived,
        }
        mended = [one for finding in ours if finding["verdict"] != "waived" for one in finding["judged"]]
        left = [one["title"] for one in mended if one.get("code") == GROUP_POLICY]
        if left:
            words = "a group policy sets these, so they were left alone; change them there: " + ", ".join(left)
            outcome["warnings"] = [f"{evidence['device']['name']}: {words}"]
        return {**outcome, "failed": True} if failed else outcome
