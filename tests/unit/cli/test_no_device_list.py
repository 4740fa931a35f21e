"""A school without a devices.csv: each command says so in a line, none takes it for a school where all is well."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import typer

from leeboard.cli.asking import kept
from leeboard.cli.main import app
from leeboard.errors import LeeboardError
from leeboard.estate.estate import read_estate
from tests.unit.report import example

MISSING = "example-special/devices.csv: is missing; docs/inventory.md shows what stands in it; leeboard estate import"


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example, of which the special school lost its sheet."""
    monkeypatch.setattr(kept, "now", lambda: example.AT)
    folder = tmp_path / "estate"
    shutil.copytree(example.ROOT / "inventories" / "example", folder)
    (folder / "example-special" / "devices.csv").unlink()
    return folder


def run(*words: str) -> int:
    command = typer.main.get_command(app)
    return command.main([*words], prog_name="leeboard", standalone_mode=False) or 0


@pytest.mark.parametrize("command", ["status", "worklist", "report"])
@pytest.mark.parametrize("subject", [(), ("example-special",)])
def test_what_is_asked_is_answered_with_the_reason(
    var: Path, estate: Path, capsys: pytest.CaptureFixture[str], command: str, subject: tuple[str, ...]
) -> None:
    assert run(command, *subject, "-i", str(estate), "--var", str(var)) == 3
    out = capsys.readouterr().out
    assert MISSING in out
    assert "nothing is unknown" not in out


def test_one_school_s_mistakes_are_not_another_s(var: Path, estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("status", "example-primary", "-i", str(estate), "--var", str(var))
    assert "example-special" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("drift", "-i", "{estate}/example-special"),
        ("drift", "-i", "{estate}", "--school", "example-special"),
        ("drift", "-i", "{estate}", "--school", "900003"),
        ("status", "-i", "{estate}/example-special"),
        ("summary", "example-special", "-i", "{estate}"),
        ("baseline", "show", "EX-0001", "-i", "{estate}"),
    ],
    ids=" ".join,
)
def test_what_needs_a_device_is_refused_with_the_reason(var: Path, estate: Path, words: tuple[str, ...]) -> None:
    before = sorted(var.rglob("*"))
    options = () if words[0] == "baseline" else ("--var", str(var))
    with pytest.raises(LeeboardError) as refused:
        run(*(word.format(estate=estate) for word in words), *options)
    assert MISSING in str(refused.value)
    assert sorted(var.rglob("*")) == before


def test_the_import_of_a_list_makes_it(estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("Asset tag,OS,Form,Role\nEX-9,Linux,PC,office\n")
    words = (
        "estate",
        "import",
        "devices",
        str(listed),
        "--school",
        "900003",
        "-i",
        str(estate),
        "--var",
        str(tmp_path),
    )
    sheet = estate / "example-special" / "devices.csv"
    assert run(*words, "--dry-run") == 0
    assert not sheet.exists()
    assert run(*words, "--yes") == 0
    assert sheet.read_text().splitlines()[1:] == ["EX-9,EX-9,,linux,desktop,office,,,"]
    assert read_estate(estate / "estate.yml").problems == ()
    assert "is missing" not in "".join(capsys.readouterr())
