"""The recovery passwords that Entra has, from a dated export of their ids: what ENC-07 is judged by with `entra`.

It is the list of Microsoft Graph's informationProtection/bitlocker/recoveryKeys (resource type bitlockerRecoveryKey,
v1.0), whose `id` is the id of the protector. Of the passwords themselves nothing is wanted: a file that holds any is
refused. Nothing of a file but ids and its day leaves this module, not even in an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.escrow.volumes.active_directory import forms
from leeboard.storage import files
from leeboard.storage.dated_export import export_day
from leeboard.storage.tabular import BadTable, Row, read_table

VARIABLE = "leeboard_entra_export"
MOST_BYTES = 64 * 1024 * 1024  # 200,000 rows of Microsoft's own JSON are below it
IDS = ("id", "recoverykeyid", "keyid", "bitlockerkeyid")
PASSWORD = re.compile(r"(?<!\d)\d{6}(?:-\d{6}){7}(?!\d)")


@dataclass(frozen=True)
class Export:
    """The ids in an export, as bytes, and the day that it is of."""

    day: date
    ids: frozenset[bytes]


def read(path: Path) -> Export:
    """The export in a file. Raises LeeboardError, which names lines and columns only."""
    try:
        content = files.read_regular(path, MOST_BYTES)
        if content is None:
            raise LeeboardError(f"{path}: there is no such file; {VARIABLE} names it")
        rows = read_table(content)
        return Export(export_day(path.name, rows), frozenset(_ids(rows)))
    except BadTable as problem:
        raise LeeboardError(f"{path}: {problem}") from None
    except OSError as problem:
        raise LeeboardError(f"{path}: {problem.strerror}") from None


def _ids(rows: Iterable[Row]) -> Iterable[bytes]:
    for row in rows:
        for cell in row.cells.values():
            if any(PASSWORD.search(part) for part in (cell if isinstance(cell, list) else [cell])):
                raise BadTable(
                    f"{row.place} holds a recovery password itself; destroy the file, and export ids without the keys"
                )
        of_row = forms(row.text(*IDS))
        if not of_row:
            raise BadTable(f"{row.place} has no id of a recovery key in the column {row.called(*IDS)}")
        yield from of_row
