"""A head's four questions: what is a yes, what is none, and that nothing unknown is ever a yes."""

from __future__ import annotations

from itertools import product

import pytest

from leeboard.model.enums import Form, Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.policy.load import load
from leeboard.report.summary.questions import QUESTIONS, Answer, Question, answer, counted
from leeboard.verdict.status import DeviceStatus
from tests.unit.report.samples import OUTCOMES, device

LOCKED = Question("locked", "Locked?", ("LCK-01", "LCK-02"))
GOOD = {Verdict.COMPLIANT, Verdict.NOT_APPLICABLE}


def status(*verdicts: Verdict, outcome: str = "observed", form: str = "desktop") -> DeviceStatus:
    """A device with these verdicts on LCK-01 and LCK-02, and another control that drifted."""
    found = zip(("LCK-01", "LCK-02"), verdicts, strict=False)
    findings = [Finding(control, verdict, Mode.ENFORCE) for control, verdict in found]
    return DeviceStatus(
        device("A-1", form=form), outcome, (*findings, Finding("AUD-01", Verdict.DRIFTED, Mode.ENFORCE))
    )


def test_a_device_is_a_yes_only_where_all_is_known_and_well() -> None:
    for one, other in product(Verdict, repeat=2):
        said = answer(LOCKED, status(one, other))
        yes = {one, other} <= GOOD and Verdict.COMPLIANT in (one, other)
        assert (said is Answer.YES) == yes, (one, other, said)


@pytest.mark.parametrize(
    ("verdicts", "wanted"),
    [
        ((Verdict.DRIFTED, Verdict.ERROR), Answer.NO),
        ((Verdict.PENDING, Verdict.COMPLIANT), Answer.NO),
        ((Verdict.WAIVED, Verdict.COMPLIANT), Answer.ACCEPTED),
        ((Verdict.WAIVED, Verdict.DRIFTED), Answer.NO),
        ((Verdict.WAIVED, Verdict.STALE), Answer.UNKNOWN),
        ((Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE), Answer.NONE),
        ((), Answer.UNKNOWN),
    ],
)
def test_the_worse_answer_counts(verdicts: tuple[Verdict, ...], wanted: Answer) -> None:
    assert answer(LOCKED, status(*verdicts)) is wanted


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_device_that_gave_no_answer_that_counts_is_not_known(outcome: str) -> None:
    lost = outcome in ("failed", "another_machine", "other")
    well = answer(LOCKED, status(Verdict.COMPLIANT, Verdict.COMPLIANT, outcome=outcome))
    assert well is (Answer.UNKNOWN if lost else Answer.YES), "what is out of date has verdicts that say so"


def test_a_question_about_laptops_is_about_no_desktop() -> None:
    laptops = Question("encrypted", "Encrypted?", ("LCK-01",), (Form.PORTABLE,))
    assert answer(laptops, status(Verdict.DRIFTED)) is Answer.NONE
    assert answer(laptops, status(Verdict.DRIFTED, form="portable")) is Answer.NO


def test_answers_are_counted_and_those_that_it_does_not_concern_are_left_out() -> None:
    devices = [status(one, Verdict.NOT_APPLICABLE) for one in (*Verdict, Verdict.COMPLIANT)]
    found = counted(LOCKED, devices)
    assert (found.yes, found.no, found.accepted, found.unknown, found.of) == (2, 2, 1, 4, 9)


def test_the_questions_ask_for_controls_that_the_baseline_has() -> None:
    known = {control.id for family in load().families for control in family.controls}
    assert {one for question in QUESTIONS for one in question.controls} <= known
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS) == 4
