"""What the nightly check reads of the device's own VPN certificate, and what that comes to on the controller.

openssl is the real one; the authority signs with none of Leeboard's own code (tests/vm/authority.py).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn import driver as vpn
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.certificate import pair as certificate
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.certificate import state as certificate_state
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from leeboard.verdict.judgements.registry import derive
from tests.unit.estate.vpn import declared
from tests.unit.estate.vpn.declared import ISSUING
from tests.unit.linux.folder import effective
from tests.unit.linux.test_vpn_tunnel import AUTHORITY, MAIN, NAME, OURS, THERE, machine
from tests.vm.authority import CLIENT, DAY, SERVER, Authority

X509, PRIVATE = "/etc/swanctl/x509", "/etc/swanctl/private"
FOREIGN = Authority("Somebody")
OWN = "leeboard-vpn-0123456789abcdef.pem"


def device(root: Path, pairs: dict[str, tuple[str, str]], files: dict[str, str | None] | None = None) -> Host:
    """A machine with our tunnel and these pairs of certificate and key, an empty key for one that is not there."""
    more: dict[str, str | None] = {f"{X509}/{name}": pem for name, (pem, _key) in pairs.items()}
    more |= {f"{PRIVATE}/{name}": key for name, (_pem, key) in pairs.items() if key}
    host = machine(root, {**THERE, **more, **(files or {})})
    for place in (X509, PRIVATE):
        os.unlink(root / place.lstrip("/") / "a.pem")
    return host


def said(host: Host) -> list[str]:
    aspect = effective(vpn, host, "certificate")
    assert aspect["state"] == "value", aspect
    texts: list[str] = aspect["value"]
    return texts


def days(texts: list[str], later: timedelta = timedelta(0)) -> tuple[Any, str]:
    """(the days that are left, in which words) as the controller says it."""
    answer = derive("days_left", texts, {}, datetime.now(UTC) + later)
    return answer.value, answer.grounds


def test_a_good_certificate_is_said_with_its_period_and_the_controller_counts(tmp_path: Path) -> None:
    host = device(tmp_path, {OWN: AUTHORITY.issue(NAME, CLIENT, last=40 * DAY + DAY / 2)})
    [text] = said(host)
    assert text.startswith(f"{X509}/{OWN} is valid from 20")
    assert days([text])[0] == 40
    assert days([text], 11 * DAY)[0] == 29
    left, words = days([text], 41 * DAY)
    assert left == 0 and f"{OWN} ran out on " in words


def test_one_that_does_not_hold_yet_is_no_days(tmp_path: Path) -> None:
    host = device(tmp_path, {OWN: AUTHORITY.issue(NAME, CLIENT, first=DAY, last=90 * DAY)})
    left, words = days(said(host))
    assert left == 0 and "holds only from" in words


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        pytest.param(AUTHORITY.issue("lt-015.school.example", CLIENT), f"is for lt-015.school.example, not for {NAME}",
                     id="another laptop's name"),
        pytest.param(FOREIGN.issue(NAME, CLIENT), "is of CN=Somebody, and of no authority that the tunnel trusts",
                     id="an unknown issuer"),
        pytest.param(AUTHORITY.issue(NAME, SERVER), "is not for client authentication", id="a server's"),
        pytest.param((AUTHORITY.issue(NAME, CLIENT)[0], ""), f"has no key in {PRIVATE}", id="without a key"),
        pytest.param((AUTHORITY.issue(NAME, CLIENT)[0], AUTHORITY.issue(NAME, CLIENT)[1]), "has no key",
                     id="the key of another"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_is_no_days(tmp_path: Path, pair: tuple[str, str], words: str) -> None:
    [text] = said(device(tmp_path, {OWN: pair}))
    assert text.startswith(f"{X509}/{OWN} ") and words in text
    assert days([text]) == (0, text)


def test_an_authority_of_the_same_name_and_another_key_is_unknown(tmp_path: Path) -> None:
    [text] = said(device(tmp_path, {OWN: Authority("Test authority").issue(NAME, CLIENT)}))
    assert "of no authority that the tunnel trusts" in text


def test_an_authority_that_lies_there_and_that_the_tunnel_does_not_name_is_unknown(tmp_path: Path) -> None:
    files = {"/etc/swanctl/x509ca/somebody.pem": FOREIGN.certificate}
    [text] = said(device(tmp_path, {OWN: FOREIGN.issue(NAME, CLIENT)}, files))
    assert "is of CN=Somebody, and of no authority that the tunnel trusts" in text


def test_an_authority_between_the_root_and_the_device_is_followed(tmp_path: Path) -> None:
    """The tunnel trusts the root alone, and issuing authorities lie beside it."""
    root, issuing = declared.chain()
    leaf = declared.pem(
        declared.certificate("lt-014", declared.key("leaf"), (ISSUING, declared.key(ISSUING)), ca=False)
    )
    digest = x509.load_pem_x509_certificate(root.encode()).fingerprint(SHA256()).hex()
    files = {f"{X509}/school.pem": leaf, f"/etc/swanctl/x509ca/leeboard-{digest}.pem": root}
    without = machine(tmp_path / "without", files)
    with_it = machine(tmp_path / "with", {**files, "/etc/swanctl/x509ca/leeboard-issuing.pem": issuing})
    one = certificate.look(with_it, leaf, f"{X509}/school.pem")
    assert certificate_state.not_signed(with_it, one, (digest,)) == ""
    assert "of no authority that the tunnel trusts" in certificate_state.not_signed(without, one, (digest,))


def test_no_certificate_at_all(tmp_path: Path) -> None:
    assert said(device(tmp_path, {})) == [f"there is no certificate for {NAME} in {X509}"]


def test_every_certificate_that_charon_may_take_has_to_hold(tmp_path: Path) -> None:
    good, ended = AUTHORITY.issue(NAME, CLIENT, last=90 * DAY), AUTHORITY.issue(NAME, CLIENT, -9 * DAY, -DAY)
    texts = said(device(tmp_path, {"a-school.pem": good, "b-school.pem": ended}))
    left, words = days(texts)
    assert len(texts) == 2 and left == 0 and "b-school.pem ran out on " in words
    # One without its key is passed over, by charon and here.
    texts = said(device(tmp_path / "without", {"a-school.pem": good, "b-school.pem": (ended[0], "")}))
    assert len(texts) == 1 and days(texts)[0] == 89


def test_a_certificate_of_another_laptop_beside_a_good_one_is_said(tmp_path: Path) -> None:
    other = AUTHORITY.issue("lt-015.school.example", CLIENT)
    texts = said(device(tmp_path, {OWN: AUTHORITY.issue(NAME, CLIENT), "leeboard-vpn-00000000000000ff.pem": other}))
    assert len(texts) == 2 and days(texts)[0] == 0 and "lt-015.school.example" in days(texts)[1]
    # What others put there for other names is not charon's to take for this device.
    texts = said(device(tmp_path / "own", {OWN: AUTHORITY.issue(NAME, CLIENT), "gateway.pem": other}))
    assert len(texts) == 1 and days(texts)[0] > 0


def test_der_is_read_as_charon_reads_it(tmp_path: Path) -> None:
    pem, key = AUTHORITY.issue(NAME, CLIENT)
    host = device(tmp_path, {}, {f"{PRIVATE}/school.pem": key})
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    (tmp_path / X509.lstrip("/") / "school.crt").write_bytes(der)
    [text] = said(host)
    assert text.startswith(f"{X509}/school.crt is valid from")
    assert [one.path for one in certificate.of_a_school(host, NAME, "CN=Test authority", certificate.CLIENT)]
    assert certificate.usable(host, NAME, datetime.now(UTC).timestamp()) == ""


def test_names_mind_no_capitals(tmp_path: Path) -> None:
    [text] = said(device(tmp_path, {"school.pem": AUTHORITY.issue(NAME.upper(), CLIENT)}))
    assert " is valid from " in text


def test_the_clock_of_the_device_decides_nothing(tmp_path: Path) -> None:
    """Ended for the device as well: what is said is the period, and no word of openssl's own clock."""
    [text] = said(device(tmp_path, {OWN: AUTHORITY.issue(NAME, CLIENT, -9 * DAY, -DAY)}))
    assert " is valid from " in text


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("-----BEGIN CERTIFICATE-----\nMIIB\n", id="cut off"),
        pytest.param("", id="empty"),
        pytest.param("\x30\x82", id="cut off DER"),
        pytest.param("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", id="no certificate within"),
    ],
)
def test_a_damaged_file_is_unreadable(tmp_path: Path, content: str) -> None:
    host = device(tmp_path, {OWN: (content, "")})
    aspect = effective(vpn, host, "certificate")
    assert (aspect["state"], aspect["code"]) == ("unreadable", "malformed"), aspect


def test_one_of_a_school_that_is_cut_off_is_not_simply_missing(tmp_path: Path) -> None:
    pem, key = AUTHORITY.issue(NAME, CLIENT)
    aspect = effective(vpn, device(tmp_path, {"school.pem": (pem[:200], key)}), "certificate")
    assert (aspect["state"], aspect["code"]) == ("unreadable", "malformed"), aspect


def test_what_may_not_be_read_or_is_not_answered_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = device(tmp_path, {OWN: AUTHORITY.issue(NAME, CLIENT)})
    runner = host._runner

    def broken(argv: list[str], *rest: Any) -> Completed:
        return Completed(1, "", "Segmentation fault") if argv[1:2] == ["verify"] else runner(argv, *rest)

    monkeypatch.setattr(host, "_runner", broken)
    aspect = effective(vpn, host, "certificate")
    assert (aspect["state"], aspect["code"]) == ("unreadable", "failed")

    def refused(_name: str) -> list[str]:
        raise HostError("needs_root", f"{X509} may not be listed by this account")

    host.forget()
    monkeypatch.setattr(host, "entries", refused)
    assert effective(vpn, host, "certificate")["code"] == "needs_root"


def test_without_the_authority_nothing_is_believed(tmp_path: Path) -> None:
    host = device(tmp_path, {OWN: AUTHORITY.issue(NAME, CLIENT)})
    os.unlink(host.path(f"/etc/swanctl/x509ca/leeboard-{AUTHORITY.sha256}.pem"))
    [text] = said(host)
    assert "which is not in /etc/swanctl/x509ca" in text and days([text])[0] == 0


def test_without_our_tunnel_there_is_nothing_to_prove(tmp_path: Path) -> None:
    assert effective(vpn, machine(tmp_path), "certificate")["state"] == "absent"
    host = device(tmp_path / "unread", {OWN: AUTHORITY.issue(NAME, CLIENT)},
                  {"/etc/swanctl/swanctl.conf": MAIN.partition("include")[0]})  # fmt: skip
    assert "is not read by swanctl" in said(host)[0] and OURS


def test_nothing_of_a_key_is_in_the_reading(tmp_path: Path) -> None:
    pem, key = AUTHORITY.issue(NAME, CLIENT)
    text = str(vpn.observe(device(tmp_path, {OWN: (pem, key)}), ["certificate"]))
    assert not any(line in text for line in key.splitlines()[1:-1])
