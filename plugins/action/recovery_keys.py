"""Bring a recovery key into each encrypted disk of a device, keep one that is known, bring a header back, or suspend.

Where the school wants it, the TPM of a Linux device opens the disk as well, once its key is proved; and BitLocker
encrypts a Windows device whose recovery password is kept here.
"""

from __future__ import annotations

from datetime import datetime, timezone

from ansible_collections.leeboard.schools.plugins.plugin_utils import brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.device_action import DeviceAction
from ansible_collections.leeboard.schools.plugins.plugin_utils.printable import printable
from ansible_collections.leeboard.schools.plugins.plugin_utils.result_file import write_result
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, VisitError, failure_message, filed

if not brain.missing():
    from leeboard.ansible import secret_handover
    from leeboard.errors import LeeboardError
    from leeboard.escrow.disks.adoption import adopt
    from leeboard.escrow.disks.disk import Credentials
    from leeboard.escrow.disks.enrolment import enrol
    from leeboard.escrow.disks.readings import lasts
    from leeboard.escrow.disks.restoring import restore
    from leeboard.escrow.disks.tpm_policy import parse_policy
    from leeboard.escrow.keys.private_key import load
    from leeboard.escrow.vault import controller_state, vault
    from leeboard.escrow.vault.rekeying import opener
    from leeboard.escrow.volumes.roll_out import (
        ELSEWHERE,
        NO_PIN,
        NO_SUSPENSION,
        NO_VAULT,
        NO_WINDOW,
        OTHERWISE,
        Variables,
        directory_of,
        hold_off,
        kept_here,
        look_after,
    )
    from leeboard.escrow.volumes.suspending import Suspension
    from leeboard.escrow.volumes.wish import VARIABLE as BITLOCKER_OPTIONS

FAMILY = "ENC"
LINUX, WINDOWS = "leeboard.schools.luks_key", "leeboard.schools.win_bitlocker"  # a step on the device
WORK = ("bring", "adopt", "restore", "suspend")
TELL = "tell"
OPTIONS = {
    "work": {"type": "str", "choices": list(WORK), "default": WORK[0]},
    "disk": {"type": "str"},
    "report": {"type": "str", "default": ""},
    "refusals": {"type": "str", "choices": ["fail", TELL], "default": "fail"},
    "restarts": {"type": "int", "default": 0},
    "days": {"type": "int", "default": 0},
}
# Names of variables.
PASSPHRASE = "leeboard_disk_passphrase"  # noqa: S105
PIN = "leeboard_disk_pin"
TPM = "leeboard_disk_tpm"
NEIGHBOURS = 3  # devices of a group whose PIN is compared
KNOWN = "leeboard_known_key"
CUSTODIAN = "leeboard_custodian_key"
REASON = "leeboard_suspension_reason"  # a person's words, which no command line of Ansible takes as they are


class ActionModule(DeviceAction):
    """Make, keep and prove the keys that are missing or are to be changed, if ENC is named in leeboard_enforce.

    With `work` it keeps a key that somebody knows already, brings back the header of a disk, or suspends BitLocker.
    Where refusals are only told, a device that cannot have BitLocker does not fail here: whoever asked fails it once
    others had their turn.
    """

    _options = OPTIONS

    def _outcome_of_work(self) -> dict:
        self._asked = ""
        try:
            outcome = super()._outcome_of_work()
        except LeeboardError as problem:
            outcome = self._failed(str(problem))
        result = {one: bool(outcome.get(one)) for one in ("failed", "changed", "unreachable", "skipped")}
        name = str(self._task_vars.get("inventory_hostname", ""))
        write_result(self._arguments.get("report", ""), name, {**result, "message": str(outcome.get("msg", ""))})
        self._say_why(outcome)
        return outcome

    def _failed(self, message: str) -> dict:
        return super()._failed(f"{message} (in the step {self._asked})" if self._asked else message)

    def _work(self) -> dict:
        visit = Visit(self, self._task_vars)
        message = self._left_alone(visit)
        if message:
            return {"skipped": True, "msg": message, "warnings": [message]}
        if not self._is_pipelining_enabled("new"):
            raise VisitError(
                "a key would be written into a file on the device: set pipelining = true in ansible.cfg, take back "
                "ANSIBLE_KEEP_REMOTE_FILES, and use a connection that has pipelining"
            )
        evidence = self._recognised(visit)
        outcome = self._done(visit)
        if outcome.changed and not self._task.check_mode:
            after = visit.observe()
            if "unreachable" in after:
                return {"failed": True, "changed": True, "msg": f"{outcome.summary}; the device was lost after that"}
            evidence = {**after, "changes": outcome.changes}
        told = outcome.only_refused and self._arguments.get("refusals") == TELL
        return {
            "changed": outcome.changed,
            "failed": bool(outcome.failed) and not told,
            "refused": printable(outcome.refused),
            "leeboard": filed(evidence),
            "diff": [{"prepared": "".join(f"{line}\n" for line in outcome.done)}] if outcome.changed else [],
            "msg": outcome.summary,
            "warnings": printable([f"{visit.device.name}: {one}" for one in outcome.waiting]),
        }

    def _left_alone(self, visit) -> str:
        """Why nothing is done on this device; empty where something is. Raises LeeboardError."""
        work = self._arguments.get("work")
        if _is_windows(visit) and work in OTHERWISE:
            raise LeeboardError(OTHERWISE[work])
        if work == "suspend" and not _is_windows(visit):
            raise LeeboardError(NO_SUSPENSION)
        # Keeping a key that is known changes nothing on the device.
        if FAMILY not in visit.device.enforce and work != "adopt":
            return f"{FAMILY} is not named in leeboard_enforce everywhere: nothing is changed where it is not"
        if _is_windows(visit) and not kept_here(visit.wanted):
            if directory_of(visit.wanted) is None:
                return ELSEWHERE
            is_enough = work != "suspend" or controller_state.read(visit.var).vault
            return "" if is_enough else NO_WINDOW
        return "" if controller_state.read(visit.var).vault else NO_VAULT

    def _done(self, visit):
        """Do the work that was asked for; what came of it."""
        return self._on_windows(visit) if _is_windows(visit) else self._on_linux(visit)

    def _on_windows(self, visit):
        options = self._templar.template(self._task_vars.get(BITLOCKER_OPTIONS))
        variables = Variables(
            self._secret(TPM), self._secret(PIN), options, self._shared_with(), typed=bool(self._handed(PIN))
        )
        # The device's journal is named by the run.
        ask, dry = self._step(visit, WINDOWS, run_id=visit.run_id), self._task.check_mode
        if self._arguments["work"] == "suspend":
            asked = Suspension(self._arguments["restarts"], self._secret(REASON), self._arguments["days"])
            kept = vault.open_vault(visit.var, whole=False)
            return hold_off(kept, visit.wanted, visit.observation, ask, now, asked, variables, dry)
        return look_after(visit.var, visit.wanted, visit.observation, ask, now, variables, dry)

    def _on_linux(self, visit):
        kept = vault.open_vault(visit.var, whole=False)
        ask, dry = self._step(visit, LINUX), self._task.check_mode
        opener = self._opener(kept)
        if self._arguments["work"] == "adopt":
            return adopt(kept, visit.device, ask, now, self._secret(KNOWN), dry=dry)
        if self._arguments["work"] == "restore":
            if opener is None:
                raise LeeboardError(f"a header is brought back with a custodian's private key only ({CUSTODIAN})")
            return restore(kept, visit.device, ask, now, opener, self._arguments["disk"], dry=dry)
        policy = parse_policy(self._secret(TPM), self._secret(PIN))
        if self._handed(PIN) and not policy.pin:
            raise LeeboardError(NO_PIN)
        given = Credentials(self._secret(PASSPHRASE), opener, policy)
        return enrol(kept, visit.device, ask, now, given, dry=dry, lasts=lasts(visit.wanted))

    def _step(self, visit, module, **always):
        """How a step of a module is asked for on the device; `always`: what each of its steps is given."""

        def ask(step: str, **arguments) -> dict:
            self._asked = step
            answer = visit.ask(module, {"step": step, **arguments, **always})
            if answer.get("failed") or answer.get("unreachable"):
                raise LeeboardError(failure_message(answer))
            self._asked = ""
            return answer

        return ask

    def _opener(self, kept):
        """The custodian whose private key was given with this run; None for nobody."""
        pem = self._secret(CUSTODIAN)
        return opener(kept, load(pem.encode())) if pem else None

    def _shared_with(self) -> str:
        """Another device of the inventory with the same PIN; empty for none, or for a PIN that was typed for this one.

        What a group says is seen on each of its members: a few of each are looked at, not the whole inventory for each
        device of it.
        """
        pin = self._task_vars.get(PIN)
        if pin is None or self._handed(PIN):
            return ""
        mine, hosts = self._secret(PIN), self._task_vars.get("hostvars") or {}
        name, groups = str(self._task_vars.get("inventory_hostname", "")), self._task_vars.get("groups") or {}
        for group in ("all", *(self._task_vars.get("group_names") or ())):
            others = [one for one in groups.get(group, ()) if one != name and one in hosts]
            for other in others[:NEIGHBOURS]:
                theirs = hosts[other].get(PIN)
                if theirs is not None and str(self._templar.template(theirs)) == mine:
                    return str(other)
        return ""

    def _secret(self, variable: str) -> str:
        """What the command that started the play handed over in memory, else what came as a variable; empty for none.
        No argument of the task: those are shown."""
        handed = self._handed(variable)
        if handed:
            return handed
        secret = self._task_vars.get(variable)
        if secret is None:
            return ""
        secret = self._templar.template(secret)
        if variable == PIN and not isinstance(secret, str):
            # YAML takes 012345 for another number.
            raise LeeboardError(f"{PIN} is no text: put it into quotes")
        return str(secret)

    def _handed(self, variable: str) -> str:
        path = self._task_vars.get(secret_handover.VARIABLE)
        return secret_handover.read(str(path), variable) if path is not None else ""


def _is_windows(visit) -> bool:
    return visit.device.platform.value == "windows"


def now() -> datetime:
    """The controller's clock."""
    return datetime.now(timezone.utc)
