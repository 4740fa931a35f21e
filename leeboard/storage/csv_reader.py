"""CSV as any program writes it, record by record: one that is no CSV costs itself, and not the file.

A quotation mark that is not closed may be "closed" by the next one of a later row. What comes of that is no record, and
its later lines are read by themselves.
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

SEPARATORS = ",;\t"
NAMED = (*SEPARATORS, "|")  # those that a first line sep= may name
PREAMBLES = ("#type", "sep=")  # what Windows PowerShell and Excel put in front
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how files of Excel and archives begin
LONGEST_LINE = 1024 * 1024
MOST_LINES = 50  # a cell may hold line breaks; a quotation mark that is never closed must not swallow the file


@dataclass(frozen=True, slots=True)
class Record:
    """A record by its number, as a spreadsheet shows it, and its last line in the file. Without cells it is no CSV."""

    number: int
    line: int
    cells: list[str] | None
    why: str = ""


class Records:
    """The records of a text, those of blanks alone included, read as they are asked for.

    `separator` is what stands between its cells; `preambles` is how many of PREAMBLES stand above.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.preambles = self._skipped = 0
        named = ""
        while True:
            head = text.readline(LONGEST_LINE)
            bare = head.strip(" \r\n").strip('"')
            if bare.lower().startswith(PREAMBLES):
                self.preambles += 1
                named = bare[4:5] if bare.lower().startswith("sep=") else named
            elif bare.strip() or not head:
                break
            self._skipped += 1
        self._head = head
        self.separator = named if named in NAMED else max(SEPARATORS, key=head.count)

    def __iter__(self) -> Iterator[Record]:
        feed = _Feed(self._text, self._head, self._skipped)
        number, width = self._skipped, 0
        reader = csv.reader(feed, delimiter=self.separator, strict=True)
        while True:
            number += 1
            feed.taken.clear()
            try:
                cells = next(reader)
                if _swallowed(cells, width, feed.taken[1:], self.separator):
                    raise csv.Error("a quotation mark is not closed")
            except StopIteration:
                return
            except csv.Error as wrong:
                yield Record(number, feed.line, None, str(wrong))
                feed.back_to_second()
                reader = csv.reader(feed, delimiter=self.separator, strict=True)
                continue
            width = width or max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)
            yield Record(number, feed.line, cells)


class _Feed:
    """Lines for the CSV reader, at most MOST_LINES for one record. `taken` are those of the record that it is in.

    A line that is too long comes in pieces, so that no file can fill the memory.
    """

    def __init__(self, text: TextIO, head: str, line: int) -> None:
        self._text = text
        self._ahead = deque([head])
        self.line = line
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
        self.line += 1
        return line

    def back_to_second(self) -> None:
        """Give the lines of a record that failed once more, without its first: one bad line costs itself only."""
        self._ahead.extendleft(reversed(self.taken[1:]))
        self.line -= len(self.taken) - 1


def _swallowed(cells: list[str], width: int, later: list[str], separator: str) -> bool:
    """True for a record of the wrong size one of whose later lines is a row by itself."""
    if not later or not (len(cells) < width or any(cell.strip() for cell in cells[width:])):
        return False
    return any(_stands_alone(line, width, separator) for line in later)


def _stands_alone(line: str, width: int, separator: str) -> bool:
    quote = line.find('"')
    if quote > 0 and line[quote - 1] != separator:
        return False  # it ends a cell that began in a line above
    text = line.rstrip("\r\n")
    if text.count('"') % 2:
        text += '"'  # its last cell goes on in the next line
    try:
        row = next(csv.reader([text], delimiter=separator, strict=True), [])
    except csv.Error:
        return False
    return len(row) == width and sum(bool(cell.strip()) for cell in row) > 1
