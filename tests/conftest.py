"""What holds for every test: what it needs, when a skip is a failure, and the counts.

- Tests are marked by what they need: `lab` under tests/vm and where one of its machines is asked for, `service` under
  tests/services and tests/credentials and where PostgreSQL is asked for, `windows` under tests/windows, and `bench`
  under tests/scale. Those whose machines work side by side are marked `machine_runs` too. `make test` runs the others.
- LEEBOARD_SKIPS=forbidden: a run that skips anything fails, and says why each was skipped.
- LEEBOARD_FULL: every script of the proof, and a report at the end (tests/controls/full_report.py);
  the tests marked `full`, which are left out otherwise; and many examples where Hypothesis makes them.
- LEEBOARD_COUNTS names a file that gets "passed failed skipped" for scripts/test.sh.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

import hypothesis
import pytest

FULL = bool(os.environ.get("LEEBOARD_FULL"))
# A busy machine is slow, which is no failure. What failed at night is kept, and tried first in the next one.
hypothesis.settings.register_profile("day", deadline=None, max_examples=25, database=None)
hypothesis.settings.register_profile("night", deadline=None, max_examples=400)
hypothesis.settings.load_profile("night" if FULL else "day")

pytest_plugins = ["tests.vm.fixtures"]

_MARK_OF_FIXTURE = {
    **dict.fromkeys(("lab_machines", "new_machine", "machine_run", "cut_off_lab"), "lab"),
    "cluster": "service",
}
_MARK_OF_FOLDER = {"vm": "lab", "scale": "bench", "credentials": "service", "services": "service"}
_HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Let SIGTERM end a run as Ctrl-C does, so that fixtures put away their machines."""
    signal.signal(signal.SIGTERM, _interrupt)
    # A shell starts what runs in its background with SIGINT ignored, and so would all programs under test be.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if FULL:
        from tests.controls.full_report import FullReport

        config.pluginmanager.register(FullReport(), "full-report")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they need, and leave out those of the full proof."""
    if not FULL:
        config.hook.pytest_deselected(items=[one for one in items if one.get_closest_marker("full")])
        items[:] = [one for one in items if not one.get_closest_marker("full")]
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        marks = {_MARK_OF_FIXTURE[fixture] for fixture in fixtures if fixture in _MARK_OF_FIXTURE}
        if ours := _MARK_OF_FOLDER.get(item.path.relative_to(_HERE).parts[0]):
            marks.add(ours)
        if "postgresql" in getattr(getattr(item, "callspec", None), "params", {}).values():
            marks.add("service")  # its fixture is asked for by name while it runs
        for mark in marks:
            item.add_marker(mark)
        if "machine_run" in fixtures:
            item.add_marker("machine_runs")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the counts, and fail a run that skipped something where that is forbidden."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(session.config, "workerinput"):  # one of several processes: the first of them counts
        return
    counted = {outcome: len(terminal.stats.get(outcome, ())) for outcome in ("passed", "failed", "error", "skipped")}
    failed = counted["failed"] + counted["error"]
    if counted["skipped"] and _skips_forbidden() and session.exitstatus in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if target := os.environ.get("LEEBOARD_COUNTS"):
        Path(target).write_text(f"{counted['passed']} {failed} {counted['skipped']}\n", encoding="utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why each test was skipped, where a skip is a failure."""
    skipped: Iterable[pytest.TestReport] = terminalreporter.stats.get("skipped", ())
    if not skipped or not _skips_forbidden():
        return
    terminalreporter.section("skipped, and LEEBOARD_SKIPS=forbidden makes that a failure", sep="=", red=True)
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"{report.nodeid}: {reason}")


def _skips_forbidden() -> bool:
    return os.environ.get("LEEBOARD_SKIPS") == "forbidden"
