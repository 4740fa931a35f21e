"""What the authority issues, as `openssl verify` and a linter of certificates judge it; each asks by its own code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from leeboard.authority import lists, session
from leeboard.authority.certificates import Registered, issue_device, issue_gateway, revoke_device, revoke_gateway
from leeboard.authority.names import gateway_name
from leeboard.authority.records import Reason
from leeboard.errors import LeeboardError
from leeboard.model.enums import Level
from leeboard.model.vpn_names import device_name
from tests.unit.authority.authorities import (
    BOTH,
    DAY,
    GATEWAY,
    LAPTOP,
    LISTS,
    Authority,
    an_authority,
    head,
    key_of_device,
    request,
)


def openssl(authority: Authority, folder: Path, leaf: str, *options: str) -> tuple[bool, str]:
    """Whether `openssl verify` accepts a certificate below the root, with the published lists; its words."""
    known = authority.known
    (folder / "root.pem").write_text(known.beginning.root.certificate)
    (folder / "issuing.pem").write_text("".join(one.certificate for one in known.issuing))
    (folder / "leaf.pem").write_text(leaf)
    done = lists.sign(authority.var, authority.at)
    for path in done.files:
        text = subprocess.run(
            ["openssl", "crl", "-inform", "DER", "-in", str(path)], check=True, capture_output=True
        ).stdout
        (folder / f"{path.stem}.crl.pem").write_bytes(text)
    crls = [word for path in done.files for word in ("-CRLfile", str(folder / f"{path.stem}.crl.pem"))]
    asked = subprocess.run(
        [
            "openssl", "verify", "-x509_strict", "-crl_check_all", "-attime", str(int(authority.at.timestamp())),
            "-CAfile", str(folder / "root.pem"), "-untrusted", str(folder / "issuing.pem"), *crls, *options,
            str(folder / "leaf.pem"),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return asked.returncode == 0, asked.stdout + asked.stderr


@pytest.mark.parametrize("level", list(Level))
def test_openssl_accepts_what_is_issued_for_its_purpose_and_no_other(tmp_path: Path, level: Level) -> None:
    with an_authority(tmp_path, level, custodians=BOTH) as authority:
        device, gateway = authority.issue().certificate, authority.gateway().certificate
        for pem, purpose, other in ((device.pem, "sslclient", "sslserver"), (gateway.pem, "sslserver", "sslclient")):
            assert openssl(authority, tmp_path, pem, "-purpose", purpose)[0]
            refused, words = openssl(authority, tmp_path, pem, "-purpose", other)
            assert not refused and "unsuitable certificate purpose" in words
        assert openssl(authority, tmp_path, gateway.pem, "-verify_hostname", GATEWAY)[0]
        assert not openssl(authority, tmp_path, gateway.pem, "-verify_hostname", "vpn.other.example")[0]
        assert openssl(authority, tmp_path, device.pem, "-verify_hostname", "lt-014.900001.leeboard.internal")[0]


@pytest.mark.parametrize(
    ("level", "curve", "digest"),
    [
        (Level.STANDARD, "secp256r1", "sha256"),
        (Level.SENSITIVE, "secp384r1", "sha384"),
        (Level.HIGH, "secp384r1", "sha384"),
    ],
)
def test_keys_and_digests_are_those_of_the_level(tmp_path: Path, level: Level, curve: str, digest: str) -> None:
    with an_authority(tmp_path, level, custodians=BOTH) as authority:
        known, issued = authority.known, authority.issue().certificate
        for one in (known.beginning.root, known.current):
            key = one.x509.public_key()
            assert isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == curve
        signed = x509.load_pem_x509_certificate(issued.pem.encode()).signature_hash_algorithm
        assert signed is not None and signed.name == digest


def test_a_high_level_needs_two_custodians(tmp_path: Path) -> None:
    with pytest.raises(LeeboardError, match="level high needs envelopes for 2 custodians, and the vault has 1"):
        an_authority(tmp_path, Level.HIGH).__enter__()
    assert not list((tmp_path / "var").glob("authority/keys/*"))


def test_names_come_from_the_register_and_nothing_from_the_request(authority: Authority) -> None:
    key = key_of_device()
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vpn.school.example")]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("vpn.school.example")]), critical=False)
    )
    asked = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    issued = x509.load_pem_x509_certificate(
        issue_device(authority.var, LAPTOP, asked, authority.at).certificate.pem.encode()
    )
    assert issued.subject.rfc4514_string() == "CN=lt-014.900001.leeboard.internal"
    extensions = issued.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["lt-014.900001.leeboard.internal"]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        x509.ExtendedKeyUsageOID.CLIENT_AUTH
    ]
    assert issued.public_key() == key.public_key()
    points = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [name.value for point in points for name in point.full_name or ()] == [
        f"{LISTS}/{authority.known.current.id}.crl"
    ]


def test_a_gateway_has_the_name_that_clients_use_and_the_use_that_windows_looks_for(authority: Authority) -> None:
    issued = x509.load_pem_x509_certificate(authority.gateway().certificate.pem.encode())
    uses = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [use.dotted_string for use in uses] == ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.8.2.2"]
    by_address = issue_gateway(authority.var, "192.0.2.7", request(key_of_device()), authority.at)
    names = x509.load_pem_x509_certificate(by_address.certificate.pem.encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(one) for one in names.value.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]


def test_the_same_key_gets_the_same_certificate_until_it_is_due(authority: Authority) -> None:
    key = key_of_device()
    first, again = authority.issue(key=key), authority.issue(key=key)
    assert again.again and again.certificate == first.certificate
    authority.at = first.certificate.due(authority.at)
    renewed = authority.issue(key=key)
    assert not renewed.again and renewed.certificate.serial != first.certificate.serial
    assert first.certificate.valid(authority.at)


def test_a_key_of_another_device_is_refused(authority: Authority) -> None:
    key = key_of_device()
    authority.issue(key=key)
    with pytest.raises(LeeboardError, match=r"its key has a certificate of 900001 LT-014; .* \(a cloned disk\?\)"):
        authority.issue(Registered("900001", "LT-015"), key)
    with pytest.raises(LeeboardError, match="its key has a certificate of 900001 LT-014"):
        issue_gateway(authority.var, GATEWAY, request(key), authority.at)
    assert len(authority.known.gateways) == 0


def test_a_revoked_certificate_is_refused_and_its_key_gets_no_other(authority: Authority, tmp_path: Path) -> None:
    key = key_of_device()
    pem = authority.issue(key=key).certificate.pem
    other = authority.issue(Registered("900001", "LT-015")).certificate.pem
    gone = revoke_device(authority.var, "900001", "LT-014", Reason.STOLEN, authority.at)
    assert [one.pem for one in gone.certificates] == [pem]
    accepted, words = openssl(authority, tmp_path, pem)
    assert not accepted and "certificate revoked" in words
    assert openssl(authority, tmp_path, other)[0]
    with pytest.raises(LeeboardError, match="a certificate for this key was revoked; make a new key"):
        authority.issue(key=key)
    with pytest.raises(LeeboardError, match="LT-014: has no certificate that still counts"):
        revoke_device(authority.var, "900001", "LT-014", Reason.STOLEN, authority.at)
    assert openssl(authority, tmp_path, authority.issue().certificate.pem)[0]


def test_a_list_that_has_ended_and_one_that_is_missing_are_refused(authority: Authority, tmp_path: Path) -> None:
    pem = authority.issue().certificate.pem
    assert openssl(authority, tmp_path, pem)[0]
    late = str(int((authority.at + 5 * DAY).timestamp()))
    accepted, words = openssl(authority, tmp_path, pem, "-attime", late)
    assert not accepted and "CRL has expired" in words
    three_nights = str(int((authority.at + 4 * DAY).timestamp()))
    assert openssl(authority, tmp_path, pem, "-attime", three_nights)[0]


def test_a_list_stays_with_a_certificate_for_a_week_after_its_end(authority: Authority) -> None:
    certificate = authority.issue().certificate
    revoke_device(authority.var, "900001", "LT-014", Reason.LOST, authority.at)
    for at, named in ((certificate.ends + 6 * DAY, 1), (certificate.ends + 8 * DAY, 0)):
        assert lists.sign(authority.var, at).revoked == named


def test_numbers_of_lists_grow_also_by_a_clock_that_was_put_back(authority: Authority) -> None:
    numbers = []
    for at in (authority.at, authority.at, authority.at - 30 * DAY, authority.at + DAY):
        for path in lists.sign(authority.var, at).files[1:]:
            found = x509.load_der_x509_crl(path.read_bytes()).extensions.get_extension_for_class(x509.CRLNumber)
            numbers.append(found.value.crl_number)
    assert numbers == sorted(set(numbers))


def test_the_next_issuing_authority_leaves_what_was_issued_valid(authority: Authority, tmp_path: Path) -> None:
    key = key_of_device()
    before = authority.issue(key=key).certificate
    authority.at += 300 * DAY
    gateway = authority.gateway().certificate
    session.renew(authority.var, head(), authority.at)
    known = authority.known
    assert len(known.alive(authority.at)) == 2 and before.issuer != known.current.id
    assert openssl(authority, tmp_path, gateway.pem)[0]
    after = authority.issue().certificate
    assert after.issuer == known.current.id and openssl(authority, tmp_path, after.pem)[0]
    authority.at += 66 * DAY
    assert [one.id for one in authority.known.alive(authority.at)] == [known.current.id]


def test_a_stolen_issuing_key_is_revoked_and_devices_renew(authority: Authority, tmp_path: Path) -> None:
    """The rehearsal of docs/vpn-authority.md: what the thief signs counts no more, and each device comes back."""
    key = key_of_device()
    before = authority.issue(key=key).certificate
    gateway = authority.gateway().certificate
    stolen = authority.known.current
    authority.at += DAY
    session.renew(authority.var, head(), authority.at, revoke=Reason.STOLEN)
    for pem in (before.pem, gateway.pem):
        accepted, words = openssl(authority, tmp_path, pem)
        assert not accepted and ("certificate revoked" in words or "unable to get certificate CRL" in words)
    assert not (authority.var / "authority/keys" / f"{stolen.id}.pem").exists()
    renewed = authority.issue(key=key)
    assert not renewed.again and openssl(authority, tmp_path, renewed.certificate.pem)[0]
    assert openssl(authority, tmp_path, authority.gateway().certificate.pem)[0]
    root = x509.load_der_x509_crl(bytes.fromhex(authority.known.root_list))
    assert root.get_revoked_certificate_by_serial_number(stolen.x509.serial_number) is not None


def test_an_authority_near_its_end_issues_nothing(authority: Authority) -> None:
    authority.at += 359 * DAY
    with pytest.raises(LeeboardError, match="and so would this certificate; a custodian makes the next one"):
        authority.issue()
    authority.at += 7 * DAY
    with pytest.raises(LeeboardError, match=r"ended on .*; a custodian makes the next one with leeboard vpn renew"):
        authority.issue()


def test_revoke_a_gateway(authority: Authority, tmp_path: Path) -> None:
    pem = authority.gateway().certificate.pem
    revoke_gateway(authority.var, GATEWAY, Reason.REPLACED, authority.at)
    assert "certificate revoked" in openssl(authority, tmp_path, pem)[1]


@pytest.mark.parametrize(
    ("asset", "name"),
    [
        ("LT-014", "lt-014.900001.leeboard.internal"),
        ("EP 0001", "ep-0001--743a01df2b8c.900001.leeboard.internal"),
        ("ep.0001", None),
        ("EP_0001", None),
        ("x" * 64, None),
        ("ep-0001--743a01df2b8c", None),
    ],
)
def test_each_tag_has_a_name_of_its_own(asset: str, name: str | None) -> None:
    found = device_name("900001", asset)
    assert len(found) <= 64 and (name is None or found == name)
    others = [
        "LT-014",
        "EP 0001",
        "ep.0001",
        "EP_0001",
        "x" * 64,
        "x" * 63,
        "ep-0001",
        "ep-0001--743a01df2b8c",
        "EP 0001",
    ]
    assert found not in [device_name("900001", one) for one in others if one != asset]


@pytest.mark.parametrize("name", ["vpn", "vpn.school.example.", "*.school.example", "vpn school", "a" * 65 + ".b", ""])
def test_a_gateway_needs_a_name_in_full(name: str) -> None:
    with pytest.raises(LeeboardError, match="is neither a host name in full"):
        gateway_name(name)


def test_rsa_of_3072_bits_is_taken(authority: Authority) -> None:
    key = rsa.generate_private_key(65537, 3072)
    issued = issue_device(authority.var, LAPTOP, request(key), authority.at)
    assert x509.load_pem_x509_certificate(issued.certificate.pem.encode()).public_key() == key.public_key()
