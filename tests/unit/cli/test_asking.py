"""The commands that ask what is kept: names, exit codes, JSON, and no visit."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from leeboard.cli.asking import kept
from leeboard.cli.main import app
from leeboard.errors import LeeboardError
from leeboard.report import json_report
from tests.unit.report import example
from tests.unit.report.samples import HOSTILE

EXAMPLE = example.ROOT / "inventories" / "example"
Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def ask(var: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs a command at the moment of that night's report: its exit code and what it printed."""
    monkeypatch.setattr(kept, "now", lambda: example.AT)

    def run(*words: str, where: Path = var) -> tuple[int, str]:
        command = typer.main.get_command(app)
        stream, before = io.StringIO(), sys.stdout
        sys.stdout = stream
        try:
            code = command.main([*words, "--var", str(where)], prog_name="leeboard", standalone_mode=False)
        finally:
            sys.stdout = before
        return code or 0, stream.getvalue()

    return run


def test_status_begins_with_the_coverage_and_ends_as_drift_does(ask: Ask) -> None:
    code, out = ask("status")
    assert code == 3
    lines = out.splitlines()
    assert lines[1] == (
        "4 devices: 2 seen in the last 24 hours, 0 silent within the limit (FWD-03), 0 out of date (not seen for "
        "longer than that), 1 never seen, 1 of a kind that is never checked."
    )
    assert "The newest run began 4 minutes ago, 25 Nov 2026, 02:10 GMT." in lines and lines[-1].endswith("exit 3")


@pytest.mark.parametrize("name", ["900001", "example-primary", "Example Primary School", "PRIMARY"])
def test_a_school_is_found_as_elsewhere(ask: Ask, name: str) -> None:
    _, out = ask("status", name, "-i", str(EXAMPLE), "--json")
    assert [school["urn"] for school in json.loads(out)["schools"]] == ["900001"]


@pytest.mark.parametrize("name", ["EP-0001", "primary-office-1", "primary-office-1.900001"])
def test_a_device_is_found_as_elsewhere(ask: Ask, name: str) -> None:
    for inventory in ((), ("-i", str(EXAMPLE))):
        code, out = ask("status", name, *inventory)
        assert code == 3
        assert "EP-0001 (primary-office-1.900001), Example Primary School (900001)" in out
        assert "Seen in the last 24 hours: 3 minutes ago, 25 Nov 2026, 02:10 GMT." in out
        assert "LCK-01 drifted since 25 Nov 2026" in out and "EP-0002" not in out


def test_an_inventory_brings_in_those_whom_no_run_has_met(ask: Ask) -> None:
    assert json.loads(ask("status", "--json")[1])["devices"] == 4
    data = json.loads(ask("status", "-i", str(EXAMPLE), "--json")[1])
    assert data["devices"] == 14 and data["coverage"]["never"] == 9
    code, out = ask("status", "secondary-head-1", "-i", str(EXAMPLE))
    assert code == 3 and "Never seen: no run has ever observed it." in out


def test_a_name_that_is_not_known_brings_its_neighbours(ask: Ask, var: Path) -> None:
    with pytest.raises(LeeboardError, match="EP-001: there is no such school or device; did you mean EP-0001"):
        ask("status", "EP-001")
    with pytest.raises(LeeboardError, match="did you mean Example Primary School"):
        ask("worklist", "Exampel Primary School")
    for question in (("status",), ("history",), ("evidence",)):
        with pytest.raises(LeeboardError, match="EP-000x: there is no such school or device; did you mean EP-0"):
            ask(*question, "EP-000x")
    with pytest.raises(
        LeeboardError, match="LCK-99: there is no such control, and nothing of it is kept; did you mean"
    ):
        ask("history", "LCK-99")
    with pytest.raises(LeeboardError, match="LCK-01 has no such setting; it has idle-delay"):
        ask("history", "LCK-01.delay")


def test_asking_makes_no_store(ask: Ask, tmp_path: Path) -> None:
    for command in (("status",), ("worklist",), ("report",), ("history", "EP-0001")):
        with pytest.raises(LeeboardError, match="nothing is kept yet; leeboard drift checks"):
            ask(*command, where=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_quiet_prints_nothing(ask: Ask, tmp_path: Path) -> None:
    page = str(tmp_path / "page.html")
    for command in (("status",), ("worklist",), ("report", "--page", page)):
        assert ask(*command, "-q") == (3, "")
    assert ask("history", "EP-0001", "--quiet") == (0, "")


def test_the_report_is_that_of_the_night(ask: Ask, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, out = ask("report", "primary", "-i", str(EXAMPLE), "--json", "--page", str(page))
    data, wanted = json.loads(out), json_report.as_json(example.report())
    assert code == wanted["exit_code"] == data["exit_code"]
    for part in ("counts", "devices", "waivers", "at", "marking", "devices_silent"):
        assert data[part] == wanted[part], part
    assert "EP-0001" in page.read_text() and data["schools"][0]["findings"]
    assert ask("report", "--format", "csv", "--page", str(page))[1].startswith("urn,school,asset")
    assert f"The page: {page}" in ask("report", "EP-0002", "--page", str(page))[1]
    assert "EP-0002" in page.read_text() and "EP-0001" not in page.read_text()
    with pytest.raises(LeeboardError, match="give one of them"):
        ask("report", "--json", "--format", "csv")


def test_the_worklist_is_cut_and_whole(ask: Ask) -> None:
    out = ask("worklist", "--most", "2")[1].splitlines()
    every = json.loads(ask("worklist", "--json", "--most", "0")[1])
    assert out[1] == f"{every['items_total']} to do: everything that is kept."
    assert out[-1] == f"and {every['items_total'] - 2} more things to do: leeboard worklist"
    assert len(every["items"]) == every["items_total"] and every["at"] == "2026-11-25T02:14:00Z"


def test_history_of_a_control_a_setting_and_a_school(ask: Ask) -> None:
    for name in ("LCK-01", "lck-01", "LCK-01.idle-delay"):
        code, out = ask("history", name)
        assert code == 0 and "on 2 devices: EP-0001, EP-0002 (the check 20261125T021000Z-1a2b3c4d)" in out
    assert "idle-delay (LCK-01, LCK-03)" in ask("history", "idle-delay")[1]
    (spell, *_) = json.loads(ask("history", "LCK-01", "--json")[1])["spells"]
    assert (
        spell["since"] == "2026-11-25T02:10:00Z" and spell["until"] is None and spell["setting"] == "LCK-01.idle-delay"
    )
    everywhere = json.loads(ask("history", "900001", "--json")[1])
    of_one = json.loads(ask("history", "EP-0001", "--json")[1])
    assert [one for one in everywhere["spells"] if one["asset"] == "EP-0001"] == of_one["spells"]
    assert of_one["first_observed"] == of_one["last_observed"] == "2026-11-25T02:10:00Z"
    assert json.loads(ask("history", "LCK-01", "--school", "900001", "--json")[1])["spells"]


def test_where_nothing_was_recorded_nothing_is_called_well(ask: Ask) -> None:
    for name in ("900002", "secondary-head-1"):
        _, out = ask("history", name, "-i", str(EXAMPLE))
        assert "Nothing was recorded yet, so nothing is known: leeboard drift checks devices" in " ".join(out.split())
        assert "ot well" not in out
        assert json.loads(ask("history", name, "-i", str(EXAMPLE), "--json")[1])["recorded_since"] is None
    assert json.loads(ask("history", "900001", "--json")[1])["recorded_since"] == "2026-11-25T02:10:00Z"
    assert "Nothing was ever not well." in ask("history", "LCK-02")[1]


def test_a_pipe_folds_no_line(var: Path) -> None:
    command = [sys.executable, "-c", "from leeboard.cli.main import main; main()", "worklist", "--var", str(var)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3 and max(map(len, done.stdout.splitlines())) > 200, done.stderr


def commands(group: Any, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [words]
    for name, command in getattr(group, "commands", {}).items():
        found += commands(command, (*words, name))
    return found


@pytest.mark.parametrize("words", commands(typer.main.get_command(app)), ids=" ".join)
def test_each_command_has_its_help_by_h(words: tuple[str, ...]) -> None:
    short, long = (CliRunner().invoke(app, [*words, option]) for option in ("-h", "--help"))
    assert short.exit_code == 0 and short.output == long.output and "-h, --help" in short.output


# As somebody sets it up who reads the help, and then as bash itself calls what it was given for a line with a tab.
COMPLETES = """
leeboard --install-completion >&2 && . ~/.bashrc || exit 1
[ "$(complete -p leeboard)" = "complete -o default -F _leeboard_completion leeboard" ] || exit 1
while IFS= read -r line; do
  IFS=' ' read -ra COMP_WORDS <<<"$line"
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
  _leeboard_completion leeboard "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
  echo "$line: ${COMPREPLY[*]}"
done
"""
COMPLETED = {
    "leeboard st": "status standards",
    "leeboard waiver n": "new",
    "leeboard estate import d": "devices",
    "leeboard drift --fo": "--format --form",
    "leeboard nosuch": "",
}


def test_the_shell_completes(tmp_path: Path) -> None:
    command = tmp_path / "bin" / "leeboard"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom leeboard.cli.main import main\nmain()\n", encoding="utf-8")
    command.chmod(0o755)
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETES],
        input="".join(f"{line}\n" for line in COMPLETED),
        env={"HOME": str(tmp_path), "PATH": f"{command.parent}:/usr/bin:/bin", "PYTHONPATH": str(example.ROOT)},
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    offered = dict(line.partition(": ")[::2] for line in done.stdout.splitlines())
    assert offered == COMPLETED, done.stderr


@pytest.mark.parametrize("words", [("evidence", "EP-0001", "--at"), ("prune", "--before")], ids=" ".join)
def test_what_is_no_day_is_told_how_a_day_is_written(words: tuple[str, ...], tmp_path: Path) -> None:
    for text in ("yesterday", "1 December", "2026-13-01", "=2026-12-01"):
        said = CliRunner().invoke(app, [*words, text, "--var", str(tmp_path)])
        assert said.exit_code == 2 and f"'{text}' is no day: write it as YYYY-MM-DD" in said.output, said.output
        assert "%" not in said.output


def test_hostile_names_are_escaped_where_they_are_told(ask: Ask) -> None:
    for hostile in HOSTILE:
        with pytest.raises(LeeboardError) as problem:
            ask("status", hostile)
        assert str(problem.value).isprintable()
