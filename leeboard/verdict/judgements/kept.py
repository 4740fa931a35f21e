"""What the vault of recovery keys has of each LUKS disk: an ordinary list of what is wrong, with the grounds."""

from __future__ import annotations

from leeboard.verdict.judgements.answer import Answer, DoesNotApply, Facts, Judgement
from leeboard.verdict.judgements.volume import Part, Text


class KeptDisk(Part):
    """A disk with data, what is wrong with what is kept of it, and if nothing is, on what grounds."""

    name: Text
    faults: tuple[Text, ...]
    grounds: Text = ""


def faults(kept: tuple[KeptDisk, ...], _facts: Facts) -> Answer:
    """What is wrong with what is kept of all disks. Raises DoesNotApply where none is encrypted with LUKS."""
    if not kept:
        raise DoesNotApply("no volume with data is encrypted with LUKS")
    wrong = tuple(f"{one.name}: {fault}" for one in kept for fault in one.faults)
    grounds = "; ".join(f"{one.name}: {one.grounds}" for one in kept if one.grounds and not one.faults)
    return Answer(wrong, grounds)


JUDGEMENTS = {"kept_faults": Judgement("kept_disk", faults)}
