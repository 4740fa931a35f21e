"""The ledger: who sealed, proved, opened and retired which key, a line each with the hash of the line before it.

Both places have it. What one place has and the other has not yet is written there before anything is added; places that
tell different stories are refused. It grows by several lines a device, so a controller that wrote to it before reads on
from where it was then; all of it is read to list and to verify.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
    """What one copy says after a mark: its entries, in order, and the bytes behind them.

    `torn`: a last line that has no end.
    """

    entries: tuple[Entry, ...] = ()
    content: bytes = b""
    torn: bool = False
    after: Mark = Mark()

    @property
    def mark(self) -> Mark:
        """The mark at the end: number of entries, last digest, size."""
        tip = _hash(self.content.splitlines()[-1]) if self.entries else self.after.tip
        return Mark(self.after.entries + len(self.entries), tip, self.after.size + len(self.content))

    def tip_at(self, number: int) -> str:
        """The hash of the line with this number, of those that were read, or of the one before them."""
        place = number - self.after.entries
        return _hash(self.content.splitlines()[place - 1]) if place else self.after.tip

    def followed_by(self, entry: Entry) -> Ledger:
        """The ledger with one more entry."""
        return Ledger((*self.entries, entry), self.content + line_of(entry), after=self.after)


def read(content: bytes | None, place: str, after: Mark = Mark()) -> Ledger:
    """A copy of the ledger from a mark on; `place` is what errors call it.

    A last line that was cut off is left out, and said. Raises LeeboardError for a ledger that was changed: its lines do
    not follow each other.
    """
    whole, _, rest = (content or b"").rpartition(b"\n")
    whole = whole + b"\n" if whole else b""
    entries, previous = [], after.tip
    for number, line in enumerate(whole.splitlines(), after.entries + 1):
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
        entries.append(entry)
        previous = _hash(line)
    return Ledger(tuple(entries), whole, torn=bool(rest), after=after)


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


def longest(copies: Mapping[str, Ledger]) -> Ledger:
    """The copy that has all that any copy has; they come by what errors call them.

    Raises LeeboardError where they tell different stories.
    """
    best = max(copies.values(), key=lambda copy: len(copy.content))
    for place, copy in copies.items():
        if not best.content.startswith(copy.content):
            raise LeeboardError(
                f"{place}: tells another story than the other copy of the ledger; somebody wrote to one of them alone. "
                "Compare them with a backup before you use any key"
            )
    return best


def next_entry(ledger: Ledger, at: datetime, by: str, event: str, **more: Any) -> Entry:
    """The entry that follows the last one."""
    mark = ledger.mark
    return Entry(number=mark.entries + 1, previous=mark.tip, at=stamp(at.astimezone(UTC)), by=by, event=event, **more)


def line_of(entry: Entry) -> bytes:
    """An entry as it stands in the file, its end included."""
    return json.dumps(entry.model_dump(mode="json", exclude_defaults=True), separators=(",", ":")).encode() + b"\n"


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
