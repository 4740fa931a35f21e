"""Which device `leeboard forget` is about: by name, host or asset tag, in the register or in what is kept of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from leeboard.ansible import inventory as inventories
from leeboard.cli.find_estate import opened, school_of
from leeboard.errors import LeeboardError
from leeboard.estate.estate import SCHOOL, Estate, School, is_estate
from leeboard.evidence import pins
from leeboard.evidence.forgetting import Named
from leeboard.model.device import URN
from leeboard.model.identity import usable_serial
from leeboard.model.values import plain
from leeboard.model.waiver import Waiver

Key = tuple[str, str]  # URN and asset tag


@dataclass(frozen=True)
class Subject:
    """A device. `folder` is its school's in an estate; `registered` says whether the inventory has the device."""

    urn: str
    asset: str
    name: str
    school: str = ""
    address: str = ""
    serial: str = ""
    folder: Path | None = None
    registered: bool = False
    waivers: tuple[Waiver, ...] = ()

    @property
    def key(self) -> Key:
        """What its evidence is filed under."""
        return self.urn, self.asset

    @property
    def host(self) -> str:
        """Its name without the school's URN."""
        return self.name.removesuffix(f".{self.urn}")

    @property
    def aliases(self) -> tuple[str, ...]:
        """What it may be called."""
        return tuple(dict.fromkeys((self.name, self.asset, self.host)))


@dataclass(frozen=True)
class Register:
    """The devices of an inventory. `urns` are the schools that were asked about, None for all.

    `estate` is what estate files say, None for any other inventory.
    """

    source: Path
    devices: tuple[Subject, ...]
    urns: frozenset[str] | None
    predecessors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    estate: Estate | None = None

    def asked(self, urn: str) -> bool:
        """True for a school that was asked about."""
        return self.urns is None or urn in self.urns


def register(inventory: Path, school: str | None) -> Register:
    """What an inventory says. `school` limits it; a URN that it does not have (any more) is taken as such."""
    source = inventories.file_of(inventory)
    if is_estate(source):
        return _of_estate(source, school)
    listed = inventories.read(source)
    devices = tuple(
        Subject(one.urn, one.asset, one.name, one.school, serial=one.serial or "", registered=True, waivers=one.waivers)
        for one in listed.devices
    )
    before = {urn: said.predecessors for urn, said in listed.schools.items()}
    known = {one.urn for one in listed.devices}
    urn = school if _is_urn(school, known) else listed.of_school(school)[0].urn if school else None
    return Register(source, devices, _with(urn, before), before)


def find(wanted: str, register: Register, stored: Sequence[Named], evidence: Path) -> Subject | None:
    """The device of this name: one of the register, else one that was; None for one that is not known.

    Raises LeeboardError where several are called so.
    """
    inside = [one for one in register.devices if register.asked(one.urn)]
    gone = [one for one in _kept(register, stored, evidence) if register.asked(one.urn)]
    for every in (inside, gone):
        found = [one for one in every if one.name == wanted] or [one for one in every if wanted in one.aliases]
        # Under an earlier URN of the same school it is the same device, which `earlier` finds.
        before = {urn for one in found for urn in _before(register, one.urn)}
        found = [one for one in found if one.urn not in before]
        if len(found) > 1:
            names = ", ".join(
                f"{plain(one.asset)} in {one.urn} ({plain(one.school) or 'unknown'})" for one in found[:9]
            )
            raise LeeboardError(
                f"{plain(wanted)}: {len(found)} devices are called so: {names}; name one of them by its asset tag, or "
                "its school with --school"
            )
        if found:
            return found[0]
    return None


def unknown(wanted: str, register: Register, stored: Sequence[Named], evidence: Path) -> LeeboardError:
    """What to say of a device that nobody knows."""
    every = [*register.devices, *_kept(register, stored, evidence)]
    names = {alias.casefold(): alias for one in every if register.asked(one.urn) for alias in one.aliases[1:]}
    near = [plain(names[one]) for one in difflib.get_close_matches(wanted.casefold(), names, 3)]
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return LeeboardError(
        f"{plain(wanted)}: there is no such device in {register.source}, in the database or among the pins{meant} "
        "(what bundles alone know of is found once leeboard ingest has loaded them)"
    )


def earlier(subject: Subject, register: Register, stored: Sequence[Named]) -> tuple[Key, ...]:
    """The names under which the device's history was filed before, as reports go on with it (leeboard.evidence.heirs).

    It is the same device by its serial, under an earlier URN of its school also by its tag.
    """
    current = {one.key for one in register.devices}
    serial = usable_serial(subject.serial) if subject.serial else None
    found = []
    for one in stored:
        key = (one.urn, one.asset)
        if key in current or key == subject.key or one.urn not in (subject.urn, *_before(register, subject.urn)):
            continue
        theirs = usable_serial(one.serial) if one.serial else None
        by_tag = one.urn != subject.urn and one.asset == subject.asset and not (serial and theirs)
        if by_tag or (serial and serial == theirs):
            found.append(key)
    return tuple(found)


def _of_estate(source: Path, school: str | None) -> Register:
    estate = opened(source, whole=True)
    if school is None and source.name == SCHOOL:
        school = source.absolute().parent.name
    devices = tuple(
        Subject(
            urn=one.urn,
            asset=row.asset,
            name=one.name_of(row),
            school=one.settings.name,
            address=row.address,
            serial=row.serial,
            folder=one.folder,
            registered=True,
            waivers=one.waivers,
        )
        for one in estate.schools
        for row in one.devices
    )
    before = {one.urn: one.settings.predecessors for one in estate.schools}
    known = {one.urn for one in estate.schools}
    urn = school if _is_urn(school, known) else school_of(estate, school).urn if school else None
    return Register(source, devices, _with(urn, before), before, estate)


def _is_urn(school: str | None, known: Iterable[str]) -> bool:
    return school is not None and URN.match(school) is not None and school not in known


def _with(urn: str | None, before: Mapping[str, Sequence[str]]) -> frozenset[str] | None:
    return None if urn is None else frozenset({urn, *before.get(urn, ())})


def _before(register: Register, urn: str) -> Sequence[str]:
    return register.predecessors.get(urn, ())


def _kept(register: Register, stored: Sequence[Named], evidence: Path) -> list[Subject]:
    """The devices that the register does not have, and of which something is kept."""
    current = {one.key for one in register.devices}
    found = {
        (one.urn, one.asset): Subject(one.urn, one.asset, one.name, one.school, serial=one.serial) for one in stored
    }
    folders = [one for one in evidence.iterdir() if URN.match(one.name)] if evidence.is_dir() else []
    for folder in sorted(folders):
        # A damaged file of another school is in nobody's way here; that of the device's own is read again.
        with suppress(LeeboardError):
            for asset in pins.read(folder / "pins.json"):
                found.setdefault((folder.name, asset), Subject(folder.name, asset, asset))
    # The files of its school may still name it, also those of the school that its own has become.
    schools = {urn: one for one in (register.estate.schools if register.estate else ()) for urn in _urns(one)}
    return [
        replace(one, folder=schools[one.urn].folder, waivers=schools[one.urn].waivers) if one.urn in schools else one
        for key, one in found.items()
        if key not in current
    ]


def _urns(school: School) -> tuple[str, ...]:
    return (*school.settings.predecessors, school.urn)
