"""Bring families of controls on one device to what is wanted: plan, apply, observe, and plan again."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.leeboard.schools.plugins.action.check import summary, waiver_data, with_waivers
from ansible_collections.leeboard.schools.plugins.plugin_utils import answers, brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.cut_off import CutOff, of_steps
from ansible_collections.leeboard.schools.plugins.plugin_utils.device_action import DeviceAction, Ended
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, VisitError, failure_message, filed
from ansible_collections.leeboard.schools.plugins.plugin_utils.vpn_certificates import Certificates
from ansible_collections.leeboard.schools.plugins.plugin_utils.vpn_wireguard import WireGuardKey

if not brain.missing():
    from leeboard.model.enums import Mode
    from leeboard.model.vpn_told import is_wireguard
    from leeboard.planning.authorities import authorities
    from leeboard.planning.editions import device_tunnel, lacking
    from leeboard.planning.plan import apart, could_cut_off, plan
    from leeboard.verdict.evaluate import GROUP_POLICY
    from leeboard.verdict.waivers import left_alone

OPTIONS = {"families": {"type": "list", "elements": "str", "required": True, "aliases": ["family"]}}
TUNNELS = (("vpn", "tunnel"), ("vpn_connection", "tunnel"))  # driver and address of what a certificate is needed for
NO_VPN = "none"  # in place of what a device is told: its tunnel goes, with its certificate
BY_HAND = "on Windows the VPN is a profile for everybody on the machine; people dial it, it does not dial by itself"
REPLACE = "remote_access_replace_charon"  # a variable of the role, for what a preview says
MOST_ROUNDS = 4  # each round must bring something; a plan that stays the same is not tried again


class ActionModule(DeviceAction):
    """Change what drifted in the families that leeboard_enforce switches on; end with an observation.

    What a waiver covers is left alone; anything else in the same control is drift, and is mended.
    """

    _options = OPTIONS

    def _work(self) -> dict:
        self._families = list(dict.fromkeys(self._arguments["families"]))
        self._changes: list = []
        self._diffs: list = []
        self._waived: dict = {}
        self._remarks: list = []
        self._problems: list = []
        self._put_back: list = []  # why changes under a checkpoint are not there any more, or nobody knows
        try:
            return self._enforce()
        except AnsibleConnectionFailure as problem:
            if not self._changes:
                raise
            # Ansible's own limits ignore unreachable hosts; a device that we cut off must stop the next batch.
            return self._failed(f"lost after a change: {problem}")

    def _failed(self, message: str) -> dict:
        words = "; ".join(dict.fromkeys([*self._problems, message]))
        return {**super()._failed(words), "changed": bool(self._changes)}

    def _outcome_of_work(self) -> dict:
        outcome = super()._outcome_of_work()
        self._say_why(outcome)
        return outcome

    def _enforce(self) -> dict:
        visit = Visit(self, self._task_vars)
        families = {control.family for control in visit.baseline.controls}
        unknown = [family for family in self._families if family not in families]
        if unknown:
            raise VisitError(f"there is no family {', '.join(unknown)}; there are {', '.join(sorted(families))}")
        # Ansible says the same warning once, however many devices it holds for.
        off = [
            f"{family} is not named in leeboard_enforce everywhere: nothing is changed where it is not"
            for family in self._families
            if family not in visit.device.enforce
        ]
        self._families = [family for family in self._families if family in visit.device.enforce]
        if not self._families:
            return {"skipped": True, "msg": "; ".join(off), "warnings": off}
        try:
            outcome = self._bring(visit)
        except Ended as end:
            outcome = end.outcome
        return self._warned(outcome, [*off, *self._remarks])

    def _bring(self, visit) -> dict:
        evidence = self._recognised(visit)
        at = datetime.now(timezone.utc)  # once: a waiver that ends meanwhile ends with the next roll-out
        done: set = set()
        self._no_tunnel = False
        if self._certified(visit, at):
            evidence = self._seen_again(visit, evidence)
        for _round in range(MOST_ROUNDS):
            # Only the plan is told: what is judged and filed is what the baseline wants.
            wanted, self._waived = left_alone(visit.wanted, at, visit.observation)
            planned = self._without_tunnel(visit, plan(wanted, visit.observation, self._families, at))
            steps = [step for step in planned if step not in done]
            if not steps:
                break
            done.update(steps)
            said = lacking(visit.observation, steps) if self._task.check_mode else ()
            self._remark(visit, (*authorities(visit.observation), *said))
            done.difference_update(self._apply(visit, steps))
            if self._task.check_mode:
                break
            evidence = self._seen_again(visit, evidence)
        return self._outcome(visit, evidence, "; ".join(dict.fromkeys(self._problems)))

    def _seen_again(self, visit, evidence: dict) -> dict:
        """The evidence of a visit after a change. Raises Ended where the device cannot be seen any more."""
        try:
            seen = visit.observe()
            lost = "the device was lost after a change" if "unreachable" in seen else ""
        except VisitError as problem:  # it lets nobody in any more, or what it says makes no sense
            lost = f"not seen after a change: {problem}"
        if lost:
            # What was seen last is filed with what was done since, so that an undo finds it.
            why = "; ".join(dict.fromkeys([*self._problems, lost]))
            raise Ended({**self._failed(lost), "leeboard": filed({**self._done(evidence), "message": why})})
        return self._done(seen)

    def _certified(self, visit, at) -> bool:
        """Bring the device the certificate or key of its VPN, where its tunnel is enforced; whether it was changed."""
        variable = visit.variable("leeboard_vpn")
        wanted, _waived = left_alone(visit.wanted, at, visit.observation)
        if variable in (None, NO_VPN) or not any(
            (one.setting.driver, one.setting.address) in TUNNELS and one.mode is Mode.ENFORCE
            for one in wanted.settings
            if one.control.family in self._families
        ):
            return False
        before = len(self._changes)
        replace = boolean(visit.variable(REPLACE) or False, strict=False)
        if is_wireguard(variable):
            certificates = WireGuardKey(visit, variable, self._changes)
        else:
            certificates = Certificates(visit, variable, self._changes, replace)
        certificates.bring()
        self._no_tunnel = not certificates.ready
        self._problems += certificates.problems
        self._remarks += certificates.remarks
        return len(self._changes) > before and not self._task.check_mode

    def _without_tunnel(self, visit, steps) -> list:
        """The steps but for the tunnel, where the certificate that it hangs on is not there."""
        planned = {(step.driver, one.address) for step in steps for one in step.changes}
        if self._task.check_mode and TUNNELS[1] in planned:
            self._remarks.append(f"{visit.device.name}: {BY_HAND}{device_tunnel(visit.observation)}")
        if not self._no_tunnel:
            return list(steps)
        without = [
            dataclasses.replace(
                step, changes=tuple(one for one in step.changes if (step.driver, one.address) not in TUNNELS)
            )
            for step in steps
        ]
        if self._task.check_mode and not self._problems and without != list(steps):
            self._remarks.append(f"{visit.device.name}: then its VPN tunnel would be set up")
        return [step for step in without if step.changes]

    def _remark(self, visit, words) -> None:
        """Say something of the device, once however many rounds find it."""
        said = [f"{visit.device.name}: {one}" for one in words]
        self._remarks += [one for one in said if one not in self._remarks]

    def _done(self, evidence: dict) -> dict:
        """Evidence with what was changed, and why some of it was put back: the task's own words are in no bundle."""
        why = {"message": "; ".join(dict.fromkeys(self._put_back))} if self._put_back else {}
        return {**evidence, **why, "changes": self._changes}

    @staticmethod
    def _warned(outcome: dict, warnings: list) -> dict:
        return {**outcome, "warnings": [*warnings, *outcome.get("warnings", [])]} if warnings else outcome

    def _apply(self, visit, steps) -> list:
        """Run the steps, those that could cut us off last and under a checkpoint; keep what failed, in words each.

        Returns the steps that must be planned once more.
        """
        failed, lost = self._make(visit, [step for step in steps if step.risk != "cut_off"])
        self._problems += failed
        risky = [step for step in steps if step.risk == "cut_off"]
        if not risky or lost:
            return []
        cut_off = CutOff(visit, self._connection)
        if not self._task.check_mode:
            risky = self._rehearsed(visit, risky)
        if not risky:
            return []
        if self._task.check_mode:
            left_out, refused, seconds = cut_off.preview(of_steps(risky))
            stay = [] if refused else [step for step in risky if step.driver not in left_out]
            self._problems += [refused] if refused else list(left_out.values())
            self._problems += self._make(visit, stay)[0]
            if stay:
                self._remarks.append(f"{visit.device.name}: {could_cut_off({step.driver for step in stay}, seconds)}")
            return []
        before = len(self._changes)
        problems = cut_off.make(
            of_steps(risky),
            lambda left_out: self._make(visit, [step for step in risky if step.driver not in left_out]),
        )
        self._problems += problems
        if cut_off.end in ("back", "unknown"):
            self._put_back += problems
            for change in self._changes[before:]:
                change["checkpoint"] = cut_off.end
        return risky if cut_off.again else []

    def _rehearsed(self, visit, risky) -> list:
        """The steps that a driver would make. One that it refuses must not have the others put back with it."""
        stay, waiting = [], list(risky)
        while waiting:
            step = waiting.pop(0)
            answer = visit.rehearse(step.module, _arguments(visit, step))
            if answer.get("failed") and apart(step):
                waiting = [*apart(step), *waiting]
            elif answer.get("failed") or answer.get("unreachable"):
                # What an earlier step of this round changed is planned again in the next.
                self._problems += [] if answer.get("outdated") and self._changes else [_words(step, answer)]
            else:
                stay.append(step)
        return stay

    def _make(self, visit, steps) -> tuple:
        """Run the steps in order; a driver that refuses keeps no other from its work, nor one address of a driver the
        others. Returns (what failed, in words each; whether the device was lost)."""
        problems: list = []
        before = len(self._changes)
        waiting = [(step, "") for step in steps]  # each with why the step failed that it is a part of
        while waiting:
            step, broke_off = waiting.pop(0)
            answer = visit.ask(step.module, _arguments(visit, step))
            if answer.get("outdated") and len(self._changes) > before:
                continue  # an earlier step of ours touched the same file: the next round plans it again
            if answer.get("failed") and not answer.get("unreachable") and apart(step):
                why = "" if answer.get("outdated") else _words(step, answer)
                waiting = [*((part, why) for part in apart(step)), *waiting]
                continue
            if answer.get("failed") or answer.get("unreachable"):
                # The whole step had changed the device before it failed: its reason counts, not that this one sees it.
                why = broke_off if broke_off and answer.get("outdated") else _words(step, answer)
                problems += [] if why in problems else [why]
                if answer.get("unreachable"):
                    return problems, True
                continue
            self._diffs += answers.diffs(answer)
            self._remarks += [f"{visit.device.name}: {one}" for one in answers.warnings(answer)]
            if answer.get("changed"):
                self._changes += [
                    {
                        "control": change.control,
                        "driver": step.driver,
                        "address": change.address,
                        "before": answers.reading(answer, "before", change.address),
                        "after": answers.reading(answer, "after", change.address),
                        "journal": answers.journal(answer),
                    }
                    for change in step.changes
                ]
        return problems, False

    def _outcome(self, visit, evidence: dict, problem: str) -> dict:
        stood = with_waivers(evidence["findings"], self._waived, visit)
        ours = [finding for finding in stood if finding["control"].startswith(tuple(self._families))]
        waived = [waiver_data(self._waived[one["control"]]) for one in ours if one["verdict"] == "waived"]
        accepted = [f"{one['control']} by {one['waiver']} until {one['last_day']}" for one in waived]
        last_line = summary(stood) + (f"; accepted risks, left alone: {', '.join(accepted)}" if accepted else "")
        outcome = {
            "changed": bool(self._changes),
            "drifted": any(one["verdict"] == "drifted" for one in ours),
            "leeboard": filed(evidence),
            "diff": self._diffs,
            "msg": problem or last_line,
            "waived": waived,
        }
        mended = [one for finding in ours for one in finding["judged"] if one["verdict"] != "waived"]
        left = [one["title"] for one in mended if one.get("code") == GROUP_POLICY]
        if left:
            message = "a group policy sets these, so they were left alone; change them there: " + ", ".join(left)
            outcome["warnings"] = [f"{evidence['device']['name']}: {message}"]
        return {**outcome, "failed": True} if problem else outcome


def _arguments(visit, step) -> dict:
    """What the module of a step is asked."""
    return {"settings": [change.as_argument() for change in step.changes], "run_id": visit.run_id}


def _words(step, answer: dict) -> str:
    """Why a step failed, with its driver before it."""
    return answers.of_driver(step.driver, failure_message(answer))
