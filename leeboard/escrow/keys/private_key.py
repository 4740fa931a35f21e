"""A custodian's private key in PEM, as a file has it and as it is handed to a run."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from leeboard.errors import LeeboardError


def load(pem: bytes, passphrase: bytes | None = None) -> rsa.RSAPrivateKey:
    """A private key. Raises LeeboardError, which shows none of it."""
    try:
        key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError):
        raise LeeboardError("does not open: it is no private key in PEM, or the passphrase is wrong") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise LeeboardError("is no RSA key, and no envelope is sealed to another kind")
    return key


def in_clear(key: rsa.RSAPrivateKey) -> str:
    """A private key as a run is handed it: in memory only, never in a file."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
