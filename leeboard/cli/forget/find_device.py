"""Which device `leeboard forget` is about: by name, host or asset tag, in the register or in what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from leeboard.ansible import inventory as inventories
from leeboard.cli.find_estate import opened, school_of
from leeboard.errors import LeeboardError
from leeboard.estate.estate import SCHOOL, Estate, School, is_estate
from leeboard.evidence.keeping.forgetting import Named
from leeboard.evidence.notes import pins
from leeboard.model import near
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
        """The key of its evidence: URN and asset tag."""
        return self.urn, self.asset

    @property
    def host(self) -> str:
        """Its name without the school's URN."""
        return self.name.removesuffix(f".{self.urn}")

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names by which it may be asked for."""
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

    def covers(self, urn: str) -> bool:
        """True for a school that was asked about."""
        return self.urns is None or urn in self.urns


def register(inventory: Path, school: str | None) -> Register:
    """What an inventory says. `school` limits it; a URN that it does not have (any more) is taken as such."""
    source = inventories.file_of(inventory)
    if is_estate(source):
        return _of_estate(source, school)
    listed = inventories.read(source)
    devices = tuple(
        Subject(
            device.urn,
            device.asset,
            device.name,
            device.school,
            serial=device.serial or "",
            registered=True,
            waivers=device.waivers,
        )
        for device in listed.devices
    )
    before = {urn: school.predecessors for urn, school in listed.schools.items()}
    known = {device.urn for device in listed.devices}
    urn = school if _is_urn(school, known) else listed.of_school(school)[0].urn if school else None
    return Register(source, devices, _with(urn, before), before)


def find(wanted: str, register: Register, stored: Sequence[Named], evidence: Path) -> Subject | None:
    """The device of this name: one of the register, else one that was; None for one that is not known.

    Raises LeeboardError where several are called so.
    """
    inside = [device for device in register.devices if register.covers(device.urn)]
    gone = [subject for subject in _unregistered(register, stored, evidence) if register.covers(subject.urn)]
    for every in (inside, gone):
        matches = [subject for subject in every if subject.name == wanted] or [
            subject for subject in every if wanted in subject.aliases
        ]
        # Under an earlier URN of the same school it is the same device, which `earlier` finds.
        before = {urn for subject in matches for urn in _before(register, subject.urn)}
        matches = [subject for subject in matches if subject.urn not in before]
        if len(matches) > 1:
            names = ", ".join(
                f"{plain(subject.asset)} in {subject.urn} ({plain(subject.school) or 'unknown'})"
                for subject in matches[:9]
            )
            raise LeeboardError(
                f"{plain(wanted)}: {len(matches)} devices are called so: {names}; name one of them by its asset tag, "
                "or its school with --school"
            )
        if matches:
            return matches[0]
    return None


def unknown(wanted: str, register: Register, stored: Sequence[Named], evidence: Path) -> LeeboardError:
    """The message for a device that nobody knows."""
    every = everything(register, stored, evidence)
    meant = near.meant(wanted, (alias for subject in every for alias in subject.aliases[1:]))
    return LeeboardError(
        f"{plain(wanted)}: there is no such device in {register.source}, in the database or among the pins{meant} "
        "(what bundles alone know of is found once leeboard ingest has loaded them)"
    )


def everything(register: Register, stored: Sequence[Named], evidence: Path) -> list[Subject]:
    """Every device that may be asked for: those of the register, and those of which something is kept."""
    every = [*register.devices, *_unregistered(register, stored, evidence)]
    return [subject for subject in every if register.covers(subject.urn)]


def earlier(subject: Subject, register: Register, stored: Sequence[Named]) -> tuple[Key, ...]:
    """The names under which the device was filed before, as reports go on with it (leeboard.evidence.previous_ids).

    It is the same device by its serial, under an earlier URN of its school also by its tag.
    """
    current = {device.key for device in register.devices}
    serial = usable_serial(subject.serial) if subject.serial else None
    keys = []
    for device in stored:
        key = (device.urn, device.asset)
        if key in current or key == subject.key or device.urn not in (subject.urn, *_before(register, subject.urn)):
            continue
        theirs = usable_serial(device.serial) if device.serial else None
        by_tag = device.urn != subject.urn and device.asset == subject.asset and not (serial and theirs)
        if by_tag or (serial and serial == theirs):
            keys.append(key)
    return tuple(keys)


def _of_estate(source: Path, school: str | None) -> Register:
    estate = opened(source, whole=True)
    if school is None and source.name == SCHOOL:
        school = source.absolute().parent.name
    devices = tuple(
        Subject(
            urn=each.urn,
            asset=row.asset,
            name=each.name_of(row),
            school=each.settings.name,
            address=row.address,
            serial=row.serial,
            folder=each.folder,
            registered=True,
            waivers=each.waivers,
        )
        for each in estate.schools
        for row in each.devices
    )
    before = {each.urn: each.settings.predecessors for each in estate.schools}
    known = {each.urn for each in estate.schools}
    urn = school if _is_urn(school, known) else school_of(estate, school).urn if school else None
    return Register(source, devices, _with(urn, before), before, estate)


def _is_urn(school: str | None, known: Iterable[str]) -> bool:
    return school is not None and URN.match(school) is not None and school not in known


def _with(urn: str | None, before: Mapping[str, Sequence[str]]) -> frozenset[str] | None:
    return None if urn is None else frozenset({urn, *before.get(urn, ())})


def _before(register: Register, urn: str) -> Sequence[str]:
    return register.predecessors.get(urn, ())


def _unregistered(register: Register, stored: Sequence[Named], evidence: Path) -> list[Subject]:
    """The devices that the register does not have, and of which something is kept."""
    current = {device.key for device in register.devices}
    subjects = {
        (device.urn, device.asset): Subject(device.urn, device.asset, device.name, device.school, serial=device.serial)
        for device in stored
    }
    folders = [folder for folder in evidence.iterdir() if URN.match(folder.name)] if evidence.is_dir() else []
    for folder in sorted(folders):
        # A damaged file of another school is in nobody's way here; that of the device's own is read again.
        with suppress(LeeboardError):
            for asset in pins.read(folder / "pins.json"):
                subjects.setdefault((folder.name, asset), Subject(folder.name, asset, asset))
    # The files of its school may still name it, also those of the school that its own has become.
    schools = {urn: school for school in (register.estate.schools if register.estate else ()) for urn in _urns(school)}
    return [
        replace(subject, folder=schools[subject.urn].folder, waivers=schools[subject.urn].waivers)
        if subject.urn in schools
        else subject
        for key, subject in subjects.items()
        if key not in current
    ]


def _urns(school: School) -> tuple[str, ...]:
    return (*school.settings.predecessors, school.urn)
