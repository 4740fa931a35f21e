"""What the ledger says of the keys of each device, and of the copies of its disks' headers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.vault import ledger
from leeboard.escrow.vault.ledger import Entry
from leeboard.model.strict import Strict
from leeboard.verdict.judgements.escrowed_keys import days_old, is_between

AUTHORITY = "authority"  # the folder of a place that has them


class State(StrEnum):
    """What a key is good for. Of LUKS only `proved` and `used` ones have opened the disk.

    One of BitLocker is never proved: on a volume that is unlocked every password "opens". It is compared.
    """

    PENDING = "pending"  # sealed, and nobody knows that it opens the disk
    PROVED = "proved"
    COMPARED = "compared"  # it was read back from its volume, and is the one that is kept
    USED = "used"  # somebody has read it out, or typed it at the device: it is to be changed
    RETIRED = "retired"  # another one took its place; old copies of the disk may still need it
    DROPPED = "dropped"  # it never came into the disk
    UNUSED = "never-used"  # it was compared, and its volume was never encrypted: the hardware test failed


class Key(Strict):
    """One key. `digest` is of its envelope as the ledger knows it last; `name` that of the envelope's file.

    `disk` is the LUKS UUID, or the GUID of a Windows volume; a key of BitLocker has the id of its `protector` once it
    was compared (at `proved`). `binding` is what the disk was like when the key was proved; before that, the slot that
    the key is for. `custodians` are the fingerprints of those who can open the envelope as it is, `readers` of all who
    ever could. One that was `adopted` was in the disk before: somebody knows it, and its slot is not ours to remove.
    """

    urn: str
    asset: str
    id: str
    state: State
    digest: str
    disk: str
    made: str
    kind: Kind = Kind.LUKS
    protector: str = ""
    proved: str = ""
    custodians: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    binding: dict[str, Any] = Field(default_factory=dict)
    opened: tuple[str, ...] = ()  # when it was read out
    typed: str = ""  # when we heard that it was typed at the device
    adopted: bool = False

    @property
    def owner(self) -> tuple[str, str]:
        """The device whose key it is, by URN and asset tag."""
        return self.urn, self.asset

    @property
    def name(self) -> str:
        """The envelope's file, from the top of a place."""
        return f"{self.urn}/{self.asset}/{self.id}.pem"

    def days(self, at: datetime) -> int:
        """How many whole days old it is at a moment; -1 where by that clock it is still to be made."""
        return days_old(self.made, at)


class Header(Strict):
    """A copy of a disk's header, and what the disk was like then. `name` is that of its file, of `size` bytes."""

    urn: str
    asset: str
    id: str
    digest: str
    disk: str
    made: str
    size: int
    binding: dict[str, Any]
    custodians: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The copy's file, from the top of a place."""
        return f"{self.urn}/{self.asset}/{self.id}.header"


class Window(Strict):
    """A time in which BitLocker's protection of a volume may be suspended, for so many restarts, and who says why.

    `disk` is the GUID of the volume. One that is over `ended`, whatever its time was; empty while it is not.
    """

    disk: str
    opened: str
    by: str
    reason: str
    restarts: int
    until: str
    ended: str = ""

    def is_open(self, at: datetime) -> bool:
        """Whether it has begun, and is not over."""
        return not self.ended and is_between(self.opened, self.until, at)


class AuthorityKey(Strict):
    """A private key of the VPN's authority, sealed. `readers` are the fingerprints of all who ever could open it."""

    id: str
    digest: str
    made: str
    size: int
    custodians: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The envelope's file, from the top of a place."""
        return f"{AUTHORITY}/{self.id}.key"


class Records(Strict):
    """All that is kept of one device. `entry` is the number of the last entry of the ledger that is in it.

    `tpm` are the ids of tokens by which a run of ours let the TPM open a disk, or was about to. `windows` has the last
    one of each volume.
    """

    entry: int = 0
    keys: tuple[Key, ...] = ()
    headers: tuple[Header, ...] = ()
    tpm: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()

    @property
    def sealed(self) -> tuple[Key | Header, ...]:
        """The keys and headers that have an envelope."""
        return (*self.keys, *self.headers)

    def after(self, entry: Entry) -> Records:
        """The records after one more entry about the device; an entry that is in them already changes nothing."""
        if entry.number <= self.entry or entry.urn is None or entry.asset is None:
            return self
        keys = {key.id: key for key in self.keys}
        headers = {header.id: header for header in self.headers}
        tpm = (*self.tpm, entry.key) if entry.event == ledger.TPM else self.tpm
        windows = _windows(self.windows, entry)
        if entry.event in (ledger.SEALED, ledger.ADOPTED):
            keys[entry.key] = _sealed(keys.get(entry.key), entry, entry.urn, entry.asset)
        elif entry.event == ledger.HEADER:
            headers[entry.key] = _copied(headers.get(entry.key), entry, entry.urn, entry.asset)
        elif entry.event == ledger.HEADER_GONE:
            headers.pop(entry.key, None)
        elif entry.key in keys:
            keys[entry.key] = _after(keys[entry.key], entry)
        return Records(
            entry=entry.number, keys=tuple(keys.values()), headers=tuple(headers.values()), tpm=tpm, windows=windows
        )  # fmt: skip


def records_of(entries: Iterable[Entry]) -> dict[tuple[str, str], Records]:
    """What is kept of each device, by URN and asset tag."""
    by_device: dict[tuple[str, str], Records] = {}
    for entry in entries:
        if entry.urn is not None and entry.asset is not None:
            place = (entry.urn, entry.asset)
            by_device[place] = by_device.get(place, Records()).after(entry)
    return by_device


def authority_keys_of(entries: Iterable[Entry]) -> dict[str, AuthorityKey]:
    """The sealed keys of the VPN's authority, by id."""
    found: dict[str, AuthorityKey] = {}
    for entry in entries:
        if entry.event == ledger.AUTHORITY_KEY:
            before = found.get(entry.key)
            found[entry.key] = AuthorityKey(
                id=entry.key, digest=entry.digest, made=before.made if before else entry.at, size=entry.size,
                custodians=entry.custodians,
                readers=tuple(sorted({*(before.readers if before else ()), *entry.custodians})),
            )  # fmt: skip
    return found


def _windows(before: tuple[Window, ...], entry: Entry) -> tuple[Window, ...]:
    """The windows after one more entry: a new one takes the place of the last one of its volume."""
    if entry.event == ledger.RESUMED:
        return tuple(
            one.model_copy(update={"ended": entry.at}) if one.disk == entry.disk and not one.ended else one
            for one in before
        )
    if entry.event != ledger.SUSPENDED:
        return before
    new = Window(
        disk=entry.disk, opened=entry.at, by=entry.by, reason=entry.reason, restarts=entry.restarts, until=entry.until
    )  # fmt: skip
    return (*(one for one in before if one.disk != entry.disk), new)


def _sealed(before: Key | None, entry: Entry, urn: str, asset: str) -> Key:
    if before is not None:
        # Sealed anew for other custodians it is the same key, as good as it was.
        readers = tuple(sorted({*before.readers, *entry.custodians}))
        return before.model_copy(update={"digest": entry.digest, "custodians": entry.custodians, "readers": readers})
    adopted = entry.event == ledger.ADOPTED
    return Key(
        urn=urn, asset=asset, id=entry.key, digest=entry.digest, disk=entry.disk, made=entry.at,
        state=_first(entry), proved=entry.at if adopted else "", adopted=adopted, kind=entry.kind,
        protector=entry.protector,
        custodians=entry.custodians, readers=tuple(sorted(entry.custodians)), binding=entry.binding,
    )  # fmt: skip


def _first(entry: Entry) -> State:
    """The state of a key that came into the vault: one that was adopted was seen in its disk just before."""
    if entry.event != ledger.ADOPTED:
        return State.PENDING
    return State.COMPARED if entry.kind is Kind.BITLOCKER else State.PROVED


def _copied(before: Header | None, entry: Entry, urn: str, asset: str) -> Header:
    return Header(
        urn=urn, asset=asset, id=entry.key, digest=entry.digest, disk=entry.disk,
        made=before.made if before is not None else entry.at, size=entry.size, binding=entry.binding,
        custodians=entry.custodians,
    )  # fmt: skip


def _after(key: Key, entry: Entry) -> Key:
    """A key after something happened to it."""
    changes: dict[str, Any] = {}
    if entry.event == ledger.OPENED:
        # One that is retired already is only read for an old copy of the disk.
        used = key.state in (State.PROVED, State.COMPARED, State.PENDING)
        changes = {"state": State.USED if used else key.state, "opened": (*key.opened, entry.at)}
    elif entry.event == ledger.USED:
        changes = {"state": State.USED if key.state is State.COMPARED else key.state, "typed": entry.at}
    elif entry.event == ledger.PROVED:
        changes = {"state": State.PROVED, "proved": entry.at, "binding": entry.binding}
    elif entry.event == ledger.COMPARED:
        changes = {"state": State.COMPARED, "proved": entry.at, "protector": entry.protector, "binding": entry.binding}
    elif entry.event == ledger.UNUSED:
        changes = {"state": State.UNUSED}
    elif entry.event == ledger.ACCEPTED:
        changes = {"binding": entry.binding}
    elif entry.event == ledger.RETIRED:
        changes = {"state": State.RETIRED}
    elif entry.event == ledger.DROPPED:
        changes = {"state": State.DROPPED}
    return key.model_copy(update=changes)
