"""What `make test-full` did so far for one state of the covered code: a line for each test, written as soon as it ends.

The whole proof takes hours. A run that was broken off goes on, and a part (`TESTS='-k LCK'`) counts, as long as the
code is the same; the first test of other code begins anew.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """One test that ran. `script` is its path below tests/controls, or empty; `seconds` passed since the one before."""

    test: str
    script: str
    mended: bool
    outcome: str
    why: str
    at: str
    seconds: float


class Done:
    """The records in a file that are about the code with this digest; of one test the last."""

    def __init__(self, path: Path, code: str) -> None:
        self._path, self._code = path, code
        self._last = time.monotonic()
        self._now = datetime.now(UTC)
        before = _read(path, code)
        self._found = {record.test: record for record in before}
        self._seconds = sum(record.seconds for record in before)

    @property
    def records(self) -> list[Record]:
        """How each test came out."""
        return list(self._found.values())

    @property
    def begun(self) -> datetime:
        """When the first of them ended; now, where there is none."""
        return min((datetime.fromisoformat(record.at) for record in self._found.values()), default=self._now)

    @property
    def seconds(self) -> float:
        """How long all of it took, what was done again included."""
        return self._seconds

    def add(self, test: str, script: str, mended: bool, outcome: str, why: str) -> None:
        """Write down how a test came out."""
        now = time.monotonic()
        record = Record(test, script, mended, outcome, why, datetime.now(UTC).isoformat(), round(now - self._last, 1))
        self._last = now
        self._seconds += record.seconds
        fresh = not self._found
        self._found[test] = record
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("w" if fresh else "a", encoding="utf-8") as lines:
            # A line begins with its end of line: the one before may have been cut off.
            lines.write("\n" + json.dumps({"code": self._code, **asdict(record)}))
            lines.flush()
            os.fsync(lines.fileno())


def _read(path: Path, code: str) -> list[Record]:
    """The records of that code. A line that a crash cut off is passed over: its test is done again."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            said = json.loads(line)
        except json.JSONDecodeError:
            continue
        if said.pop("code", "") == code:
            found.append(Record(**said))
    return found
