"""Answers to a standard: counted over devices, or over schools where those are asked, and nothing unknown is a yes."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.policy.load import load
from leeboard.policy.standards import Standard, StandardQuestion
from leeboard.report.screen import Screen
from leeboard.report.standards.answers import Answered, answers, as_json, show, sums
from leeboard.verdict.status import DeviceStatus, EstateStatus, SchoolStatus
from tests.unit.report import samples

LOCKED = {"id": "locked", "reference": "1", "asks": "Locked?", "confidence": "read", "controls": ["LCK-01", "LCK-04"]}
FACTORS = {"id": "factors", "reference": "2", "asks": "Two?", "confidence": "recalled", "controls": ["REM-11"]}
BACKUPS = {"id": "backups", "reference": "3", "asks": "Copies?", "confidence": "second_hand", "cannot": "Not seen."}


def standard(*questions: dict[str, object]) -> Standard:
    """A standard with these questions."""
    about = {"title": "T", "publisher": "P", "version": "1", "page": "https://town.example/t", "source": "S"}
    return Standard.model_validate({**about, "questions": questions})


def of(verdict: Verdict, control: str) -> Finding:
    """A finding that is reported."""
    return Finding(control, verdict, Mode.REPORT)


def estate(*schools: SchoolStatus) -> EstateStatus:
    """Two devices of one school and one of another: well, drifted, never seen."""
    well = DeviceStatus(samples.device("A-1"), "observed", (of(Verdict.COMPLIANT, "LCK-01"),))
    bad = DeviceStatus(samples.device("A-2"), "observed", (of(Verdict.DRIFTED, "LCK-04"),))
    never = DeviceStatus(samples.device("B-1", urn="900002"), "never", ())
    return EstateStatus((well, bad, never), load(), samples.AT, schools=schools)


def answered(question: dict[str, object], status: EstateStatus) -> Answered:
    """The only answer."""
    (found,) = answers(standard(question), status)
    return found


def test_devices_are_counted_and_what_is_not_known_is_no_yes() -> None:
    found = answered(LOCKED, estate())
    assert found.words == ("1 of 3 devices: yes; 1 is not; 1 is not known.",) and found.schools is None


def test_a_question_about_laptops_leaves_desktops_out() -> None:
    assert answered({**LOCKED, "forms": ["portable"]}, estate()).words == ("No device is concerned.",)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.COMPLIANT, "1 of 2 schools: yes; 1 is not known."),
        (Verdict.DRIFTED, "0 of 2 schools: yes; 1 is not; 1 is not known."),
        (Verdict.WAIVED, "0 of 2 schools: yes; 1 is an accepted risk; 1 is not known."),
    ],
)
def test_what_is_asked_of_schools_counts_schools(verdict: Verdict, words: str) -> None:
    found = answered(FACTORS, estate(samples.whole("900001", of(verdict, "REM-11"))))
    assert found.words == (words,) and found.devices is None


def test_without_an_inventory_nothing_is_known_of_schools() -> None:
    assert answered(FACTORS, estate()).words == ("0 of 2 schools: yes; 2 are not known.",)


def test_both_are_counted_where_both_are_asked() -> None:
    both = {**LOCKED, "controls": ["LCK-01", "LCK-04", "REM-11"]}
    assert len(answered(both, estate()).words) == 2


def test_what_nothing_answers_has_no_numbers() -> None:
    found = answered(BACKUPS, estate())
    assert found.words == () and (found.devices, found.schools) == (None, None)


def test_the_sum_says_how_much_is_answered_at_all() -> None:
    partly = {**FACTORS, "cannot": "Others."}
    assert sums(standard(LOCKED, partly, BACKUPS)) == "3 questions: 1 answered with grounds, 1 in part, 1 not at all."


def test_the_screen_and_the_json_say_the_same() -> None:
    chosen = {"town": standard(LOCKED, FACTORS, BACKUPS)}
    stream = io.StringIO()
    show(Screen(Console(file=stream, width=200)), chosen, estate(), "All", "Today.")
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert "  Locked? (read)" in lines and "  Copies? (second hand)" in lines and "  Two? (recalled)" in lines
    assert "    grounds  LCK-01, LCK-04" in lines and "    cannot   Not seen." in lines
    (town,) = as_json(chosen, estate(), "All")["standards"]
    assert [one["confidence"] for one in town["questions"]] == ["read", "recalled", "second_hand"]
    assert town["questions"][0]["devices"] == {"of": 3, "yes": 1, "no": 1, "accepted": 0, "unknown": 1}
    assert town["questions"][2]["devices"] is None and town["questions"][2]["cannot"] == "Not seen."


def test_a_question_is_answered_or_says_why_not() -> None:
    with pytest.raises(ValueError, match="says what Leeboard cannot answer"):
        StandardQuestion.model_validate({**BACKUPS, "cannot": ""})
    with pytest.raises(ValueError, match="about no form of device"):
        StandardQuestion.model_validate({**BACKUPS, "forms": ["portable"]})
