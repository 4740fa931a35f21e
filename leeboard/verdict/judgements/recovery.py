"""Who keeps the recovery passwords of a Windows machine: what the device itself shows of it, and no more than that."""

from __future__ import annotations

from collections.abc import Callable
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
    first = system(volumes)

    def who(volume: EncryptableVolume, passwords: list[str]) -> tuple[list[Fault], str]:
        if first.kept is None:
            raise first.untold("kept")
        return whose(volume, passwords, first.kept, DIRECTORIES)

    return of_passwords(volumes, who)


def of_passwords(
    volumes: Volumes, who: Callable[[EncryptableVolume, list[str]], tuple[list[Fault], str]]
) -> Answer:  # fmt: skip
    """What is wrong with the recovery passwords of a machine's volumes; `who` looks at those that a volume has."""

    def look(volume: EncryptableVolume) -> tuple[list[Fault], str]:
        if volume.in_clear:
            return [], "not encrypted"
        passwords = [way.id for way in volume.ways() if way.type == NUMERICAL_PASSWORD]
        if not passwords:
            return [Fault(Code.NO_RECOVERY_PASSWORD, "it has no recovery password that could be kept")], ""
        return who(volume, passwords)

    return faults(of_kind(volumes, SYSTEM, DATA), look, NO_DISK)


def whose(
    volume: EncryptableVolume, passwords: list[str], backup_state: BackupState, places: tuple[Place, ...]
) -> tuple[list[Fault], str]:
    """What is wrong with who keeps the passwords of a volume, by the device's own word, else the grounds for it.

    What another than these places took is not where the school looks. Raises CannotBeTold and MakesNoSense.
    """
    backups = backup_state.backups
    if backups is None:
        raise not_there(volume.label, "backups", backup_state.troubles)
    for password in passwords:
        for place in places:
            newest = _newest(backups, password, place)
            if newest is not None and newest.done:
                when = f" at {newest.at}" if newest.at else ""
                told = f"{PLACES[place]} took its recovery password {password}{when}, as this device says"
                return [], f"{told}; ask there whether it has it"
    named = ", ".join(passwords)
    for password in passwords:
        for place in places:
            if _newest(backups, password, place) is not None:
                message = f"the last try to give its recovery password {password} to {PLACES[place]} failed"
                return [Fault(Code.BACKUP_FAILED, message)], ""
        for other in PLACES:
            if took(backups, password, other):
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


def took(backups: tuple[Backup, ...], protector: str, where: str) -> bool:
    """Whether the device says that a place took a password, and not that a later try failed."""
    newest = _newest(backups, protector, where)
    return newest is not None and newest.done


def _newest(backups: tuple[Backup, ...], protector: str, where: str) -> Backup | None:
    """The latest backup of one protector in one place."""
    wanted = protector.strip("{}").lower()
    same = [backup for backup in backups if backup.where == where and backup.id.strip("{}").lower() == wanted]
    return max(same, key=lambda backup: backup.at, default=None)


JUDGEMENTS: dict[str, Judgement] = {"bitlocker_unkept": unkept}
