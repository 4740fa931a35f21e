"""The six numbers of a Windows profile and the proposals of Linux are one suite at each level, by IANA's numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leeboard.model.enums import LEVELS, Level
from leeboard.policy.vpn import vpn_by_level
from tests.windows_suite import of_linux, of_windows, proposals

# The words of the cmdlet for the same numbers (Microsoft, Set-VpnConnectionIPsecConfiguration).
WORDS = {
    "IntegrityCheckMethod": {"SHA256": 2, "SHA384": 3},
    "EncryptionMethod": {"GCMAES128": 5, "GCMAES256": 6},
    "DHGroup": {"ECP256": 4, "ECP384": 5},
    "CipherTransformConstants": {"GCMAES128": 6, "GCMAES192": 7, "GCMAES256": 8},
    "AuthenticationTransformConstants": {"GCMAES128": 3, "GCMAES192": 4, "GCMAES256": 5},
    "PfsGroup": {"ECP256": 4, "ECP384": 5},
}
TUNNEL_WORDS = Path(__file__).resolve().parents[3] / "plugins/module_utils/_windows/vpn/TunnelWords.psm1"


@pytest.mark.parametrize("level", LEVELS)
def test_both_platforms_have_one_suite(level: Level) -> None:
    vpn = vpn_by_level()[level]
    (ike,), (esp,) = vpn.ike, vpn.esp
    windows = of_windows(vpn.phonebook)
    assert windows == of_linux(ike, esp)
    assert proposals(vpn.phonebook) == (ike, esp)
    assert windows[0].cipher[1] == windows[1].cipher[1] == {"standard": 128, "sensitive": 128, "high": 256}[level.value]


@pytest.mark.parametrize("level", LEVELS)
def test_the_cmdlet_is_given_the_words_of_these_numbers(level: Level) -> None:
    vpn = vpn_by_level()[level]
    order = ("IntegrityCheckMethod", "EncryptionMethod", "DHGroup", "CipherTransformConstants")
    order += ("AuthenticationTransformConstants", "PfsGroup")
    assert [WORDS[name][vpn.windows[name]] for name in order] == list(vpn.phonebook)


@pytest.mark.parametrize("level", LEVELS)
def test_a_device_makes_these_words_of_the_proposals(level: Level) -> None:
    """By the tables of the driver that writes the profile, which knows the proposals alone."""
    vpn = vpn_by_level()[level]
    (ike,), (esp,) = vpn.ike, vpn.esp
    text = TUNNEL_WORDS.read_text("utf-8")
    ciphers = dict(re.findall(r"(aes\d+gcm16) = '(GCMAES\d+)'", text))
    cipher, prf, group = ike.split("-")
    traffic, rekey = esp.split("-")
    assert vpn.windows == {
        "EncryptionMethod": ciphers[cipher],
        "IntegrityCheckMethod": prf.removeprefix("prf").upper(),
        "DHGroup": group.upper(),
        "CipherTransformConstants": ciphers[traffic],
        "AuthenticationTransformConstants": ciphers[traffic],
        "PfsGroup": rekey.upper(),
    }


@pytest.mark.parametrize("at", range(6))
def test_one_other_number_is_another_suite(at: int) -> None:
    """Each of the six counts: none of them may be changed without anybody's notice."""
    high = list(vpn_by_level()[Level.HIGH].phonebook)
    standard = vpn_by_level()[Level.STANDARD].phonebook
    high[at] = standard[at]
    (ike,), (esp,) = vpn_by_level()[Level.HIGH].ike, vpn_by_level()[Level.HIGH].esp
    try:
        found = of_windows(high)
    except AssertionError:
        return
    assert found != of_linux(ike, esp)
