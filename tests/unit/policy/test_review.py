"""The grounds of controls: a UK source or why there is none, a review day that passes, and questions of standards."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from leeboard.policy import lint as linter
from leeboard.policy.draft import draft, source_files
from leeboard.policy.review import due
from tests.unit.policy.breaks import AGE, DOR, GOOD, Break, broken, line_of, lint

BREAKS = (
    Break("a control without a UK source", DOR, "by-laws 4.2", "guild 4.2", "references:\n      - guild",
          "DOR-01.references", "names no UK source; add one, or say in no_uk_source why there is none"),
    Break("a UK source and why there is none", DOR, "by-laws 4.2\n", "by-laws 4.2\n    no_uk_source: None.\n",
          "no_uk_source: None", "DOR-01.no_uk_source", "take one of them out"),
    Break("why there is none is empty", DOR, "The town forgot it.", "''", "no_uk_source: ''", "DOR-02.no_uk_source",
          "is empty"),
    Break("a control that nobody reviewed", DOR, "    reviewed: 2026-11-25\n", "", "id: DOR-01", "DOR-01.reviewed",
          "is missing"),
    Break("a review day that is none", DOR, "reviewed: 2026-11-25", "reviewed: 2026-11-31", "reviewed: 2026-11-31",
          "DOR-01.reviewed", "valid date"),
    # Standards
    Break("a standard that is no framework", "standards.yml", "by-laws:\n", "laws:\n", "laws:", "laws",
          "is not listed in frameworks.yml"),
    Break("a standard from elsewhere", "standards.yml", "by-laws:\n", "guild:\n", "guild:", "guild",
          "does not call guild a UK source"),
    Break("an unknown control in a question", "standards.yml", "[DOR-01]", "[DOR-09]", "[DOR-09]",
          "by-laws.questions.close.controls[0]", "DOR-09 is no control of the baseline"),
    Break("a control twice in a question", "standards.yml", "[DOR-01]", "[DOR-01, DOR-01]", "[DOR-01, DOR-01]",
          "by-laws.questions.close.controls[1]", "is named twice"),
    Break("a question twice", "standards.yml", "id: paint", "id: close", 'id: close\n      reference: "4.3"',
          "by-laws.questions.close.id", "used twice"),
    Break("a question without any answer", "standards.yml", "      cannot: Nobody looks at colours.\n", "", "id: paint",
          "by-laws.questions.paint", "says what Leeboard cannot answer"),
    Break("a page that cannot be opened", "standards.yml", "https://town", "http://town", "page: http:", "by-laws.page",
          "must match"),
)  # fmt: skip


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.name)
def test_a_break_is_found_at_its_place(one: Break, tmp_path: Path) -> None:
    folder = broken(tmp_path, one)
    found = [problem for problem in lint(folder) if problem.key == one.key and one.says in problem.message]
    wanted = (f"{folder}/{one.file}", line_of(folder / one.file, one.at))
    assert [(problem.file, problem.line) for problem in found] == [wanted], lint(folder)


@pytest.mark.parametrize(
    ("today", "keys"),
    [
        (date(2026, 11, 26), []),
        (date(2027, 11, 25), []),
        (date(2027, 11, 26), ["AGE-01.reviewed", "DOR-01.reviewed"]),
        (date(2027, 11, 27), ["AGE-01.reviewed", "DOR-01.reviewed", "DOR-02.reviewed"]),
        (date(2026, 11, 25), ["DOR-02.reviewed"]),
    ],
)
def test_a_control_is_wrong_once_its_review_day_has_passed(today: date, keys: list[str]) -> None:
    assert [problem.key for problem in lint(GOOD, today)] == keys


def test_it_says_when_and_what_to_do() -> None:
    (late, *_) = lint(GOOD, date(2027, 11, 26))
    assert late.message.startswith("was reviewed on 25 Nov 2026, and that held until 25 Nov 2027; look at its refer")
    (early,) = lint(GOOD, date(2026, 11, 25))
    assert early.message.startswith("2026-11-26 has not come yet")
    assert (late.file, late.line) == (f"{GOOD}/{AGE}", line_of(GOOD / AGE, "reviewed:"))


def test_a_review_on_a_day_that_not_every_year_has() -> None:
    assert due(date(2028, 2, 29)) == date(2029, 2, 28)
    assert due(date(2026, 12, 31)) == date(2027, 12, 31)


def test_a_baseline_that_nobody_reviewed_still_works() -> None:
    assert linter.problems_of(draft(source_files(GOOD))) == []


def test_one_slip_is_one_problem(tmp_path: Path) -> None:
    slip = Break("a framework of the wrong shape", "frameworks.yml", "uk: true", "uk: maybe", "", "", "")
    assert [problem.key for problem in lint(broken(tmp_path / "a", slip))] == ["by-laws.uk"]
    slip = Break("a control of the wrong shape", DOR, "severity: high", "severity: huge", "", "", "")
    assert [problem.key for problem in lint(broken(tmp_path / "b", slip))] == ["DOR-01.severity"]
