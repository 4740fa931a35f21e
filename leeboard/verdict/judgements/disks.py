"""Is it encrypted, and how well: what the headers and open mappings of a machine's volumes say."""

from __future__ import annotations

from leeboard.verdict.codes import Code, Fault
from leeboard.verdict.judgements.answer import Answer, Facts, Judgement, MakesNoSense
from leeboard.verdict.judgements.volume import Luks, Slot, Volume
from leeboard.verdict.judgements.volume_checks import (
    faults,
    key_files_in_clear,
    known_places,
    luks,
    not_looked_at,
    some,
    used_for,
    with_luks,
)

Volumes = tuple[Volume, ...]
NO_DISK = "the machine has no such volume"
# Key derivation that costs a guesser memory as well as time.
MEMORY_HARD = ("argon2i", "argon2id")
# The least memory of Argon2 that OWASP's Password Storage Cheat Sheet accepts; cryptsetup's own choice is up to 1 GiB,
# less on a slow machine, and never fewer than 4 passes. RFC 9106, section 4, recommends 2 GiB or 64 MiB.
LEAST_MEMORY_KIB = 19 * 1024
# Tokens whose slots systemd and Clevis make over a random key of full strength: PBKDF2 is by design there.
RANDOM_KEYS = ("systemd-recovery", "systemd-tpm2", "systemd-fido2", "systemd-pkcs11", "clevis")


def _state(volume: Volume) -> tuple[list[Fault], str]:
    """Whether what is written to this volume is encrypted by the kernel now."""
    if volume.encryption == "unknown":
        raise not_looked_at(volume)
    if volume.encryption == "other":
        # BitLocker or VeraCrypt, of another system on the same disk.
        return [], f"encrypted by {volume.other}"
    if volume.encryption == "none":
        return [Fault(Code.NOT_ENCRYPTED, "not encrypted")], ""
    if volume.encryption == "plain":
        return _plain(volume)
    header = luks(volume)
    if any(segment.type == "linear" or "cipher_null" in segment.cipher for segment in header.segments):
        return [Fault(Code.PARTLY_IN_CLEAR, "its LUKS header says that (a part of) it lies there in clear")], ""
    running = header.mapping
    if running is not None and running.target == "crypt" and "cipher_null" in running.cipher:
        return [Fault(Code.NULL_CIPHER, "opened with the cipher null, which encrypts nothing")], ""
    hardware = any(segment.type == "hw-opal" for segment in header.segments)
    if running is not None and running.target != "crypt" and not hardware:
        return [Fault(Code.WRONG_MAPPING, f"its open mapping is {running.target}, which encrypts nothing")], ""
    return [], f"LUKS{header.version}" + (", not open" if running is None else "")


def _plain(volume: Volume) -> tuple[list[Fault], str]:
    if volume.plain is None:
        raise not_looked_at(volume)
    if "cipher_null" in volume.plain.mapping.cipher:
        return [Fault(Code.NULL_CIPHER, "opened with the cipher null, which encrypts nothing")], ""
    wrong = key_files_in_clear(volume.plain.key_files)
    if not wrong:
        known_places(volume, volume.plain.key_files)
    return wrong, f"dm-crypt without a header, {volume.plain.mapping.cipher}"


def unencrypted_system(volumes: Volumes, _facts: Facts) -> Answer:
    """Volumes of the system that are not encrypted."""
    system = used_for(volumes, "system")
    if not system:
        raise MakesNoSense("the device names no volume under /, so nothing can be said of it")
    return faults(system, _state, NO_DISK)


def unencrypted_data(volumes: Volumes, _facts: Facts) -> Answer:
    """Data volumes that are not encrypted, mounted or not."""
    return faults(used_for(volumes, "data"), _state, NO_DISK)


def unencrypted_swap(volumes: Volumes, _facts: Facts) -> Answer:
    """Swap that is not encrypted, in use or only listed, and swap with a passing key that hibernation needs."""

    def look(volume: Volume) -> tuple[list[Fault], str]:
        wrong, grounds = _state(volume)
        if volume.plain is not None and volume.plain.key == "random" and volume.resume:
            message = "its key is new at each start, and yet hibernation is to resume from it"
            wrong = [*wrong, Fault(Code.PASSING_KEY, message)]
        return wrong, grounds

    return faults(used_for(volumes, "swap"), look, "the machine has no swap, or only in memory")


def not_luks2(volumes: Volumes, _facts: Facts) -> Answer:
    """Encrypted system volumes without a header of LUKS version 2."""

    def look(volume: Volume) -> tuple[list[Fault], str]:
        if volume.encryption == "plain":
            message = "dm-crypt without a header, so no key can be changed and none recovered"
            return [Fault(Code.NO_HEADER, message)], ""
        header = luks(volume)
        old = [Fault(Code.LUKS1, "LUKS1, which knows neither tokens nor Argon2")]
        return (old if header.version == 1 else []), "LUKS2"

    return faults(some(_encrypted(volumes, "system")), look)


def weak_ciphers(volumes: Volumes, _facts: Facts) -> Answer:
    """Volumes that use another cipher than aes-xts-plain64, by their header or in the open mapping."""

    def look(volume: Volume) -> tuple[list[Fault], str]:
        named = _ciphers(volume)
        wrong = [Fault(Code.WEAK_CIPHER, f"cipher {cipher}") for cipher in sorted(named - {"aes-xts-plain64"})]
        return wrong, ", ".join(sorted(named))

    return faults(some(_encrypted(volumes, "system", "data", "swap")), look)


def _ciphers(volume: Volume) -> set[str]:
    if volume.plain is not None:
        return {volume.plain.mapping.cipher}
    header = luks(volume)
    # A drive that encrypts by itself has no cipher to name; ENC-12 asks about it.
    named = {segment.cipher for segment in header.segments if segment.type != "hw-opal" and segment.cipher}
    if header.mapping is not None and header.mapping.target == "crypt":
        named.add(header.mapping.cipher)
    return named


def shortest_key(volumes: Volumes, _facts: Facts) -> Answer:
    """The fewest bytes that a volume's key has (64 for AES-256 in XTS, which uses two keys)."""
    sizes: list[tuple[int, str]] = []
    for volume in some(_encrypted(volumes, "system", "data", "swap")):
        if volume.plain is not None:
            lengths = [volume.plain.mapping.key_bytes]
        else:
            header = luks(volume)
            lengths = [header.key_bytes, header.mapping.key_bytes if header.mapping is not None else None]
        known = [size for size in lengths if size is not None]
        if not known:
            raise MakesNoSense(f"{volume.label}: neither its header nor its mapping says how long its key is")
        sizes.append((min(known), volume.label))
    size, label = min(sizes)
    return Answer(size, f"{label} has the shortest key")


def _encrypted(volumes: Volumes, *roles: str) -> list[Volume]:
    """What Linux encrypts, or nobody knows of; what lies in clear is ENC-01's, ENC-10's or ENC-13's."""
    return [volume for volume in used_for(volumes, *roles) if volume.encryption in ("luks", "plain", "unknown")]


def hardware_only(volumes: Volumes, _facts: Facts) -> Answer:
    """Volumes that trust the drive's own encryption alone."""

    def look(volume: Volume) -> tuple[list[Fault], str]:
        kinds = {segment.type for segment in luks(volume).segments}
        wrong = [Fault(Code.DRIVE_ONLY, "encrypted by the drive alone (hw-opal), not by Linux")]
        return (wrong if "hw-opal" in kinds else []), ", ".join(sorted(kinds))

    return faults(some(with_luks(volumes, "system", "data", "swap")), look)


def weak_derivation(volumes: Volumes, _facts: Facts) -> Answer:
    """Slots for passphrases whose key derivation costs a guesser no memory, whatever its name."""

    def look(volume: Volume) -> tuple[list[Fault], str]:
        cheap = [problem for slot in passphrase_slots(luks(volume)) if (problem := _cheap(slot))]
        wrong = [Fault(Code.WEAK_DERIVATION, problem) for problem in cheap]
        return wrong, "Argon2 in every slot for a passphrase"

    return faults(some(with_luks(volumes, "system", "data", "swap")), look)


def _cheap(slot: Slot) -> str:
    """Why a slot's derivation costs a guesser no memory; an empty text when it does."""
    if slot.kdf not in MEMORY_HARD:
        return f"slot {slot.id} uses {slot.kdf}"
    if slot.memory_kib is None:
        return f"slot {slot.id} uses {slot.kdf} with an amount of memory that is not told"
    if slot.memory_kib < LEAST_MEMORY_KIB:
        return f"slot {slot.id} uses {slot.kdf} with {slot.memory_kib} KiB, and {LEAST_MEMORY_KIB} are the least"
    return ""


def passphrase_slots(header: Luks) -> list[Slot]:
    """The slots that open the volume and belong to no token that holds a random key."""
    bound = {slot for token in header.tokens if token.type in RANDOM_KEYS for slot in token.slots}
    return [slot for slot in header.slots if slot.opens and slot.id not in bound]


JUDGEMENTS: dict[str, Judgement] = {
    "unencrypted_system": unencrypted_system,
    "unencrypted_data": unencrypted_data,
    "unencrypted_swap": unencrypted_swap,
    "not_luks2": not_luks2,
    "weak_ciphers": weak_ciphers,
    "shortest_key": shortest_key,
    "hardware_only": hardware_only,
    "weak_derivation": weak_derivation,
}
