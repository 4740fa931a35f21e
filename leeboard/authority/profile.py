"""What each certificate and list of the VPN's authority holds (RFC 5280, RFC 4945), and the keys that a level asks for.

P-256 with SHA-256 at level standard; P-384 with SHA-384 above it (RFC 9206 asks for that at level high).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from leeboard.errors import LeeboardError
from leeboard.model.enums import Level

ROOT_LASTS = timedelta(days=20 * 365)
ISSUING_LASTS = timedelta(days=365)
GATEWAY_LASTS = timedelta(days=365)
DEVICE_LASTS = timedelta(days=180)
# A list is signed each night. The one before goes on for three nights more, and the hour of a night may wander.
LIST_LASTS = timedelta(days=4, hours=6)
# The root's own list is signed when an issuing authority is made, which happens once a year.
ROOT_LIST_LASTS = ISSUING_LASTS + timedelta(days=60)
BEFORE = timedelta(hours=1)  # by which a clock of a device may be behind
# RFC 4945 5.1.3.12: obsolete, and still looked for by Windows when it has several certificates to choose from.
IKE_INTERMEDIATE = ObjectIdentifier("1.3.6.1.5.5.8.2.2")


@dataclass(frozen=True)
class Signer:
    """Who signs: a certificate of an authority and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        return f"Signer({self.certificate.subject.rfc4514_string()})"  # no traceback shows a key


@dataclass(frozen=True)
class Gone:
    """A line of a list: a serial, since when and why it is not valid any more."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags


def new_key(level: Level) -> ec.EllipticCurvePrivateKey:
    """A private key as a level asks for it."""
    return ec.generate_private_key(ec.SECP256R1() if level is Level.STANDARD else ec.SECP384R1())


def pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key in PEM, in clear: for a file that is 0600, and for what is sealed."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_of_pem(content: bytes, what: str) -> ec.EllipticCurvePrivateKey:
    """The private key in a file's content. Raises LeeboardError, which shows none of it."""
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError):
        raise LeeboardError(f"{what}: is no private key; bring it back with leeboard vpn restore") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise LeeboardError(f"{what}: is no key of an authority's; bring it back with leeboard vpn restore")
    return key


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_id(key: CertificatePublicKeyTypes) -> str:
    """The SHA-256 over a public key, by which one that comes again is known."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def make_root(name: str, key: ec.EllipticCurvePrivateKey, at: datetime) -> x509.Certificate:
    """The root's certificate, signed by itself; below it is one more authority."""
    builder = _builder(name, name, key.public_key(), key.public_key(), at, at + ROOT_LASTS)
    return _authority(builder, 1).sign(key, _digest(key))


def make_issuing(
    name: str, key: ec.EllipticCurvePrivateKey, root: Signer, lists: str, at: datetime
) -> x509.Certificate:
    """The certificate of an issuing authority; `lists` is the address of the root's list."""
    ends = min(at + ISSUING_LASTS, root.certificate.not_valid_after_utc)
    builder = _builder(name, _name_of(root), key.public_key(), root.key.public_key(), at, ends)
    return _authority(_with_list(builder, lists), 0).sign(root.key, _digest(root.key))


def make_device(
    name: str, key: CertificatePublicKeyTypes, issuing: Signer, lists: str, at: datetime
) -> x509.Certificate:
    """A device's certificate: it may be a client, under one name."""
    builder = _leaf(name, key, issuing, lists, at, DEVICE_LASTS, [ExtendedKeyUsageOID.CLIENT_AUTH])
    return builder.sign(issuing.key, _digest(issuing.key))


def make_gateway(
    name: str, key: CertificatePublicKeyTypes, issuing: Signer, lists: str, at: datetime
) -> x509.Certificate:
    """A gateway's certificate: it may be a server, under exactly the name that clients use (or address)."""
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, IKE_INTERMEDIATE]
    builder = _leaf(name, key, issuing, lists, at, GATEWAY_LASTS, uses)
    return builder.sign(issuing.key, _digest(issuing.key))


def make_list(signer: Signer, gone: Iterable[Gone], number: int, at: datetime, lasts: timedelta) -> bytes:
    """A signed list in DER, as RFC 5280 asks that it is fetched."""
    at = at.astimezone(UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(at - BEFORE)
        .next_update(at + lasts)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for line in sorted(gone, key=lambda line: line.serial):
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(line.serial)
            .revocation_date(line.at.astimezone(UTC))
            .add_extension(x509.CRLReason(line.reason), critical=False)
            .build()
        )
    return builder.sign(signer.key, _digest(signer.key)).public_bytes(serialization.Encoding.DER)


def alternative_name(name: str) -> x509.GeneralName:
    """A name as clients compare it: an address is one of IP, anything else one of DNS."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _digest(key: ec.EllipticCurvePrivateKey) -> hashes.SHA256 | hashes.SHA384:
    return hashes.SHA256() if key.curve.key_size <= 256 else hashes.SHA384()


def _name_of(signer: Signer) -> str:
    return str(signer.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _builder(
    name: str, issuer: str, key: CertificatePublicKeyTypes, signer: ec.EllipticCurvePublicKey, at: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at.astimezone(UTC) - BEFORE)
        .not_valid_after(ends.astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _authority(builder: x509.CertificateBuilder, below: int) -> x509.CertificateBuilder:
    usage = _usage(signs_certificates=True)
    constraints = x509.BasicConstraints(ca=True, path_length=below)
    return builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)


def _leaf(
    name: str, key: CertificatePublicKeyTypes, issuing: Signer, lists: str, at: datetime, lasts: timedelta,
    uses: Sequence[ObjectIdentifier],
) -> x509.CertificateBuilder:  # fmt: skip
    ends = min(at + lasts, issuing.certificate.not_valid_after_utc)
    builder = _builder(name, _name_of(issuing), key, issuing.key.public_key(), at, ends)
    return (
        _with_list(builder, lists)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName([alternative_name(name)]), critical=False)
    )


def _with_list(builder: x509.CertificateBuilder, address: str) -> x509.CertificateBuilder:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)
    return builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def next_number(last: int, at: datetime) -> int:
    """The number of the next list: seconds since 1970, so that it grows after a restore too; always above `last`."""
    return max(last + 1, int(at.timestamp()))
