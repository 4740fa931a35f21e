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
from tests.unit.escrow.desk import DEVICE, Desk, used
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


class WatchedDesk(Desk):
    """A controller with a vault, and a machine whose disk is watched."""

    disk: WatchedDisk


class Scenario(Work[WatchedDesk]):
    """Work on a disk that opens by a passphrase."""

    @contextmanager
    def begun(self, folder: Path, make: Callable[[Path], WatchedDisk]) -> Iterator[WatchedDesk]:
        """The disk is full of data."""
        with a_vault(folder) as made:
            disk = make(folder)
            disk.fill()
            yield WatchedDesk(made, disk)

    def work(self, desk: WatchedDesk) -> Outcome:
        return desk.run()

    def finish(self, desk: WatchedDesk) -> None:
        """The next run after whatever happened; raises Trouble where that does not finish the work."""
        outcome = self.work(desk)
        must(not outcome.failed and not outcome.waiting, f"the next run: {outcome.summary}")
        self.rest(desk)

    def rest(self, desk: WatchedDesk, others: int = 1) -> None:
        """There is one proved key, which opens its slot; nothing of an older one or of a half-made one is left.

        `others` slots are not ours.
        """
        again = self.work(desk)
        must(not again.changed and not again.failed, f"the run after the next: {again.summary}")
        states = [one.state for one in desk.kept.keys]
        must(states.count(State.PROVED) == 1, f"keys are {', '.join(states)}")
        must(not {State.PENDING, State.USED}.intersection(states), f"keys are {', '.join(states)}")
        slot = str(desk.current.binding["slot"])
        must(desk.disk.opens(desk.secret(desk.current), "--key-slot", slot), "the proved key does not open its slot")
        must(desk.disk.opens(PASSPHRASE), "the passphrase opens no longer")
        must([one.key for one in desk.now.ours] == [desk.current.id], "there are tokens of other keys of ours")
        must(len(desk.disk.slots()) == 1 + others, f"the disk has the slots {desk.disk.slots()}")
        must(len(desk.kept.headers) == 1, f"{len(desk.kept.headers)} copies of the header are kept")
        must(faults(desk.current, desk.now) == strangers(desk.current, desk.now) == [], "the key is not bound to it")


class FirstKey(Scenario):
    """A disk gets its first key."""

    name = "first key"


class Rotation(Scenario):
    """A key that was read out is changed."""

    name = "rotation"

    def prepare(self, desk: WatchedDesk) -> None:
        desk.run()
        used(desk)


class Strengthening(Scenario):
    """The slot of the school's passphrase gets Argon2."""

    name = "Argon2 for a passphrase"

    def prepare(self, desk: WatchedDesk) -> None:
        said = f"{PASSPHRASE}\n{WEAK.passphrase}"
        desk.disk.cryptsetup("luksAddKey", "-q", *CHEAP["pbkdf2"], input=said)
        desk.run(WEAK)

    def work(self, desk: WatchedDesk) -> Outcome:
        return desk.run(WEAK, device=SENSITIVE)

    def finish(self, desk: WatchedDesk) -> None:
        must(desk.disk.opens(WEAK.passphrase), "the school's passphrase opens no longer")
        outcome = self.work(desk)
        must(not outcome.failed and not outcome.waiting, f"the next run: {outcome.summary}")
        said = desk.disk.header()["keyslots"]
        mine = [one for one in said if desk.disk.opens(WEAK.passphrase, "--key-slot", one)]
        must(len(mine) == 1, f"the passphrase opens the slots {mine}")
        must(said[mine[0]]["kdf"]["type"] == "argon2id", "its slot has no Argon2")
        self.rest(desk, others=2)


class Adoption(Scenario):
    """A passphrase that somebody knows comes into the vault."""

    name = "adopting a known key"

    def work(self, desk: WatchedDesk) -> Outcome:
        return adopt(vault.open_vault(desk.vault.var), DEVICE, desk.disk.ask, desk.clock, PASSPHRASE)

    def finish(self, desk: WatchedDesk) -> None:
        outcome = self.work(desk)
        must(not outcome.failed, f"the next run: {outcome.summary}")
        must(not self.work(desk).changed, "the run after the next changes something")
        must([(one.state, one.adopted) for one in desk.kept.keys] == [(State.PROVED, True)], "it is not kept once")
        must(desk.secret(desk.current) == PASSPHRASE and desk.disk.slots() == [0], "what is kept is something else")
        must(not desk.run().failed and desk.disk.opens(PASSPHRASE), "a roll-out does not go on from there")


class Restoring(Scenario):
    """A header that somebody wrote over is brought back."""

    name = "header restore"
    header_is_there = False

    def prepare(self, desk: WatchedDesk) -> None:
        desk.run()
        desk.disk.wreck(WRECKED)

    def work(self, desk: WatchedDesk) -> Outcome:
        opened = vault.open_vault(desk.vault.var)
        secret = opener(opened, private(custodian("head")[1]))
        return restoring.restore(opened, DEVICE, desk.disk.ask, desk.clock, secret)

    def finish(self, desk: WatchedDesk) -> None:
        self.work(desk)
        outcome = desk.run()
        must(not outcome.failed and not outcome.waiting, f"the roll-out after it: {outcome.summary}")
        FirstKey().rest(desk)


class Custodians(Scenario):
    """Another custodian joins: every envelope is sealed anew."""

    name = "other custodians"
    where = (IMAGE,)  # the device takes no part

    def prepare(self, desk: WatchedDesk) -> None:
        desk.run()

    def work(self, desk: WatchedDesk) -> Outcome:
        opened = vault.open_vault(desk.vault.var)
        if len(opened.custodians) == 1:
            opened = hand_over(opened, [custodian(name)[0] for name in ("head", "siro")], AT)
        done, failed = reseal(opened, opener(opened, private(custodian("head")[1])), lambda: AT)
        return Outcome(changed=bool(done), failed=failed)

    def finish(self, desk: WatchedDesk) -> None:
        must(not self.work(desk).failed, "the next run does not seal everything anew")
        must(not self.work(desk).changed, "the run after the next seals something anew")
        opened = vault.open_vault(desk.vault.var)
        must(check(opened, AT).problems == (), f"the vault is not whole: {check(opened, AT).problems}")
        kept = opened.records()[DEVICE.urn, DEVICE.asset]
        for name in ("head", "siro"):
            secret = opener(opened, private(custodian(name)[1]))
            for key in kept.keys:
                must(desk.disk.opens(secret.key(opened, key).key.text), f"{name} has no key that opens the disk")
            for header in kept.headers:
                secret.header(opened, header)
        desk.vault = opened
        must(not desk.run().failed, "a roll-out does not go on from there")


SCENARIOS: tuple[Work[Any], ...] = (
    FirstKey(), Rotation(), Strengthening(), Adoption(), Restoring(), Custodians(), Enrolling(), Formatting(),
)  # fmt: skip
