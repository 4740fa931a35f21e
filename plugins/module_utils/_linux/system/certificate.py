"""Certificates in PEM files: from when to when they hold, and their digests. No library is needed for that."""

from __future__ import annotations

import base64
import binascii
import calendar
import hashlib
import re
import time
from collections.abc import Callable
from typing import TypeVar

from ..engine.host import HostError

BLOCK = re.compile(r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END", re.DOTALL)
T = TypeVar("T")
SEQUENCE, EXPLICIT_0, UTC_TIME, GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def validities(text: str, name: str) -> list[tuple[int, int]]:
    """(first, last) second of each certificate in the PEM text of the file `name`. Raises HostError malformed."""
    return _each(text, name, _validity)


def digests(text: str, name: str) -> list[str]:
    """The SHA-256 digest of each certificate in a PEM text, as `openssl x509 -fingerprint -sha256` prints it, with
    SHA256: before it. Raises HostError malformed."""
    return _each(text, name, _digest)


def moment(seconds: int) -> str:
    """In UTC and to the second, as a certificate has it: nothing is rounded."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _each(text: str, name: str, find: Callable[[bytes], T]) -> list[T]:
    parsed = []
    for block in BLOCK.findall(text):
        try:
            parsed.append(find(base64.b64decode("".join(block.split()), validate=True)))
        except (binascii.Error, ValueError, IndexError):
            raise HostError("malformed", f"{name} holds a certificate that is damaged") from None
    return parsed


def _digest(der: bytes) -> str:
    """The fingerprint of the certificate alone: a TRUSTED CERTIFICATE of OpenSSL has more behind it."""
    rest = _element(der)[2]
    digest = hashlib.sha256(der[: len(der) - len(rest)]).hexdigest().upper()
    return "SHA256:" + ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def _validity(der: bytes) -> tuple[int, int]:
    """Certificate, TBSCertificate, then version (optional), serial number, algorithm, issuer, validity (RFC 5280)."""
    kind, body, _rest = _element(der)
    if kind != SEQUENCE:
        raise ValueError("no certificate")
    kind, rest, _signature = _element(body)
    if rest[0] == EXPLICIT_0:
        rest = _element(rest)[2]
    for _skipped in ("serial number", "algorithm", "issuer"):
        rest = _element(rest)[2]
    kind, validity, _rest = _element(rest)
    if kind != SEQUENCE:
        raise ValueError("no validity")
    kind, first, validity = _element(validity)
    last_kind, last, _rest = _element(validity)
    return _second(kind, first), _second(last_kind, last)


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """(tag, content, what follows) of the first DER element."""
    length, start = data[1], 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(data[2 : 2 + size], "big"), 2 + size
    if start + length > len(data):
        raise ValueError("cut off")
    return data[0], data[start : start + length], data[start + length :]


def _second(kind: int, text: bytes) -> int:
    """Seconds since 1970 of YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ; RFC 5280 allows no other forms."""
    digits = text.decode("ascii")
    if kind == UTC_TIME:
        digits = ("19" if int(digits[:2]) >= 50 else "20") + digits
    elif kind != GENERALIZED_TIME:
        raise ValueError("no time")
    if len(digits) != 15 or not digits.endswith("Z") or not digits[:-1].isdigit():
        raise ValueError("no time")
    parts = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))]
    return calendar.timegm((*parts, 0, 0, 0))
