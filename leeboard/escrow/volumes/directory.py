"""Recovery passwords that Active Directory or Entra keeps: Windows makes them and gives them away, and then encrypts.

No password comes here, none is in the vault, and no vault is needed, except for a window in which protection may be
suspended: that is a line of its ledger. What is here is what the school wants of the driver; its steps are those of the
module win_bitlocker, which relies on nothing that the directory did not take, or does not have where it was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Ask, Outcome
from leeboard.escrow.vault.device_records import records_of
from leeboard.escrow.vault.vault import open_vault
from leeboard.escrow.volumes.driving import Driving
from leeboard.escrow.volumes.suspending import note_over, over, restarts_left_alone
from leeboard.escrow.volumes.volume import parse, parse_plan
from leeboard.model.device import Device


class Directory(StrEnum):
    """The directories that can keep them, as the driver knows them."""

    AD = "ad"
    ENTRA = "entra"


class _Run(Driving):
    def __init__(self, ask: Ask, told: dict[str, Any], pin: str, dry: bool) -> None:
        super().__init__(ask, pin, dry)
        self._wish = told

    def told(self) -> dict[str, Any]:
        return self._wish


def give_away(
    ask: Ask, directory: Directory, driver: dict[str, Any], pin: str = "", dry: bool = False, *, device: Device,
    var: Path, clock: Callable[[], datetime], not_there: Sequence[str] = (),
) -> Outcome:  # fmt: skip
    """Have a device give its recovery passwords to a directory, and then do what its level wants. Raises LeeboardError.

    `driver` is what is wanted of its driver, `pin` the PIN where the level asks for one. With `dry` nothing is changed.
    `not_there` are recovery passwords that the directory does not have, whatever the device says of them.
    A suspension is left alone while a window of the vault in `var` is open for it.
    """
    told = {**driver, "place": directory.value, "not_there": list(not_there)}
    guids = None
    if device.predecessors:  # what is kept under an earlier URN may be of another machine
        guids = frozenset(volume.guid for volume in parse(ask("survey", wish=told).get("volumes") or []))
    told["restarts"] = restarts_left_alone(records_of(var, device, guids), clock())
    run = _Run(ask, {**told, "preview": True} if dry else told, pin, dry)
    answer = ask("survey", wish=run.told())
    volumes = parse(answer.get("volumes") or [])
    if not dry and over(var, device, volumes, clock()):
        try:
            note_over(open_vault(var, whole=False), device, volumes, clock)
        except LeeboardError as problem:
            run.outcome.waiting.append(f"that a window is over is not noted yet: {problem}")
    return run.finish(volumes, parse_plan(answer.get("plan")))
