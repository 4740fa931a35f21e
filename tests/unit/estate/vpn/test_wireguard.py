"""WireGuard in a declaration: what it has to say, what is refused, and what a device is told of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from leeboard.estate.estate import read_estate
from leeboard.estate.settings import SchoolFile, read_school_file
from leeboard.estate.vpn import addresses, allotting
from leeboard.model.problem import Problem
from leeboard.model.vpn_told import tunnel
from tests.unit.estate.vpn.declared import (
    GATEWAY_KEY,
    OTHER_KEY,
    ROWS,
    VPN,
    WIREGUARD,
    WIREGUARD_SPLIT,
    an_estate,
)
from tests.unit.estate.vpn.test_of_school import the_school

SCHOOL = 'plugin: leeboard.schools.estate\nurn: "900001"\nname: Hill\nphase: primary\n'
LINES = len(SCHOOL.splitlines())
KEY = f', public_key: "{GATEWAY_KEY}"'
TODAY = date(2026, 11, 26)


def read(vpn: str) -> SchoolFile | Problem:
    return read_school_file((SCHOOL + vpn).encode(), "school.yml")


@pytest.mark.parametrize("text", [WIREGUARD, WIREGUARD_SPLIT, WIREGUARD.replace(", port: 51821", "")])
def test_it_is_understood(text: str) -> None:
    found = read(text)
    assert isinstance(found, SchoolFile) and found.vpn is not None, str(found)
    (gateway,) = found.vpn.gateways
    assert (gateway.public_key, gateway.port) == (GATEWAY_KEY, 51821 if "port:" in text else 51820)


# What is replaced by what, then line (of the declaration's own), key and words of the refusal.
REFUSED = [
    (KEY, "", 4, "gateways.1.public_key", "is missing: what wg pubkey prints at the gateway"),
    (GATEWAY_KEY, GATEWAY_KEY[:-1], 4, "gateways.1.public_key", "44 characters that end in ="),
    (GATEWAY_KEY, GATEWAY_KEY.replace("AQE=", "AQF="), 4, "gateways.1.public_key", "44 characters that end in ="),
    (GATEWAY_KEY, f"{'A' * 43}=", 4, "gateways.1.public_key", "all zeros"),
    (KEY, f'{KEY}, private_key: "{OTHER_KEY}"', 4, "gateways.1.private_key", "never leaves its machine"),
    (KEY, f'{KEY}, preshared_key: "{OTHER_KEY}"', 4, "gateways.1.preshared_key", "is a secret"),
    ("port: 51821", "port: 0", 4, "gateways.1.port", "greater than or equal to 1"),
    ("addresses: [203.0.113.10], ", "", 4, "gateways.1.addresses", "looks a name up once"),
    ("  inner: [10.99.0.0/24]\n", "", 1, "inner", "is missing: networks such as"),
    ("inner: [10.99.0.0/24]", "inner: [10.99.0.0/31]", 7, "inner.1", "has no addresses to give"),
    ("servers: [10.20.0.53]", 'servers: ["2001:db8::53"]', 6, "dns.servers.1", "no addresses of its family"),
    ("  dns: {servers: [10.20.0.53]}\n", "", 1, "dns.servers", "names are asked for through it too"),
    ("everything", "[10.20.0.0/16]", 6, "dns.servers", "would do nothing on a Linux device"),
    ("  dns:", "  home: [10.20.0.0/16]\n  dns:", 6, "home", "answers whoever has a key, from everywhere"),
    ("  dns:", "  suite: high\n  dns:", 6, "suite", "neither certificates nor suites"),
    ("  dns:", "  authority: leeboard\n  dns:", 6, "authority", "neither certificates nor suites"),
]


@pytest.mark.parametrize(("old", "new", "line", "key", "words"), REFUSED)
def test_a_mistake_is_named_by_line_and_key(old: str, new: str, line: int, key: str, words: str) -> None:
    assert WIREGUARD.count(old) == 1
    found = read(WIREGUARD.replace(old, new))
    assert isinstance(found, Problem)
    assert (found.row, found.column) == (LINES + line, f"vpn.{key}") and words in str(found), str(found)
    assert OTHER_KEY not in str(found)


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ("[203.0.113.0/24]", "take the gateway's own address 203.0.113.10 into the tunnel (203.0.113.0/24)"),
        ('["2001:db8:5::/48"]', "inner no addresses of its family to speak from"),
    ],
)
def test_routes_that_could_not_be(routes: str, words: str) -> None:
    found = read(WIREGUARD_SPLIT.replace("[10.20.0.0/16]", routes))
    assert isinstance(found, Problem) and found.column == "vpn.routes" and words in str(found), str(found)


@pytest.mark.parametrize("key", ["public_key", "port"])
def test_what_is_wireguards_does_nothing_for_ikev2(key: str) -> None:
    value = {"public_key": f'"{GATEWAY_KEY}"', "port": "51820"}[key]
    found = read(VPN.replace("vpn2.example-la.example", f"vpn2.example-la.example, {key}: {value}"))
    assert isinstance(found, Problem) and found.column == f"vpn.gateways.2.{key}", str(found)


def give_addresses(file: Path) -> None:
    (allotted,) = allotting.allot(read_estate(file, TODAY).schools, TODAY)
    addresses.write(allotted.folder, allotted.ledger)


def told(file: Path) -> dict[str, Any]:
    school = read_estate(file, TODAY).schools[0]
    return {one.asset: school.own_variables(one).get("leeboard_vpn") for one in school.devices}


def test_a_device_is_told_once_it_has_an_address_of_its_own(tmp_path: Path) -> None:
    file = an_estate(tmp_path, WIREGUARD, more="level: sensitive\n")
    assert set(told(file).values()) == {None}
    give_addresses(file)
    found = told(file)
    # A 3 has Windows and is of level high, A-2 a desktop of the office, A-5 of platform other.
    assert {asset for asset, one in found.items() if one} == {"A-1", "A-4"}
    assert found["A-1"] == {
        "kind": "wireguard",
        "gateways": [
            {
                "name": "vpn.example-la.example", "addresses": ["203.0.113.10"], "public_key": GATEWAY_KEY,
                "port": 51821,
            }
        ],
        "routes": ["0.0.0.0/0", "::/0"],
        "dns": {"servers": ["10.20.0.53"]},
        "inner": ["10.99.0.2"],
        "identity": "a-1.900001.leeboard.internal",
    }  # fmt: skip
    school = the_school(file, problems=1)  # of A 3, whose level asks for more
    assert school.own_variables(school.devices[0])["leeboard_inner_address"] == "10.99.0.2"
    assert sorted(tunnel(found["A-1"]).split()) == sorted(
        f"wireguard:vpn.example-la.example@203.0.113.10 to:0.0.0.0/0 to:::/0 dns:10.20.0.53 inner:10.99.0.2 port:51821 "
        f"key:{GATEWAY_KEY}".split()
    )


def test_windows_has_none_of_it(tmp_path: Path) -> None:
    rows = ROWS.replace("lt-1,192.0.2.1,linux", "lt-1,192.0.2.1,windows").replace(",high,", ",,")
    file = an_estate(tmp_path, WIREGUARD, rows, more="level: sensitive\n")
    give_addresses(file)
    assert {asset for asset, one in told(file).items() if one} == {"A-4"}


@pytest.mark.parametrize(
    ("level", "text", "key", "words"),
    [
        ("high", WIREGUARD, "kind", "is 'wireguard': the level asks for ikev2 (REM-01)"),
        ("sensitive", WIREGUARD_SPLIT, "routes", "lets traffic past the tunnel"),
        ("sensitive", WIREGUARD, "", ""),
        ("standard", WIREGUARD_SPLIT, "", ""),
    ],
)
def test_what_a_level_does_not_allow_is_refused_by_file_line_and_key(
    tmp_path: Path, level: str, text: str, key: str, words: str
) -> None:
    rows = "A-1,lt-1,192.0.2.1,linux,portable,staff_portable,,\n"
    file = an_estate(tmp_path, text, rows, more=f"level: {level}\n")
    problems = read_estate(file, TODAY).problems
    if not key:
        assert problems == ()
        return
    (problem,) = problems
    lines = file.read_text().splitlines()
    assert problem.column == f"vpn.{key}" and words in str(problem) and str(file) in str(problem)
    assert problem.row is not None and lines[problem.row - 1].strip().startswith(f"{key}:")
    # What is refused gets no address either.
    (allotted,) = allotting.allot(read_estate(file, TODAY).schools, TODAY)
    assert allotted.peers == ()
