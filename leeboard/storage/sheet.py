"""Sheets that technicians keep and export: CSV as any program writes it, row by row. Pure: bytes in, rows out.

Unlike `leeboard.storage.tabular`, which takes a table whole or not at all, a damaged row costs itself only.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from leeboard.model.problem import Mistake
from leeboard.storage.csv_reader import MARKS, WORKBOOKS, Records
from leeboard.storage.tabular import plain_name

MOST_ROWS = 200_000
MOST_COLUMNS = 500
NO_CSV = "is no CSV: a quotation mark is not closed, or stands within a cell; write it twice there"
# How a cell begins that some spreadsheet would work out: the full-width signs are the same to it as the plain ones.
FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


@dataclass(frozen=True)
class Sheet:
    """The rows of a sheet by their number as a spreadsheet shows it, and what is wrong with the others.

    `headings` are the column names as they stand there, by place.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]
    mistakes: tuple[Mistake, ...] = field(default=())


def read_sheet(content: bytes) -> Sheet:
    """The sheet in these bytes. Raises Mistake when there are no columns to go by."""
    records = Records(io.StringIO(_decode(content), newline=""))
    separator = records.separator
    headings: tuple[str, ...] = ()
    rows: list[tuple[int, list[str]]] = []
    mistakes: list[Mistake] = []
    for record in records:
        row, cells = record.number - records.preambles, record.cells
        if cells is None:
            mistakes.append(Mistake(NO_CSV, row=row))
            if not headings:
                raise mistakes[0]
        elif not any(cell.strip() for cell in cells):
            continue
        elif not headings:
            headings = _headings(cells)
        elif len(cells) > len(headings) and any(cell.strip() for cell in cells[len(headings) :]):
            message = f"has {len(cells)} cells under {len(headings)} columns; put a cell with a {separator!r} in quotes"
            mistakes.append(Mistake(message, row=row))
        else:
            rows.append((row, cells + [""] * (len(headings) - len(cells))))
        if len(rows) + len(mistakes) > MOST_ROWS:
            raise Mistake(f"has more than {MOST_ROWS:,} rows; that is no school's list")
    if not headings:
        raise Mistake("is empty; its first row names the columns")
    return Sheet(headings, tuple(rows), tuple(mistakes))


def columns(headings: tuple[str, ...], known: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Where each field stands: its place among the headings by the first of its names that is there.

    Case, blanks and signs in a heading do not count. Raises Mistake when two headings are the same.
    """
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        name = plain_name(heading)
        if name and name in places:
            raise Mistake(f"two columns are called {heading.strip()!r}; give one another name", column=heading.strip())
        if name:
            places[name] = place
    by_name = {}
    for wanted, names in known.items():
        stands = next((places[name] for name in names if name in places), None)
        if stands is not None:
            by_name[wanted] = stands
    return by_name


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; `unguarded` gives back what it was."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from working it out."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def _decode(content: bytes) -> str:
    """Text with a mark as the mark says; else UTF-8, and what is none is Windows-1252, as Excel saves it here.

    Never fails for a few damaged bytes: they make no sense where they stand, and cost that row.
    """
    if content.startswith(WORKBOOKS):
        raise Mistake("is a workbook or an archive; save the sheet as CSV")
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    # UTF-16 without its mark: every second byte of plain words is 0.
    start = content[:1000]
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(start) > 20 and start[place::2].count(0) > len(start) * 0.4:
            return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _headings(cells: list[str]) -> tuple[str, ...]:
    headings = tuple(cell.strip() for cell in cells)
    while headings and not headings[-1]:
        headings = headings[:-1]
    if len(headings) > MOST_COLUMNS:
        raise Mistake(f"has {len(headings)} columns; that is no list of devices")
    return headings
