"""What VPN profiles come to: strengths of proposals, and each judgement over profiles as devices report them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leeboard.model.values import Value
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, MakesNoSense
from leeboard.verdict.judgements.proposals import strength_of_esp, strength_of_ike
from leeboard.verdict.judgements.registry import derive
from tests.unit.brain import AT

SCHOOL: dict[str, Any] = {
    "name": "school", "program": "strongSwan", "where": "/etc/swanctl/swanctl.conf, line 3", "protocol": "ikev2",
    "role": "initiates", "authentication": ["certificate"], "ike": ["aes128gcm16-prfsha256-ecp256"],
    "tunnels": [{"name": "all", "esp": ["aes128gcm16-ecp256"], "to": ["0.0.0.0/0", "::/0"]}],
}  # fmt: skip
WIREGUARD: dict[str, Any] = {
    "name": "wg0", "program": "wg-quick", "where": "/etc/wireguard/wg0.conf", "protocol": "wireguard",
    "role": "initiates", "authentication": ["key"], "stored": ["private-key"],
    "tunnels": [{"to": ["0.0.0.0/0", "::/0"]}],
}  # fmt: skip


def judged(name: str, *profiles: dict[str, Any]) -> Answer:
    return derive(name, [json.dumps(profile) for profile in profiles], {}, AT)


@pytest.mark.parametrize(
    ("proposal", "bits"),
    [
        ("aes128gcm16-prfsha256-ecp256", 128),
        ("aes128gcm-prfsha256-ecp256", 128),
        ("aes128gcm128-prfsha256-ecp256", 128),
        ("ecp256-prfsha256-aes128gcm16", 128),
        ("AES128GCM16-PRFSHA256-ECP256", 128),
        ("aes128gcm16-sha256-ecp256", 128),  # without a PRF the hash names it
        ("aes128gcm16-sha2_256-ecp256", 128),
        ("aes128gcm16-sha1-prfsha256-ecp256", 128),  # AEAD takes no integrity algorithm
        ("aes256gcm16-prfsha384-ecp384", 192),
        ("aes256gcm16-sha384-ecp384", 192),
        ("aes256gcm16-prfsha512-ecp521", 256),
        ("aes256gcm16-prfsha384-curve448", 192),
        ("aes256gcm16-prfsha384-ecp384-ke1_mlkem768", 192),
        ("aes256gcm16-prfsha384-ecp256", 128),
        ("aes256gcm16-prfsha256-ecp384", 128),
        ("aes128gcm16-prfsha384-ecp384", 128),
        ("aes256gcm16-aes128gcm16-prfsha384-ecp384", 128),
        ("aes128gcm16-prfsha256-curve25519", 128),
        ("aes128gcm16-prfsha256-x25519", 128),
        ("aes192gcm16-prfsha384-ecp384", 192),
        ("aes128gcm16-ecp256", 0),  # charon: invalid value for: proposals
        ("aes128gcm16-prfsha256", 0),
        ("prfsha256-ecp256", 0),
        ("aes128gcm16-prfsha256-prfsha1-ecp256", 0),
        ("aes128gcm16-sha1-ecp256", 0),
        ("aes128gcm16-prfsha256-ecp256-modp1024", 0),
        ("aes128gcm16-prfsha256-ecp224", 0),
        ("aes128gcm8-prfsha256-ecp256", 0),
        ("aes128gcm12-prfsha256-ecp256", 0),
        ("aes256-sha256-modp3072", 0),
        ("aes128gcm16-aes128-prfsha256-sha256-ecp256", 0),
        ("chacha20poly1305-prfsha256-curve25519", 0),
        ("gcmaes128-prfsha256-ecp256", 0),
        ("default", 0),
        ("", 0),
    ],
)
def test_strength_of_ike(proposal: str, bits: int) -> None:
    assert strength_of_ike(proposal) == bits


@pytest.mark.parametrize(
    ("proposal", "first", "bits"),
    [
        ("aes128gcm16-ecp256", False, 128),
        ("aes256gcm16-ecp384", False, 192),
        ("aes256gcm16-ecp384-esn", False, 192),
        ("aes256gcm16-ecp384-noesn", False, 192),
        ("aes128gcm16-prfsha256-ecp256", False, 128),  # the PRF has no effect in ESP
        ("aes128gcm16-sha256-ecp256", False, 128),
        ("aes256gcm16-ecp384-ecp256", False, 128),
        ("aes128gcm16", False, 0),  # no forward secrecy
        ("aes128gcm16", True, 128),
        ("aes128-sha1", True, 0),
        ("aes128gcm16-ecp256-none", False, 0),
        ("aes128gmac-ecp256", False, 0),
        ("null-sha256-ecp256", False, 0),
        ("ah", False, 0),
        ("default", False, 0),
    ],
)
def test_strength_of_esp(proposal: str, first: bool, bits: int) -> None:
    assert strength_of_esp(proposal, first) == bits


HIGH = {"esp": ["aes256gcm16-ecp384"]}
PPTP = {**SCHOOL, "name": "old", "program": "pppd", "protocol": "pptp", "authentication": ["password"], "ike": []}


@pytest.mark.parametrize(
    ("name", "profiles", "value", "grounds"),
    [
        ("vpn_protocols", [], (), "no VPN profile"),
        ("vpn_protocols", [SCHOOL, WIREGUARD], ("ikev2", "wireguard"), "wg0 of wg-quick: wireguard"),
        ("vpn_protocols", [SCHOOL, PPTP], ("ikev2", "pptp"), "old of pppd: pptp"),
        ("vpn_ike_strength", [], 256, "no IPsec profile"),
        ("vpn_ike_strength", [WIREGUARD], 256, "no IPsec profile"),
        ("vpn_ike_strength", [SCHOOL], 128, "aes128gcm16-prfsha256-ecp256"),
        ("vpn_ike_strength", [SCHOOL, {**SCHOOL, "name": "b", "ike": ["aes256gcm16-prfsha384-ecp384", "default"]}], 0,
         "b of strongSwan takes default"),
        ("vpn_ike_strength", [{**SCHOOL, "agreed": ["aes128-sha256-prfsha256-modp2048"]}], 0, "modp2048"),
        ("vpn_esp_strength", [SCHOOL], 128, "aes128gcm16-ecp256"),
        ("vpn_esp_strength", [{**SCHOOL, "tunnels": [{**HIGH, "agreed": ["aes256gcm16"]}]}], 192, ""),
        ("vpn_esp_strength", [{**SCHOOL, "tunnels": [{**HIGH, "agreed": ["aes128"]}]}], 0, "aes128"),
        ("vpn_without_certificate", [SCHOOL, WIREGUARD], (), ""),
        ("vpn_without_certificate", [{**SCHOOL, "authentication": ["key", "psk"]}], ("school: psk",), "swanctl"),
        ("vpn_without_certificate", [{**SCHOOL, "authentication": []}], ("school: nothing",), ""),
        ("vpn_past_the_tunnel", [SCHOOL, WIREGUARD], (), ""),
        ("vpn_past_the_tunnel", [{**SCHOOL, "tunnels": [{"to": ["0.0.0.0/0"]}]}], ("school: IPv6",), "leads 0.0.0.0/0"),
        ("vpn_past_the_tunnel", [{**SCHOOL, "tunnels": [{"to": ["::/0"]}]}], ("school: IPv4",), ""),
        ("vpn_past_the_tunnel", [{**SCHOOL, "tunnels": [{"to": ["0.0.0.0/0"]}, {"to": ["::/0"]}]}], (), ""),
        ("vpn_past_the_tunnel", [{**SCHOOL, "tunnels": [{"to": ["0.0.0.0/0[tcp]", "::/0"]}]}], ("school: IPv4",), ""),
        ("vpn_past_the_tunnel", [{**SCHOOL, "tunnels": []}], ("school: IPv4 and IPv6",), "leads nothing"),
        ("vpn_past_the_tunnel", [{**SCHOOL, "role": "answers", "tunnels": [{"to": ["dynamic"]}]}], (), ""),
        ("vpn_past_the_tunnel",
         [{**SCHOOL, "tunnels": [*SCHOOL["tunnels"], {"notes": ["the child x lets 10.0.0.0/8 past the tunnel"]}]}],
         ("school: exceptions",), "10.0.0.0/8"),
        ("vpn_past_the_tunnel", [{**WIREGUARD, "tunnels": [{"to": ["10.0.0.0/8"] * 5, "more": 7}]}],
         ("wg0: IPv4 and IPv6",), "and 7 more"),
        ("vpn_past_the_tunnel",
         [{**PPTP, "tunnels": [{"to": ["what the server says"]}]}, {**SCHOOL, "tunnels": [{"to": ["::/0"]}]}],
         ("school: IPv4",), ""),
        ("vpn_saved_passwords", [SCHOOL, WIREGUARD], (), ""),
        ("vpn_saved_passwords", [{**SCHOOL, "stored": ["passphrase", "password"]}], ("school: password",), ""),
        ("vpn_saved_passwords", [{**SCHOOL, "stored": ["psk"]}], ("school: psk",), "swanctl.conf"),
    ],
)  # fmt: skip
def test_what_profiles_come_to(name: str, profiles: list[dict[str, Any]], value: Value, grounds: str) -> None:
    answer = judged(name, *profiles)
    assert answer.value == value
    assert grounds in answer.grounds


def test_who_brought_a_profile_of_windows_is_named() -> None:
    profile = {**SCHOOL, "program": "Windows", "owner": "this machine", "gateway": "vpn.stranger.example"}
    answer = judged("windows_vpn_gateways", profile, {**profile, "name": "work", "delivered": "an MDM service"})
    assert answer.value == ("vpn.stranger.example",)
    assert "school of this machine leads to vpn.stranger.example" in answer.grounds
    assert "work of this machine, brought by an MDM service leads to" in answer.grounds


@pytest.mark.parametrize(
    ("name", "profile", "why"),
    [
        ("vpn_ike_strength", {**SCHOOL, "ike": ["libreswan:aes_gcm256"]}, "libreswan"),
        ("vpn_esp_strength", {**SCHOOL, "tunnels": [{"esp": ["loaded:proposals"]}]}, "charon does not tell"),
        ("vpn_past_the_tunnel", {**SCHOOL, "tunnels": [{"to": ["what the server says"]}]}, "only when it is connected"),
    ],
)
def test_what_cannot_be_told_is_not_guessed(name: str, profile: dict[str, Any], why: str) -> None:
    with pytest.raises(CannotBeTold, match=why):
        judged(name, profile)


def test_a_weak_profile_is_not_hidden_by_one_that_cannot_be_told() -> None:
    unknown = {**SCHOOL, "ike": ["libreswan:aes_gcm256"]}
    assert judged("vpn_ike_strength", unknown, {**SCHOOL, "ike": ["default"]}).value == 0


@pytest.mark.parametrize(
    "texts",
    [["{"], ['{"name": "x"}'], [json.dumps({**SCHOOL, "role": "both"})], [json.dumps({**SCHOOL, "key": "x"})], "x"],
)
def test_what_a_device_could_send_instead(texts: object) -> None:
    with pytest.raises(MakesNoSense):
        derive("vpn_protocols", texts, {}, AT)
