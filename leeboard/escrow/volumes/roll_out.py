"""A roll-out's part in BitLocker on one device: what its school wants, kept first and then done by the device.

The action recovery_keys calls it, for a school that says where its recovery passwords are kept: in the vault
(`leeboard_recovery_passwords: ours`), or in a directory (`ad`, `entra`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Ask, Outcome
from leeboard.escrow.disks.readings import ON_WINDOWS, lasts
from leeboard.escrow.disks.tpm_policy import parse_policy
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.directory import Directory, give_away
from leeboard.escrow.volumes.keeping import keep
from leeboard.escrow.volumes.policy import planned
from leeboard.escrow.volumes.suspending import Suspension, suspend
from leeboard.escrow.volumes.wish import for_driver, parse_options, wish_of
from leeboard.model.enums import Mode
from leeboard.model.observation import Observation
from leeboard.model.operators import named
from leeboard.model.verdicts import Verdict
from leeboard.planning.editions import no_bitlocker
from leeboard.policy.resolve import Wanted, parameters
from leeboard.verdict.evaluate import judge
from leeboard.verdict.waivers import left_alone

NO_VAULT = "this controller has no vault, so no recovery key is made; leeboard escrow init begins one"
PARAMETER, OURS = "recovery_passwords", "ours"
CONTROL = "ENC-01"  # that the volume of Windows is encrypted and protected
UNTRIED = "nobody has run this on a real Windows yet: roll out to one device that can be missed, restart it, and look"
ELSEWHERE = "leeboard_recovery_passwords is elsewhere: BitLocker is left as it is where it is"
NO_WINDOW = (
    "leeboard_recovery_passwords is not ours: a window is opened in the vault's ledger, so nothing is suspended from "
    "here. Suspend it at the device (manage-bde -protectors -disable C: -RebootCount 1)"
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
    """What the inventory says: `leeboard_disk_tpm`, `leeboard_disk_pin` and `leeboard_bitlocker_options`."""

    tpm: str = ""
    pin: str = field(default="", repr=False)
    options: Any = None


def kept_here(wanted: Wanted) -> bool:
    """Whether the school says that recovery passwords of the device are kept in this controller's vault."""
    return OURS in _place(wanted)


def directory_of(wanted: Wanted) -> Directory | None:
    """The directory that the school says keeps them; None for none."""
    return next((one for one in Directory if one.value in _place(wanted)), None)


def _place(wanted: Wanted) -> frozenset[str]:
    return named(parameters(wanted.baseline, wanted.device)[PARAMETER])


def accepted(wanted: Wanted, observation: Observation, at: datetime) -> str:
    """By which accepted risk the volume of Windows is as it is, in words; empty for none, and where nothing drifted."""
    narrowed, waivers = left_alone(wanted, at, observation)
    if CONTROL not in waivers:
        return ""
    spared = {one.setting.id for one in narrowed.settings if one.control.id == CONTROL and one.mode is Mode.REPORT}
    for setting in wanted.settings:
        if setting.control.id != CONTROL or setting.setting.id not in spared or setting.mode is not Mode.ENFORCE:
            continue
        if judge(wanted, setting, observation, at).verdict is Verdict.DRIFTED:
            waiver = waivers[CONTROL]
            return (
                f"{CONTROL} is an accepted risk here ({waiver.id}, until {waiver.last_day}): BitLocker is left as it is"
            )
    return ""


def look_after(
    vault: Vault | None, wanted: Wanted, observation: Observation, ask: Ask, clock: Callable[[], datetime],
    variables: Variables, dry: bool = False,
) -> Outcome:  # fmt: skip
    """Keep recovery passwords of a device's volumes, and have it do what its level wants. Raises LeeboardError.

    With `dry` nothing is changed, only said, and that nobody has tried it. What is wrong with the inventory is raised
    before the device is asked anything; with a PIN that cannot be set everything else goes on. A volume of Windows that
    is as somebody accepted it (a waiver of ENC-01) is left as it is, and so is a device whose edition of Windows has no
    BitLocker that could be switched on: it is asked nothing, and that is its refusal. The vault is asked where
    passwords are kept here.
    """
    risk = accepted(wanted, observation, clock())
    if risk:
        return Outcome(nothing=risk)
    lacks = no_bitlocker(observation)
    if lacks:
        return Outcome(failed=[lacks], refused=[lacks])
    tpm = parse_policy(variables.tpm, variables.pin)
    options, days = parse_options(variables.options), lasts(wanted, ON_WINDOWS)
    wish, wrong = wish_of(wanted, observation, tpm, variables.pin, options, days)
    if dry:
        wish = replace(wish, driver={**wish.driver, "policy": planned(wanted, observation, clock())})
    directory = directory_of(wanted)
    if directory is not None:
        outcome = give_away(ask, directory, wish.driver, wish.pin, dry)
    elif vault is not None:
        outcome = keep(vault, wanted.device, ask, clock, wish, dry)
    else:
        raise LeeboardError(NO_VAULT)
    if wrong:
        outcome.waiting.append(wrong)
    if dry and outcome.changed:
        outcome.waiting.append(UNTRIED)
    return outcome


def hold_off(
    vault: Vault, wanted: Wanted, ask: Ask, clock: Callable[[], datetime], asked: Suspension, variables: Variables,
    dry: bool = False,
) -> Outcome:  # fmt: skip
    """Suspend BitLocker on a device in a recorded window. Raises LeeboardError."""
    options = for_driver(wanted, parse_options(variables.options))
    outcome = suspend(vault, wanted.device, ask, clock, asked, dry, options)
    if dry and outcome.changed:
        outcome.waiting.append(UNTRIED)
    return outcome
