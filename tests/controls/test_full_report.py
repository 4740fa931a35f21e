"""The report of `make test-full`, and the line that says when it is stale."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

# By another name than the report's own import, and so of other classes, as in a real run.
from tests.controls.windows_scripts import all_windows_scripts

from .covered import DIGESTS, REPORT, ROOT, covered, digest, listing, staleness
from .full_report import FullReport, Result, Run
from .scripts import AnyScript, all_scripts

AT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
CODE = {"leeboard/verdict/evaluate.py": "a\n", "tests/controls/LCK-01/breaks/x.sh": "b\n", "README.md": "c\n"}


def first(control: str, folder: str) -> AnyScript:
    return next(one for one in all_scripts() if one.name.startswith(f"{control}/{folder}/") and one.mends)


BREAK, HARMLESS = first("LCK-01", "breaks"), first("LCK-01", "harmless")
ON_WINDOWS = next(one for one in all_windows_scripts() if one.flips and one.mends)
SOME = [BREAK, HARMLESS, ON_WINDOWS]


def results(**outcomes: str) -> tuple[Result, ...]:
    """One of each kind, all passed unless said otherwise."""
    return (
        Result("a_second_roll_out_changes_nothing[gnome]", outcome="passed"),
        Result("found", BREAK, outcome=outcomes.get("found", "passed"), why="assert {} == {'LCK-01': 'drifted'}"),
        Result("mended", BREAK, mended=True, outcome=outcomes.get("mended", "passed")),
        Result("harmless", HARMLESS, outcome=outcomes.get("harmless", "passed")),
        Result("windows", ON_WINDOWS, outcome=outcomes.get("windows", "passed")),
    )


def run(digests: dict[str, str], after: dict[str, str] | None = None, **outcomes: str) -> Run:
    return Run(results(**outcomes), AT, 7500.0, digests, digests if after is None else after)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree with covered code, and a report of it."""
    for name, text in CODE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    report(tmp_path)
    return tmp_path


def report(tree: Path, **outcomes: str) -> None:
    proof = tree / "proof"
    proof.mkdir(exist_ok=True)
    found = covered(tree)
    (proof / DIGESTS).write_text(listing(found))
    (proof / REPORT).write_text(run(found, **outcomes).page(SOME, "2 processors"))


def said(tree: Path) -> str:
    return staleness(tree / "proof", tree)


def test_the_covered_code_is_there_and_nothing_else() -> None:
    found = covered()
    for name in (
        "plugins/module_utils/_linux/visit.py", "plugins/module_utils/_windows/Visit.psm1", "leeboard/planning/plan.py",
        "leeboard/baselines/controls/LCK.yml", "tests/vm/recipes/gnome.yml", "tests/controls/machines.yml",
        *(str(one.path.relative_to(ROOT)) for one in SOME), "tests/controls/LCK-01/truth.sh",
    ):  # fmt: skip
        assert name in found
    assert not [name for name in found if name.endswith((".md", ".pyc", "cases.yml", "values.yml"))]


def test_a_report_is_fresh_until_covered_code_changes(tree: Path) -> None:
    assert said(tree) == "make test-full: proof/full.md is about the code as it is"
    (tree / "README.md").write_text("other\n")
    assert "is about the code as it is" in said(tree)
    (tree / "leeboard/verdict/evaluate.py").write_text("other\n")
    (tree / "tests/controls/LCK-01/breaks/x.sh").unlink()
    (tree / "tests/controls/LCK-01/breaks/y.sh").write_text("new\n")
    assert said(tree).endswith(
        "STALE, run it again: 3 of 2 files differ: leeboard/verdict/evaluate.py, "
        "tests/controls/LCK-01/breaks/x.sh, tests/controls/LCK-01/breaks/y.sh"
    )


def test_many_changes_are_counted(tree: Path) -> None:
    for number in range(9):
        (tree / f"tests/controls/LCK-01/breaks/z{number}.sh").write_text("new\n")
    assert said(tree).endswith("z5.sh and 3 more")


def test_what_failed_then_is_said_now(tree: Path) -> None:
    report(tree, found="failed")
    assert said(tree).endswith("is about the code as it is, and 1 tests FAILED")


def test_no_report_and_broken_ones(tree: Path) -> None:
    (tree / "proof" / DIGESTS).write_text("nonsense\n")
    assert "cannot be read ('nonsense' is no digest with a path); run it again" in said(tree)
    (tree / "proof" / DIGESTS).write_text(listing({"other": "0" * 64}))
    assert "are of different runs" in said(tree)
    (tree / "proof" / REPORT).unlink()
    assert said(tree).startswith("make test-full: never run")


def test_sha256sum_takes_the_listing(tree: Path) -> None:
    check = ["sha256sum", "--check", "--strict", f"proof/{DIGESTS}"]
    assert subprocess.run(check, cwd=tree, capture_output=True, check=False).returncode == 0
    (tree / "leeboard/verdict/evaluate.py").write_text("other\n")
    assert b"evaluate.py: FAILED" in subprocess.run(check, cwd=tree, capture_output=True, check=False).stdout


def test_a_page_says_what_was_done_and_how_it_came_out() -> None:
    page = run({"a": "0" * 64}, found="failed").page(SOME, "2 processors")
    for line in (
        "| begun | 2026-03-01 02:00 UTC |",
        "| took | 2 h 5 min |",
        "| on | 2 processors |",
        f"| covers | 1 files, digest `{digest({'a': '0' * 64})}` (`sha256sum --check full.sha256`) |",
        "| came out | 4 passed, 1 failed |",
        "| a_second_roll_out_changes_nothing[gnome] | passed |",
        f"| breaks/{BREAK.path.stem} | {BREAK.story} | **failed** | passed |",
        f"| harmless/{HARMLESS.path.stem} | {HARMLESS.story} | rightly not reported |  |",
        f"| windows/breaks/{ON_WINDOWS.path.stem} | {ON_WINDOWS.story} | passed | passed |",
        "- found: `assert {} == {'LCK-01': 'drifted'}`",
    ):
        assert line in page.split("\n"), page
    assert "not the whole matrix" not in page


@pytest.mark.parametrize(
    ("outcomes", "after", "reason"),
    [
        ({"mended": ""}, None, "1 of 4 proofs of scripts were not done"),
        ({"windows": "skipped"}, None, "1 of 4 proofs of scripts were not done"),
        ({}, {"a": "1"}, "the covered code was changed while it ran"),
    ],
)
def test_less_than_the_whole_matrix_is_said(
    outcomes: dict[str, str], after: dict[str, str] | None, reason: str
) -> None:
    found = run({"a": "0"}, after, **outcomes)
    assert reason in found.missing(SOME)
    assert f"| **not the whole matrix** | {reason} |" in found.page(SOME, "")
    assert run({"a": "0"}).missing(SOME) == []


class Session:
    """A run of pytest over tests by these names, with the report as its listener."""

    def __init__(self, tmp_path: Path, names: list[str], code: str = "0") -> None:
        self.full, self.partial = tmp_path / "full", tmp_path / "partial"
        self.code = {"a": code * 64}
        self.listener = FullReport((self.full, self.partial), lambda: [BREAK], lambda: self.code)
        item: Any = lambda name: SimpleNamespace(nodeid=name, callspec=SimpleNamespace(params={name: BREAK}))  # noqa: E731
        self.items = [item(name) for name in names]
        self.exitstatus = pytest.ExitCode.OK if names else pytest.ExitCode.NO_TESTS_COLLECTED
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


def test_only_a_whole_run_goes_to_its_place(tmp_path: Path) -> None:
    session = Session(tmp_path, ["script"])
    assert session.end() == "nothing was run, so nothing was written"
    session.run("script", teardown="failed")
    assert str(session.partial / REPORT) in session.end()
    assert "not run" in (session.partial / REPORT).read_text()
    session = Session(tmp_path, ["script", "broken"], code="1")
    session.run("script", teardown="failed")
    session.run("broken")
    assert str(session.full / REPORT) in session.end()
    page = (session.full / REPORT).read_text()
    assert "| came out | 1 passed, 1 failed |" in page
    assert "- script: `why 'it'`" in page
    assert (session.full / DIGESTS).read_text() == f"{'1' * 64}  a\n"


def test_what_passed_is_not_done_again_while_the_code_is_the_same(tmp_path: Path) -> None:
    first = Session(tmp_path, ["script", "broken"])
    first.run("script")
    first.run("broken", "failed")
    with (first.partial / "done.jsonl").open("a") as lines:
        lines.write('\n{"code": "0')  # broken off
    second = Session(tmp_path, ["script", "broken"])
    assert second.to_do == ["broken"]
    second.run("broken")
    assert str(second.full / REPORT) in second.end()
    assert "| came out | 2 passed, 0 failed |" in (second.full / REPORT).read_text()
    third = Session(tmp_path, ["script", "broken"])
    assert third.to_do == []
    assert str(third.full / REPORT) in third.end()
    assert third.exitstatus == pytest.ExitCode.OK
    assert Session(tmp_path, ["script"], code="2").to_do == ["script"]


def test_what_ran_while_the_code_was_changed_is_done_again(tmp_path: Path) -> None:
    session = Session(tmp_path, ["script"])
    session.code = {"a": "3" * 64}
    session.run("script")
    assert "the covered code was changed while it ran" in session.end()
    assert Session(tmp_path, ["script"]).to_do == Session(tmp_path, ["script"], code="3").to_do == ["script"]
