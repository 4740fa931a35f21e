"""docs/tampering.md: each row names a test that is there, or says that nobody can find it."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "tampering.md"
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<found>[^|]+) \| (?P<by>[^|]*) \| *(?P<test>[^|]*)\|$")
NAMED = re.compile(r"`(test_\w+\.py)`: (.+)")


def rows() -> list[re.Match[str]]:
    found = (ROW.match(line) for line in PAGE.read_text().splitlines())
    return [row for row in found if row and row["what"] not in ("what is done", "what happens", "---")]


def test_each_row_has_a_test_or_says_that_it_is_not_findable() -> None:
    assert len(rows()) >= 40
    for row in rows():
        named = NAMED.match(row["test"].strip())
        if named is None:
            assert "**not findable**" in row["found"], row[0]
            continue
        file, name = named[1], named[2]
        text = (HERE / file).read_text()
        assert f"def {name}(" in text if name.startswith("test_") else f'"{name}"' in text, row[0]
