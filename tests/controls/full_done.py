"""What `make test-full` has proved: a line for each test in docs/proof/done.jsonl, written as soon as it ends.

The whole proof takes hours. A run that was broken off goes on, on another machine too once the file is committed, and
a part (`TESTS='-k LCK'`) counts; what passed is done again only when code that bears on it changed (covered.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests import record_lines

from .covered import ROOT, About, platform_of
from .scripts import FOLDER, AnyScript, all_scripts
from .windows_scripts import all_windows_scripts

PROOF = ROOT / "docs" / "proof"
DONE = PROOF / "done.jsonl"
RAN = ("passed", "failed")


@dataclass(frozen=True)
class Record:
    """One test that ran. `script` is its path below tests/controls, or empty; `code` the digest of what bears on it;
    `seconds` is what passed since the test before."""

    test: str
    script: str
    mended: bool
    outcome: str
    why: str
    at: str
    seconds: float
    code: str


class Done:
    """The records in a file, of each test the last."""

    def __init__(self, path: Path = DONE) -> None:
        self._path = path
        self._found = {record.test: record for record in record_lines.read(path, Record)}

    @property
    def records(self) -> list[Record]:
        """How each test came out when it ran last."""
        return list(self._found.values())

    def passed(self, test: str, code: str) -> bool:
        """Whether a test passed with that very code."""
        record = self._found.get(test)
        return record is not None and (record.outcome, record.code) == ("passed", code)

    def add(self, record: Record) -> None:
        """Write down how a test came out."""
        self._found[record.test] = record
        record_lines.append(self._path, record)

    def tidy(self, scripts: Iterable[AnyScript]) -> None:
        """Write the file anew: one line a test, in order, without those of scripts that are gone, or mend no more."""
        current = {("", False)} | _wanted(scripts)
        records = sorted(self._found.items())
        self._found = {test: record for test, record in records if (record.script, record.mended) in current}
        record_lines.rewrite(self._path, self.records)


@dataclass(frozen=True)
class State:
    """Every proof that is wanted, as (script's path, mended), by how it stands.

    `good` are about the code as it is, `old` about other code, `never` were not done. `failed` counts failed tests.
    """

    good: set[tuple[str, bool]]
    old: set[tuple[str, bool]]
    never: set[tuple[str, bool]]
    failed: int

    @property
    def words(self) -> str:
        """All of it in half a line."""
        wanted = len(self.good) + len(self.old) + len(self.never)
        text = f"{len(self.good)} of {wanted} proofs are about the code as it is"
        text += f", {len(self.old)} about older code" if self.old else ""
        text += f", {len(self.never)} never done" if self.never else ""
        return text + (f"; {self.failed} FAILED" if self.failed else "")


def state(done: Done, about: About, scripts: Iterable[AnyScript]) -> State:
    """How far the proof is; `about` gives the digest of what a script's proof is about now."""
    by_path = {_below(script): script for script in scripts}
    wanted = _wanted(by_path.values())
    ran = {(record.script, record.mended): record for record in done.records if record.outcome in RAN}
    now = {path: about(platform_of("", script), script) for path, script in by_path.items()}
    good = {proof for proof in wanted if proof in ran and ran[proof].code == now[proof[0]]}
    old = {proof for proof in wanted if proof in ran} - good
    return State(good, old, wanted - good - old, sum(record.outcome == "failed" for record in done.records))


def _wanted(scripts: Iterable[AnyScript]) -> set[tuple[str, bool]]:
    """Every proof that is wanted of these scripts, as (script's path, mended)."""
    return {(_below(script), mended) for script in scripts for mended in (False, True)[: 1 + mended_apart(script)]}


def mended_apart(script: AnyScript) -> bool:
    """Whether a test of its own mends what a script breaks; on Windows one test finds and mends.

    Not asked by class: pytest imports this folder's modules by another name than tests/conftest.py does.
    """
    return bool(script.flips) and script.mends and script.path.suffix != ".ps1"


def every_script() -> list[AnyScript]:
    """The scripts of both platforms."""
    return [*all_scripts(), *all_windows_scripts()]


def _below(script: AnyScript) -> str:
    return script.path.relative_to(FOLDER).as_posix()
