"""`leeboard summary`: its numbers are the store's, and it speaks of one school."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import typer

from leeboard.cli.asking import kept
from leeboard.cli.main import app
from leeboard.errors import LeeboardError
from leeboard.evidence.asking.drifted_then import drifted_then, first_run
from leeboard.evidence.store.store import Store
from tests.unit.cli import asking_page
from tests.unit.report import example

EXAMPLE = str(example.ROOT / "inventories" / "example")
SCHOOL = ["900001"]
Sheet = Callable[..., str]


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five invented nights of the example's primary school."""
    folder = tmp_path_factory.mktemp("var")
    asking_page.record(folder)
    return folder


@pytest.fixture
def sheet(var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sheet:
    """Runs the command on the morning after; the words of the page that it wrote."""

    def run(*words: str, later: timedelta = timedelta()) -> str:
        monkeypatch.setattr(kept, "now", lambda: asking_page.AT + later)
        page = tmp_path / "sheet.html"
        argv = ["summary", *words, "--var", str(var), "--page", str(page)]
        assert not typer.main.get_command(app).main(argv, prog_name="leeboard", standalone_mode=False)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))).split())

    return run


def test_what_had_drifted_at_each_moment(var: Path) -> None:
    nights = [asking_page.BEGAN + night * asking_page.DAY for night in (-1, 0, 1, 4)]
    with Store(str(var / "leeboard.db")) as store, store.reading() as session:
        assert first_run(session, SCHOOL) == asking_page.BEGAN and first_run(session, ["900002"]) is None
        both = {"EP-0001", "EP-0002"}
        assert drifted_then(session, SCHOOL, ["LCK-01"], nights) == [set(), {"EP-0002"}, both, both]
        assert drifted_then(session, SCHOOL, ["LCK-05"], nights) == [set(), {"EP-0001"}, {"EP-0001"}, {"EP-0001"}]
        assert drifted_then(session, ["900002"], ["LCK-05"], nights) == [set()] * 4


def test_its_numbers_are_the_stores(sheet: Sheet) -> None:
    said = sheet("example-primary", "-i", EXAMPLE)
    assert "Example Primary School: are our devices safe?" in said and "as of 1 Dec 2026, 08:30 GMT" in said
    assert "4 devices: 2 seen in the last 24 hours" in said and "6 hours ago." in said
    assert "1 device was never seen." in said
    assert "0 of 4 devices: yes; 1 is not; 1 is an accepted risk; 2 are not known." in said
    assert "There is no check yet that is old enough to compare with." in said
    assert "1 device, accepted by Governing body until 20 Jul 2027." in said


def test_a_month_later_it_compares(sheet: Sheet) -> None:
    said = sheet("900001", "-i", EXAMPLE, later=timedelta(days=29))
    assert "Drifted on 2 devices now; 2 a month ago (the same)." in said, "of the lock, since the first days"
    assert "a term ago (" not in said


def test_nothing_of_another_school_is_on_it(sheet: Sheet) -> None:
    assert "Example Primary" not in sheet("900002", "-i", EXAMPLE)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("EP-0001",), "the sheet is about a school; leeboard status says how a device stands"),
        (("nobody",), "there is no such school or device"),
    ],
)
def test_what_is_no_school(sheet: Sheet, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(LeeboardError, match=message):
        sheet(*words)
