"""What can be answered of a standard, question by question: how many devices or schools are a yes, on what grounds.

Counted as on the sheet for heads: a device is a yes only where every control of the question is known and well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leeboard.model.enums import Form
from leeboard.model.words import iso, number
from leeboard.policy.model import Baseline
from leeboard.policy.standards import KNOWN_FROM, Standard, StandardQuestion
from leeboard.report import overview
from leeboard.report.screen import Screen
from leeboard.report.summary.questions import Counted, Question, answer_of, counted, counts
from leeboard.verdict.status import EstateStatus

SCHEMA = 1


@dataclass(frozen=True)
class Answered:
    """One question with its numbers; None where no control of the question is asked of such a thing."""

    question: StandardQuestion
    devices: Counted | None
    schools: Counted | None

    @property
    def words(self) -> tuple[str, ...]:
        """The answer in sentences; none where Leeboard has no answer."""
        found = ((self.devices, "device"), (self.schools, "school"))
        return tuple(
            one.said(thing) if one.of else f"No {thing} is concerned." for one, thing in found if one is not None
        )


def answers(standard: Standard, status: EstateStatus) -> tuple[Answered, ...]:
    """The questions of a standard, in its order."""
    return tuple(_answered(question, status) for question in standard.questions)


def _answered(question: StandardQuestion, status: EstateStatus) -> Answered:
    whole = [name for name in question.controls if _about_school(status.baseline, name)]
    own = tuple(name for name in question.controls if name not in whole)
    devices = schools = None
    if own:
        asked = Question(question.id, question.asks, own, question.forms or tuple(Form))
        devices = counted(asked, status.devices)
    if whole:
        asked = Question(question.id, question.asks, tuple(whole))
        # Without an inventory nothing is asked of schools, so nothing is known of them.
        findings = [school.whole.findings if school.whole else () for school in overview.schools(status)]
        schools = counts(asked, (answer_of(asked, of_school) for of_school in findings))
    return Answered(question, devices, schools)


def _about_school(baseline: Baseline, name: str) -> bool:
    control = baseline.control(name)
    return control is not None and baseline.about_school(control)


def sums(standard: Standard) -> str:
    """How much of a standard Leeboard can answer at all, in one sentence."""
    asked = standard.questions
    whole = sum(not question.cannot for question in asked)
    partly = sum(bool(question.controls and question.cannot) for question in asked)
    rest = len(asked) - whole - partly
    return f"{number(len(asked), 'question')}: {whole} answered with grounds, {partly} in part, {rest} not at all."


def show(screen: Screen, chosen: dict[str, Standard], status: EstateStatus, label: str, dated: str) -> None:
    """Print the answers about these devices. `label` says about whom, `dated` how new all this is, in words."""
    screen.line((overview.marking(status).line, "bold reverse"))
    screen.line(f"{label}: {number(len(status.devices), 'device')}. {dated}")
    for name, standard in chosen.items():
        screen.gap()
        screen.line((f"{name}: {standard.title}", "bold"))
        screen.line(f"{standard.publisher}. {standard.version}.")
        screen.line(standard.page)
        screen.line(standard.source.strip())
        screen.line(sums(standard))
        before = ""
        for one in answers(standard, status):
            if one.question.reference != before:
                screen.gap()
                screen.line((one.question.reference, "bold"))
            before = one.question.reference
            _show(screen, one)


def _show(screen: Screen, one: Answered) -> None:
    question = one.question
    screen.line(f"{question.asks.strip()} ({KNOWN_FROM[question.confidence]})", indent=2)
    for sentence in one.words:
        screen.line(f"answer   {sentence}", indent=4)
    if question.controls:
        screen.line(f"grounds  {', '.join(question.controls)}", indent=4)
    if question.cannot:
        screen.line(f"cannot   {question.cannot.strip()}", indent=4)


def as_json(chosen: dict[str, Standard], status: EstateStatus, label: str) -> dict[str, Any]:
    """The same for other programs."""
    return {
        "schema": SCHEMA,
        "at": iso(status.at),
        "marking": overview.marking(status).label,
        "about": label,
        "standards": [
            {
                "id": name,
                **standard.model_dump(include={"title", "publisher", "version", "page", "source"}),
                "questions": [_as_json(one) for one in answers(standard, status)],
            }
            for name, standard in chosen.items()
        ],
    }


def _as_json(one: Answered) -> dict[str, Any]:
    question = one.question
    return {
        **question.model_dump(include={"id", "reference", "asks", "confidence", "cannot"}),
        "controls": list(question.controls),
        "devices": _numbers(one.devices),
        "schools": _numbers(one.schools),
    }


def _numbers(found: Counted | None) -> dict[str, int] | None:
    if found is None:
        return None
    return {name: getattr(found, name) for name in ("of", "yes", "no", "accepted", "unknown")}
