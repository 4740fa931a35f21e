"""What the vault of recovery keys has of each LUKS disk: what is wrong, with the grounds, and how old the key is."""

from __future__ import annotations

from leeboard.model.strict import Wire
from leeboard.verdict.codes import Code
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, DoesNotApply, Facts, Judgement, MakesNoSense
from leeboard.verdict.judgements.volume import Text

NO_DISK = "no volume with data is encrypted with LUKS"


class KeptDisk(Wire):
    """A disk with data, what is wrong with what is kept of it, and if nothing is, on what grounds."""

    name: Text
    faults: tuple[Text, ...]
    grounds: Text = ""


class KeptKey(Wire):
    """The key of a disk with data: when it was made, and how many days ago; -1 where that is still to come.

    Without an id there is none.
    """

    name: Text
    id: Text = ""
    made: Text = ""
    days: int = 0


def faults(disks: tuple[KeptDisk, ...], _facts: Facts) -> Answer:
    """What is wrong with what is kept of all disks. Raises DoesNotApply where none is encrypted with LUKS."""
    if not disks:
        raise DoesNotApply(NO_DISK)
    wrong = tuple(f"{disk.name}: {fault}" for disk in disks for fault in disk.faults)
    grounds = "; ".join(f"{disk.name}: {disk.grounds}" for disk in disks if disk.grounds and not disk.faults)
    return Answer(wrong, grounds, (Code.NOT_KEPT,) if wrong else ())


def oldest(keys: tuple[KeptKey, ...], _facts: Facts) -> Answer:
    """How many days old the oldest key of a disk is.

    Raises DoesNotApply where no disk is encrypted with LUKS, CannotBeTold where one has no key, and MakesNoSense where
    one is still to be made: a clock was put back, and whatever it says of an age is no age.
    """
    if not keys:
        raise DoesNotApply(NO_DISK)
    for key in keys:
        if not key.id:
            raise CannotBeTold(f"{key.name}: no key that opens it is kept")
        if key.days < 0:
            raise MakesNoSense(
                f"{key.name}: key {key.id} was made at {key.made}, and by this controller's clock that is still to "
                "come; put the clock right. Was it wrong then, open the key (leeboard escrow open): that has it changed"
            )
    grounds = "; ".join(f"{key.name}: key {key.id} was made at {key.made}" for key in keys)
    return Answer(max(key.days for key in keys), grounds)


JUDGEMENTS: dict[str, Judgement] = {"kept_faults": faults, "oldest_kept_key": oldest}
