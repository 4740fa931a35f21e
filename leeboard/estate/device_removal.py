"""Taking a device out of a school's devices.csv, with every other byte of the file as it was. Bytes in, bytes out."""

from __future__ import annotations

from leeboard.errors import LeeboardError
from leeboard.estate.synonyms import COLUMNS
from leeboard.model.problem import Mistake
from leeboard.storage.csv_reader import MOST_LINES
from leeboard.storage.sheet import Sheet, columns, read_sheet, unguarded


def without_device(content: bytes, asset: str, file: str) -> bytes | None:
    """The sheet without the rows that have this asset tag; None where it has none.

    Rows that make no sense go as well, and those that stand there twice. What comes out is read again: it must hold
    every other row, cell by cell. Raises LeeboardError where that cannot be made sure of.
    """
    rows = rows_of(content, asset, file)
    for row in reversed(rows):  # the rows before it keep their numbers
        content = _without(content, row, asset, file)
    return content if rows else None


def rows_of(content: bytes, asset: str, file: str) -> tuple[int, ...]:
    """The rows that have this asset tag, as a spreadsheet counts them. A host stands in where a tag is missing."""
    sheet = _read(content, file)
    try:
        places = columns(sheet.headings, COLUMNS)
    except Mistake:
        return ()
    rows = []
    for row, cells in sheet.rows:
        names = [unguarded(cells[places[name]].strip()) for name in ("asset", "host") if name in places]
        if next((name for name in names if name), "").casefold() == asset.casefold():
            rows.append(row)
    return tuple(rows)


def _without(content: bytes, row: int, asset: str, file: str) -> bytes:
    """The content without one row. A cell may hold line breaks, so each beginning that may be the row's is tried."""
    if b"\0" in content:
        raise _by_hand(file, row)  # UTF-16: a line's end is no byte there
    before = _read(content, file)
    wanted = [cells for number, cells in before.rows if number != row]
    lines = content.splitlines(keepends=True)
    word = asset.encode().lower()
    # Most sheets have one line a row.
    for first in sorted(range(len(lines)), key=lambda place: abs(place - row + 1)):
        if word not in lines[first].lower():
            continue
        last = next((at for at in range(first + 1, first + MOST_LINES) if _closed(lines[first:at])), first + 1)
        changed = b"".join((*lines[:first], *lines[last:]))
        try:
            after = read_sheet(changed)
        except Mistake:
            continue
        same = after.headings == before.headings and len(after.mistakes) == len(before.mistakes)
        if same and [cells for _, cells in after.rows] == wanted:
            return changed
    raise _by_hand(file, row)


def _closed(lines: list[bytes]) -> bool:
    """True where these lines close every quoted cell."""
    return b"".join(lines).count(b'"') % 2 == 0


def _read(content: bytes, file: str) -> Sheet:
    try:
        return read_sheet(content)
    except Mistake as wrong:
        raise LeeboardError(f"{wrong.problem(file)}; mend that first") from None


def _by_hand(file: str, row: int) -> LeeboardError:
    return LeeboardError(f"{file}, row {row}: cannot be taken out without touching others; take it out by hand")
