"""What a night of a whole LA costs once its devices have answered: 25,000 in 200 schools.

`python -m tests.scale.night_load` visits this machine once and writes what it said as two nights of evidence of an
invented estate, in which each device that answers has drifted in two controls and every third is silent. Then, as
`leeboard drift` does, it loads the newer night into the store, judges how every school stands, and writes the page, the
news and the JSON, each timed alone, in a process whose memory counts. It puts the figures into docs/performance.md.
No device but this one is asked. It takes a quarter of an hour and 4 GB of disk, so `make bench` leaves it out; two
numbers, of schools and of devices in each, make another estate of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from leeboard.ansible import inventory as inventories
from leeboard.evidence.bundles.schema import Expected, School
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import new_run_id, stamp
from leeboard.policy.load import load
from leeboard.report import json_report, page
from leeboard.report.changes_since import write_news
from leeboard.report.controller_checks import Sources, school_statuses
from tests import bundle_lines
from tests.scale import estate_load
from tests.scale.memory import most_memory
from tests.scale.page import write

ROOT = Path(__file__).resolve().parents[2]
KINDS = (
    ("linux", "laptop", "staff_portable"),
    ("linux", "desktop", "office"),
    ("linux", "desktop", "pupil_shared"),
)
DRIFTED = ("AUD-02", "ENC-01")  # on every device that answers
SILENT = 3  # every third device is off
STEPS = (
    "read the estate",
    "load the night",
    "judge",
    "judge schools",
    "write the page",
    "write the news",
    "write JSON",
)


def observed() -> dict[str, Any]:
    """The line of a device: what this machine says of itself when it is asked for all that its level wants."""
    with tempfile.TemporaryDirectory(prefix="leeboard-night-") as folder:
        leeboard = Path(sys.executable).with_name("leeboard")
        subprocess.run(
            [leeboard, "drift", "--this-machine", "--var", folder], cwd=ROOT, check=True, capture_output=True
        )
        (bundle,) = Path(folder).glob("evidence/*/*.jsonl.xz")
        every = bundle_lines.lines(bundle)
    (answer,) = (one for one in every if one["kind"] == "device" and one["outcome"] == "observed")
    # An estate that is looked after: what has drifted on a machine that nobody set up is right there, but for a little.
    for finding in answer["findings"]:
        for judged in (finding, *finding["judged"]):
            if judged["verdict"] in ("drifted", "error") and finding["control"] not in DRIFTED:
                judged["verdict"] = "compliant"
    return dict(answer)


def record(evidence: Path, devices: list[Expected], at: datetime, answer: dict[str, Any], number: int) -> None:
    """A school's bundle of the night `number`: who answers says `answer`, with a serial number of its own."""
    run = new_run_id(at)
    school = School(urn=devices[0].urn, name=devices[0].school)
    lock = SchoolLock(evidence, school.urn, run)
    writer = Writer(lock, run, school, Origin("0.1.0", "check", "b" * 64, "c" * 64), devices)
    for place, device in enumerate(devices):
        line = {"asset": device.asset, "name": device.name, "at": stamp(at + timedelta(seconds=5))}
        if place % SILENT == number % SILENT:
            writer.device({**line, "outcome": "unreachable", "message": "it does not answer"})
            continue
        identity = {
            **answer["observation"]["identity"],
            "serial": {"state": "value", "value": f"S{device.name}", "source": "dmi"},
        }
        own = {
            "device": device.device.model_dump(mode="json"),
            "observation": {**answer["observation"], "identity": identity},
        }
        writer.device({**answer, **line, **own})
    writer.close(at + timedelta(minutes=1))


def reported(estate: Path, var: Path, at: datetime) -> dict[str, float]:
    """Load the newest night and report on it: seconds of a processor for each step, and sizes and memory in MB."""
    took: dict[str, float] = {}

    def timed[Result](step: str, work: Callable[[], Result]) -> Result:
        before = time.process_time()
        found = work()
        took[step] = time.process_time() - before
        return found

    baseline = load()
    listed = timed(STEPS[0], lambda: inventories.read(estate, tuple(baseline.parameters)))
    folders = [var / "evidence" / urn for urn in sorted({one.urn for one in listed.devices})]
    with Store(var / "leeboard.db") as store:
        done = timed(STEPS[1], lambda: ingest(store, folders, baseline, at=at))
        assert not done.problems + done.notes, (done.problems + done.notes)[:3]
        status = timed(STEPS[2], lambda: estate_status(store, baseline, listed.devices, at, runs=done.runs))
        sources = Sources(store, var / "evidence", listed.schools)
        timed(STEPS[3], lambda: school_statuses(sources, baseline, listed.devices, at))
    timed(STEPS[4], lambda: page.write_page(status, var / "drift.html"))
    timed(STEPS[5], lambda: write_news(status, var / "news.txt"))
    with (var / "drift.json").open("w") as stream:
        timed(STEPS[6], lambda: json_report.write_json(status, stream))
    took |= {"devices": len(status.devices), "schools": len(folders)}
    for name in ("leeboard.db", "drift.html", "drift.json"):
        took[name] = (var / name).stat().st_size / 1e6
    took["evidence"] = sum(one.stat().st_size for one in var.glob("evidence/*/*.xz")) / 2e6
    took["memory"] = most_memory()
    return took


def measure(folder: Path, schools: int, devices: int) -> dict[str, float]:
    """Two nights; what the second took."""
    estate = estate_load.make(folder, schools, devices, KINDS)
    answer, found = observed(), {}
    every = sorted(inventories.read(estate, tuple(load().parameters)).devices, key=lambda one: one.urn)
    for number, at in enumerate((datetime.now(UTC) - timedelta(days=1), datetime.now(UTC))):
        for _, school in groupby(every, key=lambda one: one.urn):
            record(folder / "var" / "evidence", list(school), at, answer, number)
        command = [sys.executable, "-m", "tests.scale.night_load", "report", str(estate), str(folder / "var")]
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        found = json.loads(said)
    return found


def show(found: dict[str, float]) -> None:
    """Put the figures into the page."""
    rows = [f"| devices, and schools | {found['devices']:,.0f}, {found['schools']:,.0f} | |"]
    rows += [f"| {step} | {found[step]:.1f} s | |" for step in STEPS]
    each = 1000 * sum(found[step] for step in STEPS) / found["devices"]
    rows += [
        f"| all of it, for each device | {each:.1f} ms | a tenth of a visit |",
        f"| most memory | {found['memory']:.0f} MB | |",
        f"| evidence of one night, the store, the page, the JSON | {found['evidence']:.0f} MB, "
        f"{found['leeboard.db']:.0f} MB, {found['drift.html']:.0f} MB, {found['drift.json']:.0f} MB | |",
    ]
    write("night-load", "\n".join(rows))


def main(*given: str) -> None:
    """`report ESTATE VAR` is the process that is measured; see the top of the file for the rest."""
    if given[:1] == ("report",):
        print(json.dumps(reported(Path(given[1]), Path(given[2]), datetime.now(UTC))))
        return
    os.fsync = lambda _descriptor: None  # what is invented may be lost, and would take an hour on some disks
    with tempfile.TemporaryDirectory(prefix="leeboard-night-") as folder:
        schools, devices = (int(one) for one in given) if given else (estate_load.SCHOOLS, estate_load.DEVICES)
        found = measure(Path(folder), schools, devices)
    print(json.dumps(found, indent=1))
    show(found)


if __name__ == "__main__":
    main(*sys.argv[1:])
