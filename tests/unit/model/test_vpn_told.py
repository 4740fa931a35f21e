"""From what a device is told of its school's VPN to the tunnel that it is asked for, in the device's own words."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.ikev2 import words as tunnel_words
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from leeboard.errors import LeeboardError
from leeboard.model.device import Device, device
from leeboard.policy.load import load
from leeboard.policy.resolve import WantedSetting, resolve
from tests.unit.estate.vpn.declared import OWN, VPN, add_authority, an_estate, chain
from tests.unit.estate.vpn.test_of_school import the_school

BASELINE = load()
ROOT = x509.load_pem_x509_certificate(chain()[0].encode()).fingerprint(hashes.SHA256()).hex()


def told(folder: Path, vpn: str = VPN) -> list[dict[str, Any]]:
    """The variables of the devices of an estate with a declaration."""
    file = an_estate(folder, vpn)
    add_authority(folder).rename(folder / "authority.pem") if vpn == OWN else None
    school = the_school(file)
    return [school.device_variables(row) for row in school.devices]


def read(variables: dict[str, Any]) -> Device:
    return device("lt-1", variables, tuple(BASELINE.parameters))


def asked(variables: dict[str, Any]) -> list[WantedSetting]:
    """The settings that ask for the school's own tunnel."""
    return [one for one in resolve(BASELINE, read(variables)).settings if one.setting.id.endswith("own-tunnel")]


@pytest.mark.parametrize(("vpn", "name"), [(VPN, "a-1.900001.leeboard.internal"), (OWN, "lt-1.example-la.example")])
def test_a_declaration_becomes_the_tunnel_that_the_device_writes(tmp_path: Path, vpn: str, name: str) -> None:
    (wanted,) = asked(told(tmp_path, vpn)[0])
    written = tunnel_words.parse(wanted.write)
    assert written == tunnel_words.Wanted(
        "vpn.example-la.example", ("203.0.113.10", "2001:db8::10"), ("aes128gcm16-prfsha256-ecp256",),
        ("aes128gcm16-ecp256",), name, (ROOT,), ("0.0.0.0/0", "::/0"),
        dns=("10.20.0.53",),
    )  # fmt: skip
    assert wanted.value == wanted.write and written is not None
    assert sorted(str(wanted.value).split()) == tunnel_words.text(written).split(), "a device reads the same words back"
    assert wanted.mode == "enforce"


def test_who_has_no_vpn_is_not_asked(tmp_path: Path) -> None:
    variables = told(tmp_path)
    assert "leeboard_vpn" not in variables[1] and asked(variables[1]) == []
    assert variables[2]["leeboard_platform"] == "windows"
    assert [one.setting.id for one in asked(variables[2])] == ["windows-own-tunnel"]
    assert len(asked(variables[3])) == 1


def test_one_word_asks_for_no_tunnel_and_nothing_else_does(tmp_path: Path) -> None:
    variables = told(tmp_path)[0]
    (wanted,) = asked({**variables, "leeboard_vpn": "none"})
    assert (wanted.value, wanted.write, tunnel_words.parse(wanted.write)) == ("none", "none", None)
    for word in ("", "None", "no", False, [], 5):
        with pytest.raises(LeeboardError, match="leeboard_vpn"):
            asked({**variables, "leeboard_vpn": word})


def test_on_windows_it_becomes_the_words_of_a_profile(tmp_path: Path) -> None:
    variables = {**told(tmp_path)[0], "leeboard_platform": "windows"}
    (wanted,) = asked(variables)
    assert wanted.value == wanted.write
    assert str(wanted.value).split() == [
        "gateway:vpn.example-la.example",
        "to:0.0.0.0/0",
        "to:::/0",
        "ike:aes128gcm16-prfsha256-ecp256",
        "esp:aes128gcm16-ecp256",
        f"authority:{ROOT}",
        "eku:1.3.6.1.5.5.7.3.2",
    ]
    assert wanted.mode == "enforce" and wanted.setting.driver == "vpn_connection"
    assert asked({**variables, "leeboard_vpn": "none"}) == [], "a profile of Windows is taken away by hand"


def test_a_tunnel_for_some_networks_leaves_names_alone(tmp_path: Path) -> None:
    variables = told(tmp_path)[0]
    variables["leeboard_vpn"] = {**variables["leeboard_vpn"], "routes": ["10.0.0.0/8"]}
    assert "dns:" not in read(variables).parameters["vpn"]


def test_a_gateway_without_addresses_is_called_by_its_name(tmp_path: Path) -> None:
    variables = told(tmp_path)[0]
    variables["leeboard_vpn"] = copy.deepcopy(variables["leeboard_vpn"])
    variables["leeboard_vpn"]["gateways"].reverse()
    assert "gateway:vpn2.example-la.example " in read(variables).parameters["vpn"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gateways": []}, "gateways: "),
        ({"gateways": [{"name": "vpn school"}]}, "gateways.0.name: must be a name such as"),
        ({"gateways": [{"name": "v.example", "addresses": ["1.2.3"]}]}, "gateways.0.addresses.0: '1.2.3' does not"),
        ({"suites": {"ike": ["aes; include /x"], "esp": ["a-b"]}}, "suites.ike.0: must be a proposal"),
        ({"routes": ["10.0.0.1/8"]}, "routes.0: 10.0.0.1/8 has host bits set"),
        ({"identity": "x"}, "identity: must be a name"),
        ({"kind": "wireguard"}, "gateways.0.public_key: "),
        ({"kind": "pptp"}, "kind: "),
        ({"secret": "x"}, "secret: Extra inputs"),
        ({"authority": {"kind": "leeboard", "certificates": ["x"], "issuer": "", "eku": ""}}, "certificates.0: "),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_key(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    variables = told(tmp_path)[0]
    variables["leeboard_vpn"] = {**variables["leeboard_vpn"], **change}
    with pytest.raises(LeeboardError) as refused:
        read(variables)
    assert str(refused.value).startswith("lt-1: leeboard_vpn: ") and words in str(refused.value)
    assert "\n" not in str(refused.value)
