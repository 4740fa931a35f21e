# Copyright: Leeboard contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run saw becomes evidence: a thin adapter between Ansible's events and the recorder of `leeboard.evidence`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: evidence
type: aggregate
short_description: Record what a run of leeboard.schools.check or enforce saw
version_added: 0.1.0
description:
  - Writes one bundle of evidence for each school that a play with a C(leeboard.schools.check),
    C(leeboard.schools.enforce) or C(leeboard.schools.undo) task expects to see, a line for each device, below
    C(evidence) in O(var).
  - Those actions fail when this callback is not enabled, since a device that was seen and not recorded is as good as
    not seen.
  - A run that cannot record stops, because another run records the same school or the disk is full, with exit code 1.
requirements:
  - enable it with C(callbacks_enabled = leeboard.schools.evidence) in C(ansible.cfg)
  - the Python package C(leeboard) where Ansible runs
options:
  var:
    description: Folder for all that Leeboard keeps. Bundles lie in its C(evidence) folder.
    type: path
    default: "{{CWD}}/var"
    env:
      - name: LEEBOARD_VAR
    ini:
      - section: leeboard
        key: var
author:
  - Leeboard (@leeboard)
"""

# ruff: noqa: E402 (Ansible reads the documentation from the top of the file)
import atexit
import os
import re
import signal
import sys
import traceback

from ansible import constants as C
from ansible.plugins.callback import CallbackBase
from ansible.template import Templar

try:
    from pathlib import Path

    from leeboard.ansible.connection_errors import explain
    from leeboard.errors import LeeboardError
    from leeboard.evidence.recording.expected import expected
    from leeboard.evidence.recording.recorder import Recorder
    from leeboard.model.waiver import VARIABLE
    from leeboard.model.waiver import parse as waivers
    from leeboard.storage import strict_json
except ImportError:
    MISSING = traceback.format_exc()
else:
    MISSING = ""

CHECK = "leeboard.schools.check"
ACTIONS = (
    CHECK,
    *(f"leeboard.schools.{name}" for name in ("empty_disks", "enforce", "held_checkpoint", "recovery_keys", "undo")),
)
LISTS = ("block", "rescue", "always")
SHUT = "leeboard_vault_shut"  # the estate's plugin sets it where a school's vault cannot be opened
# How Ansible begins where it ended a task itself, before an action or a module had an answer: a password that could not
# be worked out, a connection that could not be made.
OWN_END = re.compile("Task failed: (?!(Action|Module) failed)")


class CallbackModule(CallbackBase):
    """Collects whom a play expects to see, and files what comes of each."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "leeboard.schools.evidence"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display=None, options=None):
        super().__init__(display=display, options=options)
        self._recorder = None
        self._parameters = ()
        self._play = None
        self._collected = set()
        self._shut = {}
        self._unchecked = None

    # Batches start a play again and again; its hosts are collected once, and before any worker is forked.
    def v2_playbook_on_play_start(self, play):
        self._play = play
        ours = [action for action in _actions(play) if action in ACTIONS]
        if ours:
            self._collect(play, _recorded(ours))

    # A task that was included while the play ran could not be seen at its start.
    def v2_playbook_on_task_start(self, task, is_conditional):
        if self._play is not None and _name(task) in ACTIONS:
            self._collect(self._play, _recorded([_name(task)]))

    def v2_runner_on_ok(self, result):
        self._ours(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not self._ours(result) and not ignore_errors:
            self._problem(result, "failed")

    def v2_runner_on_unreachable(self, result):
        if not self._ours(result):
            self._problem(result, "unreachable")

    def v2_playbook_on_stats(self, stats):
        if self._recorder is None:
            return
        for path in self._recorder.close():
            self._display.display(f"leeboard: evidence in {path}")
        if self._recorder.failed:
            self._stop(self._recorder.failed)

    def _collect(self, play, action):
        if play._uuid in self._collected:
            return
        self._collected.add(play._uuid)
        if MISSING:
            self._stop(
                f"the Python package leeboard is missing or broken for {sys.executable}; "
                f"install it there: {sys.executable} -m pip install leeboard ({MISSING.strip().splitlines()[-1]})"
            )
        # Imported here: it takes a while, and most runs of Ansible are not ours.
        from ansible_collections.leeboard.schools.plugins.plugin_utils.prepared import prepare
        from ansible_collections.leeboard.schools.plugins.plugin_utils.unchecked import Unchecked

        self._unchecked = self._unchecked or Unchecked()
        self._unchecked.begin(play)
        try:
            recorder = self._recorder or self._start()
            devices, listed, said = self._hosts(play)
            recorder.expect(devices, action, listed)
            prepare(play.get_loader(), recorder.evidence, devices, said)
        except LeeboardError as problem:
            if self._recorder is not None:
                self._recorder.close(interrupted=True)
            self._stop(str(problem))
        if warning := self._unchecked.warning():
            self._display.display(warning, color=C.COLOR_WARN)

    def _start(self):
        # Imported here: reading all policy takes a while, and most runs of Ansible are not ours.
        from leeboard.policy.load import load

        baseline = load()
        self._parameters = tuple(baseline.parameters)
        self._recorder = Recorder(Path(self.get_option("var")) / "evidence", baseline.digest)
        atexit.register(self._recorder.close, interrupted=True)
        before = signal.getsignal(signal.SIGTERM)

        def terminated(number, frame):
            self._recorder.close(interrupted=True)
            signal.signal(number, before)
            os.kill(os.getpid(), number)

        signal.signal(signal.SIGTERM, terminated)
        return self._recorder

    def _hosts(self, play):
        """The devices that the play means to see, after --limit, in all its batches, each school's waivers, and what
        Windows devices say of directories.
        """
        manager = play.get_variable_manager()
        devices, listed, said = [], {}, {}
        for host in manager._inventory.get_hosts(play.hosts, ignore_restrictions=True):
            variables = manager.get_vars(play=play, host=host, include_hostvars=False, _hosts=[], _hosts_all=[])
            templar = Templar(play.get_loader(), variables=variables)
            ours, problem = _templated(variables, templar)
            if shut := ours.get(SHUT):
                self._shut[host.get_name()] = shut
            device = expected(host.get_name(), ours, self._parameters, problem and f"{host.get_name()}: {problem}")
            if device is None:
                urn = ours.get("leeboard_urn")
                lack = "no leeboard_urn" if urn is None else f"leeboard_urn {ascii(urn)[:40]}"
                self._display.warning(
                    f"{host.get_name()} has {lack}, so that nothing can be recorded of it; "
                    "set its school's six digits, in quotes"
                )
            else:
                devices.append(device)
                if device.platform == "windows":
                    said[device.name] = {**ours, "inventory_dir": variables.get("inventory_dir")}
                if device.platform != "other":
                    self._unchecked.host(host.get_name(), variables, templar)
                lists = listed.setdefault(device.urn, [])
                if ours.get(VARIABLE) not in lists[-1:]:  # nearly every host has its school's
                    lists.append(ours.get(VARIABLE))
        risks = {urn: [one for raw in lists for one in waivers(raw).good] for urn, lists in listed.items()}
        return devices, risks, said

    def _ours(self, result):
        """File the evidence in a result of one of our actions; False when there is nothing of it in the result."""
        if self._recorder is None or not self._recorder.recording or _name(result.task) not in ACTIONS:
            return False
        name = result.host.get_name()
        answer = result.result
        items = answer["results"] if isinstance(answer.get("results"), list) else [answer]  # of a loop
        texts = [text for item in items if isinstance(item, dict) and (text := _evidence_of(item))]
        if not self._recorder.expects(name) or not texts:
            return False
        for text in texts:
            try:
                evidence = strict_json.loads(text)
            except ValueError as problem:  # to Ansible it would be a warning, and the device one that nobody saw
                evidence = None
                self._recorder.problem(name, "failed", f"the action's answer is not JSON ({problem})")
            if evidence is not None:
                self._recorder.result(name, evidence)
        self._report()
        return True

    def _problem(self, result, outcome):
        if self._recorder is None or not self._recorder.recording:
            return
        name = result.host.get_name()
        # Trouble with a task of somebody else must not take the place of what we saw.
        if _name(result.task) not in ACTIONS and self._recorder.filed(name):
            return
        message = str(result.result.get("msg", "the task gave no reason"))
        trouble = explain(message) if "timedout" in result.result or OWN_END.match(message) else None
        if trouble:
            outcome, message = "unreachable" if trouble.silent else "failed", trouble.message
            if trouble.missing and name in self._shut:
                message = f"it needs a secret of {self._shut[name]}. Give its password, see docs/credentials.md"
        self._recorder.problem(name, outcome, _line(message))
        self._report()

    def _report(self):
        if self._recorder.failed:
            self._display.error(self._recorder.failed, wrap_text=False)

    # An exception in a callback is only a warning for Ansible; leaving the process is what stops a run.
    def _stop(self, message):
        self._display.error(f"leeboard: {message}", wrap_text=False)
        sys.exit(1)


def _recorded(actions):
    """What a header says of a run. An undo changes devices as a roll-out does; its changes say which run it undid."""
    return "check" if set(actions) <= {CHECK} else "enforce"


def _name(task):
    return getattr(task, "resolved_action", None) or task.action


def _templated(variables, templar):
    """Our variables with their templates worked out, and what is wrong with one that cannot be."""
    ready, wrong = {}, ""
    for key, value in variables.items():
        if not key.startswith("leeboard_"):
            continue
        try:
            ready[key] = _native(templar.template(value))
        except Exception as problem:  # an undefined variable or a broken template is this host's own trouble
            wrong = wrong or f"{key} cannot be worked out: {_line(str(problem))}"
    return ready, wrong


def _actions(play):
    """The names of all tasks that can be seen before the play runs."""
    blocks = [*play.pre_tasks, *play.tasks, *play.post_tasks, *play.handlers]
    for role in play.roles:
        for one in [*role.get_all_dependencies(), role]:
            blocks.extend(one.get_task_blocks())
    while blocks:
        item = blocks.pop()
        inner = [part for name in LISTS for part in getattr(item, name, None) or ()]
        if inner:
            blocks.extend(inner)
        elif hasattr(item, "action"):
            yield _name(item)


def _line(text):
    """The first line of a text that says something; the recorder makes it printable and cuts it."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _native(value):
    """Plain Python values, without Ansible's tags."""
    if isinstance(value, dict):
        return {str(key): _native(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_native(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _evidence_of(result) -> str:
    """The evidence in a result of ours; that of a failed one stands where Ansible does not print it."""
    invocation = result.get("invocation")
    aside = invocation.get("leeboard") if isinstance(invocation, dict) else None
    text = result.get("leeboard", aside)
    return text if isinstance(text, str) else ""
