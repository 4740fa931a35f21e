"""`make reliability`: go through every point that is not good with this code yet, and write the page.

Without an option the points are on image files, with `--real` on a machine of the lab. Names of scenarios as arguments:
only these, of which several may run side by side. Ends with 1 when a point failed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.scale.page import machine
from tests.vm.errors import LabError
from tests.vm.requirements import lab_requirement

from .on_machine.disk import chosen, on_a_machine
from .page import PAGE, write
from .points import Bench, Point, bench
from .records import IMAGE, MACHINE, Done, Record, Seen, code, found, stand, totals
from .scenarios import SCENARIOS
from .watched import WatchedDisk
from .work import Work

Make = Callable[[Path], WatchedDisk]


def main() -> int:
    """Go through them; the exit code."""
    arguments = argparse.ArgumentParser(prog="python -m tests.reliability")
    arguments.add_argument("--real", action="store_true", help="on a machine of the lab: about a minute a point")
    arguments.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="its name; all of them without one")
    asked = arguments.parse_args()
    where = MACHINE if asked.real else IMAGE
    missing = _missing(where)
    if missing:
        print(f"make reliability needs {missing}")
        return 1
    with _disks(where) as make:
        for scenario in SCENARIOS:
            if where in scenario.where and (not asked.scenarios or scenario.name in asked.scenarios):
                points = _scenario(scenario, where, make)
                if not asked.scenarios:  # another one may be writing
                    Done().tidy(where, scenario.name, [(one.kind, one.number) for one in points])
                write(Done().records, totals())
    done = Done()
    write(done.records, totals())
    print(f"make reliability: {stand(done.records)}; the page is {PAGE}")
    return int(any(not one.good for one in done.records))


def _missing(where: str) -> str:
    if where == MACHINE:
        return lab_requirement() or ""
    missing = [one for one in ("cryptsetup", "strace") if shutil.which(one) is None]
    return f"{' and '.join(missing)}, as root (apt install cryptsetup-bin strace)" if missing else ""


@contextmanager
def _disks(where: str) -> Iterator[Make]:
    """What makes the disk of a place."""
    if where == IMAGE:
        yield WatchedDisk
        return
    with on_a_machine() as make:
        yield make


def _scenario(scenario: Work[Any], where: str, make: Make) -> list[Point]:
    done, now = Done(), code(where)
    with (
        tempfile.TemporaryDirectory(prefix="leeboard-reliability-") as folder,
        bench(scenario, Path(folder), make) as begun,
    ):
        points = begun.points()
        if where == IMAGE:
            found(scenario.name, len(points))
        else:
            points = chosen(points)
        left = [one for one in points if not done.good((where, *_key(one)), one.step, one.what, now)]
        print(f"{scenario.name}: {len(points)} points, {len(left)} of them to be gone through", flush=True)
        for number, point in enumerate(left, 1):
            started = time.monotonic()
            seen = _gone_through(begun, point)
            seconds = round(time.monotonic() - started, 1)
            if not seen.good:
                print(f"FAILED {point}: {seen}", flush=True)
            if code(where) != now:
                raise SystemExit("the code changed meanwhile: nobody knows what this is about; run it again")
            done.add(
                Record(
                    **asdict(seen), **asdict(point), where=where, at=f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
                    seconds=seconds, on=machine(), code=now,
                )
            )  # fmt: skip
            if where == MACHINE:
                print(f"{scenario.name}: {point.kind}, {point.step}, {point.what}: {seconds} s", flush=True)
            if number % 25 == 0:
                print(f"{scenario.name}: {number} of {len(left)}", flush=True)
    return points


def _gone_through(begun: Bench, point: Point) -> Seen:
    try:
        return begun.cut_off(point)
    except LabError as trouble:  # an emulated machine hangs now and then; what hangs again is no accident
        print(f"{point}: once more, the lab says: {str(trouble)[:300]}", flush=True)
        return begun.cut_off(point)


def _key(point: Point) -> tuple[str, str, int]:
    return point.scenario, point.kind, point.number


if __name__ == "__main__":
    sys.exit(main())
