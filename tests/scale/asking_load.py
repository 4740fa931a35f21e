"""What it costs to ask: each command on an estate of so many devices, as ratios within one run.

`python -m tests.scale.asking_load [DEVICES]` (1,000) files one night as tests/scale/evidence_load.py does, no two
devices alike, and prints for each command the seconds it took, over those of `leeboard status`; the seconds that 25,000
devices would take at that rate; and the most memory that it and its processes had. Nothing is written into a page: the
machine may be busy with other things.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.policy.load import load
from tests.scale.evidence_load import BEGAN, MANY, ROOT, Lines, devices, record

COMMANDS = (
    ("status",),
    ("worklist",),
    ("history", "LCK-01"),
    ("history", "LT-000007"),
    ("evidence", "LT-000007"),
    ("report", "--json"),
    ("what-if", "--set", "LCK-01=300"),
    ("what-if", "--level", "high"),
)
RUN = "from leeboard.cli.main import main; main()"
WANTED = 60.0  # seconds for what-if on MANY devices


def file_night(var: Path, count: int) -> None:
    """One night of so many devices, loaded."""
    for school in devices(count):
        lines = Lines()
        record(var / "evidence", school, BEGAN, (lines.of(one, False, BEGAN) for one in school))
    with Store(var / "leeboard.db") as store:
        done = ingest(store, [var / "evidence"], load(), var / "evidence")
    if done.problems:
        raise RuntimeError(done.problems[0])


def measured(var: Path, words: tuple[str, ...]) -> tuple[float, float]:
    """Seconds and megabytes of a command; the memory of processes at the same time is added up every tenth second."""
    command = [sys.executable, "-c", RUN, *words, "--var", str(var)]
    began, most = time.monotonic(), 0.0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, memory(process.pid))
            time.sleep(0.1)
    if process.returncode not in (0, 2, 3):
        raise RuntimeError(f"leeboard {' '.join(words)} ended with {process.returncode}")
    return time.monotonic() - began, most


def memory(pid: int) -> float:
    """Megabytes that a process and its children have to themselves, with their share of what they share."""
    total = 0.0
    for one in (pid, *children(pid)):
        try:
            said = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in said.splitlines() if line.startswith("Pss:")) / 1000
    return total


def children(pid: int) -> list[int]:
    """The processes below one."""
    try:
        own = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return own + [below for child in own for below in children(child)]


def main(count: int) -> None:
    """Measure, and print a table."""
    os.fsync = lambda _descriptor: None  # what is invented may be lost
    with tempfile.TemporaryDirectory(prefix="leeboard-asking-") as folder:
        var = Path(folder)
        file_night(var, count)
        bare, _ = measured(var, ("status", "--help"))
        found = {words: measured(var, words) for words in COMMANDS}
    status = found["status",][0]
    print(f"{count:,} devices; leeboard status --help took {bare:.1f} s")
    print(f"{'command':28}{'seconds':>9}{'over status':>13}{f'for {MANY:,}':>12}{'MB':>7}")
    for words, (seconds, most) in found.items():
        whole = bare + (seconds - bare) * MANY / count
        print(f"{' '.join(words):28}{seconds:9.1f}{seconds / status:13.2f}{whole:12.0f}{most:7.0f}")
    print(f"wanted: what-if at most {WANTED:.0f} seconds for {MANY:,} devices, on two processors that do nothing else")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1000)
