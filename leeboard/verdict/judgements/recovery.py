"""Who keeps the recovery passwords of a Windows machine: what the device itself shows of it, and no more than that."""

from __future__ import annotations

from typing import Literal

from leeboard.verdict.codes import Code, Fault
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, Facts, Judgement
from leeboard.verdict.judgements.bitlocker import (
    DATA,
    NUMERICAL_PASSWORD,
    SYSTEM,
    Backup,
    BackupState,
    EncryptableVolume,
    not_there,
    of_kind,
    system,
)
from leeboard.verdict.judgements.disks import NO_DISK
from leeboard.verdict.judgements.volume_checks import faults

Volumes = tuple[EncryptableVolume, ...]
Place = Literal["ad", "entra"]
DIRECTORIES: tuple[Place, ...] = ("ad", "entra")
NO_MEMBER = {"ad": "a member of no domain", "entra": "not of Entra"}
PLACES = {"ad": "Active Directory", "entra": "Entra", "microsoft_account": "somebody's own Microsoft account"}


def unkept(volumes: Volumes, _facts: Facts) -> Answer:
    """Recovery passwords that nobody keeps, as far as the device shows it; none when AD or Entra took each volume's.

    One password of a volume that is kept is enough to open it.
    """
    return _unkept(volumes, DIRECTORIES)


def unkept_in(place: Place) -> Judgement:
    """As `unkept`, where the school says which directory keeps them: what another one took is not where it looks."""

    def judged(volumes: Volumes, _facts: Facts) -> Answer:
        return _unkept(volumes, (place,))

    return judged


def _unkept(volumes: Volumes, places: tuple[Place, ...]) -> Answer:
    first = system(volumes)

    def look(volume: EncryptableVolume) -> tuple[list[Fault], str]:
        if volume.in_clear:
            return [], "not encrypted"
        passwords = [way.id for way in volume.ways() if way.type == NUMERICAL_PASSWORD]
        if not passwords:
            return [Fault(Code.NO_RECOVERY_PASSWORD, "it has no recovery password that could be kept")], ""
        if first.kept is None:
            raise first.untold("kept")
        return _whose(volume, passwords, first.kept, places)

    return faults(of_kind(volumes, SYSTEM, DATA), look, NO_DISK)


def _whose(
    volume: EncryptableVolume, passwords: list[str], backup_state: BackupState, places: tuple[Place, ...]
) -> tuple[list[Fault], str]:
    backups = backup_state.backups
    if backups is None:
        raise not_there(volume.label, "backups", backup_state.troubles)
    for password in passwords:
        for place in places:
            newest = _newest(backups, password, place)
            if newest is not None and newest.done:
                when = f" at {newest.at}" if newest.at else ""
                took = f"{PLACES[place]} took its recovery password {password}{when}, as this device says"
                return [], f"{took}; ask there whether it has it"
    named = ", ".join(passwords)
    for password in passwords:
        for place in places:
            if _newest(backups, password, place) is not None:
                message = f"the last try to give its recovery password {password} to {PLACES[place]} failed"
                return [Fault(Code.BACKUP_FAILED, message)], ""
        for other in PLACES:
            newest = _newest(backups, password, other)
            if newest is not None and newest.done:
                known = f"and this school keeps them in {PLACES[places[0]]}"
                out_of_reach = "where the school cannot get it" if other == "microsoft_account" else known
                message = f"its recovery password {password} went to {PLACES[other]}, {out_of_reach}"
                return [Fault(Code.KEPT_ELSEWHERE, message)], ""
    asked = [PLACES[place] for place in backup_state.joined if place in places]
    if not asked:
        members = " and ".join(NO_MEMBER[place] for place in places)
        message = f"nobody keeps its recovery password {named}: the device is {members}"
        return [Fault(Code.NOBODY_KEEPS, message)], ""
    where = " and ".join(asked)
    demand = "policy demands a backup before it encrypts" if backup_state.required else "policy asks for a backup"
    policy = demand if backup_state.asked else "no policy asks for a backup"
    raise CannotBeTold(
        f"{volume.label}: {policy}, and the device's log has nothing about its recovery password {named}; ask {where}"
    )


def _newest(backups: tuple[Backup, ...], protector: str, where: str) -> Backup | None:
    """The latest backup of one protector in one place."""
    wanted = protector.strip("{}").lower()
    same = [backup for backup in backups if backup.where == where and backup.id.strip("{}").lower() == wanted]
    return max(same, key=lambda backup: backup.at, default=None)


JUDGEMENTS: dict[str, Judgement] = {
    "bitlocker_unkept": unkept,
    "bitlocker_unkept_ad": unkept_in("ad"),
    "bitlocker_unkept_entra": unkept_in("entra"),
}
