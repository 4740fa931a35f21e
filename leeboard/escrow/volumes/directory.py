"""Recovery passwords that Active Directory or Entra keeps: Windows makes them and gives them away, and then encrypts.

No password comes here, none is in the vault, and no vault is needed. What is here is what the school wants of the
driver; its steps are those of the module win_bitlocker, which relies on nothing that the directory did not take.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from leeboard.escrow.disks.disk import Ask, Outcome
from leeboard.escrow.volumes.driving import Driving
from leeboard.escrow.volumes.volume import parse, parse_plan


class Directory(StrEnum):
    """The directories that can keep them, as the driver knows them."""

    AD = "ad"
    ENTRA = "entra"


class _Run(Driving):
    def __init__(self, ask: Ask, directory: Directory, driver: dict[str, Any], pin: str, dry: bool) -> None:
        super().__init__(ask, pin, dry)
        self._wish = {**driver, "place": directory.value, **({"preview": True} if dry else {})}

    def told(self) -> dict[str, Any]:
        return self._wish


def give_away(ask: Ask, directory: Directory, driver: dict[str, Any], pin: str = "", dry: bool = False) -> Outcome:
    """Have a device give its recovery passwords to a directory, and then do what its level wants. Raises LeeboardError.

    `driver` is what is wanted of its driver, `pin` the PIN where the level asks for one. With `dry` nothing is changed.
    """
    run = _Run(ask, directory, driver, pin, dry)
    answer = ask("survey", wish=run.told())
    return run.finish(parse(answer.get("volumes") or []), parse_plan(answer.get("plan")))
