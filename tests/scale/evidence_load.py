"""What a night's evidence costs to load: the first night, a quiet one, and one on which 2 % of the devices changed.

`python -m tests.scale.evidence_load [DEVICES]` (2,500, in schools of 42) files what a machine of the lab once answered
(tests/controls/compliant_gnome.json), varied so that no two devices say the same: serials, versions, accounts. It loads
three nights one after the other, each in a process of its own, and puts seconds of a processor and bytes, as ratios
within this one run, into docs/performance.md. `year` makes a year of 190 nights of one school instead, half of its
devices on, and says what bundles and store grow to.
"""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from leeboard.evidence.bundle import Origin, SchoolLock, Writer
from leeboard.evidence.bundle_schema import Expected, School
from leeboard.evidence.ingest import ingest
from leeboard.evidence.store import Store
from leeboard.model.observation import parse
from leeboard.model.run_id import new_run_id, stamp
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from tests.scale.page import write

ROOT = Path(__file__).resolve().parents[2]
ANSWER = ROOT / "tests" / "controls" / "compliant_gnome.json"
DEVICES, SCHOOL = 2500, 42
CHANGED = 0.02
NIGHTS, ON = 190, 0.5  # of a year, and the share of devices that are on
DAY = timedelta(days=1)
BEGAN = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
QUIET_TIME, QUIET_BYTES = 0.10, 0.01  # of the first night, wanted
Line = dict[str, Any]


def answers(number: int, changed: bool = False) -> Line:
    """What the device of that number answers, less the moment; the same each time, or with one setting changed."""
    chance = random.Random(number)
    said: Line = json.loads(ANSWER.read_text())
    said.pop("_notice", None)
    said["identity"]["serial"] = {"state": "value", "value": f"S{number:06d}", "source": "dmi"}
    for reading in said["readings"]:
        aspect = reading["effective"]
        if chance.random() < 0.1:
            aspect["note"] = f"{chance.choice(('package', 'account', 'version'))} {chance.getrandbits(40):x}"
        if reading.get("fingerprint") and chance.random() < 0.2:
            reading["fingerprint"] = f"{chance.getrandbits(256):064x}"
    if changed:
        said["readings"][number % len(said["readings"])]["effective"]["note"] = "changed by hand"
    return said


def devices(count: int) -> list[list[Expected]]:
    """So many laptops, school by school."""
    every = [
        Expected.model_validate(
            {
                "name": f"lt-{number}", "asset": f"LT-{number:06d}", "urn": f"{900001 + number // SCHOOL}",
                "school": f"School {number // SCHOOL}", "platform": "linux", "form": "portable",
                "role": "staff_portable", "level": "standard",
            }
        )
        for number in range(count)
    ]  # fmt: skip
    return [every[start : start + SCHOOL] for start in range(0, count, SCHOOL)]


class Lines:
    """The lines of devices, with findings: judged once for each answer."""

    def __init__(self) -> None:
        self._baseline = load()
        self._known: dict[tuple[str, bool], Line] = {}

    def of(self, device: Expected, changed: bool, at: datetime) -> Line:
        """The line of a device that answered."""
        key = (device.asset, changed)
        if key not in self._known:
            said = answers(int(device.asset[3:]), changed)
            found = evaluate(resolve(self._baseline, device.device), parse(said), BEGAN)
            self._known[key] = {"observation": said, "findings": [finding.as_json() for finding in found]}
        known = copy.copy(self._known[key])
        known["observation"] = {**known["observation"], "observed_at": stamp(at)}
        line = {"asset": device.asset, "name": device.name, "at": stamp(at), "outcome": "observed", "message": ""}
        return {**line, "identity": "same", **known}


def record(evidence: Path, school: list[Expected], at: datetime, lines: Iterator[Line]) -> None:
    """A school's bundle."""
    run = new_run_id(at)
    lock = SchoolLock(evidence, school[0].urn, run)
    about = School(urn=school[0].urn, name=school[0].school)
    writer = Writer(lock, run, about, Origin("0.1.0", "check", "b" * 64, "c" * 64), school)
    for line in lines:
        writer.device(line)
    writer.close(at + timedelta(minutes=10))


def size(folder: Path, pattern: str) -> int:
    """Bytes of the files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob(pattern))


def loaded(var: Path) -> dict[str, float]:
    """Load what is new: seconds of a processor, and bytes that were written into the store."""
    baseline = load()
    with Store(var / "leeboard.db") as store:
        before, wrote = time.process_time(), written()
        done = ingest(store, [var / "evidence"], baseline, var / "evidence")
        took = time.process_time() - before
        assert not done.problems + done.notes, (done.problems + done.notes)[:3]
    return {"seconds": took, "written": written() - wrote, "store": size(var, "leeboard.db*"), "new": done.new}


def written() -> int:
    """Bytes that this process has handed to files so far."""
    said = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(said["wchar"])


def nights(count: int) -> list[dict[str, float]]:
    """The first night, a quiet one, and one with changes."""
    found, lines = [], Lines()
    with tempfile.TemporaryDirectory(prefix="leeboard-evidence-") as folder:
        var = Path(folder)
        for night, share in enumerate((0.0, 0.0, CHANGED)):
            at = BEGAN + night * DAY
            for school in devices(count):
                changed = {one.asset: random.Random(f"{one.asset}").random() < share for one in school}
                record(var / "evidence", school, at, (lines.of(one, changed[one.asset], at) for one in school))
            before = sum(one["bundles"] for one in found)
            command = [sys.executable, "-m", "tests.scale.evidence_load", "load", str(var)]
            said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
            found.append({**json.loads(said), "bundles": size(var / "evidence", "*.xz") - before})
    return found


def show(count: int, found: list[dict[str, float]]) -> None:
    """Put the figures into the page."""
    first, quiet, changed = found
    mb = [f"{one['written'] / 1e6:.1f} MB" for one in found]
    rows = [
        f"| {count:,} devices, their first night | {1000 * first['seconds'] / count:.1f} ms a device, {mb[0]} | |",
        f"| a quiet night over the first one, processor time | {quiet['seconds'] / first['seconds']:.2f} | "
        f"at most {QUIET_TIME} |",
        f"| the same, bytes written | {quiet['written'] / first['written']:.4f} | at most {QUIET_BYTES} |",
        f"| a night on which 2 % changed over the first one | {changed['seconds'] / first['seconds']:.2f}, "
        f"{changed['written'] / first['written']:.3f} of the bytes | |",
        f"| the store after three nights | {found[-1]['store'] / count:,.0f} bytes a device | |",
        f"| bundles, a device and night | {quiet['bundles'] / count:,.0f} bytes | |",
    ]
    write("evidence-load", "\n".join(rows))


def year() -> dict[str, float]:
    """A year of one school, half of its devices on: bytes a device and night, and of the store a device."""
    lines, chance = Lines(), random.Random(1)
    (school,) = devices(SCHOOL)
    with tempfile.TemporaryDirectory(prefix="leeboard-year-") as folder:
        var = Path(folder)
        for night in range(NIGHTS):
            at = BEGAN + night * DAY
            on = [one for one in school if chance.random() < ON]
            record(var / "evidence", school, at, (lines.of(one, chance.random() < CHANGED, at) for one in on))
        said = loaded(var)
        bundles = size(var / "evidence", "*.xz")
    return {**said, "bundles": bundles, "devices": SCHOOL, "nights": NIGHTS}


def main(*given: str) -> None:
    """`load VAR` is the process that is measured."""
    if given[:1] == ("load",):
        print(json.dumps(loaded(Path(given[1]))))
        return
    os.fsync = lambda _descriptor: None  # what is invented may be lost
    if given[:1] == ("year",):
        print(json.dumps(year(), indent=1))
        return
    count = int(given[0]) if given else DEVICES
    found = nights(count)
    print(json.dumps(found, indent=1))
    show(count, found)


if __name__ == "__main__":
    main(*sys.argv[1:])
