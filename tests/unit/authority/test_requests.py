"""Requests that mean harm: a thousand of them, each refused, and nothing of it in the ledger or on the disk."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from leeboard.authority import request
from leeboard.authority.certificates import issue_device
from leeboard.authority.request import requested_key
from leeboard.errors import LeeboardError
from leeboard.escrow.vault.ledger import Mark
from leeboard.model.enums import Level
from tests.unit.authority.authorities import LAPTOP, Authority, key_of_device
from tests.unit.authority.authorities import request as good_request

HOSTILE = 1000
BUILDER = x509.CertificateSigningRequestBuilder().subject_name(
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lt-014")])
)


def pem(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE REQUEST-----\n" + body + b"-----END CERTIFICATE REQUEST-----\n"


def der(content: bytes) -> bytes:
    return x509.load_pem_x509_csr(content).public_bytes(serialization.Encoding.DER)


@cache
def weak() -> tuple[bytes, ...]:
    """Requests that are whole, and whose key or proof is not good enough."""
    return tuple(_weak())


def _weak() -> Iterator[bytes]:
    keys = [
        ec.generate_private_key(ec.SECP224R1()), ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.SECP256K1()), ec.generate_private_key(ec.BrainpoolP256R1()),
        rsa.generate_private_key(65537, 1024), rsa.generate_private_key(65537, 2048),
        rsa.generate_private_key(3, 3072), dsa.generate_private_key(1024),
    ]  # fmt: skip
    for key in keys:
        yield BUILDER.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    for other in (ed25519.Ed25519PrivateKey.generate(), ed448.Ed448PrivateKey.generate()):
        yield BUILDER.sign(other, None).public_bytes(serialization.Encoding.PEM)
    yield BUILDER.sign(key_of_device(), hashes.SHA224()).public_bytes(serialization.Encoding.PEM)


def hostile(seed: int) -> Iterator[bytes]:
    """Endless requests that are broken, cut, spliced, too large or not one request at all."""
    chance = random.Random(seed)
    good = good_request(key_of_device())
    other = der(good_request(key_of_device()))
    whole = der(good)
    private = key_of_device().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    yield from (
        b"", b"\0" * 100, good + good, good + private, private, whole, good.replace(b"REQUEST", b"REQUESTS"),
        b"x" + good, good + b"x", good[:-40], b"A" * (request.MOST_BYTES + 1), good * 100,
        good.replace(b"-----BEGIN", b"Comment: yes\n-----BEGIN"), "‮ﬀ".encode(), b"\xff\xfe" + good,
    )  # fmt: skip
    while True:
        kind = chance.randrange(5)
        data = bytearray(whole)
        if kind == 0:  # some bytes are others: the proof fails, wherever they are
            for _ in range(chance.randrange(1, 4)):
                place = chance.randrange(len(data))
                data[place] ^= chance.randrange(1, 256)
        elif kind == 1:
            data = data[: chance.randrange(len(data))]
        elif kind == 2:  # the body of one with the signature of another
            data = data[: len(whole) // 2] + bytearray(other[len(whole) // 2 :])
        elif kind == 3:
            data += chance.randbytes(chance.randrange(1, 50))
        else:
            data = bytearray(chance.randbytes(chance.randrange(1, 400)))
        if bytes(data) != whole:
            yield pem(bytes(data))


def test_a_thousand_hostile_requests_are_refused(authority: Authority) -> None:
    before = authority.vault.since(Mark()).mark
    there = {path: path.stat().st_mtime_ns for path in (authority.var / "authority").rglob("*")}
    refused = 0
    stream = hostile(seed=20261201)
    for content in [*weak(), *(next(stream) for _ in range(HOSTILE))]:
        with pytest.raises(LeeboardError, match=r"the request is refused: .*; make a new key and request") as words:
            requested_key(content, Level.STANDARD)
        assert str(words.value).isprintable() and b"PRIVATE" not in str(words.value).encode()
        refused += 1
    assert refused > HOSTILE
    assert authority.vault.since(Mark()).mark == before
    assert {path: path.stat().st_mtime_ns for path in (authority.var / "authority").rglob("*")} == there


def test_the_whole_way_refuses_as_well_and_writes_nothing(authority: Authority) -> None:
    before = authority.vault.since(Mark()).mark
    stream = hostile(seed=7)
    for content in [*weak(), *(next(stream) for _ in range(25))]:
        with pytest.raises(LeeboardError, match="the request is refused"):
            issue_device(authority.var, LAPTOP, content, authority.at)
    assert authority.vault.since(Mark()).mark == before
    assert not (authority.var / "authority/devices").exists() and not (authority.var / "authority/by-key").exists()


def test_a_private_key_in_a_request_is_named_for_what_it_is(tmp_path: Path) -> None:
    private = key_of_device().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(LeeboardError, match="a private key lies in it, which was to stay on the device") as words:
        requested_key(private, Level.STANDARD)
    assert private.splitlines()[1].decode() not in str(words.value)


def test_a_high_level_takes_no_smaller_curve() -> None:
    small = good_request(ec.generate_private_key(ec.SECP256R1()))
    assert isinstance(requested_key(small, Level.SENSITIVE), ec.EllipticCurvePublicKey)
    with pytest.raises(LeeboardError, match="on another curve than P-384"):
        requested_key(small, Level.HIGH)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_request_as_windows_writes_it_is_taken(ends: bytes) -> None:
    key = key_of_device()
    written = good_request(key).replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST").replace(b"\n", ends)
    assert requested_key(written, Level.STANDARD) == key.public_key()
