"""Records of a proof that takes hours: a line of JSON each, in a file of the repository, as soon as it is known."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def read[R: DataclassInstance](path: Path, kind: type[R]) -> list[R]:
    """The records in a file. A line that a crash cut off is passed over: what it was about is done again."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            found.append(kind(**json.loads(line)))
        except (json.JSONDecodeError, TypeError):
            continue
    return found


def append(path: Path, record: DataclassInstance) -> None:
    """Write one more down, so that it lasts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as lines:
        lines.write("\n" + _line(record))  # it begins with an end of line: the one before may have been cut off
        lines.flush()
        os.fsync(lines.fileno())


def rewrite(path: Path, records: Iterable[DataclassInstance]) -> None:
    """Write the file anew, with these alone."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as lines:
        lines.writelines(_line(record) + "\n" for record in records)
        lines.flush()
        os.fsync(lines.fileno())
    part.rename(path)


def _line(record: DataclassInstance) -> str:
    return json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":"))
