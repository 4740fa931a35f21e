"""Writes the report of `make test-full`, docs/proof/full.md: what was done to which machine, and how it came out.

A pytest plugin, registered by tests/conftest.py where LEEBOARD_FULL is set. What passed is not done again as long as
the code that bears on it is the same (full_done.py), so the whole may be done in parts. A test that needs no machine
is always done, and not written down: covered.py does not say what bears on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.scale.page import machine

from .covered import About, covered, platform_of
from .full_done import DONE, RAN, Done, Record, State, every_script, mended_apart, state
from .scripts import FOLDER, AnyScript

REPORT = "full.md"
LONGEST = 240  # characters of a failure's reason


class FullReport:
    """Listens to a run, writes down how each test came out, and the report at the end."""

    def __init__(
        self,
        done: Path = DONE,
        scripts: Callable[[], Sequence[AnyScript]] = every_script,
        cover: Callable[[], About] = lambda: covered().about,
    ) -> None:
        self.page = done.with_name(REPORT)
        self.scripts, self.cover = scripts, cover
        self.before = cover()
        self.done = Done(done)
        self.asked: dict[str, tuple[AnyScript | None, bool]] = {}
        self.outcomes: dict[str, tuple[str, str]] = {}
        self.last = time.monotonic()
        self.written = ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Take out what passed before with the same code."""
        again: list[pytest.Item] = []
        passed: list[pytest.Item] = []
        for item in items:
            if not any(item.get_closest_marker(mark) for mark in ("lab", "windows")):
                again.append(item)
                continue
            parameters = getattr(getattr(item, "callspec", None), "params", {})
            self.asked[item.nodeid] = (parameters.get("script") or parameters.get("broken"), "broken" in parameters)
            before = self.done.passed(item.nodeid, self._code(item.nodeid, self.before))
            (passed if before else again).append(item)
        if passed:
            config.hook.pytest_deselected(items=passed)
            items[:] = again

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how it came out: a failure in any phase counts."""
        if report.when == "call" or (report.outcome != "passed" and self._outcome(report.nodeid) != "failed"):
            crash = getattr(report.longrepr, "reprcrash", None)
            why = str(crash.message if crash else report.longrepr).replace("`", "'") if report.failed else ""
            self.outcomes[report.nodeid] = (report.outcome, " ".join(why.split())[:LONGEST])
        if report.when == "teardown" and report.nodeid in self.asked and self._outcome(report.nodeid) in RAN:
            self._write_down(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the report."""
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self.done.records:
            session.exitstatus = pytest.ExitCode.OK  # all that was asked for passed before
        if not self.done.records:
            self.written = "nothing was run, so nothing was written"
            return
        scripts = self.scripts()
        self.done.tidy(scripts)
        status = state(self.done, self.cover(), scripts)
        self.page.write_text(page(self.done.records, status, scripts, machine()), encoding="utf-8")
        self.written = f"{status.words}; the report is {self.page}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where it lies."""
        terminalreporter.line(f"make test-full: {self.written}")

    def _outcome(self, test: str) -> str:
        return self.outcomes.get(test, ("", ""))[0]

    def _code(self, test: str, about: About) -> str:
        script, _mended = self.asked[test]
        return about(platform_of(test, script), script)

    def _write_down(self, test: str) -> None:
        code = self._code(test, self.before)
        if self._code(test, self.cover()) != code:  # changed while the test ran: nobody knows what it is about
            return
        script, mended = self.asked[test]
        path = script.path.relative_to(FOLDER).as_posix() if script else ""
        now = time.monotonic()
        seconds, self.last = round(now - self.last, 1), now
        outcome, why = self.outcomes[test]
        self.done.add(Record(test, path, mended, outcome, why, f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}", seconds, code))


def page(records: Sequence[Record], status: State, scripts: Iterable[AnyScript], on: str) -> str:
    """The report. `on` names the machine."""
    counts = {word: sum(record.outcome == word for record in records) for word in RAN}
    minutes = round(sum(record.seconds for record in records) / 60)
    lines = [
        "# The full proof",
        "",
        "Written by `make test-full`: every break and every harmless change, on real machines. What is older than code",
        "that bears on it is marked.",
        "",
        "| | |",
        "| --- | --- |",
        f"| how far | {status.words} |",
        f"| came out | {counts['passed']} passed, {counts['failed']} failed |",
        f"| done | {min(record.at for record in records)} to {max(record.at for record in records)} |",
        f"| took | {minutes // 60} h {minutes % 60} min |",
        f"| on | {on} |",
        "",
        "## The machines as a whole",
        "",
        "| what | |",
        "| --- | --- |",
        *(f"| {_short(record.test)} | {_word(record.outcome)} |" for record in records if not record.script),
        "",
    ]
    by = {(record.script, record.mended): record for record in records}
    control = ""
    for script in sorted(scripts, key=lambda item: (item.control, item.path)):
        if script.control != control:
            control = script.control
            lines += [
                "",
                f"## {control}",
                "",
                "| script | what was done | found | mended |",
                "| --- | --- | --- | --- |",
            ]
        lines.append(_row(script, by, status))
    failed = [record for record in records if record.outcome == "failed"]
    lines += (
        ["", "## What failed", "", *(f"- {_short(record.test)}: `{record.why}`" for record in failed)] if failed else []
    )
    return "\n".join([*lines, ""])


def _row(script: AnyScript, by: dict[tuple[str, bool], Record], status: State) -> str:
    path = script.path.relative_to(FOLDER).as_posix()

    def said(mended: bool) -> str:
        record = by.get((path, mended))
        return _word(record.outcome if record else "") + (" (older code)" if (path, mended) in status.old else "")

    seen = said(False)
    mended = said(True) if mended_apart(script) else seen
    if not script.flips:
        seen, mended = seen.replace("passed", "rightly not reported"), ""
    elif not script.mends:
        mended = "not meant to be"
    name = Path(path).relative_to(script.control).with_suffix("")
    return f"| {name} | {script.story.replace('|', chr(92) + '|')} | {seen} | {mended} |"


def _word(outcome: str) -> str:
    """What stands in a table."""
    return {"": "not run", "failed": "**failed**"}.get(outcome, outcome)


def _short(test: str) -> str:
    """A test's name without its folder."""
    return test.rpartition("/")[2]
