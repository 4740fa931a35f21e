"""Recovery passwords that a visit saw were typed at a device, until the ledger has it.

    var/escrow/typed/URN/ASSET.json     the ids of their protectors

A device's events come to an end, and the next roll-out may be months away: what a nightly check saw is not forgotten
meanwhile. A check writes to no vault, so it is noted beside what the controller remembers; the roll-out writes it into
the ledger. Only passwords are noted that the vault has compared and that nobody is known to know: a device cannot fill
the file, and what the ledger has by now is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.escrow.keys.recovery_key import Kind
from leeboard.escrow.vault import controller_state
from leeboard.escrow.vault.records import Records, State
from leeboard.model.device import Device
from leeboard.storage import files

FOLDER = "escrow/typed"
MOST_BYTES = 64 * 1024


def remember(var: Path, device: Device, records: Records, typed: Iterable[str]) -> frozenset[str]:
    """Note which passwords were typed, with those that were noted before; all that count. Raises LeeboardError."""
    unknown = {key.protector for key in records.keys if key.kind is Kind.BITLOCKER and key.state is State.COMPARED}
    before = remembered(var, device)
    now = frozenset((before | frozenset(typed)) & unknown)
    if now != before:
        path = _path(var, device)
        with controller_state.writing(path):
            files.make_folder(path.parent)
            files.replace(path, json.dumps(sorted(now)).encode() + b"\n")
    return now


def remembered(var: Path, device: Device) -> frozenset[str]:
    """What was noted; nothing where that makes no sense: the device's events may say it again."""
    with suppress(LeeboardError, ValueError, TypeError):
        content = files.read_regular(_path(var, device), MOST_BYTES)
        if content is not None:
            return frozenset(map(str, json.loads(content)))
    return frozenset()


def _path(var: Path, device: Device) -> Path:
    return var / FOLDER / device.urn / f"{device.asset}.json"
