"""A request of the form that certreq writes is signed by our authority, as any other: the register decides, not it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from leeboard.authority.certificates import Registered, issue_device
from leeboard.authority.request import requested_key
from leeboard.errors import LeeboardError
from leeboard.model.enums import Level, Platform
from tests.unit.authority import certreq
from tests.unit.authority.authorities import Authority, an_authority

DEVICE = Registered("900001", "LT-014", Platform.WINDOWS)
NAME = "lt-014.900001.leeboard.internal"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority of its own."""
    with an_authority(tmp_path_factory.mktemp("authority")) as made:
        yield made


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


def test_the_device_asks_for_what_this_form_stands_for() -> None:
    """The file that certreq is given names just the extensions and curves of this form."""
    folder = Path(__file__).resolve().parents[3] / "plugins/module_utils/_windows/vpn"
    text = (folder / "CertificateRequest.psm1").read_text("utf-8")
    for word in ("2.5.29.17", "2.5.29.37", "KeyUsage = 0x80", "ECDSA_P384", "ECDSA_P256", "Exportable = FALSE"):
        assert word in text
