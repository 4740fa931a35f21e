"""Builders for the tests of evidence: a baseline of three controls, devices, observations, bundles."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from leeboard.evidence.bundles.chain import file_digest
from leeboard.evidence.bundles.challenge import challenge
from leeboard.evidence.bundles.schema import Expected, School, write_line
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.model.device import Device
from leeboard.model.run_id import stamp, started_of
from leeboard.policy.model import Baseline
from tests import bundle_lines

URN = "123456"
SALT = "5a" * 32
NIGHT = datetime(2026, 11, 2, 2, 10, tzinfo=UTC)


def baseline() -> Baseline:
    """LCK-01 (at most 900 s), LBL-01 (text), LCK-02 (not asked for at level standard) and FWD-03 (14, 7, 3 days)."""

    def control(id: str, operator: str, value: Any, **more: Any) -> dict[str, Any]:
        return {
            "id": id,
            "title": id,
            "subject": "device",
            "severity": "high",
            "mode": "enforce",
            "why": "because",
            "remedy": {"linux": "set it"},
            "references": [],
            "reviewed": "2026-11-25",
            "settings": [
                {
                    "id": "setting",
                    "title": "a setting",
                    "platform": "linux",
                    "driver": "dconf",
                    "address": f"/{id}",
                    "accept": {"operator": operator, "value": value},
                    "absent": "drifted",
                    "confidence": "tried",
                    "source": "a test",
                }
            ],
            **more,
        }

    locks = [
        control("LCK-01", "at_most", 900),
        control("LCK-02", "equals", True, mode={"standard": "off", "sensitive": "enforce", "high": "enforce"}),
    ]
    levels = {name: {"title": name, "impact_levels": "", "label": name} for name in ("standard", "sensitive", "high")}
    fresh = control("FWD-03", "at_most", {"standard": 14, "sensitive": 7, "high": 3}, subject="controller")
    fresh["mode"] = "report"
    fresh["settings"][0] |= {
        "id": "age",
        "platform": None,
        "driver": "evidence_age",
        "address": "last-observation",
        "absent": "missing",
        "otherwise": "stale",
    }
    return Baseline.model_validate(
        {
            "families": [
                {"family": "FWD", "title": "Time", "controls": [fresh]},
                {"family": "LCK", "title": "Locks", "controls": locks},
                {"family": "LBL", "title": "Labels", "controls": [control("LBL-01", "equals", "Property of a school")]},
            ],
            "drivers": {
                "dconf": {"platform": "linux", "state": "built", "address": "/.*", "summary": "dconf"},
                "evidence_age": {"state": "built", "address": "last-observation", "summary": "age"},
            },
            "parameters": {},
            "levels": levels,
            "frameworks": {},
            "digest": "b" * 64,
        }
    )


def device(asset: str = "LT-001", **more: Any) -> Device:
    given: dict[str, Any] = {
        "name": asset.lower(),
        "asset": asset,
        "urn": URN,
        "school": "Hill School",
        "platform": "linux",
        "form": "portable",
        "role": "staff_portable",
        "level": "standard",
        **more,
    }
    return Device.model_validate(given)


def expected(asset: str = "LT-001", problem: str = "", **more: Any) -> Expected:
    return Expected.model_validate({**device(asset, **more).model_dump(), "problem": problem})


def aspect(value: Any) -> dict[str, Any]:
    if value is None:
        return {"state": "absent", "source": "x"}
    return {"state": "value", "value": value, "source": "x"}


def observation(lock: Any = 600, label: Any = "Property of a school", serial: str = "PF1ABCDE") -> dict[str, Any]:
    """An observation in which LCK-01 is compliant when `lock` is at most 900."""
    readings = [
        {"driver": "dconf", "address": f"/{control}", "effective": aspect(value)}
        for control, value in (("LCK-01", lock), ("LCK-02", True), ("LBL-01", label))
    ]
    identity = {"serial": serial, "uuid": None, "machine_id": "a1" * 16, "os": "Debian GNU/Linux 13"}
    return {
        "schema": 1,
        "platform": "linux",
        "observed_at": "2026-11-02T02:10:07Z",
        "identity": {key: aspect(value) for key, value in identity.items()},
        "facts": {},
        "readings": readings,
        "cost": {"children": 0, "seconds": 0.1, "cpu_seconds": 0.1},
    }


def run_id(night: int, salt: str = "0000000a") -> str:
    return f"{NIGHT + timedelta(days=night):%Y%m%dT%H%M%SZ}-{salt}"


def line(asset: str, at: datetime, outcome: str = "observed", **more: Any) -> dict[str, Any]:
    row = {"asset": asset, "name": asset.lower(), "at": stamp(at), "outcome": outcome, "message": "", **more}
    if outcome == "observed" and "observation" not in row:
        row["observation"] = observation()
    return row


def answered(row: dict[str, Any], run: str, visit: int, urn: str = URN) -> dict[str, Any]:
    """The line of a device that answered the challenge of its visit of that number in a bundle with SALT."""
    echoed = {**row["observation"], "challenge": challenge(SALT, run, urn, row["asset"], visit)}
    return {**row, "visit": visit, "observation": echoed}


def write(
    evidence: Path,
    run: str,
    devices: Sequence[Expected],
    lines: Mapping[str, Any] | Sequence[dict[str, Any]],
    close: bool = True,
    urn: str = URN,
    salt: str = "",
) -> Path:
    """A bundle. `lines` maps assets to observations (or outcomes as text), or is a list of device lines.

    Without a salt its answers stand without a challenge.
    """
    lock = SchoolLock(evidence, urn, run)
    origin = Origin("0.1.0", "check", "b" * 64, "c" * 64, salt)
    writer = Writer(lock, run, School(urn=urn, name="Hill School"), origin, devices)
    at = started_of(run) + timedelta(seconds=5)
    if isinstance(lines, Mapping):
        rows = [
            line(asset, at, said, message=f"{said} it was")
            if isinstance(said, str)
            else line(asset, at, observation=said)
            for asset, said in lines.items()
        ]
    else:
        rows = list(lines)
    for row in rows:
        writer.device(row)
    if close:
        return writer.close(at)
    writer.abandon()
    return writer.path


def older(path: Path, schema: int = 1) -> Path:
    """A closed bundle as a Leeboard before schema 3 wrote it, in its place, and noted as the newest of its school."""
    header, *rows = bundle_lines.lines(path)
    heads = header.pop("heads")
    for key in ("writer", "turn", "journal"):
        header.pop(key, None)
    header |= {"schema": schema, "previous": heads[0] if heads else None}
    rows = [{**row, "lines": len(rows)} if row["kind"] == "trailer" else row for row in rows]
    found = path.with_suffix(".gz")
    found.write_bytes(gzip.compress(b"".join(write_line(row) for row in (header, *rows)), mtime=0))
    path.unlink()
    note = {"run": header["run"], "sha256": file_digest(found)}
    (path.parent / "chain.json").write_text(json.dumps(note))
    return found
