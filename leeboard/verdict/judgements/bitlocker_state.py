"""Is a Windows machine encrypted, is the protection on, and how well: by the numbers of BitLocker's volumes."""

from __future__ import annotations

from dataclasses import replace

from leeboard.model.judgements import CIPHER, CIPHERS
from leeboard.verdict.codes import Code, Fault, of_word
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, Facts, Judgement, MakesNoSense, UnderWay
from leeboard.verdict.judgements.bitlocker import (
    DATA,
    DECRYPTED,
    DECRYPTING,
    DECRYPTION_PAUSED,
    ENCRYPTED,
    ENCRYPTING,
    ENCRYPTION_PAUSED,
    HARDWARE_METHOD,
    NOBODYS,
    NUMERICAL_PASSWORD,
    ON,
    SYSTEM,
    EncryptableVolume,
    of_kind,
    system,
)
from leeboard.verdict.judgements.disks import NO_DISK
from leeboard.verdict.judgements.volume_checks import faults, some

Volumes = tuple[EncryptableVolume, ...]
NO_TPM = (
    "Windows sees no TPM, so no roll-out encrypts it: switch it on in the firmware (PTT, fTPM or Security Device), "
    "exchange the machine, or have a named person accept that until a given day (a waiver)"
)
# Encryption methods by number, the weakest first.
METHODS = dict(zip((5, 1, 3, 2, 4, 6, 7), CIPHERS, strict=True))


def _encrypted(volume: EncryptableVolume) -> tuple[list[Fault], str]:
    """Whether all of a volume is encrypted now, whoever holds the key."""
    volume.known()
    state = volume.number("conversion")
    if state == DECRYPTED:
        volume.begun()
        begun = volume.protectors and "it has protectors, but encryption was not begun"
        return [Fault(Code.NOT_ENCRYPTED, f"not encrypted{': ' + begun if begun else ''}")], ""
    if state in (DECRYPTING, DECRYPTION_PAUSED):
        message = f"being decrypted, {_share(volume)} is still encrypted{_paused(state)}"
        return [Fault(Code.BEING_DECRYPTED, message)], ""
    if state in (ENCRYPTING, ENCRYPTION_PAUSED):
        raise UnderWay(f"{volume.label}: being encrypted, {_share(volume)} so far{_paused(state)}")
    if state == ENCRYPTED:
        return [], "encrypted by BitLocker"
    raise MakesNoSense(f"{volume.label}: {state} is no conversion status")


def _share(volume: EncryptableVolume) -> str:
    return "an unknown part" if volume.percentage is None else f"{volume.percentage} %"


def _paused(state: int) -> str:
    return ", and paused" if state in (ENCRYPTION_PAUSED, DECRYPTION_PAUSED) else ""


def unencrypted_system(volumes: Volumes, _facts: Facts) -> Answer:
    """The volume of Windows, where it is not encrypted; the grounds name a TPM that is missing.

    That is none of the values, or a waiver would end with a setting of the firmware.
    """
    volume = system(volumes)
    answer = faults([volume], _encrypted)
    tpm = volume.start.tpm if volume.start is not None else None
    if not answer.value or tpm is None or tpm.present:
        return answer
    return replace(answer, grounds="; ".join(filter(None, (answer.grounds, NO_TPM))))


def unencrypted_data(volumes: Volumes, _facts: Facts) -> Answer:
    """Fixed data volumes that are not encrypted, or not protected."""

    def look(volume: EncryptableVolume) -> tuple[list[Fault], str]:
        if "partition" in volume.troubles:
            raise volume.untold("partition")
        wrong, grounds = _encrypted(volume)
        return (wrong, grounds) if wrong else protected(volume)

    return faults([volume for volume in of_kind(volumes, DATA) if volume.partition not in NOBODYS], look, NO_DISK)


def unprotected(volumes: Volumes, _facts: Facts) -> Answer:
    """Why the encrypted volume of Windows opens to somebody who knows nothing: none, when it does not."""
    volume = system(volumes)
    return faults(some([] if volume.in_clear else [volume]), protected)


def protected(volume: EncryptableVolume) -> tuple[list[Fault], str]:
    """Protection status, and which of the states that it lumps together it is."""
    state = volume.number("protection")
    if state == ON:
        return [], "its protection is on"
    if volume.number("conversion") in (ENCRYPTING, ENCRYPTION_PAUSED):
        raise UnderWay(f"{volume.label}: its protection comes on when all of it is encrypted")
    if volume.number("conversion") != ENCRYPTED:
        return [Fault(Code.PROTECTION_OFF, "its protection is off")], ""
    if not volume.ways():
        message = "no protector was ever added, so its key lies beside it in clear: whoever has the disk has the key"
        return [Fault(Code.NO_PROTECTOR, message)], ""
    message = f"its protection is suspended, so its key lies beside it in clear; {suspension(volume)}"
    return [Fault(Code.SUSPENDED, message)], ""


def suspension(volume: EncryptableVolume) -> str:
    """How long a suspension lasts."""
    if volume.suspended is None:
        trouble = volume.troubles.get("suspended")
        return f"until when is not known: {trouble.why}" if trouble else "until somebody resumes it"
    if volume.suspended == 0:
        return "until somebody resumes it"
    restarts = "1 restart" if volume.suspended == 1 else f"{volume.suspended} restarts"
    return f"it comes back after {restarts}"


def cipher(volumes: Volumes, _facts: Facts) -> Answer:
    """The weakest encryption method of Windows and fixed data, as a word."""
    known = some([volume for volume in of_kind(volumes, SYSTEM, DATA) if not _unused(volume)])
    untold = [volume.label for volume in known if volume.number("method") not in METHODS]
    if untold:
        raise CannotBeTold(f"{', '.join(untold)}: Windows does not say what encrypts it")
    order = list(METHODS)
    worst = min(known, key=lambda volume: order.index(volume.number("method")))
    word = METHODS[worst.number("method")]
    return Answer(word, f"{worst.label} is encrypted with the weakest", (of_word(CIPHER, word),))


def _unused(volume: EncryptableVolume) -> bool:
    return volume.conversion == DECRYPTED


def hardware_only(volumes: Volumes, _facts: Facts) -> Answer:
    """Volumes that trust the drive's own encryption alone."""

    def look(volume: EncryptableVolume) -> tuple[list[Fault], str]:
        method = volume.number("method")
        drive_only = [Fault(Code.DRIVE_ONLY, "encrypted by the drive alone, not by Windows")]
        wrong = drive_only if method == HARDWARE_METHOD else []
        if not wrong:
            volume.known()
        return wrong, METHODS.get(method, f"encryption method {method}")

    return faults(some([volume for volume in of_kind(volumes, SYSTEM, DATA) if not _unused(volume)]), look)


def recovery_passwords(volumes: Volumes, _facts: Facts) -> Answer:
    """How many recovery passwords each encrypted volume has; the fewest. Windows in clear has none."""
    system(volumes).begun()
    if system(volumes).in_clear:
        return Answer(0, f"{system(volumes).label} is not encrypted")
    counted = []
    for volume in of_kind(volumes, SYSTEM, DATA):
        if not _unused(volume):
            volume.known()
            ids = [way.id for way in volume.ways() if way.type == NUMERICAL_PASSWORD]
            counted.append((len(ids), f"{volume.label} has {', '.join(ids) or 'none'}"))
    return Answer(min(counted)[0], "; ".join(text for _, text in counted))


def page_files(volumes: Volumes, _facts: Facts) -> Answer:
    """Page files on a volume that is not encrypted. Whether its protection is on is asked of the volume itself."""

    def look(volume: EncryptableVolume) -> tuple[list[Fault], str]:
        named = ", ".join(volume.page_files)
        if volume.kind is None and not volume.troubles:
            return [Fault(Code.UNKNOWN_DRIVE, f"{named} lies on a drive that BitLocker does not know")], ""
        wrong, grounds = _encrypted(volume)
        return [Fault(fault.code, f"{named} lies there, {fault}") for fault in wrong], f"{named} lies there, {grounds}"

    if "page_files" in system(volumes).troubles:
        raise system(volumes).untold("page_files")
    return faults([volume for volume in volumes if volume.page_files], look, "the machine has no page file")


JUDGEMENTS: dict[str, Judgement] = {
    "bitlocker_unencrypted_system": unencrypted_system,
    "bitlocker_unencrypted_data": unencrypted_data,
    "bitlocker_unprotected": unprotected,
    "bitlocker_cipher": cipher,
    "bitlocker_hardware_only": hardware_only,
    "bitlocker_recovery_passwords": recovery_passwords,
    "bitlocker_page_files": page_files,
}
