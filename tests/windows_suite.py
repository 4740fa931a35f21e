"""What the six numbers of a Windows VPN profile mean, by IANA's numbers, and in the words of strongSwan.

Written here from Microsoft's documentation, and shares nothing with the driver's tables: the allowed values of
ROUTER_CUSTOM_IKEv2_POLICY0 (mprapi.h) are IKEEXT_INTEGRITY_TYPE, IKEEXT_CIPHER_TYPE and IKEEXT_DH_GROUP (iketypes.h),
the GCM entries of IPSEC_CIPHER_CONFIG_* and IPSEC_AUTH_CONFIG_* and IPSEC_PFS_GROUP (ipsectypes.h). What a keyword of a
proposal means is from strongSwan's documentation, IKEv2 Cipher Suites. That a real Windows keeps to it, nobody has seen
yet: docs/windows.md has it on the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


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
KEYWORDS = {"aes128gcm16": (GCM16, 128), "aes192gcm16": (GCM16, 192), "aes256gcm16": (GCM16, 256)}
PRFS = {"prfsha256": HMAC_SHA2_256, "prfsha384": HMAC_SHA2_384}
GROUPS = {"ecp256": P_256, "ecp384": P_384}


def of_windows(numbers: Sequence[int]) -> tuple[Main, Traffic]:
    """What six numbers come to, as a phonebook has them. Raises AssertionError where the hash is another cipher's."""
    integrity, encryption, group, cipher, authentication, pfs = numbers
    assert CIPHER[cipher][1] == AUTHENTICATION[authentication]
    return Main(ENCRYPTION[encryption], INTEGRITY[integrity], DH_GROUP[group]), Traffic(CIPHER[cipher], PFS_GROUP[pfs])


def of_linux(ike: str, esp: str) -> tuple[Main, Traffic]:
    """What proposals come to."""
    cipher, prf, group = ike.split("-")
    traffic, rekey = esp.split("-")
    return Main(KEYWORDS[cipher], PRFS[prf], GROUPS[group]), Traffic(KEYWORDS[traffic], GROUPS[rekey])


def proposals(numbers: Sequence[int]) -> tuple[str, str]:
    """What a client of strongSwan offers that has these six numbers: for IKE, and for ESP."""
    main, traffic = of_windows(numbers)
    ciphers = {number: word for word, number in KEYWORDS.items()}
    prfs, groups = ({number: word for word, number in table.items()} for table in (PRFS, GROUPS))
    return (
        f"{ciphers[main.cipher]}-{prfs[main.prf]}-{groups[main.group]}",
        f"{ciphers[traffic.cipher]}-{groups[traffic.group]}",
    )
