"""One visit to a device, as the actions check and enforce both make it: ask, recognise, judge."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import partial

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.utils.display import Display
from ansible_collections.leeboard.schools.plugins.plugin_utils import brain, prepared, second_address
from ansible_collections.leeboard.schools.plugins.plugin_utils.printable import printable

if not brain.missing():
    from leeboard.ansible.connection_errors import explain
    from leeboard.errors import LeeboardError
    from leeboard.escrow.disks import readings as disks
    from leeboard.escrow.volumes import holdings
    from leeboard.escrow.volumes import readings as volumes
    from leeboard.evidence.bundles.challenge import challenge
    from leeboard.evidence.notes import pins
    from leeboard.evidence.recording import handshake
    from leeboard.model.device import device as read_device
    from leeboard.model.observation import parse, with_readings
    from leeboard.model.run_id import RUN_ID
    from leeboard.model.verdicts import Verdict
    from leeboard.storage import strict_json
    from leeboard.verdict import device_clock
    from leeboard.verdict.evaluate import evaluate, unseen


# How PowerShell and ansible-core say that the device runs only what is signed. Identifiers, which nobody translates,
# and ansible-core's own English.
LOCKED_DOWN = re.compile(
    "ConstrainedLanguage|language mode|is not trusted (to run|and cannot be loaded)|untrusted PowerShell script|"
    "unsupported in CLM mode|Failed to process signed manifest"
)
# How ansible-core begins when a module did not come to its own end.
NO_ANSWER = ("failure during exec_wrapper", "Module result deserialization failed")
# What ansible-core says when ssh stopped taking a module in and had not ended a millisecond later: it never reads what
# ssh said of it then. A module that came in cut off does not run.
SSH_ERROR_LOST = "Make sure this host can be reached over SSH"


def failure_message(answer: dict) -> str:
    """Why a module failed, in words: its own message, or the error that ended it."""
    everything = str(answer)
    if LOCKED_DOWN.search(everything):
        # Once ansible-core's own code runs, it names the module of ours that may not.
        ours = "ansible_collections.leeboard.schools" in everything and "exec_wrapper" in everything
        unsigned = "leeboard.schools" if ours else "ansible.builtin and leeboard.schools"
        return (
            "PowerShell on the device is in constrained language mode (App Control or AppLocker), so nothing could be "
            f"read. Sign {unsigned} with a certificate that its policy trusts: see docs/windows.md"
        )
    ended = getattr(getattr(answer.get("exception"), "event", None), "msg", "")
    message = str(answer.get("msg") or ended or "the device gave no answer")
    # Only where a module did not come to its own end: what it says itself needs no other words.
    trouble = explain("\n".join((message, everything))) if message.startswith(NO_ANSWER) else None
    return trouble.message if trouble else message


def filed(evidence: dict) -> str:
    """Evidence as a task's result has it: one text.

    Ansible looks at each part of a result several times over, which for all that a visit says cost as much as a ping.
    """
    return strict_json.dumps(evidence)


OBSERVERS = {"linux": "leeboard.schools.observe", "windows": "leeboard.schools.win_observe"}


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(timezone.utc)


class VisitError(AnsibleError):
    """The visit cannot go on; the text says what is wrong and what to do, and no traceback helps anybody."""


class Visit:
    """What an action knows of its device: `device` and `wanted` from the inventory, then each observation."""

    def __init__(self, action, task_vars: dict) -> None:
        problem = brain.missing()
        if problem:
            raise VisitError(problem)
        self._action = action
        self._task_vars = task_vars
        self._run = self._evidence()
        self.baseline = prepared.baseline()
        try:
            self.device = read_device(
                task_vars["inventory_hostname"], self._variables(), tuple(self.baseline.parameters)
            )
            self.wanted = prepared.wanted(self.device)
        except LeeboardError as problem:
            raise VisitError(str(problem)) from None
        self._last_visit = 0
        self._answered = False
        self.run_id = self._run.run
        self.terminal = self._run.terminal
        self.var = self._run.evidence.parent

    @property
    def preview(self) -> bool:
        """True in check mode: nothing is changed."""
        return bool(self._action._task.check_mode)

    def recorded(self, run: str) -> bool:
        """Whether a run is this controller's, of the device's school: then it is over, since we hold the lock."""
        if not RUN_ID.match(run):
            return False
        return any((self._run.evidence / self.device.urn).glob(f"{run}.*")) and run != self.run_id

    def variable(self, name: str):
        """The value of a variable of the device; None where it has none."""
        return self._action._templar.template(self._task_vars.get(name))

    def observe(self) -> dict:
        """Visit the device once. Returns the evidence of the visit: outcome, message, identity, observation, findings.

        Raises VisitError when the device did not give an observation.
        """
        module = OBSERVERS.get(self.device.platform.value)
        if module is None:
            raise VisitError(f"{self.device.name}: a device of platform {self.device.platform.value} is never checked")
        self._last_visit = number = self._run.next_visit(self._last_visit)
        due = challenge(self._run.salt, self.run_id, self.device.urn, self.device.asset, number)
        arguments = {"addresses": prepared.addresses(self.device.platform), "challenge": due}
        if self.device.platform.value == "linux" and self.device.unpackaged_programs:
            arguments["unpackaged"] = list(self.device.unpackaged_programs)
        started = now()
        answer = self.ask(module, arguments)
        if answer.get("unreachable"):
            # Nothing else of the answer goes on: what a device says is no result of ours.
            return {"unreachable": {"unreachable": True, "msg": f"{self.device.name}: {failure_message(answer)}"}}
        if answer.get("failed"):
            raise VisitError(f"{self.device.name}: {failure_message(answer)}")
        answered = now()
        try:
            self.observation = parse(answer.get("observation"))
            # Before anything of it is believed, its serial number included.
            if self.observation.challenge != due:
                raise LeeboardError(
                    "its answer was not made for this visit: it does not echo the challenge, as no stored one does. "
                    "Look at what answers there"
                )
            sighted = self._recognise()
            stranger = sighted.outcome == "another_machine"
            filed = answer["observation"]
            if not stranger:
                taken = [
                    *disks.of_escrow(self.observation, self.device, self.var),
                    *volumes.of_escrow(self.observation, self.wanted, self.var),
                    *self._of_directory(answered),
                    device_clock.reading(self.observation, started, answered),
                ]
                filed = with_readings(filed, taken)
                self.observation = self.observation.with_reading(*taken)
        except LeeboardError as problem:
            raise VisitError(f"{self.device.name}: {problem}") from None
        outcome, message = sighted.outcome, sighted.message
        # Nothing that a stranger says is filed under this device's name.
        findings = (
            unseen(self.wanted, Verdict.ERROR, message)
            if stranger
            else evaluate(self.wanted, self.observation, answered)
        )
        return {
            "device": self.device.model_dump(mode="json"),
            "outcome": "another_machine" if stranger else "observed",
            "message": message,
            "identity": outcome,
            "visit": number,
            "observation": None if stranger else filed,
            "findings": [finding.as_json() for finding in findings],
            "changes": [],
        }

    def _of_directory(self, at: datetime) -> list:
        """What the directory that keeps its recovery passwords says of a Windows device."""
        if self.device.platform.value != "windows":
            return []
        said = {name: self.variable(name) for name in holdings.VARIABLES}
        folder = prepared.inventory_folder(self._task_vars)
        return holdings.of_directory(self.observation, self.wanted, said, folder, prepared.directories(), at)

    def ask(self, module: str, arguments: dict) -> dict:
        """What a module on the device answers. When the way there failed: `unreachable` or `failed`, with words."""
        try:
            return self._run_module(module, arguments)
        except Exception as problem:
            # Not only AnsibleConnectionFailure: of a machine that falls asleep in the middle, Ansible's winrm lets the
            # HTTP library's own errors through.
            trouble = explain(str(problem))
            if trouble is None and isinstance(problem, AnsibleConnectionFailure):
                raise AnsibleConnectionFailure(printable(str(problem))) from None
            if trouble is None:
                raise
            Display().v(f"Ansible said: {printable(str(problem))}", host=self.device.name)
            return {"unreachable" if trouble.silent else "failed": True, "msg": trouble.message}

    def rehearse(self, module: str, arguments: dict) -> dict:
        """What a module answers in check mode, whatever mode the task is in: nothing is changed."""
        task = self._action._task
        before, task.check_mode = task.check_mode, True
        try:
            return self.ask(module, arguments)
        finally:
            task.check_mode = before

    def _run_module(self, module: str, arguments: dict) -> dict:
        run = partial(self._action._execute_module, module, arguments, task_vars=self._task_vars)
        try:
            answer = run()
        except AnsibleConnectionFailure as problem:
            # Busy controllers see the lost error with silent devices, which are no failure.
            if SSH_ERROR_LOST not in str(problem) and not self._elsewhere(problem):
                raise
            answer = run()
        self._answered = True
        if answer.get("unreachable"):
            # Ansible raises where it cannot reach a device: this a device says of itself, and it would count as silent.
            return {"failed": True, "msg": "it answered that it cannot be reached; look at what answers there"}
        return answer

    def _elsewhere(self, problem: AnsibleConnectionFailure) -> bool:
        """Whether a device that was silent from the beginning may answer at its second address."""
        trouble = explain(str(problem))
        silent = trouble is not None and trouble.silent and not self._answered
        return silent and second_address.turned(self._action._connection, self._task_vars)

    def _recognise(self):
        if self.observation.platform != self.device.platform.value:
            raise LeeboardError(
                f"the inventory says {self.device.platform.value}, a {self.observation.platform} answered"
            )
        return pins.sight(self._run.evidence, self.device, self.observation.identity, now())

    def _evidence(self):
        run = handshake.current()
        if run is None:
            raise VisitError(
                "the callback leeboard.schools.evidence is not enabled, so nothing of this run would be kept; add it "
                "to callbacks_enabled in ansible.cfg, or set ANSIBLE_CALLBACKS_ENABLED=leeboard.schools.evidence"
            )
        problem = run.problem or run.refused.get(self._task_vars["inventory_hostname"])
        if problem:
            raise VisitError(problem)
        return run

    def _variables(self) -> dict:
        ours = {name: value for name, value in self._task_vars.items() if name.startswith("leeboard_")}
        return self._action._templar.template(ours)
