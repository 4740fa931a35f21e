"""Who each device was at its first sighting: one file a school, compared and changed in one step.

Ansible's workers are processes of their own and do this all at once. A reader needs no lock, since the file is only
ever replaced whole; who has something to write takes the lock, reads again and decides again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from leeboard.errors import LeeboardError
from leeboard.model import identity as who
from leeboard.model.device import ASSET, Device
from leeboard.model.identity import Sameness, Sighting
from leeboard.model.observation import Identity
from leeboard.storage import files

MOST_BYTES = 64 * 1024 * 1024
SCHEMA = 1
# The last file that was read and had not changed since: what it was, and its pins.
_last: tuple[tuple[Path, int, int, int], Mapping[str, Pin]] | None = None


@dataclass(frozen=True)
class Pin:
    """What a device was at its first sighting, completed and brought up to date by later ones."""

    sighting: Sighting
    first: str
    changed: str


class Sighted(NamedTuple):
    """What a sighting comes to. `message` says why, and what to do, for all but first and same.

    `outcome` is the text of a Sameness: a result of Ansible may hold no enumeration.
    """

    outcome: str
    message: str = ""


def sight(evidence: Path, device: Device, identity: Identity, at: datetime, pin_new: bool = True) -> Sighted:
    """Compare what answered with the register's serial and the device's pin, and pin what is new, in one step.

    `evidence` is the evidence folder; the school's own lies in it. With `pin_new` False nothing is written. Of
    another_machine nothing may be filed or changed. unidentified may be filed; nothing may be changed on it. Raises
    LeeboardError for a damaged pins file or a folder that cannot be written.
    """
    path = pins_path(evidence, device.urn)
    seen = who.sighting(identity)
    found, changed = _decide(path, read_unchanged(path), device, seen, at)
    if changed is None or not pin_new:
        return found
    files.make_folder(path.parent)
    with files.locked(path.with_name("pins.lock")):
        pins = read(path)
        found, changed = _decide(path, pins, device, seen, at)
        if changed is not None:
            _write(path, {**pins, device.asset: changed})
    return found


def release(evidence: Path, urn: str, asset: str) -> bool:
    """Forget a device's pin, because the machine was exchanged on purpose. False when it had none."""
    path = pins_path(evidence, urn)
    if not path.parent.is_dir():
        return False
    with files.locked(path.with_name("pins.lock")):
        pins = read(path)
        if pins.pop(asset, None) is None:
            return False
        _write(path, pins)
    return True


def carry(evidence: Path, urn: str, origins: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
    """Give assets of a school the pins that they had under other names. Returns the assets that got one.

    `origins` says by asset under which URN and asset it was pinned until now. A pin of another school stays there as
    well: it belongs to that school's evidence. A pin that the new name has already is not touched. Raises
    LeeboardError.
    """
    path = pins_path(evidence, urn)
    known = {old: read(pins_path(evidence, old)) for old in {old for old, _ in origins.values()}}
    found = {asset: known[old][name] for asset, (old, name) in origins.items() if name in known[old]}
    if not found:
        return ()
    files.make_folder(path.parent)
    with files.locked(path.with_name("pins.lock")):
        pins = read(path)
        for old, name in origins.values():
            if old == urn:
                pins.pop(name, None)  # two devices may have swapped their tags
        given = tuple(asset for asset in sorted(found) if asset not in pins)
        _write(path, {**pins, **{asset: found[asset] for asset in given}})
    return given


def pins_path(evidence: Path, urn: str) -> Path:
    """Where a school's pins lie."""
    return evidence / urn / "pins.json"


def read(path: Path) -> dict[str, Pin]:
    """A school's pins by asset; none when there is no file yet. Raises LeeboardError for one that is damaged."""
    content = files.read_regular(path, MOST_BYTES)
    if content is None:
        return {}
    try:
        raw = json.loads(content)
        if raw["schema"] != SCHEMA:
            raise ValueError(f"its schema is {raw['schema']!r}, and this Leeboard reads {SCHEMA}")
        return {_asset(asset): _pin(pin) for asset, pin in raw["pins"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise LeeboardError(
            f"{path}: the pins are damaged ({ascii(str(problem))[:120]}); put it back from a backup. Without one, "
            "move it away: every machine of the school is then taken at its word once more, so look at the next report"
        ) from None


def read_unchanged(path: Path) -> Mapping[str, Pin]:
    """The same as `read`, and not read again while the file is the same: it is only ever replaced whole."""
    global _last
    try:
        status = path.lstat()
    except OSError:
        return read(path)
    version = (path, status.st_ino, status.st_mtime_ns, status.st_size)
    if _last is None or _last[0] != version:
        _last = (version, read(path))
    return _last[1]


def _decide(
    path: Path, pins: Mapping[str, Pin], device: Device, seen: Sighting, at: datetime
) -> tuple[Sighted, Pin | None]:
    """The outcome, and the pin to write when there is something new to write."""
    asset = device.asset
    own = pins.get(asset)
    comparison = who.compare(own.sighting if own else None, seen, device.serial)
    outcome, reason = comparison.outcome, comparison.reason
    if outcome in (Sameness.FIRST, Sameness.ANOTHER_MACHINE):
        owner = _owner(pins, asset, seen)
        if owner is not None:
            return Sighted(
                Sameness.ANOTHER_MACHINE.value, _another(path, asset, reason, owner, pins[owner], seen)
            ), None
    if outcome is Sameness.ANOTHER_MACHINE:
        return Sighted(outcome.value, _another(path, asset, reason)), None
    if outcome is Sameness.UNIDENTIFIED:
        return Sighted(outcome.value, f"it cannot be said which machine answered: {reason}"), None
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if own is None:
        return Sighted(outcome.value), Pin(seen, stamp, stamp)
    message = f"it was reinstalled: {reason}; what was proved about its disk no longer counts" if reason else ""
    completed = Sighting(
        serial=own.sighting.serial or seen.serial,
        uuid=own.sighting.uuid or seen.uuid,
        machine_id=seen.machine_id or own.sighting.machine_id,
        os=seen.os or own.sighting.os,
    )
    if completed == own.sighting:
        return Sighted(outcome.value, message), None
    return Sighted(outcome.value, message), replace(own, sighting=completed, changed=stamp)


def _owner(pins: Mapping[str, Pin], asset: str, seen: Sighting) -> str | None:
    """The other asset of the school that this machine is pinned to."""
    if not seen.identified:
        return None
    return next((o for o, pin in pins.items() if o != asset and who.same_hardware(pin.sighting, seen)), None)


def _another(
    path: Path, asset: str, reason: str, owner: str | None = None, pin: Pin | None = None, seen: Sighting | None = None
) -> str:
    words = ["another machine answered"]
    if owner is not None:
        words.append(f": this is {owner} of the same school")
        if pin is not None and seen is not None and not _hardware_in_common(pin.sighting, seen):
            words.append(" by its machine-id, which cloned images share: run as root, or give each its own machine-id")
    if reason:
        words.append(f": {reason}" if owner is None else f" ({reason})")
    words.append(f". Look at its address; if the machine was exchanged on purpose, take {owner or asset} out of {path}")
    return "".join(words)


def _hardware_in_common(mine: Sighting, theirs: Sighting) -> bool:
    return bool((mine.serial and theirs.serial) or (mine.uuid and theirs.uuid))


def _asset(text: Any) -> str:
    if not isinstance(text, str) or not ASSET.match(text):
        raise ValueError(f"{text!r} is no asset tag")
    return text


def _pin(raw: dict[str, Any]) -> Pin:
    fields = {}
    for field in ("serial", "uuid", "machine_id", "os"):
        value = raw.get(field)
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{field} is not text")
        fields[field] = value
    return Pin(Sighting(**fields), str(raw["first"]), str(raw["changed"]))


def _write(path: Path, pins: dict[str, Pin]) -> None:
    rows = {
        asset: {
            **{key: value for key, value in vars(pin.sighting).items() if value is not None},
            "first": pin.first,
            "changed": pin.changed,
        }
        for asset, pin in sorted(pins.items())
    }
    try:
        files.replace(path, (json.dumps({"schema": SCHEMA, "pins": rows}, indent=1) + "\n").encode())
    except OSError as problem:
        raise LeeboardError(f"{path}: cannot be written: {problem.strerror}; nothing was pinned or changed") from None
