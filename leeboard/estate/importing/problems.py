"""The problems of one foreign list while it is read, and how a cell of it is quoted."""

from __future__ import annotations

from dataclasses import dataclass, field

from leeboard.model.problem import Problem
from leeboard.model.values import plain

MOST = 1000  # a file of which every row is wrong says nothing new after that
QUOTED = 40


@dataclass
class Problems:
    """Beyond MOST problems only their number is kept."""

    file: str
    listed: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, row: int | None, column: str, message: str) -> None:
        """Add a problem."""
        if len(self.listed) < MOST:
            self.listed.append(Problem(self.file, message, row, column))
        else:
            self.more += 1

    def all(self) -> tuple[Problem, ...]:
        """The problems, with a last one about those that were too many to keep."""
        if not self.more:
            return tuple(self.listed)
        message = f"{self.more:,} more rows have problems that are not listed; is this the right file?"
        return (*self.listed, Problem(self.file, message))


def quoted(text: str) -> str:
    """A cell as a problem quotes it: one short printable line."""
    return f'"{plain(text, QUOTED)}"'
