"""The school's own tunnel between two machines: what goes through it, what never goes beside it, and who is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from leeboard.authority.gateways import strongswan
from leeboard.authority.gateways.wanted import Wanted
from leeboard.model.enums import Level
from tests.vm.authority import SERVER, Authority
from tests.vm.machine import Machine
from tests.vm.vpn import (
    ASK,
    AWAY,
    ELSEWHERE,
    GATEWAY,
    INSIDE,
    LAPTOP,
    READ,
    READ_CERTIFICATE,
    TUNNEL,
    Gateway,
    Laptop,
    pair,
)

pytestmark = pytest.mark.full  # two emulated machines: minutes each
# What the gateway has of a network in which nobody else is, and that network.
BEHIND = ("198.19.9.9", "198.19.0.0/16")
ANSWERS_NOTHING = """
table inet silent {
  chain out {
    type filter hook output priority 0;
    ip daddr 10.99.0.0/24 drop
    ip6 daddr 2001:db8:99::/120 drop
  }
}
"""
AGREED = ("AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384", "ESP:AES_GCM_16-256")


@pytest.fixture
def ends(new_machine: Callable[..., Machine], tmp_path: Path) -> tuple[Gateway, Laptop]:
    gateway, laptop = pair(new_machine, tmp_path, Authority())
    return gateway, laptop


def begin(laptop: Laptop) -> None:
    assert laptop.gets() == [True, ""]
    left_out, after = laptop.does(TUNNEL, tunnel=laptop.words(), run="lab-run")
    assert left_out == {} and after["running"]["value"] == after["effective"]["value"], after


def through_and_not_beside(gateway: Gateway, laptop: Laptop) -> None:
    before = gateway.counted()
    for address in INSIDE:
        assert laptop.reaches(address), address
    after = gateway.counted()
    assert after["esp"] > before["esp"] and after["other"] == before["other"]


def a_minute_on_the_wire(gateway: Gateway, laptop: Laptop) -> None:
    """All that a laptop sends for a minute, questions for names among it, goes through the tunnel."""
    before, began = gateway.counted(), time.monotonic()
    while time.monotonic() < began + 60:
        for address in INSIDE:
            assert laptop.reaches(address), address
        laptop.machine.root("timeout 3 getent hosts www.example.org; ping -c 1 -W 1 192.0.2.77", check=False)
    after = gateway.counted()
    assert after["esp"] > before["esp"] + 20 and after["other"] == before["other"]


def test_both_families_go_through_it_and_it_comes_back_by_itself(ends: tuple[Gateway, Laptop]) -> None:
    gateway, laptop = ends
    gateway.offers()
    begin(laptop)
    found = laptop.waits_for_the_tunnel()
    assert all(words in found for words in AGREED), found
    through_and_not_beside(gateway, laptop)
    # networkd takes away what it did not make; charon's rule, routes and addresses stay.
    laptop.machine.root("networkctl reload; networkctl reconfigure eth1; sleep 6")
    through_and_not_beside(gateway, laptop)
    laptop.machine.reboot()
    laptop.waits_for_the_tunnel()
    through_and_not_beside(gateway, laptop)
    assert laptop.does(READ)["running"]["value"] == " ".join(sorted(laptop.words().split()))
    (certificate,) = laptop.does(READ_CERTIFICATE)["effective"]["value"]
    assert " is valid from " in certificate


def test_names_are_asked_of_the_school_while_the_tunnel_is_up_and_nearby_while_it_is_not(
    ends: tuple[Gateway, Laptop],
) -> None:
    gateway, laptop = ends
    nearby = ("192.0.2.53", "2001:db8:1::53")
    gateway.machine.root(f"ip addr add {nearby[0]}/24 dev eth1; ip addr add {nearby[1]}/64 dev eth1 nodad")
    gateway.answers_names(INSIDE[0], *nearby)
    assert laptop.is_told(nearby[0]) == nearby[0], "before there is a tunnel"
    gateway.offers()
    assert laptop.gets() == [True, ""]
    left_out, after = laptop.does(TUNNEL, tunnel=laptop.words(dns=INSIDE[0]), run="lab-run")
    assert left_out == {} and after["running"]["value"] == after["effective"]["value"], after
    laptop.waits_for_the_tunnel()
    before = gateway.counted()
    assert laptop.is_told(nearby[0]) == INSIDE[0] and laptop.is_told(INSIDE[0]) == INSIDE[0]
    assert laptop.is_told(nearby[1]) == "" and laptop.is_told("fe80::1%eth1") == "", "IPv6 has no server"
    assert gateway.counted()["other"] == before["other"]
    laptop.machine.reboot()
    laptop.waits_for_the_tunnel()
    assert laptop.is_told(nearby[0]) == INSIDE[0]
    gateway.machine.root("systemctl stop strongswan")
    laptop.machine.root("swanctl --terminate --ike leeboard --force --timeout 5 2>/dev/null", check=False)
    assert laptop.is_told(nearby[0]) == nearby[0], "a hotel's sign-in page has a name"


def test_a_laptop_has_its_tunnel_away_and_none_where_the_gateway_does_not_answer(ends: tuple[Gateway, Laptop]) -> None:
    gateway, laptop = ends
    gateway.offers()
    begin(laptop)
    laptop.waits_for_the_tunnel()
    home = Wanted("", Level.STANDARD, root=None, issuing=(), home=("192.0.2.0/24", "2001:db8:1::/64"))  # type: ignore[arg-type]
    gateway.answers_all_but(strongswan.home(home))
    # It was at home when the gateway began not to answer there, as a laptop that comes with its tunnel up.
    laptop.waits_for_no_tunnel()
    before = gateway.counted()
    assert laptop.reaches(INSIDE[0]) and gateway.counted()["other"] > before["other"]
    assert not laptop.reaches(INSIDE[1]), "global IPv6 goes through the tunnel or nowhere"
    laptop.moves(ELSEWHERE)
    laptop.waits_for_the_tunnel()
    before = gateway.counted()
    assert laptop.reaches(INSIDE[0]) and gateway.counted()["other"] == before["other"]
    laptop.moves(AWAY)
    laptop.waits_for_no_tunnel()
    laptop.machine.reboot()
    laptop.waits_for_no_tunnel()


def test_a_gateway_without_ipv6_lets_none_go_beside_it(ends: tuple[Gateway, Laptop]) -> None:
    gateway, laptop = ends
    gateway.offers(pools="four")
    begin(laptop)
    laptop.waits_for_the_tunnel()
    assert laptop.reaches(INSIDE[0])
    before = gateway.counted()
    assert not laptop.reaches(INSIDE[1])
    assert gateway.counted()["other"] == before["other"]


def test_gateways_that_are_not_the_schools_are_refused(ends: tuple[Gateway, Laptop]) -> None:
    gateway, laptop = ends
    authority = gateway.authority
    gateway.offers()
    gone = authority.issue(GATEWAY, SERVER)
    assert laptop.gets(revoked=authority.revoked(gone[0])) == [True, ""]
    laptop.does(TUNNEL, tunnel=laptop.words(), run="lab-run")
    laptop.waits_for_the_tunnel()
    gateway.offers(suite=("aes128-sha256-modp2048", "aes128-sha256"))
    assert "NO_PROPOSAL_CHOSEN" in laptop.fails_to_begin()
    gateway.offers(name="other.school.example")
    # It is asked for by its name, and has none of that name.
    assert "AUTHENTICATION_FAILED" in laptop.fails_to_begin()
    gateway.offers(authority.issue(GATEWAY, SERVER, last=timedelta(hours=-1)))
    assert "subject certificate invalid" in laptop.fails_to_begin(), "expired"
    gateway.offers(Authority("Somebody else").issue(GATEWAY, SERVER))
    assert "no issuer certificate found" in laptop.fails_to_begin()
    gateway.offers(gone)
    assert "certificate was revoked" in laptop.fails_to_begin()
    gateway.offers()
    laptop.waits_for_the_tunnel()  # and the right one again, by itself


def test_a_renewal_under_a_running_tunnel_that_fails_leaves_the_old_one_and_one_that_succeeds_does_not(
    ends: tuple[Gateway, Laptop],
) -> None:
    gateway, laptop = ends
    gateway.offers()
    begin(laptop)
    laptop.waits_for_the_tunnel()
    (old,) = laptop.machine.root("ls /etc/swanctl/x509").stdout.split()
    # The new one is on the gateway's list: it is refused there, and the old one is not.
    request = laptop.does(
        'print(json.dumps(certificate_request.request(host, given["name"], "P-384")[1]))', name=LAPTOP
    )
    refused = gateway.authority.sign(request, LAPTOP)
    gateway.machine.put(gateway.authority.revoked(refused).encode(), "/etc/swanctl/x509crl/list.pem")
    gateway.machine.root("swanctl --load-creds --clear --noprompt")
    changed, why = laptop.gets(refused)
    assert not changed and "the old one stays" in why
    assert laptop.machine.root("ls /etc/swanctl/x509 /etc/swanctl/private").stdout.split().count(old) == 2
    laptop.waits_for_the_tunnel()
    through_and_not_beside(gateway, laptop)
    # The next one is on no list: it takes the old one's place as soon as something came in by it.
    used = f"while sleep 2; do timeout 5 head -c 4 < /dev/tcp/{INSIDE[0]}/22; done"
    laptop.machine.root(f"systemd-run -q bash -c '{used}'")
    assert laptop.gets() == [True, ""]
    (new,) = laptop.machine.root("ls /etc/swanctl/x509").stdout.split()
    assert new != old and laptop.machine.root("ls /etc/swanctl/private").stdout.split() == [new]
    laptop.waits_for_the_tunnel()
    a_minute_on_the_wire(gateway, laptop)


def test_a_certificate_is_renewed_in_a_tunnel_that_nobody_uses(ends: tuple[Gateway, Laptop]) -> None:
    gateway, laptop = ends
    gateway.machine.root(f"ip addr add {BEHIND[0]}/32 dev lo")
    gateway.answers_names(INSIDE[0])
    gateway.offers()
    assert laptop.gets() == [True, ""]
    names = [laptop.machine.root("ls /etc/swanctl/x509").stdout]

    def is_renewed() -> bool:
        names.append(laptop.machine.root("ls /etc/swanctl/x509").stdout)
        return names[-1] != names[-2]

    # The school's server for names is asked.
    left_out, _after = laptop.does(TUNNEL, tunnel=laptop.words(dns=INSIDE[0]), run="lab-run")
    assert left_out == {}
    laptop.waits_for_the_tunnel()
    before = gateway.counted()
    assert laptop.gets() == [True, ""] and is_renewed()
    assert gateway.counted()["other"] == before["other"]
    # Where nothing comes back the old one stays, however often the server is asked.
    gateway.machine.root("nft -f -", input=ANSWERS_NOTHING)
    changed, why = laptop.gets()
    assert not changed and f"no traffic within its time; {INSIDE[0]} did not answer by it" in why and not is_renewed()
    gateway.machine.root("nft delete table inet silent")
    # By a tunnel to some networks the gateway answers for one in which nobody is.
    some = laptop.words().replace("to:0.0.0.0/0 to:::/0", f"to:{BEHIND[1]}")
    left_out, _after = laptop.does(TUNNEL, tunnel=some, run="lab-run-2")
    assert left_out == {}
    laptop.waits_for_the_tunnel()
    assert laptop.gets() == [True, ""] and is_renewed()
    laptop.waits_for_the_tunnel()


def test_a_list_that_is_missing_or_past_its_end_does_what_the_export_says(ends: tuple[Gateway, Laptop]) -> None:
    gateway, laptop = ends
    authority = gateway.authority
    gateway.offers()
    own = authority.sign(laptop.does(ASK, name=LAPTOP), LAPTOP)
    assert laptop.gets(own) == [True, ""]
    laptop.does(TUNNEL, tunnel=laptop.words(), run="lab-run")
    laptop.waits_for_the_tunnel()  # relaxed, and without any list
    gateway.offers(revocation="strict")
    assert "AUTHENTICATION_FAILED" in laptop.fails_to_begin(), "strict, and without any list"
    gateway.offers(revocation="strict", revoked=authority.revoked())
    laptop.waits_for_the_tunnel()
    gateway.offers(revocation="strict", revoked=authority.revoked(ended=True))
    assert "AUTHENTICATION_FAILED" in laptop.fails_to_begin(), "strict, and with a list past its end"
    gateway.offers(revoked=authority.revoked(ended=True))
    laptop.waits_for_the_tunnel()
    gateway.offers(revoked=authority.revoked(own, ended=True))
    assert "AUTHENTICATION_FAILED" in laptop.fails_to_begin(), "a name in a list counts after the list's end as well"
    gateway.offers(revoked=authority.revoked())
    laptop.waits_for_the_tunnel()
    # It is revoked while it is connected, and the gateway ends its tunnel as its page says.
    gateway.machine.put(authority.revoked(own).encode(), "/etc/swanctl/x509crl/list.pem")
    gateway.machine.root(
        "swanctl --load-creds --clear --noprompt; swanctl --flush-certs; swanctl --terminate --ike road"
    )
    assert "AUTHENTICATION_FAILED" in laptop.fails_to_begin()
    assert not laptop.reaches(INSIDE[1])


def test_a_link_that_was_gone_for_ten_minutes(ends: tuple[Gateway, Laptop]) -> None:
    gateway, laptop = ends
    gateway.offers()
    begin(laptop)
    laptop.waits_for_the_tunnel()
    gateway.loses_the_link(600)
    laptop.waits_for_the_tunnel()
    through_and_not_beside(gateway, laptop)


@pytest.mark.parametrize("orderly", [True, False], ids=["restart", "power cut"])
def test_the_gateway_is_restarted_as_a_machine(ends: tuple[Gateway, Laptop], orderly: bool) -> None:
    """The laptop is told of an orderly end; of a power cut it learns from a peer that is dead."""
    gateway, laptop = ends
    gateway.offers()
    begin(laptop)
    before = laptop.waits_for_the_tunnel()
    through_and_not_beside(gateway, laptop)
    gateway.restarts(orderly)
    laptop.waits_for_another_tunnel(before)
    through_and_not_beside(gateway, laptop)
