"""What every format has in common: schools go in one after the other, bytes come out, and nothing is kept meanwhile."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from leeboard.verdict.status import EstateStatus


@dataclass(frozen=True)
class Piece:
    """One school. `only` are the wanted devices, by URN and asset tag; None: all. `since` is what was asked for."""

    urn: str
    name: str
    status: EstateStatus
    only: Collection[tuple[str, str]] | None = None
    since: str = ""


class Writer(Protocol):
    """Writes one file of a format."""

    def school(self, piece: Piece) -> None:
        """Write what there is of one school."""

    def close(self) -> None:
        """Write the end. The file itself is left open."""


class Text(io.TextIOWrapper):
    """Text on a file that stays open and is not closed with it."""

    def __init__(self, file: BinaryIO, encoding: str = "utf-8") -> None:
        """Line ends are written as they are."""
        super().__init__(file, encoding=encoding, newline="", write_through=False)
