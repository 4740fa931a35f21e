"""What a night's evidence costs to load: the first night, a quiet one, and one on which 2 % of the devices changed.

`python -m tests.scale.evidence_load [DEVICES...]` (1,000, 5,000 and 25,000, in schools of 42; an hour) files what a
machine of the lab once answered (tests/controls/compliant_gnome.json), varied so that no two devices say the same:
serials, versions, accounts. It loads three nights one after the other, each in a process of its own, then a year of 190
nights of one school, half of its devices on, and puts seconds of a processor and bytes into docs/performance.md, as
ratios within this one run.
"""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from leeboard.evidence.bundles.chain import Tip, file_digest, note_tip
from leeboard.evidence.bundles.files import bundles, run_of
from leeboard.evidence.bundles.schema import Expected, School
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.model.observation import parse
from leeboard.model.run_id import new_run_id, stamp
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from tests.scale.page import write

ROOT = Path(__file__).resolve().parents[2]
ANSWER = ROOT / "tests" / "controls" / "compliant_gnome.json"
DEVICES, SCHOOL = (1000, 5000, 25_000), 42
MANY = 25_000  # devices of the largest estate that we have in mind
CHANGED = 0.02
SHARES = (0.0, 0.0, CHANGED)  # of the devices that changed, night by night
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


def devices(count: int, size: int = SCHOOL) -> list[list[Expected]]:
    """So many laptops, school by school."""
    every = [
        Expected.model_validate(
            {
                "name": f"lt-{number}", "asset": f"LT-{number:06d}", "urn": f"{900001 + number // size}",
                "school": f"School {number // size}", "platform": "linux", "form": "portable",
                "role": "staff_portable", "level": "standard",
            }
        )
        for number in range(count)
    ]  # fmt: skip
    return [every[start : start + size] for start in range(0, count, size)]


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
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="leeboard-evidence-") as folder:
        var, later = Path(folder, "var"), Path(folder, "later")
        # School by school, since the answers of all of them at once would fill the memory.
        for school in devices(count):
            lines = Lines()
            for night, share in enumerate(SHARES):
                at = BEGAN + night * DAY
                changed = {one.asset: random.Random(f"{one.asset}").random() < share for one in school}
                record(var / "evidence", school, at, (lines.of(one, changed[one.asset], at) for one in school))
            _put_off(var / "evidence" / school[0].urn, later)
        for night in range(len(SHARES)):
            shutil.copytree(later / str(night), var / "evidence", dirs_exist_ok=True)
            before = sum(one["bundles"] for one in found)
            command = [sys.executable, "-m", "tests.scale.evidence_load", "load", str(var)]
            said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
            found.append({**json.loads(said), "bundles": size(var / "evidence", "*.xz") - before})
    return found


def _put_off(school: Path, later: Path) -> None:
    """Keep a school's bundles for their nights, each with the note that it is the newest."""
    for night, path in enumerate(bundles(school)):
        folder = later / str(night) / school.name
        folder.mkdir(parents=True)
        note_tip(folder, Tip(run_of(path), file_digest(path), night + 1))
        shutil.move(path, folder)


def show(found: dict[int, list[dict[str, float]]]) -> None:
    """Put the figures into the page."""

    def row(name: str, cell: Callable[[int, list[dict[str, float]]], str], wanted: str = "") -> str:
        return f"| {name} | {' | '.join(cell(count, three) for count, three in found.items())} | {wanted} |"

    rows = [
        row("the first night, a device", lambda count, three: f"{1000 * three[0]['seconds'] / count:.1f} ms"),
        row("the same, bytes written", lambda _, three: f"{three[0]['written'] / 1e6:,.1f} MB"),
        row("a quiet night over the first one, processor time", _over(1, "seconds", 2), f"at most {QUIET_TIME}"),
        row("the same, bytes written", _over(1, "written", 4), f"at most {QUIET_BYTES}"),
        row("a night on which 2 % changed over the first one", _over(2, "seconds", 2)),
        row("the same, bytes written", _over(2, "written", 4)),
        row("the store after three nights, a device", lambda count, three: f"{three[-1]['store'] / count:,.0f} bytes"),
        row("bundles, a device and night", lambda count, three: f"{three[1]['bundles'] / count:,.0f} bytes"),
    ]
    write("evidence-load", "\n".join(rows), [f"{count:,} devices" for count in found])


def show_year(said: dict[str, float]) -> None:
    """Put the figures of a year into the page."""
    seen = NIGHTS * ON  # times that a device was seen
    packed, store = said["bundles"] / SCHOOL / seen, said["store"] / SCHOOL
    rows = [
        f"| bundles, a device and night | {packed:,.0f} bytes | {MANY * packed * seen / 1e9:.1f} GB | at most 10 GB |",
        f"| store, a device | {store:,.0f} bytes | {MANY * store / 1e9:.1f} GB | at most 3 GB |",
        f"| a night at its end over one at its beginning, processor time | {said['growth']:.2f} | | |",
    ]
    write("evidence-year", "\n".join(rows), ("measured", f"for {MANY:,} devices"))


def _over(night: int, name: str, digits: int) -> Callable[[int, list[dict[str, float]]], str]:
    """A night's figure over that of the first night."""
    return lambda _, three: f"{three[night][name] / three[0][name]:.{digits}f}"


def year() -> dict[str, float]:
    """A year of one school, half of its devices on, loaded night by night."""
    lines, chance = Lines(), random.Random(1)
    (school,) = devices(SCHOOL)
    seconds: list[float] = []
    with tempfile.TemporaryDirectory(prefix="leeboard-year-") as folder:
        var = Path(folder)
        for night in range(NIGHTS):
            at = BEGAN + night * DAY
            on = [one for one in school if chance.random() < ON]
            record(var / "evidence", school, at, (lines.of(one, chance.random() < CHANGED, at) for one in on))
            seconds.append(loaded(var)["seconds"])
        few = NIGHTS // 10  # the first night is none of them
        growth = statistics.median(seconds[-few:]) / statistics.median(seconds[1 : few + 1])
        return {"store": size(var, "leeboard.db*"), "bundles": size(var / "evidence", "*.xz"), "growth": growth}


def main(*given: str) -> None:
    """`load VAR` is the process that is measured."""
    if given[:1] == ("load",):
        print(json.dumps(loaded(Path(given[1]))))
        return
    os.fsync = lambda _descriptor: None  # what is invented may be lost
    counts = tuple(map(int, given)) or DEVICES
    found = {count: nights(count) for count in counts}
    print(json.dumps(found, indent=1))
    show(found)
    said = year()
    print(json.dumps(said, indent=1))
    show_year(said)


if __name__ == "__main__":
    main(*sys.argv[1:])
