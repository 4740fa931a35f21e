"""`leeboard baseline`: what it prints and how it ends."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leeboard.ansible import inventory
from leeboard.cli import baseline as commands
from leeboard.cli.baseline import app
from leeboard.errors import LeeboardError
from leeboard.evidence.bundles.schema import Expected
from leeboard.policy import schema
from leeboard.policy.load import load

GOOD = Path(__file__).parent / "good"
RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day on which every control was reviewed lately."""
    monkeypatch.setattr(commands, "today", lambda: date(2026, 12, 1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the good baseline."""
    return Path(shutil.copytree(GOOD, tmp_path / "baseline"))


def test_lint_says_nothing_of_a_good_baseline(folder: Path) -> None:
    for arguments in (["lint"], ["lint", str(folder)]):
        result = RUNNER.invoke(app, arguments)
        assert (result.exit_code, result.output) == (0, "")


def test_lint_prints_one_line_a_problem_and_ends_with_2(folder: Path) -> None:
    path = folder / "parameters.yml"
    path.write_text(path.read_text().replace("longest: 20", "longest: 3").replace("title: What", "titel: What"))
    result = RUNNER.invoke(app, ["lint", str(folder)])
    assert result.exit_code == 2
    assert result.stdout.splitlines() == [
        f"{path}:1: sign.title: is missing",
        f"{path}:2: sign.titel: is an unknown key",
    ]


def test_lint_ends_with_2_once_a_review_day_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "today", lambda: date(2028, 12, 1))
    result = RUNNER.invoke(app, ["lint"])
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    assert len(lines) == len(load().controls) and all(".reviewed: was reviewed on " in line for line in lines)


def test_lint_of_nothing_is_a_failure_of_the_tool() -> None:
    result = RUNNER.invoke(app, ["lint", "/nowhere"])
    assert result.exit_code == 1
    assert isinstance(result.exception, LeeboardError)


def test_schema_check_and_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert RUNNER.invoke(app, ["schema", "--check"]).exit_code == 0
    assert schema.stale(tmp_path) == [
        f"{tmp_path}/{name}: is missing; run leeboard baseline schema --write" for name in sorted(schema.schemas())
    ]
    (tmp_path / "old.json").write_text("{}")
    assert len(schema.write(tmp_path)) == len(schema.schemas()) + 1
    assert schema.stale(tmp_path) == []
    assert schema.write(tmp_path) == []
    (tmp_path / "levels.json").write_text("{}")
    monkeypatch.setattr(schema.stale, "__defaults__", (tmp_path,))
    result = RUNNER.invoke(app, ["schema", "--check"])
    assert result.exit_code == 2
    assert "levels.json: is older than the models" in result.output


@pytest.mark.parametrize("name", ["controls.md", "standards.md"])
def test_docs_check_and_write(tmp_path: Path, name: str) -> None:
    page = tmp_path / name
    assert RUNNER.invoke(app, ["docs", "--check", "--folder", str(tmp_path)]).exit_code == 2
    assert RUNNER.invoke(app, ["docs", "--write", "--folder", str(tmp_path)]).exit_code == 0
    assert RUNNER.invoke(app, ["docs", "--check", "--folder", str(tmp_path)]).exit_code == 0
    page.write_text(page.read_text() + "x")
    result = RUNNER.invoke(app, ["docs", "--check", "--folder", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stdout == f"{page}: is not what the baseline says; run leeboard baseline docs --write\n"


def test_neither_check_nor_write_is_wrong_usage() -> None:
    for command in ("schema", "docs"):
        result = RUNNER.invoke(app, [command])
        assert result.exit_code != 0
        assert "give --check or --write" in result.output


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An inventory of one device and one that is wrong, without asking Ansible."""
    one = Expected.model_validate(
        {"name": "d1", "asset": "d1", "urn": "100001", "school": "A School", "platform": "linux", "form": "portable"}
        | {"role": "office", "level": "high"}
    )
    wrong = one.model_copy(update={"name": "d2", "asset": "d2", "problem": "d2: leeboard_level is missing"})
    estate = inventory.EstateInventory((one, wrong), ("d4: leeboard_urn is missing",), {"d1": {}})
    monkeypatch.setattr(inventory, "read", lambda *_arguments, **_options: estate)


@pytest.mark.usefixtures("listed")
def test_show_as_json() -> None:
    result = RUNNER.invoke(app, ["show", "d1", "-i", "x", "--format", "json"])
    assert result.exit_code == 0
    found = {(one["control"], one["setting"]): one for one in json.loads(result.stdout)["settings"]}
    assert found["LCK-01", "idle-delay"]["value"] == 300


@pytest.mark.usefixtures("listed")
def test_show_as_a_table() -> None:
    result = RUNNER.invoke(app, ["show", "d1", "-i", "x"], env={"COLUMNS": "220"})
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    place = lines.index("  idle-delay: at most 300 seconds, and not 0 [enforce, once switched on]")
    assert lines[place + 1] == "      writes 300; level high"
    assert "LCK-01" in lines[:place]


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("name", "says"),
    [("d2", "leeboard_level is missing"), ("d3", "no such device in x"), ("d4", "leeboard_urn is missing")],
)
def test_show_of_a_device_that_is_not_there(name: str, says: str) -> None:
    result = RUNNER.invoke(app, ["show", name, "-i", "x"])
    assert result.exit_code == 1
    assert says in str(result.exception)
