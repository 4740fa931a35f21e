"""What is wrong with an estate's files, beyond what each file says of itself: what two schools have. Pure."""

from __future__ import annotations

from pathlib import Path

from leeboard.estate.devices import DeviceRow
from leeboard.estate.estate import DEVICES, SCHOOL, Estate, School
from leeboard.model.identity import usable_serial
from leeboard.model.problem import Problem


def check(estate: Estate) -> tuple[Problem, ...]:
    """All problems of an estate, in the order of its schools."""
    return (*estate.problems, *_twice(estate), *_predecessors(estate), *_same_name(estate))


def _twice(estate: Estate) -> list[Problem]:
    seen: dict[str, tuple[School, DeviceRow]] = {}
    problems = []
    for school in estate.schools:
        for row in school.devices:
            serial = usable_serial(row.serial) if row.serial else None
            if serial is None:
                continue
            first, device = seen.setdefault(serial, (school, row))
            if first is not school:
                message = (
                    f"{row.serial!r} is the serial of {device.asset} in {first.folder.name} as well; if the device "
                    "moved, take its row out there"
                )
                problems.append(Problem(str(school.folder / DEVICES), message, row.row, "serial"))
    return problems


def _predecessors(estate: Estate) -> list[Problem]:
    """A school is not its own predecessor. (One that was split has several heirs, and that is no mistake.)"""
    message = "holds the school's own URN; take it out"
    return [
        Problem(str(school.folder / SCHOOL), message, None, "predecessors")
        for school in estate.schools
        if school.urn in school.settings.predecessors
    ]


def _same_name(estate: Estate) -> list[Problem]:
    """Names in certificates that two devices would have, by an authority that knows no schools."""
    seen: dict[tuple[Path, str], tuple[School, DeviceRow]] = {}
    problems = []
    for school in estate.schools:
        if school.vpn is None or school.vpn.declared.authority is None:
            continue
        for row in school.vpn.owners(school.devices):
            name = school.vpn.identity(row)
            first, device = seen.setdefault((school.vpn.file, name), (school, row))
            if name and device is not row:
                message = (
                    f"{row.host!r} would be {name} in the certificate of its VPN, as {device.asset} in "
                    f"{first.folder.name} is; give one another host"
                )
                problems.append(Problem(str(school.folder / DEVICES), message, row.row, "host"))
    return problems
