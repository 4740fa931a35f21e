"""What the vault of recovery keys has of each LUKS disk: what is wrong, with the grounds, and how old the key is."""

from __future__ import annotations

from leeboard.verdict.codes import Code
from leeboard.verdict.judgements.answer import Answer, CannotBeTold, DoesNotApply, Facts, Judgement, MakesNoSense
from leeboard.verdict.judgements.volume import Part, Text

NO_DISK = "no volume with data is encrypted with LUKS"


class KeptDisk(Part):
    """A disk with data, what is wrong with what is kept of it, and if nothing is, on what grounds."""

    name: Text
    faults: tuple[Text, ...]
    grounds: Text = ""


class KeptKey(Part):
    """The key of a disk with data: when it was made, and how many days ago; -1 where that is still to come.

    Without an id there is none.
    """

    name: Text
    id: Text = ""
    made: Text = ""
    days: int = 0


def faults(kept: tuple[KeptDisk, ...], _facts: Facts) -> Answer:
    """What is wrong with what is kept of all disks. Raises DoesNotApply where none is encrypted with LUKS."""
    if not kept:
        raise DoesNotApply(NO_DISK)
    wrong = tuple(f"{one.name}: {fault}" for one in kept for fault in one.faults)
    grounds = "; ".join(f"{one.name}: {one.grounds}" for one in kept if one.grounds and not one.faults)
    return Answer(wrong, grounds, (Code.NOT_KEPT,) if wrong else ())


def oldest(kept: tuple[KeptKey, ...], _facts: Facts) -> Answer:
    """How many days old the oldest key of a disk is.

    Raises DoesNotApply where no disk is encrypted with LUKS, CannotBeTold where one has no key, and MakesNoSense where
    one is still to be made: a clock was put back, and whatever it says of an age is no age.
    """
    if not kept:
        raise DoesNotApply(NO_DISK)
    for one in kept:
        if not one.id:
            raise CannotBeTold(f"{one.name}: no key that opens it is kept")
        if one.days < 0:
            raise MakesNoSense(
                f"{one.name}: key {one.id} was made at {one.made}, and by this controller's clock that is still to "
                "come; put the clock right. Was it wrong then, open the key (leeboard escrow open): that has it changed"
            )
    grounds = "; ".join(f"{one.name}: key {one.id} was made at {one.made}" for one in kept)
    return Answer(max(one.days for one in kept), grounds)


JUDGEMENTS: dict[str, Judgement] = {"kept_faults": faults, "oldest_kept_key": oldest}
