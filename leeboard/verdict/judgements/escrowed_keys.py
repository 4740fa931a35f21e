"""What the vault of recovery keys has of encrypted disks: what is wrong, with the grounds, and how old the key is."""

from __future__ import annotations

from datetime import datetime, timedelta

from leeboard.model.strict import Wire
from leeboard.verdict.codes import Code
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, DoesNotApply, Facts, Judgement, MakesNoSense
from leeboard.verdict.judgements.volume import Text

NO_DISK = "no volume with data is encrypted"
SLACK = timedelta(hours=1)  # by which a clock may be put back and nobody minds


class KeptDisk(Wire):
    """A disk with data, what is wrong with what is kept of it, and if nothing is, on what grounds."""

    name: Text
    faults: tuple[Text, ...]
    grounds: Text = ""


class KeptKey(Wire):
    """The key of a disk with data, and when it was made. Without an id there is none.

    `days`: how old it was that night, in answers that were filed before the brain counted.
    """

    name: Text
    id: Text = ""
    made: Text = ""
    days: int | None = None

    def age(self, at: datetime) -> int:
        """How many whole days old it is at a moment; -1 where by that clock it is still to be made."""
        if self.days is not None:
            return self.days
        try:
            return days_old(self.made, at)
        except (ValueError, TypeError):
            raise MakesNoSense(f"{self.name}: {self.made} is no moment at which a key is made") from None


def days_old(made: str, at: datetime) -> int:
    """How many whole days ago a key was made; -1 where that is still to come.

    Raises ValueError or TypeError where `made` is no moment with its offset from UTC.
    """
    old = at - datetime.fromisoformat(made)
    return max(old.days, 0) if old >= -SLACK else -1


def faults(disks: tuple[KeptDisk, ...], _facts: Facts) -> Answer:
    """What is wrong with what is kept of all disks. Raises DoesNotApply where none is encrypted."""
    if not disks:
        raise DoesNotApply(NO_DISK)
    wrong = tuple(f"{disk.name}: {fault}" for disk in disks for fault in disk.faults)
    grounds = "; ".join(f"{disk.name}: {disk.grounds}" for disk in disks if disk.grounds and not disk.faults)
    return Answer(wrong, grounds, (Code.NOT_KEPT,) if wrong else ())


def oldest(keys: tuple[KeptKey, ...], facts: Facts) -> Answer:
    """How many days old the oldest key of a disk is.

    Raises DoesNotApply where no disk is encrypted, CannotBeTold where one has no key, and MakesNoSense where
    one is still to be made: a clock was put back, and whatever it says of an age is no age.
    """
    if not keys:
        raise DoesNotApply(NO_DISK)
    for key in keys:
        if not key.id:
            raise CannotBeTold(f"{key.name}: no key that opens it is kept")
        if key.age(facts.at) < 0:
            raise MakesNoSense(
                f"{key.name}: key {key.id} was made at {key.made}, and by this controller's clock that is still to "
                "come; put the clock right. Was it wrong then, open the key (leeboard escrow open): that has it changed"
            )
    grounds = "; ".join(f"{key.name}: key {key.id} was made at {key.made}" for key in keys)
    return Answer(max(key.age(facts.at) for key in keys), grounds)


JUDGEMENTS: dict[str, Judgement] = {"kept_faults": faults, "oldest_kept_key": oldest}
