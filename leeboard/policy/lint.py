"""Find everything that is wrong with a baseline, in one go: shapes, names, and values that cannot work."""

from __future__ import annotations

from pathlib import Path

from leeboard.policy import proofs, rules
from leeboard.policy.draft import Draft, draft, source_files
from leeboard.policy.source import Problem


def lint(folder: Path | None = None) -> list[Problem]:
    """All problems of the baseline in `folder` (the shipped one by default), by file and line; empty when it is good.

    Raises LeeboardError when there is no baseline to look at.
    """
    return problems_of(draft(source_files(folder)))


def problems_of(draft: Draft) -> list[Problem]:
    """All problems of a draft, by file and line."""
    checks = (*rules.RULES, *proofs.PROOFS)
    return sorted({*draft.problems, *(problem for check in checks for problem in check(draft))})
