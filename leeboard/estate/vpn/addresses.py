"""The inner addresses that a gateway gives to each device alone: a ledger, `vpn/addresses.csv` beside the declaration.

Only strongSwan can give a device an address of its own (a connection a device, with a pool of one). A device keeps its
address; that of a device which has the VPN no more is nobody's for a year, since logs and firewalls still know it.
"""

from __future__ import annotations

import csv
import io
import ipaddress
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.estate.vpn.words import Network, networks, overlapping
from leeboard.model.device import ASSET, URN
from leeboard.model.problem import Mistake, Problem
from leeboard.model.values import plain
from leeboard.storage import files
from leeboard.storage.sheet import read_sheet

FILE = Path("vpn") / "addresses.csv"
COLUMNS = ("address", "urn", "asset", "given", "ended")
NOBODYS = timedelta(days=366)
MOST_BYTES = 32 * 1024 * 1024
RESERVED = 2  # the network's own address, and the one that a gateway takes for itself


@dataclass(frozen=True, slots=True)
class Given:
    """An address of a device since a day; with `ended` it is not the device's any more."""

    address: str
    urn: str
    asset: str
    given: date
    ended: date | None = None

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.address else 4


@dataclass(frozen=True)
class Ledger:
    """All addresses that were given, in the order of the file."""

    entries: tuple[Given, ...] = ()

    def of_school(self, urn: str) -> Mapping[str, str]:
        """The address of each device of a school, by its asset tag; of two, that of IPv4."""
        return self._by_school.get(urn, {})

    @cached_property
    def held(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """The addresses of each device, by URN and asset tag."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for one in self.entries:
            if one.ended is None:
                found[one.urn, one.asset] = (*found.get((one.urn, one.asset), ()), one.address)
        return found

    def all_of_school(self, urn: str) -> Mapping[str, tuple[str, ...]]:
        """All addresses of each device of a school, by its asset tag, those of IPv4 first."""
        return {
            asset: tuple(sorted(held, key=lambda one: ":" in one))
            for (of_school, asset), held in self.held.items()
            if of_school == urn
        }

    @cached_property
    def _by_school(self) -> Mapping[str, Mapping[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for entry in sorted((one for one in self.entries if one.ended is None), key=lambda one: -one.version):
            found.setdefault(entry.urn, {})[entry.asset] = entry.address
        return found


def read(folder: Path) -> tuple[Ledger, tuple[Problem, ...]]:
    """The ledger of the declaration in this folder, empty where there is none; a problem for each row that is none."""
    file = folder / FILE
    shown = plain(str(file), 300)
    try:
        content = files.read_regular(file, MOST_BYTES)
    except (LeeboardError, OSError) as wrong:
        reason = wrong.strerror or "" if isinstance(wrong, OSError) else str(wrong).removeprefix(f"{file}: ")
        return Ledger(), (Problem(shown, reason),)
    return (Ledger(), ()) if content is None else parse(content, shown)


def parse(content: bytes, shown: str) -> tuple[Ledger, tuple[Problem, ...]]:
    """The ledger in these bytes, and what is wrong with its rows."""
    try:
        sheet = read_sheet(content)
    except Mistake as wrong:
        return Ledger(), (wrong.problem(shown),)
    if tuple(sheet.headings[: len(COLUMNS)]) != COLUMNS:
        return Ledger(), (Problem(shown, f"has other columns than {', '.join(COLUMNS)}; bring back a copy of it"),)
    entries: list[Given] = []
    problems = [wrong.problem(shown) for wrong in sheet.mistakes]
    for row, cells in sheet.rows:
        try:
            entries.append(_entry(cells))
        except Mistake as wrong:
            problems.append(wrong.problem(shown, row))
    held = Counter(one.address for one in entries if one.ended is None)
    message = "{} is given to two devices; write the day into ended of one of them"
    problems += [
        Problem(shown, message.format(address), column="address") for address, times in held.items() if times > 1
    ]
    return Ledger(tuple(entries)), tuple(problems)


def write(folder: Path, ledger: Ledger) -> Path:
    """Write the ledger, whole or not at all. Raises OSError."""
    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in ledger.entries:
        writer.writerow([one.address, one.urn, one.asset, one.given, one.ended or ""])
    files.replace(file, text.getvalue().encode(), mode=None)
    return file


def allocated(ledger: Ledger, wanted: Mapping[str, Collection[str]], inner: Iterable[str], today: date) -> Ledger:
    """The ledger in which each device has an address of each family, and nobody else has one.

    `wanted` has the asset tags of the devices with the VPN, by the URN of their school; what other schools have stays.
    Raises LeeboardError where the networks are full; then nothing is to be written.
    """
    pools = networks(inner)
    entries = [_ended(one, wanted, pools, today) for one in ledger.entries]
    taken = {one.address for one in entries if _is_taken(one, today)}
    versions = sorted({pool.version for pool in pools})
    held = {(one.urn, one.asset, one.version) for one in entries if one.ended is None}
    before = {(one.urn, one.asset, one.version): place for place, one in enumerate(entries) if one.ended is not None}
    starts = dict.fromkeys(pools, RESERVED)
    for urn in sorted(wanted):
        for asset in sorted(set(wanted[urn])):
            for version in versions:
                key = (urn, asset, version)
                if key in held:
                    continue
                earlier = before.get(key)
                if earlier is not None and _again(entries[earlier], pools, today):
                    # What was its own within the last year is nobody else's yet.
                    entries[earlier] = replace(entries[earlier], ended=None)
                    continue
                address = _free([pool for pool in pools if pool.version == version], starts, taken)
                taken.add(address)
                entries.append(Given(address, urn, asset, today))
    return Ledger(tuple(entries))


def _ended(entry: Given, wanted: Mapping[str, Collection[str]], pools: Iterable[Network], today: date) -> Given:
    if entry.ended is not None or entry.urn not in wanted:
        return entry
    keeps = entry.asset in wanted[entry.urn] and overlapping(networks((entry.address,))[0], pools) is not None
    return entry if keeps else replace(entry, ended=today)


def _is_taken(entry: Given, today: date) -> bool:
    return entry.ended is None or today - entry.ended < NOBODYS


def _again(entry: Given, pools: Iterable[Network], today: date) -> bool:
    return _is_taken(entry, today) and overlapping(networks((entry.address,))[0], pools) is not None


def _free(pools: Iterable[Network], starts: dict[Network, int], taken: Collection[str]) -> str:
    """The next address of these networks that nobody has; `starts` are places below which all are taken."""
    tried = []
    for pool in pools:
        last = pool.num_addresses - (1 if pool.version == 4 else 0)  # the last one of IPv4 is everybody's
        for place in range(starts[pool], last):
            address = str(pool[place])
            if address not in taken:
                starts[pool] = place + 1
                return address
        starts[pool] = last
        tried.append(str(pool))
    raise LeeboardError(f"vpn.inner: {', '.join(tried)} has no address left; add a network, or a larger one")


def _entry(cells: list[str]) -> Given:
    address, urn, asset, given, ended = (cell.strip() for cell in (*cells, *[""] * len(COLUMNS))[: len(COLUMNS)])
    try:
        address = str(ipaddress.ip_address(address))
    except ValueError:
        raise Mistake(f"{address[:60]!r} is no address", "address") from None
    if not URN.match(urn):
        raise Mistake(f"{urn[:60]!r} is no URN of six digits", "urn")
    if not ASSET.match(asset):
        raise Mistake(f"{asset[:64]!r} is no asset tag", "asset")
    return Given(address, urn, asset, _day(given, "given"), _day(ended, "ended") if ended else None)


def _day(text: str, column: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Mistake(f"{text[:40]!r} is no day such as 2026-11-26", column) from None
