"""Recovery passwords of a device's BitLocker volumes: kept first, compared on the device, and only then relied on.

The action recovery_keys calls it by roll_out.py; the steps are those of the module win_bitlocker.

    what the driver wants -> sealed in both places -> added on the device, read back there and compared -> noted in the
    ledger -> older ones of ours removed -> the driver goes on (protectors, encryption), told which ones are compared

Each step leaves a volume that opens by all that opened it before. What is sealed cannot be read here, so whoever finds
a password that was never compared makes a new one and then removes that.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.escrow.disks.disk import GONE, Ask, Outcome
from leeboard.escrow.disks.readings import ON_WINDOWS
from leeboard.escrow.keys.envelope import Content
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.keys.recovery_password import new_password
from leeboard.escrow.vault import ledger
from leeboard.escrow.vault.device_records import about, records_of
from leeboard.escrow.vault.records import Key, Records, State
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes.driving import Driving
from leeboard.escrow.volumes.suspending import note_over, restarts_left_alone
from leeboard.escrow.volumes.transport import Purpose, device_key, new_reply, sealed
from leeboard.escrow.volumes.typed import remembered
from leeboard.escrow.volumes.volume import (
    CLEAR,
    NAMED,
    Plan,
    Volume,
    parse,
    parse_plan,
    parse_used,
    protector_id,
    words_of,
)
from leeboard.model.device import Device
from leeboard.model.run_id import stamp
from leeboard.model.values import plain

GOOD = (State.COMPARED, State.USED)
MOST_HALF_MADE = 3  # passwords in a volume that a run of ours added and nobody compared


class Strangers(StrEnum):
    """What is done about recovery passwords that nobody here knows; by default they are named and stay."""

    REPORT = "report"
    ADOPT = "adopt"
    REPLACE = "replace"


@dataclass(frozen=True)
class Wish:
    """What a school wants of a device: the driver's own words in `driver`, a PIN where its level asks for one, what
    becomes of strangers, and for how many days a key is good (None: for ever). With `takes_over` strangers are adopted
    where another service manages BitLocker."""

    driver: dict[str, Any] = field(default_factory=dict)
    pin: str = field(default="", repr=False)
    strangers: Strangers = Strangers.REPORT
    lasts: int | None = None
    takes_over: bool = False


def keep(
    vault: Vault, device: Device, ask: Ask, clock: Callable[[], datetime], wish: Wish, dry: bool = False
) -> Outcome:
    """Keep a recovery password of every volume that is encrypted or to be encrypted, then let the driver go on.

    With `dry` nothing is changed, only said. Never raises for one volume: what went wrong with it is in the outcome,
    and the driver is not told that its password is compared. Raises LeeboardError for a device that is not even seen.
    """
    run = _Run(vault, device, ask, clock, wish, dry)
    if not dry:
        with vault.writing(clock()):
            pass  # whoever writes first brings up to date what a crash left behind
    volumes, plan = run.survey()
    run.note_typed()
    if not dry:
        note_over(vault, device, volumes, clock)
    if not dry and run.note_lost(volumes):
        volumes, plan = run.survey()
    run.look_after(volumes, plan)
    return run.finish(volumes, plan)


class _Run(Driving):
    """One run over a device."""

    def __init__(
        self, vault: Vault, device: Device, ask: Ask, clock: Callable[[], datetime], wish: Wish, dry: bool
    ) -> None:
        super().__init__(ask, wish.pin, dry)
        self.vault = vault
        self.device = device
        self.clock = clock
        self.wish = wish
        self.typed: tuple[str, ...] | None = ()
        self.typed_ever: frozenset[str] = frozenset()  # those that earlier visits saw as well
        self.adopts = False
        self.guids: frozenset[str] | None = None  # of the device's volumes, once it was seen

    def survey(self) -> tuple[list[Volume], Plan]:
        """The volumes, and what the driver would do, as it is told now which passwords are compared."""
        answer = self.ask("survey", wish=self.told())
        if self.guids is None and self.device.predecessors:
            # What is kept under an earlier URN may be of another machine.
            self.guids = frozenset(volume.guid for volume in parse(answer.get("volumes") or []))
            return self.survey()
        self.typed = parse_used(answer.get("used", []))
        self.typed_ever = frozenset(self.typed or ()) | remembered(self.vault.var, self.device)
        self.adopts = self.wish.strangers is Strangers.ADOPT
        if self.wish.takes_over and answer.get("manager"):
            self.adopts |= self.wish.strangers is Strangers.REPORT
        return parse(answer.get("volumes") or []), parse_plan(answer.get("plan"))

    def keys(self, volume: Volume) -> list[Key]:
        """The keys of a volume that are not gone, the newest last."""
        return [key for key in self.all_keys() if key.disk == volume.guid and key.state not in (*GONE, State.UNUSED)]

    def note_lost(self, volumes: list[Volume]) -> int:
        """Note which compared passwords the volumes have no more; how many there were.

        One of a volume that is still clear was never used: its hardware test failed, and Windows removed the protector.
        """
        count = 0
        for volume in volumes:
            keys = [] if volume.protectors is None else self.keys(volume)
            for key in keys:
                if key.state not in GOOD or not key.protector or key.protector in volume.passwords:
                    continue
                never = volume.conversion == CLEAR and key.binding.get("conversion") == CLEAR
                reason = "its volume was never encrypted" if never else "its protector is gone from the volume"
                with self.vault.writing(self.clock()) as writer:
                    writer.note(ledger.UNUSED if never else ledger.RETIRED, **about(key), reason=reason)
                count += 1
        return count

    def note_typed(self) -> None:
        """Note which passwords were typed at the device: its events come to an end, and the ledger does not."""
        if self.typed is None:
            self.outcome.waiting.append("whether a recovery password was typed there, its event logs do not say")
        for key in [] if self.dry else self.all_keys():
            if key.state is State.COMPARED and key.protector in self.typed_ever:
                with self.vault.writing(self.clock()) as writer:
                    writer.note(ledger.USED, **about(key), reason="it was typed at the device")

    def look_after(self, volumes: list[Volume], plan: Plan) -> None:
        """Keep what is to be kept of each volume."""
        wanted = {need.volume for need in plan.needs if need.kind == "recovery"}
        for volume in volumes:
            if volume.conversion == CLEAR and volume.volume not in wanted:
                continue
            try:
                _Keeping(self, volume).apply()
            except LeeboardError as problem:
                self.outcome.failed.append(f"{volume.label}: {problem}")

    def told(self) -> dict[str, Any]:
        """What the driver is told: which passwords are compared, and whether a test failed that nobody repeats yet."""
        keys = self.all_keys()
        kept = [key.protector for key in keys if key.state in GOOD]
        newest = {key.disk: key.state for key in keys if key.state not in GONE}
        told = {**self.wish.driver, "kept": kept, "test_failed": State.UNUSED in newest.values()}
        told["restarts"] = restarts_left_alone(self.records(), self.clock())
        return {**told, "preview": True} if self.dry else told

    def all_keys(self) -> list[Key]:
        """Every key of BitLocker that the vault ever had of the device."""
        return [key for key in self.records().keys if key.kind is Kind.BITLOCKER]

    def records(self) -> Records:
        """What is kept of the device. Raises LeeboardError."""
        return records_of(self.vault.var, self.device, self.guids)


class _Keeping:
    """A volume that is to have one recovery password of ours, which the vault keeps and the device compared."""

    def __init__(self, run: _Run, volume: Volume) -> None:
        self.run = run
        self.volume = volume

    def apply(self) -> None:
        """Adopt, make or change the password as needed. Raises LeeboardError."""
        if self.volume.conversion is None:
            raise LeeboardError("whether it is encrypted cannot be told; nothing is done about it")
        if self.volume.protectors is None:
            raise LeeboardError("its protectors cannot be read; unlock it first")
        if self.run.adopts:
            for stranger in list(self._strangers()):
                self._adopt(stranger)
        current = next((key for key in reversed(self._compared()) if not key.adopted), None)
        why = self._why(current)
        if why and self.run.dry:
            self._say(f"{why}: a recovery password is to be made", change=True)
            return
        keeper = self._make(current, why) if why or current is None else current.protector
        if not why and current is not None:
            self._say(f"key {current.id} is kept, and is its recovery password as compared at {current.proved}")
        self._remove_older(keeper)

    def _why(self, current: Key | None) -> str:
        """Why a new password is to be made; empty where none is."""
        if current is None:
            return "no recovery password of it is kept"
        if current.state is State.USED or current.protector in self.run.typed_ever:
            return f"key {current.id} was {'read out' if current.opened else 'typed at the device'}"
        custodians = {custodian.fingerprint for custodian in self.run.vault.custodians}
        if set(current.custodians) != custodians or not set(current.readers) <= custodians:
            return f"key {current.id} was sealed to other custodians than today's"
        lasts, days = self.run.wish.lasts, current.days(self.run.clock())
        if lasts is None or 0 <= days <= lasts:
            return ""
        if days < 0:
            self.run.outcome.waiting.append(
                f"{self.volume.label}: key {current.id} was made at {current.made}, and by this controller's clock "
                "that is still to come: put the clock right"
            )
            return ""
        return f"key {current.id} is {days} days old (made at {current.made}), and lasts {lasts}"

    def _make(self, before: Key | None, why: str) -> str:
        """A new password: sealed, added and compared on the device. Returns the id of its protector."""
        run, volume = self.run, self.volume
        if len(list(self._half_made(""))) >= MOST_HALF_MADE:
            raise LeeboardError(
                f"{MOST_HALF_MADE} recovery passwords were added, and none could be compared: look at the device, and "
                "remove those that are named Leeboard there; no more are made until then"
            )
        run.vault.sealable(run.device.level, run.clock())
        to = device_key(run.ask("new_key"))
        content = self._content()
        with run.vault.writing(run.clock()) as writer:
            key = writer.seal(content, run.device.urn, run.device.asset, run.device.level, volume.guid)
        run.outcome.changed = True
        text = sealed(to, Purpose.RECOVERY, volume.volume, content.key.text)
        answer = run.ask("protect", volume=volume.volume, name=f"{NAMED}{content.id}", sealed=text)
        if answer.get("code") != 0 and not answer.get("id"):
            with run.vault.writing(run.clock()) as writer:
                writer.note(ledger.DROPPED, **about(key), reason="the device did not take it")
            raise LeeboardError(f"the device did not take key {content.id}: {words_of(answer)}")
        protector = protector_id(answer)
        if answer.get("code") != 0 or answer.get("same") is not True:
            raise LeeboardError(
                f"what is read back is not key {content.id}, so nothing relies on it; the next run makes another one"
            )
        with run.vault.writing(run.clock()) as writer:
            binding = {"volume": volume.volume, "conversion": volume.conversion}
            writer.note(ledger.COMPARED, **about(key), protector=protector, binding=binding)
        run.outcome.change("ENC-07", ON_WINDOWS, "escrowed", before.id if before is not None else None, content.id)
        self._say(f"key {content.id} is kept, and compared with its recovery password {protector} ({why})")
        return protector

    def _adopt(self, protector: str) -> None:
        """Keep a password that nobody here knows: read out sealed, and sealed for the custodians. Nothing changes."""
        run, volume = self.run, self.volume
        if run.dry:
            self._say(f"recovery password {protector} is to be read out and kept", change=True)
            return
        run.vault.sealable(run.device.level, run.clock())
        reply = new_reply()
        answer = run.ask("read_out", volume=volume.volume, protector=protector, **reply.public)
        if answer.get("code") != 0:
            raise LeeboardError(f"recovery password {protector} was not given out: {words_of(answer)}")
        password = reply.password(answer, volume.volume, protector)
        content = replace(self._content(), key=password, adopted=True)
        binding = {"volume": volume.volume, "conversion": volume.conversion}
        with run.vault.writing(run.clock()) as writer:
            writer.seal(
                content, run.device.urn, run.device.asset, run.device.level, volume.guid, binding, protector=protector
            )
        run.outcome.changed = True
        self._say(f"its recovery password {protector} is kept as key {content.id}")

    def _remove_older(self, keeper: str) -> None:
        """Remove older passwords of ours, and with `replace` those of strangers, once another one is compared."""
        run = self.run
        gone = [key for key in self._compared() if not key.adopted and key.protector != keeper]
        for protector in [*(key.protector for key in gone), *self._half_made(keeper), *self._to_replace()]:
            if run.dry:
                self._say(f"recovery password {protector} is to be removed", change=True)
                continue
            run.ask("remove", volume=self.volume.volume, protector=protector, keep=keeper)
            run.outcome.changed = True
            self._say(f"recovery password {protector} is removed")
        if run.dry:
            return
        with run.vault.writing(run.clock()) as writer:
            for key in run.keys(self.volume):
                if key in gone:
                    writer.note(ledger.RETIRED, **about(key), reason="another one took its place")
                elif key.state is State.PENDING or not key.protector:
                    writer.note(ledger.DROPPED, **about(key), reason="it was never compared")

    def _compared(self) -> list[Key]:
        return [key for key in self.run.keys(self.volume) if key.state in GOOD and key.protector in self._present()]

    def _present(self) -> set[str]:
        return set(self.volume.passwords)

    def _half_made(self, keeper: str) -> Iterator[str]:
        """Protectors that a run of ours made and nobody compared, known by their names."""
        known = {key.protector for key in self.run.keys(self.volume)} | {keeper}
        ids = {key.id for key in self.run.all_keys() if key.state not in GOOD or not key.protector}
        for one in self.volume.passwords.values():
            if one.id not in known and one.name.startswith(NAMED) and one.name.removeprefix(NAMED) in ids:
                yield one.id

    def _strangers(self) -> Iterator[str]:
        known = {key.protector for key in self.run.all_keys()} | set(self._half_made(""))
        return (protector for protector in self.volume.passwords if protector not in known)

    def _to_replace(self) -> list[str]:
        return list(self._strangers()) if self.run.wish.strangers is Strangers.REPLACE else []

    def _content(self) -> Content:
        device = self.run.device
        return Content(
            key=new_password(),
            school=plain(f"{device.school} ({device.urn})"),
            device=plain(f"{device.asset} ({device.name})"),
            disk=f"{self.volume.guid} {self.volume.label}",
            id=f"{self.run.clock():%y%m%d}-{secrets.token_hex(4)}",
            made=stamp(self.run.clock()),
            kind=Kind.BITLOCKER,
        )

    def _say(self, words: str, change: bool = False) -> None:
        self.run.outcome.changed |= change
        self.run.outcome.done.append(f"{self.volume.label}: {words}")
