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
    found = []
    for school in estate.schools:
        for one in school.devices:
            serial = usable_serial(one.serial) if one.serial else None
            if serial is None:
                continue
            first, device = seen.setdefault(serial, (school, one))
            if first is not school:
                words = (
                    f"{one.serial!r} is the serial of {device.asset} in {first.folder.name} as well; if the device "
                    "moved, take its row out there"
                )
                found.append(Problem(str(school.folder / DEVICES), words, one.row, "serial"))
    return found


def _predecessors(estate: Estate) -> list[Problem]:
    """A school is not its own predecessor. (One that was split has several heirs, and that is no mistake.)"""
    words = "holds the school's own URN; take it out"
    return [
        Problem(str(one.folder / SCHOOL), words, None, "predecessors")
        for one in estate.schools
        if one.urn in one.settings.predecessors
    ]
