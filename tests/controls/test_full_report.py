"""The report of `make test-full`, what is done again, and the line that says how far the proof is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

# By another name than the report's own import, and so of other classes, as in a real run.
from tests.controls.windows_scripts import all_windows_scripts

from .covered import LINUX, ROOT, WINDOWS, about, covered, platform_of
from .full_done import Done, Record, state
from .full_report import FullReport, page
from .scripts import FOLDER, AnyScript, all_scripts

VIEW = """
title: {title}
controls:
  - id: LCK-01
    remedy: {{linux: {linux}, windows: {windows}}}
    settings:
      - {{platform: linux, value: {linux}}}
      - {{platform: windows, value: {windows}}}
      - {{value: {both}}}
"""


def first(control: str, folder: str) -> AnyScript:
    return next(one for one in all_scripts() if one.name.startswith(f"{control}/{folder}/") and one.mends)


BREAK, HARMLESS = first("LCK-01", "breaks"), first("LCK-01", "harmless")
ON_WINDOWS = next(one for one in all_windows_scripts() if one.flips and one.mends)
SOME = [BREAK, HARMLESS, ON_WINDOWS]
FILES = {"leeboard/verdict/evaluate.py": "1", "plugins/module_utils/_linux/host.py": "2"}


def record(test: str, script: AnyScript | None = None, mended: bool = False, outcome: str = "passed") -> Record:
    path = script.path.relative_to(FOLDER).as_posix() if script else ""
    code = about(FILES, platform_of(test, script), script)
    return Record(test, path, mended, outcome, "why" if outcome == "failed" else "", "2026-03-01T02:00Z", 1500.0, code)


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


def test_the_covered_code_is_there_and_nothing_else() -> None:
    found = covered()
    for name in (
        "plugins/module_utils/_linux/visit.py", "plugins/module_utils/_windows/Visit.psm1", "leeboard/planning/plan.py",
        "leeboard/baselines/controls/LCK.yml#linux", "leeboard/baselines/controls/LCK.yml#windows",
        "tests/vm/recipes/gnome.yml", "tests/controls/machines.yml",
        *(str(one.path.relative_to(ROOT)) for one in SOME), "tests/controls/LCK-01/truth.sh",
    ):  # fmt: skip
        assert name in found
    assert not [name for name in found if name.endswith((".md", ".pyc", "cases.yml", "values.yml"))]


OWN = str(BREAK.path.relative_to(ROOT))
LINUX_CODE = "plugins/module_utils/_linux"
BEARS = [
    ("leeboard/verdict/evaluate.py", {"break", "harmless", "windows", "machines"}),
    ("leeboard/baselines/controls/LCK.yml#linux", {"break", "harmless", "machines"}),
    ("leeboard/baselines/controls/LCK.yml#linux#LCK-01", {"break", "harmless", "machines"}),
    ("leeboard/baselines/controls/LCK.yml#linux#LCK-09", {"machines"}),
    ("leeboard/baselines/controls/LCK.yml#windows", {"windows"}),
    (f"{LINUX_CODE}/host.py", {"break", "harmless", "machines"}),
    (f"{LINUX_CODE}/dconf_gvdb.py", {"break", "harmless", "machines"}),
    (f"{LINUX_CODE}/journal.py", {"break", "harmless", "machines"}),
    (f"{LINUX_CODE}/audit_rules.py", {"machines"}),
    ("plugins/modules/dconf_policy.py", {"machines"}),
    ("plugins/module_utils/_windows/Visit.psm1", {"windows"}),
    ("plugins/modules/win_observe.yml", {"windows"}),
    ("tests/windows/standins/run", {"windows"}),
    ("tests/vm/recipes/gnome.yml", {"break", "harmless", "machines"}),
    ("tests/controls/truth_disks.sh", {"machines"}),
    ("tests/controls/truth_session.sh", {"break", "harmless", "machines"}),
    ("tests/controls/encrypted_by_hand.sh", {"break", "harmless", "machines"}),
    ("tests/controls/LCK-01/truth.sh", {"break", "harmless", "machines"}),
    ("tests/controls/AUD-01/truth.sh", {"machines"}),
    ("tests/controls/AUD-01/breaks/other.sh", set()),
    (OWN, {"break"}),
]


@pytest.mark.parametrize(("name", "bears"), BEARS)
def test_a_changed_file_makes_old_what_it_bears_on(name: str, bears: set[str]) -> None:
    proofs = {"break": (LINUX, BREAK), "harmless": (LINUX, HARMLESS), "windows": (WINDOWS, ON_WINDOWS)}
    proofs |= {"machines": (LINUX, None)}
    before, after = {"a": "1", name: "1"}, {"a": "1", name: "2"}
    assert {key for key, given in proofs.items() if about(before, *given) != about(after, *given)} == bears


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        ({"linux": "3"}, {"linux#LCK-01"}),
        ({"windows": "3"}, {"windows#LCK-01"}),
        ({"both": "3"}, {"linux#LCK-01", "windows#LCK-01"}),
        ({"title": "Locks"}, {"linux", "windows"}),
        ({}, set()),
    ],
)
def test_a_baseline_counts_by_platform_and_control(tmp_path: Path, changed: dict[str, str], parts: set[str]) -> None:
    path = tmp_path / "leeboard/baselines/controls/LCK.yml"
    path.parent.mkdir(parents=True)
    said = {"linux": "1", "windows": "1", "both": "1", "title": "Lock"}
    path.write_text(VIEW.format(**said))
    before = covered(tmp_path)
    path.write_text("# A remark.\n" + VIEW.format(**said | changed))
    after = covered(tmp_path)
    assert {name.partition("#")[2] for name in before if before[name] != after[name]} == parts


def test_how_far_the_proof_is(tmp_path: Path) -> None:
    assert state(done(tmp_path, []), FILES, SOME).words == "0 of 4 proofs are about the code as it is, 4 never done"
    found = done(tmp_path, records(found="failed")[:-1])
    assert state(found, FILES, SOME).words == ("3 of 4 proofs are about the code as it is, 1 never done; 1 FAILED")
    other = FILES | {"plugins/module_utils/_linux/host.py": "3"}
    assert state(done(tmp_path, records()), other, SOME).words == (
        "1 of 4 proofs are about the code as it is, 3 about older code"
    )


def test_a_page_says_what_was_done_and_how_it_came_out(tmp_path: Path) -> None:
    lines = records(found="failed")
    lines[3] = replace(lines[3], code="older")
    said = page(lines, state(done(tmp_path, lines), FILES, SOME), SOME, "2 processors")
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
        assert line in said.split("\n"), said


def test_what_was_not_done_stands_in_the_page(tmp_path: Path) -> None:
    lines = records()[:2]
    said = page(lines, state(done(tmp_path, lines), FILES, SOME), SOME, "")
    assert f"| breaks/{BREAK.path.stem} | {BREAK.story} | passed | not run |" in said
    assert f"| harmless/{HARMLESS.path.stem} | {HARMLESS.story} | not run |  |" in said


class Session:
    """A run of pytest over tests by these names, with the report as its listener."""

    def __init__(self, tmp_path: Path, names: list[str], code: str = "0", marks: Sequence[str] = ("lab",)) -> None:
        self.path = tmp_path / "done.jsonl"
        self.code = {"a": code * 64}
        self.listener = FullReport(self.path, lambda: [BREAK], lambda: self.code)
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
    session.code = {"a": "3" * 64}
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
