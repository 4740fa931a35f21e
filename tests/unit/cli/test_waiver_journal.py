"""`leeboard waiver new`, `pin` and `end` write the school's journal before its file, and what both say is the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leeboard.estate import journal
from leeboard.estate.waiver_files import read_folder
from leeboard.storage.lock_owner import account
from tests.unit.cli.test_waiver import RUN, TODAY, WRITE, day, given, run, school
from tests.unit.cli.test_waiver_settings import SSH, seen
from tests.unit.estate.risks import raw

__all__ = ["school"]  # a fixture
END = ("end", "hill", "--id", "W-2026-001", "--reason", "The projector was exchanged.")


def lines(school: Path) -> list[dict[str, Any]]:
    path = journal.path_of(school.parent / "var", "900001")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def agree(school: Path) -> bool:
    kept = journal.read(school.parent / "var", "900001")
    return kept.problems == [] and {one.id: one for one in kept.waivers} == {
        one.id: one for one in read_folder(school).waivers
    }


def risk(first: int, last: int, **changes: object) -> dict[str, object]:
    return raw(**{"devices": ["EP-0001"], "granted": day(first), "last_day": day(last), **changes})


def test_new_and_pin_are_in_the_journal(school: Path) -> None:
    done = run(school.parent, *SSH, "--devices", "EP-0001,EP-0002", "--yes")
    assert done.returncode == 0 and "var/schools/900001.jsonl" in done.stdout
    (line,) = lines(school)
    id = f"W-{TODAY.year}-001"
    assert (line["kind"], line["id"], line["how"], line["by"]) == ("waivers", id, "new", account())
    assert line["waiver"]["devices"] == ["EP-0001", "EP-0002"] and agree(school)
    seen(school.parent, EP_0001={"MaxAuthTries": 6}, EP_0002={"MaxAuthTries": 10})
    assert run(school.parent, "pin", "hill", "--yes").returncode == 0
    (_, line) = lines(school)
    assert (line["how"], line["waiver"]["settings"]) == ("pin", {"tries": {"EP-0001": [6], "EP-0002": [10]}})
    assert agree(school)


@pytest.mark.parametrize(("first", "last"), [(-9, 9), (0, 9), (5, 9), (-9, -1)])
def test_one_that_ends_is_taken_out_and_the_journal_keeps_it(school: Path, first: int, last: int) -> None:
    text = f"waivers:\n  # the hall\n  - {json.dumps(risk(first, last))}\n  - {json.dumps(risk(1, 2, id='W-2'))}\n"
    (school / "waivers.yml").write_text(text)
    done = run(school.parent, "end", "hill", *END[2:], "-i", ".", "--yes")
    assert done.returncode == 0, done.stderr
    assert "W-2026-001 (LCK-01, EP-0001), accepted by Governing body until" in done.stdout
    assert "and what it covers is drift from the next check on" in done.stdout
    assert (school / "waivers.yml").read_text() == text.replace(f"  - {json.dumps(risk(first, last))}\n", "")
    by_hand, line = lines(school)
    assert (by_hand["how"], by_hand["by"], by_hand["waiver"]["last_day"]) == ("by hand", "", day(last))
    assert (line["how"], line["by"], line["waiver"]) == ("end", account(), None)
    assert line["reason"] == "The projector was exchanged."


def test_one_that_the_journal_has_ends_with_one_line(school: Path) -> None:
    assert run(school.parent, "new", "hill", *WRITE, "--devices", "EP-0002", "--yes").returncode == 0
    id = f"W-{TODAY.year}-001"
    assert run(school.parent, "end", "hill", "--id", id, "--reason", "r", "--yes").returncode == 0
    assert [line["how"] for line in lines(school)] == ["new", "end"]
    assert read_folder(school).waivers == () and agree(school)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--id", "W-9", "--reason", "r"), "there is no waiver W-9 in it that makes sense; nothing was written"),
        (("--id", "W-\x1b[31m", "--reason", "r"), "that makes sense; nothing was written"),
        (("--id", "W-2026-001", "--reason", " "), "--reason: say why, in one line of at most 500 characters"),
        (("--id", "W-2026-001", "--reason", "a\nb"), "--reason: say why, in one line"),
        (("--id", "W-2026-001", "--reason", "x" * 501), "--reason: say why, in one line"),
        (("--id", "W-2026-001", "--reason", "r"), "nothing was written; give --yes to write it"),
    ],
)
def test_what_is_refused_changes_nothing(school: Path, options: tuple[str, ...], words: str) -> None:
    given(school, risk(-9, 9))
    before = (school / "waivers.yml").read_bytes()
    done = run(school.parent, "end", "hill", *options, *(() if "give --yes" in words else ("--yes",)))
    assert done.returncode == 1 and words in done.stderr and "\x1b" not in done.stderr
    assert (school / "waivers.yml").read_bytes() == before and lines(school) == []


def test_a_journal_that_cannot_be_written_changes_nothing(school: Path) -> None:
    given(school, risk(-9, 9))
    before = (school / "waivers.yml").read_bytes()
    path = journal.path_of(school.parent / "var", "900001")
    path.parent.mkdir(parents=True)
    path.symlink_to("/etc/hostname")
    for command in (END, ("new", "hill", *WRITE, "--devices", "EP-0002")):
        done = run(school.parent, *command, "--yes")
        assert done.returncode == 1 and "900001.jsonl: " in done.stderr
    assert (school / "waivers.yml").read_bytes() == before


def test_two_technicians_at_once_lose_nothing(school: Path) -> None:
    """Both are served, or the second is told to do it again; what the journal has is what stands in the file."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", *RUN, "new", "hill", *WRITE[2:], "--control", control, "--school-wide", "--yes"],
            cwd=school.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for control in ("LCK-01", "LBL-01")
    ]  # fmt: skip
    done = [(one.communicate(timeout=600)[1], one.returncode) for one in started]
    assert sorted(status for _, status in done) in ([0, 0], [0, 1]), done
    assert all("somebody changed it meanwhile" in said for said, status in done if status)
    assert len(lines(school)) == len(read_folder(school).waivers) == sum(not status for _, status in done)
    assert agree(school)
