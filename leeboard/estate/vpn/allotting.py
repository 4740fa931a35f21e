"""Inner addresses for all devices that have the VPN, of every declaration of an estate that has networks for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.estate.estate import School
from leeboard.estate.vpn import addresses
from leeboard.estate.vpn.addresses import Ledger


@dataclass(frozen=True)
class Peer:
    """A device as its gateway has to know it: address, name in its certificate, name in the inventory."""

    address: str
    identity: str
    device: str


@dataclass(frozen=True)
class Allotted:
    """What the ledger in a folder is to say, whether that is new, and its devices, by address."""

    folder: Path
    ledger: Ledger
    changed: bool
    peers: tuple[Peer, ...]


def allot(schools: Iterable[School], today: date) -> tuple[Allotted, ...]:
    """Give each device that is told of the VPN an address, by declaration; nothing is written.

    Raises LeeboardError where a ledger is damaged, since an address in it could be given twice, or where networks are
    full.
    """
    found: dict[Path, list[School]] = {}
    for school in schools:
        if school.vpn and school.vpn.declared.inner:
            found.setdefault(school.vpn.file.parent, []).append(school)
    return tuple(_allotted(folder, of_folder, today) for folder, of_folder in sorted(found.items()))


def _allotted(folder: Path, schools: list[School], today: date) -> Allotted:
    before, problems = addresses.read(folder)
    if problems:
        raise LeeboardError(f"{problems[0]}; mend the ledger first")
    wanted: dict[str, list[str]] = {}
    peers: dict[tuple[str, str], tuple[str, str]] = {}
    inner: tuple[str, ...] = ()
    for school in schools:
        if school.vpn is None:
            continue
        inner = school.vpn.declared.inner
        told = [device for device in school.devices if school.vpn.may_have(device)]
        wanted[school.urn] = [device.asset for device in told]
        peers |= {(school.urn, device.asset): (school.vpn.identity(device), school.name_of(device)) for device in told}
    ledger = addresses.allocated(before, wanted, inner, today)
    listed = [
        Peer(one.address, *peers[one.urn, one.asset])
        for one in ledger.entries
        if one.ended is None and (one.urn, one.asset) in peers
    ]
    return Allotted(folder, ledger, ledger != before, tuple(listed))
