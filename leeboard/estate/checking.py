"""What is wrong with an estate's files, beyond what each file says of itself: devices that two schools have. Pure."""

from __future__ import annotations

from leeboard.estate.devices import DeviceRow
from leeboard.estate.estate import DEVICES, SCHOOL, Estate, School
from leeboard.model.identity import usable_serial
from leeboard.model.problem import Problem


def check(estate: Estate) -> tuple[Problem, ...]:
    """All problems of an estate, in the order of its schools."""
    return (*estate.problems, *_twice(estate), *_predecessors(estate))


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
