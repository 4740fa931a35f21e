"""What Active Directory or Entra holds of a device's recovery passwords: the reading that ENC-07 is judged by there.

A directory is asked once a run, for all that it has, before the first device is visited; each visit then looks its own
ids up. A password of which the device says that it went to Active Directory, and which was not there, is asked for once
more: a roll-out may have given it away since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.readings import DIRECTORY
from leeboard.escrow.volumes import active_directory, entra_export
from leeboard.escrow.volumes.active_directory import Server, forms, parse_server
from leeboard.escrow.volumes.readings import shown_by, volumes_of
from leeboard.model.observation import Aspect, Found, Observation, Reading, Unreadable
from leeboard.model.values import plain
from leeboard.model.words import date_text
from leeboard.policy.resolve import Wanted
from leeboard.storage.dated_export import days_since
from leeboard.verdict.judgements.bitlocker import DECRYPTED, NUMERICAL_PASSWORD, SYSTEM, EncryptableVolume
from leeboard.verdict.judgements.kept_there import HeldThere
from leeboard.verdict.judgements.recovery import PLACES, Place, took

ADDRESSES: dict[str, Place] = {"active-directory": "ad", "entra": "entra"}
VARIABLES = (active_directory.VARIABLE, active_directory.PASSWORD, entra_export.VARIABLE)
# An export says nothing of a key that was deleted since, as those of a device that is taken out of Entra are.
MOST_DAYS = 31
UNNAMED = {
    "ad": f"{active_directory.VARIABLE} names no server that could be asked",
    "entra": f"{entra_export.VARIABLE} names no export",
}
Source = Server | Path
# What a volume is judged by there, of all that a visit shows of it.
PARTS = {"name", "letter", "kind", "conversion", "protection", "lock", "protectors"}


@dataclass(frozen=True)
class Holding:
    """What a directory has: ids as bytes, and where that is known from, in words. `day`: that of an export."""

    ids: frozenset[bytes]
    known_from: str
    day: date | None = None


class Directories:
    """What directories hold, each asked once."""

    def __init__(self) -> None:
        self._known: dict[Source, Holding | LeeboardError] = {}

    def ask(self, sources: Iterable[Source]) -> None:
        """Ask those that were not asked yet. What is wrong with one is raised when a device needs it."""
        for source in sources:
            if source not in self._known:
                try:
                    self._known[source] = _ask(source)
                except LeeboardError as problem:
                    self._known[source] = problem

    def holding(self, source: Source) -> Holding:
        """What one has. Raises LeeboardError."""
        self.ask([source])
        found = self._known[source]
        if isinstance(found, LeeboardError):
            raise found
        return found


def source_of(wanted: Wanted, variables: Mapping[str, Any], folder: Path) -> Source | None:
    """Who is asked about a device; None where nobody is wanted, or none is named. Raises LeeboardError.

    `variables` are those of the device, `folder` is where a path is meant from.
    """
    place = _place(wanted)
    server, password, export = (variables.get(name) for name in VARIABLES)
    if place == "ad" and server is not None:
        return parse_server(server, password)
    if place == "entra" and export is not None:
        if not isinstance(export, str) or not export.strip():
            raise LeeboardError(f"{entra_export.VARIABLE} is no path of a file")
        return folder / str(export).strip()
    return None


def of_directory(
    observation: Observation, wanted: Wanted, variables: Mapping[str, Any], folder: Path, directories: Directories,
    at: datetime,
) -> list[Reading]:  # fmt: skip
    """The reading about the recovery passwords of a device that was observed; none where no directory keeps them."""
    place = _place(wanted)
    if place is None:
        return []
    aspect = _aspect(observation, place, lambda: source_of(wanted, variables, folder), directories, at)
    address = next(one for one, its in ADDRESSES.items() if its == place)
    return [Reading(driver=DIRECTORY, address=address, effective=aspect)]


def lacking(observation: Observation) -> list[str]:
    """The recovery passwords that Active Directory, which was asked, does not have; none where it was not asked."""
    there = held_there(observation)
    if there is None or there.held is None or there.place != "ad":
        return []
    return [one for one in passwords_of(there.volumes) if one not in there.held]


def held_there(observation: Observation) -> HeldThere | None:
    """What the directory that keeps a device's recovery passwords says of them; None where it could not be asked."""
    for address in ADDRESSES:
        reading = observation.reading(DIRECTORY, address)
        if reading is not None and isinstance(reading.effective, Found):
            value = reading.effective.value
            return HeldThere.model_validate_json(str(value[0])) if isinstance(value, list) and value else None
    return None


def passwords_of(volumes: Iterable[EncryptableVolume]) -> list[str]:
    """The ids of the recovery passwords of volumes that are not in clear."""
    encrypted = (volume for volume in volumes if volume.conversion != DECRYPTED)
    return [way.id for volume in encrypted for way in volume.protectors or () if way.type == NUMERICAL_PASSWORD]


def _place(wanted: Wanted) -> Place | None:
    """The directory that a device's recovery passwords are wanted in."""
    asked = {setting.setting.address for setting in wanted.settings if setting.setting.driver == DIRECTORY}
    return next((place for address, place in ADDRESSES.items() if address in asked), None)


def _ask(source: Source) -> Holding:
    if isinstance(source, Server):
        return Holding(active_directory.all_ids(source), f"{plain(source.server, 100)} was asked")
    export = entra_export.read(source)
    return Holding(export.ids, f"export of {date_text(export.day)}", export.day)


def _aspect(
    observation: Observation, place: Place, source: Callable[[], Source | None], directories: Directories, at: datetime
) -> Aspect:
    shown = shown_by(observation)
    if not isinstance(shown, Found):
        return shown
    try:
        volumes = volumes_of(shown.value)
        there = _there(place, volumes, source, directories, at)
    except LeeboardError as problem:
        why = plain(str(problem), 500)
        return Unreadable(state="unreadable", code="failed", why=why, source=PLACES[place])
    return Found(state="value", value=[there.model_dump_json(exclude_defaults=True)], source=PLACES[place])


def _there(
    place: Place, volumes: list[EncryptableVolume], source: Callable[[], Source | None], directories: Directories,
    at: datetime,
) -> HeldThere:  # fmt: skip
    """What a directory says of these volumes. Raises LeeboardError where it could not be asked."""
    told = tuple(_trimmed(volume) for volume in volumes)
    passwords = passwords_of(volumes)
    if not passwords:  # the volumes alone say what is wrong, if anything is
        return HeldThere(place=place, volumes=told, held=())
    asked = source()
    if asked is None:
        return HeldThere(place=place, volumes=told, why=UNNAMED[place])
    holding = directories.holding(asked)
    why = _too_old(holding, at)
    if why:
        return HeldThere(place=place, volumes=told, why=why)
    held = [one for one in passwords if forms(one) & holding.ids]
    if isinstance(asked, Server):
        late = [one for one in passwords if one not in held and _given(volumes, one)]
        now = active_directory.named_ids(asked, late) if late else frozenset()
        held += [one for one in late if forms(one) & now]
    return HeldThere(place=place, volumes=told, held=tuple(held), known_from=holding.known_from)


def _given(volumes: Iterable[EncryptableVolume], password: str) -> bool:
    """Whether the device says that Active Directory took a password."""
    kept = (volume.kept for volume in volumes if volume.kind == SYSTEM and volume.kept is not None)
    return any(took(one.backups or (), password, "ad") for one in kept)


def _too_old(holding: Holding, at: datetime) -> str:
    """Why an export says nothing about today; empty where it does. Raises LeeboardError for a day that is no day."""
    if holding.day is None:
        return ""
    days = days_since(holding.day, at)
    if days < 0:
        raise LeeboardError(f"the {holding.known_from} is dated in the future; correct the date")
    return f"the {holding.known_from} is {days} days old, and at most {MOST_DAYS} count" if days > MOST_DAYS else ""


def _trimmed(volume: EncryptableVolume) -> EncryptableVolume:
    """A volume with no more than it is judged by here: an observation is kept for each night."""
    ways = volume.protectors
    passwords = tuple(one for one in ways if one.type == NUMERICAL_PASSWORD) if ways is not None else None
    kept = volume.kept and volume.kept.model_copy(update={"used": ()})
    troubles = {part: one for part, one in volume.troubles.items() if part in {*PARTS, "kept", "all"}}
    parts = {part: getattr(volume, part) for part in PARTS - {"protectors"}}
    return EncryptableVolume(**parts, protectors=passwords, kept=kept, troubles=troubles)
