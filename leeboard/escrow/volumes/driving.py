"""A device's driver at work, whoever keeps its recovery passwords: what it does, the PINs that it needs, what it says.

keeping.py tells it which passwords the vault has compared, and directory.py in which directory Windows keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Ask, Outcome
from leeboard.escrow.volumes.transport import Purpose, device_key, sealed
from leeboard.escrow.volumes.volume import NAMED, SYSTEM, Need, Plan, Volume, parse_plan, protector_id, words_of
from leeboard.model.values import plain

# What a step of the driver is about, as it is filed: the first of these words in its text decides.
ABOUT = {"recovery password": "ENC-07"}
OF_SYSTEM, OF_DATA = "ENC-01", "ENC-10"


class Driving:
    """One run over a device. `pin` is the PIN that it gets where its driver needs one."""

    def __init__(self, ask: Ask, pin: str, dry: bool) -> None:
        self.ask = ask
        self.dry = dry
        self.outcome = Outcome(nothing="it has no volume that BitLocker is to encrypt")
        self._pin_text = pin

    def told(self) -> dict[str, Any]:
        """The wish of the driver as it is now."""
        raise NotImplementedError

    def finish(self, volumes: Sequence[Volume], plan: Plan) -> Outcome:
        """Have the driver do the rest, or with `dry` only say its plan; what came of all of it, a refusal of the
        device among it."""
        if self.dry:
            self.say(plan)
            return self.outcome
        try:
            self.go_on(volumes)
        except LeeboardError as problem:
            self.outcome.failed.append(str(problem))
        return self.outcome

    def go_on(self, volumes: Sequence[Volume]) -> None:
        """Let the driver do what it can; add the PINs that it needs, and let it go on. Raises LeeboardError."""
        plan = self._change(volumes)
        pins = [need for need in plan.needs if need.kind == "pin"] if self._pin_text else []
        for need in pins:
            self._pin(need)
        if pins:
            after = self._change(volumes)
            plan = after.model_copy(update={"done": [*plan.done, *after.done]})
        self.say(plan)

    def say(self, plan: Plan) -> None:
        """Put what the driver says into the outcome."""
        refusals = list(map(plain, plan.refusals))
        self.outcome.failed += refusals
        self.outcome.refused += refusals
        self.outcome.changed |= bool(plan.done)
        self.outcome.done += map(plain, plan.done)
        self.outcome.waiting += map(plain, [*plan.pending, *plan.notes])
        if not self.dry:
            self.outcome.waiting += [f"{need.label}: {plain(need.why)}" for need in plan.needs]

    def _change(self, volumes: Sequence[Volume]) -> Plan:
        answer = self.ask("change", wish=self.told())
        plan, journal = parse_plan(answer.get("plan")), answer.get("journal")
        data = {volume.where for volume in volumes if volume.kind != SYSTEM}
        for step in plan.done:
            of_volume = OF_DATA if step.partition(": ")[0] in data else OF_SYSTEM
            control = next((one for words, one in ABOUT.items() if words in step), of_volume)
            path = plain(journal, 1000) if isinstance(journal, str) else None
            self.outcome.change(control, "bitlocker_volume", "volumes", None, plain(step), path)
        return plan

    def _pin(self, need: Need) -> None:
        key = device_key(self.ask("new_key"))
        text = sealed(key, Purpose.PIN, need.volume, self._pin_text)
        answer = self.ask("protect_with_pin", volume=need.volume, name=f"{NAMED}PIN", sealed=text)
        if answer.get("code") != 0:
            raise LeeboardError(f"no PIN was set: {words_of(answer)}")
        protector_id(answer)
        self.outcome.changed = True
        self.outcome.change("ENC-03", "bitlocker_volume", "volumes", None, f"{need.label}: TPM and PIN open it")
        self.outcome.done.append(f"{need.label}: TPM and PIN open it")
