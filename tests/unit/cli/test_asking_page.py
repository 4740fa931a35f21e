"""The output in docs/asking.md is what the commands print."""

from __future__ import annotations

from tests.unit.cli import asking_page


def test_the_page_shows_what_the_commands_print() -> None:
    page = asking_page.PAGE.read_text("utf-8")
    assert len(asking_page.BLOCK.findall(page)) >= 6
    assert asking_page.filled(page) == page, "python -m tests.unit.cli.asking_page"
