"""A request of the form that certreq writes is signed by our authority, as any other: the register decides, not it."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from leeboard.authority.certificates import Registered, issue_device
from leeboard.authority.request import requested_key
from leeboard.errors import LeeboardError
from leeboard.model.enums import Level, Platform
from tests.unit.authority import certreq
from tests.unit.authority.authorities import Authority, an_authority

DEVICE = Registered("900001", "LT-014", Platform.WINDOWS)
NAME = certreq.NAME
# A request as certreq wrote it, its file, and what it signed, byte for byte: MicrosoftDocs/win32, SecCertEnroll,
# pkcs--10-request.md, put together from the dump in it. Its signature is right, and so is each byte.
DOCUMENTED = Path(__file__).with_name("certreq_documented.pem")
NAME_VALUE = "1.3.6.1.4.1.311.13.2.1"  # for a template, which our file does not name


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority of its own."""
    with an_authority(tmp_path_factory.mktemp("authority")) as made:
        yield made


def shape(content: bytes) -> list[tuple[str, tuple[int, ...]]]:
    """Each attribute of a request, and the kinds of what is in it, as numbers of ASN.1."""
    read = x509.load_pem_x509_csr(content.replace(b" NEW ", b" "))
    found = []
    for one in read.attributes:
        kinds, at = [], 0
        while one._type == certreq.SEQUENCE and at < len(one.value):
            kinds.append(one.value[at])
            at += 2 + one.value[at + 1]
        found.append((one.oid.dotted_string, (one._type, *kinds)))
    return [one for one in found if one[0] != NAME_VALUE]


def signed_digest(read: x509.CertificateSigningRequest) -> bytes:
    """The SHA-1 that was signed, by PKCS #1: no library of today takes such a signature for one."""
    public = read.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    numbers = public.public_numbers()
    return pow(int.from_bytes(read.signature), numbers.e, numbers.n).to_bytes(128)[-20:]


def test_our_form_is_that_of_the_one_that_is_documented_whole() -> None:
    documented = DOCUMENTED.read_bytes()
    read = x509.load_pem_x509_csr(documented.replace(b" NEW ", b" "))
    assert signed_digest(read) == hashlib.sha1(read.tbs_certrequest_bytes).digest(), "each byte is as certreq wrote it"
    ours, _key = certreq.request()
    theirs = shape(documented)
    assert shape(ours)[:-1] == theirs[:-1]
    assert shape(ours)[-1][0] == theirs[-1][0] == certreq.EXTENSIONS
    mine = x509.load_pem_x509_csr(ours.replace(b" NEW ", b" "))
    assert mine.subject.rfc4514_string() == f"CN={NAME}"
    kinds = {one._type for part in (mine.subject, read.subject) for one in part}
    assert len(kinds) == 1, "a name is written as one kind of text"
    assert mine.extensions[-1].oid == read.extensions[-1].oid and mine.extensions[-2].critical


def test_the_one_that_is_documented_is_understood_and_refused_for_its_weak_key() -> None:
    with pytest.raises(LeeboardError, match="its RSA key has 1024 bits"):
        requested_key(DOCUMENTED.read_bytes(), Level.STANDARD)


@pytest.mark.parametrize("attribute", [certreq.EXTENSIONS, certreq.MICROSOFT_EXTENSIONS])
def test_openssl_takes_what_became_of_it_for_a_client_and_for_nothing_else(
    authority: Authority, tmp_path: Path, attribute: str
) -> None:
    """Whatever the request says, in either of the two attributes that [MS-WCCE] has for extensions."""
    asked, _key = certreq.request("gateway.school.example", use="1.3.6.1.5.5.7.3.1", extensions=attribute)
    device = Registered("900001", f"PC-{attribute[-2:]}", Platform.WINDOWS)
    issued = issue_device(authority.var, device, asked, authority.at)
    for name, text in {"leaf": issued.certificate.pem, "issuing": issued.issuing, "root": issued.root}.items():
        (tmp_path / name).write_text(text)

    def verify(purpose: str) -> bool:
        done = subprocess.run(
            [
                "openssl", "verify", "-purpose", purpose, "-attime", str(int(authority.at.timestamp()) + 60),
                "-x509_strict", "-CAfile", tmp_path / "root", "-untrusted", tmp_path / "issuing", tmp_path / "leaf",
            ],
            capture_output=True, check=False,
        )  # fmt: skip
        return done.returncode == 0

    assert (verify("sslclient"), verify("sslserver")) == (True, False)
    leaf = x509.load_pem_x509_certificate(issued.certificate.pem.encode())
    assert b"gateway.school.example" not in leaf.public_bytes(Encoding.DER)


def test_it_is_signed_for_the_name_and_purpose_of_the_register(authority: Authority) -> None:
    asked, key = certreq.request("whatever.it.says", use="1.3.6.1.5.5.7.3.1")
    issued = issue_device(authority.var, DEVICE, asked, authority.at)
    leaf, issuing = x509.load_pem_x509_certificates(issued.chain.encode())
    root = authority.known.beginning.root.x509
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    public = leaf.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey) and public == key.public_key()
    names = leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert isinstance(names, x509.SubjectAlternativeName) and names.get_values_for_type(x509.DNSName) == [NAME]
    uses = leaf.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]  # type: ignore[call-overload]
    again = issue_device(authority.var, DEVICE, asked, authority.at)
    assert again.certificate.serial == issued.certificate.serial, "one key has one certificate"


@pytest.mark.parametrize("curve", ["P-256", "P-384"])
@pytest.mark.parametrize("level", [Level.STANDARD, Level.HIGH])
def test_the_level_says_which_curves_do(curve: str, level: Level) -> None:
    asked, key = certreq.request(NAME, curve)
    if curve == "P-256" and level is Level.HIGH:
        with pytest.raises(LeeboardError, match="on another curve than P-384"):
            requested_key(asked, level)
    else:
        assert requested_key(asked, level) == key.public_key()


def test_one_that_was_changed_on_its_way_is_refused() -> None:
    asked, _key = certreq.request(NAME)
    lines = asked.split(b"\r\n")
    middle = bytearray(lines[3])
    middle[5] = ord("A") if middle[5] != ord("A") else ord("B")
    lines[3] = bytes(middle)
    with pytest.raises(LeeboardError, match="refused"):
        requested_key(b"\r\n".join(lines), Level.HIGH)
