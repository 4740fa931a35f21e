"""The frame of every action on a device: its arguments, one guard against strangers, and failures as results."""

from __future__ import annotations

from ansible.utils.display import Display
from ansible_collections.leeboard.schools.plugins.plugin_utils.printable import PrintableAction, printable
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import VisitError, filed

STRANGERS = ("another_machine", "unidentified")


class Ended(Exception):
    """The work ends here, with this outcome."""

    def __init__(self, outcome: dict) -> None:
        super().__init__(outcome.get("msg", ""))
        self.outcome = outcome


class DeviceAction(PrintableAction):
    """An action that does its `_work` on one device, and whose result can be shown.

    `_options` describes its arguments. `_work` returns the result, or raises VisitError or Ended.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = True
    _options: dict = {}  # noqa: RUF012  as Ansible has it

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _valid, self._arguments = self.validate_argument_spec(self._options)
        self._task_vars = task_vars or {}
        return self._printable_result({**result, **_off_the_screen(self._outcome_of_work())})

    def _outcome_of_work(self) -> dict:
        try:
            return self._work()
        except Ended as end:
            return end.outcome
        except VisitError as problem:
            return self._failed(str(problem))

    def _work(self) -> dict:
        raise NotImplementedError

    def _failed(self, message: str) -> dict:
        """The result of work that could not go on."""
        return {"failed": True, "msg": message}

    def _say_why(self, outcome: dict) -> None:
        """Print why the work failed, with the device's name: Ansible's own lines have it among much else."""
        if outcome.get("failed") and not self._task.no_log:
            name = self._task_vars.get("inventory_hostname", "")
            Display().error(printable(f"leeboard: {name}: {outcome['msg']}"), wrap_text=False)

    @staticmethod
    def _reached(visit) -> dict:
        """The evidence of a visit to the device. Raises Ended where it is silent."""
        evidence = visit.observe()
        if "unreachable" in evidence:
            raise Ended(evidence["unreachable"])
        return evidence

    def _recognised(self, visit, nothing_done: str = "nothing was changed") -> dict:
        """The evidence of a visit before anything is changed. Raises Ended where it is silent, or not known again."""
        evidence = self._reached(visit)
        if evidence["identity"] in STRANGERS:
            message = f"{evidence['message']}; {nothing_done}"
            raise Ended({"failed": True, "stranger": True, "leeboard": filed(evidence), "msg": message})
        return evidence

    @staticmethod
    def _observed_again(visit, evidence: dict) -> dict:
        """The evidence of a visit after a change; that of before where the device cannot be seen."""
        try:
            again = visit.observe()
        except VisitError:
            return evidence
        return evidence if "unreachable" in again else again


def _off_the_screen(outcome: dict) -> dict:
    """The outcome, its evidence where Ansible does not print it: of what failed it prints all but its invocation.

    With -vvv that is printed too. Evidence of one device is some 200 kB.
    """
    if not (outcome.get("failed") and "leeboard" in outcome):
        return outcome
    rest = {name: part for name, part in outcome.items() if name != "leeboard"}
    return {**rest, "invocation": {"leeboard": outcome["leeboard"]}}
