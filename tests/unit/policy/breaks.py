"""A good baseline, ways to break it, and the linter on a day that stays."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from leeboard.policy import lint as linter
from leeboard.policy.source import Problem

DAY = date(2026, 12, 1)  # on which every baseline here was reviewed lately
GOOD = Path(__file__).parent / "good"
DOR, AGE = "controls/DOR.yml", "controls/AGE.yml"


@dataclass(frozen=True)
class Break:
    """In `file`, `old` (once there) becomes `new`; the problem lies in the line that holds `at`, at `key`."""

    name: str
    file: str
    old: str
    new: str
    at: str
    key: str
    says: str


def lint(folder: Path | None = None, today: date = DAY) -> list[Problem]:
    """The linter on a day that stays."""
    return linter.lint(folder, today)


def broken(folder: Path, one: Break) -> Path:
    """A copy of the good baseline in `folder`, broken."""
    shutil.copytree(GOOD, folder / "baseline")
    path = folder / "baseline" / one.file
    text = path.read_text()
    assert text.count(one.old) == 1, f"{one.old!r} is not there once"
    path.write_text(text.replace(one.old, one.new))
    return folder / "baseline"


def line_of(path: Path, snippet: str) -> int:
    """The number of the line in which `snippet` begins; it is there once."""
    text = path.read_text()
    assert text.count(snippet) == 1, f"{snippet!r} is there {text.count(snippet)} times"
    return text[: text.index(snippet)].count("\n") + 1
