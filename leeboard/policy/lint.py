"""Find everything that is wrong with a baseline, in one go: shapes, names, and values that cannot work."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from leeboard.policy import proofs, review, rules
from leeboard.policy.draft import Draft, draft, source_files
from leeboard.policy.source import Problem


def lint(folder: Path | None, today: date) -> list[Problem]:
    """All problems of the baseline in `folder` (None: the shipped one), by file and line; empty when it is good.

    A control that nobody has reviewed for too long is one. Raises LeeboardError when there is no baseline to look at.
    """
    parsed = draft(source_files(folder))
    return sorted({*problems_of(parsed), *review.overdue(parsed, today)})


def problems_of(draft: Draft) -> list[Problem]:
    """All problems of a draft that no clock has a part in, by file and line."""
    checks = (*rules.RULES, *proofs.PROOFS, *review.RULES)
    return sorted({*draft.problems, *(problem for check in checks for problem in check(draft))})
