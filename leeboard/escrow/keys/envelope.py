"""An envelope: one recovery key, sealed to all custodians, any one of whom opens it.

CMS EnvelopedData (RFC 5652) with AES-256 in PEM: `openssl cms -decrypt -inform PEM` opens it where Leeboard is not
installed. The cipher is CBC, which does not notice a change, so the ledger keeps each envelope's digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import pkcs7

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.certificates import Custodian
from leeboard.escrow.keys.recovery_key import Kind, RecoveryKey, parse_key
from leeboard.escrow.keys.recovery_password import parse_password

# The first line, by the kind of key and whether it was adopted.
HEADS = {
    (Kind.LUKS, False): "Leeboard recovery key",
    (Kind.LUKS, True): "Passphrase that opened the disk before Leeboard kept a key of it",
    (Kind.BITLOCKER, False): "BitLocker recovery password, made by Leeboard",
    (Kind.BITLOCKER, True): "BitLocker recovery password, in the disk before Leeboard kept it",
}
FIELDS = ("school", "device", "disk", "id", "made")
MOST_BYTES = 256 * 1024  # of an envelope's file


@dataclass(frozen=True)
class Content:
    """What is sealed: the key, and enough beside it to know which disk it is for. Each text is one line.

    A key of LUKS that was `adopted` is whatever somebody types to open the disk.
    """

    key: RecoveryKey
    school: str
    device: str
    disk: str
    id: str
    made: str
    adopted: bool = False
    kind: Kind = Kind.LUKS

    def text(self) -> str:
        """The text that a person reads on a bad day; the key stands on the last line, alone."""
        header = "".join(f"{name}: {getattr(self, name)}\n" for name in FIELDS)
        return f"{HEADS[self.kind, self.adopted]}\n{header}\n{self.key.text}\n"

    @classmethod
    def parse(cls, text: str) -> Content:
        """The content that `text` wrote. Raises LeeboardError, which shows none of it."""
        lines = text.replace("\r\n", "\n").split("\n")
        header = dict(line.split(": ", 1) for line in lines[1 : 1 + len(FIELDS)] if ": " in line)
        what = next((what for what, head in HEADS.items() if head == lines[0]), None)
        if what is None or set(FIELDS) - header.keys():
            raise LeeboardError("the envelope opens, and what is in it is no recovery key of Leeboard's")
        last = next(line for line in reversed(lines) if line)
        kind, adopted = what
        return cls(_parsed(last, kind, adopted), **{name: header[name] for name in FIELDS}, adopted=adopted, kind=kind)


def _parsed(text: str, kind: Kind, adopted: bool) -> RecoveryKey:
    if kind is Kind.BITLOCKER:
        return parse_password(text)
    return RecoveryKey(text) if adopted else parse_key(text)


def seal(content: Content, custodians: Sequence[Custodian]) -> bytes:
    """The envelope's file. The custodians' certificates are known to be good: see `certificates.objection`."""
    return _sealed(content.text().encode(), custodians, serialization.Encoding.PEM)


def seal_bytes(content: bytes, custodians: Sequence[Custodian]) -> bytes:
    """Anything that is no text, such as a disk's header, sealed in DER: `openssl cms -decrypt -inform DER` opens it."""
    return _sealed(content, custodians, serialization.Encoding.DER)


def _sealed(content: bytes, custodians: Sequence[Custodian], form: serialization.Encoding) -> bytes:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content)
    builder = builder.set_content_encryption_algorithm(algorithms.AES256)
    for custodian in custodians:
        builder = builder.add_recipient(custodian.certificate)
    return builder.encrypt(form, [pkcs7.PKCS7Options.Binary])


def unseal(envelope: bytes, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> Content:
    """What is in an envelope. Raises LeeboardError for a key that does not fit and for a damaged envelope."""
    return Content.parse(_opened(envelope, certificate, key, pem=True).decode("utf-8", "replace"))


def unseal_bytes(envelope: bytes, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> bytes:
    """The bytes that `seal_bytes` sealed. Raises LeeboardError."""
    return _opened(envelope, certificate, key, pem=False)


def _opened(envelope: bytes, certificate: x509.Certificate, key: rsa.RSAPrivateKey, pem: bool) -> bytes:
    try:
        return (pkcs7.pkcs7_decrypt_pem if pem else pkcs7.pkcs7_decrypt_der)(envelope, certificate, key, [])
    except ValueError as problem:
        fits = "No recipient" not in str(problem)
        why = "it is damaged; take the other copy" if fits else "it is not sealed to this certificate"
        raise LeeboardError(f"the envelope does not open: {why}") from None


def digest(envelope: bytes) -> str:
    """What the ledger keeps of an envelope: the SHA-256 of its file."""
    return hashlib.sha256(envelope).hexdigest()
