"""How strong an IPsec proposal is: the weakest that it lets the peer choose, in bits of security.

Counted is what NCSC's and the CNSA suites are made of: AES-GCM with its whole tag, a SHA-2 PRF and an elliptic curve.
Everything else is 0, however strong it may be. Strengths: NIST SP 800-57 part 1; RFC 8031 for Curve25519 and Curve448.
The grammar is that of strongSwan's proposals: several algorithms of a kind in one proposal are alternatives.
"""

from __future__ import annotations

import re

CIPHERS = {
    **{f"aes128gcm{tag}": 128 for tag in ("", "16", "128")},
    **{f"aes192gcm{tag}": 192 for tag in ("", "16", "128")},
    **{f"aes256gcm{tag}": 256 for tag in ("", "16", "128")},
}
# NCSC and CNSA pair a hash with a cipher of half its length.
PRFS = {"prfsha256": 128, "prfsha384": 192, "prfsha512": 256}
HASHES = {
    "sha256": "prfsha256", "sha2_256": "prfsha256", "sha384": "prfsha384", "sha2_384": "prfsha384",
    "sha512": "prfsha512", "sha2_512": "prfsha512",
}  # fmt: skip
OTHER_HASHES = re.compile(r"(sha|sha1|md5|aesxcbc|aescmac|camelliaxcbc)([0-9_]*)\Z")
GROUPS = {
    "ecp256": 128, "curve25519": 128, "x25519": 128, "ecp384": 192, "curve448": 224, "x448": 224, "ecp521": 256,
}  # fmt: skip
# More key exchanges on top of the first only add; sequence numbers say nothing about strength.
HARMLESS = re.compile(r"ke[1-7]_[a-z0-9]+\Z|(no)?esn\Z")


def strength_of_ike(proposal: str) -> int:
    """Bits of the weakest choice in a proposal for IKE; 0 where it is not of the family, or charon refuses it."""
    ciphers, prfs, hashes, groups, rest = _kinds(proposal)
    if rest or not ciphers or not groups:
        return 0
    # AEAD ciphers need no integrity algorithm; without a PRF it names the one that is meant.
    chosen = prfs or hashes
    return min((*ciphers, *chosen, *groups)) if chosen else 0


def strength_of_esp(proposal: str, first: bool = False) -> int:
    """The same for ESP, which has no PRF. Without a group there is no forward secrecy at a rekey.

    `first` is the proposal of a tunnel that came up with its IKE_SA, whose key exchange it shares.
    """
    ciphers, _prfs, _hashes, groups, rest = _kinds(proposal)
    if rest or not ciphers:
        return 0
    if not groups:
        return min(ciphers) if first else 0
    return min((*ciphers, *groups))


def _kinds(proposal: str) -> tuple[list[int], list[int], list[int], list[int], list[str]]:
    """Strengths of the ciphers, PRFs, hashes and groups in a proposal, and what is none of these."""
    ciphers: list[int] = []
    prfs: list[int] = []
    hashes: list[int] = []
    groups: list[int] = []
    rest: list[str] = []
    for word in proposal.strip().lower().split("-"):
        if word in CIPHERS:
            ciphers.append(CIPHERS[word])
        elif word in PRFS or (word.startswith("prf") and word != "prf"):
            prfs.append(PRFS.get(word, 0))
        elif word in HASHES or OTHER_HASHES.match(word):
            hashes.append(PRFS[HASHES[word]] if word in HASHES else 0)
        elif word in GROUPS:
            groups.append(GROUPS[word])
        elif not HARMLESS.match(word):
            rest.append(word)
    return ciphers, prfs, hashes, groups, rest
