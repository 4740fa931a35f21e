"""Bringing a recovery key into each encrypted disk of a device, and changing it where it must be changed.

The order is DESIGN's: nothing is removed before its replacement is proved, and a key lies in both places of the vault
before the device learns it. A run that is cut off leaves a disk that opens by all that opened it before; the next run
makes and proves a new key, since nobody here can read the sealed one, and then removes what the other left behind.

    does it open -> copy of the header -> key sealed -> key added and proved on the device -> proved in the ledger
    -> copy of the header -> older slots of ours removed -> copy of the header, older copies destroyed
    -> authorisation given back
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.adoption import Known
from leeboard.escrow.disks.disk import GONE, Ask, Credentials, Disk, Outcome, binding_of, free_slot, new_cost, survey
from leeboard.escrow.disks.empty_disks import FORMATS, VARIABLE
from leeboard.escrow.disks.tpm import Tpm
from leeboard.escrow.vault import clone_detection, ledger
from leeboard.escrow.vault.binding import Binding, faults, known, strangers
from leeboard.escrow.vault.device_records import about, earlier_owners
from leeboard.escrow.vault.records import Key, State
from leeboard.escrow.vault.vault import Vault
from leeboard.model.device import Device
from leeboard.model.enums import Level


def enrol(
    vault: Vault, device: Device, ask: Ask, clock: Callable[[], datetime], credentials: Credentials, dry: bool = False,
    lasts: int | None = None,
) -> Outcome:  # fmt: skip
    """Look at every LUKS volume of a device, and do what is to be done. With `dry` nothing is changed, only said.

    A key that is older than it `lasts` (days; None: for ever) is changed.

    Never raises for one disk: what went wrong with it is in the outcome, and the others are looked at.
    """
    outcome = Outcome()
    ways, weak, volumes = survey(vault, ask, clock, dry)
    if not dry:
        clone_detection.record_disks(
            vault.var, (device.urn, device.asset), [shown.binding for shown in volumes if shown.binding],
            earlier_owners(device),
        )  # fmt: skip
    for volume in volumes:
        try:
            given = (vault, device, ask, clock, volume, outcome, credentials, dry)
            enrolment = Enrolment(*given)
            enrolment.apply(ways.get(volume.uuid), lasts)
            if volume.binding is None:
                continue  # it waits for what formats it
            if credentials.passphrase:
                Known(*given).strengthen(bool(weak.get(volume.uuid)) and device.level is not Level.STANDARD)
            if credentials.tpm.way is not None:
                Tpm(*given).apply(enrolment.ways, enrolment.in_hand)
        except LeeboardError as problem:
            outcome.failed.append(f"{volume.label}: {problem}")
    return outcome


class Enrolment(Disk):
    """A volume that is to have one key of ours, which the vault keeps."""

    ids: frozenset[str] = frozenset()  # of all keys that the vault ever had of the device
    ways: tuple[str, ...] = ()  # what opens the disk on the device
    in_hand: str = ""  # the key that this run made and proved

    def apply(self, ways: Any, lasts: int | None) -> None:
        """Add, prove or change the key as needed. `ways` is what opens the disk there. Raises LeeboardError."""
        records = self.records()
        mine = [key for key in records.keys if key.disk == self.volume.uuid and key.state not in GONE]
        begun = any(FORMATS in key.binding and "disk" not in key.binding for key in mine)
        # Half a header is damage only where there ever was a whole one.
        if begun and self.volume.binding is None and not any("disk" in key.binding for key in mine):
            self._cut_off()
            return
        now = self.readable()
        self.ways = tuple(map(str, ways)) if isinstance(ways, list) else ()
        self.no_clone(now)
        self.ids = frozenset(key.id for key in records.keys)
        opening = [key for key in mine if key.state in (State.PROVED, State.USED) and not faults(key, now)]
        if not opening and begun:
            self._cut_off()
            return
        current = opening[-1] if opening else None
        why = self._why(opening, now) or self._too_old(current, lasts)
        copies = [header for header in records.headers if header.disk == now.uuid]
        copied = bool(copies) and copies[-1].binding == now.model_dump(mode="json")
        tidy = len(mine) == len(copies) == 1
        if current is not None and not why and copied and tidy:
            self.outcome.done.append(f"{self.volume.label}: key {current.id} is kept and opens the disk")
            return
        authority = self.authority(self.ways, current) if why else None
        if why and authority is None:
            self.outcome.waiting.append(
                f"{self.volume.label}: {why}, and nothing opens the disk here: have somebody run leeboard-authorise at "
                "the machine, put leeboard_disk_passphrase into the school's vault, or let a custodian run leeboard "
                "escrow rotate"
            )
            return
        if self.dry:
            self.outcome.changed = True
            self.outcome.done.append(f"{self.volume.label}: {why or 'a copy of its header is to be kept'}")
            return
        # Refused before anything is written: what cannot be done leaves nothing behind, night after night.
        slot = self._slot(now, authority) if authority is not None else 0
        self.outcome.changed = True
        if why or not copied:
            self.copy(now)
        if authority is not None:
            self._replace(current, mine, now, authority, slot)
        elif current is not None:
            self._put_away(current.id, [key for key in mine if key.id != current.id])
        self.destroy_older()

    def _cut_off(self) -> None:
        self.outcome.waiting.append(
            f"{self.volume.label}: a run that was to encrypt and format it was cut off; a roll-out goes on with it "
            f"while {VARIABLE} names it"
        )

    def _why(self, opening: list[Key], now: Binding) -> str:
        """Why a new key is to be made; empty where none is. `opening` are those that open the disk, the newest last."""
        if not opening:
            return "no recovery key of it is kept"
        current = opening[-1]
        if current.state is State.USED:
            return f"key {current.id} was read out"
        if current.adopted:
            return f"key {current.id} was known before it was kept"
        custodians = {custodian.fingerprint for custodian in self.vault.custodians}
        if set(current.custodians) != custodians:
            return f"key {current.id} is sealed to other custodians than today's"
        if not set(current.readers) <= custodians:
            return f"key {current.id} was sealed to somebody who is no custodian any more"
        if len(opening) > 1 or any(token.key in self.ids - {current.id} for token in now.ours):
            return "an older key of ours is still in it"
        return ""

    def _too_old(self, current: Key | None, lasts: int | None) -> str:
        """Why the key is to be changed for its age; empty where it is not.

        By a clock that was put back no key has an age: that is said, and the key stays.
        """
        days = current.days(self.clock()) if current is not None else 0
        if current is None or lasts is None or 0 <= days <= lasts:
            return ""
        if days < 0:
            self.outcome.waiting.append(
                f"{self.volume.label}: key {current.id} was made at {current.made}, and by this controller's clock "
                "that is still to come: put the clock right"
            )
            return ""
        return f"key {current.id} is {days} days old (made at {current.made}), and lasts {lasts}"

    def _slot(self, now: Binding, authority: tuple[str, str]) -> int:
        """The slot for a new key, which may be sealed and can be added. Raises LeeboardError."""
        slot = free_slot(now)
        self.vault.sealable(self.device.level, self.clock())
        way, passphrase = authority
        self.ask("try", uuid=now.uuid, authority=way, passphrase=passphrase)
        return slot

    def _replace(
        self, before: Key | None, mine: list[Key], now: Binding, authority: tuple[str, str], slot: int
    ) -> None:
        """A new key: sealed, added, proved, and only then the older ones of ours removed."""
        way, passphrase = authority
        unknown = strangers(before, now, self.ids) if before is not None else []
        iterations = new_cost()
        content = self.content(now.uuid)
        with self.writing() as writer:
            writer.seal(
                content, self.device.urn, self.device.asset, self.device.level, now.uuid,
                {"slot": slot, "iterations": iterations, "volume_key": now.volume_key},
            )  # fmt: skip
        secret = content.key.text
        answer = self.ask(
            "add", uuid=now.uuid, expect=now.digest, key=secret, key_id=content.id, slot=slot, iterations=iterations,
            authority=way, passphrase=passphrase,
        )  # fmt: skip
        after = binding_of(answer)
        if after.volume_key != now.volume_key or str(slot) not in after.slots:
            raise LeeboardError(f"after key {content.id} was added the disk is not what it should be; look at it")
        with self.writing() as writer:
            binding = {"slot": slot, "disk": known(before, after, {*self.ids, content.id})}
            writer.note(ledger.PROVED, **self.about(content.id, now.uuid), binding=binding)
        self.outcome.done.append(f"{self.volume.label}: key {content.id} opens slot {slot} of disk {now.uuid}")
        self.outcome.change("ENC-07", "escrow", "escrowed", before.id if before is not None else None, content.id)
        self.outcome.failed += [
            f"{self.volume.label}: {stranger}, by nobody that is known here" for stranger in unknown
        ]
        self.copy(after)
        self._remove_older(content.id, slot, secret, mine, after)
        self.in_hand = secret
        if way == "keyring":
            self.ask("forget", uuid=now.uuid)

    def _remove_older(self, key_id: str, slot: int, secret: str, mine: list[Key], now: Binding) -> None:
        """Remove the slots of older keys of ours, proved or not, and say so in the ledger; copy the header then."""
        before = now
        for old, number in sorted(self._older(key_id, slot, mine, now).items()):
            digest = now.slots.get(str(number), "")
            answer = self.ask("remove", uuid=now.uuid, key_id=old, slot=number, digest=digest, keep=slot, key=secret)
            now = binding_of(answer)
            self.outcome.done.append(f"{self.volume.label}: key {old} removed from it")
        self._put_away(key_id, mine)
        if now != before:
            self.copy(now)

    def _put_away(self, key_id: str, older: list[Key]) -> None:
        """Note in the ledger which keys the disk has no more."""
        with self.writing() as writer:
            for key in older:
                event = ledger.DROPPED if key.state is State.PENDING else ledger.RETIRED
                writer.note(event, **about(key), reason=f"key {key_id} took its place")

    def _older(self, key_id: str, keep: int, mine: list[Key], now: Binding) -> dict[str, int | None]:
        """Keys that the vault had before and that are still in the disk, each with its slot if it has one.

        Known by the tokens on the disk, and by what the disk was like when they were proved. Tokens of another vault,
        or of who says so, are left alone.
        """
        slots: dict[str, int | None] = {}
        for token in now.ours:
            if token.key in self.ids:
                slots[token.key] = token.slot if token.slot != keep else None
        for key in mine:
            then = key.binding.get("disk", {}).get("slots", {})
            number = str(key.binding.get("slot"))
            # An adopted one is what somebody types every morning.
            if key.id != key_id and not key.adopted and then.get(number) == now.slots.get(number, ""):
                slots[key.id] = int(number)
        return slots
