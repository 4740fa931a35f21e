"""estate.yml and school.yml: what is understood, and how a mistake names its key and line."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.estate.settings import SchoolFile, families, read_estate_file, read_school_file
from leeboard.model.problem import Problem
from leeboard.storage.yaml_reader import Tagged

ROOT = Path(__file__).resolve().parents[3]
SCHOOL = """\
plugin: leeboard.schools.estate
urn: "900001"
name: Example Primary School
phase: primary
laestab: "999/2001"
predecessors: ["900009"]
level: standard
reachable: true
contacts:
  - {post: Head teacher, email: head@example-primary.example}
network:
  subnets: [192.0.2.0/24]
  jump_host: technician@jump.example-primary.example
  proxy: ""
vault: vault.yml
connection:
  linux: {type: ssh, user: technician, port: 22, become: true}
  windows: {type: winrm, port: 5986, transport: kerberos, realm: EXAMPLE.SCHOOL, user: "", ca: /etc/leeboard/ca.pem}
enforce:
  - {family: LCK, since: 2026-11-26, by: A post or name}
vars: {leeboard_notice_text: Hello}
"""


def school(text: str) -> SchoolFile:
    found = read_school_file(text.encode(), "school.yml")
    assert isinstance(found, SchoolFile), str(found)
    return found


def problem(text: str) -> str:
    found = read_school_file(text.encode(), "school.yml")
    assert isinstance(found, Problem)
    assert str(found).isprintable()
    return str(found)


def test_the_school_of_the_decision_is_understood() -> None:
    found = school(SCHOOL)
    assert (found.urn, found.phase, found.predecessors) == ("900001", "primary", ("900009",))
    assert found.network.jump_host == "technician@jump.example-primary.example"
    assert found.connection.windows.realm == "EXAMPLE.SCHOOL"
    assert [(one.family, one.since) for one in found.enforce] == [("LCK", date(2026, 11, 26))]
    assert found.vars == {"leeboard_notice_text": "Hello"}


def test_little_is_enough_and_a_urn_needs_no_quotes() -> None:
    found = school("plugin: leeboard.schools.estate\nurn: 900001\nname: A\nphase: All-through\n")
    assert (found.urn, found.phase, found.level, found.reachable) == ("900001", "all_through", None, True)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('urn: "900001"', "urn: 9001", "school.yml, line 2, urn: "),
        ('urn: "900001"', 'urn: "90000x"', "school.yml, line 2, urn: is '90000x': a school's URN has six digits"),
        ("predecessors: [", "predecessors: x\nz: [", "line 6, predecessors: must be a list"),
        ("name: Example Primary School", "name: 7", "line 3, name: must be text"),
        ("phase: primary", "phase: infant", "line 4, phase: is 'infant': "),
        ("level: standard", "level: hgih", "line 7, level: is 'hgih': "),
        ("level: standard", "lvel: standard", "line 7, lvel: is no key that is known here"),
        ("name: Example Primary School\n", "", "name: is missing"),
        ("192.0.2.0/24", "192.0.2.1/24", "line 12, network.subnets.1: is '192.0.2.1/24': must be a network"),
        ("technician@jump", "-oProxyCommand=x@jump", "network.jump_host: is '-oProxyCommand=x@jump"),
        ("technician@jump", "a b@jump", "network.jump_host: is "),
        ('proxy: ""', 'proxy: "http://me:secret-word@proxy.example:3128"', "network.proxy: must be an address such as"),
        ("vault: vault.yml", "vault: ../../etc/passwd", "vault: is '../../etc/passwd': must be the name of a file"),
        (
            "family: LCK",
            "family: LKC",
            f"line 20, enforce.1.family: is 'LKC': must be one of the families {families()[0]}",
        ),
        ("by: A post or name", "by: ''", "enforce.1.by: is '': must not be empty"),
        ("leeboard_notice_text", "leeboard_level", "vars: leeboard_level does not belong here"),
        (
            "{leeboard_notice_text: Hello}",
            "\n  leeboard_notice_text: Hello\n  leeboard_remove_vpn_profiles: strays",
            "line 23, vars.leeboard_remove_vpn_profiles: is now leeboard_vpn_profiles, for Linux and Windows alike",
        ),
        ("leeboard_notice_text", '"a b"', "vars: 'a b' is no name of a variable"),
        ("vars: {leeboard_notice_text: Hello}", "vars: ansible_password=secret-word", "line 21, vars: must hold keys"),
        ("realm: EXAMPLE.SCHOOL", "password: secret-word", "connection.windows.password: is no key"),
        ("vars: {", "level: high\nvars: {", "school.yml, line 21, level: stands there twice"),
        ("laestab: ", "laestab: [", "school.yml, line "),
        ("name: Example Primary School", "name: !vault x", "line 3, name: holds an encrypted value"),
        ("name: Example Primary School", "name: !!python/object:os.system x", "is no YAML"),
        ("since: 2026-11-26", "since: 2026-11-31", "value that makes no sense"),
        (
            "leeboard_notice_text: Hello",
            "leeboard_management_networks: [10.20.0.0/16,\n  10.20.0.1/16]",
            "school.yml, line 22, vars.leeboard_management_networks.2: is '10.20.0.1/16': must be a network",
        ),
        (
            "leeboard_notice_text: Hello",
            "leeboard_firewall_allow: [{port: 443,\n  protocol: icmp, why: x}]",
            "school.yml, line 22, vars.leeboard_firewall_allow.1.protocol: must be tcp or udp",
        ),
        ("name: Example Primary School", 'name: "a\\e[2J"', "name: is 'a\\x1b[2J': must be one line"),
    ],
)
def test_a_mistake_names_its_key_and_line(old: str, new: str, words: str) -> None:
    assert old in SCHOOL
    found = problem(SCHOOL.replace(old, new, 1))
    assert words in found
    assert "secret-word" not in found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a",
        "plugin: other",
        "vars: &a {b: *a}",
        "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\n"
        "d: &d [*c, *c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d, *d, *d, *d, *d]\n",
        "[" * 5000,
        "\t",
        "a: b: c",
        "? [a, b]\n: c",
        "a: !!timestamp x",
        "a: !!bool x",
        "a: !!int ''",
        "a: !!float x",
        "!!binary x",
        "!!set {a}",
        "plugin: leeboard.schools.estate\nurn: 0x" + "f" * 100_000,
        "plugin: leeboard.schools.estate\nurn: " + "9" * 5000,
        "plugin: leeboard.schools.estate\nurn: .nan",
    ],
)
def test_what_makes_no_sense_is_one_problem(text: str) -> None:
    assert problem(text).startswith("school.yml")


def test_what_only_ansible_reads_is_left_to_it() -> None:
    found = school(
        SCHOOL.replace("leeboard_notice_text: Hello", "ansible_password: !vault |\n    $ANSIBLE_VAULT;1.1")
        .replace("vars: {", "vars: \n  ")
        .replace("1.1}", "1.1")
    )
    assert found.vars == {"ansible_password": Tagged("!vault")}


def test_a_firewall_that_ansible_fills_in_is_left_to_it() -> None:
    text = "vars: {leeboard_management_networks: '{{ ours }}', leeboard_firewall_allow: [{port: '{{ door }}'}]}"
    assert school(re.sub(r"(?m)^vars: .*$", lambda _line: text, SCHOOL)).vars["leeboard_management_networks"]


def test_an_estate_shares() -> None:
    found = read_estate_file(b"plugin: leeboard.schools.estate\nname: Example LA\nlevel: high\n", "estate.yml")
    assert not isinstance(found, Problem)
    assert (found.name, found.level) == ("Example LA", "high")
    wrong = read_estate_file(b"plugin: leeboard.schools.estate\nurn: 1\n", "estate.yml")
    assert isinstance(wrong, Problem)


def test_families_are_those_of_the_baseline() -> None:
    assert families() == tuple(sorted(one.stem for one in (ROOT / "leeboard/baselines/controls").glob("*.yml")))


@given(st.binary(max_size=300))
def test_no_bytes_are_too_strange(content: bytes) -> None:
    found = read_school_file(content, "school.yml")
    assert isinstance(found, Problem)
    assert str(found).isprintable()


@given(st.integers(0, len(SCHOOL) - 1), st.binary(max_size=6))
def test_a_damaged_school_is_a_school_or_one_problem(place: int, put: bytes) -> None:
    content = SCHOOL.encode()
    found = read_school_file(content[:place] + put + content[place + len(put) :], "school.yml")
    assert isinstance(found, SchoolFile | Problem)
    assert str(found)
