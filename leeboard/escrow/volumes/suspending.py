"""Suspend BitLocker for a number of restarts: by a window in the ledger, which is opened first and has an end.

The action recovery_keys calls it for `leeboard escrow suspend`; the step is `suspend` of the module win_bitlocker. What
was suspended by anybody else, or outlasts its window, is named each night (ENC-09) and ended by a roll-out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import Ask, Outcome
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.vault import ledger
from leeboard.escrow.vault.device_records import by_urn, records_of
from leeboard.escrow.vault.records import Key, Records, State, Window
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.volume import ENCRYPTED, OFF, ON, SYSTEM, Volume, parse, parse_plan
from leeboard.model.device import Device
from leeboard.model.run_id import stamp
from leeboard.model.values import plain
from leeboard.model.words import number
from leeboard.verdict.judgements.kept_there import HeldThere

COMPARED = (State.COMPARED, State.USED)
MOST_RESTARTS = 3  # as ENC-09 accepts at level standard
DAYS, MOST_DAYS = 3, 14  # over a weekend; a term's holiday is no window
BACK, OVER = "its protection is on again", "its time was over"


@dataclass(frozen=True)
class Suspension:
    """What somebody asks for: for how many restarts, why, and for how many days the window is open."""

    restarts: int
    reason: str
    days: int = DAYS

    def check(self) -> None:
        """Raises LeeboardError for one that is too long, has no end or no reason."""
        if not 1 <= self.restarts <= MOST_RESTARTS:
            raise LeeboardError(
                f"--restarts is 1 to {MOST_RESTARTS}: what takes more gets another window, and none is without an end"
            )
        if not 1 <= self.days <= MOST_DAYS:
            raise LeeboardError(f"--days is 1 to {MOST_DAYS}: until then the device is open to whoever has it")
        if not self.reason.strip() or not self.reason.isprintable():
            raise LeeboardError("--reason: say in one line why")


def window_of(records: Records, disk: str, at: datetime) -> Window | None:
    """The window of a volume that is open at a moment; None for none."""
    return next((one for one in records.windows if one.disk == disk and one.is_open(at)), None)


def restarts_left_alone(records: Records, at: datetime) -> int:
    """For how many restarts a suspension is left alone; 0 where no window is open. Only Windows' own volume has any."""
    return max((one.restarts for one in records.windows if one.is_open(at)), default=0)


def over(var: Path, device: Device, volumes: Sequence[Volume], at: datetime) -> list[tuple[dict[str, str], str]]:
    """The windows that are over and not noted as that, as a line of the ledger names them, each with the reason."""
    is_on = {volume.guid for volume in volumes if volume.protection == ON}
    guids = {volume.guid for volume in volumes}
    found = []
    for urn, records in by_urn(var, device):
        for one in records.windows:
            is_of_another = urn != device.urn and one.disk not in guids
            if one.ended or is_of_another or (one.disk not in is_on and one.is_open(at)):
                continue
            about = {"urn": urn, "asset": device.asset, "disk": one.disk}
            found.append((about, BACK if one.disk in is_on else OVER))
    return found


def note_over(vault: Vault, device: Device, volumes: Sequence[Volume], clock: Callable[[], datetime]) -> None:
    """Note in the ledger which windows are over: protection is on again, or their time has passed."""
    for about, reason in over(vault.var, device, volumes, clock()):
        with vault.writing(clock()) as writer:
            writer.note(ledger.RESUMED, **about, reason=reason)


def suspend(
    vault: Vault, device: Device, ask: Ask, clock: Callable[[], datetime], wanted: Suspension, dry: bool = False,
    options: Iterable[str] = (), place: str = "", there: HeldThere | None = None,
) -> Outcome:  # fmt: skip
    """Open a window, then have the device suspend the volume of Windows for so many restarts, and read that back.

    With `dry` nothing is changed, only said. `options` are the driver's, as the school names them; `place` is the
    directory that keeps its recovery passwords, empty where this vault does, and `there` what it says of them where it
    was asked. Raises LeeboardError where nothing was suspended.
    """
    wanted.check()
    if not dry:
        with vault.writing(clock()):
            pass  # whoever writes first brings up to date what a crash left behind
    records = records_of(vault.var, device)
    keys = [key for key in records.keys if key.kind is Kind.BITLOCKER and key.state in COMPARED]
    relied_on: dict[str, Any] = {"place": place} if place else {"kept": [key.protector for key in keys]}
    told = {**relied_on, "options": list(options)}
    answer = ask("survey", wish=told)
    plan = parse_plan(answer.get("plan"))
    volume = _system(parse(answer.get("volumes") or []), [*plan.refusals, *plan.notes])
    kept = _of_directory(volume, answer.get("taken"), place, there) if place else _compared(volume, keys)
    outcome = Outcome(nothing="")
    open_now = window_of(records, volume.guid, clock())
    if volume.protection == OFF:
        if open_now is not None and 0 < (volume.suspended or 0) <= open_now.restarts:
            outcome.done.append(f"{volume.label}: {_words(open_now, volume.suspended or 0)} already")
            return outcome
        raise LeeboardError(
            f"{volume.label}: it is suspended already, and by no window that is open; a roll-out ends that"
        )
    if volume.protection != ON:
        raise LeeboardError(f"{volume.label}: whether its protection is on cannot be told")
    outcome.changed = True
    restarts = number(wanted.restarts, "restart")
    if dry:
        outcome.done.append(
            f"{volume.label}: it is to be suspended for {restarts}, for at most {number(wanted.days, 'day')}"
        )
        return outcome
    window = _opened(vault, device, clock(), wanted, volume, kept)
    try:
        done = ask("suspend", volume=volume.volume, keep=kept.protector, restarts=wanted.restarts)
    except LeeboardError:
        # Where it can still be asked, and is not suspended, the window is closed: it would excuse somebody else's.
        with suppress(LeeboardError):
            note_over(vault, device, parse(ask("survey", wish=told).get("volumes") or []), clock)
        raise
    if done.get("suspended") != wanted.restarts:
        now = plain(str(done.get("suspended")), 40)
        raise LeeboardError(f"{volume.label}: the device was to be suspended for {restarts}, and says {now}")
    journal = done.get("journal")
    outcome.change(
        "ENC-09", "bitlocker_volume", "suspend-count", None, f"{volume.label}: suspended for {restarts}",
        plain(journal, 1000) if isinstance(journal, str) else None,
    )  # fmt: skip
    outcome.done.append(f"{volume.label}: {_words(window, wanted.restarts)}; {kept.words}")
    return outcome


def _system(volumes: Iterable[Volume], refusals: list[str]) -> Volume:
    """The volume of Windows, which alone has a number of restarts. Raises LeeboardError."""
    found = [volume for volume in volumes if volume.kind == SYSTEM]
    if len(found) != 1:
        why = (
            plain(refusals[0], 600) if refusals else f"it shows {number(len(found), 'volume')} of Windows, and not one"
        )
        raise LeeboardError(f"nothing was suspended: {why}")
    if found[0].conversion != ENCRYPTED or found[0].protectors is None:
        raise LeeboardError(f"{found[0].label}: it is not wholly encrypted and open, so there is nothing to suspend")
    return found[0]


@dataclass(frozen=True)
class _Kept:
    """The recovery password that is there when firmware goes wrong: its protector, its key in the vault, and words."""

    protector: str
    key: str
    words: str


def _of_directory(volume: Volume, taken: Any, place: str, there: HeldThere | None) -> _Kept:
    """One of the volume's that its directory has; where it was not asked, one that it took, as the device says.

    As for ENC-07 the directory's word is above the device's. Raises LeeboardError.
    """
    if there is not None and there.held is not None:
        protector = next((one for one in there.held if one in volume.passwords), "")
        if not protector:
            raise LeeboardError(
                f"{volume.label}: its directory ({place}) has no recovery password that is in it "
                f"({there.known_from or 'it was asked'}), and firmware that goes wrong asks for one; a roll-out of ENC "
                "gives one away first"
            )
        return _Kept(protector, "", f"its directory ({place}) has its recovery password {protector}")
    ids = [one for one in taken if isinstance(one, str)] if isinstance(taken, list) else []
    protector = next((one for one in ids if one in volume.passwords), "")
    if not protector:
        raise LeeboardError(
            f"{volume.label}: its directory ({place}) took no recovery password that is in it, as far as the device "
            "shows, and firmware that goes wrong asks for one; a roll-out of ENC gives one away first"
        )
    return _Kept(protector, "", f"its directory ({place}) took its recovery password {protector}, as the device says")


def _compared(volume: Volume, keys: list[Key]) -> _Kept:
    """The newest key that is a recovery password of the volume. Raises LeeboardError."""
    fits = [key for key in keys if key.disk == volume.guid and key.protector in volume.passwords]
    if not fits:
        raise LeeboardError(
            f"{volume.label}: no recovery password that is in it is kept here and was compared, and firmware that goes "
            "wrong asks for one; a roll-out of ENC keeps one first"
        )
    key = next(reversed([key for key in fits if not key.adopted] or fits))
    return _Kept(key.protector, key.id, f"key {key.id} is its recovery password")


def _opened(vault: Vault, device: Device, at: datetime, wanted: Suspension, volume: Volume, kept: _Kept) -> Window:
    """Open the window, before the device is asked: a suspension that nobody wrote down would be somebody's mistake."""
    until = stamp(at + timedelta(days=wanted.days))
    with vault.writing(at) as writer:
        writer.note(
            ledger.SUSPENDED, urn=device.urn, asset=device.asset, key=kept.key, disk=volume.guid,
            reason=wanted.reason.strip(), restarts=wanted.restarts, until=until,
        )  # fmt: skip
        window = window_of(writer.records(device.urn, device.asset), volume.guid, at)
    if window is None:
        raise LeeboardError("the ledger has no open window after one was opened; nothing was suspended")
    return window


def _words(window: Window, left: int) -> str:
    return f"suspended for {number(left, 'restart')}, in a window until {window.until} ({plain(window.reason, 300)})"
