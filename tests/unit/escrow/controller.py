"""A controller with a vault of one custodian, the head, and a machine with one LUKS disk in a file."""

from __future__ import annotations

from datetime import datetime, timedelta

from leeboard.escrow.disks.disk import Credentials, Outcome
from leeboard.escrow.disks.enrolment import enrol
from leeboard.escrow.keys import envelope
from leeboard.escrow.vault import controller_state, ledger, vault
from leeboard.escrow.vault.binding import Binding, parse
from leeboard.escrow.vault.records import Key, Records, State
from leeboard.escrow.vault.vault import Vault
from leeboard.model.device import Device
from leeboard.model.enums import Form, Level, Platform, Role
from tests.unit.escrow.vaults import AT, custodian, private
from tests.unit.linux.disks import PASSPHRASE
from tests.unit.linux.luks_machine import Disk

GIVEN = Credentials(passphrase=PASSPHRASE)
DEVICE = Device(
    name="office-1", asset="EP-0001", urn="900001", school="Hill School", platform=Platform.LINUX, form=Form.DESKTOP,
    role=Role.OFFICE, level=Level.STANDARD,
)  # fmt: skip


class Controller:
    """A controller with a vault, and a machine with one disk."""

    def __init__(self, vault: Vault, disk: Disk) -> None:
        self.vault = vault
        self.disk = disk
        self.at = AT

    def clock(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def run(
        self, given: Credentials = GIVEN, dry: bool = False, device: Device = DEVICE, lasts: int | None = None
    ) -> Outcome:
        """A roll-out by a controller that was started anew."""
        opened = vault.open_vault(self.vault.var, whole=False)
        return enrol(opened, device, self.disk.ask, self.clock, given, dry, lasts)

    @property
    def kept(self) -> Records:
        return controller_state.records(self.vault.var, DEVICE.urn, DEVICE.asset)

    @property
    def now(self) -> Binding:
        (volume,) = parse(self.disk.ask("survey")["volumes"])
        assert volume.binding is not None, volume
        return volume.binding

    @property
    def current(self) -> Key:
        return next(one for one in reversed(self.kept.keys) if one.state is State.PROVED)

    def secret(self, key: Key) -> str:
        """The key itself, as a custodian opens it."""
        owner, secret = custodian("head")
        return envelope.unseal(self.vault.envelope(key), owner.certificate, private(secret)).key.text


def used(controller: Controller) -> None:
    """Somebody reads the key out."""
    old = controller.current
    with controller.vault.writing(AT) as writer:
        writer.note(ledger.OPENED, urn=old.urn, asset=old.asset, key=old.id, reason="a call")
