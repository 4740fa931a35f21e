"""What is kept of a Windows device's volumes beside what the device shows: the vault's word for ENC-07 and ENC-08.

A volume is compared by the ids of its recovery passwords, which the ledger has from when they were compared; no
envelope is opened. Nothing calls this yet but its tests: the visit is to, once a roll-out brings recovery passwords in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.vault import custody
from leeboard.escrow.vault.records import Key, Records, State
from leeboard.escrow.vault.replica import Place
from leeboard.escrow.volumes.volume import guid_of
from leeboard.model.enums import Level
from leeboard.verdict.judgements.bitlocker import (
    DATA,
    DECRYPTED,
    NUMERICAL_PASSWORD,
    SYSTEM,
    EncryptableVolume,
)
from leeboard.verdict.judgements.escrowed_keys import KeptDisk, KeptKey

GOOD = (State.COMPARED, State.USED)
CLEAR = "not encrypted"


@dataclass(frozen=True)
class KeptVolumes:
    """What the vault has of one device: its records, its places, and the fingerprints of today's custodians."""

    records: Records
    places: Callable[[], Sequence[Place]]
    custodians: frozenset[str]
    level: Level

    def escrowed(self, volumes: Iterable[EncryptableVolume]) -> list[KeptDisk]:
        """Whether a recovery password that is in the volume is kept. Raises LeeboardError."""
        return [_disk(volume, *self._escrowed(volume)) for volume in _looked_at(volumes)]

    def rotated(self, volumes: Iterable[EncryptableVolume]) -> list[KeptDisk]:
        """Whether what is kept is known to nobody who should not know it any more. Raises LeeboardError."""
        return [_disk(volume, *self._rotated(volume)) for volume in _looked_at(volumes)]

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
        return wrong, f"key {key.id} is its recovery password {key.protector}, as compared at {key.proved}"

    def _rotated(self, volume: EncryptableVolume) -> tuple[list[str], str]:
        if _is_clear(volume):
            return [], CLEAR
        key = self.current(volume)
        if key is None:
            return ["no recovery password that is in it is kept"], ""
        wrong = custody.known_to_others(key, self.custodians)
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


def _is_clear(volume: EncryptableVolume) -> bool:
    return volume.conversion == DECRYPTED


def _passwords(volume: EncryptableVolume) -> set[str]:
    return {one.id for one in volume.protectors or () if one.type == NUMERICAL_PASSWORD}


def _disk(volume: EncryptableVolume, wrong: list[str], grounds: str) -> KeptDisk:
    return KeptDisk(name=volume.label, faults=tuple(wrong), grounds="" if wrong else grounds)
