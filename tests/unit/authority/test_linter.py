"""Certificates and lists of an authority, as a linter of RFC 5280 sees them (pkilint); it knows nothing of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from leeboard.authority import lists, session
from leeboard.authority.certificates import issue_device, revoke_device
from leeboard.authority.records import Reason
from leeboard.model.enums import Level
from tests.unit.authority.authorities import BOTH, LAPTOP, Authority, an_authority, head, request

lint_crl = pytest.importorskip("pkilint.bin.lint_crl", reason="needs pkilint")
lint_pkix_cert = pytest.importorskip("pkilint.bin.lint_pkix_cert", reason="needs pkilint")


def findings(main: object, path: Path, *options: str) -> int:
    """How many warnings and worse a linter has."""
    assert callable(main)
    return int(main(["lint", *options, "-s", "NOTICE", str(path)]))


@pytest.mark.parametrize("level", list(Level))
def test_the_linter_has_nothing_to_say(tmp_path: Path, level: Level) -> None:
    """Of each kind of certificate, and of lists with and without a line, the root's among them."""
    with an_authority(tmp_path, level, custodians=BOTH) as authority:
        device, gateway = authority.issue().certificate, authority.gateway().certificate
        with_rsa = issue_device(authority.var, LAPTOP, request(rsa.generate_private_key(65537, 3072)), authority.at)
        by_address = [authority.gateway(name).certificate.pem for name in ("192.0.2.7", "2001:db8::7")]
        revoke_device(authority.var, "900001", "LT-014", Reason.STOLEN, authority.at)
        listed(authority)
        known = session.renew(authority.var, head(), authority.at, revoke=Reason.STOLEN)
        listed(authority)
        authorities = [known.beginning.root.certificate, *(one.certificate for one in known.issuing)]
        assert len(authorities) == 3
        certificates = [device.pem, gateway.pem, with_rsa.certificate.pem, *by_address, *authorities]
        for number, pem in enumerate(certificates):
            (tmp_path / f"{number}.pem").write_text(pem)
            assert findings(lint_pkix_cert.main, tmp_path / f"{number}.pem") == 0, pem


def listed(authority: Authority) -> None:
    """The linter has nothing to say of the lists as they are signed now; one of them has a line."""
    paths = lists.sign(authority.var, authority.at).files
    assert any(list(x509.load_der_x509_crl(path.read_bytes())) for path in paths)
    for path, kind in zip(paths, ("ARL", "CRL"), strict=True):
        assert findings(lint_crl.main, path, "-t", kind, "-p", "PKIX") == 0, path.name


def test_the_linter_would_have_something_to_say(authority: Authority, tmp_path: Path) -> None:
    whole = x509.load_pem_x509_certificate(authority.issue().certificate.pem.encode()).public_bytes(Encoding.DER)
    # Key usage with the bit of an authority, in a certificate that is none.
    mark = bytes.fromhex("0603551d0f0101ff0404030207")
    assert whole.count(mark) == 1
    (tmp_path / "bad.der").write_bytes(whole.replace(mark + b"\x80", mark[:-1] + b"\x02\x84"))
    assert findings(lint_pkix_cert.main, tmp_path / "bad.der") > 0
