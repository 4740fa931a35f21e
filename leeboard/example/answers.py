"""The answers that are shipped for the example: what machines of a lab said, put together for devices that nobody has.

`answers.json` holds what a machine of each kind says in full (`machines`), and by device and answer what differs from
that (`devices`). `python -m tests.unit.cli.example_answers` writes it from the cases of the controls.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from leeboard.model.run_id import stamp

FILE = Path(__file__).with_name("answers.json")
# Another machine's name space, so that the identities of the example are nobody's.
PLACE = uuid.UUID("6c1ba0c6-6f7e-4f0b-9a52-1f2a40d1c3a5")
MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# Keys and certificates of the lab were made about this day; those of the example so long before its last night.
MADE, BEFORE = date(2026, 11, 26), timedelta(days=120)


def answer(asset: str, name: str, at: datetime, last: datetime) -> dict[str, Any]:
    """What a device of the example says at a moment, as JSON; `last` is the example's last night.

    Raises KeyError for an answer that is not shipped.
    """
    machines, devices = _shipped(last.date() - BEFORE - MADE)
    differs = devices[asset][name]
    whole = machines[differs["machine"]]
    said: dict[str, Any] = {**whole, "facts": {**whole["facts"], **differs["facts"]}}
    readings = {(one["driver"], one["address"]): one for one in (*whole["readings"], *differs["readings"])}
    said["readings"] = list(readings.values())
    said["observed_at"] = stamp(at)
    own = uuid.uuid5(PLACE, asset)
    its = {"serial": f"EXAMPLE-{asset}", "uuid": str(own), "machine_id": own.hex}
    said["identity"] = {
        part: {**aspect, "value": its.get(part, aspect["value"])} for part, aspect in whole["identity"].items()
    }
    return said


@cache
def _shipped(later: timedelta) -> tuple[Any, Any]:
    """The machines and the devices' answers, with each moment in them so much later."""

    def moved(match: re.Match[str]) -> str:
        return stamp(datetime.fromisoformat(match[0]) + later)

    read = json.loads(MOMENT.sub(moved, FILE.read_text(encoding="utf-8")))
    return read["machines"], read["devices"]
