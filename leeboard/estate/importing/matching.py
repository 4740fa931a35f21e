"""Which device a listed one is: by serial in any school, else by asset tag or name in the list's own. Pure.

Makers' placeholders are no serials, here as everywhere (`leeboard.model.identity`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from leeboard.estate.devices import DeviceRow
from leeboard.estate.importing.devices import Listed
from leeboard.model.identity import usable_serial


@dataclass(frozen=True)
class Match:
    """The device that a listed one is, in the school `urn`, and by what it was known: serial, asset or name."""

    urn: str
    device: DeviceRow
    by: str


@dataclass(frozen=True)
class Twice:
    """The list has one device twice, by serial; the row that was heard of last counts, else the first."""

    device: Listed
    counts: Listed


class Finder:
    """The devices of an estate by what they are known by. `urn` is the school that the list is about."""

    def __init__(self, schools: Mapping[str, Sequence[DeviceRow]], urn: str) -> None:
        self._urn = urn
        self._serials: dict[str, list[tuple[str, DeviceRow]]] = {}
        self._assets: dict[str, DeviceRow] = {}
        self._names: dict[str, DeviceRow] = {}
        for school, devices in schools.items():
            for device in devices:
                if serial := serial_of(device.serial):
                    self._serials.setdefault(serial, []).append((school, device))
        for device in reversed(schools.get(urn, ())):
            self._assets[device.asset.casefold()] = device
            self._names[label(device.asset)] = device
        for device in reversed(schools.get(urn, ())):
            self._names[label(device.host)] = device

    def find(self, listed: Listed) -> Match | None:
        """The device that this one is; None for one that nobody knows."""
        serial = serial_of(listed.values.get("serial", ""))
        owners = self._serials.get(serial, []) if serial else []
        own = next((device for school, device in owners if school == self._urn), None)
        if own is not None:
            return Match(self._urn, own, "serial")
        known = self._known(listed)
        if owners and (known is None or serial_of(known[0].serial)):
            return Match(*owners[0], "serial")
        return Match(self._urn, *known) if known else None

    def elsewhere(self, listed: Listed) -> list[str]:
        """The other schools that have a device with its serial."""
        serial = serial_of(listed.values.get("serial", ""))
        return [school for school, _ in self._serials.get(serial or "", []) if school != self._urn]

    def _known(self, listed: Listed) -> tuple[DeviceRow, str] | None:
        asset = listed.values.get("asset", "")
        if asset and asset.casefold() in self._assets:
            return self._assets[asset.casefold()], "asset"
        for name in (listed.values.get("host", ""), listed.name):
            if name and label(name) in self._names:
                device = self._names[label(name)]
                # A tag of its own that the other has not says that it is another one.
                if not asset or device.asset == device.host:
                    return device, "name"
        return None


def once(devices: Iterable[Listed]) -> tuple[tuple[Listed, ...], tuple[Twice, ...]]:
    """The devices with each serial once, in the list's order, and those that stand there again."""
    every = list(devices)
    best: dict[str, Listed] = {}
    for entry in every:
        serial = serial_of(entry.values.get("serial", ""))
        if serial and (serial not in best or entry.seen > best[serial].seen):
            best[serial] = entry
    unique, twice = [], []
    for entry in every:
        counts = best.get(serial_of(entry.values.get("serial", "")) or "", entry)
        if counts is entry:
            unique.append(entry)
        else:
            twice.append(Twice(entry, counts))
    return tuple(unique), tuple(twice)


def serial_of(text: str) -> str | None:
    """A serial that tells one machine from others, in one spelling; None for a placeholder and for none."""
    return usable_serial(text) if text else None


def label(host: str) -> str:
    """The first part of a host's name, by which a machine is the same with and without its domain."""
    return host.casefold() if host.replace(".", "").isdigit() else host.casefold().partition(".")[0]
