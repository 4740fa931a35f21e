"""Read a baseline from its files, or say what is wrong with it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.model.enums import Level
from leeboard.policy.draft import Draft, SourceFile, draft, source_files
from leeboard.policy.lint import problems_of
from leeboard.policy.model import Baseline
from leeboard.policy.source import Problem

MOST_SHOWN = 10


def load(folder: Path | None = None) -> Baseline:
    """The baseline in `folder`; the shipped one by default. Read again only when a file has changed.

    A folder of one's own is linted as well; the shipped one is linted by its tests, and only its shape is looked at.
    Raises LeeboardError with file, line and key of what is wrong.
    """
    return _baseline(source_files(folder), folder is not None)


@lru_cache(maxsize=4)
def _baseline(sources: tuple[SourceFile, ...], linted: bool) -> Baseline:
    parsed = draft(sources)
    problems = problems_of(parsed) if linted else sorted(parsed.problems)
    if problems:
        raise LeeboardError(_summary(problems))
    return Baseline(
        families=tuple(family for _, family in parsed.families if family is not None),
        drivers=_good(parsed, "drivers.yml"),
        parameters=_good(parsed, "parameters.yml"),
        levels={Level(name): level for name, level in _good(parsed, "levels.yml").items()},
        frameworks=_good(parsed, "frameworks.yml"),
        standards=_good(parsed, "standards.yml"),
        facts=_good(parsed, "facts.yml"),
        digest=digest(sources),
    )


def digest(sources: tuple[SourceFile, ...]) -> str:
    """The SHA-256 over names and contents, each with its length before it, so that none can be moved to another."""
    total = hashlib.sha256()
    for source in sources:
        for part in (source.name.encode(), source.content):
            total.update(len(part).to_bytes(8, "big"))
            total.update(part)
    return total.hexdigest()


def _good(parsed: Draft, name: str) -> dict[str, Any]:
    return parsed.tables[name].good()


def _summary(problems: list[Problem]) -> str:
    shown = [str(problem) for problem in problems[:MOST_SHOWN]]
    if len(problems) > MOST_SHOWN:
        shown.append(f"and {len(problems) - MOST_SHOWN} more: run leeboard baseline lint")
    return "the baseline is wrong: " + "; ".join(shown)
