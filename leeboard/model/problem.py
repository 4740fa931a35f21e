"""A mistake in an estate's files: where it is and what to do, as data and in one line."""

from __future__ import annotations

from dataclasses import dataclass

from leeboard.model.values import plain


@dataclass(frozen=True)
class Problem:
    """One mistake. `row` counts as a spreadsheet or an editor does, from 1; `column` is a column or a key by name.

    `message` may hold what somebody typed; `str()` is one printable line in any case.
    """

    file: str
    message: str
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        place = [self.file]
        sheet = not self.file.endswith((".yml", ".yaml"))
        if self.row is not None:
            place.append(f"row {self.row}" if sheet else f"line {self.row}")
        if self.column:
            place.append(f"column {self.column}" if sheet else self.column)
        return plain(f"{', '.join(place)}: {self.message}", 600)


class Mistake(Exception):
    """What is wrong with one row, key or file, on its way to become a Problem."""

    def __init__(self, message: str, column: str = "", row: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.row = row

    def problem(self, file: str, row: int | None = None) -> Problem:
        """The Problem that this mistake is in a file."""
        return Problem(file, self.message, self.row if self.row is not None else row, self.column)
