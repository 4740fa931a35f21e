"""A device's history under earlier names: its school under another URN, itself under another tag. Pure.

Evidence is filed under URN and asset tag and never rewritten, so a school that reopens under a new URN, or a device
with a new tag, begins without any. What the store has of the same device under its old name goes on here, when it is
asked. The same device is one with the same serial in the register; under an earlier URN of its school also one with the
same tag, unless the serials say otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from leeboard.evidence.store.store import StoredDevice
from leeboard.model.device import Device
from leeboard.model.finding import Finding
from leeboard.model.identity import usable_serial
from leeboard.verdict.cause import alike

Key = tuple[str, str]  # URN and asset tag


def with_history(
    stored: Mapping[Key, StoredDevice],
    devices: Sequence[Device],
    before: Mapping[str, Sequence[str]],
    begun: Callable[[], Mapping[Key, datetime]],
) -> dict[Key, StoredDevice]:
    """What is known of each of these devices, with what was known under earlier names.

    `before` has by URN the earlier URNs of a school. `begun` gives when each device was first observed under a name; it
    is only asked when that matters.
    """
    current = {(device.urn, device.asset) for device in devices}
    earlier = {key: found for key, found in stored.items() if key not in current and found.seen is not None}
    serials: dict[tuple[str, str], StoredDevice] = {}
    for (urn, _), found in earlier.items():
        serial = _serial(found.device)
        known = serials.get((urn, serial)) if serial else None
        if serial and (known is None or known.run < found.run):
            serials[urn, serial] = found
    result = dict(stored)
    beginnings: Mapping[Key, datetime] | None = None
    for device in devices:
        key = (device.urn, device.asset)
        old = _old(device, before.get(device.urn, ()), earlier, serials)
        if old is not None:
            beginnings = begun() if beginnings is None else beginnings
            result[key] = _joined(result.get(key), old, device, beginnings.get(key))
    return result


def _old(
    device: Device, urns: Sequence[str], earlier: Mapping[Key, StoredDevice], serials: Mapping[Key, StoredDevice]
) -> StoredDevice | None:
    """The device as it was last known under another name; of several the one that was seen last."""
    serial = _serial(device)
    found = []
    for urn in (device.urn, *urns):
        by_serial = serials.get((urn, serial)) if serial else None
        by_tag = earlier.get((urn, device.asset)) if urn != device.urn else None
        if by_serial is not None:
            found.append(by_serial)
        elif by_tag is not None and not (serial and _serial(by_tag.device)):
            found.append(by_tag)
    return max(found, key=lambda one: one.run, default=None)


def _joined(own: StoredDevice | None, old: StoredDevice, device: Device, begun: datetime | None) -> StoredDevice:
    if own is None:
        return replace(old, device=device, problem="", message="", changes=())
    if own.seen is None:
        return replace(own, seen=old.seen, findings=old.findings, since=old.since, observed_run=old.observed_run)
    # A verdict that stands since the first sighting under the new name has stood for longer if it was the same before.
    before = {one.control: one for one in old.findings}
    on = {
        one.control: old.since[one.control]
        for one in own.findings
        if own.since.get(one.control) == begun and _same(one, before.get(one.control)) and one.control in old.since
    }
    return replace(own, since={**own.since, **on})


def _same(one: Finding, other: Finding | None) -> bool:
    """The same verdict and mode, and as far as both have one, the same cause."""
    if other is None or (one.verdict, one.mode) != (other.verdict, other.mode):
        return False
    return alike(one.cause, other.cause)


def _serial(device: Device) -> str | None:
    return usable_serial(device.serial) if device.serial else None
