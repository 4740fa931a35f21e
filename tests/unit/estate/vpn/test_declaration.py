"""What a declaration of a VPN refuses: each mistake by file, line and key, with the reason."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.estate.settings import EstateFile, SchoolFile, read_estate_file, read_school_file
from leeboard.estate.vpn.declaration import LONGEST_PLACES
from leeboard.estate.vpn.words import EVERYTHING
from leeboard.model.problem import Problem
from leeboard.policy.load import load
from tests.unit.estate.folders import SHARED
from tests.unit.estate.vpn.declared import OWN, SPLIT, VPN

SCHOOL = 'plugin: leeboard.schools.estate\nurn: "900001"\nname: Hill\nphase: primary\n'
LINES = len(SCHOOL.splitlines())
GATEWAY = '{name: vpn.example-la.example, addresses: [203.0.113.10, "2001:db8::10"]}'


def read(vpn: str) -> SchoolFile | Problem:
    return read_school_file((SCHOOL + vpn).encode(), "school.yml")


def understood(vpn: str) -> SchoolFile:
    found = read(vpn)
    assert isinstance(found, SchoolFile), str(found)
    return found


def test_every_key_is_understood() -> None:
    vpn = understood(VPN).vpn
    assert vpn is not None and vpn.kind == "ikev2" and vpn.authority is None
    assert [(one.name, one.addresses) for one in vpn.gateways] == [
        ("vpn.example-la.example", ("203.0.113.10", "2001:db8::10")),
        ("vpn2.example-la.example", ()),
    ]
    assert vpn.everything and vpn.home == ("10.20.0.0/16",)
    assert vpn.places == "vpn.example-la.example 203.0.113.10 2001:db8::10 vpn2.example-la.example"
    assert vpn.line("kind") == LINES + 2 and vpn.line("routes") == LINES + 7


def test_an_authority_of_the_schools_own() -> None:
    vpn = understood(OWN).vpn
    assert vpn is not None and vpn.authority is not None
    assert (vpn.authority.root, vpn.authority.eku) == ("authority.pem", "1.3.6.1.5.5.7.3.2")


def test_two_halves_are_everything() -> None:
    text = VPN.replace("routes: everything", 'routes: [0.0.0.0/1, 128.0.0.0/1, "::/1", "8000::/1"]')
    vpn = understood(text).vpn
    assert vpn is not None and vpn.routes == EVERYTHING


def test_the_routes_may_be_networks() -> None:
    vpn = understood(SPLIT).vpn
    assert vpn is not None and vpn.routes == ("10.0.0.0/8", "2001:db8:1::/48")


# What is replaced by what in VPN; then line (of the declaration's own), key and words of the refusal.
REFUSED = [
    ("kind: ikev2", "kind: pptp", 2, "kind", "broken long ago, so anybody who listens can read it; write ikev2"),
    ("kind: ikev2", "kind: PPTP", 2, "kind", "broken long ago"),
    ("kind: ikev2", "kind: l2tp", 2, "kind", "on a secret that every laptop shares; write ikev2"),
    ("kind: ikev2", "kind: l2tp-psk", 2, "kind", "on a secret that every laptop shares"),
    ("kind: ikev2", "kind: ikev1", 2, "kind", "what it takes to guess a shared secret"),
    ("kind: ikev2", "kind: sstp", 2, "kind", "only Windows speaks it"),
    ("kind: ikev2", "kind: openvpn", 2, "kind", "sets up no profile of it"),
    ("kind: ikev2", "kind: ipsecc", 2, "kind", "is 'ipsecc': must be ikev2 or wireguard"),
    ("kind: ikev2", "kind: 2", 2, "kind", "must be ikev2 or wireguard"),
    ("kind: ikev2", "kind: ikev2\n  psk: Secret-Word-1", 3, "psk", "is a secret, and whoever takes a laptop has it"),
    ("kind: ikev2", "kind: ikev2\n  secret: Secret-Word-1", 3, "secret", "each device has a certificate of its own"),
    ("kind: ikev2", "kind: ikev2\n  proposals: [aes128-sha1-modp1024]", 3, "proposals", "the level says the suite"),
    ("kind: ikev2", "kind: ikev2\n  gatway: x", 3, "gatway", "is no key that is known here"),
    ("  kind: ikev2\n", "", 1, "kind", "is missing"),
    ("name: vpn.example-la.example, ", "", 4, "gateways.1.name", "is missing"),
    (
        "name: vpn2.example-la.example",
        'name: "*.example-la.example"',
        5,
        "gateways.2.name",
        "could pose as the gateway",
    ),
    ("name: vpn2.example-la.example", "name: vpn2", 5, "gateways.2.name", "must be a full name"),
    ("name: vpn2.example-la.example", "name: 203.0.113.11", 5, "gateways.2.name", "must be a full name"),
    ("name: vpn2.example-la.example", "name: vpn_2.example-la.example", 5, "gateways.2.name", "must be a full name"),
    ("name: vpn2.example-la.example", "name: VPN.example-la.example.", 5, "gateways.2", "stands there already"),
    ("203.0.113.10", "203.0.113.300", 4, "gateways.1.addresses.1", "is '203.0.113.300': must be an address"),
    ("203.0.113.10", "vpn.example-la.example", 4, "gateways.1.addresses.1", "must be an address such as"),
    ("203.0.113.10", "127.0.0.1", 4, "gateways.1.addresses.1", "no laptop could reach that"),
    ("203.0.113.10", "0.0.0.0", 4, "gateways.1.addresses.1", "no laptop could reach that"),
    ("203.0.113.10", "224.0.0.1", 4, "gateways.1.addresses.1", "no laptop could reach that"),
    ("203.0.113.10", '"::ffff:203.0.113.10"', 4, "gateways.1.addresses.1", "no laptop could reach that"),
    (f"    - {GATEWAY}\n    - {{name: vpn2.example-la.example}}", "    []", 3, "gateways", "names none"),
    ("authority: leeboard", "authority: letsencrypt", 6, "authority", "must be leeboard, or have the keys root"),
    ("authority: leeboard", "authority: {issuer: CN=x}", 6, "authority.root", "is missing"),
    ("authority: leeboard", "authority: {root: ../x.pem, issuer: CN=x}", 6, "authority.root", "a file beside this"),
    (
        "authority: leeboard",
        "authority: {root: x.pem, issuer: CN=x, eku: serverAuth}",
        6,
        "authority.eku",
        "can pose as",
    ),
    (
        "authority: leeboard",
        "authority: {root: x.pem, issuer: CN=x, eku: 2.5.29.37.0}",
        6,
        "authority.eku",
        "can pose as",
    ),
    (
        "authority: leeboard",
        "authority: {root: x.pem, issuer: CN=x, eku: client}",
        6,
        "authority.eku",
        "clientAuth, or a",
    ),
    ("authority: leeboard", "authority: {root: x.pem, issuer: CN=x}", 1, "domain", "what devices' names end in"),
    ("  authority: leeboard\n", "", 1, "authority", "is missing: write leeboard, or root, issuer"),
    ("authority: leeboard", "authority: leeboard\n  domain: x.example", 7, "domain", "names end in leeboard.internal"),
    ("routes: everything", "routes: all", 7, "routes", "must be everything, or a list of networks"),
    ("routes: everything", "routes: []", 7, "routes", "names no network"),
    ("routes: everything", "routes: [10.0.0.1/8]", 7, "routes.1", "must be a network"),
    ("routes: everything", "routes: [0.0.0.0/0]", 7, "routes", "lets IPv6 go past it; write everything"),
    ("routes: everything", 'routes: ["::/0", 10.0.0.0/8]', 7, "routes", "lets IPv4 go past it"),
    ("routes: everything", "routes: [0.0.0.0/1, 128.0.0.0/1]", 7, "routes", "lets IPv6 go past it"),
    ("routes: everything", "routes: [10.20.0.0/16]", 8, "dns.servers", "would do nothing on a Linux device"),
    ("servers: [10.20.0.53]", "", 8, "dns.servers", "names are asked for through it too"),
    ("servers: [10.20.0.53]", "servers: [dns]", 8, "dns.servers.1", "must be an address"),
    (
        "53]}",
        "53], domains: [example-la.example]}",
        8,
        "dns.domains",
        "would do nothing: where everything goes through",
    ),
    ("home: [10.20.0.0/16]", "home: [10.20.0.1/16]", 9, "home.1", "must be a network"),
    ("home: [10.20.0.0/16]", "home: [0.0.0.0/0]", 9, "home.1", "would answer hardly anybody"),
    ("home: [10.20.0.0/16]", 'home: [10.20.0.0/16, "2000::/3"]', 9, "home.2", "would answer hardly anybody"),
    ("routes: everything", "routes: everything\n  device_tunnel: [10.20.0.0/16]", 8, "device_tunnel", "have Intune or"),
    (
        "routes: everything",
        "routes: everything\n  always_on: true",
        8,
        "always_on",
        "nothing that a roll-out makes on Windows",
    ),
    ("routes: everything", "routes: everything\n  lockdown: true", 8, "lockdown", "nobody could leave such a tunnel"),
    ("forms: [portable], roles: [exam]", "", 10, "devices", "name nobody"),
    ("forms: [portable]", "forms: [laptop]", 10, "devices.forms.1", "is 'laptop'"),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"), REFUSED, ids=[f"{one[3]}: {one[1]}" for one in REFUSED]
)
def test_a_mistake_names_its_line_and_key(old: str, new: str, line: int, key: str, words: str) -> None:
    assert VPN.count(old) == 1
    found = read(VPN.replace(old, new))
    assert isinstance(found, Problem)
    if words:
        assert (found.file, found.row, found.column) == ("school.yml", LINES + line, f"vpn.{key}"), str(found)
    assert words in str(found) and "Secret-Word" not in str(found) and str(found).isprintable()


@pytest.mark.parametrize(
    ("base", "old", "new", "key", "words"),
    [
        (VPN, "kind: ikev2", "kind: wireguard", "authority", "does not go with WireGuard"),
        (VPN, "home: [10", "inner: [10.20.8.0/24]\n  home: [10", "inner.1", "an address of a machine at school"),
        (VPN, "home: [10", "inner: [10.99.0.0/31]\n  home: [10", "inner.1", "has no addresses to give"),
        (VPN, "home: [10", "inner: [10.99.0.0/24, 10.99.0.0/25]\n  home: [10", "inner.2", "10.99.0.0/24 overlaps it"),
        (VPN, "home: [10", "inner: [203.0.113.0/24]\n  home: [10", "inner.1", "in which a gateway has its address"),
        (SPLIT, "10.0.0.0/8", "10.20.0.0/24", "home.1", "of which the tunnel takes only 10.20.0.0/24"),
        (VPN, "kind: ikev2", "kind: ikev2\n  suite: strong", "suite", "is 'strong'"),
    ],
)  # fmt: skip
def test_two_keys_may_not_contradict_each_other(base: str, old: str, new: str, key: str, words: str) -> None:
    assert base.count(old) == 1
    found = read(base.replace(old, new))
    assert isinstance(found, Problem)
    assert found.column == f"vpn.{key}" and words in str(found), str(found)
    text = (SCHOOL + base.replace(old, new)).splitlines()
    assert found.row is not None and text[found.row - 1].strip().startswith(f"{key.split('.')[0]}:")


def test_gateways_fit_into_the_parameter_that_follows_from_them() -> None:
    assert load().parameters["vpn_gateways"].longest == LONGEST_PLACES
    more = "".join(f"    - {{name: {letter * 60}.{letter * 60}.example}}\n" for letter in "abcdefgh")
    found = read(VPN.replace("  authority: leeboard\n", f"{more}  authority: leeboard\n"))
    assert isinstance(found, Problem) and (found.row, found.column) == (LINES + 3, "vpn.gateways")
    assert "more than 1000 characters of names and addresses" in str(found)


@pytest.mark.parametrize("value", ["", " []", " ikev2", " 7", " false"])
def test_a_declaration_without_keys_is_no_vpn_by_accident(value: str) -> None:
    found = read(f"vpn:{value}\n")
    assert isinstance(found, Problem)
    assert "must hold keys such as kind and gateways, or be none" in str(found)


def test_a_school_may_say_that_it_has_none() -> None:
    found = understood("vpn: none\n")
    assert found.vpn is None and "vpn" in found.model_fields_set


def test_asset_tags_belong_into_a_schools_own_file() -> None:
    text = VPN.replace("roles: [exam]", "names: [A-1]")
    found = read_estate_file((SHARED + text).encode(), "estate.yml")
    assert isinstance(found, Problem)
    assert found.row == len(SHARED.splitlines()) + 10 and found.column == "vpn.devices.names"
    assert "write them under vpn in its school.yml" in str(found)
    assert understood(text).vpn is not None


@pytest.mark.parametrize("variable", ["leeboard_vpn_gateways: vpn.example", "leeboard_vpn: {}"])
def test_what_follows_from_it_is_no_variable_beside_it(variable: str) -> None:
    text = f"{VPN}vars:\n  leeboard_notice_text: x\n  {variable}\n"
    for found in (
        read(text),
        read_estate_file((SHARED + text).encode(), "estate.yml"),
    ):
        assert isinstance(found, Problem), found
        assert variable.split(":")[0] in str(found)
    if "gateways" in variable:
        assert "says in other words what vpn.gateways says; take it out" in str(found)
        assert found.row == len(f"{SHARED}{text}".splitlines())


NETWORKS = st.builds(
    lambda number, length: ipaddress.ip_network((number << (32 - length) & 0xFFFFFFFF, length)),
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
)


@given(st.lists(NETWORKS, min_size=1, max_size=6, unique=True))
def test_a_home_network_is_never_half_of_the_world(networks: list[ipaddress.IPv4Network]) -> None:
    text = VPN.replace("home: [10.20.0.0/16]", f"home: [{', '.join(map(str, networks))}]")
    found = read(text)
    wrong = [one.prefixlen < 8 for one in networks]
    assert isinstance(found, Problem) == any(wrong)
    if isinstance(found, Problem):
        assert found.column == f"vpn.home.{wrong.index(True) + 1}"


@given(st.lists(NETWORKS, min_size=1, max_size=6, unique=True))
def test_routes_are_kept_as_they_are_said(networks: list[ipaddress.IPv4Network]) -> None:
    text = SPLIT.replace('10.0.0.0/8, "2001:db8:1::/48"', f"{', '.join(map(str, networks))}, 10.16.0.0/12")
    found = read(text)
    if isinstance(found, EstateFile | SchoolFile):
        assert found.vpn is not None
        assert found.vpn.routes == (*map(str, networks), "10.16.0.0/12") and not found.vpn.everything
    else:  # all of IPv4 in parts, or a part of the home network
        assert found.column in ("vpn.routes", "vpn.home.1")
