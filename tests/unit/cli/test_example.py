"""The example that is shipped: its answers are those of the cases, and each line of the README shows something."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from leeboard.ansible import inventory
from leeboard.cli.main import app
from leeboard.errors import LeeboardError
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.example import answers
from leeboard.example.build import INVENTORY, VAR, build, last_night, plan
from leeboard.policy.load import load
from tests.unit.cli import example_answers, example_picture
from tests.unit.playing import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## First, without a device\n")[2].partition("\n## ")[0]
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL) for line in block.splitlines()]
NOW = datetime(2026, 12, 2, 8, 30, tzinfo=UTC)
LATER = datetime(2031, 6, 15, 1, 0, tzinfo=UTC)  # before the night of that day is over


def test_the_answers_are_those_of_the_cases() -> None:
    assert answers.FILE.read_text(encoding="utf-8") == example_answers.text(), (
        "python -m tests.unit.cli.example_answers"
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as it is at NOW."""
    folder = tmp_path_factory.mktemp("made") / "example"
    build(folder, NOW)
    return folder


def test_every_answer_is_given_in_some_night_and_every_visited_device_is_in_the_plan(made: Path) -> None:
    devices = inventory.read(made / INVENTORY).devices
    assert {one.asset for one in devices if one.platform != "other"} == plan().devices.keys()
    shown = plan()
    given = {(asset, shown.said(asset, ago)) for asset in shown.devices for ago in shown.nights}
    named = {(asset, said) for asset, nights in shown.devices.items() for said in nights.values()}
    assert given == named, "an answer that no night gives, or a night before the first"


def verdicts(folder: Path, now: datetime) -> dict[str, Counter[str]]:
    baseline = load()
    devices = inventory.read(folder / INVENTORY, tuple(baseline.parameters)).devices
    with Store(folder / VAR / "leeboard.db") as store:
        status = estate_status(store, baseline, devices, now)
    assert not status.problems
    return {one.device.asset: Counter(str(finding.verdict) for finding in one.findings) for one in status.devices}


def test_it_says_the_same_whenever_it_is_made_and_shows_each_kind_of_verdict(made: Path, tmp_path: Path) -> None:
    build(tmp_path / "later", LATER)
    found = verdicts(made, NOW)
    assert found == verdicts(tmp_path / "later", LATER)
    everything = sum(found.values(), Counter())
    assert {"compliant", "drifted", "waived", "missing", "not_applicable", "not_checked"} <= everything.keys()
    assert not everything["error"], "what a lab's machine could answer can be judged"
    assert found["ES-0001"].keys() <= {"compliant", "not_applicable", "not_checked"}
    assert last_night(LATER).date().isoformat() == "2031-06-14"


@pytest.mark.parametrize("there", ["file", "folder with something", "link"])
def test_what_is_there_is_left_alone(tmp_path: Path, there: str) -> None:
    folder = tmp_path / "example"
    if there == "file":
        folder.write_text("mine")
    elif there == "link":
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir()
        (folder / "mine").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(LeeboardError, match="is there already"):
        build(folder, NOW)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_build_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("leeboard.example.build.ingest", full)
    with pytest.raises(OSError, match="No space"):
        build(tmp_path / "example", NOW)
    assert list(tmp_path.iterdir()) == []


def test_each_line_of_the_readme_shows_something_and_says_that_it_is_invented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("LEEBOARD_VAR", "LEEBOARD_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    shown: dict[str, str] = {}
    assert COMMANDS[0] == ". .venv/bin/activate" and len(COMMANDS) >= 12
    for line in COMMANDS[1:]:
        first, *words = shlex.split(line, comments=True)
        words = [printed(shown["example"]) if word == "DAY" else word for word in words]
        if first == "cd":
            monkeypatch.chdir(tmp_path / words[0])
            continue
        ended = typer.main.get_command(app).main(words, prog_name="leeboard", standalone_mode=False)
        # Something has drifted, and a device was never seen.
        assert first == "leeboard" and ended in (None, 0, 2, 3), line
        shown[words[0]] = capsys.readouterr().out
    assert "replayed, not visited" in shown["example"]
    assert "2 schools, no problem" in shown["estate"]
    assert "LCK-01" in shown["baseline"]
    assert "W-EXAMPLE-1" in shown["waiver"]
    assert "7 devices drifted" in shown["status"] and "(invented)" in shown["status"]
    assert "ENC-01" in shown["worklist"]
    assert "mended" in shown["history"] and "the roll-out" in shown["history"] and "(invented)" in shown["history"]
    assert "did not observe it" not in shown["evidence"] and "compliant" in shown["evidence"]
    assert "Example Primary School (invented)" in shown["report"]
    assert "would be worse" in shown["what-if"]
    assert "0 problems" in shown["verify"]
    assert "2 schools with 12 devices" in shown["site"]
    pages = [*tmp_path.glob("example/site/schools/*/*.html"), *tmp_path.glob("example/var/*.html")]
    assert len(pages) > 10
    unmarked = [page.name for page in pages if "(invented)" not in page.read_text(encoding="utf-8")]
    assert not unmarked, "a page that does not say that its school is invented"


def test_the_readme_has_a_picture_of_it_of_a_modest_size() -> None:
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", SECTION)
    assert ROOT / picture == example_picture.PICTURE
    assert example_picture.PICTURE.read_bytes().startswith(b"\x89PNG")
    assert example_picture.PICTURE.stat().st_size < 150_000


def printed(said: str) -> str:
    """The day that the example says to ask for."""
    (found,) = re.findall(r"leeboard evidence EP-0004 --at (\S+)", said)
    return str(found)
