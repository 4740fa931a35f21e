"""What is cut off: each kind of work on the keys of a disk, what comes before it, and what must be true in the end.

A new kind of work is a class here, or in a file of its own where it has another machine; its steps and points are found
by watching it go through (points.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leeboard.escrow.disks import restoring
from leeboard.escrow.disks.adoption import adopt
from leeboard.escrow.disks.disk import Credentials, Outcome
from leeboard.escrow.vault import vault
from leeboard.escrow.vault.binding import faults, strangers
from leeboard.escrow.vault.checking import check
from leeboard.escrow.vault.records import State
from leeboard.escrow.vault.rekeying import hand_over, opener, reseal
from leeboard.model.enums import Level
from tests.unit.escrow.controller import DEVICE, Controller, used
from tests.unit.escrow.vaults import AT, a_vault, custodian, private
from tests.unit.linux.disks import CHEAP, PASSPHRASE

from .formatting import Formatting
from .records import IMAGE
from .tpm import Enrolling
from .watched import WatchedDisk
from .work import Work, must

WEAK = Credentials(passphrase="the school's own passphrase")
SENSITIVE = DEVICE.model_copy(update={"level": Level.SENSITIVE})
WRECKED = 64 * 1024  # bytes at the beginning of a disk that somebody wrote over: both headers


class WatchedController(Controller):
    """A controller with a vault, and a machine whose disk is watched."""

    disk: WatchedDisk


class Scenario(Work[WatchedController]):
    """Work on a disk that opens by a passphrase."""

    @contextmanager
    def begun(self, folder: Path, make: Callable[[Path], WatchedDisk]) -> Iterator[WatchedController]:
        """The disk is full of data."""
        with a_vault(folder) as made:
            disk = make(folder)
            disk.fill()
            yield WatchedController(made, disk)

    def work(self, controller: WatchedController) -> Outcome:
        return controller.run()

    def finish(self, controller: WatchedController) -> None:
        """The next run after whatever happened; raises Trouble where that does not finish the work."""
        outcome = self.work(controller)
        must(not outcome.failed and not outcome.waiting, f"the next run: {outcome.summary}")
        self.rest(controller)

    def rest(self, controller: WatchedController, others: int = 1) -> None:
        """There is one proved key, which opens its slot; nothing of an older one or of a half-made one is left.

        `others` slots are not ours.
        """
        again = self.work(controller)
        must(not again.changed and not again.failed, f"the run after the next: {again.summary}")
        states = [one.state for one in controller.kept.keys]
        must(states.count(State.PROVED) == 1, f"keys are {', '.join(states)}")
        must(not {State.PENDING, State.USED}.intersection(states), f"keys are {', '.join(states)}")
        slot = str(controller.current.binding["slot"])
        must(
            controller.disk.opens(controller.secret(controller.current), "--key-slot", slot),
            "the proved key does not open its slot",
        )
        must(controller.disk.opens(PASSPHRASE), "the passphrase opens no longer")
        must(
            [one.key for one in controller.now.ours] == [controller.current.id],
            "there are tokens of other keys of ours",
        )
        must(len(controller.disk.slots()) == 1 + others, f"the disk has the slots {controller.disk.slots()}")
        must(len(controller.kept.headers) == 1, f"{len(controller.kept.headers)} copies of the header are kept")
        must(
            faults(controller.current, controller.now) == strangers(controller.current, controller.now) == [],
            "the key is not bound to it",
        )


class FirstKey(Scenario):
    """A disk gets its first key."""

    name = "first key"


class Rotation(Scenario):
    """A key that was read out is changed."""

    name = "rotation"

    def prepare(self, controller: WatchedController) -> None:
        controller.run()
        used(controller)


class Strengthening(Scenario):
    """The slot of the school's passphrase gets Argon2."""

    name = "Argon2 for a passphrase"

    def prepare(self, controller: WatchedController) -> None:
        said = f"{PASSPHRASE}\n{WEAK.passphrase}"
        controller.disk.cryptsetup("luksAddKey", "-q", *CHEAP["pbkdf2"], input=said)
        controller.run(WEAK)

    def work(self, controller: WatchedController) -> Outcome:
        return controller.run(WEAK, device=SENSITIVE)

    def finish(self, controller: WatchedController) -> None:
        must(controller.disk.opens(WEAK.passphrase), "the school's passphrase opens no longer")
        outcome = self.work(controller)
        must(not outcome.failed and not outcome.waiting, f"the next run: {outcome.summary}")
        said = controller.disk.header()["keyslots"]
        mine = [one for one in said if controller.disk.opens(WEAK.passphrase, "--key-slot", one)]
        must(len(mine) == 1, f"the passphrase opens the slots {mine}")
        must(said[mine[0]]["kdf"]["type"] == "argon2id", "its slot has no Argon2")
        self.rest(controller, others=2)


class Adoption(Scenario):
    """A passphrase that somebody knows comes into the vault."""

    name = "adopting a known key"

    def work(self, controller: WatchedController) -> Outcome:
        return adopt(vault.open_vault(controller.vault.var), DEVICE, controller.disk.ask, controller.clock, PASSPHRASE)

    def finish(self, controller: WatchedController) -> None:
        outcome = self.work(controller)
        must(not outcome.failed, f"the next run: {outcome.summary}")
        must(not self.work(controller).changed, "the run after the next changes something")
        must(
            [(one.state, one.adopted) for one in controller.kept.keys] == [(State.PROVED, True)], "it is not kept once"
        )
        must(
            controller.secret(controller.current) == PASSPHRASE and controller.disk.slots() == [0],
            "what is kept is something else",
        )
        must(not controller.run().failed and controller.disk.opens(PASSPHRASE), "a roll-out does not go on from there")


class Restoring(Scenario):
    """A header that somebody wrote over is brought back."""

    name = "header restore"
    header_is_there = False

    def prepare(self, controller: WatchedController) -> None:
        controller.run()
        controller.disk.wreck(WRECKED)

    def work(self, controller: WatchedController) -> Outcome:
        opened = vault.open_vault(controller.vault.var)
        secret = opener(opened, private(custodian("head")[1]))
        return restoring.restore(opened, DEVICE, controller.disk.ask, controller.clock, secret)

    def finish(self, controller: WatchedController) -> None:
        self.work(controller)
        outcome = controller.run()
        must(not outcome.failed and not outcome.waiting, f"the roll-out after it: {outcome.summary}")
        FirstKey().rest(controller)


class Custodians(Scenario):
    """Another custodian joins: every envelope is sealed anew."""

    name = "other custodians"
    where = (IMAGE,)  # the device takes no part

    def prepare(self, controller: WatchedController) -> None:
        controller.run()

    def work(self, controller: WatchedController) -> Outcome:
        opened = vault.open_vault(controller.vault.var)
        if len(opened.custodians) == 1:
            opened = hand_over(opened, [custodian(name)[0] for name in ("head", "siro")], AT)
        done, failed = reseal(opened, opener(opened, private(custodian("head")[1])), lambda: AT)
        return Outcome(changed=bool(done), failed=failed)

    def finish(self, controller: WatchedController) -> None:
        must(not self.work(controller).failed, "the next run does not seal everything anew")
        must(not self.work(controller).changed, "the run after the next seals something anew")
        opened = vault.open_vault(controller.vault.var)
        must(check(opened, AT).problems == (), f"the vault is not whole: {check(opened, AT).problems}")
        kept = opened.records()[DEVICE.urn, DEVICE.asset]
        for name in ("head", "siro"):
            secret = opener(opened, private(custodian(name)[1]))
            for key in kept.keys:
                must(controller.disk.opens(secret.key(opened, key).key.text), f"{name} has no key that opens the disk")
            for header in kept.headers:
                secret.header(opened, header)
        controller.vault = opened
        must(not controller.run().failed, "a roll-out does not go on from there")


SCENARIOS: tuple[Work[Any], ...] = (
    FirstKey(), Rotation(), Strengthening(), Adoption(), Restoring(), Custodians(), Enrolling(), Formatting(),
)  # fmt: skip
