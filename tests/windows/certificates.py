"""A certificate in the store of a Windows machine: the registry has each as a list of numbered properties (a serialized
certificate of crypt32), the certificate itself among them. Wine's crypt32 reads the same form.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

STORE = r"Software\Microsoft\SystemCertificates\MY\Certificates"
KEY_PLACE, FINGERPRINT, WHOLE = 2, 3, 32  # CERT_KEY_PROV_INFO_PROP_ID, CERT_SHA1_HASH_PROP_ID, the certificate


def issue(days: int) -> bytes:
    """A certificate for a machine of the school, by the school's authority, for servers and clients."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("PC1", "School CA")]
    made = (
        x509.CertificateBuilder(issuer_name=names[1], subject_name=names[0], public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def thumbprint(certificate: bytes) -> str:
    """How Windows calls it."""
    return x509.load_der_x509_certificate(certificate).fingerprint(hashes.SHA1()).hex().upper()


def blob(certificate: bytes) -> bytes:
    """What the registry holds of it, with the place of a private key, which is not there in truth."""
    names = [f"{name}\0".encode("utf-16-le") for name in ("school", "Microsoft Software Key Storage Provider")]
    place = struct.pack("<7I", 28, 28 + len(names[0]), 0, 0x20, 0, 0, 0) + b"".join(names)
    parts = {KEY_PLACE: place, FINGERPRINT: bytes.fromhex(thumbprint(certificate)), WHOLE: certificate}
    return b"".join(struct.pack("<3I", number, 1, len(part)) + part for number, part in parts.items())


def properties(found: bytes) -> dict[int, bytes]:
    """The numbered properties of a certificate as the registry has it."""
    parts = {}
    while found:
        number, _one, length = struct.unpack_from("<3I", found)
        parts[number], found = found[12 : 12 + length], found[12 + length :]
    return parts


def days_left(found: bytes) -> int:
    """For how many days a certificate in the registry is still valid; -1 for one without a key."""
    parts = properties(found)
    end = x509.load_der_x509_certificate(parts[WHOLE]).not_valid_after_utc
    return (end - datetime.now(UTC)).days if KEY_PLACE in parts else -1
