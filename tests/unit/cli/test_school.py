"""`leeboard school` as a technician runs it, on a copy of the example estate."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leeboard.cli.school import changeable
from leeboard.model.words import local_day
from leeboard.policy.load import load
from tests.unit.playing import ROOT, command

SCHOOL = (sys.executable, "-c", "from leeboard.cli.main import main; main()", "school")


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """A folder with the example estate, and none of it switched on."""
    shutil.copytree(ROOT / "inventories" / "example", tmp_path / "la")
    return tmp_path


def enforce(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command(folder, *SCHOOL, "enforce", *arguments, "-i", "la")


def test_a_family_is_switched_on_listed_and_off_again(estate: Path) -> None:
    before = (estate / "la" / "example-secondary" / "school.yml").read_bytes()
    done = enforce(estate, "Example Secondary", "lck", "--by", "Head teacher", "--yes")
    today = local_day(datetime.now(UTC))
    assert done.returncode == 0, done.stderr
    assert f"School (900002): a roll-out may change LCK from {today} on, by Head teacher" in done.stdout
    listed = command(estate, *SCHOOL, "list", "-i", "la", COLUMNS="200").stdout
    words = ("900002", "LCK", today, "Head teacher")
    assert any(all(word in line for word in words) for line in listed.splitlines()), listed
    again = enforce(estate, "900002", "LCK", "--by", "Somebody", "--yes")
    assert again.returncode == 0 and f"LCK is on already (since {today}, by Head teacher)" in again.stdout
    off = enforce(estate, "900002", "LCK", "--by", "Head teacher", "--stop", "--yes")
    assert off.returncode == 0, off.stderr
    assert (estate / "la" / "example-secondary" / "school.yml").read_bytes() == before
    kept = (estate / "var" / "schools" / "900002.jsonl").read_text().splitlines()
    assert [json.loads(line)["on"] for line in kept] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Example Secondary", "XYZ", "--by", "Head"), "there is no family XYZ; there are AUD, ENC"),
        (("Example", "LCK", "--by", "Head"), "3 schools fit"),
        (("900002", "LCK", "--by", " "), "give a name or a post"),
        (("900002", "LCK", "--by", "Head"), "nobody can be asked here; nothing was switched; give --yes"),
        (("900002", "LCK"), "by"),
    ],
)
def test_what_is_refused_ends_with_1_and_writes_nothing(estate: Path, arguments: tuple[str, ...], words: str) -> None:
    before = (estate / "la" / "example-secondary" / "school.yml").read_bytes()
    done = enforce(estate, *arguments)
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert (estate / "la" / "example-secondary" / "school.yml").read_bytes() == before
    assert not (estate / "var" / "schools").exists()


def test_what_can_be_switched_on_is_what_a_roll_out_changes() -> None:
    """That a family is only reported is said by the same list; today there is none."""
    baseline = load()
    assert changeable(baseline) == {family.family for family in baseline.families}
    only_reported = tuple(
        family.model_copy(
            update={"controls": tuple(one.model_copy(update={"settings": ()}) for one in family.controls)}
        )
        for family in baseline.families
    )
    assert changeable(baseline.model_copy(update={"families": only_reported})) == set()
