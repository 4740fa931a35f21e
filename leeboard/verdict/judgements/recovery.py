"""Who keeps the recovery passwords of a Windows machine: what the device itself shows of it, and no more than that."""

from __future__ import annotations

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
PLACES = {"ad": "Active Directory", "entra": "Entra", "microsoft_account": "somebody's own Microsoft account"}


def unkept(volumes: Volumes, _facts: Facts) -> Answer:
    """Recovery passwords that nobody keeps, as far as the device shows it; none when AD or Entra took each volume's.

    One password of a volume that is kept is enough to open it.
    """
    first = system(volumes)

    def look(volume: EncryptableVolume) -> tuple[list[Fault], str]:
        if volume.in_clear:
            return [], "not encrypted"
        passwords = [way.id for way in volume.ways() if way.type == NUMERICAL_PASSWORD]
        if not passwords:
            return [Fault(Code.NO_RECOVERY_PASSWORD, "it has no recovery password that could be kept")], ""
        if first.kept is None:
            raise first.untold("kept")
        return _whose(volume, passwords, first.kept)

    return faults(of_kind(volumes, SYSTEM, DATA), look, NO_DISK)


def _whose(volume: EncryptableVolume, passwords: list[str], backup_state: BackupState) -> tuple[list[Fault], str]:
    backups = backup_state.backups
    if backups is None:
        raise not_there(volume.label, "backups", backup_state.troubles)
    for password in passwords:
        newest = _newest(backups, password)
        if newest is not None and newest.done and newest.where != "microsoft_account":
            when = f" at {newest.at}" if newest.at else ""
            took = f"{PLACES[newest.where]} took its recovery password {password}{when}, as this device says"
            return [], f"{took}; ask there whether it has it"
    named = ", ".join(passwords)
    for password in passwords:
        newest = _newest(backups, password)
        if newest is not None and newest.done:
            message = f"its recovery password {password} went to {PLACES[newest.where]}, where the school cannot get it"
            return [Fault(Code.KEPT_ELSEWHERE, message)], ""
        if newest is not None:
            message = f"the last try to give its recovery password {password} to {PLACES[newest.where]} failed"
            return [Fault(Code.BACKUP_FAILED, message)], ""
    if not backup_state.joined:
        message = f"nobody keeps its recovery password {named}: the device is a member of no domain and not of Entra"
        return [Fault(Code.NOBODY_KEEPS, message)], ""
    where = " and ".join(PLACES[place] for place in backup_state.joined)
    demand = "policy demands a backup before it encrypts" if backup_state.required else "policy asks for a backup"
    policy = demand if backup_state.asked else "no policy asks for a backup"
    raise CannotBeTold(
        f"{volume.label}: {policy}, and the device's log has nothing about its recovery password {named}; ask {where}"
    )


def _newest(backups: tuple[Backup, ...], protector: str) -> Backup | None:
    """The latest backup of one protector."""
    same = [backup for backup in backups if backup.id.strip("{}").lower() == protector.strip("{}").lower()]
    return max(same, key=lambda backup: backup.at, default=None)


JUDGEMENTS: dict[str, Judgement] = {
    "bitlocker_unkept": unkept,
}
