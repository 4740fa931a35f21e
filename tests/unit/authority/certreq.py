"""Requests in the form that certreq of Windows writes them, from the file that our device code gives it.

Heading, attributes and their order are those of Microsoft's documentation: [MS-WCCE] 2.2.2.7 (szOID_OS_VERSION,
szOID_REQUEST_CLIENT_INFO, szOID_ENROLLMENT_CSP_PROVIDER), and certreq -new in windowsserverdocs for the extensions that
a file asks for. Nobody has compared them with one of a real Windows yet.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

OS_VERSION, CLIENT_INFO = "1.3.6.1.4.1.311.13.2.3", "1.3.6.1.4.1.311.21.20"
CSP_PROVIDER, EXTENSIONS = "1.3.6.1.4.1.311.13.2.2", "1.2.840.113549.1.9.14"
SEQUENCE, SET, INTEGER, BIT_STRING, OCTETS, OID = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06
UTF8, IA5, BMP, BOOLEAN, ATTRIBUTES = 0x0C, 0x16, 0x1E, 0x01, 0xA0
# The curve, the digest that goes with it, and the number of the signature (RFC 5758).
CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm, str]] = {
    "P-256": (ec.SECP256R1(), hashes.SHA256(), "1.2.840.10045.4.3.2"),
    "P-384": (ec.SECP384R1(), hashes.SHA384(), "1.2.840.10045.4.3.3"),
}


def request(
    name: str, curve: str = "P-384", use: str = "1.3.6.1.5.5.7.3.2"
) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    """A request as certreq writes it, and the key, which on a Windows nobody sees."""
    kind, digest, signature = CURVES[curve]
    key = ec.generate_private_key(kind)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]).public_bytes()
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    computer, account, program = b"LT-014.school.example", b"SCHOOL\\LT-014$", b"certreq"
    client = _der(INTEGER, b"\x05") + _der(UTF8, computer) + _der(UTF8, account) + _der(UTF8, program)
    provider = _der(BMP, "Microsoft Platform Crypto Provider".encode("utf-16-be"))
    attributes = [
        _attribute(OS_VERSION, _der(IA5, b"10.0.26100.2")),
        _attribute(CLIENT_INFO, _der(SEQUENCE, client)),
        _attribute(CSP_PROVIDER, _der(SEQUENCE, _der(INTEGER, b"\x01") + provider + _der(BIT_STRING, b"\x00"))),
        _attribute(EXTENSIONS, _der(SEQUENCE, b"".join(_extensions(name, use, key.public_key())))),
    ]
    told = _der(SEQUENCE, _der(INTEGER, b"\x00") + subject + public + _der(ATTRIBUTES, b"".join(attributes)))
    signed = _der(BIT_STRING, b"\x00" + key.sign(told, ec.ECDSA(digest)))
    whole = _der(SEQUENCE, told + _der(SEQUENCE, _oid(signature)) + signed)
    return _pem(whole), key


def _extensions(name: str, use: str, key: ec.EllipticCurvePublicKey) -> Iterable[bytes]:
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)  # KeyUsage = 0x80
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    purpose = x509.ExtendedKeyUsage([ObjectIdentifier(use)])
    for value, critical in (
        (usage, True),
        (names, False),
        (purpose, False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
    ):
        mark = _der(BOOLEAN, b"\xff") if critical else b""
        yield _der(SEQUENCE, _oid(value.oid.dotted_string) + mark + _der(OCTETS, value.public_bytes()))


def _pem(content: bytes) -> bytes:
    """With the heading that certreq writes, and lines of Windows."""
    text = base64.b64encode(content).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    what = "NEW CERTIFICATE REQUEST"
    return "\r\n".join([f"-----BEGIN {what}-----", *lines, f"-----END {what}-----", ""]).encode()


def _attribute(oid: str, value: bytes) -> bytes:
    return _der(SEQUENCE, _oid(oid) + _der(SET, value))


def _der(tag: int, content: bytes) -> bytes:
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray([40 * first + second])
    for number in rest:
        parts = [number & 0x7F]
        while number := number >> 7:
            parts.append(0x80 | number & 0x7F)
        content += bytes(reversed(parts))
    return _der(OID, bytes(content))
