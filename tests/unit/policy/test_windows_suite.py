"""The six numbers of a Windows profile and the proposals of Linux are one suite at each level, by IANA's numbers.

What a number means is written here from Microsoft's documentation, and shares nothing with the driver's tables: the
allowed values of ROUTER_CUSTOM_IKEv2_POLICY0 (mprapi.h) are IKEEXT_INTEGRITY_TYPE, IKEEXT_CIPHER_TYPE and
IKEEXT_DH_GROUP (iketypes.h), the GCM entries of IPSEC_CIPHER_CONFIG_* and IPSEC_AUTH_CONFIG_* and IPSEC_PFS_GROUP
(ipsectypes.h). What a keyword of a proposal means is from strongSwan's documentation, IKEv2 Cipher Suites. That a real
Windows keeps to it, nobody has seen yet: docs/windows.md has it on the list.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from leeboard.model.enums import LEVELS, Level
from leeboard.policy.vpn import vpn_by_level


class Main(NamedTuple):
    """What IKE itself is protected with: cipher with its bits, PRF, group; numbers of IANA's registry for IKEv2."""

    cipher: tuple[int, int]
    prf: int
    group: int


class Traffic(NamedTuple):
    """What ESP is protected with: cipher with its bits, and the group of the rekey."""

    cipher: tuple[int, int]
    group: int


GCM16 = 20  # ENCR_AES_GCM_16 (RFC 5282 for IKE, RFC 4106 for ESP)
HMAC_SHA2_256, HMAC_SHA2_384 = 5, 6  # RFC 4868
P_256, P_384 = 19, 20  # RFC 5903
INTEGRITY = {2: HMAC_SHA2_256, 3: HMAC_SHA2_384}  # IKEEXT_INTEGRITY_SHA_256, _384: with GCM it is the PRF alone
ENCRYPTION = {5: (GCM16, 128), 6: (GCM16, 256)}  # IKEEXT_CIPHER_AES_GCM_128_16ICV, _256_16ICV
DH_GROUP = {4: P_256, 5: P_384}  # IKEEXT_DH_ECP_256, _384
CIPHER = {6: (GCM16, 128), 7: (GCM16, 192), 8: (GCM16, 256)}  # IPSEC_CIPHER_CONFIG_GCM_AES_128, _192, _256
AUTHENTICATION = {3: 128, 4: 192, 5: 256}  # IPSEC_AUTH_CONFIG_GCM_AES_128, _192, _256: the cipher is its own hash
PFS_GROUP = {4: P_256, 5: P_384}  # IPSEC_PFS_ECP_256, _384
# strongSwan's keywords.
KEYWORDS = {"aes128gcm16": (GCM16, 128), "aes256gcm16": (GCM16, 256)}
PRFS = {"prfsha256": HMAC_SHA2_256, "prfsha384": HMAC_SHA2_384}
GROUPS = {"ecp256": P_256, "ecp384": P_384}
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


def of_windows(numbers: tuple[int, ...]) -> tuple[Main, Traffic]:
    """What six numbers come to, as a phonebook has them. Raises AssertionError where the hash is another cipher's."""
    integrity, encryption, group, cipher, authentication, pfs = numbers
    assert CIPHER[cipher][1] == AUTHENTICATION[authentication]
    return Main(ENCRYPTION[encryption], INTEGRITY[integrity], DH_GROUP[group]), Traffic(CIPHER[cipher], PFS_GROUP[pfs])


def of_linux(ike: str, esp: str) -> tuple[Main, Traffic]:
    """What proposals come to."""
    cipher, prf, group = ike.split("-")
    traffic, rekey = esp.split("-")
    return Main(KEYWORDS[cipher], PRFS[prf], GROUPS[group]), Traffic(KEYWORDS[traffic], GROUPS[rekey])


@pytest.mark.parametrize("level", LEVELS)
def test_both_platforms_have_one_suite(level: Level) -> None:
    vpn = vpn_by_level()[level]
    (ike,), (esp,) = vpn.ike, vpn.esp
    windows = of_windows(tuple(vpn.phonebook))
    assert windows == of_linux(ike, esp)
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
        found = of_windows(tuple(high))
    except AssertionError:
        return
    assert found != of_linux(ike, esp)
