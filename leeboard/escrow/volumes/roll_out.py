"""A roll-out's part in BitLocker on one device: what its school wants, kept first and then done by the device.

Nothing calls this yet but its tests: the action recovery_keys is to, on a device of a school that keeps recovery
passwords in its vault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leeboard.escrow.disks.disk import Ask, Outcome
from leeboard.escrow.disks.tpm_policy import parse_policy
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.keeping import keep
from leeboard.escrow.volumes.wish import parse_options, wish_of
from leeboard.model.observation import Observation
from leeboard.policy.resolve import Wanted

UNTRIED = "nobody has run this on a real Windows yet: roll out to one device that can be missed, restart it, and look"


@dataclass(frozen=True)
class Variables:
    """What the inventory says: `leeboard_disk_tpm`, `leeboard_disk_pin` and `leeboard_bitlocker_options`."""

    tpm: str = ""
    pin: str = field(default="", repr=False)
    options: Any = None


def look_after(
    vault: Vault, wanted: Wanted, observation: Observation, ask: Ask, clock: Callable[[], datetime],
    variables: Variables, dry: bool = False, lasts: int | None = None,
) -> Outcome:  # fmt: skip
    """Keep recovery passwords of a device's volumes, and have it do what its level wants. Raises LeeboardError.

    With `dry` nothing is changed, only said, and that nobody has tried it. What is wrong with the inventory is raised
    before the device is asked anything; with a PIN that cannot be set everything else goes on.
    """
    tpm = parse_policy(variables.tpm, variables.pin)
    wish, wrong = wish_of(wanted, observation, tpm, variables.pin, parse_options(variables.options), lasts)
    outcome = keep(vault, wanted.device, ask, clock, wish, dry)
    if wrong:
        outcome.waiting.append(wrong)
    if dry and outcome.changed:
        outcome.waiting.append(UNTRIED)
    return outcome
