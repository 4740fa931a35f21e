"""CSV and JSON of many schools: the reports of `leeboard drift`, school after school."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from leeboard.report.export.writers import Piece, Text
from leeboard.report.json_report import write_json
from leeboard.report.sheet import write_csv


class CsvWriter:
    """A row a finding, with one heading. Of what changed alone it has no rows of schools as a whole and no problems.

    A file begins with the mark of UTF-8, without which Excel takes it for Windows-1252.
    """

    def __init__(self, file: BinaryIO, mark: bool = True) -> None:
        """Begin a sheet; `mark` False: into a pipe, where other programs would take the mark for text."""
        self._text = Text(file, "utf-8-sig" if mark else "utf-8")
        self._heading = True

    def school(self, piece: Piece) -> None:
        """Write the rows of one school."""
        status = piece.status
        if piece.only is not None:
            wanted = piece.only
            devices = tuple(one for one in status.devices if (one.device.urn, one.device.asset) in wanted)
            status = replace(status, devices=devices, schools=(), problems=())
        write_csv(status, self._text, self._heading)
        self._heading = False
        self._text.flush()

    def close(self) -> None:
        """Write what is left; a sheet of no school at all has its heading."""
        self._text.detach()


class JsonWriter:
    """A line a school, each a whole JSON document: the report of `leeboard drift --format json` about that school."""

    def __init__(self, file: BinaryIO) -> None:
        """Begin a file."""
        self._text = Text(file, "ascii")

    def school(self, piece: Piece) -> None:
        """Write the line of one school."""
        more = {} if piece.only is None else {"changed_since": piece.since}
        write_json(piece.status, self._text, piece.only, more)
        self._text.flush()

    def close(self) -> None:
        """Write what is left."""
        self._text.detach()
