"""What is kept of a Windows device's volumes beside what it shows: the vault's word for ENC-01, ENC-07, ENC-08, ENC-09.

A volume is compared by the ids of its recovery passwords, which the ledger has from when they were compared; no
envelope is opened. They are taken on the controller, during the visit, where a roll-out looks after BitLocker.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.readings import AGE, LONGEST, NO_VAULT, ON_WINDOWS, SOURCE, kept_under
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.vault import controller_state, custody, replica
from leeboard.escrow.vault.device_records import records_of
from leeboard.escrow.vault.records import Key, Records, State, Window
from leeboard.escrow.vault.replica import Place
from leeboard.escrow.volumes import typed
from leeboard.escrow.volumes.volume import guid_of
from leeboard.model.enums import Level
from leeboard.model.observation import Aspect, Found, Nothing, Observation, Reading, Unreadable, WireValue
from leeboard.model.values import plain
from leeboard.policy.resolve import Wanted
from leeboard.verdict.judgements.bitlocker import (
    DATA,
    DECRYPTED,
    ENCRYPTED,
    NUMERICAL_PASSWORD,
    OFF,
    SYSTEM,
    EncryptableVolume,
)
from leeboard.verdict.judgements.escrowed_keys import KeptDisk, KeptKey, KeptSuspension
from leeboard.verdict.judgements.kept_protection import KeptProtection

SHOWN = ("bitlocker_volume", "volumes")  # what the device has to show for it
GOOD = (State.COMPARED, State.USED)
CLEAR = "not encrypted"
PROTECTION = "protection"


def of_escrow(observation: Observation, wanted: Wanted, var: Path) -> list[Reading]:
    """The readings of the vault in `var`, about the volumes of a device that was observed.

    None where nothing is wanted of them: on another platform, and where recovery passwords are kept elsewhere. Where a
    directory keeps them, only those about windows in which protection may be suspended.
    """
    asked = {setting.setting.address for setting in wanted.settings if setting.setting.driver == ON_WINDOWS}
    if not asked:
        return []
    aspects = _aspects(observation, wanted, var, needs_vault="escrowed" in asked)
    aspects[PROTECTION] = _protection(observation, wanted, var)
    return [
        Reading(driver=ON_WINDOWS, address=address, effective=aspect)
        for address, aspect in aspects.items()
        if address in asked
    ]


def shown_by(observation: Observation) -> Aspect:
    """What a device shows of its volumes, or why it is not known."""
    shown = observation.reading(*SHOWN)
    if shown is None:
        return Unreadable(state="unreadable", code="failed", why="the device showed no volumes of BitLocker")
    return shown.effective


def _aspects(observation: Observation, wanted: Wanted, var: Path, needs_vault: bool) -> dict[str, Aspect]:
    """What the vault has, by address. Where a directory keeps passwords it has windows, and without a vault none."""
    shown = shown_by(observation)
    if not isinstance(shown, Found):
        return _all(shown)
    try:
        volumes = volumes_of(shown.value)
        seen = controller_state.read(var)
        records = records_of(var, wanted.device)
    except LeeboardError as problem:
        why = str(problem)[:500]
        return _all(Unreadable(state="unreadable", code="malformed", why=why, source=SOURCE))
    if not seen.vault and needs_vault:
        return _all(Nothing(state="absent", source=SOURCE, note=NO_VAULT))

    def places() -> Sequence[Place]:
        return [replica.open_place(path, seen.vault, copy) for copy, path in enumerate(seen.places, 1)]

    custodians, device = frozenset(seen.custodians), wanted.device
    kept = KeptVolumes(
        records, places, custodians, device.level, device.urn, partial(typed.remember, var, device, records)
    )
    return {address: _aspect(look, kept, volumes) for address, look in LOOKS.items()}


def _protection(observation: Observation, wanted: Wanted, var: Path) -> Aspect:
    """The volumes of Windows, and the window of one that is suspended.

    What the device says of them counts whatever becomes of the vault: without it no window is known.
    """
    shown = shown_by(observation)
    if not isinstance(shown, Found):
        return shown
    try:
        volumes = volumes_of(shown.value)
    except LeeboardError as problem:
        return Unreadable(state="unreadable", code="malformed", why=str(problem)[:500], source=SOURCE)
    try:
        records = records_of(var, wanted.device)
    except LeeboardError:
        records = Records()  # what is wrong with the vault is said of all else that it answers for
    kept = [_kept_protection(volume, window_of(records, volume)) for volume in volumes if volume.kind == SYSTEM]
    texts = [one.model_dump_json(exclude_defaults=True) for one in kept]
    return Found(state="value", value=list[str](texts), source=shown.source)


def _kept_protection(volume: EncryptableVolume, window: Window | None) -> KeptProtection:
    try:
        suspension = _suspension(volume, window)
    except LeeboardError:
        suspension = None  # the judgement says what cannot be told
    is_suspended = suspension is not None and suspension.left is not None and suspension.until
    # It is kept to be judged again, so no longer than that takes.
    asked = {"kind", "conversion", "percentage", "protection", "lock", "suspended", "hardware_test"}
    troubles = {part: one for part, one in volume.troubles.items() if part in {*asked, "protectors", "all"}}
    told = EncryptableVolume(
        name=plain(volume.name), letter=plain(volume.letter), troubles=troubles,
        protectors=volume.protectors[:1] if volume.protectors is not None else None,
        **{part: getattr(volume, part) for part in asked},
    )  # fmt: skip
    return KeptProtection(volume=told, suspension=suspension if is_suspended else None)


def _aspect(look: Look, kept: KeptVolumes, volumes: list[EncryptableVolume]) -> Aspect:
    """What a look comes to, as judgements/escrowed_keys.py takes it; nothing where no volume is encrypted."""
    try:
        in_clear = all(map(_is_clear, _looked_at(volumes)))
        objects = [] if in_clear else look(kept, volumes)
    except LeeboardError as problem:
        return Unreadable(state="unreadable", code="failed", why=str(problem)[:500], source=SOURCE)
    texts = [one.model_dump_json(exclude_none=True) for one in objects]
    return Found(state="value", value=list[str](texts), source=SOURCE)


def _all(aspect: Aspect) -> dict[str, Aspect]:
    return dict.fromkeys(LOOKS, aspect)


def volumes_of(value: WireValue) -> list[EncryptableVolume]:
    """The volumes in a reading's value. Raises LeeboardError."""
    texts = value if isinstance(value, list) else [value]
    try:
        return [EncryptableVolume.model_validate_json(str(text)) for text in texts]
    except ValidationError:
        raise LeeboardError("what the device says of its volumes makes no sense") from None


@dataclass(frozen=True)
class KeptVolumes:
    """What the vault has of one device: its records, its places, and the fingerprints of today's custodians.

    `urn` is the one that its school has today; keys may be kept under an earlier one. `remember` notes which passwords
    were typed at the device, and says which were noted at earlier visits.
    """

    records: Records
    places: Callable[[], Sequence[Place]]
    custodians: frozenset[str]
    level: Level
    urn: str
    remember: Callable[[Collection[str]], Collection[str]] = frozenset

    def escrowed(self, volumes: Iterable[EncryptableVolume]) -> list[KeptDisk]:
        """Whether a recovery password that is in the volume is kept. Raises LeeboardError."""
        return [_disk(volume, *self._escrowed(volume)) for volume in _looked_at(volumes)]

    def rotated(self, volumes: Iterable[EncryptableVolume]) -> list[KeptDisk]:
        """Whether what is kept is known to nobody who should not know it any more. Raises LeeboardError."""
        shown = list(volumes)
        used = self.remember(_used(shown))
        return [_disk(volume, *self._rotated(volume, used)) for volume in _looked_at(shown)]

    def strangers(self, volumes: Iterable[EncryptableVolume]) -> list[KeptDisk]:
        """Whether the vault knows every recovery password of the volume. Raises LeeboardError."""
        return [_disk(volume, *self._strangers(volume)) for volume in _looked_at(volumes)]

    def ages(self, volumes: Iterable[EncryptableVolume]) -> list[KeptKey]:
        """The key of each volume that is encrypted, and when it was made. Raises LeeboardError."""
        found = []
        for volume in _looked_at(volumes):
            if not _is_clear(volume):
                key = self.current(volume)
                found.append(KeptKey(name=volume.label, id=key.id if key else "", made=key.made if key else ""))
        return found

    def suspensions(self, volumes: Iterable[EncryptableVolume]) -> list[KeptSuspension]:
        """Whether each volume that is encrypted is suspended, and the window that was opened for it.

        Raises LeeboardError where it cannot be told.
        """
        encrypted = [volume for volume in _looked_at(volumes) if not _is_clear(volume)]
        return [_suspension(volume, window_of(self.records, volume)) for volume in encrypted]

    def current(self, volume: EncryptableVolume) -> Key | None:
        """The newest key that is a recovery password of the volume, ours before one that was adopted. None for none."""
        present = _passwords(volume)
        fits = [key for key in self._keys(volume) if key.state in GOOD and key.protector in present]
        ours = [key for key in fits if not key.adopted]
        return next(reversed(ours or fits), None)

    def _keys(self, volume: EncryptableVolume) -> list[Key]:
        guid = guid_of(volume.name)
        return [key for key in self.records.keys if key.kind is Kind.BITLOCKER and key.disk == guid]

    def _escrowed(self, volume: EncryptableVolume) -> tuple[list[str], str]:
        if _is_clear(volume):
            return [], CLEAR
        key = self.current(volume)
        if key is None:
            older = [one for one in self._keys(volume) if one.state in GOOD]
            gone = f": {older[-1].protector}, which key {older[-1].id} is, is gone from it" if older else ""
            return [f"no recovery password that is in it is kept{gone}"], ""
        wrong = [*custody.damaged(key, self.places()), *custody.too_few(key, self.level)]
        where = "" if key.urn == self.urn else f"; {kept_under(key.urn)}"
        return wrong, f"key {key.id} is its recovery password {key.protector}, as compared at {key.proved}{where}"

    def _rotated(self, volume: EncryptableVolume, used: Collection[str]) -> tuple[list[str], str]:
        if _is_clear(volume):
            return [], CLEAR
        key = self.current(volume)
        if key is None:
            return ["no recovery password that is in it is kept"], ""
        wrong = custody.known_to_others(key, self.custodians)
        if not wrong and key.protector in used:
            wrong = [f"key {key.id} was typed at the device, as its events said"]
        return wrong, "" if wrong else f"key {key.id} was read out by nobody"

    def _strangers(self, volume: EncryptableVolume) -> tuple[list[str], str]:
        if _is_clear(volume):
            return [], CLEAR
        known = {key.protector for key in self._keys(volume)}
        unknown = sorted(_passwords(volume) - known)
        return [f"nobody here knows its recovery password {one}" for one in unknown], "the vault knows all of them"


def _looked_at(volumes: Iterable[EncryptableVolume]) -> list[EncryptableVolume]:
    """The fixed volumes that a roll-out looks after. Raises LeeboardError where one cannot be told."""
    fixed = [one for one in volumes if one.kind == SYSTEM or (one.kind == DATA and one.letter)]
    for volume in fixed:  # a locked one tells neither
        if volume.conversion is None or (not _is_clear(volume) and volume.protectors is None):
            raise LeeboardError(f"{volume.label}: what it is, and by what it opens, cannot be told")
    return fixed


def window_of(records: Records, volume: EncryptableVolume) -> Window | None:
    """The last window of a volume, whether it is open or not; None for none."""
    guid = guid_of(volume.name)
    return next((one for one in records.windows if one.disk == guid), None)


def _is_clear(volume: EncryptableVolume) -> bool:
    return volume.conversion == DECRYPTED


def _used(volumes: Iterable[EncryptableVolume]) -> Collection[str]:
    """The ids of recovery passwords that were typed at the device. Raises LeeboardError where its events do not say."""
    used: set[str] = set()
    for volume in volumes:
        if volume.kept is not None:
            trouble = volume.kept.troubles.get("used")
            if trouble is not None:
                raise LeeboardError(f"whether a recovery password was typed there cannot be told: {trouble.why}")
            used |= set(volume.kept.used)
    return used


def _suspension(volume: EncryptableVolume, window: Window | None) -> KeptSuspension:
    if volume.protection is None:
        raise LeeboardError(f"{volume.label}: whether its protection is on cannot be told")
    # One that has no protector was never protected: ENC-01 says so.
    is_suspended = volume.protection == OFF and volume.conversion == ENCRYPTED and bool(volume.protectors)
    if is_suspended and volume.suspended is None and "suspended" in volume.troubles:
        raise LeeboardError(f"{volume.label}: {volume.troubles['suspended'].why}")
    left = (volume.suspended or 0) if is_suspended else None
    if window is None:
        return KeptSuspension(name=volume.label, left=left)
    reason = plain(window.reason, LONGEST)
    if window.ended:
        last = f"; the last one, for {reason}, was over at {window.ended}"
        return KeptSuspension(name=volume.label, left=left, last=last if is_suspended else "")
    return KeptSuspension(
        name=volume.label, left=left, opened=window.opened, until=window.until, restarts=window.restarts, reason=reason
    )


def _passwords(volume: EncryptableVolume) -> set[str]:
    return {one.id for one in volume.protectors or () if one.type == NUMERICAL_PASSWORD}


def _disk(volume: EncryptableVolume, wrong: list[str], grounds: str) -> KeptDisk:
    faults = tuple(plain(fault, LONGEST) for fault in wrong)
    return KeptDisk(name=volume.label, faults=faults, grounds="" if wrong else plain(grounds, LONGEST))


Look = Callable[[KeptVolumes, Iterable[EncryptableVolume]], Sequence[KeptDisk | KeptKey | KeptSuspension]]
LOOKS: dict[str, Look] = {
    AGE: KeptVolumes.ages,
    "escrowed": KeptVolumes.escrowed,
    "protectors": KeptVolumes.strangers,
    "rotated": KeptVolumes.rotated,
    "suspensions": KeptVolumes.suspensions,
}
