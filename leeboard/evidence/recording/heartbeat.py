"""When a check of a whole inventory last came to its end: a file by which others notice a night that did not happen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.model.run_id import stamp
from leeboard.storage import files

FILE = "heartbeat.json"
MOST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Heartbeat:
    """`at` (UTC) a check of all `schools` and `devices` of an inventory ended, with this exit code."""

    at: datetime
    schools: int
    devices: int
    exit_code: int


def beat(var: Path, now: Heartbeat) -> None:
    """Write the file, whole or not at all. Raises OSError."""
    said = {
        "schema": 1,
        "at": stamp(now.at),
        "schools": now.schools,
        "devices": now.devices,
        "exit_code": now.exit_code,
    }
    files.make_folder(var)
    files.replace(var / FILE, json.dumps(said).encode() + b"\n")


def last(var: Path) -> Heartbeat | None:
    """The last one; None where there is none, or the file makes no sense: then no night is known to have happened."""
    try:
        content = files.read_regular(var / FILE, MOST_BYTES)
        said = json.loads(content or b"")
        at = datetime.fromisoformat(said["at"]).astimezone(UTC)
        return Heartbeat(at, int(said["schools"]), int(said["devices"]), int(said["exit_code"]))
    except (LeeboardError, OSError, ValueError, KeyError, TypeError):
        return None
