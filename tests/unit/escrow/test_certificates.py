"""Which certificates are good enough to seal a recovery key to, and keys as people type them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.certificates import Custodian, ends_soon, make, objection, read_custodian
from leeboard.escrow.keys.recovery_key import MODHEX, new_key, parse_key
from tests.unit.escrow.vaults import AT, PASSPHRASE, custodian

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority's own")])


def signed(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=400))
    )
    for one in extensions:
        builder = builder.add_extension(one, critical=True)
    return builder.sign(key, hashes.SHA256())


def usage(encipherment: bool) -> x509.KeyUsage:
    names = ("content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    return x509.KeyUsage(
        digital_signature=True, key_encipherment=encipherment, encipher_only=False, decipher_only=False,
        **dict.fromkeys(names, False),
    )  # fmt: skip


def test_one_of_ours_is_good_until_it_ends() -> None:
    head = custodian("head")[0]
    assert objection(head, AT) == ""
    assert "ended on" in objection(head, head.ends + timedelta(seconds=1))
    assert "not valid before" in objection(head, AT - timedelta(days=1))
    assert ends_soon([head], AT) == []
    assert "head" in ends_soon([head], head.ends - timedelta(days=80))[0]


def test_what_is_too_weak_or_of_another_kind_is_refused() -> None:
    weak = Custodian("weak", signed(rsa.generate_private_key(65537, 2048)))
    assert "has 2048 bits, and at least 3072 are needed" in objection(weak, AT)
    curve = Custodian("curve", signed(ec.generate_private_key(ec.SECP256R1())))
    assert "its key is not RSA" in objection(curve, AT)
    strong = rsa.generate_private_key(65537, 3072)
    assert objection(Custodian("plain", signed(strong)), AT) == ""
    assert objection(Custodian("right", signed(strong, usage(True))), AT) == ""
    assert "forbids key encipherment" in objection(Custodian("wrong", signed(strong, usage(False))), AT)


def test_a_private_key_is_not_taken_for_a_certificate() -> None:
    head, secret = custodian("head")
    assert b"ENCRYPTED" in secret
    for content in (secret, head.pem + secret):
        with pytest.raises(LeeboardError, match="holds a private key; give the certificate alone"):
            read_custodian("head", content)
    der = head.certificate.public_bytes(serialization.Encoding.DER)
    assert read_custodian("head", der) == head == read_custodian("head", head.pem)
    for content in (b"", b"-----BEGIN CERTIFICATE-----\n", b"\x30\x82"):
        with pytest.raises(LeeboardError, match="is no certificate"):
            read_custodian("head", content)


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(LeeboardError, match="at least 12 characters"):
        make("head", PASSPHRASE[:11], AT)


def test_keys_are_modhex_in_eight_groups_and_never_shown_by_accident() -> None:
    key = new_key()
    assert re.fullmatch(rf"([{MODHEX}]{{8}}-){{7}}[{MODHEX}]{{8}}", key.text)
    assert len(key.groups) == 8 and new_key() != key
    for shown in (repr(key), str(key), f"{key}", repr({"key": key})):
        assert not any(group in shown for group in key.groups)


@given(
    st.text(st.sampled_from(MODHEX), min_size=64, max_size=64), st.lists(st.integers(0, 64), max_size=12), st.booleans()
)
def test_a_key_is_read_however_it_is_typed(letters: str, blanks: list[int], capitals: bool) -> None:
    key = parse_key(letters)
    for place in sorted(blanks, reverse=True):
        letters = f"{letters[:place]} -{letters[place:]}"
    assert parse_key(letters.upper() if capitals else letters) == key


@pytest.mark.parametrize("wrong", ["", "c" * 63, "c" * 65, "a" + "c" * 63])
def test_what_is_no_key_is_refused_without_being_shown(wrong: str) -> None:
    with pytest.raises(LeeboardError, match="this is no recovery key") as said:
        parse_key(wrong)
    assert not wrong or wrong not in str(said.value)
