"""Passphrases that somebody knows: kept in the vault as they are, or given a derivation that costs a guesser memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import SLOTS, Ask, Credentials, Disk, Outcome, binding_of, survey
from leeboard.escrow.keys.recovery_key import RecoveryKey
from leeboard.escrow.vault import ledger
from leeboard.escrow.vault.binding import Binding, faults, parse, strangers
from leeboard.escrow.vault.device_records import about
from leeboard.escrow.vault.records import Key, State
from leeboard.escrow.vault.vault import Vault
from leeboard.model.device import Device


def adopt(
    vault: Vault, device: Device, ask: Ask, clock: Callable[[], datetime], secret: str, dry: bool = False
) -> Outcome:
    """Keep a key or passphrase that somebody knows already of every LUKS volume that it opens; on the device nothing
    changes. What it does not open is said."""
    outcome = Outcome()
    _ways, _weak, volumes = survey(vault, ask, clock, dry)
    for volume in volumes:
        try:
            Known(vault, device, ask, clock, volume, outcome, Credentials(passphrase=secret), dry).adopt()
        except LeeboardError as problem:
            outcome.failed.append(f"{volume.label}: {problem}")
    return outcome


class Known(Disk):
    """A volume, and the passphrase that was given for it."""

    def adopt(self) -> None:
        """Keep the secret that was given, if it opens the disk. Raises LeeboardError."""
        now = self.readable()
        existing = next((key for key in self._keys() if not faults(key, now)), None)
        if existing is not None:
            self.outcome.done.append(f"{self.volume.label}: key {existing.id} of it is kept already")
            return
        self.no_clone(now)
        secret = self.credentials.passphrase
        slot = _slot(self.ask("find", uuid=now.uuid, expect=now.digest, passphrase=secret))
        self.outcome.changed = True
        if self.dry:
            self.outcome.done.append(f"{self.volume.label}: it opens slot {slot}, and is to be kept")
            return
        content = replace(self.content(now.uuid), key=RecoveryKey(secret), adopted=True)
        binding = {"slot": slot, "disk": now.model_dump(mode="json")}
        with self.writing() as writer:
            writer.seal(content, self.device.urn, self.device.asset, self.device.level, now.uuid, binding)
        self.outcome.done.append(f"{self.volume.label}: kept as key {content.id}; it opens slot {slot}")
        self.copy(now)
        self.destroy_older()

    def strengthen(self, weak: bool) -> None:
        """Give the slot of the passphrase Argon2, if it is `weak`, and vouch for it. Raises LeeboardError.

        A slot that the passphrase from the school's vault opens is known, whatever it was before: also one that a run
        changed which was cut off before it could say so.
        """
        if not weak and not self._unknown(self.volume.binding):
            return
        if self.dry:
            self.outcome.done.append(
                f"{self.volume.label}: the slot of its passphrase is to get Argon2, or to be known"
            )
            return
        volumes = parse(self.ask("survey").get("volumes") or [])
        now = next((volume.binding for volume in volumes if volume.uuid == self.volume.uuid), None)
        if now is None:
            return
        arguments = {"uuid": now.uuid, "expect": now.digest, "passphrase": self.credentials.passphrase}
        answer = self.ask("strengthen", **arguments) if weak else {}
        slot = _slot(answer) if answer.get("slot") is not None else None
        if slot is not None:
            now = binding_of(answer)
            self.outcome.changed = True
            self.outcome.done.append(f"{self.volume.label}: slot {slot} has Argon2 now")
            self.copy(now)
            self.destroy_older()
        elif self._unknown(now):
            with suppress(LeeboardError):  # it is somebody else's, and stays reported
                slot = _slot(self.ask("find", **arguments))
        if slot is not None and str(slot) not in now.slots:
            raise LeeboardError(f"the device names slot {slot}, which its disk has not; look at it")
        if slot is not None:
            self._vouch(str(slot), now)

    def _keys(self) -> list[Key]:
        good = (State.PROVED, State.USED)
        return [key for key in self.records().keys if key.disk == self.volume.uuid and key.state in good]

    def _unknown(self, now: Binding | None) -> bool:
        return now is not None and any(strangers(key, now) for key in self._keys())

    def _vouch(self, slot: str, now: Binding) -> None:
        for key in self._keys():
            disk = key.binding["disk"]
            if disk["slots"].get(slot) != now.slots[slot]:
                binding = {**key.binding, "disk": {**disk, "slots": {**disk["slots"], slot: now.slots[slot]}}}
                with self.writing() as writer:
                    writer.note(
                        ledger.ACCEPTED, **about(key), binding=binding,
                        reason="the passphrase in the school's vault opens it",
                    )  # fmt: skip


def _slot(answer: dict[str, Any]) -> int:
    """The number of a slot that a step answered with. Raises LeeboardError."""
    slot = answer.get("slot")
    if isinstance(slot, str) and slot.isascii() and slot.isdigit() and len(slot) <= 2:
        slot = int(slot)
    if type(slot) is not int or not 0 <= slot < SLOTS:
        raise LeeboardError("the device does not say which slot the passphrase opens; look at what answers there")
    return slot
