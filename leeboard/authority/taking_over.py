"""What published lists say and the ledger does not know: it is kept, so that no new list lets anybody in again.

A vault and `var` that were both brought back from one old backup know nothing of what was revoked since. What was
published since then does, and so does the last list in `var` where the vault alone was brought back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from leeboard.authority import memory, published, publishing
from leeboard.authority.published import Line, NotOurs, Signed
from leeboard.authority.publishing import Publication
from leeboard.authority.records import Certificate, Issuer, Kind, Known, TakenLine, TakenOver
from leeboard.errors import LeeboardError
from leeboard.model.words import number
from leeboard.storage import files

AT_ONCE = 100  # lines in one line of the ledger, which has its own bound (escrow/vault/ledger.py)
LONGEST_ROOT_LIST = 16 * 1024  # bytes, for the same reason: some hundreds of issuing authorities, one a year

UNREAD = (
    "so what it revokes was not compared with the ledger: if vault and var were brought back from a backup, whoever "
    "was revoked since gets in again by the new list (docs/vpn-authority.md#backup)"
)
NOTHING_COUNTS = "nothing of it counts, and the new list takes its place"


@dataclass(frozen=True)
class Seen:
    """What is to be taken over, and the highest number of a list by the id of its authority.

    `problems`: what somebody must look at; `notes`: what is said, and may be all right.
    """

    new: tuple[TakenOver, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> dict[str, TakenLine]:
        """Every line that is to be kept, by its serial."""
        return {line.serial: line for one in self.new for line in one.lines}

    @property
    def authorities(self) -> set[str]:
        """The issuing authorities that count no more."""
        return {name for one in self.new for name in one.authorities}

    def root_list(self, before: str) -> str:
        """The root's list in hexadecimal: the newer one that was published, else the one before."""
        return next((one.root_list for one in self.new if one.root_list), before)


def look(var: Path, known: Known, at: datetime) -> Seen:
    """Read the lists that count, as they are published and as they were signed last here. Changes nothing.

    Raises LeeboardError where nothing says what was published where.
    """
    lists = _Lists(var, publishing.read(var))
    new = list(lists.of_root(known))
    gone = {name for one in new for name in one.authorities}
    lines = [line for one in known.alive(at) if one.id not in gone for line in lists.unknown(known, one)]
    new += [TakenOver(lines=tuple(lines[start : start + AT_ONCE])) for start in range(0, len(lines), AT_ONCE)]
    return Seen(tuple(new), lists.numbers, (*lists.problems, *_said(new)), tuple(lists.notes))


class _Lists:
    """The lists of one look, and what was not well with them."""

    def __init__(self, var: Path, publication: Publication) -> None:
        self.var, self.publication = var, publication
        self.until = time.monotonic() + published.SECONDS
        self.numbers: dict[str, int] = {}
        self.problems: list[str] = []
        self.notes: list[str] = []

    def of_root(self, known: Known) -> Iterator[TakenOver]:
        """The root's newest list, where the ledger has an older one: what it revokes counts no more."""
        root = known.beginning.root
        newest = max(self._every(root, known.root_list), key=lambda one: one.number, default=None)
        if newest is None or newest.content.hex() == known.root_list:
            return
        if len(newest.content) > LONGEST_ROOT_LIST:
            self.problems.append(f"the list of {root.id} has {len(newest.content)} bytes, and is not taken over")
            return
        named = {int(line.serial, 16) for line in newest.lines}
        gone = tuple(one.id for one in known.issuing if not one.revoked and one.x509.serial_number in named)
        yield TakenOver(root_list=newest.content.hex(), authorities=gone)

    def unknown(self, known: Known, issuer: Issuer) -> Iterator[TakenLine]:
        """The lines of an issuing authority's lists that the ledger does not know, each once."""
        listed = {one.serial for one in known.revoked}
        every = self._every(issuer)
        lines = {line.serial: line for one in every for line in one.lines if line.serial not in listed}
        if not lines:
            return
        of = self._certificates(known, lines)
        for serial, line in lines.items():
            certificate = of.get(serial)
            if certificate is None or certificate.revoked is None:
                yield _taken(issuer, line, certificate)

    def _certificates(self, known: Known, lines: Mapping[str, Line]) -> dict[str, Certificate]:
        """Those certificates that the ledger has. Asked for last, since a controller has a file for each device."""
        found = {one.serial: one for one in known.gateways if one.serial in lines}
        try:
            found |= {one.serial: one for one in memory.every(self.var) if one.serial in lines}
        except LeeboardError as problem:  # no reason to let a list run out
            self.problems.append(f"it cannot be said whose certificates all of a list are: {problem}")
        return found

    def _every(self, issuer: Issuer, in_ledger: str = "") -> list[Signed]:
        """The lists that an authority signed: the ledger's, the last one that was signed here, the published one."""
        path = memory.list_path(self.var, issuer.id)
        here = self._verified(bytes.fromhex(in_ledger), issuer, "the ledger") if in_ledger else []
        kept = self._verified(files.read_regular(path, memory.MOST_BYTES), issuer, str(path))
        here += kept
        there = self._published(issuer, expected=bool(kept))
        last = max((one.number for one in here), default=0)
        if last and any(one.number > last for one in there):
            self.problems.append(
                f"the published list of {issuer.id} is newer than the last one that was signed here: this controller "
                "was brought back from a backup, or another one signs too (docs/vpn-authority.md#backup)"
            )
        every = [*here, *there]
        self.numbers[issuer.id] = max((one.number for one in every), default=0)
        return every

    def _published(self, issuer: Issuer, *, expected: bool) -> list[Signed]:
        """The published list. `expected`: one was signed here before, so one should be there."""
        try:
            content = published.fetch(self.publication, issuer, self.until)
        except NotOurs as wrong:
            self.problems.append(f"{wrong}: {NOTHING_COUNTS}")
            return []
        except LeeboardError as problem:
            self._unread(str(problem))
            return []
        if content is None and expected and self.publication != Publication():
            self._unread(f"there is none of {issuer.id} where lists are published")
        return self._verified(content, issuer, f"the published list of {issuer.id}")

    def _unread(self, why: str) -> None:
        """Once, whatever the number of lists: the place is the same."""
        if not self.notes:
            self.notes.append(f"the published list cannot be read ({why}), {UNREAD}")

    def _verified(self, content: bytes | None, issuer: Issuer, where: str) -> list[Signed]:
        if content is None:
            return []
        try:
            return [published.verified(content, issuer, where)]
        except NotOurs as wrong:
            self.problems.append(f"{wrong}: {NOTHING_COUNTS}")
            return []


def _taken(issuer: Issuer, line: Line, certificate: Certificate | None) -> TakenLine:
    """Of a certificate that nobody here knows the end is not known either: no later than its authority's."""
    ends = certificate.ends if certificate else issuer.ends
    bare = TakenLine(serial=line.serial, issuer=issuer.id, at=line.at, ends=ends, reason=line.reason)
    if certificate is None:
        return bare
    if certificate.kind is Kind.GATEWAY:
        return bare.model_copy(update={"gateway": certificate.name})
    return bare.model_copy(update={"urn": certificate.urn, "asset": certificate.asset})


def _said(new: Sequence[TakenOver]) -> Iterator[str]:
    lines = [line for one in new for line in one.lines]
    owners = sorted({line.gateway or f"{line.asset} ({line.urn})" for line in lines if line.gateway or line.asset})
    strange = sum(not line.gateway and not line.asset for line in lines)
    if owners:
        yield (
            f"by the last list a certificate is revoked of {', '.join(owners)}, which the ledger did not know; it "
            "stays revoked, and the ledger has it now"
        )
    if strange:
        yield (
            f"the last list revokes {number(strange, 'certificate')} that the ledger does not know, issued after the "
            "backup that was brought back; they stay revoked. Whose they are nobody here knows: look after each device "
            "that was stolen or lost since (docs/vpn-authority.md#backup)"
        )
    for one in new:
        if one.root_list:
            gone = f"; {', '.join(one.authorities)} counts no more" if one.authorities else ""
            yield (
                f"the root's published list is newer than the one in the ledger, and is kept{gone}. An issuing "
                "authority was made after the backup that was brought back, and its key is lost "
                "(docs/vpn-authority.md#backup)"
            )
