"""Encrypting and formatting the empty disks of a device that its inventory names, and no other.

    what is there -> key sealed in both places -> the device looks again, encrypts and proves -> proved in the ledger
    -> copy of the header -> opened, file system made, mounted now and at each start

The LUKS UUID is chosen here and stands in the ledger, with the disk's name, before the disk has it. So a run that was
cut off is known again: while the key of that UUID is pending nobody can have put anything on the disk, and what of a
header is there is written anew with a new key, since nobody here can read the sealed one. Once the key is proved the
disk is never formatted again. The device has a mark of its own for both, and looks at the disk itself each time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import GONE, Ask, Credentials, Disk, Outcome, binding_of, new_cost
from leeboard.escrow.disks.empty_disks import FORMATS, EmptyDisk
from leeboard.escrow.vault import ledger
from leeboard.escrow.vault.binding import Binding, Token, Volume
from leeboard.escrow.vault.device_records import about, records_of
from leeboard.escrow.vault.records import Key, Records
from leeboard.escrow.vault.vault import Vault
from leeboard.model.device import Device
from leeboard.model.observation import Text
from leeboard.model.strict import Wire
from leeboard.model.values import plain

RECOVERY = 0  # the slot of the recovery key; the other one is the key file's
SLOTS = {"0", "1"}


class Seen(Wire):
    """What a device says of a disk that is named: what is to be done with it, how a person knows it, and why not."""

    disk: Text
    state: Literal["format", "finish", "done", "refused"]
    said: Annotated[str, Field(max_length=300)]
    why: Annotated[str, Field(max_length=600)]


def format_disks(
    vault: Vault, device: Device, ask: Ask, work: Ask, clock: Callable[[], datetime], named: Sequence[EmptyDisk],
    run: str, dry: bool = False,
) -> Outcome:  # fmt: skip
    """Bring each disk that is named to what is wanted of it. With `dry` nothing is changed, only said.

    `ask` makes a step of the module luks_key, `work` one of luks_format; `run` is the id of this run. What went wrong
    with one disk is in the outcome, and the others are looked at. Raises LeeboardError where the device makes no sense.
    """
    outcome = Outcome()
    if not dry:
        with vault.writing(clock()):
            pass  # whoever writes first brings up to date what a crash left behind
    records = records_of(vault.var, device)
    wishes = [_wish(disk, records) for disk in named]
    ask_device: Ask = partial(work, wishes=wishes, run_id=run)
    seen = _parsed(ask_device("survey").get("disks"), named)
    for disk, wish in zip(named, wishes, strict=True):
        try:
            Formatting(vault, device, ask, ask_device, clock, disk, wish, outcome, dry).apply(seen[disk.disk])
        except LeeboardError as problem:
            outcome.failed.append(f"{disk.disk}: {problem}")
    return outcome


def _wish(named: EmptyDisk, records: Records) -> dict[str, str]:
    """What the device is told of a disk: its LUKS UUID, a new one where the vault has none for it, and its stage."""
    ours = {key.disk for key in records.keys if key.binding.get(FORMATS) == named.disk}
    live = [key for key in records.keys if key.disk in ours and key.state not in GONE]
    # One that was never proved counts as used when somebody read it out.
    proved = any("disk" in key.binding for key in live)
    stage = "proved" if proved else "begun" if live else "new"
    volume_id = live[-1].disk if live else str(uuid.uuid4())
    return {"disk": named.disk, "mount": named.mount, "label": named.label, "uuid": volume_id, "stage": stage}


def _parsed(answer: Any, named: Sequence[EmptyDisk]) -> dict[str, Seen]:
    try:
        seen = [Seen.model_validate(entry) for entry in answer]
    except (ValidationError, TypeError):
        seen = []
    if [entry.disk for entry in seen] != [disk.disk for disk in named]:
        raise LeeboardError("what the device says of its disks makes no sense")
    return {entry.disk: entry for entry in seen}


class Formatting(Disk):
    """An empty disk that the inventory names: encrypted, formatted and mounted."""

    def __init__(
        self, vault: Vault, device: Device, ask: Ask, work: Ask, clock: Callable[[], datetime], named: EmptyDisk,
        wish: dict[str, str], outcome: Outcome, dry: bool,
    ) -> None:  # fmt: skip
        volume = Volume(
            device=named.disk, uuid=wish["uuid"], mounts=[named.mount], roles=["data"], removable=False, version=2,
            detached=False,
        )  # fmt: skip
        super().__init__(vault, device, ask, clock, volume, outcome, Credentials(), dry)
        self.work = work
        self.named = named
        self.wish = wish  # one of those that `work` tells the device

    def apply(self, seen: Seen) -> None:
        """Encrypt, format and mount the disk, as far as that is left to do. Raises LeeboardError."""
        proved = self.wish["stage"] == "proved"
        label = f"{self.named.disk} ({plain(seen.said, 80)})"
        if seen.state == "refused":
            raise LeeboardError(f"it is not formatted: {plain(seen.why, 400)}")
        if proved == (seen.state == "format"):
            raise LeeboardError("what the device says of it does not go with what the vault has of it")
        if seen.state == "done":
            if seen.why:
                self.outcome.waiting.append(f"{label}: encrypted and formatted before, and {plain(seen.why)}")
            else:
                self.outcome.done.append(f"{label}: encrypted and formatted before")
            return
        self.outcome.changed = True
        if self.dry:
            what = "is to be mounted" if proved else "is empty, and is to be encrypted, formatted and mounted"
            self.outcome.done.append(f"{label} {what} at {self.named.mount}")
            return
        if not proved:
            self._encrypt()
        self._finish(label)

    def _encrypt(self) -> None:
        """A new key: sealed, and with it the disk encrypted; then proved, and older ones put away."""
        disk = self.wish["uuid"]
        iterations = new_cost()
        content = self.content(disk)
        with self.writing() as writer:
            writer.seal(
                content, self.device.urn, self.device.asset, self.device.level, disk,
                {"slot": RECOVERY, "iterations": iterations, FORMATS: self.named.disk},
            )  # fmt: skip
        answer = self.work(
            "format", disk=self.named.disk, key=content.key.text, key_id=content.id, iterations=iterations
        )  # fmt: skip
        now = binding_of(answer)
        if not _as_made(now, disk, Token(token=0, key=content.id, slot=0, iterations=iterations, assigned=True)):
            raise LeeboardError(f"after it was encrypted as {disk} it is not what it should be; look at it")
        with self.writing() as writer:
            binding = {"slot": RECOVERY, "disk": now.model_dump(mode="json"), FORMATS: self.named.disk}
            writer.note(ledger.PROVED, **self.about(content.id, disk), binding=binding)
            for key in self._never_proved(self.records(), content.id):
                reason = f"key {content.id} took its place"
                writer.note(ledger.DROPPED, **about(key), reason=reason)
        self.wish["stage"] = "proved"
        self.outcome.done.append(f"{self.named.disk}: encrypted, and key {content.id} opens disk {disk}")
        self.outcome.change("ENC-07", "escrow", "escrowed", None, content.id)
        self.copy(now)
        self.destroy_older()

    def _never_proved(self, records: Records, key_id: str) -> list[Key]:
        """Keys that earlier runs made for this disk, which were cut off."""
        mine = [key for key in records.keys if key.disk == self.wish["uuid"] and key.id != key_id]
        return [key for key in mine if key.state not in GONE]

    def _finish(self, label: str) -> None:
        answer = self.work("finish", disk=self.named.disk)
        mount = self.named.mount
        self.outcome.done.append(f"{label}: formatted, and mounted at {mount} now and at each start")
        journal = answer.get("journal")
        self.outcome.change(
            "ENC-10", "disk_encryption", self.named.disk, "empty", f"LUKS {self.wish['uuid']} at {mount}",
            plain(journal) if isinstance(journal, str) else None,
        )  # fmt: skip


def _as_made(now: Binding, disk: str, token: Token) -> bool:
    """Whether a header is the one that was to be made: the recovery key's slot, the key file's, and one token."""
    return (
        now.uuid == disk and set(now.slots) == SLOTS and set(now.tokens) == {str(token.token)} and now.ours == [token]
    )
