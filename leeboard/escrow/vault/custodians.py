"""Who can open the vault: the certificates in its places, and how one set of them takes the place of another.

    custodians-next/ in both places -> the ledger names the new ones -> custodians/ in place 1, in place 2

The line in the ledger decides. A place that is not there yet has the new set in `custodians-next`, and whoever writes
next puts it where it belongs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.certificates import Custodian, read_custodian
from leeboard.escrow.vault import ledger
from leeboard.escrow.vault.ledger import Entry
from leeboard.escrow.vault.replica import Place

FOLDER = "custodians"
NEXT = "custodians-next"
FORMER = "custodians-former"  # certificates, by fingerprint: what was sealed to them is opened with them only


def named(entries: Iterable[Entry]) -> frozenset[str] | None:
    """The fingerprints that the last of these entries names; None where none of them does."""
    latest = None
    for entry in entries:
        if entry.event == ledger.CUSTODIANS:
            latest = frozenset(entry.custodians)
    return latest


def fingerprints(custodians: Iterable[Custodian]) -> frozenset[str]:
    """The fingerprints by which the ledger names custodians."""
    return frozenset(custodian.fingerprint for custodian in custodians)


def read(places: Sequence[Place], wanted: Collection[str]) -> tuple[Custodian, ...]:
    """The custodians with these fingerprints. Raises LeeboardError where a place has others."""
    by_place = [_of_place(place, frozenset(wanted)) for place in places]
    if any(listed != by_place[0] for listed in by_place):
        raise LeeboardError(
            f"{places[1].path / FOLDER}: has other certificates than {places[0].path / FOLDER}; whoever put one there "
            "alone would open every new key. Find out who, before any key is made"
        )
    if fingerprints(by_place[0]) != frozenset(wanted):
        raise LeeboardError(
            f"the certificates in {FOLDER} are not those that the ledger names: somebody changed them there. Find out "
            "who, before any key is made"
        )
    return by_place[0]


def former(places: Sequence[Place]) -> tuple[Custodian, ...]:
    """The certificates of former custodians."""
    return tuple({custodian.fingerprint: custodian for place in places for custodian in _in(place, FORMER)}.values())


def stage(places: Sequence[Place], before: Iterable[Custodian], after: Sequence[Custodian]) -> None:
    """Lay the new custodians beside the present ones, and keep the certificates of those who leave."""
    leaving = {custodian.fingerprint: custodian for custodian in before}
    for custodian in after:
        leaving.pop(custodian.fingerprint, None)
    for place in places:
        for fingerprint, gone in leaving.items():
            place.write(f"{FORMER}/{fingerprint}.pem", gone.pem)
        _write(place, NEXT, after)


def publish(places: Sequence[Place], custodians: Sequence[Custodian]) -> None:
    """Put the custodians that the ledger names where they belong; they are there already but after a change."""
    for place in places:
        if place.names(NEXT):
            put(place, custodians)
            for name in place.names(NEXT):
                place.remove(name)


def put(place: Place, custodians: Sequence[Custodian]) -> None:
    """Write the certificates of these custodians, and no others, to a place."""
    _write(place, FOLDER, custodians)


def _write(place: Place, folder: str, custodians: Sequence[Custodian]) -> None:
    contents = {f"{folder}/{custodian.name}.pem": custodian.pem for custodian in custodians}
    for name in place.names(folder):
        if name not in contents:
            place.remove(name)
    for name, content in contents.items():
        if place.read(name) != content:
            place.write(name, content)


def _of_place(place: Place, wanted: frozenset[str]) -> tuple[Custodian, ...]:
    """Those in force, or the new ones where only they are whom the ledger names."""
    now = _in(place, FOLDER)
    if fingerprints(now) == wanted:
        return now
    after = _in(place, NEXT)
    return after if fingerprints(after) == wanted else now


def _in(place: Place, folder: str) -> tuple[Custodian, ...]:
    return tuple(read_custodian(Path(name).stem, place.read(name) or b"") for name in place.names(folder))
