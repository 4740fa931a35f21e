"""Sign the lists of revoked certificates: one of each issuing authority that still counts, each night and at once.

The lists that are published are read first: nobody who is on one is let in again by the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from leeboard.authority import memory, profile, records, taking_over
from leeboard.authority.profile import Gone
from leeboard.authority.records import Known
from leeboard.authority.session import Session, locked
from leeboard.authority.taking_over import Seen
from leeboard.errors import LeeboardError
from leeboard.escrow.vault import vault
from leeboard.model.words import number
from leeboard.storage import files


@dataclass(frozen=True)
class Lists:
    """The newest lists, by the name of the file under which clients ask for each.

    `problems`: what is not well; `notes`: what whoever runs this should know.
    """

    files: tuple[Path, ...]
    revoked: int
    ends: datetime
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def sign(var: Path, at: datetime) -> Lists:
    """Sign a list of each issuing authority, and lay the root's own beside them. Raises LeeboardError.

    Where the vault is away they are signed by what this controller remembers, which is said: a list that ends locks
    everybody out.
    """
    with locked(var, at):
        return sign_locked(var, at)


def sign_locked(var: Path, at: datetime) -> Lists:
    """As `sign`, for whoever has the authority's lock."""
    known, seen, problems = _known(var, at)
    at = at.astimezone(UTC).replace(microsecond=0)
    root = known.beginning.root
    paths = [memory.keep_list(var, root.id, bytes.fromhex(seen.root_list(known.root_list)))]
    alive = [one for one in known.alive(at) if one.id not in seen.authorities]
    if not alive:
        raise LeeboardError(
            "no issuing authority still counts, and there is nothing to sign a list with; a custodian makes the next "
            "one with leeboard vpn renew" + "".join(f". Before that: {line}" for line in problems)
        )
    gone = {one.serial: one for one in known.revoked} | dict(seen.lines)
    count = 0
    for issuer in alive:
        lines = [
            Gone(int(one.serial, 16), one.at, one.reason.flag)
            for one in gone.values()
            if one.issuer == issuer.id and at < one.ends + records.KEPT_ON_LIST
        ]
        signer = memory.signer(var, issuer)
        last = seen.numbers.get(issuer.id, 0)
        content = profile.make_list(signer, lines, profile.next_number(last, at), at, profile.LIST_LASTS)
        paths.append(memory.keep_list(var, issuer.id, content))
        count += len(lines)
    return Lists(tuple(paths), count, at + profile.LIST_LASTS, problems, seen.notes)


def ends_of(var: Path, known: Known, at: datetime) -> dict[str, datetime | None]:
    """When the newest list of each issuing authority that still counts ends; None where there is none."""
    found: dict[str, datetime | None] = {}
    for issuer in known.alive(at):
        content = files.read_regular(memory.list_path(var, issuer.id), memory.MOST_BYTES)
        try:
            found[issuer.id] = x509.load_der_x509_crl(content).next_update_utc if content else None
        except ValueError:
            found[issuer.id] = None
    return found


def _known(var: Path, at: datetime) -> tuple[Known, Seen, tuple[str, ...]]:
    """What the ledger says, or what the controller remembers where the ledger cannot be read, and why.

    What the last lists say beside that goes into the ledger, and onto the next list also where it cannot.
    """
    try:
        opened = Session(var, vault.open_vault(var, whole=False), at)
    except (LeeboardError, OSError) as problem:
        known = memory.read(var)[0]
        if known.begun is None:
            raise
        seen = taking_over.look(var, known, at)
        words = f"the vault cannot be read ({problem}), so the list has what this controller remembers"
        return known, seen, (f"{words}: {number(len(known.revoked), 'revoked certificate')}", *seen.problems)
    seen = taking_over.look(var, opened.known, at)
    try:
        opened.take_over(seen)
    except (LeeboardError, OSError) as problem:
        words = f"what the last lists say beside the ledger is on the new one, and not in the ledger yet: {problem}"
        return opened.known, seen, (words, *seen.problems)
    return opened.known, seen, seen.problems
