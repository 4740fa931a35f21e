"""Requests in the form that certreq of Windows writes them, made from a file as our device code gives it (certreq.inf).

Attributes, their order and the shape of each are those of a request that Microsoft's documentation has whole
(certreq_documented.pem, test_certreq.py); what each means is in [MS-WCCE] 2.2.2.7. A file with a section Extensions:
certreq -new in windowsserverdocs. Nobody has compared one for a key in a TPM with one of a real Windows yet.
"""

from __future__ import annotations

import base64
import configparser
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ObjectIdentifier

FILE = Path(__file__).with_name("certreq.inf")
NAME, CLIENT = "lt-014.900001.leeboard.internal", "1.3.6.1.5.5.7.3.2"
OS_VERSION, CLIENT_INFO = "1.3.6.1.4.1.311.13.2.3", "1.3.6.1.4.1.311.21.20"
CSP_PROVIDER, EXTENSIONS = "1.3.6.1.4.1.311.13.2.2", "1.2.840.113549.1.9.14"
MICROSOFT_EXTENSIONS = "1.3.6.1.4.1.311.2.1.14"  # szOID_CERT_EXTENSIONS, which [MS-WCCE] 3.1.1.4.3.1.1 names
BY_CERTREQ = b"\x09"  # RequestClientInfoClientId, ClientIdCertReq
COMMON_NAME = "2.5.4.3"
SEQUENCE, SET, INTEGER, BIT_STRING, OCTETS, OID = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06
UTF8, PRINTABLE, IA5, BMP, BOOLEAN, ATTRIBUTES = 0x0C, 0x13, 0x16, 0x1E, 0x01, 0xA0
# The curve, and the number of the signature (RFC 5758), by the words of a file.
CURVES: dict[str, ec.EllipticCurve] = {"ECDSA_P256": ec.SECP256R1(), "ECDSA_P384": ec.SECP384R1()}
DIGESTS: dict[str, tuple[hashes.HashAlgorithm, str]] = {
    "SHA256": (hashes.SHA256(), "1.2.840.10045.4.3.2"),
    "SHA384": (hashes.SHA384(), "1.2.840.10045.4.3.3"),
}


def request(
    name: str = NAME, curve: str = "P-384", use: str = CLIENT, extensions: str = EXTENSIONS
) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    """A request as certreq writes it, and the key, which on a Windows nobody sees."""
    text = FILE.read_text("utf-8").replace(f"CN={NAME}", f"CN={name[:64]}").replace(NAME, name).replace(CLIENT, use)
    return answer(text.replace("P384", "P" + curve[2:]).replace("384", curve[2:]), extensions)


def answer(text: str, extensions: str = EXTENSIONS) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    """What certreq -new makes of a file: the request, and the key. `extensions`: the number of that attribute."""
    file = configparser.ConfigParser(interpolation=None)
    file.optionxform = str  # type: ignore[assignment, method-assign]
    file.read_string(text)
    wanted = {name: value.strip('"') for name, value in file["NewRequest"].items()}
    key = ec.generate_private_key(CURVES[wanted["KeyAlgorithm"]])
    digest, signature = DIGESTS[wanted["HashAlgorithm"]]
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    common = _der(PRINTABLE, wanted["Subject"].removeprefix("CN=").encode("ascii"))
    subject = _der(SEQUENCE, _der(SET, _der(SEQUENCE, _oid(COMMON_NAME) + common)))
    asked = _extensions(dict(file["Extensions"]), int(wanted["KeyUsage"], 16), key.public_key())
    told = _der(
        SEQUENCE,
        _der(INTEGER, b"\x00")
        + subject
        + public
        + _der(ATTRIBUTES, b"".join(_attributes(wanted["ProviderName"], extensions, b"".join(asked)))),
    )
    signed = _der(BIT_STRING, b"\x00" + key.sign(told, ec.ECDSA(digest)))
    whole = _der(SEQUENCE, told + _der(SEQUENCE, _oid(signature)) + signed)
    return _pem(whole), key


def _attributes(provider: str, extensions: str, asked: bytes) -> Iterable[bytes]:
    computer, account, program = b"LT-014.school.example", b"SCHOOL\\LT-014$", b"certreq"
    client = _der(INTEGER, BY_CERTREQ) + _der(UTF8, computer) + _der(UTF8, account) + _der(UTF8, program)
    made_by = _der(INTEGER, b"\x01") + _der(BMP, provider.encode("utf-16-be")) + _der(BIT_STRING, b"\x00")
    for oid, value in (
        (OS_VERSION, _der(IA5, b"10.0.26100.2")),
        (CLIENT_INFO, _der(SEQUENCE, client)),
        (CSP_PROVIDER, _der(SEQUENCE, made_by)),
        (extensions, _der(SEQUENCE, asked)),
    ):
        yield _der(SEQUENCE, _oid(oid) + _der(SET, value))


def _extensions(wanted: dict[str, str], usage: int, key: ec.EllipticCurvePublicKey) -> Iterable[bytes]:
    """Those of the section, whose texts go on in lines _continue_, then the usage and the key's own number."""
    names = [x509.DNSName(wanted["_continue_"].strip('"').removeprefix("DNS="))]
    purpose = ObjectIdentifier(wanted["2.5.29.37"].strip('"').removeprefix("{text}"))
    bits = [bool(usage & 0x80 >> at) for at in range(8)] + [False]
    for value, critical in (
        (x509.SubjectAlternativeName(names), False),
        (x509.ExtendedKeyUsage([purpose]), False),
        (x509.KeyUsage(*bits), True),
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
