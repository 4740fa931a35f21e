"""The ledger: who sealed, proved, opened and retired which key, a line each with the hash of the line before it.

Both places have it. What one place has and the other has not yet is written there before anything is added; places that
tell different stories are refused. It grows by several lines a device, so a controller that wrote to it before reads on
from where it was then; all of it is read to list and to verify.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from typing import Any

from pydantic import Field, ValidationError

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.model.device import Asset, Urn
from leeboard.model.run_id import stamp
from leeboard.model.strict import Strict

FILE = "ledger.jsonl"
FIRST = "0" * 64
LONGEST = 64 * 1024  # bytes of a line, with much to spare
# What can happen to a key, and to the vault.
SEALED, PROVED, OPENED, RETIRED, DROPPED = "sealed", "proved", "opened", "retired", "dropped"
UNUSED = "never-used"  # a recovery password whose volume was never encrypted: its hardware test failed
COMPARED = "compared"  # a recovery password was read back from its volume, and is the one that was sealed
HEADER, HEADER_GONE = "header", "header-gone"  # a copy of a disk's header came into the vault, or was destroyed
HEADER_READ = "header-read"  # somebody took a copy out of the vault
RESTORED = "restored"  # a copy was brought back onto its disk
ADOPTED = "adopted"  # a key that was in the disk already came into the vault, and was seen to open it
ACCEPTED = "accepted"  # somebody said that the slots and tokens which a disk has now are known
TPM = "tpm"  # a token of this id is about to let the TPM open a disk
USED = "used"  # a device says that a recovery password was typed there
SUSPENDED = "suspended"  # somebody opened a window in which BitLocker's protection may be suspended
RESUMED = "resumed"  # such a window is over
CUSTODIANS = "custodians"
AUTHORITY_KEY = "authority-key"  # a private key of the VPN's authority came into the vault, sealed


class Entry(Strict):
    """A line. `by` is the account and machine, or who gave a name. Texts are one line.

    `key` is the id of a key, of a header's copy or of a token, `digest` and `size` (bytes) those of its file; `disk` is
    the LUKS UUID, or the GUID of a Windows volume; `kind` what kind of key it is (none: LUKS); `protector` the id of
    the protector of BitLocker that it is, once that was compared; `binding` what proves each night that the disk is
    still the one (binding.py beside this; of a sealed key and of a token the slot that it is for). `custodians` are
    fingerprints of certificates. `authority` is what happened to certificates of the VPN
    (leeboard/authority/records.py). `restarts` and `until` are of a window: for how many restarts protection may be
    suspended, and until when.
    """

    number: int
    previous: str
    at: str
    by: str
    event: str
    urn: Urn | None = None
    asset: Asset | None = None
    key: str = ""
    digest: str = ""
    disk: str = ""
    kind: Kind = Kind.LUKS
    protector: str = ""
    reason: str = ""
    size: int = 0
    binding: dict[str, Any] = Field(default_factory=dict)
    custodians: tuple[str, ...] = ()
    authority: dict[str, Any] = Field(default_factory=dict)
    restarts: int = 0
    until: str = ""


@dataclass(frozen=True)
class Mark:
    """How far somebody knows a ledger: so many entries in so many bytes, the hash of the last."""

    entries: int = 0
    tip: str = FIRST
    size: int = 0


@dataclass(frozen=True)
class Ledger:
    """What the copies say after a mark: so many lines, as bytes, each of which follows the one before it.

    An LA has hundreds of thousands of lines, and an entry takes many times its bytes: iterating reads one at a time.
    `last` is the hash of the last line; empty where there is none.
    """

    content: bytes = b""
    count: int = 0
    last: str = ""
    after: Mark = Mark()

    def __iter__(self) -> Iterator[Entry]:
        """The entries, in order."""
        return (Entry.model_validate_json(line) for line in _lines(self.content))

    @property
    def mark(self) -> Mark:
        """The mark at the end: number of entries, last digest, size."""
        return Mark(
            self.after.entries + self.count, self.last or self.after.tip, self.after.size + len(self.content)
        )  # fmt: skip

    def tip_at(self, number: int) -> str:
        """The hash of the line with this number, of those that were read, or of the one before them."""
        place = number - self.after.entries
        return _hash(next(islice(_lines(self.content), place - 1, None))) if place else self.after.tip

    def followed_by(self, entry: Entry) -> Ledger:
        """The ledger with one more entry."""
        line = line_of(entry)
        return Ledger(self.content + line, self.count + 1, _hash(line[:-1]), self.after)


def read(content: bytes | None, place: str, after: Mark = Mark()) -> Ledger:
    """A copy of the ledger from a mark on; `place` is what errors call it.

    A last line that was cut off is left out. Raises LeeboardError for a ledger that was changed: its lines do not
    follow each other.
    """
    whole = _whole_lines(content or b"")
    number, previous = after.entries, after.tip
    for number, line in enumerate(_lines(whole), after.entries + 1):
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError:
            raise LeeboardError(
                f"{place}, line {number}: makes no sense; the ledger was changed. Compare both copies"
            ) from None
        if (entry.number, entry.previous) != (number, previous):
            raise LeeboardError(
                f"{place}, line {number}: does not follow the line before it; the ledger was changed. Compare both "
                "copies with a backup before you use any key"
            )
        previous = _hash(line)
    count = number - after.entries
    return Ledger(whole, count, previous if count else "", after)


def tail(content: bytes, start: int, after: Mark, place: str) -> bytes:
    """What follows a mark in a copy of the ledger, of which `content` is all from byte `start` on.

    Raises LeeboardError where the line before the mark is another one.
    """
    known, rest = content[: after.size - start], content[after.size - start :]
    if after.entries and (not known.endswith(b"\n") or _hash(known[:-1].rpartition(b"\n")[2]) != after.tip):
        raise LeeboardError(
            f"{place}: line {after.entries} is not as this controller wrote it; the ledger was changed. Compare both "
            "copies with a backup before you use any key"
        )
    return rest


def longest(copies: Mapping[str, bytes], after: Mark = Mark()) -> Ledger:
    """The copy that has all that any copy has after a mark; they come by what errors call them.

    Raises LeeboardError where one was changed, and where they tell different stories.
    """
    best = max(copies, key=lambda place: len(_whole_lines(copies[place])))
    # What the longest one begins with is not read twice.
    others = [place for place, content in copies.items() if not copies[best].startswith(_whole_lines(content))]
    for place in copies if others else ():
        read(copies[place], place, after)
    if others:
        raise LeeboardError(
            f"{others[0]}: tells another story than the other copy of the ledger; somebody wrote to one of them "
            "alone. Compare them with a backup before you use any key"
        )
    return read(copies[best], best, after)


def next_entry(ledger: Ledger, at: datetime, by: str, event: str, **more: Any) -> Entry:
    """The entry that follows the last one."""
    mark = ledger.mark
    return Entry(number=mark.entries + 1, previous=mark.tip, at=stamp(at.astimezone(UTC)), by=by, event=event, **more)


def line_of(entry: Entry) -> bytes:
    """An entry as it stands in the file, its end included."""
    return json.dumps(entry.model_dump(mode="json", exclude_defaults=True), separators=(",", ":")).encode() + b"\n"


def _whole_lines(content: bytes) -> bytes:
    """All but a last line that has no end: a crash cut it off."""
    return content[: content.rfind(b"\n") + 1]


def _lines(content: bytes) -> Iterator[bytes]:
    """Lines that all have an end, without it."""
    return (line[:-1] for line in BytesIO(content))


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
