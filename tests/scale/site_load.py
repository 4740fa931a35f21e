"""What the site costs as an estate grows: time, memory, sizes, and what is written again when little changed.

`python -m tests.scale.site_load [DEVICES]` (25,000, in schools of 125; half an hour and 5 GB of disk) files a night of
a hundred kinds of answers, each device with a serial of its own: who answers has drifted in two controls, and every
third is silent. It writes the site in a process whose memory counts, loads a second night on which two devices in a
hundred have changed, writes it again, and puts the figures into docs/performance.md when they are of 25,000 devices.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.policy.load import load
from leeboard.report.export.source import Source
from leeboard.report.site.build import build
from tests.scale.evidence_load import BEGAN, DAY, MANY, ROOT, Line, Lines, devices, record
from tests.scale.memory import most_memory
from tests.scale.page import write

SCHOOL = 125
DRIFTED = ("AUD-02", "LCK-01", "ENC-01", "REM-04")
SILENT, CHANGED = 3, 50  # one device in so many
ANSWERS = 100
ELEMENT = re.compile(rb"<[a-z]")
SECONDS, MEMORY, PAGE, ELEMENTS, INDEX = 180, 1000, 500, 5000, 5.0


def night(evidence: Path, count: int, number: int) -> None:
    """File a night of so many devices."""
    at, lines = BEGAN + number * DAY, Lines()
    alike = [device for school in devices(ANSWERS) for device in school]
    for school in devices(count, SCHOOL):
        record(evidence, school, at, said(school, lines, alike, number, at))


def said(school: list[Expected], lines: Lines, alike: list[Expected], number: int, at: datetime) -> Iterator[Line]:
    """The lines of a school's devices: each says what one of those in `alike` says."""
    for device in school:
        mine = int(device.asset[3:])
        if mine % SILENT == 0:
            message = "no answer within 10 seconds; is it switched on?"
            line: Line = {"asset": device.asset, "name": device.name, "at": at.isoformat(), "message": message}
            yield {**line, "outcome": "unreachable"}
            continue
        changed = number > 0 and mine % CHANGED == 1
        line = lines.of(alike[mine % ANSWERS], changed, at)
        wrong = {DRIFTED[mine % 4], DRIFTED[(mine + 1 + changed) % 4]}
        for finding in line["findings"]:
            for one in (finding, *finding["judged"]) if finding["control"] in wrong else ():
                one["verdict"] = "drifted"
        serial = {"serial": {"state": "value", "value": f"S{mine:06d}", "source": "dmi"}}
        seen = {**line["observation"], "identity": {**line["observation"]["identity"], **serial}}
        yield {**line, "asset": device.asset, "name": device.name, "observation": seen}


def measured(var: Path, folder: Path, at: datetime) -> dict[str, float]:
    """Write the site, in this process: seconds, and those of a processor, memory in MB, and what was written."""
    began, worked = time.monotonic(), time.process_time()
    with Store(var / "leeboard.db") as store:
        done = build(Source(store, load(), var / "evidence", at), folder)
    took = {"seconds": time.monotonic() - began, "processor": time.process_time() - worked, "memory": most_memory()}
    return {**took, "written": done.files.written, "kept": done.files.kept}


def asked(var: Path, folder: Path, at: datetime) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.scale.site_load", "one", str(var), str(folder), at.isoformat()]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def sizes(folder: Path) -> dict[str, float]:
    """The largest page in kB and in elements, the largest index in MB, and the whole in MB."""
    pages = [path.read_bytes() for path in folder.rglob("*.html")]
    return {
        "page": max(map(len, pages)) / 1e3,
        "elements": max(len(ELEMENT.findall(page)) for page in pages),
        "index": (folder / "devices.js").stat().st_size / 1e6,
        "whole": sum(path.stat().st_size for path in folder.rglob("*.*")) / 1e6,
        "files": sum(1 for path in folder.rglob("*.*")),
    }


def main(*given: str) -> None:
    """`one VAR FOLDER MOMENT` is the process that is measured."""
    if given[:1] == ("one",):
        print(json.dumps(measured(Path(given[1]), Path(given[2]), datetime.fromisoformat(given[3]))))
        return
    os.fsync = lambda _descriptor: None  # what is invented may be lost; the processes that are measured do sync
    count = int(given[0]) if given else MANY
    found = []
    with tempfile.TemporaryDirectory(prefix="leeboard-site-") as place:
        var, folder = Path(place, "var"), Path(place, "site")
        for number in range(2):
            night(var / "evidence", count, number)
            with Store(var / "leeboard.db") as store:
                done = ingest(store, [var / "evidence"], load(), var / "evidence")
                assert not done.problems, done.problems[:3]
            found.append(asked(var, folder, BEGAN + number * DAY + timedelta(hours=6)))
            print(json.dumps(found[-1]), flush=True)
        big = sizes(folder)
        print(json.dumps(big))
    if count == MANY:
        show(found, big)


def show(found: list[dict[str, float]], big: dict[str, float]) -> None:
    """Put the figures into the page."""
    first, second = found

    def took(one: dict[str, float]) -> str:
        return f"{one['seconds']:.0f} s, {one['processor']:.0f} s of the processor, {one['memory']:.0f} MB"

    rows = [
        f"| devices, and files of the site | {MANY:,}, {big['files']:,.0f} | |",
        f"| the first time | {took(first)} | {SECONDS} s, {MEMORY} MB |",
        f"| after a night on which 2 % changed | {took(second)} | |",
        f"| files written then, and left as they were | {second['written']:,.0f}, {second['kept']:,.0f} | |",
        f"| the largest page | {big['page']:.0f} kB, {big['elements']:,.0f} elements | {PAGE} kB, {ELEMENTS:,} |",
        f"| the list of every device | {big['index']:.1f} MB | {INDEX:.0f} MB |",
        f"| all of it | {big['whole']:.0f} MB | |",
    ]
    write("site-load", "\n".join(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
