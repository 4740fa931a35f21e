"""What a school wants of a device's BitLocker, from what its level asks for and what its inventory says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.disks import tpm_policy
from leeboard.escrow.disks.tpm_policy import TpmPolicy, Way
from leeboard.escrow.volumes.accepted import Risks
from leeboard.escrow.volumes.keeping import Strangers, Wish
from leeboard.model.enums import Level
from leeboard.model.observation import Found, Observation
from leeboard.policy.resolve import Wanted, parameters

VARIABLE = "leeboard_bitlocker_options"
VOLUMES = "bitlocker_volume"
POLICY = ("registry", r"HKLM\SOFTWARE\Policies\Microsoft\FVE:EncryptionMethodWithXtsOs")
METHODS = {"xts-aes-128": 6, "xts-aes-256": 7}  # as Win32_EncryptableVolume numbers them
LONGEST_PIN = 20
# What is done only where it is asked for by name: by the driver on the device, and here.
DRIVERS = ("remove_strangers", "retry_test", "without_pcr7")
# What the school wants where somebody else manages BitLocker on a device, and how the driver is told; with neither it
# refuses, and names who.
MANAGER = "bitlocker_manager"
BESIDE, LEAVE = "beside_manager", "leave_to_manager"
MANAGERS = {"report": None, "leave": LEAVE, "adopt": BESIDE}
ADOPT, REPLACE, USED_SPACE = "adopt_passwords", "replace_passwords", "used_space"
NO_RISKS = Risks()
SHARED = (
    "leeboard_disk_pin is that of {} too, and a PIN is of one device: give each its own in the vault of its host_vars, "
    "or type it with leeboard escrow pin"
)
OPTIONS = (*DRIVERS, ADOPT, REPLACE, USED_SPACE)


def parse_options(given: Any) -> tuple[str, ...]:
    """The options that the inventory names. Raises LeeboardError."""
    named = [] if given is None else given
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise LeeboardError(f"{VARIABLE} must be a list of names: {', '.join(OPTIONS)}")
    for one in named:
        if one not in OPTIONS:
            raise LeeboardError(f"{VARIABLE} names {ascii(one)[:40]}; there are {', '.join(OPTIONS)}")
    if ADOPT in named and REPLACE in named:
        raise LeeboardError(f"{VARIABLE} names {ADOPT} and {REPLACE}: a password is either kept or replaced")
    return tuple(dict.fromkeys(named))


def for_driver(wanted: Wanted, options: Iterable[str]) -> list[str]:
    """The options that the driver is told: those that the inventory names, and what is to be done beside a manager."""
    told = MANAGERS[parameters(wanted.baseline, wanted.device)[MANAGER]]
    return [*(one for one in options if one in DRIVERS), *([told] if told else [])]


def wish_of(
    wanted: Wanted, observation: Observation, tpm: TpmPolicy, pin: str, options: Iterable[str],
    lasts: int | None = None, risks: Risks = NO_RISKS, shared_with: str = "",
) -> tuple[Wish, str]:  # fmt: skip
    """What is wanted, and in words what is wrong with the PIN; empty for nothing. Raises LeeboardError.

    The PIN is used where the level asks for one, whether `tpm` names a way or not, and not where it is that of another
    device too (`shared_with`): who knows one of a school's laptops would know all. Without one the driver goes on with
    what needs none (`without_pin`). By `risks` a data drive is left as it is, and what is asked for at a start: that
    needs no PIN. Another way than the level's is taken where a risk accepts it and the school names it (`tpm`).
    Where the level leaves a choice, it is the stricter one: a method of 256 bits unless the device's policy says 128,
    and the whole disk unless `used_space` is named.
    """
    named, level = tuple(options), wanted.device.level
    protector = _protector(wanted, tpm.way, risks.ways)
    if USED_SPACE in named and level is not Level.STANDARD:
        raise LeeboardError(f"{VARIABLE} names {USED_SPACE}, and level {level.value} asks for the whole disk (ENC-02)")
    driver: dict[str, Any] = {
        "protector": protector.value,
        "method": _method(wanted, observation),
        "used_space": USED_SPACE in named,
        "options": for_driver(wanted, named),
        "left_drives": list(risks.drives),
        "left_start": risks.start,
    }
    strangers = Strangers.ADOPT if ADOPT in named else Strangers.REPLACE if REPLACE in named else Strangers.REPORT
    asks_pin = protector is Way.PIN and not risks.start
    wrong = wrong_pin(pin, level) if asks_pin else ""
    if asks_pin and not wrong and shared_with:
        wrong = SHARED.format(shared_with)
    driver["without_pin"] = bool(wrong)
    takes_over = BESIDE in driver["options"]
    return Wish(driver, pin if asks_pin and not wrong else "", strangers, lasts, takes_over), wrong


def _protector(wanted: Wanted, chosen: Way | None, risked: Iterable[Way]) -> Way:
    accepted = _accepted(wanted, "bitlocker_pre_boot")
    fits = [way for way in (Way.TPM, Way.PIN) if way.value in accepted]
    if chosen is not None and chosen not in (*fits, *risked):
        words = " or ".join(fits)
        raise LeeboardError(f"leeboard_disk_tpm is {chosen}, and the level asks for {words} at a start (ENC-03)")
    return chosen or fits[0]


def _method(wanted: Wanted, observation: Observation) -> int:
    accepted = [METHODS[name] for name in _accepted(wanted, "bitlocker_cipher") if name in METHODS]
    reading = observation.reading(*POLICY)
    policy = reading.effective.value if reading is not None and isinstance(reading.effective, Found) else None
    said = next((number for number in accepted if str(policy) == str(number)), None)
    return said or max(accepted)


def _accepted(wanted: Wanted, judgement: str) -> tuple[str, ...]:
    """The words that the level accepts of a judgement about volumes."""
    for setting in wanted.settings:
        if setting.setting.driver == VOLUMES and setting.setting.judgement == judgement:
            return setting.value if isinstance(setting.value, tuple) else (str(setting.value),)
    raise LeeboardError(f"the baseline does not say what {judgement} must be, so nothing is encrypted")


def wrong_pin(pin: str, level: Level) -> str:
    """What is wrong with a PIN of BitLocker, in words that do not show it; empty for nothing.

    As for LUKS; and BitLocker takes digits, which each firmware can type, and no more than 20.
    """
    wrong = tpm_policy.wrong_pin(pin, level)
    if not wrong and not pin.isdigit():
        return "leeboard_disk_pin has other characters than digits, which BitLocker does not take without a policy"
    if not wrong and len(pin) > LONGEST_PIN:
        return f"leeboard_disk_pin has more than {LONGEST_PIN} digits, which BitLocker does not take"
    return wrong
