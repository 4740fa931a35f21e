"""How a recovery password or PIN travels to and from a Windows device: sealed, so that no log there sees it in clear.

The device makes a key that it cannot give away and shows the public half; what is sealed to it is opened by
`plugins/module_utils/_windows/bitlocker/SealedKeys.cs` alone, which has the same form: a mark with the purpose, what it
is about, and the secret, a line each. RSA-OAEP with SHA-256, since Windows PowerShell 5.1 has no AES-GCM.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.recovery_key import RecoveryKey
from leeboard.escrow.keys.recovery_password import parse_password

MARK = "leeboard-1"
BITS = 3072  # what travels may stand in a log for years
MOST_BITS = 8192
MOST_TEXT = 4096  # characters of a number, or of what is sealed, in base64


class Purpose(StrEnum):
    """What something is sealed for; it is refused for anything else."""

    RECOVERY = "recovery"
    PIN = "pin"
    COMPARE = "compare"
    READ_OUT = "read-out"


def device_key(answer: dict[str, Any]) -> rsa.RSAPublicKey:
    """The public half of the key that a device made for one use. Raises LeeboardError."""
    modulus, exponent = (int.from_bytes(_bytes(answer.get(name))) for name in ("modulus", "exponent"))
    if not BITS <= modulus.bit_length() <= MOST_BITS:
        raise LeeboardError(
            f"the key that the device made has {modulus.bit_length()} bits, and {BITS} were asked for; nothing was sent"
        )
    try:
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        raise LeeboardError("the key that the device made makes no sense; nothing was sent to it") from None


def sealed(key: rsa.RSAPublicKey, purpose: Purpose, volume: str, secret: str) -> str:
    """A secret for one volume of the device that made the key, in base64."""
    text = f"{MARK} {purpose.value}\n{volume}\n{secret}"
    return base64.b64encode(key.encrypt(text.encode(), _padding())).decode()


@dataclass(frozen=True)
class Reply:
    """A key of the controller for what a device is to send back; it is in memory only."""

    key: rsa.RSAPrivateKey = field(repr=False)

    @property
    def public(self) -> dict[str, str]:
        """The public half, as a step's arguments have it."""
        numbers = self.key.public_key().public_numbers()
        named = {"modulus": numbers.n, "exponent": numbers.e}
        return {name: base64.b64encode(_octets(number)).decode() for name, number in named.items()}

    def password(self, answer: dict[str, Any], volume: str, protector: str) -> RecoveryKey:
        """The recovery password of a protector that the device sealed. Raises LeeboardError, which shows none of it."""
        try:
            text = self.key.decrypt(_bytes(answer.get("sealed")), _padding()).decode()
        except ValueError:
            raise LeeboardError("what the device sent of its recovery password does not open; ask again") from None
        lines = text.split("\n")
        if lines[:2] != [f"{MARK} {Purpose.READ_OUT.value}", f"{volume} {protector}"] or len(lines) != 3:
            raise LeeboardError("what the device sent is of another volume or protector than was asked for")
        return parse_password(lines[2])


def new_reply() -> Reply:
    """A new key for one answer."""
    return Reply(rsa.generate_private_key(65537, BITS))


def _padding() -> padding.OAEP:
    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def _bytes(text: Any) -> bytes:
    try:
        if isinstance(text, str) and len(text) <= MOST_TEXT:
            return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise LeeboardError("what the device says of its key makes no sense; look at what answers there")
