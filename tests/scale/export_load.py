"""What exports cost as an estate grows: the memory must be that of one school, and the time that of each device.

`python -m tests.scale.export_load [SCHOOLS DEVICES]` (200 schools of 125) visits this machine once, writes what it said
as a night of an invented estate, and of another that is eight times smaller, and exports both in every format, each in
a process whose memory counts. It prints ratios of the larger to the smaller: devices, seconds of a processor, memory.
No device but this one is asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from leeboard.ansible import inventory as inventories
from leeboard.cli.export import opened
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.policy.load import load
from leeboard.report.export.exporting import ENDINGS, Wanted, export
from tests.scale import estate_load, night_load
from tests.scale.memory import most_memory

ROOT = Path(__file__).resolve().parents[2]
TIMES = 8  # by which the larger estate is larger


def make(folder: Path, schools: int, devices: int, answer: dict[str, object]) -> Path:
    """An estate after one night, loaded; its inventory."""
    folder.mkdir()
    estate = estate_load.make(folder, schools, devices, night_load.KINDS)
    baseline = load()
    at = datetime.now(UTC) - timedelta(hours=1)
    every = sorted(inventories.read(estate, tuple(baseline.parameters)).devices, key=lambda one: one.urn)
    for _, school in groupby(every, key=lambda one: one.urn):
        night_load.record(folder / "var" / "evidence", list(school), at, answer, 0)
    with Store(folder / "var" / "leeboard.db") as store:
        done = ingest(store, [folder / "var" / "evidence"], baseline)
        assert not done.problems, done.problems[:3]
    return estate


def measured(folder: Path, format: str, inventory: str) -> dict[str, float]:
    """Export into one file, in this process: seconds of a processor, memory in MB, and the file in MB."""
    var, at = folder / "var", datetime.now(UTC)
    path = folder / f"out.{ENDINGS[format]}"
    before = time.process_time()
    with Store(var / "leeboard.db") as store:
        source, _ = opened(store, load(), var, Path(inventory) if inventory else None, at)
        export(source, Wanted(format, source.urns(None)), path)
    return {"seconds": time.process_time() - before, "memory": most_memory(), "size": path.stat().st_size / 1e6}


def asked(folder: Path, format: str, inventory: str) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.scale.export_load", "one", str(folder), format, inventory]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(*given: str) -> None:
    """`one FOLDER FORMAT INVENTORY` is the process that is measured; see the top of the file for the rest."""
    if given[:1] == ("one",):
        print(json.dumps(measured(Path(given[1]), *given[2:])))
        return
    os.fsync = lambda _descriptor: None  # what is invented may be lost, and would take an hour on some disks
    schools, devices = (int(one) for one in given) if given else (estate_load.SCHOOLS, estate_load.DEVICES)
    answer = night_load.observed()
    with tempfile.TemporaryDirectory(prefix="leeboard-export-") as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        few = max(1, schools // TIMES)
        estates = {small: make(small, few, devices, answer), large: make(large, schools, devices, answer)}
        print(f"{schools * devices:,} devices in {schools} schools, {schools / few:.0f} times as many as the smaller")
        for format in ENDINGS:
            for with_inventory in (False, True):
                one, other = (asked(f, format, str(e) if with_inventory else "") for f, e in estates.items())
                ratios = ", ".join(f"{key} {other[key] / one[key]:.2f}" for key in ("seconds", "memory", "size"))
                kind = f"{format}{' with the inventory' if with_inventory else ''}"
                took = f"{other['seconds']:.1f} s, {other['memory']:.0f} MB, a file of {other['size']:.1f} MB"
                print(f"{kind}: {ratios}; the larger {took}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
