"""`leeboard site`: what it says and ends with, and that its charts are the store's."""

from __future__ import annotations

import html
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from leeboard.cli import main
from leeboard.cli.asking import kept
from leeboard.evidence.asking.day_by_day import Day, day_by_day
from leeboard.evidence.store.store import Store
from tests.unit.cli import asking_page
from tests.unit.report import example

EXAMPLE = str(example.ROOT / "inventories" / "example")


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five invented nights of the example's primary school."""
    folder = tmp_path_factory.mktemp("var")
    asking_page.record(folder)
    return folder


@pytest.fixture(autouse=True)
def morning_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "now", lambda: asking_page.AT)


def run(var: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main(["site", *words, "--var", str(var)])
    return int(str(ended.value.code))


def words(page: Path) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.read_text("utf-8"))).split())


def test_a_site_of_the_example(var: Path, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "site"
    assert run(var, str(folder), "-i", EXAMPLE) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"3 schools with 14 devices: {folder}/index.html"
    assert re.fullmatch(r"\d+ files written, 0 as they were, 0 removed\.", second)
    school = words(folder / "schools" / "900001" / "index.html")
    assert "Example Primary School" in school and "4 devices: 2 seen in the last 24 hours" in school
    device = words(folder / "schools" / "900001" / "devices" / "EP-0001.html")
    assert "LCK-01 drifted since 28 Nov 2026" in device
    assert "30 Nov 2026, 02:10 GMT mended LBL-01.console-notice: well again, was drifted (the roll-out" in device
    keys = words(folder / "schools" / "900001" / "keys.html")
    assert "Can a disk be opened when its key is lost? 2 of 4 devices: yes; 2 are not known." in keys
    assert run(var, str(folder), "-i", EXAMPLE, "--quiet") == 0
    assert capsys.readouterr().out == ""


def test_the_charts_are_the_stores(var: Path) -> None:
    assets = {"EP-0001", "EP-0002", "EP-0003", "EP-0004"}
    with Store(str(var / "leeboard.db")) as store, store.reading() as session:
        days = day_by_day(session, ["900001"], assets, ["LCK-01"], asking_page.AT, 6)
        fewer = day_by_day(session, ["900001"], {"EP-0002"}, ["LCK-01"], asking_page.AT, 2)
        other = day_by_day(session, ["900002"], assets, ["LCK-01"], asking_page.AT, 1)
    assert days == [
        Day(date(2026, 11, 26), None, None),
        Day(date(2026, 11, 27), 2, 1),
        Day(date(2026, 11, 28), 2, 2),
        Day(date(2026, 11, 29), 1, 2),
        Day(date(2026, 11, 30), 2, 2),
        Day(date(2026, 12, 1), 2, 2),
    ]
    assert [(day.answered, day.drifted) for day in fewer] == [(1, 1), (1, 1)]
    assert other == [Day(date(2026, 12, 1), None, None)]


def test_a_mistake_in_the_inventory_is_said_where_it_belongs(var: Path, tmp_path: Path, capsys: Any) -> None:
    estate = tmp_path / "estate"
    for path in Path(EXAMPLE).rglob("*"):
        if path.is_file():
            target = estate / path.relative_to(EXAMPLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    register = estate / "example-secondary" / "devices.csv"
    register.write_text(register.read_text() + "ES-0099,es-99,,toaster,desktop,office\n")
    assert run(var, str(tmp_path / "site"), "-i", str(estate)) == 3
    said = capsys.readouterr().err
    assert "problem: " in said and "toaster" in said
    for page, there in (
        ("index.html", True),
        ("schools/900002/index.html", True),
        ("schools/900001/index.html", False),
    ):
        assert ("toaster" in words(tmp_path / "site" / page)) is there, page


def test_asking_makes_no_store_and_no_folder(tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path / "var", str(tmp_path / "site")) == 1
    assert "nothing is kept yet; leeboard drift checks" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_somebody_is_refused(var: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    assert run(var, str(tmp_path)) == 1
    assert "is not empty, and no site is in it" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
