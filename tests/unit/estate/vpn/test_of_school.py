"""What a declaration comes to in a school: who is told of the VPN, what, and what is below a level's minimum."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.estate.estate import Estate, School, read_estate
from leeboard.estate.vpn import reading
from leeboard.model.enums import LEVELS
from tests.unit.estate.folders import add_estate, add_school
from tests.unit.estate.vpn.declared import (
    DAY,
    ISSUING,
    OWN,
    SPLIT,
    VPN,
    WIREGUARD,
    add_authority,
    an_estate,
    chain,
)

SUITES = {
    "standard": {"ike": ["aes128gcm16-prfsha256-ecp256"], "esp": ["aes128gcm16-ecp256"]},
    "high": {"ike": ["aes256gcm16-prfsha384-ecp384"], "esp": ["aes256gcm16-ecp384"]},
}


def read(file: Path) -> Estate:
    return read_estate(file, DAY)


def the_school(file: Path, problems: int = 0) -> School:
    found = read(file)
    assert len(found.problems) == problems, [str(one) for one in found.problems]
    return found.schools[0]


def told(school: School) -> dict[str, Any]:
    variables = {row.asset: school.own_variables(row).get("leeboard_vpn") for row in school.devices}
    return {asset: value for asset, value in variables.items() if value is not None}


def test_who_has_it_is_told_and_nobody_else(tmp_path: Path) -> None:
    school = the_school(an_estate(tmp_path))
    found = told(school)
    assert list(found) == ["A-1", "A 3", "A-4"]
    assert found["A-1"] == {
        "kind": "ikev2",
        "gateways": [
            {"name": "vpn.example-la.example", "addresses": ["203.0.113.10", "2001:db8::10"]},
            {"name": "vpn2.example-la.example", "addresses": []},
        ],
        "suites": SUITES["standard"],
        "authority": {
            "kind": "leeboard",
            "certificates": list(chain()),
            "issuer": f"CN={ISSUING}",
            "eku": "1.3.6.1.5.5.7.3.2",
        },
        "routes": ["0.0.0.0/0", "::/0"],
        "dns": {"servers": ["10.20.0.53"]},
        "home": ["10.20.0.0/16"],
        "identity": "a-1.900001.leeboard.internal",
    }
    assert {asset: one["suites"] for asset, one in found.items()} == {
        "A-1": SUITES["standard"], "A 3": SUITES["high"], "A-4": SUITES["standard"],
    }  # fmt: skip
    assert json.loads(json.dumps(found)) == found


def test_names_in_certificates_are_told_apart(tmp_path: Path) -> None:
    rows = "".join(
        f"{tag},h{n},,linux,portable,office,,\n" for n, tag in enumerate(["A 3", "A.3", "A_3", "A-3", "A--3"])
    )
    names = [one["identity"] for one in told(the_school(an_estate(tmp_path, rows=rows))).values()]
    assert len(set(names)) == 5
    assert all(len(name) <= 64 and name.endswith(".900001.leeboard.internal") and "_" not in name for name in names)


def test_gateways_are_a_variable_of_the_school(tmp_path: Path) -> None:
    school = the_school(an_estate(tmp_path))
    row = school.devices[0]
    wanted = "vpn.example-la.example 203.0.113.10 2001:db8::10 vpn2.example-la.example"
    assert school.device_variables(row)["leeboard_vpn_gateways"] == wanted
    origins = school.origins(row)
    assert origins["leeboard_vpn_gateways"] == origins["leeboard_vpn"] == "estate.yml"
    assert origins.keys() == school.device_variables(row).keys()
    assert "leeboard_vpn" not in school.origins(school.devices[1])


def test_a_schools_own_declaration_takes_the_place_of_the_estates(tmp_path: Path) -> None:
    file = an_estate(tmp_path, more=VPN.replace("vpn.example-la", "vpn.hill"))
    add_authority(tmp_path / "hill")
    add_school(tmp_path / "mill", "900002", "vpn: none\n", "M-1,m-1,,linux,portable,office,,\n")
    add_school(tmp_path / "till", "900003", "", "T-1,t-1,,linux,portable,office,,\n")
    found = read(file)
    assert found.problems == ()
    hill, mill, till = found.schools
    assert told(hill)["A-1"]["gateways"][0]["name"] == "vpn.hill.example"
    assert hill.origins(hill.devices[0])["leeboard_vpn"] == "school.yml"
    assert mill.vpn is None and told(mill) == {"M-1": "none"} and "leeboard_vpn_gateways" not in mill.variables
    assert told(till)["T-1"]["gateways"][0]["name"] == "vpn.example-la.example"
    for folder, school in (("hill", hill), ("mill", mill), ("till", till)):
        (alone,) = read(tmp_path / folder / "school.yml").schools
        assert alone == school and told(alone) == told(school)


@pytest.mark.parametrize("declares", ["school.yml", "estate.yml"])
def test_two_sources_of_the_gateways_are_refused(tmp_path: Path, declares: str) -> None:
    variable = "vars: {leeboard_vpn_gateways: vpn.example-la.example}\n"
    texts = {declares: VPN, "estate.yml" if declares == "school.yml" else "school.yml": variable}
    file = add_estate(tmp_path, texts["estate.yml"])
    school = add_school(tmp_path / "hill", "900001", texts["school.yml"])
    add_authority(file.parent if declares == "estate.yml" else school.parent)
    found = read(file)
    (problem,) = found.problems
    assert found.schools == () and problem.file == str(school)
    if declares == "school.yml":
        assert (problem.row, problem.column) == (7, "vpn.gateways")
        assert "says in other words what vars.leeboard_vpn_gateways says in estate.yml; take it out there" in str(
            problem
        )
    else:
        assert problem.column == "vars.leeboard_vpn_gateways"
        assert "says in other words what vpn.gateways says in estate.yml; take it out" in str(problem)


def test_both_in_estate_yml_stop_everything(tmp_path: Path) -> None:
    file = an_estate(tmp_path, VPN + "vars: {leeboard_vpn_gateways: x.example}\n")
    with pytest.raises(LeeboardError, match=r"estate\.yml, line 14, vars\.leeboard_vpn_gateways: says in other words"):
        read(file)


@pytest.mark.parametrize(
    ("level", "old", "new", "key", "words"),
    [
        ("high", "kind: ikev2", "kind: wireguard", "kind", "is 'wireguard': the level asks for ikev2 (REM-01)"),
        ("sensitive", "routes: everything", "routes: [10.0.0.0/8]", "routes", "the level asks for everything (REM-04)"),
        ("high", "kind: ikev2", "kind: ikev2\n  suite: sensitive", "suite", "asks for 192 bits (REM-02)"),
    ],
)
@pytest.mark.parametrize("whose", ["school", "device"])
def test_what_is_below_a_level_is_refused_for_that_level(
    tmp_path: Path, level: str, old: str, new: str, key: str, words: str, whose: str
) -> None:
    vpn = WIREGUARD if "wireguard" in new else SPLIT if "routes" in new else VPN.replace(old, new)
    rows = f"A-1,lt-1,,linux,portable,office,{level if whose == 'device' else ''},\nA-2,lt-2,,linux,portable,office,,\n"
    file = an_estate(tmp_path, vpn, rows, f"level: {level}\n" if whose == "school" else "")
    found = read(file)
    (problem,) = found.problems
    assert (problem.file, problem.column) == (str(file), f"vpn.{key}")
    assert problem.row == next(n for n, line in enumerate(file.read_text().splitlines(), 1) if f"  {key}:" in line)
    example = " (A-1 is of it)" if whose == "device" else ""
    assert f"school 900001, level {level}{example}: " in str(problem) and words in str(problem)
    # Its devices are told nothing; those of another level are.
    others = ["A-2"] if whose == "device" and "wireguard" not in new else []
    assert list(told(found.schools[0])) == others


def test_a_stronger_suite_holds_for_all_that_have_a_weaker_one(tmp_path: Path) -> None:
    found = told(the_school(an_estate(tmp_path, VPN.replace("kind: ikev2", "kind: ikev2\n  suite: high"))))
    assert {asset: one["suites"] for asset, one in found.items()} == dict.fromkeys(found, SUITES["high"])


def test_level_standard_may_choose_its_routes(tmp_path: Path) -> None:
    rows = "A-1,lt-1,,linux,portable,office,,\n"
    assert told(the_school(an_estate(tmp_path, SPLIT, rows)))["A-1"]["routes"] == ["10.0.0.0/8", "2001:db8:1::/48"]


def test_wireguard_is_declared_and_nobody_is_told(tmp_path: Path) -> None:
    school = the_school(an_estate(tmp_path, WIREGUARD, "A-1,lt-1,,linux,portable,office,,\n"))
    assert told(school) == {} and str(school.variables["leeboard_vpn_gateways"]).startswith("vpn.example-la.example ")


def test_names_are_those_of_the_register(tmp_path: Path) -> None:
    own = VPN.replace("forms: [portable], roles: [exam]", "names: [A-2, A-9, A-5]")
    file = an_estate(tmp_path, more=own)
    add_authority(tmp_path / "hill")
    school = the_school(file, problems=1)
    (problem,) = school.problems
    assert problem.row == 14 and problem.column == "vpn.devices.names"
    assert "names A-9, which is no asset tag in devices.csv" in str(problem)
    assert list(told(school)) == ["A-2"]  # a device of another platform never has it


def test_a_host_that_no_certificate_can_name(tmp_path: Path) -> None:
    hosts = {"A-1": "lt_1", "A-2": "LT-2", "A-3": "lt-3.example-la.example"}
    rows = "".join(f"{asset},{host},,linux,portable,office,,\n" for asset, host in hosts.items())
    file = an_estate(tmp_path, OWN, rows)
    (tmp_path / "authority.pem").write_text("".join(chain()))
    school = the_school(file, problems=1)
    (problem,) = school.problems
    assert (problem.file, problem.row, problem.column) == (str(tmp_path / "hill" / "devices.csv"), 2, "host")
    assert "'lt_1' cannot stand in its VPN's certificate: letters, digits, dots and dashes" in str(problem)
    found = told(school)
    assert {asset: one["identity"] for asset, one in found.items()} == {
        "A-2": "lt-2.example-la.example", "A-3": "lt-3.example-la.example",
    }  # fmt: skip
    assert found["A-2"]["authority"]["kind"] == "school"


def test_what_is_shared_is_read_once_and_costs_a_school_not_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand devices, of which each is told of the VPN: certificates are read once, suites chosen once a level."""
    file = an_estate(tmp_path)
    for number in range(10):
        rows = "".join(f"D-{one},d-{one},,linux,portable,office,,\n" for one in range(100))
        add_school(tmp_path / f"s{number}", f"91000{number}", "", rows)
    reads: list[Path] = []
    real = reading.read_chain
    monkeypatch.setattr(reading, "read_chain", lambda *given: (reads.append(given[0]), real(*given))[1])
    found = read(file)
    assert found.problems == () and reads == [tmp_path]
    for school in found.schools[1:]:
        values = [school.own_variables(row)["leeboard_vpn"] for row in school.devices]
        assert len({id(one["authority"]) for one in values}) == 1 and len({one["identity"] for one in values}) == 100
        assert school.vpn is not None and len(school.vpn._by_level) == len(LEVELS)
