"""The report of `make test-full`, what is done again, and the line that says how far the proof is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.bearing.baseline import LINUX

# By another name than the report's own import, and so of other classes, as in a real run.
from tests.controls.windows_scripts import all_windows_scripts

from .covered import About, platform_of
from .full_done import Done, Record, state
from .full_report import FullReport, page
from .scripts import FOLDER, AnyScript, all_scripts


def first(control: str, folder: str) -> AnyScript:
    return next(script for script in all_scripts() if script.name.startswith(f"{control}/{folder}/") and script.mends)


BREAK, HARMLESS = first("LCK-01", "breaks"), first("LCK-01", "harmless")
ON_WINDOWS = next(script for script in all_windows_scripts() if script.flips and script.mends)
SOME = [BREAK, HARMLESS, ON_WINDOWS]


def code(linux: str = "1") -> About:
    """The digests of code that is this one on Linux."""
    return lambda platform, script: f"{platform} {linux if platform == LINUX else 1} {script and script.name}"


def record(test: str, script: AnyScript | None = None, mended: bool = False, outcome: str = "passed") -> Record:
    path = script.path.relative_to(FOLDER).as_posix() if script else ""
    digest = code()(platform_of(test, script), script)
    return Record(
        test, path, mended, outcome, "why" if outcome == "failed" else "", "2026-03-01T02:00Z", 1500.0, digest
    )


def records(**outcomes: str) -> list[Record]:
    """One of each kind, all passed unless said otherwise."""
    return [
        record("a_second_roll_out_changes_nothing[gnome]"),
        record("found", BREAK, outcome=outcomes.get("found", "passed")),
        record("mended", BREAK, mended=True, outcome=outcomes.get("mended", "passed")),
        record("harmless", HARMLESS, outcome=outcomes.get("harmless", "passed")),
        record("windows", ON_WINDOWS, outcome=outcomes.get("windows", "passed")),
    ]


def done(tmp_path: Path, lines: list[Record]) -> Done:
    found = Done(tmp_path / "done.jsonl")
    for line in lines:
        found.add(line)
    return Done(tmp_path / "done.jsonl")


def test_how_far_the_proof_is(tmp_path: Path) -> None:
    assert state(done(tmp_path, []), code(), SOME).words == "0 of 4 proofs are about the code as it is, 4 never done"
    found = done(tmp_path, records(found="failed")[:-1])
    assert state(found, code(), SOME).words == ("3 of 4 proofs are about the code as it is, 1 never done; 1 FAILED")
    assert state(done(tmp_path, records()), code("2"), SOME).words == (
        "1 of 4 proofs are about the code as it is, 3 about older code"
    )


def test_a_page_says_what_was_done_and_how_it_came_out(tmp_path: Path) -> None:
    lines = records(found="failed")
    lines[3] = replace(lines[3], code="older")
    text = page(lines, state(done(tmp_path, lines), code(), SOME), SOME, "2 processors")
    for line in (
        "| how far | 3 of 4 proofs are about the code as it is, 1 about older code; 1 FAILED |",
        "| came out | 4 passed, 1 failed |",
        "| done | 2026-03-01T02:00Z to 2026-03-01T02:00Z |",
        "| took | 2 h 5 min |",
        "| on | 2 processors |",
        "| a_second_roll_out_changes_nothing[gnome] | passed |",
        f"| breaks/{BREAK.path.stem} | {BREAK.story} | **failed** | passed |",
        f"| harmless/{HARMLESS.path.stem} | {HARMLESS.story} | rightly not reported (older code) |  |",
        f"| windows/breaks/{ON_WINDOWS.path.stem} | {ON_WINDOWS.story} | passed | passed |",
        "- found: `why`",
    ):
        assert line in text.split("\n"), text


def test_what_was_not_done_stands_in_the_page(tmp_path: Path) -> None:
    lines = records()[:2]
    text = page(lines, state(done(tmp_path, lines), code(), SOME), SOME, "")
    assert f"| breaks/{BREAK.path.stem} | {BREAK.story} | passed | not run |" in text
    assert f"| harmless/{HARMLESS.path.stem} | {HARMLESS.story} | not run |  |" in text


class Session:
    """A run of pytest over tests by these names, with the report as its listener."""

    def __init__(self, tmp_path: Path, names: list[str], code: str = "0", marks: Sequence[str] = ("lab",)) -> None:
        self.path = tmp_path / "done.jsonl"
        self.code = code
        self.listener = FullReport(self.path, lambda: [BREAK], lambda: lambda *_given, said=self.code: said)
        self.items = [
            SimpleNamespace(
                nodeid=name, callspec=SimpleNamespace(params={name: BREAK}), get_closest_marker=marks.__contains__
            )
            for name in names
        ]
        self.exitstatus = pytest.ExitCode.OK
        config: Any = SimpleNamespace(hook=SimpleNamespace(pytest_deselected=lambda items: None))
        self.listener.pytest_collection_modifyitems(config, self.items)
        if not self.items:
            self.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED

    def run(self, name: str, word: str = "passed", teardown: str = "passed") -> None:
        for when, outcome in (("call", word), ("teardown", teardown)):
            report: Any = SimpleNamespace(
                nodeid=name, when=when, outcome=outcome, failed=outcome == "failed", longrepr="why\n`it`"
            )
            self.listener.pytest_runtest_logreport(report)

    def end(self) -> str:
        self.listener.pytest_sessionfinish(self)  # type: ignore[arg-type]
        return self.listener.written

    @property
    def to_do(self) -> list[str]:
        return [item.nodeid for item in self.items]


def test_a_run_is_written_down(tmp_path: Path) -> None:
    session = Session(tmp_path, ["script", "broken"])
    assert session.end() == "nothing was run, so nothing was written"
    session.run("script", teardown="failed")
    assert "1 of 2 proofs are about the code as it is, 1 never done; 1 FAILED" in session.end()
    session.run("broken")
    assert "2 of 2 proofs are about the code as it is; 1 FAILED" in session.end()
    assert "- script: `why 'it'`" in (tmp_path / "full.md").read_text()


def test_what_passed_is_not_done_again_while_the_code_is_the_same(tmp_path: Path) -> None:
    first = Session(tmp_path, ["script", "broken"])
    first.run("script")
    first.run("broken", "failed")
    with first.path.open("a") as lines:
        lines.write('\n{"code": "0')  # broken off
    second = Session(tmp_path, ["script", "broken"])
    assert second.to_do == ["broken"]
    second.run("broken")
    assert "2 of 2 proofs are about the code as it is; the report" in second.end()
    assert len(first.path.read_text().splitlines()) == 2
    third = Session(tmp_path, ["script", "broken"])
    assert third.to_do == []
    third.end()
    assert third.exitstatus == pytest.ExitCode.OK
    assert Session(tmp_path, ["script"], code="2").to_do == ["script"]


def test_what_needs_no_machine_is_done_always_and_not_written_down(tmp_path: Path) -> None:
    session = Session(tmp_path, ["script"], marks=["full"])
    session.run("script")
    assert session.end() == "nothing was run, so nothing was written"
    assert Session(tmp_path, ["script"], marks=["full"]).to_do == ["script"]


def test_what_ran_while_the_code_was_changed_is_done_again(tmp_path: Path) -> None:
    session = Session(tmp_path, ["script"])
    session.code = "3"
    session.run("script")
    assert session.end() == "nothing was run, so nothing was written"
    assert Session(tmp_path, ["script"]).to_do == Session(tmp_path, ["script"], code="3").to_do == ["script"]


def test_what_was_done_to_a_script_that_is_gone_goes_too(tmp_path: Path) -> None:
    found = done(tmp_path, [record("found", BREAK), record("windows", ON_WINDOWS), record("machines")])
    found.tidy([BREAK])
    assert [one.test for one in Done(tmp_path / "done.jsonl").records] == ["found", "machines"]


def test_that_a_script_was_mended_goes_when_no_roll_out_mends_it_any_more(tmp_path: Path) -> None:
    found = done(tmp_path, [record("found", BREAK), record("mended", BREAK, mended=True)])
    found.tidy([replace(BREAK, mends=False)])
    assert [one.test for one in Done(tmp_path / "done.jsonl").records] == ["found"]
