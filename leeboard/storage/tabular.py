"""Tables that people export and edit: CSV as any program writes it, or JSON. Pure: bytes in, rows out.

Errors name lines and columns and never what stands there, since the tables that we read name people.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

from leeboard.storage.csv_reader import MARKS, WORKBOOKS, Records

MOST_ROWS = 200_000


class BadTable(Exception):
    """What is wrong with a table, in words that quote nothing of its content."""


@dataclass(frozen=True)
class Row:
    """One row: cells by the plain name of their column (small letters and digits), and where it stands."""

    place: str
    cells: dict[str, str | list[str]]
    names: dict[str, str]

    def has(self, *columns: str) -> bool:
        """True when one of these columns is there."""
        return any(column in self.cells for column in columns)

    def called(self, *columns: str) -> str:
        """What the table itself calls the first of these columns that is there. Raises BadTable without any."""
        for column in columns:
            if column in self.names:
                return self.names[column]
        raise BadTable(f"it has no column {' or '.join(columns[:2])}")

    def text(self, *columns: str) -> str:
        """The cell of the first of these columns that is there, without blanks around it. Raises BadTable."""
        cell = self.cells.get(plain_name(self.called(*columns)), "")
        if isinstance(cell, list):
            raise BadTable(f"{self.place} has a list in the column {self.called(*columns)}")
        return cell.strip()

    def items(self, *columns: str) -> list[str]:
        """The cell as a list: JSON's own, or text with commas, semicolons or bars between. Raises BadTable."""
        cell = self.cells.get(plain_name(self.called(*columns)), "")
        if isinstance(cell, str):
            for separator in ";|\n":
                cell = cell.replace(separator, ",")
            return [part.strip() for part in cell.split(",") if part.strip()]
        return cell


def plain_name(name: str) -> str:
    """A column's name without case, blanks and signs."""
    return "".join(character for character in name.casefold() if character.isalnum())


def read_table(content: bytes) -> list[Row]:
    """The rows of a table, at least one. Raises BadTable."""
    text = _decode(content)
    if not text.strip():
        raise BadTable("it is empty")
    rows = _json(text) if text.lstrip().startswith(("{", "[")) else _csv(text)
    if not rows:
        raise BadTable("it lists nobody")
    if len(rows) > MOST_ROWS:
        raise BadTable(f"it has more than {MOST_ROWS:,} rows")
    return rows


def _decode(content: bytes) -> str:
    """Text with a mark as the mark says; else UTF-8, and what is none is Windows-1252, as Excel saves it here."""
    if content.startswith(WORKBOOKS):
        raise BadTable("it is a workbook or an archive; save the sheet as CSV")
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return _whole(content[len(mark) :], encoding)
    try:
        return _whole(content, "utf-8")
    except BadTable:
        if b"\0" in content:
            raise
        return content.decode("cp1252", "replace")


def _whole(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise BadTable(f"it is no {encoding.upper()} text; it is damaged or cut off") from None
    if "\0" in text:
        raise BadTable("it holds NUL characters; it is no text, or in UTF-16 without a mark: save it as CSV UTF-8")
    return text


def _csv(text: str) -> list[Row]:
    rows: list[Row] = []
    names: list[str] = []
    for record in Records(io.StringIO(text, newline="")):
        place, cells = f"line {record.line}", record.cells
        if cells is None:
            raise BadTable(f"{place} is no CSV ({record.why}); it is damaged, or was cut off")
        if not any(cell.strip() for cell in cells):
            continue
        if not names:
            names = [cell.strip() for cell in cells]
            _distinct(names)
        elif len(cells) != len(names):
            raise BadTable(
                f"{place} has {len(cells)} cells under {len(names)} columns; it is damaged, or was cut off there"
            )
        else:
            rows.append(_row(place, dict(zip(names, cells, strict=True))))
            if len(rows) > MOST_ROWS:
                break
    return rows


def _json(text: str) -> list[Row]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadTable("it is no whole JSON; it is damaged, or was cut off") from None
    shared: dict[str, Any] = {}
    if isinstance(data, dict):
        if "@odata.nextLink" in data:
            raise BadTable("it is one page of several (@odata.nextLink); export all of them")
        shared = {key: value for key, value in data.items() if isinstance(value, str) and not key.startswith("@")}
        data = data.get("value")
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise BadTable("it is no list of accounts (a JSON list, or an object with one under value)")
    for entry in data[:1]:
        _distinct(list(entry))
    return [_row(f"entry {number}", shared | entry) for number, entry in enumerate(data, 1)]


def _row(place: str, cells: dict[str, Any]) -> Row:
    return Row(
        place, {plain_name(name): _cell(cell) for name, cell in cells.items()}, {plain_name(n): n for n in cells}
    )


def _cell(cell: Any) -> str | list[str]:
    if isinstance(cell, list):
        return [str(item) for item in cell]
    return "" if cell is None else str(cell)


def _distinct(names: list[str]) -> None:
    plain = [plain_name(name) for name in names if name]
    if len(set(plain)) != len(plain):
        raise BadTable("two of its columns have the same name")
