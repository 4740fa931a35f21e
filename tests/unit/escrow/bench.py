"""A controller with a vault, and a machine with an empty disk that its inventory names."""

from __future__ import annotations

from leeboard.escrow.disks.disk import Outcome
from leeboard.escrow.disks.empty_disks import FORMATS, EmptyDisk
from leeboard.escrow.disks.formatting import format_disks
from leeboard.escrow.vault import vault
from leeboard.escrow.vault.records import Key, State
from tests.unit.linux.spare_disk import MOUNT, NAME, Spare

from .controller import DEVICE, Controller

NAMED = EmptyDisk(disk=NAME, mount=MOUNT, label="data")


class Bench(Controller):
    """A controller with a vault, and a machine with a spare disk."""

    def __init__(self, made: vault.Vault, machine: Spare) -> None:
        super().__init__(made, machine)  # type: ignore[arg-type]
        self.machine = machine

    @property
    def current(self) -> Key:
        """The newest proved key of the spare disk; the system's has one of its own."""
        return next(one for one in reversed(self.kept.keys) if one.state is State.PROVED and FORMATS in one.binding)

    def roll_out(self) -> list[Outcome]:
        """What a roll-out does with keys and then with disks."""
        return [self.run(), self.format()]

    def format(self, dry: bool = False, named: tuple[EmptyDisk, ...] = (NAMED,)) -> Outcome:
        """The disks' part of a roll-out, by a controller that was started anew."""
        opened = vault.open_vault(self.vault.var, whole=False)
        machine = self.machine
        return format_disks(opened, DEVICE, machine.ask, machine.work, self.clock, named, "run", dry)


def whole(bench: Bench) -> None:
    """The disk is encrypted and mounted, its kept key opens it, and the next start mounts it again."""
    machine, key = bench.machine, bench.current
    assert machine.mounts == {MOUNT: f"/dev/mapper/luks-{key.disk}"}
    assert machine.opens(bench.secret(key))
    machine.restart()
    assert machine.mounts == {MOUNT: f"/dev/mapper/luks-{key.disk}"}
    states = [one.state for one in bench.kept.keys if one.disk == key.disk]
    assert states.count(State.PROVED) == 1 and set(states) <= {State.PROVED, State.DROPPED, State.RETIRED}
    (copy,) = [one for one in bench.kept.headers if one.disk == key.disk]
    assert copy.binding == key.binding["disk"]
    assert not list(machine.file("/var/lib/leeboard/format").iterdir())
    tables = machine.file("/etc/crypttab").read_text() + machine.file("/etc/fstab").read_text()
    assert tables.count(f"luks-{key.disk} ") == 2, tables
