"""Whether recovery passwords that are kept were still in their volumes at the last check: ids and types of protectors.

`leeboard escrow verify` asks it of the ledger and of what the store has of each device; no envelope is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.vault.records import Key, State
from leeboard.escrow.volumes.readings import SHOWN, volumes_of
from leeboard.escrow.volumes.volume import guid_of
from leeboard.model.observation import Found, Nothing, Reading
from leeboard.model.run_id import stamp
from leeboard.model.values import plain
from leeboard.verdict.judgements.bitlocker import (
    DATA,
    DECRYPTED,
    NUMERICAL_PASSWORD,
    PROTECTORS,
    SYSTEM,
    EncryptableVolume,
)

GOOD = (State.COMPARED, State.USED)
Owner = tuple[str, str]


def unbound(
    keys: Iterable[Key], last_seen: Mapping[Owner, datetime | None],
    observation: Callable[[str, str], dict[str, Any] | None],
) -> list[str]:  # fmt: skip
    """A line for each recovery password in use that its volume did not have at the last check, and for each encrypted
    volume of such a device of which none is kept.

    `observation` gives what a device said then, None where it never said anything; `last_seen` is when that was, by the
    controller's clock.
    """
    by_device: dict[Owner, list[Key]] = {}
    for key in keys:
        if key.kind is Kind.BITLOCKER and key.state in GOOD:
            by_device.setdefault(key.owner, []).append(key)
    problems = []
    for owner, kept in sorted(by_device.items()):
        said, at = observation(*owner), last_seen.get(owner)
        device = " ".join(owner)
        if said is None:
            problems.append(f"{device}: no check has compared its recovery passwords with its volumes yet")
            continue
        when = f" (seen on {at:%d %B %Y})" if at is not None else ""
        try:
            volumes = _volumes(said)
        except LeeboardError as problem:
            problems.append(f"{device}: its volumes cannot be compared: {problem}{when}")
            continue
        problems += [f"{device}: {line}{when}" for line in _of_device(kept, volumes, at)]
    return problems


def _volumes(observation: dict[str, Any]) -> list[EncryptableVolume]:
    """What a device said of its volumes. Raises LeeboardError."""
    try:
        readings = [Reading.model_validate(one) for one in observation.get("readings", []) if _is_shown(one)]
    except ValidationError:
        raise LeeboardError("what the device said of them makes no sense") from None
    if not readings:
        raise LeeboardError("the device said nothing of them")
    aspect = readings[0].effective
    if isinstance(aspect, Found):
        return volumes_of(aspect.value)
    raise LeeboardError("it has no BitLocker" if isinstance(aspect, Nothing) else plain(aspect.why, 300))


def _is_shown(reading: Any) -> bool:
    return isinstance(reading, dict) and (reading.get("driver"), reading.get("address")) == SHOWN


def _of_device(kept: list[Key], volumes: list[EncryptableVolume], at: datetime | None) -> list[str]:
    lines = []
    by_guid = {guid_of(volume.name): volume for volume in volumes if guid_of(volume.name)}
    for key in kept:
        fault = _fault(key, by_guid.get(key.disk))
        if fault and at is not None and stamp(at) < key.proved:
            fault = f"no check has seen it since key {key.id} was compared at {key.proved}"
        lines += [fault] if fault else []
    held = {key.disk for key in kept}
    for guid, volume in by_guid.items():
        is_ours = volume.kind == SYSTEM or (volume.kind == DATA and volume.letter)
        if is_ours and guid not in held and volume.conversion not in (DECRYPTED, None):
            lines.append(f"{volume.label} is encrypted, and no recovery password of it is kept")
    return lines


def _fault(key: Key, volume: EncryptableVolume | None) -> str:
    """Why a key is not known to be in its volume; empty where its protector is there, as a recovery password."""
    what = f"key {key.id}, its recovery password {key.protector},"
    if volume is None:
        return f"{what} is of a volume that it did not have ({key.disk})"
    if volume.protectors is None:
        return f"{what} cannot be compared: the protectors of {volume.label} could not be read"
    types = [one.type for one in volume.protectors if one.id == key.protector]
    if not types:
        return f"{what} is gone from {volume.label}"
    if types != [NUMERICAL_PASSWORD]:
        return (
            f"{what} is no recovery password on {volume.label}, but a {PROTECTORS.get(types[0], 'strange protector')}"
        )
    return ""
