"""Who keeps the recovery passwords of a Windows machine: what the device itself shows of it, and no more than that."""

from __future__ import annotations

from leeboard.verdict.codes import Code, Fault
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, Facts, Judgement
from leeboard.verdict.judgements.bitlocker import (
    DATA,
    NUMERICAL_PASSWORD,
    SYSTEM,
    Backup,
    EncryptableVolume,
    Kept,
    not_there,
    of_kind,
    system,
)
from leeboard.verdict.judgements.disks import NO_DISK
from leeboard.verdict.judgements.looking import faults

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
        passwords = [one.id for one in volume.ways() if one.type == NUMERICAL_PASSWORD]
        if not passwords:
            return [Fault(Code.NO_RECOVERY_PASSWORD, "it has no recovery password that could be kept")], ""
        if first.kept is None:
            raise first.untold("kept")
        return _whose(volume, passwords, first.kept)

    return faults(of_kind(volumes, SYSTEM, DATA), look, NO_DISK)


def _whose(volume: EncryptableVolume, passwords: list[str], kept: Kept) -> tuple[list[Fault], str]:
    backups = kept.backups
    if backups is None:
        raise not_there(volume.said, "backups", kept.troubles)
    for one in passwords:
        newest = _newest(backups, one)
        if newest is not None and newest.done and newest.where != "microsoft_account":
            when = f"{newest.at}, as this device says"
            return [], f"{PLACES[newest.where]} took its recovery password {one} at {when}; ask there whether it has it"
    named = ", ".join(passwords)
    for one in passwords:
        newest = _newest(backups, one)
        if newest is not None and newest.done:
            words = f"its recovery password {one} went to {PLACES[newest.where]}, where the school cannot get it"
            return [Fault(Code.KEPT_ELSEWHERE, words)], ""
        if newest is not None:
            words = f"the last try to give its recovery password {one} to {PLACES[newest.where]} failed"
            return [Fault(Code.BACKUP_FAILED, words)], ""
    if not kept.joined:
        words = f"nobody keeps its recovery password {named}: the device is a member of no domain and not of Entra"
        return [Fault(Code.NOBODY_KEEPS, words)], ""
    where = " and ".join(PLACES[place] for place in kept.joined)
    asked = "policy demands a backup before it encrypts" if kept.required else "policy asks for a backup"
    policy = asked if kept.asked else "no policy asks for a backup"
    raise CannotBeTold(
        f"{volume.said}: {policy}, and the device's log has nothing about its recovery password {named}; ask {where}"
    )


def _newest(backups: tuple[Backup, ...], protector: str) -> Backup | None:
    """The last word on one protector."""
    same = [one for one in backups if one.id.strip("{}").lower() == protector.strip("{}").lower()]
    return max(same, key=lambda one: one.at, default=None)


JUDGEMENTS: dict[str, Judgement] = {
    "bitlocker_unkept": unkept,
}
