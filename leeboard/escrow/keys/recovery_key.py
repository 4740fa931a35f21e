"""Recovery keys: 256 bits in modhex, in the eight groups that systemd uses, so that every keyboard layout types them.

The form is that of systemd-cryptenroll(1), --recovery-key; modhex is Yubico's alphabet, whose letters lie in the same
place on nearly all layouts.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

from leeboard.errors import LeeboardError

MODHEX = "cbdefghijklnrtuv"
BYTES = 32
GROUP = 8
_MODHEX = re.compile(rf"[{MODHEX}]{{{2 * BYTES}}}")


class Kind(StrEnum):
    """What kind of disk a key is for, as ledger and envelope name it. A key of one kind is never read as the other."""

    LUKS = "luks"
    BITLOCKER = "bitlocker"


@dataclass(frozen=True)
class RecoveryKey:
    """One key. `text` has its groups with dashes between; what opens the disk is this text.

    A key of LUKS has 64 letters in groups of eight, a recovery password of BitLocker 48 digits in groups of six.
    """

    text: str

    def __repr__(self) -> str:
        return "RecoveryKey(...)"  # no traceback and no log shows a key

    __str__ = __repr__

    @property
    def groups(self) -> tuple[str, ...]:
        """The eight groups, to be read out one at a time."""
        return tuple(self.text.split("-"))


def new_key() -> RecoveryKey:
    """A key that nobody has seen."""
    return _key("".join(MODHEX[byte >> 4] + MODHEX[byte & 15] for byte in secrets.token_bytes(BYTES)))


def parse_key(text: str) -> RecoveryKey:
    """A key as somebody typed it: capitals, blanks and lost dashes are forgiven. Raises LeeboardError."""
    letters = re.sub(r"[\s-]", "", text).lower()
    if not _MODHEX.fullmatch(letters):
        wrong = len(letters) - 2 * BYTES
        why = f"has {len(letters)} letters" if wrong else "has a letter that none of them has"
        raise LeeboardError(
            f"this is no recovery key: it {why}; a key has {2 * BYTES} letters out of {MODHEX}, in eight groups"
        )
    return _key(letters)


def _key(letters: str) -> RecoveryKey:
    return RecoveryKey("-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP)))
