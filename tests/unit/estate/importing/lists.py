"""Builders for the tests of foreign lists: sheets as CSV and as workbooks."""

from __future__ import annotations

import csv
import io
from typing import Any

from openpyxl import Workbook


def as_csv(head: list[str], *rows: list[str], separator: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator)
    writer.writerows([head, *rows])
    return text.getvalue().encode(encoding)


def as_xlsx(**sheets: list[list[Any]]) -> bytes:
    """A workbook with these sheets, each a list of rows."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return saved(book)


def saved(book: Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
