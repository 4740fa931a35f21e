"""`make reliability`: go through every point on image files that is not good with this code yet, and write the page.

Names of scenarios as arguments: only these, of which several may run side by side. Ends with 1 when a point failed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.scale.page import machine

from .page import PAGE, write
from .points import Point, bench
from .records import IMAGE, Done, Record, code, found, stand, totals
from .scenarios import SCENARIOS, Scenario


def main() -> int:
    """Go through them; the exit code."""
    missing = [one for one in ("cryptsetup", "strace") if shutil.which(one) is None]
    if missing:
        print(f"make reliability needs {' and '.join(missing)}, as root (apt install cryptsetup-bin strace)")
        return 1
    named = sys.argv[1:]
    for scenario in SCENARIOS:
        if not named or scenario.name in named:
            points = _scenario(scenario)
            if not named:  # another one may be writing
                Done().tidy(IMAGE, scenario.name, [(one.kind, one.number) for one in points])
    done = Done()
    write(done.records, totals())
    print(f"make reliability: {stand(done.records)}; the page is {PAGE}")
    return int(any(not one.good for one in done.records))


def _scenario(scenario: Scenario) -> list[Point]:
    done, now = Done(), code()
    with tempfile.TemporaryDirectory(prefix="leeboard-reliability-") as folder, bench(scenario, Path(folder)) as begun:
        points = begun.points()
        found(scenario.name, len(points))
        left = [one for one in points if not done.good((IMAGE, *_key(one)), one.step, one.what, now)]
        print(f"{scenario.name}: {len(points)} points, {len(left)} of them to be gone through", flush=True)
        for number, point in enumerate(left, 1):
            started = time.monotonic()
            seen = begun.cut_off(point)
            if not seen.good:
                print(f"FAILED {point}: {seen}", flush=True)
            if code() != now:
                raise SystemExit("the code changed meanwhile: nobody knows what this is about; run it again")
            done.add(
                Record(
                    IMAGE, *_key(point), point.step, point.what, seen.data, seen.opens, seen.honest, seen.finished,
                    seen.why, f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}", round(time.monotonic() - started, 1), machine(),
                    now,
                )
            )  # fmt: skip
            if number % 25 == 0:
                print(f"{scenario.name}: {number} of {len(left)}", flush=True)
    return points


def _key(point: Point) -> tuple[str, str, int]:
    return point.scenario, point.kind, point.number


if __name__ == "__main__":
    sys.exit(main())
