"""Will a Windows machine start, what does it ask for, and what is pending: inferred from numbers, never tried."""

from __future__ import annotations

from leeboard.model.judgements import ASKED_ON_WINDOWS, ASKS, BOOTS_ON_WINDOWS, STARTS
from leeboard.verdict.codes import Code, Fault, of_word
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, Facts, Judgement
from leeboard.verdict.judgements.bitlocker import (
    ENCRYPTED,
    EXTERNAL_KEY,
    HARDWARE_TEST_FAILED,
    NUMERICAL_PASSWORD,
    ON,
    PASSPHRASE,
    PUBLIC_KEY,
    SYSTEM,
    TPM,
    TPM_AND_KEY,
    TPM_AND_PIN,
    TPM_CERTIFICATE,
    TPM_PIN_AND_KEY,
    WITH_TPM,
    Coming,
    EncryptableVolume,
    Protector,
    Start,
    Tpm,
    not_there,
    of_kind,
    system,
)
from leeboard.verdict.judgements.bitlocker_state import suspension
from leeboard.verdict.judgements.volume_checks import faults

Volumes = tuple[EncryptableVolume, ...]
# What each protector asks a person for; a recovery password and a certificate open nothing by themselves at a start.
ASKED_BY = {
    TPM: "tpm", TPM_CERTIFICATE: "network", PASSPHRASE: "passphrase", EXTERNAL_KEY: "security-key",
    TPM_AND_KEY: "security-key", TPM_AND_PIN: "tpm-and-pin", TPM_PIN_AND_KEY: "tpm-and-pin",
}  # fmt: skip
SILENT = (NUMERICAL_PASSWORD, PUBLIC_KEY)
INFERRED = "inferred from protectors, status and pending changes"
# PCRs that a change is measured into; of the boot configuration Windows checks single settings instead, and corrects
# them where it leans on Secure Boot, which is PCR 7.
MEASURED = {"firmware": (0, 2), "secure_boot": (7,)}
SECURE_BOOT = 7
# BindingState of GetSecureBootBindingState (microsoft/wmi, EncryptableVolume_BindingState): 2 possible, 3 bound.
UNBOUND = {
    0: "nothing can be bound to Secure Boot (PCR 7) here, so new firmware may ask for the recovery password",
    1: "a policy keeps the TPM from being bound to Secure Boot (PCR 7)",
}
# Bits of Win32_Tpm.IsReadyInformation after which the TPM gives no key away, or not for long.
NEEDS = {0x8: "must be cleared, or its owner's password imported", 0x20: "is switched off in the firmware"}


def pre_boot(volumes: Volumes, _facts: Facts) -> Answer:
    """One word: what the disk of Windows asks for. Of several protectors the weakest counts: any of them opens."""
    volume = system(volumes)
    volume.begun()
    if volume.in_clear:
        return Answer("nothing", f"{volume.label} is not encrypted", (Code.ASKS_NOTHING,))
    ways = volume.ways()
    if not ways:
        return Answer("nothing", f"{volume.label} has no protector at all", (Code.ASKS_NOTHING,))
    strange = [way for way in ways if way.type not in ASKED_BY and way.type not in SILENT]
    ranked = sorted(
        ((ASKED_BY[way.type], way) for way in ways if way.type in ASKED_BY),
        key=lambda pair: ASKED_ON_WINDOWS.index(pair[0]),
    )
    if not ranked:
        if strange:
            raise CannotBeTold(f"{volume.label}: what its {strange[0].label} asks for is not known")
        grounds = f"{volume.label} has no protector that opens it at a start"
        return Answer("recovery-password", grounds, (Code.ASKS_RECOVERY_PASSWORD,))
    word, weakest = ranked[0]
    beside = [way for other, way in ranked if other != word]
    if strange and word == ASKED_ON_WINDOWS[-2]:
        raise CannotBeTold(f"{volume.label}: what its {strange[0].label} asks for is not known")
    grounds = f"{volume.label} opens by its {weakest.label}"
    if beside:
        grounds += f", which makes its {beside[0].label} worth nothing"
    return Answer(word, grounds, (of_word(ASKS, word),))


def will_boot(volumes: Volumes, _facts: Facts) -> Answer:
    """One word for the volume of Windows, with its grounds. It is never proved, and says so."""
    volume = system(volumes)
    word, grounds = _boots(volume)
    return Answer(word, f"{INFERRED}, not tried: {_with_notes(volume, grounds)}", (of_word(STARTS, word),))


def _with_notes(volume: EncryptableVolume, grounds: str) -> str:
    """Grounds, and what a technician should know besides."""
    if volume.in_clear:
        return grounds
    notes = (volume.start.notes if volume.start is not None else None) or ()
    unbound = [UNBOUND[volume.binding]] if volume.binding in UNBOUND else []
    return "; ".join([grounds, *unbound, *notes])


def _boots(volume: EncryptableVolume) -> tuple[str, str]:
    label = volume.label
    if volume.in_clear:
        return "inferred", f"{label} is not encrypted, so nothing is asked for"
    if volume.number("conversion") != ENCRYPTED:
        return "not-tested", f"{label} is encrypted in part, and what its start asks for meanwhile is not known"
    if volume.number("protection") != ON:
        after = f"; {suspension(volume)}, and then its protectors count" if volume.suspended else ""
        return "inferred", f"the key of {label} lies in clear, so nothing is asked for{after}"
    ways = [way for way in volume.ways() if way.type not in SILENT]
    if not ways:
        return "will-ask", f"{label} has only a recovery password left: every start asks for its 48 digits"
    return min((_way(volume, way) for way in ways), key=lambda pair: BOOTS_ON_WINDOWS.index(pair[0]))


def _way(volume: EncryptableVolume, way: Protector) -> tuple[str, str]:
    """How a start goes by one protector."""
    label = f"{volume.label}: its {way.label}"
    if way.type not in WITH_TPM:
        return "needs-its-user", f"{label} asks for what nobody tried"
    trouble = _tpm_trouble(volume, _tpm(volume))
    if trouble:
        return "will-ask", f"{label}: the TPM {trouble}, so the recovery password is asked for"
    touching = [change.what for change in _coming(volume) if _touches(way, change)]
    if touching:
        return "not-tested", f"{label}: {', '.join(touching)}, and may end in a question for the recovery password"
    if SECURE_BOOT in way.pcrs and _start(volume).secure_boot == "off":
        return "not-tested", f"{label} is bound to Secure Boot (PCR 7), which is off now"
    if way.type == TPM:
        return "inferred", f"{label} opens it, the TPM is ready, and nothing pending is measured"
    asks = "network" if way.type == TPM_CERTIFICATE else ASKED_BY[way.type]
    return "needs-its-user", f"{label} asks for its {asks.replace('tpm-and-pin', 'PIN')}, which nobody tried"


def _start(volume: EncryptableVolume) -> Start:
    if volume.start is None:
        raise volume.untold("start")
    return volume.start


def _tpm(volume: EncryptableVolume) -> Tpm:
    start = _start(volume)
    if start.tpm is None:
        raise not_there(volume.label, "tpm", start.troubles)
    return start.tpm


def _tpm_trouble(volume: EncryptableVolume, tpm: Tpm) -> str:
    """Why the TPM would not give its key away; empty where nothing is known against it."""
    if not tpm.present:
        return "is not seen by Windows"
    if not (tpm.enabled and tpm.activated):
        return NEEDS[0x20]
    return next((need for bit, need in NEEDS.items() if tpm.needs & bit), "")


def _coming(volume: EncryptableVolume) -> tuple[Coming, ...]:
    start = _start(volume)
    if start.coming is None:
        raise not_there(volume.label, "coming", start.troubles)
    return start.coming


def _touches(way: Protector, change: Coming) -> bool:
    """Whether a protector is bound to what changes. One whose PCRs Windows did not tell is bound to all."""
    if change.kind == "boot_configuration":
        return SECURE_BOOT not in way.pcrs
    return not way.pcrs or bool(set(MEASURED[change.kind]) & set(way.pcrs))


def pending(volumes: Volumes, _facts: Facts) -> Answer:
    """What has to be finished, or prepared before the next start."""

    def look(volume: EncryptableVolume) -> tuple[list[Fault], str]:
        if volume.kind != SYSTEM:
            return [], ""
        volume.begun()
        wrong: list[Fault] = []
        grounds = "nothing is pending"
        if volume.hardware_test == HARDWARE_TEST_FAILED:
            message = "its hardware test failed, and Windows removed its protectors"
            wrong.append(Fault(Code.HARDWARE_TEST_FAILED, message))
        if volume.in_clear:
            return wrong, grounds
        if volume.number("protection") != ON:
            return wrong, (f"suspended: {suspension(volume)}" if volume.ways() else grounds)
        bound = [way for way in volume.ways() if way.type in WITH_TPM]
        if not bound:
            return wrong, grounds
        trouble = _tpm_trouble(volume, _tpm(volume))
        if trouble:
            wrong.append(Fault(Code.TPM_NOT_READY, f"the TPM {trouble}, and its {bound[0].label} needs it"))
        for change in _coming(volume):
            touched = [way for way in bound if _touches(way, change)]
            if touched and change.kind != "secure_boot":
                message = f"{change.what}, and its {touched[0].label} is bound to {_bound(touched[0], change)}"
                wrong.append(Fault(Code.CHANGE_COMING, message))
            elif touched:
                grounds = f"{change.what}, which Windows prepares BitLocker for"
        return wrong, _with_notes(volume, grounds)

    return faults(of_kind(volumes, SYSTEM), look)


def _bound(way: Protector, change: Coming) -> str:
    if change.kind == "boot_configuration":
        return "the boot configuration"
    common = sorted(set(MEASURED[change.kind]) & set(way.pcrs))
    if not common:
        return "PCRs that Windows does not tell"
    return "PCR " + ", ".join(str(pcr) for pcr in common)


JUDGEMENTS: dict[str, Judgement] = {
    "bitlocker_pre_boot": pre_boot,
    "bitlocker_will_boot": will_boot,
    "bitlocker_pending": pending,
}
