"""The vault: two places on two volumes, each with every envelope, the custodians' certificates and the ledger.

The order of steps is what makes a crash harmless: an envelope lies in both places and was read back there before the
ledger names it, and the ledger names it before any device learns its key. What the controller remembers (note.py) is
written last, and brought up to the ledger by whoever writes next.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.keys import envelope
from leeboard.escrow.keys.certificates import Custodian, objection
from leeboard.escrow.keys.envelope import Content
from leeboard.escrow.vault import beginning, clone_detection, controller_state, ledger, replica
from leeboard.escrow.vault import custodians as people
from leeboard.escrow.vault.controller_state import Note
from leeboard.escrow.vault.ledger import Entry, Ledger, Mark
from leeboard.escrow.vault.records import AUTHORITY, AuthorityKey, Header, Key, Records, authority_keys_of, records_of
from leeboard.escrow.vault.replica import Place
from leeboard.model.enums import Level
from leeboard.storage import files, lock_owner

LOCK = "vault.lock"
README = "README.txt"
WAIT = 60.0  # seconds for another process that writes to the vault
LEAST_CUSTODIANS = {Level.STANDARD: 1, Level.SENSITIVE: 1, Level.HIGH: 2}
ON_A_BAD_DAY = """This folder is one of two copies of a vault of recovery keys. Leeboard made it and is
not needed to use it.

Each device has a folder: SCHOOL/DEVICE/KEY.pem, by the school's URN and the device's asset tag. ledger.jsonl says which
key of a device is the newest, and which were retired. A file is opened with the private key of any custodian named in
custodians/, which is kept elsewhere; NAME is that custodian's, and without it openssl prints garbage:

    openssl cms -decrypt -inform PEM -in 900001/EP-0001/KEY.pem -recip custodians/NAME.pem -inkey PRIVATE-KEY.pem

The last line of what that prints is the recovery key, to be typed where the computer asks for the passphrase of its
disk; the lines above it say which disk it is for. Windows shows the id of the recovery key that it asks for: look in
ledger.jsonl for the line that has this id as "protector", and take the file of its "key". Whoever has opened one should
say so to whoever runs Leeboard, so that the key is changed. Files in
authority/ are private keys of the VPN's authority, and open with -inform DER.
"""


class NoCopy(LeeboardError):
    """Neither place has an envelope as the ledger knows it."""


@dataclass(frozen=True)
class Vault:
    """An open vault, both of whose places are there. `var` is the controller's folder, which says where it is."""

    var: Path
    id: str
    places: tuple[Place, Place]
    custodians: tuple[Custodian, ...]

    # Reading

    def ledger(self, whole: bool = True) -> Ledger:
        """What both ledgers say together; with `whole` all of it, else what this controller does not know yet.

        Raises LeeboardError where one was changed, or has lost its end.
        """
        return self.since(Mark() if whole else controller_state.read(self.var).mark)

    def since(self, after: Mark) -> Ledger:
        """What both ledgers say together after a mark. Raises LeeboardError as `ledger`."""
        known = controller_state.read(self.var).mark
        start = max(0, after.size - ledger.LONGEST)
        copies = {}
        for place in self.places:
            name, content = str(place.path / ledger.FILE), place.read(ledger.FILE, start)
            if content is not None and start + len(content) >= after.size:
                copies[name] = ledger.tail(content, start, after, name)
        name = str(self.places[0].path / ledger.FILE)
        best = ledger.longest(copies, after) if copies else Ledger()
        behind = best.mark.entries < max(known.entries, after.entries)
        if behind or (known.entries > after.entries and best.tip_at(known.entries) != known.tip):
            raise _lost(name, known, best.mark.entries)
        return best

    def records(self) -> dict[tuple[str, str], Records]:
        """What is kept of each device, by URN and asset tag, from the whole ledger."""
        return records_of(self.ledger())

    def keys(self) -> dict[tuple[str, str, str], Key]:
        """Every key that was ever sealed here, by URN, asset tag and id."""
        return {(*key.owner, key.id): key for record in self.records().values() for key in record.keys}

    def authority_keys(self) -> dict[str, AuthorityKey]:
        """The sealed keys of the VPN's authority, by id, from the whole ledger."""
        return authority_keys_of(self.ledger())

    def envelope(self, key: Key | Header | AuthorityKey) -> bytes:
        """The file of whatever is sealed from whichever copy is as the ledger knows it. Raises NoCopy."""
        for place in self.places:
            sealed = _sealed(place, key)
            if sealed is not None:
                return sealed
        raise NoCopy(f"{key.name}: neither copy of it is as the ledger knows it; look in a backup of the vault")

    # Writing

    def sealable(self, level: Level, at: datetime) -> None:
        """Raises LeeboardError where no key of a device of this level may be sealed at a moment."""
        for custodian in self.custodians:
            wrong = objection(custodian, at)
            if wrong:
                raise LeeboardError(f"no key was made: {wrong}")
        least = LEAST_CUSTODIANS[level]
        if len({custodian.fingerprint for custodian in self.custodians}) < least:
            raise LeeboardError(
                f"no key was made: a device of level {level.value} needs envelopes for {least} custodians, and the "
                f"vault has {len(self.custodians)}"
            )

    @contextmanager
    def writing(self, at: datetime) -> Iterator[Writer]:
        """A writer, under the lock of the vault. Raises LeeboardError that names whoever holds it."""
        try:
            with controller_state.writing(self.places[0].path / LOCK):
                lock = files.FileLock(self.places[0].path / LOCK, wait=WAIT, text=lock_owner.mine(at))
        except files.Busy as busy:
            raise LeeboardError(
                f"{self.places[0].path}: somebody else is writing to the vault "
                f"({lock_owner.describe(busy.owner, at)}); wait for their end, then run this again"
            ) from None
        try:
            yield Writer(self, at)
        finally:
            lock.release()


class Writer:
    """Writes to a vault. Every call returns only when both places have it on the disk."""

    def __init__(self, vault: Vault, at: datetime) -> None:
        """Brings the shorter ledger up to the longer one first, and what the controller remembers up to both: a crash
        lay between them. Raises LeeboardError."""
        self._vault = vault
        self._at = at
        self._by = _who(at)
        self._ledger = vault.ledger(whole=False)
        present = people.fingerprints(vault.custodians)
        self._named = frozenset(people.named(self._ledger) or controller_state.read(vault.var).custodians or present)
        if self._named != present:
            raise LeeboardError("the custodians of the vault changed at this moment; run this again")
        for place in vault.places:
            content = place.read(ledger.FILE, self._ledger.after.size)
            if content is None:
                place.write(ledger.FILE, _whole(vault))
            elif content != self._ledger.content:
                place.append(ledger.FILE, self._ledger.after.size, self._ledger.content)
        people.publish(vault.places, vault.custodians)
        for entry in self._ledger:
            self._remember(entry)
        self._noted()

    def records(self, urn: str, asset: str) -> Records:
        """A device's records as they are now."""
        return controller_state.records(self._vault.var, urn, asset)

    def seal(
        self, content: Content, urn: str, asset: str, level: Level, disk: str, binding: dict[str, Any] | None = None,
        protector: str = "",
    ) -> Key:  # fmt: skip
        """Keep the key of a disk (its LUKS UUID, or the GUID of its volume), before any device learns it.

        `binding` says which slot it is for.

        Of one that was adopted, which the device knows and was seen to be opened by, it says what the disk is like;
        `protector` is the one of BitLocker that it is.

        Raises LeeboardError, and then the key must not be used.
        """
        self._vault.sealable(level, self._at)
        name = f"{urn}/{asset}/{content.id}.pem"
        digest = self._keep(name, envelope.seal(content, self._vault.custodians))
        self._name(
            name, ledger.ADOPTED if content.adopted else ledger.SEALED, urn=urn, asset=asset, key=content.id,
            digest=digest, disk=disk, custodians=tuple(custodian.fingerprint for custodian in self._vault.custodians),
            binding=binding or {}, kind=content.kind, protector=protector,
        )  # fmt: skip
        return next(key for key in self.records(urn, asset).keys if key.id == content.id)

    def keep_header(self, copy: bytes, urn: str, asset: str, name: str, disk: str, binding: dict[str, Any]) -> None:
        """Keep the copy of a disk's header, sealed. Raises LeeboardError, and then it is not kept."""
        sealed = envelope.seal_bytes(copy, self._vault.custodians)
        file = f"{urn}/{asset}/{name}.header"
        digest = self._keep(file, sealed)
        self._name(
            file, ledger.HEADER, urn=urn, asset=asset, key=name, digest=digest, size=len(sealed), disk=disk,
            binding=binding, custodians=tuple(custodian.fingerprint for custodian in self._vault.custodians),
        )  # fmt: skip

    def destroy_header(self, header: Header) -> None:
        """Take the copy of a header away, in both places. Raises LeeboardError."""
        self.note(ledger.HEADER_GONE, urn=header.urn, asset=header.asset, key=header.id, disk=header.disk)
        for place in self._vault.places:
            place.remove(header.name)

    def keep_authority_key(self, content: bytes, name: str) -> None:
        """Keep a private key of the VPN's authority, sealed. Raises LeeboardError, and then it must not be used."""
        sealed = envelope.seal_bytes(content, self._vault.custodians)
        file = f"{AUTHORITY}/{name}.key"
        digest = self._keep(file, sealed)
        self._name(
            file, ledger.AUTHORITY_KEY, key=name, digest=digest, size=len(sealed),
            custodians=tuple(custodian.fingerprint for custodian in self._vault.custodians),
        )  # fmt: skip

    def reseal(self, sealed: Key | Header | AuthorityKey, content: bytes) -> None:
        """Put an envelope for today's custodians in the place of one. Raises LeeboardError.

        One copy is as the ledger knows it at every moment: the first is written, then the ledger, then the second.
        """
        first, second = self._vault.places
        first.write(sealed.name, content)
        of_device = sealed.model_dump(include={"urn", "asset", "disk", "binding"})
        event = {Key: ledger.SEALED, Header: ledger.HEADER, AuthorityKey: ledger.AUTHORITY_KEY}[type(sealed)]
        self.note(
            event, key=sealed.id, digest=envelope.digest(content), size=len(content), **of_device,
            custodians=tuple(custodian.fingerprint for custodian in self._vault.custodians),
        )  # fmt: skip
        second.write(sealed.name, content)

    def mend(self, sealed: Key | Header | AuthorityKey) -> bool:
        """Bring a copy that is missing or changed back from the other place; whether one was. Raises LeeboardError."""
        good = self._vault.envelope(sealed)
        wrong = [place for place in self._vault.places if _sealed(place, sealed) is None]
        for place in wrong:
            place.write(sealed.name, good)
        return bool(wrong)

    def note(self, event: str, **more: Any) -> Entry:
        """Add a line to the ledger, in both places, and remember it."""
        entry = ledger.next_entry(self._ledger, self._at, self._by, event, **more)
        size = self._ledger.mark.size
        for place in self._vault.places:
            place.append(ledger.FILE, size, ledger.line_of(entry))
        self._ledger = self._ledger.followed_by(entry)
        self._named = people.named([entry]) or self._named
        self._remember(entry)
        self._noted()
        return entry

    def _keep(self, name: str, sealed: bytes) -> str:
        try:
            for place in self._vault.places:
                place.write(name, sealed)
        except LeeboardError:
            self._take_away(name)
            raise
        return envelope.digest(sealed)

    def _name(self, name: str, event: str, **more: Any) -> None:
        """Name a file in the ledger; where it got into neither copy the file is taken away. Raises LeeboardError."""
        before = self._ledger.mark
        try:
            self.note(event, **more)
        except LeeboardError:
            # A line that could not be synced may be there all the same, and its file must be then.
            with suppress(LeeboardError):
                if not any(entry.key == more["key"] for entry in self._vault.since(before)):
                    self._take_away(name)
            raise

    def _take_away(self, name: str) -> None:
        """Remove a file that nobody knows: night after night one more would fill the place that has room."""
        for place in self._vault.places:
            with suppress(LeeboardError):
                place.remove(name)

    def _remember(self, entry: Entry) -> None:
        if entry.urn is not None and entry.asset is not None:
            before = self.records(entry.urn, entry.asset)
            after = before.after(entry)
            controller_state.write_records(self._vault.var, entry.urn, entry.asset, after)
            if clone_detection.disks_of(after) != clone_detection.disks_of(before):
                clone_detection.record_keys(self._vault.var, (entry.urn, entry.asset), before, after)

    def _noted(self) -> None:
        vault = self._vault
        places = tuple(place.path for place in vault.places)
        controller_state.write(vault.var, Note(vault.id, places, self._ledger.mark, tuple(sorted(self._named))))


def make(var: Path, folders: tuple[Path, Path], custodians: Sequence[Custodian], at: datetime) -> Vault:
    """Begin a vault in two folders on two volumes, and note in `var` where it is. Raises LeeboardError.

    One that was cut off goes on with the same folders.
    """
    if (var / controller_state.FILE).exists() and not _unfinished(var):
        beginning.end(var)
        raise LeeboardError(
            f"{var / controller_state.FILE}: there is a vault already; a second one would split the keys"
        )
    wrong = next(filter(None, (objection(custodian, at) for custodian in custodians)), "")
    if wrong:
        raise LeeboardError(f"{wrong}; nothing was made")
    places = (folders[0].absolute(), folders[1].absolute())
    if beginning.volume(places[0]) == beginning.volume(places[1]):
        raise _one_volume(places)
    identity = beginning.begin(var, places)
    (var / controller_state.FILE).unlink(missing_ok=True)  # of one that was cut off
    replicas = [replica.make(folder, identity, number) for number, folder in enumerate(places, 1)]
    vault = Vault(var, identity, (replicas[0], replicas[1]), tuple(custodians))
    _on_two_volumes(vault.places)
    for copy in replicas:
        copy.write(README, ON_A_BAD_DAY.encode())
        copy.append(ledger.FILE, 0, b"")
        people.put(copy, custodians)
    with vault.writing(at) as writer:
        # The line is what makes it a vault; a controller that died before that goes on when it is asked again.
        writer.note(ledger.CUSTODIANS, custodians=tuple(custodian.fingerprint for custodian in custodians))
    beginning.end(var)
    return vault


def _unfinished(var: Path) -> bool:
    """True where a vault was noted, and cut off before its ledger had the line that makes it one."""
    seen = controller_state.read(var)
    return seen.mark.entries == 0 and beginning.of(var) == seen.vault != ""


def open_vault(var: Path, whole: bool = True) -> Vault:
    """A controller's vault. Raises LeeboardError: there is none, a place is away, or somebody changed something.

    With `whole` the ledger is read from its first line on, else from where this controller wrote last.
    """
    seen = controller_state.read(var)
    if not seen.vault:
        raise LeeboardError(
            f"{var / controller_state.FILE}: this controller has no vault; begin one with leeboard escrow init"
        )
    first, second = (replica.open_place(path, seen.vault, copy) for copy, path in enumerate(seen.places, 1))
    _on_two_volumes((first, second))
    known = Vault(var, seen.vault, (first, second), ()).ledger(whole)
    wanted = people.named(known) or seen.custodians
    return Vault(var, seen.vault, (first, second), people.read((first, second), wanted))


def _lost(name: str, known: Mark, entries: int) -> LeeboardError:
    return LeeboardError(
        f"{name}: has lost its end: this controller knows {known.entries} entries, and both copies have {entries} of "
        "them. Bring the vault back from a newer backup before any key is made or used"
    )


def _sealed(place: Place, sealed: Key | Header | AuthorityKey) -> bytes | None:
    """An envelope that a place has as the ledger knows it."""
    try:
        content = place.read(sealed.name)
    except (LeeboardError, OSError):
        return None
    return content if content is not None and envelope.digest(content) == sealed.digest else None


def _whole(vault: Vault) -> bytes:
    """The whole ledger, for a copy that is far behind."""
    return vault.ledger().content


def _on_two_volumes(places: tuple[Place, Place]) -> None:
    if places[0].device == places[1].device:
        raise _one_volume((places[0].path, places[1].path))


def _one_volume(paths: tuple[Path, Path]) -> LeeboardError:
    return LeeboardError(
        f"{paths[0]} and {paths[1]}: both lie on one volume, and would be lost together; put the "
        "second one on another disk or a mounted share (an unmounted one is an empty folder of the first)"
    )


def _who(at: datetime) -> str:
    owner = json.loads(lock_owner.mine(at))
    return f"{owner['by']} on {owner['on']}"
