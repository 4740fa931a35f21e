"""The README's picture of what `leeboard example` and `leeboard site` make: `make picture` draws it anew.

The first page of a school, down to the charts of its last month, at a clock that stands still.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import typer

from leeboard.cli.asking import kept
from leeboard.cli.main import app
from tests.unit.playing import ROOT
from tests.unit.report.example import draw

PICTURE = ROOT / "docs" / "images" / "example-site.png"
NOW = datetime(2026, 12, 2, 8, 30, tzinfo=UTC)
COMMANDS = ("example example", "site site -i example/inventory --var example/var --quiet")


def made(folder: Path, more: Sequence[str] = ()) -> Path:
    """The first page of the example's primary school in a site. `more` are commands that are run after it."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with patch.object(kept, "now", lambda: NOW):
            for words in (*COMMANDS, *more):
                typer.main.get_command(app).main(words.split(), prog_name="leeboard", standalone_mode=False)
    finally:
        os.chdir(before)
    return folder / "site" / "schools" / "900001" / "index.html"


def main() -> None:
    """Draw the picture."""
    with tempfile.TemporaryDirectory() as folder:
        draw(made(Path(folder)), ".charts", PICTURE)


if __name__ == "__main__":
    main()
