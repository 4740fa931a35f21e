"""Rules about grounds: each control cites a UK source or says why not, and was reviewed; standards name controls.

The clock is passed in, and looked at by the linter alone: a baseline does not stop working because a year has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from leeboard.model.words import date_text
from leeboard.policy.draft import Draft
from leeboard.policy.source import Problem
from leeboard.policy.standards import Framework, Standard

MONTHS = 12  # after which somebody looks at a control's sources again


def due(reviewed: date) -> date:
    """The last day on which a review still counts."""
    year, month = divmod(reviewed.year * 12 + reviewed.month - 1 + MONTHS, 12)
    try:
        return reviewed.replace(year=year, month=month + 1)
    except ValueError:
        return date(year, month + 1, 28)  # a 29 February; no other day lacks after whole years


def overdue(draft: Draft, today: date) -> Iterator[Problem]:
    """Each control whose review day has passed, or has not come yet."""
    for owner in draft.controls:
        reviewed = owner.control.reviewed
        if reviewed > today:
            yield owner.problem(f"{reviewed} has not come yet; it is the day on which somebody looked", "reviewed")
        elif due(reviewed) < today:
            message = (
                f"was reviewed on {date_text(reviewed)}, and that held until {date_text(due(reviewed))}; look at its "
                "references again, then write the day"
            )
            yield owner.problem(message, "reviewed")


def uk_sources(draft: Draft) -> Iterator[Problem]:
    """Each control refers to something published in the UK, or says why it cannot; not both."""
    frameworks: dict[str, Framework | None] = draft.tables["frameworks.yml"].entries
    for owner in draft.controls:
        control = owner.control
        names = [reference.partition(" ")[0] for reference in control.references]
        named = [frameworks[name] for name in names if name in frameworks]
        if None in named:
            continue  # a broken entry may well be the UK source, and is a problem already
        cited = any(framework is not None and framework.uk for framework in named)
        if cited and control.no_uk_source:
            yield owner.problem("is given, and a reference names a UK source; take one of them out", "no_uk_source")
        elif not cited and not control.no_uk_source.strip():
            message = "names no UK source; add one, or say in no_uk_source why there is none"
            yield owner.problem(message, "references")


def standards(draft: Draft) -> Iterator[Problem]:
    """Each standard is a UK framework, each question has an id of its own and names controls that are there, once."""
    table = draft.tables["standards.yml"]
    frameworks: dict[str, Framework | None] = draft.tables["frameworks.yml"].entries
    # A control of the wrong shape is a problem already; that a question names it is none.
    known = {owner.control.id for owner in draft.controls} if not draft.problems else None
    for name, standard in table.entries.items():
        if name not in frameworks:
            yield table.document.problem((name,), f"{name} is not listed in frameworks.yml")
        elif (framework := frameworks[name]) is not None and not framework.uk:
            yield table.document.problem((name,), f"frameworks.yml does not call {name} a UK source")
        if isinstance(standard, Standard):
            for path, message in _questions(standard, known):
                yield table.document.problem((name, "questions", *path), message)


def _questions(standard: Standard, known: set[str] | None) -> Iterator[tuple[tuple[str | int, ...], str]]:
    seen: set[str] = set()
    for index, question in enumerate(standard.questions):
        if question.id in seen:
            yield (index, "id"), "the id is used twice in this standard"
        seen.add(question.id)
        for place, control in enumerate(question.controls):
            if known is not None and control not in known:
                yield (index, "controls", place), f"{control} is no control of the baseline"
            if control in question.controls[:place]:
                yield (index, "controls", place), f"{control} is named twice"


RULES: tuple[Callable[[Draft], Iterator[Problem]], ...] = (uk_sources, standards)
