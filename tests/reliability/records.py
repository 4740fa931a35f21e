"""What was seen after each point, a line each in docs/proof/reliability.jsonl, written as soon as it is known.

A run that was broken off goes on where it was: what was good with the same code is not done again. The points of the
real machine are in the same file. Run as a program this says how much of it is about the code as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tests import record_lines
from tests.bearing.python import Code

ROOT = Path(__file__).resolve().parents[2]
DONE = ROOT / "docs" / "proof" / "reliability.jsonl"
POINTS = DONE.with_name("reliability_points.json")  # how many there are on image files, by scenario, as last found
IMAGE, MACHINE, ROLL_OUT = "image file", "real machine", "roll-out on a real machine"
# What changes a disk's keys or decides about them, and what cuts it off; of the devices' code what the modules use.
COVERED = (
    "leeboard/escrow/**/*.py",
    "leeboard/storage/files.py",
    "plugins/action/empty_disks.py",
    "plugins/action/recovery_keys.py",
    "plugins/plugin_utils/device_action.py",
    "plugins/modules/empty_disks.py",
    "plugins/modules/luks_format.py",
    "plugins/modules/luks_key.py",
    "tests/reliability/*.py",
    "tests/unit/escrow/bench.py",
    "tests/unit/escrow/tpm_controller.py",
    "tests/unit/linux/luks_machine.py",
    "tests/unit/linux/spare_disk.py",
    "tests/unit/linux/tpm.py",
)
DEVICE_CODE = "plugins/module_utils/"
LENGTH = 24  # digits of a digest
# What a place has besides: what reaches a real machine there, and cuts it off.
BESIDES: dict[str, tuple[str, ...]] = {
    IMAGE: (),
    MACHINE: ("tests/reliability/on_machine/*.py", "tests/controls/resident_observer.py"),
    ROLL_OUT: ("plugins/action/*.py", "plugins/plugin_utils/visit.py", "tests/controls/full_power_cuts.py"),
}
NOT = ("tests/reliability/page.py", "tests/reliability/records.py", "tests/reliability/__main__.py")


@dataclass(frozen=True)
class Seen:
    """What was seen after a point. `opens` is None where nothing opened the disk before either."""

    data: bool
    opens: bool | None
    honest: bool
    finished: bool
    why: str = ""

    @property
    def good(self) -> bool:
        """Nothing is lost, nothing is claimed, nothing is left undone."""
        return self.data and self.opens is not False and self.honest and self.finished


@dataclass(frozen=True, kw_only=True)
class Record(Seen):
    """One point that was gone through, and what was seen after it; `on` is the machine of the test.

    `where` is IMAGE, MACHINE or ROLL_OUT, `seconds` what it took, `code` the digest of the files that it is about.
    """

    where: str
    scenario: str
    kind: str
    number: int
    step: str
    what: str
    at: str
    seconds: float
    on: str
    code: str

    @property
    def point(self) -> tuple[str, str, str, int]:
        """Which point it is."""
        return self.where, self.scenario, self.kind, self.number


class Done:
    """The records in a file, of each point the last."""

    def __init__(self, path: Path = DONE) -> None:
        self._path = path
        self._found = {one.point: one for one in record_lines.read(path, Record)}

    @property
    def records(self) -> list[Record]:
        """What was seen last at each point, in the order of the points."""
        return sorted(self._found.values(), key=lambda one: one.point)

    def good(self, point: tuple[str, str, str, int], step: str, what: str, code: str) -> bool:
        """Whether a point came out well with this very code."""
        found = self._found.get(point)
        return found is not None and found.good and (found.step, found.what, found.code) == (step, what, code)

    def add(self, record: Record) -> None:
        """Write down what was seen."""
        self._found[record.point] = record
        record_lines.append(self._path, record)

    def tidy(self, where: str, scenario: str, there: Iterable[tuple[str, int]]) -> None:
        """Write the file anew, one line a point, without points of a scenario that are no more; `there` are those
        that are, by kind and number."""
        wanted = set(there)
        gone = [one for one in self._found if one[:2] == (where, scenario) and (one[2], one[3]) not in wanted]
        for one in gone:
            del self._found[one]
        record_lines.rewrite(self._path, self.records)


def totals(path: Path = POINTS) -> dict[str, int]:
    """How many points each scenario has on image files, as far as it was ever watched."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def found(scenario: str, points: int, path: Path = POINTS) -> None:
    """Write down how many points a scenario has."""
    text = json.dumps({**totals(path), scenario: points}, indent=1, sort_keys=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", encoding="utf-8")


def code(where: str = IMAGE, root: Path = ROOT) -> str:
    """One digest over all that the points of a place are about, wherever it lies.

    Raises LookupError where nothing is any more of what is named here.
    """
    names: set[str] = set()
    for pattern in (*COVERED, *BESIDES[where]):
        found = {path.relative_to(root).as_posix() for path in root.glob(pattern)}
        if not found:
            raise LookupError(f"{pattern}: there is nothing; say in {Path(__file__).name} where it is now")
        names |= found - set(NOT)
    files = sorted(path for folder in ("leeboard", "plugins", "tests") for path in (root / folder).rglob("*.py"))
    return _digest(frozenset(names), tuple((path.relative_to(root).as_posix(), path.read_bytes()) for path in files))


@lru_cache(maxsize=4)
def _digest(names: frozenset[str], texts: tuple[tuple[str, bytes], ...]) -> str:
    def reach(roots: Collection[str], follow: Callable[[str], bool]) -> list[tuple[str, str]]:
        return (
            Code(dict(texts), whole=lambda _path: True, follow=follow).reach([(root, "") for root in roots]).digests()
        )

    modules = [name for name in names if name.startswith("plugins/")]
    used = names | {path for path, _said in reach(modules, lambda path: path.startswith(DEVICE_CODE))}
    said = "\n".join(sorted(one for _path, one in reach(names, used.__contains__)))
    return hashlib.sha256(said.encode()).hexdigest()[:LENGTH]


def stand(records: Sequence[Record], now: Callable[[str], str] = code) -> str:
    """How much of it is about the code as it is, in half a line; `now` gives the digest of a place."""
    if not records:
        return "nothing was done yet"
    codes = {where: now(where) for where in {one.where for one in records}}
    old = sum(one.code != codes[one.where] for one in records)
    bad = sum(not one.good for one in records)
    said = f"{len(records) - old} of {len(records)} points are about the code as it is"
    return said + (f", {old} about older code" if old else "") + (f"; {bad} FAILED" if bad else "")
