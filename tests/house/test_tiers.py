"""What `make test` says at its end: which other tests there are, and when they last passed."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from tests import tiers
from tests.controls.tried import night
from tests.house import tree


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache" / "notes.json"
    monkeypatch.setattr(tiers, "NOTES", path)
    return path


def test_a_tier_that_passed_is_remembered_and_the_others_are_said() -> None:
    assert "never passed in this clone" in tiers.lines()[0]
    tiers.passed("test-machines")
    said = tiers.lines(but="test")
    assert said[0].startswith("make test-machines: ")
    assert "passed here last at 20" in said[0]
    assert len(said) == 1


def test_a_note_that_is_damaged_says_nothing_of_the_past(notes: Path) -> None:
    notes.parent.mkdir()
    notes.write_text("[")
    assert "never passed in this clone" in tiers.lines()[0]


def test_each_tier_is_a_target_of_make() -> None:
    makefile = tree.text("Makefile")
    assert [tier for tier in (*tiers.TIERS, "test-full", "reliability") if f"\n{tier}:" not in makefile] == []


def test_every_test_is_in_exactly_one_part_of_one_tier() -> None:
    parts = re.findall(r'(?:-m|begin \w+) "([^"$]+)"', tree.text("scripts/test.sh"))
    assert len(parts) == 4
    for given in product((False, True), repeat=4):
        marks = dict(zip(("lab", "windows", "service", "machine_runs"), given, strict=True), bench=False)
        if marks["lab"] or not marks["machine_runs"]:  # machine runs are made of the lab's machines
            assert sum(eval(part, {}, marks) for part in parts) == 1, marks


def test_make_test_full_names_every_file_that_has_something_for_the_night() -> None:
    marks, places = night()
    assert sorted(marks.split(" or ")) == ["full", "hypothesis", "lab", "windows"]
    assert [place for place in places if not (tree.ROOT / place).exists()] == []
    texts = {name: tree.text(name) for name in tree.select(".py", under="tests/")}
    for_night = [
        name for name, text in texts.items() if re.search(r"mark\.full\b|^from hypothesis", text, re.MULTILINE)
    ]
    for_night += [name for name, text in texts.items() if "/full_" in name and "\ndef test_" in text]
    assert {"tests/controls/full_linux_mends.py", "tests/controls/test_usb_restart.py"} <= set(for_night)
    tree.none(name for name in for_night if not name.startswith(tuple(places)))


def test_it_is_said_at_the_end_of_a_run() -> None:
    command = [sys.executable, "-m", "tests.tiers", "failed", "test"]
    said = subprocess.run(command, cwd=tree.ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "Other tests", "  make test-machines", "  make test-full", "  make reliability",
    ]  # fmt: skip
