"""What a school wants of a device's TPM: the variables `leeboard_disk_tpm`, and `leeboard_disk_pin` from its vault."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from leeboard.errors import LeeboardError
from leeboard.model.enums import Level

LONGEST = 64  # characters of a PIN: nobody types more at a start
LEAST = {Level.STANDARD: 6, Level.SENSITIVE: 6, Level.HIGH: 8}  # as ENC-04 has it


class Way(StrEnum):
    """How the TPM is to open a disk."""

    TPM = "tpm"
    PIN = "tpm-and-pin"


@dataclass(frozen=True)
class TpmPolicy:
    """The way, None for none, and for one with a PIN that PIN; empty where the school's vault has none."""

    way: Way | None = None
    pin: str = field(default="", repr=False)

    def wrong(self, level: Level) -> str:
        """What is wrong with the PIN for a device of this level, in words that do not show it; empty for nothing."""
        return wrong_pin(self.pin, level) if self.way is Way.PIN else ""


def wrong_pin(pin: str, level: Level) -> str:
    """What is wrong with a PIN for a device of this level, in words that do not show it; empty for nothing."""
    if not pin:
        return "leeboard_disk_pin is not in the school's vault"
    if not (pin.isascii() and pin.isprintable()) or pin != pin.strip():
        return "leeboard_disk_pin has characters that not every keyboard types at a start, or a blank at its end"
    if not LEAST[level] <= len(pin) <= LONGEST:
        return f"leeboard_disk_pin must have {LEAST[level]} to {LONGEST} characters at level {level.value}"
    return ""


def parse_policy(option: str, pin: str) -> TpmPolicy:
    """The policy that the two inventory variables ask for. Raises LeeboardError."""
    if not option:
        return TpmPolicy()
    try:
        way = Way(option)
    except ValueError:
        choices = " or ".join(Way)
        raise LeeboardError(
            f"leeboard_disk_tpm is {ascii(option)[:40]}: it must be {choices}, or not be there"
        ) from None
    return TpmPolicy(way, pin if way is Way.PIN else "")
