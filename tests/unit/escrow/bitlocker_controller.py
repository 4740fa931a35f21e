"""A controller with a vault, a device of two volumes, and what is true of them, read from the ledger's own lines."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from leeboard.escrow.disks.disk import Outcome
from leeboard.escrow.keys import envelope
from leeboard.escrow.keys.recovery_password import new_password
from leeboard.escrow.vault import controller_state, ledger, vault
from leeboard.escrow.vault.records import Key, Records, State
from leeboard.escrow.vault.vault import Vault
from leeboard.escrow.volumes import keeping, transport
from leeboard.escrow.volumes.keeping import Wish, keep
from leeboard.escrow.volumes.suspending import Suspension, suspend
from leeboard.model.device import Device
from leeboard.model.enums import Form, Level, Platform, Role
from tests.unit.escrow.bitlocker_device import CLEAR, ENCRYPTED, PASSWORD, TPM, Drive, WindowsDevice
from tests.unit.escrow.vaults import AT, custodian, private

DEVICE = Device(
    name="office-1", asset="EP-0001", urn="900001", school="Hill School", platform=Platform.WINDOWS, form=Form.PORTABLE,
    role=Role.OFFICE, level=Level.STANDARD,
)  # fmt: skip
PLAIN = Wish()
reply = cache(transport.new_reply)


class WindowsController:
    """A controller with a vault, and one device: `device`, and `registered` as the inventory has it.

    `wish` is what the school wants of it.
    """

    def __init__(self, made: Vault, device: WindowsDevice, wish: Wish = PLAIN) -> None:
        self.vault = made
        self.device = device
        self.registered = DEVICE
        self.wish = wish
        self.at = AT
        # Volumes that were encrypted before we came are protected by what was in them then.
        self.by_hand: set[str] = set()  # letters of volumes that somebody else suspended
        self.before = {one.name: set(one.passwords()) for one in device.drives if one.conversion != CLEAR}
        device.watch = self.check

    def clock(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def run(self, dry: bool = False, ask: Any = None) -> Outcome:
        """A roll-out by a controller that was started anew."""
        opened = vault.open_vault(self.vault.var, whole=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keeping, "new_reply", reply)  # making one takes a second
            return keep(opened, self.registered, ask or self.device.ask, self.clock, self.wish, dry)

    def suspend(self, asked: Suspension, dry: bool = False, ask: Any = None) -> Outcome:
        """`leeboard escrow suspend`, by a controller that was started anew."""
        opened = vault.open_vault(self.vault.var, whole=False)
        return suspend(opened, self.registered, ask or self.device.ask, self.clock, asked, dry)

    @property
    def kept(self) -> Records:
        return controller_state.records(self.vault.var, DEVICE.urn, DEVICE.asset)

    def states(self) -> list[State]:
        return [key.state for key in self.kept.keys]

    def secret(self, key: Key) -> str:
        """The key itself, as a custodian opens it."""
        owner, secret = custodian("head")
        return envelope.unseal(self.vault.envelope(key), owner.certificate, private(secret)).key.text

    def read_out(self, key: Key) -> None:
        with self.vault.writing(self.clock()) as writer:
            writer.note(ledger.OPENED, urn=key.urn, asset=key.asset, key=key.id, reason="a call")

    def lines(self) -> list[dict[str, Any]]:
        """The ledger, line by line."""
        content = (self.vault.places[0].path / ledger.FILE).read_text().splitlines()
        return [json.loads(line) for line in content]

    def check(self) -> None:
        """No volume is protected only by what escrow has not compared, and none suspended that no window is for."""
        opened = {line["disk"] for line in self.lines() if line["event"] == "suspended"}
        for drive in self.device.drives:
            excused = drive.letter in self.by_hand or any(disk in drive.name for disk in opened)
            assert drive.suspended is None or excused, drive.letter
        compared = {line["protector"] for line in self.lines() if line["event"] in ("compared", "adopted")}
        for drive in self.device.drives:
            begun = drive.conversion != CLEAR or drive.hardware_test == 2
            safe = bool(compared & set(drive.passwords()))
            if drive.name in self.before:
                safe |= self.before[drive.name] <= set(drive.passwords())
            assert safe or not begun, (drive.letter, drive.protectors)

    def whole(self) -> None:
        """Each volume's recovery passwords are in the vault as it has them, one of ours on each; none is half made."""
        self.check()
        for drive in self.device.drives:
            keys = [key for key in self.kept.keys if drive.name.lower().find(key.disk) > 0]
            ours = [key for key in keys if key.state in (State.COMPARED, State.USED)]
            assert {key.protector: self.secret(key) for key in ours} == drive.passwords(), drive.letter
            assert sum(not key.adopted for key in ours) == 1
            assert not any(key.state is State.PENDING for key in keys)


def clear() -> WindowsDevice:
    """A laptop in clear, with a data volume."""
    return WindowsDevice(Drive("C:", 0), Drive("D:", 1))


def encrypted() -> WindowsDevice:
    """A laptop that somebody encrypted before we came: its passwords nobody here knows."""
    drives = [Drive("C:", 0, ENCRYPTED), Drive("D:", 1, ENCRYPTED)]
    for drive in drives:
        drive.protect(2 if drive.kind else TPM)
        drive.protect(PASSWORD, secret=new_password().text)
    return WindowsDevice(*drives)


def looked_after(vault: Vault) -> WindowsController:
    """The controller of a laptop that a roll-out has looked after, and has encrypted since."""
    made = WindowsController(vault, clear())
    for _night in range(4):
        assert made.run().failed == []
        made.device.restart()
        made.device.night()
    return made
