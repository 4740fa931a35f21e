"""A roll-out's part in BitLocker on one device: what its school wants, kept first and then done by the device.

The action recovery_keys calls it, for a school that says where its recovery passwords are kept: in the vault
(`leeboard_recovery_passwords: ours`), or in a directory (`ad`, `entra`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Ask, Outcome
from leeboard.escrow.disks.readings import ON_WINDOWS, lasts
from leeboard.escrow.disks.tpm_policy import parse_policy
from leeboard.escrow.vault.vault import Vault, open_vault
from leeboard.escrow.volumes.accepted import of_parts, of_system
from leeboard.escrow.volumes.directory import Directory, give_away
from leeboard.escrow.volumes.holdings import held_there, lacking
from leeboard.escrow.volumes.keeping import keep
from leeboard.escrow.volumes.policy import planned
from leeboard.escrow.volumes.suspending import Suspension, suspend
from leeboard.escrow.volumes.wish import for_driver, parse_options, wish_of
from leeboard.model.observation import Observation
from leeboard.model.operators import named
from leeboard.planning.editions import no_bitlocker
from leeboard.policy.resolve import Wanted, parameters

NO_VAULT = "this controller has no vault, so no recovery key is made; leeboard escrow init begins one"
PARAMETER, OURS = "recovery_passwords", "ours"
UNTRIED = "nobody has run this on a real Windows yet: roll out to one device that can be missed, restart it, and look"
ELSEWHERE = "leeboard_recovery_passwords is elsewhere: BitLocker is left as it is where it is"
NO_WINDOW = (
    "this controller has no vault, whose ledger keeps the window in which protection may be suspended: begin one with "
    "leeboard escrow init, or suspend it at the device (manage-bde -protectors -disable C: -RebootCount 1)"
)
NO_PIN = (
    "no PIN is asked for at a start of this device, so none was set: its level asks for one, or leeboard_disk_tpm: "
    "tpm-and-pin where the level accepts it"
)
# Work on the keys of one device that somebody asks for by name, and what does it on Windows instead.
OTHERWISE = {
    "adopt": "a roll-out adopts recovery passwords of BitLocker that nobody here knows, where "
    "leeboard_bitlocker_options names adopt_passwords",
    "restore": "no header of a BitLocker volume is kept here; leeboard escrow open shows its recovery password",
}
NO_SUSPENSION = (
    "LUKS cannot be suspended: a new key for the TPM is made after the change, or somebody types the passphrase at the "
    "next start; nothing was changed"
)


@dataclass(frozen=True)
class Variables:
    """What the inventory says: `leeboard_disk_tpm`, `leeboard_disk_pin` and `leeboard_bitlocker_options`.

    `shared_with` is another device of the inventory that has the same PIN; empty for none. `typed`: somebody gave the
    PIN for this device.
    """

    tpm: str = ""
    pin: str = field(default="", repr=False)
    options: Any = None
    shared_with: str = ""
    typed: bool = False


def kept_here(wanted: Wanted) -> bool:
    """Whether the school says that recovery passwords of the device are kept in this controller's vault."""
    return OURS in _place(wanted)


def directory_of(wanted: Wanted) -> Directory | None:
    """The directory that the school says keeps them; None for none."""
    return next((one for one in Directory if one.value in _place(wanted)), None)


def _place(wanted: Wanted) -> frozenset[str]:
    return named(parameters(wanted.baseline, wanted.device)[PARAMETER])


def look_after(
    var: Path, wanted: Wanted, observation: Observation, ask: Ask, clock: Callable[[], datetime],
    variables: Variables, dry: bool = False,
) -> Outcome:  # fmt: skip
    """Keep recovery passwords of a device's volumes, and have it do what its level wants. Raises LeeboardError.

    With `dry` nothing is changed, only said, and that nobody has tried it. What is wrong with the inventory is raised
    before the device is asked anything; with a PIN that cannot be set everything else goes on. What is as somebody
    accepted it (waivers of ENC-01, ENC-03 and ENC-10) is left as it is, and so is a device whose edition of Windows has
    no BitLocker that could be switched on: it is asked nothing, and that is its refusal. `var` is where the vault is,
    which is opened where passwords are kept here.
    """
    whole = of_system(wanted, observation, clock())
    if whole:
        return Outcome(nothing=whole)
    lacks = no_bitlocker(observation)
    if lacks:
        return Outcome(failed=[lacks], refused=[lacks])
    tpm = parse_policy(variables.tpm, variables.pin)
    options, days = parse_options(variables.options), lasts(wanted, ON_WINDOWS)
    risks = of_parts(wanted, observation, clock(), tpm.way)
    wish, wrong = wish_of(wanted, observation, tpm, variables.pin, options, days, risks, variables.shared_with)
    if variables.typed and not wish.pin:
        raise LeeboardError(wrong or NO_PIN)
    if dry:
        wish = replace(wish, driver={**wish.driver, "policy": planned(wanted, observation, clock())})
    directory = directory_of(wanted)
    if directory is not None:
        outcome = give_away(
            ask, directory, wish.driver, wish.pin, dry, device=wanted.device, var=var, clock=clock,
            not_there=lacking(observation),
        )  # fmt: skip
    else:
        outcome = keep(open_vault(var, whole=False), wanted.device, ask, clock, wish, dry)
    outcome.waiting += [*risks.said, *([wrong] if wrong else [])]
    if dry and outcome.changed:
        outcome.waiting.append(UNTRIED)
    return outcome


def hold_off(
    vault: Vault, wanted: Wanted, observation: Observation, ask: Ask, clock: Callable[[], datetime],
    asked: Suspension, variables: Variables, dry: bool = False,
) -> Outcome:  # fmt: skip
    """Suspend BitLocker on a device in a recorded window. Raises LeeboardError."""
    options = for_driver(wanted, parse_options(variables.options))
    directory = directory_of(wanted)
    place = directory.value if directory is not None else ""
    there = held_there(observation)
    outcome = suspend(vault, wanted.device, ask, clock, asked, dry, options, place, there)
    if dry and outcome.changed:
        outcome.waiting.append(UNTRIED)
    return outcome
