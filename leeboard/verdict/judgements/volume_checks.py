"""Looking at several volumes so that one that cannot be judged hides neither itself nor the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from leeboard.verdict.codes import Code, Fault
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, DoesNotApply, MakesNoSense, UnderWay
from leeboard.verdict.judgements.volume import KeyFile, Luks, Volume


class Named(Protocol):
    """What can be looked at: a volume, whatever encrypts it."""

    @property
    def label(self) -> str:
        """How a technician would call it."""


def used_for(volumes: Iterable[Volume], *roles: str) -> list[Volume]:
    """The volumes of any of these roles. A removable drive counts only where the system lies on it."""
    return [
        volume
        for volume in volumes
        if any(role in volume.roles for role in roles) and (not volume.removable or "system" in volume.roles)
    ]


def with_luks(volumes: Iterable[Volume], *roles: str) -> list[Volume]:
    """The volumes of these roles that have a LUKS header, and those of which nobody knows."""
    return [volume for volume in used_for(volumes, *roles) if volume.encryption in ("luks", "unknown")]


def headers(volumes: Iterable[Volume], *roles: str) -> list[tuple[Volume, Luks]]:
    """The volumes of these roles that have a LUKS header, each with what was read of it. Raises like `luks`."""
    return [(volume, luks(volume)) for volume in with_luks(volumes, *roles)]


def luks(volume: Volume) -> Luks:
    """What is known of a LUKS volume.

    Raises MakesNoSense where it could not be read, and CannotBeTold for what encrypts in a way of its own (ZFS).
    """
    if volume.luks is None:
        raise not_looked_at(volume)
    return volume.luks


def not_looked_at(volume: Volume) -> MakesNoSense | CannotBeTold:
    """Why a volume could not be looked at."""
    if volume.trouble is not None:
        return MakesNoSense(f"{volume.label}: {volume.trouble.why}", volume.trouble.code)
    if volume.other:
        return CannotBeTold(f"{volume.label}: it lies on {volume.other}, into which Leeboard cannot look")
    return MakesNoSense(f"{volume.label}: the device says neither what it is nor why it could not be read")


def key_files_in_clear(key_files: Iterable[KeyFile]) -> list[Fault]:
    """What is wrong with key files that whoever takes the disk can read."""
    places = {"unencrypted": "on a file system that is not encrypted", "initramfs": "in the initramfs"}
    return [
        Fault(
            Code.KEY_FILE_IN_CLEAR,
            f"its key file {key.path} lies {places[key.place]}, so whoever has the disk has the key",
        )
        for key in key_files
        if key.place in places
    ]


def known_places(volume: Volume, key_files: Iterable[KeyFile]) -> None:
    """Raise CannotBeTold where nobody can say whether a key file may be had by whoever takes the disk."""
    for key in key_files:
        if key.place == "unknown":
            raise CannotBeTold(f"{volume.label}: {key.path}: {key.why or 'on what it lies is not known'}")


def some[Looked: Named](volumes: list[Looked]) -> list[Looked]:
    """The encrypted volumes as they are. Raises DoesNotApply where there is none: how well would say nothing."""
    if not volumes:
        raise DoesNotApply("no such volume is encrypted")
    return volumes


def faults[Looked: Named](
    volumes: Iterable[Looked], look: Callable[[Looked], tuple[list[Fault], str]], nothing: str = ""
) -> Answer:
    """The list of what is wrong with any of the volumes: none, when all is well.

    `look` gives what is wrong and the grounds for what is right; what it raises names the volume. `nothing` are the
    grounds where there is no volume to look at. Raises MakesNoSense when one could not be read, CannotBeTold when one
    cannot be told and nothing else is wrong, and UnderWay when all that is lacking has begun.
    """
    wrong: list[Fault] = []
    grounds: list[str] = []
    failed: list[MakesNoSense] = []
    untold: list[str] = []
    coming: list[str] = []
    for volume in volumes:
        try:
            amiss, why = look(volume)
        except MakesNoSense as problem:
            failed.append(problem)
            continue
        except CannotBeTold as problem:
            untold.append(str(problem))
            continue
        except UnderWay as progress:
            coming.append(str(progress))
            continue
        wrong += [fault.of(volume.label) for fault in amiss]
        if why and not amiss:
            grounds.append(f"{volume.label}: {why}")
    if failed:
        also = f"; besides, {'; '.join(wrong)}" if wrong else ""
        raise MakesNoSense("; ".join(problem.why for problem in failed) + also, failed[0].code)
    if untold and not wrong:
        raise CannotBeTold("; ".join([*untold, *coming]))
    if coming and not wrong:
        raise UnderWay("; ".join(coming))
    reasons = "; ".join([*grounds, *untold, *coming]) or ("" if wrong else nothing)
    return Answer(tuple(str(fault) for fault in wrong), reasons, tuple(fault.code for fault in wrong))
