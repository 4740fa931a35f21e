"""A request for a certificate (PKCS #10): only the public key in it counts, and the proof that its sender has the key.

Names, extensions, uses and bits of an authority in it are never read: what goes into a certificate is in the register.
A request comes from a device, and may be hostile.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from leeboard.errors import LeeboardError
from leeboard.model.enums import Level

MOST_BYTES = 32 * 1024
LEAST_BITS, MOST_BITS = 3072, 16384
BEGIN, END = b"-----BEGIN CERTIFICATE REQUEST-----", b"-----END CERTIFICATE REQUEST-----"
# As older tools of Windows write it (certreq).
BEGIN_NEW, END_NEW = b"-----BEGIN NEW CERTIFICATE REQUEST-----", b"-----END NEW CERTIFICATE REQUEST-----"
DIGESTS = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
REMEDY = "make a new key and request on the device"

type RequestedKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def requested_key(content: bytes, level: Level) -> RequestedKey:
    """The public key of a request (PEM). Raises LeeboardError, which says why it is refused and shows none of it."""
    if len(content) > MOST_BYTES:
        raise _refused(f"it has {len(content)} bytes, more than the {MOST_BYTES} that are read")
    text = content.replace(BEGIN_NEW, BEGIN).replace(END_NEW, END).strip()
    if b"PRIVATE KEY" in text:
        raise LeeboardError(
            "the request is refused: a private key lies in it, which was to stay on the device and is known now; "
            f"{REMEDY}"
        )
    if text.count(b"-----BEGIN") != 1 or not text.startswith(BEGIN) or not text.endswith(END):
        raise _refused("it is not one request in PEM and nothing else")
    try:
        request = x509.load_pem_x509_csr(text)
        key = request.public_key()
        digest = request.signature_hash_algorithm
        valid = isinstance(digest, DIGESTS) and request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        # Parsers of a hostile request name what they stumbled over, which may be its text.
        raise _refused("it makes no sense, or has a key of a kind that is not taken") from None
    wrong = objection(key, level)
    if wrong:
        raise _refused(wrong)
    if not valid:
        raise _refused("its signature does not prove that its sender has the private key (SHA-256 or better)")
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise _refused("its key is neither of an elliptic curve nor RSA")
    return key


def objection(key: object, level: Level) -> str:
    """Why a public key gets no certificate at a level; "" where it may."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        curves = ("secp384r1",) if level is Level.HIGH else ("secp256r1", "secp384r1")
        if key.curve.name not in curves:
            wanted = "P-384" if level is Level.HIGH else "P-256 or P-384"
            return f"its key is on another curve than {wanted}"
        return ""
    if isinstance(key, rsa.RSAPublicKey):
        if not LEAST_BITS <= key.key_size <= MOST_BITS:
            return f"its RSA key has {key.key_size} bits, and {LEAST_BITS} to {MOST_BITS} are taken"
        if key.public_numbers().e < 65537:
            return "its RSA key has a public exponent below 65537"
        return ""
    return "its key is neither of an elliptic curve nor RSA"


def _refused(why: str) -> LeeboardError:
    return LeeboardError(f"the request is refused: {why}; {REMEDY}")
