"""Is the encryption worth something: who can open a volume without knowing anything, and how many ways in there are."""

from __future__ import annotations

from leeboard.model.judgements import ASKED, ASKS
from leeboard.verdict.codes import Code, Fault, of_word
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, Facts, Judgement
from leeboard.verdict.judgements.volume import Luks, Token, Volume
from leeboard.verdict.judgements.volume_checks import (
    faults,
    headers,
    key_files_in_clear,
    known_places,
    luks,
    some,
    with_luks,
)

Volumes = tuple[Volume, ...]
# What the policy of a TPM must cover so that it says more than "the same hardware": GRUB measures its commands and the
# kernel's command line into PCR 8 and every file into PCR 9; a unified kernel image is measured into PCR 11 whole.
COVERED = {"grub": frozenset((7, 8, 9)), "uki": frozenset((7, 11))}
NO_HEADER = "no LUKS header"
# Tokens of which it is known who or what opens the volume by them.
KNOWN = ("systemd-tpm2", "systemd-fido2", "systemd-pkcs11", "systemd-recovery", "clevis", "luks2-keyring")


def opened_by_tpm(token: Token) -> bool:
    """Whether the TPM alone gives the key away, to whatever system meets its policy."""
    if token.type == "systemd-tpm2":
        return not token.pin
    if token.type != "clevis":
        return False
    return _enough(token, "tpm2")


def opened_by_network(token: Token) -> bool:
    """Whether a server in the network alone gives the key away."""
    return token.type == "clevis" and _enough(token, "tang")


def _enough(token: Token, pin: str) -> bool:
    """Whether the pins of this kind suffice. `sss-2` means that two of those that follow are needed."""
    needed = 1
    for name in token.pins:
        if name.startswith("sss-") and name[4:].isdigit():
            needed = max(needed, int(name[4:]))
    return token.pins.count(pin) >= needed


def unknown_way(volume: Volume, header: Luks) -> str:
    """Who opens a volume in a way that nobody here can look into, in words; empty where there is no such way."""
    if header.keeper:
        return f"{volume.label}: {header.keeper} opens it with a key of its own, and on what conditions is not known"
    strange = [token for token in header.tokens if token.type not in KNOWN]
    if strange:
        return f"{volume.label}: what its token {strange[0].id} ({strange[0].type}) needs is not known"
    return ""


def unprotected(volumes: Volumes, facts: Facts) -> Answer:
    """Why an encrypted volume opens to somebody who knows nothing: none, when it does not."""

    def look(volume: Volume) -> tuple[list[Fault], str]:
        header = luks(volume)
        wrong: list[Fault] = []
        if header.empty.result == "opens":
            message = f"{header.empty.why or 'a slot'} opens with an empty passphrase"
            wrong.append(Fault(Code.EMPTY_PASSPHRASE, message))
        if header.reencrypting:
            wrong.append(Fault(Code.REENCRYPTION_HALF_DONE, "its re-encryption is half done"))
        wrong += key_files_in_clear(header.key_files)
        for token in header.tokens:
            if opened_by_tpm(token):
                wrong += _policy(volume, token, facts)
        if not wrong:
            _untold(volume, header)
        return wrong, "no slot opens with an empty passphrase, and no key lies about"

    return faults(some(with_luks(volumes, "system", "data", "swap")), look)


def _policy(volume: Volume, token: Token, facts: Facts) -> list[Fault]:
    """What is wrong with a TPM's policy that asks for no PIN."""
    edited = "anyone who edits the boot menu gets in"
    if facts.value("secure_boot") != "on":
        message = f"token {token.id} opens it without a PIN, and Secure Boot is not on: {edited}"
        return [Fault(Code.SECURE_BOOT_OFF, message)]
    if token.signed_pcrs or token.pcrlock:
        return []
    chain = facts.value("boot_chain")
    if not isinstance(chain, str) or chain not in COVERED:
        raise CannotBeTold(f"{volume.label}: which PCRs cover the kernel is not known for the boot chain {chain}")
    lacking = COVERED[chain] - set(token.pcrs)
    if not lacking:
        return []
    bound = ", ".join(str(pcr) for pcr in token.pcrs) or "none"
    missing = ", ".join(str(pcr) for pcr in sorted(lacking))
    message = f"token {token.id} opens it without a PIN and is bound to PCRs {bound}, not to {missing}: {edited}"
    return [Fault(Code.PCRS_NOT_BOUND, message)]


def _untold(volume: Volume, header: Luks) -> None:
    """Raise CannotBeTold where something that must be known for "protected" is not."""
    if header.empty.result == "not-tested":
        raise CannotBeTold(f"{volume.label}: an empty passphrase was not tried: {header.empty.why}")
    if unknown_way(volume, header):
        raise CannotBeTold(unknown_way(volume, header))
    known_places(volume, header.key_files)


def pre_boot(volumes: Volumes, _facts: Facts) -> Answer:
    """One word: what the system's disk asks for before it opens. The weakest way that needs no person counts."""
    pairs = headers(volumes, "system")
    if not pairs:
        return Answer("nothing", "no system volume has a LUKS header", (Code.ASKS_NOTHING,))
    worst = min(((_way(header), volume) for volume, header in pairs), key=lambda pair: ASKED.index(pair[0]))
    strange = [unknown for volume, header in pairs for unknown in [unknown_way(volume, header)] if unknown]
    if strange and worst[0] != "nothing":
        raise CannotBeTold(strange[0])
    return Answer(worst[0], f"the weakest is {worst[1].label}", (of_word(ASKS, worst[0]),))


def _way(header: Luks) -> str:
    if header.empty.result == "opens" or any(key.place in ("unencrypted", "initramfs") for key in header.key_files):
        return "nothing"
    if any(opened_by_network(token) for token in header.tokens):
        return "network"
    if any(opened_by_tpm(token) for token in header.tokens):
        return "tpm"
    # Without a slot its PIN opens nothing: a run was cut off, or somebody took the slot away.
    if any(token.type == "systemd-tpm2" and token.slots for token in header.tokens):
        return "tpm-and-pin"
    if any(token.type in ("systemd-fido2", "systemd-pkcs11") for token in header.tokens):
        return "security-key"
    return "passphrase"


def ways_in(volumes: Volumes, _facts: Facts) -> Answer:
    """In how many independent ways each volume opens; the fewest. All slots of the TPM are one way: it dies whole.

    A system in clear has none, whatever lies on its other disks.
    """
    if not headers(volumes, "system"):
        return Answer(0, NO_HEADER)
    pairs = headers(volumes, "system", "data")
    counted = []
    for volume, header in pairs:
        of_tpm = {slot for token in header.tokens if _needs_tpm(token) for slot in token.slots}
        slots = {slot.id for slot in header.slots if slot.opens}
        counted.append((len(slots - of_tpm) + bool(slots & of_tpm), volume.label, len(slots)))
    ways, label, slots_of_it = min(counted)
    return Answer(ways, f"{label} has the fewest, with {slots_of_it} slots that open it")


def _needs_tpm(token: Token) -> bool:
    return token.type == "systemd-tpm2" or (token.type == "clevis" and "tpm2" in token.pins)


JUDGEMENTS: dict[str, Judgement] = {
    "unprotected": unprotected,
    "pre_boot": pre_boot,
    "ways_in": ways_in,
}
