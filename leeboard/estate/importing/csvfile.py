"""CSV files of other people as a stream of rows, whatever their encoding and size; a bad row costs that row only."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from leeboard.errors import LeeboardError
from leeboard.estate.importing.problems import Problems
from leeboard.storage import files
from leeboard.storage.csv_reader import MARKS, WORKBOOKS, Records

MOST_BYTES = 1024 * 1024 * 1024  # the national register has 60 MB
PIECE = 1024 * 1024


@dataclass(frozen=True)
class Line:
    """One row: its number as a spreadsheet shows it, and its cells."""

    number: int
    cells: list[str]


@contextmanager
def opened(path: Path, problems: Problems, most_bytes: int = MOST_BYTES) -> Iterator[Iterator[Line]]:
    """The rows of a CSV file that are not empty, read as they are asked for. Rows that are no CSV become problems.

    Raises LeeboardError when the file as a whole cannot be read.
    """
    if not os.path.lexists(path):
        raise LeeboardError(f"{path}: there is no such file")
    with os.fdopen(files.open_regular(path, most_bytes), "rb") as raw:
        encoding = _encoding(raw, path)
        raw.seek(0)
        # What Windows-1252 leaves undefined becomes a sign that a cell which matters is refused for.
        text = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")
        yield _rows(text, problems)


def _encoding(raw: io.BufferedReader, path: Path) -> str:
    """UTF-8 or UTF-16 as the mark says; without one UTF-8 if all of it is, else Windows-1252, as Excel saves here."""
    start = raw.read(4)
    if start.startswith(WORKBOOKS):
        raise LeeboardError(f"{path}: is a workbook or an archive, and not CSV; save the sheet as CSV, or unpack it")
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return "utf-8-sig" if encoding == "utf-8" else "utf-16"  # which take the mark away
    decoder = codecs.getincrementaldecoder("utf-8")()
    whole = True
    piece = start
    while piece:
        if b"\0" in piece:
            raise LeeboardError(
                f"{path}: holds NUL characters, so it is no text, or UTF-16 without a mark; save it as CSV UTF-8"
            )
        if whole:
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                whole = False
        piece = raw.read(PIECE)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        whole = False
    return "utf-8" if whole else "cp1252"


def _rows(text: TextIO, problems: Problems) -> Iterator[Line]:
    for record in Records(text):
        if record.cells is None:
            message = "is no CSV: a quotation mark is not closed, or stands within a cell; the row is left out"
            problems.add(record.number, "", message)
        elif any(cell.strip() for cell in record.cells):
            yield Line(record.number, record.cells)
