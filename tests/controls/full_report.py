"""Writes the report of `make test-full`: what was done to which machine, and how it came out.

A pytest plugin, registered by tests/conftest.py where LEEBOARD_FULL is set. It goes to docs/proof only when every
script was done and the covered code stayed as it was meanwhile; anything less goes to var/proof. What passed is not
done again as long as the code is the same (full_done.py), so the whole may be done in parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.scale.page import machine

from .covered import DIGESTS, PROOF, REPORT, ROOT, covered, digest, listing
from .full_done import Done
from .scripts import FOLDER, AnyScript, all_scripts
from .windows_scripts import all_windows_scripts

PARTIAL = ROOT / "var" / "proof"
DONE = "done.jsonl"
RAN = ("passed", "failed")
LONGEST = 240  # characters of a failure's reason


@dataclass
class Result:
    """How one test came out: passed, failed or skipped, or "" as long as it was not run. `why` is for what failed."""

    test: str
    script: AnyScript | None = None
    mended: bool = False
    outcome: str = ""
    why: str = ""

    @property
    def word(self) -> str:
        """What stands in a table."""
        return {"": "not run", "failed": "**failed**"}.get(self.outcome, self.outcome)


@dataclass(frozen=True)
class Run:
    """A finished run, with what earlier ones did for the same code.

    `before` and `after` are the digests of the covered files at its start and its end.
    """

    results: tuple[Result, ...]
    started: datetime
    seconds: float
    before: dict[str, str]
    after: dict[str, str]

    def missing(self, scripts: Iterable[AnyScript]) -> list[str]:
        """What keeps it from being a run of the whole matrix."""
        seen = {(one.script.path, one.mended) for one in self.results if one.script and one.outcome in RAN}
        wanted = {(script.path, False) for script in scripts}
        wanted |= {(one.path, True) for one in scripts if _mended_apart(one)}
        found = []
        if lacking := len(wanted - seen):
            found.append(f"{lacking} of {len(wanted)} proofs of scripts were not done")
        if unfinished := sum(one.outcome not in RAN for one in self.results):
            found.append(f"{unfinished} of {len(self.results)} tests that were asked for did not run")
        if self.before != self.after:
            found.append("the covered code was changed while it ran")
        return found

    def page(self, scripts: Iterable[AnyScript], on: str) -> str:
        """The report. `on` names the machine."""
        counts = {word: sum(one.outcome == word for one in self.results) for word in ("passed", "failed")}
        minutes = round(self.seconds / 60)
        lines = [
            "# The full proof",
            "",
            "Written by `make test-full`: each break and each harmless change by itself, on real machines.",
            "",
            "| | |",
            "| --- | --- |",
            f"| begun | {self.started:%Y-%m-%d %H:%M} UTC |",
            f"| took | {minutes // 60} h {minutes % 60} min |",
            f"| on | {on} |",
            f"| covers | {len(self.after)} files, digest `{digest(self.after)}` (`sha256sum --check {DIGESTS}`) |",
            f"| came out | {counts['passed']} passed, {counts['failed']} failed |",
            *(f"| **not the whole matrix** | {reason} |" for reason in self.missing(scripts)),
            "",
        ]
        lines += self._machines()
        for control in sorted({one.script.control for one in self.results if one.script}):
            lines += self._control(control)
        return "\n".join([*lines, *self._failures()])

    def _machines(self) -> list[str]:
        rows = [f"| {one.test} | {one.word} |" for one in self.results if not one.script]
        return ["## The machines as a whole", "", "| what | |", "| --- | --- |", *rows, ""] if rows else []

    def _control(self, control: str) -> list[str]:
        rows = [f"## {control}", "", "| script | what was done | found | mended |", "| --- | --- | --- | --- |"]
        mine = [one for one in self.results if one.script and one.script.control == control]
        scripts = {one.script.path: one.script for one in mine if one.script}
        for script in sorted(scripts.values(), key=lambda one: one.path):
            by = {one.mended: one.word for one in mine if one.script and one.script.path == script.path}
            found = by.get(False, "not run")
            mended = by.get(True, "not run") if _mended_apart(script) else found
            if not script.flips:
                found, mended = {"passed": "rightly not reported"}.get(found, found), ""
            elif not script.mends:
                mended = "not meant to be"
            story = script.story.replace("|", "\\|")
            name = script.path.relative_to(FOLDER / control).with_suffix("")
            rows.append(f"| {name} | {story} | {found} | {mended} |")
        return [*rows, ""]

    def _failures(self) -> list[str]:
        failed = [one for one in self.results if one.outcome == "failed"]
        return ["## What failed", "", *(f"- {one.test}: `{one.why}`" for one in failed), ""] if failed else []


def _mended_apart(script: AnyScript) -> bool:
    """Whether a test of its own mends what a script breaks; on Windows one test finds and mends.

    Not asked by class: pytest imports this folder's modules by another name than tests/conftest.py does.
    """
    return bool(script.flips) and script.mends and script.path.suffix != ".ps1"


class FullReport:
    """Listens to a run and writes it down at its end."""

    def __init__(
        self,
        folders: tuple[Path, Path] = (PROOF, PARTIAL),
        scripts: Callable[[], list[AnyScript]] = lambda: [*all_scripts(), *all_windows_scripts()],
        cover: Callable[[], dict[str, str]] = covered,
    ) -> None:
        self.folders, self.scripts, self.cover = folders, scripts, cover
        self.results: dict[str, Result] = {}
        self.before = cover()
        self.done = Done(folders[1] / DONE, digest(self.before))
        self.written = ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Take out what passed before, and note what will be run, so that what is not run shows."""
        by_path = {one.path.relative_to(FOLDER).as_posix(): one for one in self.scripts()}
        for record in self.done.records:
            script = by_path.get(record.script)
            self.results[record.test] = Result(
                _short(record.test), script, record.mended, outcome=record.outcome, why=record.why
            )
        passed = {record.test for record in self.done.records if record.outcome == "passed"}
        again = [item for item in items if item.nodeid not in passed]
        if len(again) < len(items):
            config.hook.pytest_deselected(items=[item for item in items if item.nodeid in passed])
            items[:] = again
        for item in items:
            given = getattr(getattr(item, "callspec", None), "params", {})
            script = given.get("script") or given.get("broken")
            self.results[item.nodeid] = Result(_short(item.nodeid), script, mended="broken" in given)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how it came out: a failure in any phase counts."""
        result = self.results[report.nodeid]
        if report.when == "call" or (report.outcome != "passed" and result.outcome != "failed"):
            result.outcome = report.outcome
            if report.failed:
                crash = getattr(report.longrepr, "reprcrash", None)
                why = str(crash.message if crash else report.longrepr).replace("`", "'")
                result.why = " ".join(why.split())[:LONGEST]
        if report.when == "teardown" and result.outcome in RAN and self.cover() == self.before:
            path = result.script.path.relative_to(FOLDER).as_posix() if result.script else ""
            self.done.add(report.nodeid, path, result.mended, result.outcome, result.why)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the report, unless nothing was done."""
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self.done.records:
            session.exitstatus = pytest.ExitCode.OK  # all that was asked for passed before
        if not any(one.outcome for one in self.results.values()):
            self.written = "nothing was run, so nothing was written"
            return
        scripts = self.scripts()
        run = Run(tuple(self.results.values()), self.done.begun, self.done.seconds, self.before, self.cover())
        folder = self.folders[bool(run.missing(scripts))]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / REPORT).write_text(run.page(scripts, machine()), encoding="utf-8")
        (folder / DIGESTS).write_text(listing(run.after), encoding="utf-8")
        self.written = "; ".join([f"the report is {folder / REPORT}", *run.missing(scripts)])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where it lies."""
        terminalreporter.line(f"make test-full: {self.written}")


def _short(test: str) -> str:
    """A test's name without its folder."""
    return test.rpartition("/")[2]
