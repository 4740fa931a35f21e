"""Recovery passwords of BitLocker: 48 digits in eight groups, each group a number below 65,536 times eleven.

The form is that of Win32_EncryptableVolume.ProtectKeyWithNumericalPassword: each group is divisible by 11 and below
720,896, which is 2 to the 16th times 11. So a password has 128 bits of chance.
"""

from __future__ import annotations

import re
import secrets
import struct

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.recovery_key import RecoveryKey

GROUPS = 8
DIGITS = 6
FACTOR = 11
BELOW = 65536  # of a group, before it is multiplied: two bytes
_GROUP = re.compile(rf"[0-9]{{{DIGITS}}}")


def new_password() -> RecoveryKey:
    """A recovery password that nobody has seen."""
    numbers = struct.unpack(f">{GROUPS}H", secrets.token_bytes(2 * GROUPS))
    return RecoveryKey("-".join(f"{number * FACTOR:0{DIGITS}}" for number in numbers))


def parse_password(text: str) -> RecoveryKey:
    """A recovery password as somebody typed it: blanks, and lost or other dashes, are forgiven. Raises LeeboardError.

    Each group checks itself, so a wrong one is named by its place.
    """
    digits = re.sub(r"[\s\u2010-\u2015-]", "", text)
    whole = GROUPS * DIGITS
    if not re.fullmatch(rf"[0-9]{{{whole}}}", digits):
        wrong = f"has {len(digits)} digits" if digits.isascii() and digits.isdigit() else "has more than digits in it"
        raise LeeboardError(
            f"this is no recovery password of BitLocker: it {wrong if digits else 'is empty'}; one has {whole} digits, "
            f"in {GROUPS} groups of {DIGITS}"
        )
    groups = _GROUP.findall(digits)
    bad = [place for place, group in enumerate(groups, 1) if not _good(group)]
    if bad:
        places = " and ".join(map(str, bad))
        raise LeeboardError(
            f"this is no recovery password of BitLocker: group {places} of {GROUPS} is mistyped (each is divisible by "
            f"{FACTOR} and below {BELOW * FACTOR:,})"
        )
    return RecoveryKey("-".join(groups))


def _good(group: str) -> bool:
    number = int(group)
    return number % FACTOR == 0 and number < BELOW * FACTOR
