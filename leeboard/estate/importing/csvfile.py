"""CSV files of other people as a stream of rows, whatever their encoding and size; a bad row costs that row only."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from leeboard.errors import LeeboardError
from leeboard.estate.importing.problems import Problems
from leeboard.storage import files
from leeboard.storage.sheet import swallowed

MOST_BYTES = 1024 * 1024 * 1024  # the national register has 60 MB
LONGEST_LINE = 1024 * 1024
MOST_LINES = 50  # a cell may hold line breaks; a quotation mark that is never closed must not swallow the file
PIECE = 1024 * 1024
SEPARATORS = ",;\t"
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
PREAMBLES = ("#type", "sep=")  # what Windows PowerShell and Excel put in front


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
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise LeeboardError(f"{path}: is a workbook or an archive, and not CSV; save the sheet as CSV, or unpack it")
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return encoding
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
    number, head, separator = _head(text)
    feed = _Feed(text, head)
    reader = csv.reader(feed, delimiter=separator, strict=True)
    width = 0
    while True:
        number += 1
        feed.taken.clear()
        try:
            cells = next(reader)
            if swallowed(cells, width, feed.taken[1:], separator):
                raise csv.Error
        except StopIteration:
            return
        except csv.Error:
            words = "is no CSV: a quotation mark is not closed, or stands within a cell; the row is left out"
            problems.add(number, "", words)
            feed.back_to_second()
            reader = csv.reader(feed, delimiter=separator, strict=True)
            continue
        if any(cell.strip() for cell in cells):
            width = width or len(cells)
            yield Line(number, cells)


class _Feed:
    """Lines for the CSV reader, at most MOST_LINES for one record. `taken` are those of the record that it is in.

    A line that is too long comes in pieces, so that no file can fill the memory.
    """

    def __init__(self, text: TextIO, head: str) -> None:
        self._text = text
        self._ahead = deque([head])
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = ""
        if len(self.taken) < MOST_LINES:
            line = self._ahead.popleft() if self._ahead else self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.taken.append(line)
        return line

    def back_to_second(self) -> None:
        """Give the lines of a record that failed once more, without its first: one bad line costs itself only."""
        self._ahead.extendleft(reversed(self.taken[1:]))


def _head(text: TextIO) -> tuple[int, str, str]:
    """How many lines stand before the table, its first line, and what separates its cells."""
    said = ""
    skipped = 0
    while True:
        line = text.readline(LONGEST_LINE)
        bare = line.strip().strip('"')
        if bare.lower().startswith(PREAMBLES):
            said = bare[4:5] if bare.lower().startswith("sep=") else said
        elif bare or not line:
            break
        skipped += 1
    separator = said if said in tuple(SEPARATORS) else max(SEPARATORS, key=line.count)
    return skipped, line, separator
