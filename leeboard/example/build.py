"""A small invented estate with evidence of its nights, so that each command shows something before a device is there.

The answers are shipped and replayed; all else goes the way of every evidence: judged, filed in bundles, loaded into
the store. The names of the estate and of its schools say that they are invented, so that each page and table does.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from leeboard.ansible import inventory
from leeboard.errors import LeeboardError
from leeboard.estate import journal
from leeboard.estate.journal import EnforceLine, Line, WaiverLine
from leeboard.evidence.bundles.schema import Expected, School
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.notes import pins
from leeboard.evidence.store.store import Store
from leeboard.example.answers import answer
from leeboard.model.observation import parse, with_readings
from leeboard.model.run_id import stamp
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import resolve
from leeboard.verdict import device_clock
from leeboard.verdict.evaluate import evaluate
from leeboard.version import __version__

HERE = Path(__file__).parent
SHIPPED = HERE / "inventory"
INVENTORY, VAR = "inventory", "var"
SECOND_FACTOR = "second-factor.csv"
SILENT = "silent"
SUFFIX = "e8a3917e"  # of its run ids
# A day that counts from the example's own: <DAY-30>.
DAY = re.compile(r"<DAY([+-]\d+)>")
BEGINS = timedelta(hours=2, minutes=10)
TAKES = timedelta(minutes=10)
VISITED = timedelta(seconds=41)
BEFORE = timedelta(days=95)  # when the school decided what its files say, which name the same day


@dataclass(frozen=True)
class Built:
    """What was made: counts, and the last night's beginning."""

    schools: int
    devices: int
    nights: int
    last: datetime

    @property
    def stolen(self) -> date:
        """The day for which somebody would ask what was known: that before the laptop EP-0004 fell silent."""
        return self.last.date() - timedelta(days=6)


@dataclass(frozen=True)
class Plan:
    """The nights, by how long ago they were, and what the devices answer in them."""

    nights: tuple[int, ...]
    roll_outs: frozenset[int]
    silent: str
    devices: dict[str, dict[int, str]]

    def said(self, asset: str, ago: int) -> str:
        """The name of a device's answer in a night; "" for a device that is never visited."""
        since = [night for night in self.devices.get(asset, {}) if night >= ago]
        return self.devices[asset][min(since)] if since else ""


def plan() -> Plan:
    """The plan that is shipped."""
    read: dict[str, Any] = yaml.load((HERE / "nights.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return Plan(tuple(read["nights"]), frozenset(read["roll_outs"]), read["silent"], read["devices"])


def build(folder: Path, now: datetime) -> Built:
    """Write the example into a folder that is new or empty: there as a whole, or not at all. Raises LeeboardError."""
    folder = folder.absolute()
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise LeeboardError(f"{folder}: is there already; give a new folder, or take it away")
    if not folder.parent.is_dir():
        raise LeeboardError(f"{folder.parent}: there is no such folder; make it first")
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        last = last_night(now)
        write_inventory(work / INVENTORY, last)
        built = _record(work, last)
        os.replace(work, folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return built


def last_night(now: datetime) -> datetime:
    """When the newest night that is over by now began."""
    ended = now.astimezone(UTC) - BEGINS - TAKES
    return ended.replace(hour=0, minute=0, second=0, microsecond=0) + BEGINS


def write_inventory(folder: Path, last: datetime) -> None:
    """Write the files of the estate, with days that count from the last night."""

    def day(match: re.Match[str]) -> str:
        return (last.date() + timedelta(days=int(match[1]))).isoformat()

    for path in sorted(SHIPPED.rglob("*")):
        if not path.is_file():
            continue
        place = folder / path.relative_to(SHIPPED)
        if path.name == SECOND_FACTOR:  # its day stands in its name
            place = place.with_stem(f"{place.stem}-{DAY.sub(day, '<DAY-20>')}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(DAY.sub(day, path.read_text(encoding="utf-8")), encoding="utf-8")


def _record(folder: Path, last: datetime) -> Built:
    """File the nights of all schools, and load them."""
    baseline = load()
    listed = inventory.read(folder / INVENTORY, tuple(baseline.parameters))
    if listed.problems:
        raise LeeboardError(f"the example's own inventory: {listed.problems[0]}")
    shown = plan()
    evidence = folder / VAR / "evidence"
    schools = {device.urn: device.school for device in listed.devices}
    for urn in schools:
        _journal(folder / VAR, urn, listed.devices, last - BEFORE)
    for ago in shown.nights:
        for urn in schools:
            devices = [device for device in listed.devices if device.urn == urn]
            _night(evidence, baseline, shown, devices, ago, last)
    with Store(folder / VAR / "leeboard.db") as store:
        loaded = ingest(store, [evidence / urn for urn in schools], baseline, evidence)
    if loaded.problems:
        raise LeeboardError(f"the example's own evidence: {loaded.problems[0]}")
    return Built(len(schools), len(listed.devices), len(shown.nights), last)


def _journal(var: Path, urn: str, devices: Sequence[Expected], at: datetime) -> None:
    """Note who let what be changed at a school, and who accepted which risk, as the commands do."""
    own = [device for device in devices if device.urn == urn]
    families = sorted({family for device in own for family in device.enforce})
    waivers = {waiver.id: waiver for device in own for waiver in device.waivers}
    lines: list[Line] = [
        EnforceLine(at=at, kind="enforce", family=family, on=True, by="Head teacher", since=at.date())
        for family in families
    ]
    lines += [
        WaiverLine(at=at, kind="waivers", id=waiver.id, how="new", by="technician", waiver=waiver)
        for waiver in waivers.values()
    ]
    if lines:
        journal.add(var, urn, lambda _: lines)


def _night(evidence: Path, baseline: Baseline, shown: Plan, devices: list[Expected], ago: int, last: datetime) -> None:
    """File one night of one school."""
    urn, name, began = devices[0].urn, devices[0].school, last - timedelta(days=ago)
    run = f"{began:%Y%m%dT%H%M%SZ}-{SUFFIX}"
    action = "enforce" if ago in shown.roll_outs else "check"
    # Whoever reads a bundle is told there too.
    origin = Origin(
        f"{__version__} (leeboard example: answers replayed)",
        action,
        baseline.digest,
        "0" * 64,
        "",
        journal.read(evidence.parent, urn).anchor,
    )
    writer = Writer(SchoolLock(evidence, urn, run), run, School(urn=urn, name=name), origin, devices)
    at = began + VISITED
    try:
        for device in devices:
            said = shown.said(device.asset, ago)
            line: dict[str, Any] = {"asset": device.asset, "name": device.name, "at": stamp(at), "message": ""}
            if said == SILENT:
                writer.device({**line, "outcome": "unreachable", "message": shown.silent})
            elif said:
                writer.device({**line, **_observed(evidence, baseline, device, answer(device.asset, said, at, last))})
        writer.close(began + TAKES)
    finally:
        writer.abandon()


def _observed(evidence: Path, baseline: Baseline, device: Expected, filed: dict[str, Any]) -> dict[str, Any]:
    """What a visit would record of an answer: who it was, what was seen, what was judged."""
    observation = parse(filed)
    at = observation.observed_at
    sighted = pins.sight(evidence, device, observation.identity, at)
    clock = device_clock.reading(observation, at, at)
    filed = with_readings(filed, [clock])
    findings = evaluate(resolve(baseline, device.device), observation.with_reading(clock), at)
    return {
        "outcome": "observed",
        "identity": sighted.outcome,
        "device": device.device.model_dump(mode="json"),
        "observation": filed,
        "findings": [finding.as_json() for finding in findings],
    }
