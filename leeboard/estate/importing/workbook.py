"""A sheet of an Excel workbook (.xlsx) as rows of text. Pure: bytes in, rows out; hostile bytes end in a Mistake.

openpyxl parses; what could hurt is refused before it sees it: archives that unpack to too much, document types and
entities, and more elements than any list of devices has.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import zip_longest
from typing import Any

from openpyxl import load_workbook

from leeboard.estate.importing.problems import quoted
from leeboard.model.problem import Mistake
from leeboard.storage.sheet import Sheet, columns
from leeboard.storage.tabular import plain_name

MOST_ROWS = 100_000
MOST_COLUMNS = 256
MOST_UNPACKED = 128 * 1024 * 1024  # 25,000 devices with 30 columns are about 40 MB
MOST_PARTS = 2000
MOST_ELEMENTS = 8_000_000
MOST_MERGED = 1_000_000
MOST_CELL = 32_767  # Excel's own limit
HEADINGS_WITHIN = 20  # rows; what stands above is a title
PIECE = 1024 * 1024
DAMAGED = "it is no whole .xlsx workbook; open it in Excel and save it once more, or save the sheet as CSV"
MERGED = re.compile(rb'<(?:\w+:)?mergeCell ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")


@dataclass(frozen=True)
class Taken:
    """The sheet that was read, its name, and the names of those that were not."""

    sheet: Sheet
    name: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class _Bad:
    """A cell that cannot be taken, and why."""

    message: str


def is_workbook(content: bytes) -> bool:
    """True for what begins as an .xlsx file does."""
    return content.startswith(b"PK\x03\x04")


def read_workbook(
    content: bytes, known: Mapping[str, tuple[str, ...]], wanted: str | None = None, dates: Collection[str] = ()
) -> Taken:
    """The sheet called `wanted`, or the first visible one whose columns are `known` (by field: names in plain).

    A cell of a known column that Excel has spoilt costs its row, and is a mistake; `dates` are the fields in which a
    date is right. Raises Mistake when nothing can be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about extensions, styles and parts that overlap: nobody can act on those
            return _taken(content, known, wanted, dates, formulas=_look(content))
    except Mistake:
        raise
    except MemoryError:
        raise Mistake("it is too large to be read; save the sheet as CSV") from None
    except Exception as wrong:  # whatever openpyxl and its parsers make of damaged parts
        raise Mistake(f"{DAMAGED} ({type(wrong).__name__})") from None


def _look(content: bytes) -> bool:
    """Check the archive of a workbook. True when some sheet holds a formula."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise Mistake(f"it unpacks to more than {MOST_UNPACKED >> 20} MiB; save the sheet as CSV")
            if any(part.flag_bits & 1 for part in parts):
                raise Mistake("it is encrypted; save it without a password")
            formulas = False
            elements = 0
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels", ".vml")):
                    count, has = _scan(archive, part)
                    elements += count
                    formulas = formulas or has
                    if elements > MOST_ELEMENTS:
                        raise Mistake(f"it has more than {MOST_ELEMENTS:,} cells; save the sheet as CSV")
            return formulas
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError):
        raise Mistake(DAMAGED) from None


def _scan(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> tuple[int, bool]:
    """How many elements a part has at most, and whether there is a formula in it."""
    elements, formulas, tail = 0, False, b""
    with archive.open(part) as opened:
        while piece := opened.read(PIECE):
            both = tail + piece
            if b"\0" in piece or b"<!DOCTYPE" in both or b"<!ENTITY" in both:
                raise Mistake("it holds what no spreadsheet program writes (a document type, or NUL characters)")
            elements += piece.count(b"<")
            formulas = formulas or FORMULA.search(both) is not None
            tail = piece[-32:]
    return elements, formulas


def _taken(
    content: bytes, known: Mapping[str, tuple[str, ...]], wanted: str | None, dates: Collection[str], formulas: bool
) -> Taken:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    try:
        names = [sheet.title for sheet in book.worksheets]
        visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if wanted is not None:
            chosen = [sheet for sheet in book.worksheets if sheet.title.casefold() == wanted.casefold()]
            if not chosen:
                raise Mistake(f"it has no sheet {quoted(wanted)}; its sheets are {_listed(names)}")
        else:
            chosen = visible
        headings = {word for options in known.values() for word in options}
        for sheet in chosen:
            head = _head(sheet, headings)
            if head is not None:
                raw = _with_formulas(content, sheet.title) if formulas else None
                merged = _merges(content, sheet._worksheet_path, head)
                table = _sheet(sheet, head, raw, merged, known, dates)
                return Taken(table, sheet.title, tuple(name for name in names if name != sheet.title))
        where = f"sheet {quoted(wanted)}" if wanted is not None else f"any of its sheets ({_listed(names)})"
        raise Mistake(
            f"within the first {HEADINGS_WITHIN} rows of {where} no row names the columns; give the columns names such "
            "as Asset tag, Serial number, Operating system"
        )
    finally:
        book.close()


def _head(sheet: Any, headings: Collection[str]) -> int | None:
    """The row that names the columns: the first of the topmost rows with two names that we know."""
    for number, row in enumerate(_rows(sheet, HEADINGS_WITHIN), 1):
        if sum(plain_name(value) in headings for value in row if isinstance(value, str)) >= 2:
            return number
    return None


def _rows(sheet: Any, most: int) -> Iterator[tuple[Any, ...]]:
    # What a sheet says of its own size is often wrong, and decides how many cells openpyxl makes up.
    sheet.reset_dimensions()
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(min_row=1, max_row=most, max_col=MOST_COLUMNS, values_only=True)
    return rows


def _with_formulas(content: bytes, title: str) -> Iterator[tuple[Any, ...]]:
    """The same rows with formulas instead of their values: a program that never worked them out leaves no value."""
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    return _rows(book[title], MOST_ROWS + 1)


def _sheet(
    sheet: Any,
    head: int,
    raw: Iterator[tuple[Any, ...]] | None,
    merged: Mapping[int, set[int]],
    known: Mapping[str, tuple[str, ...]],
    dates: Collection[str],
) -> Sheet:
    headings: tuple[str, ...] = ()
    used: dict[int, str] = {}
    rows: list[tuple[int, list[str]]] = []
    mistakes: list[Mistake] = []
    pairs = zip_longest(_rows(sheet, MOST_ROWS + 1), raw or (), fillvalue=())
    for number, (values, formulas) in enumerate(_until_damaged(pairs, mistakes), 1):
        if number < head or (number not in merged and not _filled(values) and not _filled(formulas)):
            continue
        cells = [_cell(value) for value in values]
        if number == head:
            headings = _headings(cells)
            used = {place: field for field, place in columns(headings, known).items()}
            continue
        if number > MOST_ROWS:
            raise Mistake(f"it has more than {MOST_ROWS:,} rows; that is no school's list")
        bad = _bad(cells, formulas, used, merged.get(number, set()), dates)
        if bad is not None:
            mistakes.append(Mistake(bad[1], column=headings[bad[0]], row=number))
        elif any(isinstance(cell, str) and cell for cell in cells[: len(headings)]):
            texts = ["" if isinstance(cell, _Bad) else _text(cell) for cell in cells[: len(headings)]]
            rows.append((number, texts + [""] * (len(headings) - len(texts))))
    return Sheet(headings, tuple(rows), tuple(mistakes))


def _until_damaged(
    pairs: Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]], mistakes: list[Mistake]
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """The rows up to one that openpyxl cannot read, which is a mistake: those before it count."""
    number = 0
    while True:
        number += 1
        try:
            pair = next(pairs, None)
        except Exception as wrong:
            message = f"is damaged, and what comes after it is not read ({type(wrong).__name__})"
            mistakes.append(Mistake(message, row=number))
            return
        if pair is None:
            return
        yield pair


def _filled(values: tuple[Any, ...]) -> bool:
    return any(value is not None for value in values)


def _headings(cells: list[str | date | _Bad]) -> tuple[str, ...]:
    names = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _bad(
    cells: list[str | date | _Bad],
    formulas: tuple[Any, ...],
    used: Mapping[int, str],
    merged: set[int],
    dates: Collection[str],
) -> tuple[int, str] | None:
    """The first column that we use whose cell cannot be taken, and why."""
    for place in sorted(used):
        cell = cells[place] if place < len(cells) else ""
        formula = formulas[place] if place < len(formulas) else None
        if isinstance(cell, _Bad):
            return place, cell.message
        if isinstance(cell, date) and used[place] not in dates:
            return (
                place,
                f"is a date ({cell.isoformat()}), which Excel made of what was typed; format the column as text",
            )
        if cell == "" and formula is not None and not isinstance(formula, bool | int | float | date | time):
            message = "is a formula that was never worked out; open the workbook in Excel and save it"
            return place, message
        if cell == "" and place in merged:
            return place, "is merged with another cell, which alone has the value; unmerge them and fill in each row"
    return None


def _cell(value: Any) -> str | date | _Bad:
    """A cell's value as text; a date as a date; what Excel has spoilt as what is wrong with it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, int | float):
        if not abs(value) < 1e15:  # not a number included
            return _Bad("is a number of more than 15 digits, which Excel has rounded; format the column as text")
        return str(int(value)) if value == int(value) else repr(value)
    text = str(value)
    if len(text) > MOST_CELL:
        return _Bad(f"has {len(text):,} characters")
    if text.startswith("#") and text.rstrip("!?").upper() in (
        "#REF",
        "#N/A",
        "#VALUE",
        "#NAME",
        "#DIV/0",
        "#NULL",
        "#NUM",
    ):
        return _Bad(f"is the error {text}; mend the formula")
    return text.strip()


def _text(cell: str | date) -> str:
    return cell if isinstance(cell, str) else cell.isoformat()


def _merges(content: bytes, path: str, head: int) -> dict[int, set[int]]:
    """By row below the headings: the places of cells that are merged into another one. `path` is the sheet's part."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read(path)
    by_row: dict[int, set[int]] = {}
    cells = 0
    # Merged cells are listed after the rows.
    for first, top, last, bottom in MERGED.findall(xml, max(xml.rfind(b"</sheetData"), 0)):
        places = range(_place(first), min(_place(last), MOST_COLUMNS) + 1)
        for row in range(int(top), min(int(bottom), MOST_ROWS) + 1):
            cells += len(places)
            if cells > MOST_MERGED:
                return by_row
            if row > head:
                by_row.setdefault(row, set()).update(places[1:] if row == int(top) else places)
    return by_row


def _place(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place - 1


def _listed(names: list[str]) -> str:
    return ", ".join(quoted(name) for name in names[:10]) or "none"
