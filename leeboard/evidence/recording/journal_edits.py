"""What devices carry against what their school's journal says: edits by hand are noted before a run records anything.

What a run has at hand are its devices, each with the families and the waivers that hold for it, and the lists of
waivers that its hosts have. So one thing is compared everywhere, device by device. A waiver of which no device is
expected is left alone, and so is one whose last day has merely come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from leeboard.estate import journal
from leeboard.estate.journal import Anchor, EnforceLine, Journal, Line, WaiverLine
from leeboard.evidence.bundles.schema import Expected
from leeboard.model import accepted
from leeboard.model.device import Device
from leeboard.model.waiver import Waiver
from leeboard.verdict.waivers import torn


def note(
    var: Path, urn: str, devices: Iterable[Expected], listed: Iterable[Waiver], run: str, at: datetime
) -> Anchor | None:
    """Note what somebody edited by hand at a school since the journal's last line, and return all of it as an anchor.

    `listed` are the waivers in the lists of the devices' hosts, whole. None, and no file, where there is nothing to
    note and there never was. Raises LeeboardError where the journal cannot be read or written.
    """
    sound = [device for device in devices if not device.problem]  # the others are not visited
    lists = tuple(listed)

    def lines(kept: Journal) -> Iterator[Line]:
        return _edits(kept, sound, lists, run, at)

    if not journal.path_of(var, urn).exists() and next(lines(Journal()), None) is None:
        return None
    return journal.add(var, urn, lines).anchor


def families_off(kept: Journal, device: Device, lines: int | None = None) -> list[str]:
    """The families that may be changed on a device and are off by the first `lines` of the journal."""
    return [family for family in device.enforce if not kept.is_on(family, lines)]


def waivers_unlike(kept: Journal, device: Device, lines: int | None = None) -> list[str]:
    """The ids of the waivers that a device carries, and that say something else by the first `lines` of the journal.

    Ids that are in the journal for this device, and that it does not carry, are not among them.
    """
    return [
        waiver.id for waiver in device.waivers if not _same(waiver, _narrowed(kept.waiver(waiver.id, lines), device))
    ]


def _edits(
    kept: Journal, devices: Sequence[Expected], listed: Sequence[Waiver], run: str, at: datetime
) -> Iterator[Line]:
    """A line for each family and each waiver that is otherwise at these devices than the journal says."""
    if not devices:
        return
    on = {family for device in devices for family in device.enforce}
    for family in sorted(on.symmetric_difference(kept.families)):
        yield EnforceLine(at=at, kind="enforce", family=family, on=family in on, by="", how="by hand", run=run)
    differ: dict[str, None] = {}
    current = kept.waivers
    for device in devices:
        differ |= dict.fromkeys(waivers_unlike(kept, device))
        carried = {waiver.id for waiver in device.waivers}
        differ |= {one.id: None for one in current if one.id not in carried and _narrowed(one, device)}
    apart = {
        id for ids in torn(devices).values() for id in ids
    }  # none of them counts, and which was meant nobody knows
    for id in differ:
        waiver = _whole(id, devices, listed)
        if id not in apart and not _same(waiver, kept.waiver(id)):
            yield WaiverLine(at=at, kind="waivers", id=id, how="by hand", by="", waiver=waiver, run=run)


def _narrowed(waiver: Waiver | None, device: Device) -> Waiver | None:
    """A waiver as this device carries it; None where it is not meant for it."""
    if waiver is None or not waiver.covers(device.asset, device.role):
        return None
    return waiver.narrowed(device.asset)


def _same(one: Waiver | None, other: Waiver | None) -> bool:
    """True for equal waivers; to Python a value 1 and a value yes are equal as well."""
    return one == other and (one is None or other is None or repr(one.settings) == repr(other.settings))


def _whole(id: str, devices: Sequence[Device], listed: Sequence[Waiver]) -> Waiver | None:
    """A waiver with all devices that are known of it: those of the lists, and those that carry it."""
    carried = [waiver for device in devices for waiver in device.waivers if waiver.id == id]
    every = [*(waiver for waiver in listed if waiver.id == id), *carried]
    if not every:
        return None
    meaning = (carried or every)[0].meaning
    same = [waiver for waiver in every if waiver.meaning == meaning]
    named = dict.fromkeys(asset for waiver in same for asset in waiver.devices)
    update = {"devices": tuple(named), "settings": accepted.united(waiver.settings for waiver in same)}
    return same[0].model_copy(update=update)
