"""Loading a baseline: what it gives, what it refuses, and when it reads again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.model.enums import Level, Platform
from leeboard.policy.draft import SourceFile
from leeboard.policy.load import digest, load

GOOD = Path(__file__).parent / "good"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the good baseline."""
    return Path(shutil.copytree(GOOD, tmp_path / "baseline"))


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Replace `old`, which is there once."""
    text = (folder / file).read_text()
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new))


def test_what_is_in_the_files_is_in_the_baseline(folder: Path) -> None:
    baseline = load(folder)
    assert [control.id for control in baseline.controls] == ["AGE-01", "DOR-01", "DOR-02"]
    assert baseline.addresses(Platform.LINUX) == {
        "door": ["house:back", "house:front", "house:sign"],
        "window": ["panes"],
    }
    assert baseline.addresses(Platform.WINDOWS) == {}


def test_an_error_names_file_line_and_key(folder: Path) -> None:
    change(folder, "controls/DOR.yml", "severity: low", "severity: huge")
    line = (folder / "controls/DOR.yml").read_text().split("\n").index("    severity: huge") + 1
    with pytest.raises(LeeboardError, match=re.escape(f"{folder}/controls/DOR.yml:{line}: DOR-02.severity: must be")):
        load(folder)


def test_a_folder_of_ones_own_is_linted(folder: Path) -> None:
    change(folder, "controls/DOR.yml", "write: {value: 80}", "write: {value: 95}")
    with pytest.raises(LeeboardError, match=r"DOR-02\.back\.write: 95 is written, which at_most 90 does not accept"):
        load(folder)


def test_many_problems_are_shown_shortly(folder: Path) -> None:
    change(folder, "frameworks.yml", "by-laws:", "rules:")
    for file in ("drivers.yml", "facts.yml", "parameters.yml", "levels.yml"):
        (folder / file).write_text("x: 1\n")
    with pytest.raises(LeeboardError, match=r"and [0-9]+ more: run leeboard baseline lint"):
        load(folder)


def test_it_is_read_once_until_a_file_changes(folder: Path) -> None:
    first = load(folder)
    assert load(folder) is first
    change(folder, "levels.yml", "TOP", "UTMOST")
    second = load(folder)
    assert second.levels[Level.HIGH].label == "UTMOST"
    assert second.digest != first.digest


def test_the_digest_covers_names_and_contents() -> None:
    def of(*files: tuple[str, bytes]) -> str:
        return digest(tuple(SourceFile(name, name, content) for name, content in files))

    assert of(("a", b"bc")) != of(("ab", b"c"))
    assert of(("a", b"b"), ("c", b"")) != of(("a", b""), ("c", b"b"))
    # Where the baseline lies does not matter.
    assert digest((SourceFile("a", "/x/a", b"b"),)) == digest((SourceFile("a", "/y/a", b"b"),))


def test_words_and_numbers_are_what_they_look_like(folder: Path) -> None:
    change(folder, "parameters.yml", "default: No entry", "default: 0644")
    assert load(folder).parameters["sign"].default == "0644"
