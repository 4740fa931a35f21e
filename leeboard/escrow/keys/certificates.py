"""Recovery certificates: each custodian has one, and whoever holds the private key to it can open every envelope.

Only RSA, since that is what CMS EnvelopedData is opened with everywhere, `openssl cms` included; at least 3072 bits, as
NIST SP 800-57 part 1 asks of keys that must hold beyond 2030.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from leeboard.errors import LeeboardError
from leeboard.model.values import plain

LEAST_BITS = 3072
BITS = 4096  # of those that we make: opening one takes milliseconds, and they are kept for years
VALID = timedelta(days=3653)
NEAR = timedelta(days=90)  # from when on the end of a certificate is a problem
LEAST_PASSPHRASE = 12


@dataclass(frozen=True)
class Custodian:
    """A recovery certificate with the name that its file has in the vault."""

    name: str
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate, in hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def ends(self) -> datetime:
        """The moment from which the certificate is no longer valid."""
        return self.certificate.not_valid_after_utc

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def read_custodian(name: str, content: bytes) -> Custodian:
    """A custodian from the content of a certificate's file (PEM, or DER). Raises LeeboardError."""
    if b"PRIVATE KEY" in content:
        raise LeeboardError(f"{plain(name)}: holds a private key; give the certificate alone, and keep the key away")
    try:
        load = x509.load_pem_x509_certificate if b"-----BEGIN" in content else x509.load_der_x509_certificate
        return Custodian(name, load(content))
    except ValueError:
        raise LeeboardError(f"{plain(name)}: is no certificate; give a file in PEM or DER") from None


def objection(custodian: Custodian, at: datetime) -> str:
    """Why nothing may be sealed to this certificate at a moment; "" when it may."""
    certificate = custodian.certificate
    key = certificate.public_key()
    name = plain(custodian.name)
    if not isinstance(key, rsa.RSAPublicKey):
        return f"{name}: its key is not RSA, and envelopes are sealed to RSA keys only; have one made with RSA"
    if key.key_size < LEAST_BITS:
        return f"{name}: its key has {key.key_size} bits, and at least {LEAST_BITS} are needed; have a new one made"
    if at < certificate.not_valid_before_utc:
        return f"{name}: is not valid before {certificate.not_valid_before_utc:%d %B %Y}; compare the clocks"
    if at > certificate.not_valid_after_utc:
        return f"{name}: ended on {certificate.not_valid_after_utc:%d %B %Y}"
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    except ValueError:
        return f"{name}: its extensions make no sense; have a new one made"
    return "" if usage.key_encipherment else f"{name}: its key usage forbids key encipherment; have another one made"


def ends_soon(custodians: Sequence[Custodian], at: datetime) -> list[str]:
    """A line for each certificate that is near its end, or past it."""
    return [
        f"custodian {plain(custodian.name)}: it ends on {custodian.ends:%d %B %Y}"
        for custodian in custodians
        if custodian.ends - at < NEAR
    ]


def make(name: str, passphrase: str, at: datetime) -> tuple[Custodian, bytes]:
    """A new certificate, and its private key in PEM, encrypted with the passphrase. Raises LeeboardError."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise LeeboardError(f"the passphrase of a private key needs at least {LEAST_PASSPHRASE} characters")
    key = rsa.generate_private_key(65537, BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Leeboard recovery: {name}"[:64])])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=True, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at.astimezone(UTC) - timedelta(minutes=5))
        .not_valid_after(at.astimezone(UTC) + VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    return Custodian(name, certificate), secret
