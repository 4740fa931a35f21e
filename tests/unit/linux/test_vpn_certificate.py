"""The device's own certificate for the VPN: its key, what came back from the authority, and the change from old to new.

openssl is the real one. charon is a double; a real one: tests/vm/test_vpn.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import ChangeRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.certificate import (
    install as certificate_install,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.certificate import pair as certificate
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.certificate import (
    request as certificate_request,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.certificate.install import Given
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import names as tunnel_names
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2.traffic import Question
from cryptography import x509

from tests.unit.linux.folder import folder
from tests.unit.linux.test_vpn_tunnel import openssl
from tests.vm.authority import CLIENT, DAY, SERVER, Authority

NAME = "lt-014.school.example"
AUTHORITY, FOREIGN = Authority(), Authority()
SA = """list-sa event {{
  leeboard {{
    uniqueid = {}
    state = ESTABLISHED
    child-sas {{
      leeboard-1 {{
        name = leeboard
        state = INSTALLED
        bytes-in = {}
        remote-ts = [
          {}
        ]
      }}
    }}
    local-vips = [
      10.99.0.2
    ]
  }}
}}
list-sas reply {{
}}
"""


class Charon:
    """A double of swanctl and its charon. `signs_in` and `carries` say what a sign-in with the new pair comes to.

    Where `used` is false nobody speaks through the tunnel but who is `asked`, and whoever is in `answers` answers.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.signs_in, self.carries, self.up, self.used = True, True, True, True
        self.answers: set[str] = set()
        self.asked: list[Question] = []
        self.through = "0.0.0.0/0 ::/0"
        self.number = 1
        self.loaded: list[tuple[str, list[str]]] = []  # (from which folder, the certificates and keys in it)

    def __call__(self, argv: list[str], input: str, timeout: float, environment: dict[str, str]) -> Completed:
        if argv[0] in ("openssl", "sh"):
            return openssl(argv, input)
        if "--load-creds" in argv:
            place = environment.get("SWANCTL_DIR", f"{self.root}/etc/swanctl")
            self.loaded.append((place, _pairs(place)))
            return Completed(0, "", "")
        if "--rekey" in argv:
            self.number += self.signs_in
            return Completed(0, "", "")
        if "--list-sas" in argv:
            answered = self.used or any(one.address in self.answers for one in self.asked)
            moved = self.number == 1 or (self.carries and answered)
            through = "\n          ".join(self.through.split())
            said = SA.format(self.number, 90 if moved else 0, through) if self.up else "list-sas reply {\n}\n"
            return Completed(0, said, "")
        raise AssertionError(f"nobody asks {argv}")


class Clock:
    """A clock that a wait moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def _pairs(place: str) -> list[str]:
    """The files of certificates and keys in a folder of swanctl, links followed to what they lead to."""
    found = []
    for part in ("x509", "private"):
        for name in sorted(os.listdir(f"{place}/{part}")):
            found.append(f"{part}/{name}")
            assert Path(place, part, name).read_text().startswith("-----BEGIN ")
    return found


@pytest.fixture
def device(tmp_path: Path) -> Iterator[tuple[Host, Charon]]:
    charon = Charon(tmp_path)
    files = {"/etc/swanctl/swanctl.conf": "", "/run/charon.vici": ""}
    for part in ("x509", "private", "x509ca", "x509crl"):
        (tmp_path / "etc/swanctl" / part).mkdir(parents=True)
    yield folder(tmp_path, {**files}, charon), charon


def renewed(host: Host, **parts: Any) -> Given:
    """What the authority sends for a new key of the device."""
    request = certificate_request.request(host, NAME, "P-384")[1]
    return Given(AUTHORITY.sign(request, NAME, **parts), [AUTHORITY.certificate])


def put(host: Host, given: Given, clock: Clock | None = None) -> tuple[bool, str]:
    certificate_install.install(host, given, NAME, False)
    runner: Any = host._runner
    return certificate_install.settle(host, "leeboard", clock or Clock(_now()), patience=5, ask=runner.asked.append)


def _now() -> float:
    return time.time()


def kept(host: Host) -> list[str]:
    return _pairs(host.path("/etc/swanctl"))


def test_the_key_is_made_once_is_roots_alone_and_is_in_no_answer(device: tuple[Host, Charon]) -> None:
    host, _charon = device
    made, request = certificate_request.request(host, NAME, "P-384")
    path = host.path(certificate_request.NEXT_KEY)
    assert made and os.stat(path).st_mode & 0o777 == 0o600
    assert os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o700
    again, second = certificate_request.request(host, NAME, "P-384")
    first_key, second_key = (x509.load_pem_x509_csr(text.encode()).public_key() for text in (request, second))
    assert not again and first_key == second_key
    assert "PRIVATE" not in request
    names = x509.load_pem_x509_csr(request.encode()).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == [NAME]


@pytest.mark.full
def test_a_key_that_somebody_could_have_read_is_not_used(device: tuple[Host, Charon]) -> None:
    host, _charon = device
    first = certificate_request.request(host, NAME, "P-384")[1]
    os.chmod(host.path(certificate_request.NEXT_KEY), 0o640)
    made, second = certificate_request.request(host, NAME, "P-384")
    keys = [x509.load_pem_x509_csr(text.encode()).public_key() for text in (first, second)]
    assert made and keys[0] != keys[1]


@pytest.mark.parametrize("name", ["lt 014", "lt-014/CN=root", "", "lt-014\nx", "-x.example"])
def test_a_name_that_is_none_is_refused(device: tuple[Host, Charon], name: str) -> None:
    host, _charon = device
    with pytest.raises(ChangeRefused, match="is no name such as"):
        certificate_request.request(host, name, "P-384")
    assert not host.exists(certificate_request.NEXT_KEY)


def test_the_first_certificate_goes_in_at_once(device: tuple[Host, Charon]) -> None:
    host, charon = device
    assert certificate.usable(host, NAME, _now()) == f"this device has no certificate for {NAME}"
    host.forget()
    assert put(host, renewed(host)) == (True, "")
    [one] = certificate.ours(host)
    assert kept(host) == [f"x509/{Path(one.path).name}", f"private/{Path(one.path).name}"]
    assert os.stat(host.path(certificate.same_name(one.path))).st_mode & 0o777 == 0o600
    assert certificate.usable(host, NAME, _now()) == ""
    assert charon.loaded[-1] == (host.path("/etc/swanctl"), kept(host))
    assert sorted(os.listdir(host.path(certificate_request.FOLDER))) == ["authorities.pem", "chain.pem"]


def test_what_the_authority_sends_is_checked_and_changes_nothing_when_it_is_wrong(device: tuple[Host, Charon]) -> None:
    host, _charon = device
    request = certificate_request.request(host, NAME, "P-384")[1]
    other, _key = AUTHORITY.issue(NAME, CLIENT)
    good = AUTHORITY.sign(request, NAME)
    wrong = {
        "is for another key than the one that was made here": Given(other, [AUTHORITY.certificate]),
        "is for lt-015.school.example, not for": Given(
            AUTHORITY.sign(request, "lt-015.school.example"), [AUTHORITY.certificate]
        ),
        "the certificate does not hold: .*(unsuitable|purpose)": Given(
            AUTHORITY.sign(request, NAME, SERVER), [AUTHORITY.certificate]
        ),
        "the certificate does not hold: .*expired": Given(
            AUTHORITY.sign(request, NAME, last=timedelta(hours=-1)), [AUTHORITY.certificate]
        ),
        "the certificate does not hold: .*not yet valid": Given(
            AUTHORITY.sign(request, NAME, first=DAY), [AUTHORITY.certificate]
        ),
        "the certificate does not hold: .*(issuer|signature)": Given(good, [FOREIGN.certificate]),
        "the authority sent no certificate": Given("", [AUTHORITY.certificate]),
        "or not its own": Given(good, []),
    }
    for words, given in wrong.items():
        with pytest.raises(ChangeRefused, match=words):
            certificate_install.install(host, given, NAME, False)
        host.forget()
    assert kept(host) == [] and host.entries("/etc/swanctl/x509ca") == []
    assert certificate_install.settle(host, "leeboard") == (False, "")


def test_the_old_pair_goes_when_the_new_one_has_carried_traffic(device: tuple[Host, Charon]) -> None:
    host, charon = device
    put(host, renewed(host))
    old = kept(host)
    charon.loaded.clear()
    assert put(host, renewed(host)) == (True, "")
    new = kept(host)
    assert len(new) == 2 and not set(old) & set(new)
    trial, final = charon.loaded[-2:]
    assert trial[0] == host.path(certificate_install.TRIAL) and trial[1] == new
    assert final == (host.path("/etc/swanctl"), new)
    assert not os.path.lexists(host.path(certificate_install.TRIAL))


@pytest.mark.parametrize(
    ("part", "words"), [("signs_in", "no traffic"), pytest.param("carries", "no traffic", marks=pytest.mark.full)]
)
def test_a_renewal_that_fails_leaves_the_old_pair_and_is_tried_again(
    device: tuple[Host, Charon], part: str, words: str
) -> None:
    host, charon = device
    put(host, renewed(host))
    old = kept(host)
    setattr(charon, part, False)
    changed, why = put(host, renewed(host))
    assert not changed and words in why and "the old one stays" in why
    assert kept(host) == old and charon.loaded[-1] == (host.path("/etc/swanctl"), old)
    assert not os.path.lexists(host.path(certificate_install.TRIAL))
    setattr(charon, part, True)
    assert certificate_install.settle(host, "leeboard", Clock(_now()), patience=5) == (True, "")
    assert not set(old) & set(kept(host))


def test_in_a_tunnel_that_nobody_uses_the_name_server_is_asked_until_it_answers(device: tuple[Host, Charon]) -> None:
    host, charon = device
    put(host, renewed(host))
    old = kept(host)
    charon.used = False
    Path(host.path(tunnel_names.RULES)).write_text(tunnel_names.rules(("10.20.0.53", "2001:db8::53", "10.20.0.54")))
    changed, why = put(host, renewed(host))
    assert not changed and "no traffic within its time; 10.20.0.53 did not answer by it" in why
    # The gateway gave no address of IPv6, so a question by it would go beside the tunnel.
    assert set(charon.asked) == {Question("10.20.0.53", "10.99.0.2")} and len(charon.asked) > 3 and kept(host) == old
    charon.answers = {"10.20.0.53"}
    charon.asked.clear()
    assert put(host, renewed(host)) == (True, "") and len(charon.asked) == 1
    assert not set(old) & set(kept(host))


def test_by_a_tunnel_to_some_networks_their_first_addresses_are_asked_and_the_gateway(
    device: tuple[Host, Charon],
) -> None:
    host, charon = device
    put(host, renewed(host))
    charon.used, charon.through, charon.answers = False, "10.21.5.7/32 10.20.0.0/16", {"10.20.0.1"}
    assert put(host, renewed(host)) == (True, "")
    assert charon.asked == [
        Question(address, "10.99.0.2", hops) for address in ("10.20.0.1", "10.21.5.7") for hops in (0, 1)
    ]


def test_nobody_is_asked_before_the_new_one_has_signed_in(device: tuple[Host, Charon]) -> None:
    host, charon = device
    put(host, renewed(host))
    charon.used = charon.signs_in = False
    charon.through = "10.20.0.0/16"
    changed, why = put(host, renewed(host))
    assert not changed and "it signed in nowhere" in why and charon.asked == []


@pytest.mark.parametrize("days", [3, pytest.param(33, marks=pytest.mark.full)])
def test_without_a_tunnel_the_new_one_waits_while_the_old_one_holds_for_a_month(
    device: tuple[Host, Charon], days: int
) -> None:
    host, charon = device
    put(host, renewed(host, last=32 * DAY))
    old = kept(host)
    charon.up = False
    changed, why = put(host, renewed(host, last=90 * DAY))
    assert not changed and "waits until the tunnel is up" in why and kept(host) == old
    soon = Clock(_now() + 86400)
    assert certificate_install.settle(host, "leeboard", soon)[0] is False and kept(host) == old
    later = Clock(_now() + days * 86400)
    assert certificate_install.settle(host, "leeboard", later) == (True, "")
    assert not set(old) & set(kept(host))


def test_an_old_one_that_ended_under_a_tunnel_that_is_still_up_is_nothing_to_lose(device: tuple[Host, Charon]) -> None:
    host, charon = device
    put(host, renewed(host, last=DAY))
    old = kept(host)
    charon.carries = False
    certificate_install.install(host, renewed(host, last=90 * DAY), NAME, False)
    assert certificate_install.settle(host, "leeboard", Clock(_now() + 2 * 86400), patience=5) == (True, "")
    assert not set(old) & set(kept(host))


@pytest.mark.full
def test_one_that_does_not_prove_itself_stays_out_however_late_it_is(device: tuple[Host, Charon]) -> None:
    host, charon = device
    put(host, renewed(host, last=2 * DAY))
    old = kept(host)
    charon.carries = False
    assert put(host, renewed(host, last=90 * DAY))[0] is False and kept(host) == old


@pytest.mark.full
def test_the_same_answer_twice_changes_nothing_the_second_time(device: tuple[Host, Charon]) -> None:
    host, _charon = device
    given = renewed(host)
    put(host, given)
    before = kept(host)
    assert certificate_install.install(host, given, NAME, False) is False
    assert certificate_install.settle(host, "leeboard") == (False, "")
    assert kept(host) == before


def test_check_mode_says_what_would_come_and_writes_nothing_to_charon(device: tuple[Host, Charon]) -> None:
    host, charon = device
    assert certificate_install.install(host, renewed(host), NAME, True) is True
    assert kept(host) == [] and not charon.loaded and not host.exists(certificate_install.NEXT)
    assert host.entries("/etc/swanctl/x509ca") == []


@pytest.mark.full
def test_a_schools_own_are_chosen_by_issuer_and_purpose(device: tuple[Host, Charon]) -> None:
    host, _charon = device
    made = {
        "good": AUTHORITY.issue(NAME, CLIENT),
        "server": AUTHORITY.issue(NAME, SERVER),
        "other": AUTHORITY.issue("lt-015.school.example", CLIENT),
        "foreign": Authority("Somebody").issue(NAME, CLIENT),
    }
    for name, (pem, key) in made.items():
        Path(host.path(f"/etc/swanctl/x509/{name}.pem")).write_text(pem)
        Path(host.path(f"/etc/swanctl/private/{name}.pem")).write_text(key)
    found = certificate.of_a_school(host, NAME, "CN=Test authority", certificate.CLIENT)
    assert [one.path for one in found] == ["/etc/swanctl/x509/good.pem"]
    assert certificate.wrong(host, found[0], _now()) == ""
    assert "has ended" in certificate.wrong(host, found[0], _now() + 11 * 86400)
    os.unlink(host.path("/etc/swanctl/private/good.pem"))
    host.forget()
    assert "has no key" in certificate.wrong(host, found[0], _now())
