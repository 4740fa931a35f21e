"""What a roll-out does for the VPN of a device before its tunnel: the frame of a certificate's work and of a key's."""

from __future__ import annotations

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.leeboard.schools.plugins.plugin_utils import answers, brain
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import failure_message

if not brain.missing():
    from leeboard.errors import LeeboardError
    from leeboard.model.values import plain
    from leeboard.model.vpn_told import WrongVpn

CONTROL = "REM-01"


class Refused(Exception):
    """There is nothing that the tunnel could be set up with, and what was there stays; the text says why."""


class BeforeTunnel:
    """Work on a visit's device of which the tunnel needs what comes out.

    `bring` does `_bring` and adds to `changes`, those of the roll-out for the evidence. After it there are `problems`
    and `remarks` in words, and `ready` where the tunnel may follow.
    """

    _driver = "vpn"
    _address = ""
    _changes_in = ()  # the states of the module in which it changes the device

    def __init__(self, visit, variable, changes) -> None:
        self._visit, self._variable, self._changes = visit, variable, changes
        self.problems, self.remarks = [], []
        self.ready = False

    def bring(self) -> None:
        """Do what is due. A preview changes nothing, and says what would be done."""
        try:
            self._bring()
        except (Refused, LeeboardError, WrongVpn) as problem:
            self.problems.append(answers.of_driver(self._driver, str(problem)))

    def _bring(self) -> None:
        raise NotImplementedError

    def _answer(self, module: str, state: str, **arguments) -> dict:
        """What a module answers. Raises Refused where it fails, in its words but for the module's name."""
        try:
            answer = self._visit.ask(module, {"state": state, **arguments})
        except AnsibleConnectionFailure:
            self._lost(state)
            raise
        if answer.get("unreachable"):
            self._lost(state)
        if answer.get("failed") or answer.get("unreachable"):
            name = module.rpartition(".")[2].removeprefix("win_")
            raise Refused(line(failure_message(answer).removeprefix(f"{name}: ")))
        return answer

    def _lost(self, state: str) -> None:
        """The device was lost, maybe after what was asked of it."""
        self.ready = False
        if state in self._changes_in and not self._visit.preview:
            self._changed("not known", "not known: the device was lost")

    def _changed(self, before: str, after: str) -> None:
        """Note a change for the evidence. It is in no journal: what was made is not put back, but made anew."""
        place = {"control": CONTROL, "driver": self._driver, "address": self._address}
        self._changes.append({**place, "before": before, "after": after, "journal": None})

    def _remark(self, text: str) -> None:
        self.remarks.append(f"{self._visit.device.name}: {text}")


def line(text) -> str:
    """What a device says, in one line."""
    return plain(" ".join(str(text).split()), 300)
