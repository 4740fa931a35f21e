"""What the vault of recovery keys has of encrypted disks: what is wrong, how old a key is, who suspended protection."""

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


class KeptSuspension(Wire):
    """Whether the protection of a volume is suspended, for how many restarts, and the window that was opened for that.

    `left` is 0 where it lasts until somebody resumes it, None where it is not suspended. Without `until` no window is
    open: `last` then says what became of the last one.
    """

    name: Text
    left: int | None = None
    opened: Text = ""
    until: Text = ""
    restarts: int = 0
    reason: Text = ""
    last: Text = ""


def is_between(begins: str, ends: str, at: datetime) -> bool:
    """Whether a moment lies in a time. Raises ValueError or TypeError where that is none."""
    return datetime.fromisoformat(begins) - SLACK <= at <= datetime.fromisoformat(ends)


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


def suspended(volumes: tuple[KeptSuspension, ...], facts: Facts) -> Answer:
    """Volumes whose protection is suspended and should not be: no window is open for it, or it outlasts the window.

    Raises DoesNotApply where no volume is encrypted, and MakesNoSense for a window that is no time.
    """
    if not volumes:
        raise DoesNotApply(NO_DISK)
    found = [(volume, in_window(volume, facts.at)) for volume in volumes]
    wrong = tuple(f"{volume.name}: {fault}" for volume, (fault, _) in found if fault)
    grounds = "; ".join(f"{volume.name}: {said}" for volume, (fault, said) in found if said and not fault)
    return Answer(wrong, grounds, (Code.SUSPENDED,) if wrong else ())


def in_window(volume: KeptSuspension, at: datetime) -> tuple[str, str]:
    """What is wrong with a suspension; else how it is. Raises MakesNoSense for a window that is no time."""
    try:
        is_open = bool(volume.until) and is_between(volume.opened, volume.until, at)
        is_to_come = bool(volume.until) and at < datetime.fromisoformat(volume.opened)
    except (ValueError, TypeError):
        raise MakesNoSense(f"{volume.name}: {volume.until} is no moment at which a window ends") from None
    window = f"the window of {volume.opened} ({volume.reason})"
    if volume.left is None:
        return "", f"its protection is on again, after {window}" if is_open else "its protection is on"
    now = f"its protection is suspended, {_how_long(volume.left)}, and"
    if not volume.until:
        return f"{now} no window is open for that{volume.last}", ""
    if not is_open:
        clock = f"by this controller's clock {window} is still to come: put the clock right"
        return f"{now} {clock}" if is_to_come else f"{now} {window} ended at {volume.until}", ""
    if not 0 < volume.left <= volume.restarts:
        said = "1 restart" if volume.restarts == 1 else f"{volume.restarts} restarts"
        return f"{now} {window} is for {said}", ""
    return "", f"suspended until {volume.until} at the latest, {_how_long(volume.left)}: {volume.reason}"


def _how_long(left: int) -> str:
    if not left:
        return "until somebody resumes it"
    return "for 1 more restart" if left == 1 else f"for {left} more restarts"


JUDGEMENTS: dict[str, Judgement] = {
    "kept_faults": faults,
    "oldest_kept_key": oldest,
    "suspended_without_window": suspended,
}
