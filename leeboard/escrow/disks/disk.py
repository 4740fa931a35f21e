"""One LUKS volume of a device during a run, and what the vault has of it: what all work on a disk's keys needs."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.header import read_copy
from leeboard.escrow.disks.tpm_policy import TpmPolicy
from leeboard.escrow.keys.envelope import Content
from leeboard.escrow.keys.recovery_key import new_key
from leeboard.escrow.vault import clone_detection
from leeboard.escrow.vault.binding import Binding, Volume, parse
from leeboard.escrow.vault.device_records import earlier_owners, records_of
from leeboard.escrow.vault.records import Key, Records, State
from leeboard.escrow.vault.rekeying import Opener
from leeboard.escrow.vault.vault import Vault, Writer
from leeboard.model.device import Device
from leeboard.model.run_id import stamp
from leeboard.model.values import plain

GONE = (State.RETIRED, State.DROPPED)
SLOTS = 32  # of a LUKS2 header
LEAST_ITERATIONS = 1000  # a key of ours has 256 bits of chance: a costly derivation adds nothing
MARKS = 65536  # iterations beyond that tell our slots from those of others


class Ask(Protocol):
    """One step on the device: its name and arguments, and what it answers. Raises LeeboardError with words."""

    def __call__(self, step: str, **arguments: Any) -> dict[str, Any]: ...


@dataclass
class Outcome:
    """What came of a device: lines for a person, and whether anything was or would be changed.

    `changes` are for the evidence, in the form that a roll-out files them. `nothing` is said where there is no line. Of
    what failed, `refused` is what the device cannot have as it is, and was said before anything was changed there.
    """

    changed: bool = False
    done: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    nothing: str = "nothing here is encrypted with LUKS"

    @property
    def summary(self) -> str:
        """The whole outcome in one line, the worst first."""
        parts = [*self.failed, *(f"waits: {reason}" for reason in self.waiting), *self.done]
        return "; ".join(parts) or self.nothing

    @property
    def only_refused(self) -> bool:
        """Whether nothing went wrong but that this device cannot have what is wanted, which says nothing of others."""
        return bool(self.failed) and self.failed == self.refused

    def change(
        self, control: str, driver: str, address: str, before: str | None, after: str, journal: str | None = None
    ) -> None:
        """Add a change that was made."""
        self.changes.append(
            {
                "control": control, "driver": driver, "address": address, "before": before, "after": after,
                "journal": journal,
            }
        )  # fmt: skip


@dataclass(frozen=True)
class Credentials:
    """What the controller can open disks with: the device's own passphrase from the school's vault, empty for none; and
    a custodian's private key, which opens the key that is kept. `tpm` is what the school wants of the TPM."""

    passphrase: str = field(default="", repr=False)
    opener: Opener | None = field(default=None, repr=False)
    tpm: TpmPolicy = field(default_factory=TpmPolicy, repr=False)


def survey(
    vault: Vault, ask: Ask, clock: Callable[[], datetime], dry: bool
) -> tuple[dict[str, Any], dict[str, Any], list[Volume]]:
    """The volumes of a device that are worth a key, and by LUKS UUID what opens each there and which slots are weak."""
    if not dry:
        with vault.writing(clock()):
            pass  # whoever writes first brings up to date what a crash left behind
    answer = ask("survey")
    ways, weak = (value if isinstance(value, dict) else {} for value in map(answer.get, ("authorities", "weak")))
    return ways, weak, [volume for volume in parse(answer.get("volumes") or []) if volume.worth_a_key]


class Disk:
    """One LUKS volume of a device, and what the vault has of it."""

    def __init__(
        self, vault: Vault, device: Device, ask: Ask, clock: Callable[[], datetime], volume: Volume, outcome: Outcome,
        credentials: Credentials, dry: bool,
    ) -> None:  # fmt: skip
        self.vault = vault
        self.device = device
        self.ask = ask
        self.clock = clock
        self.volume = volume
        self.outcome = outcome
        self.credentials = credentials
        self.dry = dry

    def records(self) -> Records:
        """What is kept of the device, and under earlier URNs of its school of this disk. Raises LeeboardError."""
        return records_of(self.vault.var, self.device, (self.volume.uuid,))

    def authority(self, ways: Sequence[str], key: Key | None) -> tuple[str, str] | None:
        """What opens the disk so that a slot may be added, in DESIGN's order: its name on the device, and the secret if
        we have one. `ways` is what the device says that opens it there, `key` the one that is kept."""
        if "tpm" in ways:
            return "tpm", ""
        if self.credentials.passphrase:
            return "passphrase", self.credentials.passphrase
        if self.credentials.opener is not None and key is not None:
            return "passphrase", self.credentials.opener.key(self.vault, key).key.text
        return ("keyring", "") if "keyring" in ways else None

    def readable(self) -> Binding:
        """The binding of the disk as it is. Raises LeeboardError for one that no key can be bound to."""
        volume = self.volume
        if volume.trouble is not None:
            raise LeeboardError(volume.trouble.why)
        if volume.version == 1:
            raise LeeboardError("its header is of version 1: convert it first (cryptsetup convert --type luks2)")
        if volume.detached or volume.binding is None:
            raise LeeboardError("its header does not lie on the disk itself, so no key is added to it")
        return volume.binding

    def copy(self, now: Binding) -> None:
        """Keep a copy of the header as it is, before the next change. Raises LeeboardError."""
        answer = self.ask("copy_header", uuid=now.uuid, expect=now.digest)
        content = header_of(answer, "the device gave no copy of its header")
        copy = read_copy(content)
        if copy.uuid != now.uuid or copy.slots() != now.slots:
            raise LeeboardError("the copy of its header that the device gave does not hold what opens the disk")
        name, binding = copy_id(now.uuid, self.clock()), now.model_dump(mode="json")
        with self.writing() as writer:
            writer.keep_header(content, self.device.urn, self.device.asset, name, now.uuid, binding)

    def destroy_older(self) -> None:
        """Only the newest copy of the header stays: an older one, restored, would make removed keys open again."""
        with self.writing() as writer:
            for header in [copy for copy in self.records().headers if copy.disk == self.volume.uuid][:-1]:
                writer.destroy_header(header)

    def content(self, disk: str) -> Content:
        """A new key for the disk with this LUKS UUID, with the texts of its envelope."""
        device = self.device
        return Content(
            key=new_key(),
            school=plain(f"{device.school} ({device.urn})"),
            device=plain(f"{device.asset} ({device.name})"),
            disk=f"{disk} {self.volume.label}",
            id=f"{self.clock():%y%m%d}-{secrets.token_hex(4)}",
            made=stamp(self.clock()),
        )

    def no_clone(self, now: Binding) -> None:
        """Raises LeeboardError where another device has this disk, or one with its UUID."""
        owner = (self.device.urn, self.device.asset)
        others = clone_detection.shared(self.vault.var, owner, now, earlier_owners(self.device))
        if others:
            raise LeeboardError("; ".join(others))

    def about(self, key: str, disk: str) -> dict[str, str]:
        return {"urn": self.device.urn, "asset": self.device.asset, "key": key, "disk": disk}

    def writing(self) -> AbstractContextManager[Writer]:
        return self.vault.writing(self.clock())


def free_slot(now: Binding) -> int:
    """The number of a free slot. Raises LeeboardError."""
    slot = next((number for number in range(SLOTS) if str(number) not in now.slots), None)
    if slot is None:
        raise LeeboardError(
            f"all {SLOTS} slots of its header are taken; remove one that nobody needs (cryptsetup luksKillSlot)"
        )
    return slot


def new_cost() -> int:
    """The iterations of the key derivation for a new slot of ours."""
    return LEAST_ITERATIONS + secrets.randbelow(MARKS)


def binding_of(answer: dict[str, Any]) -> Binding:
    """The binding that a step ended with. Raises LeeboardError."""
    try:
        return Binding.model_validate(answer.get("binding"))
    except ValueError:
        raise LeeboardError("what the device says of its disk makes no sense") from None


def header_of(answer: dict[str, Any], message: str) -> bytes:
    """The bytes of a header that a step answered with. Raises LeeboardError with these words."""
    try:
        return base64.b64decode(str(answer.get("header", "")), validate=True)
    except binascii.Error:
        raise LeeboardError(message) from None


def copy_id(uuid: str, at: datetime) -> str:
    """A new id for a copy of a disk's header."""
    return f"{uuid[:8]}-{stamp(at).replace('-', '').replace(':', '')}-{secrets.token_hex(3)}"
