"""`leeboard waiver` as a technician runs it: list, check, and a new one in a school's file."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leeboard.cli import waiver as cli
from leeboard.errors import LeeboardError
from leeboard.estate.waiver_files import read_folder
from leeboard.model.waiver import day_of
from tests.unit.estate.risks import raw
from tests.unit.playing import command, inventory

TODAY = day_of(cli.now())
ROWS = """asset,host,address,platform,form,role,level
EP-0001,pc1,192.0.2.1,linux,desktop,office,
EP-0002,pc2,192.0.2.2,linux,desktop,exam,
EP-0003,pc3,192.0.2.3,windows,desktop,exam,
"""
RUN = ("from leeboard.cli.main import main; main()", "waiver")
RUNNER = CliRunner()


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def run(folder: Path, *options: str) -> Done:
    """The command in this process, which is quicker; `leeboard` itself says an error and ends with 1."""
    with contextlib.chdir(folder):
        found = RUNNER.invoke(cli.app, options, env={"COLUMNS": "200"})
    if isinstance(found.exception, LeeboardError):
        return Done(1, found.stdout, f"leeboard: {found.exception}\n")
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return Done(found.exit_code, found.stdout, found.stderr)


def day(days: int) -> str:
    return str(TODAY + timedelta(days=days))


@pytest.fixture
def school(tmp_path: Path) -> Path:
    """A school of three devices with nothing accepted; its estate.yml lies above."""
    (tmp_path / "estate.yml").write_text("plugin: leeboard.schools.estate\nname: Example LA\nlevel: standard\n")
    folder = tmp_path / "hill"
    folder.mkdir()
    (folder / "school.yml").write_text(
        'plugin: leeboard.schools.estate\nurn: "900001"\nname: Hill Primary School\nphase: primary\n'
    )
    (folder / "devices.csv").write_text(ROWS)
    return folder


def given(folder: Path, *entries: dict[str, object], more: str = "") -> None:
    lines = [f"  - {json.dumps(one)}\n" for one in entries]
    (folder / "waivers.yml").write_text("waivers:\n" + "".join(lines) + more)


RISKS = [
    raw(devices=["EP-0001"], granted=day(-100), last_day=day(100)),
    raw(id="W-SOON", control="LCK-02", devices=None, roles=["exam"], granted=day(-100), last_day=day(30)),
    raw(id="W-OVER", control="LBL-01", devices=None, school=True, granted=day(-100), last_day=day(-1)),
]
WRITE = (
    *("--control", "lck-01", "--reason", "The hall's machine: it must not lock.", "--owner", "Head teacher"),
    *("--approved-by", "Governing body", "--last-day", day(200)),
)


def test_the_table(school: Path) -> None:
    given(school, *RISKS)
    done = run(school.parent, "list", "-i", "estate.yml")
    assert done.returncode == 0, done.stderr
    text = re.sub(r"\s+", " ", done.stdout)
    assert "Accepted risks: 3 waivers, 1 of them ends within 30 days" in text
    over, soon, later = (done.stdout.index(name) for name in ("W-OVER", "W-SOON", "W-2026-001"))
    assert over < soon < later
    for part in ("expired", "30 days left", "100 days left", "role exam", "EP-0001", "Governing body", "900001"):
        assert part in text, part
    assert "Problem: school 900001: waiver W-OVER: it ended on" in text


def test_json(school: Path) -> None:
    given(school, *RISKS, more="  - id: W-BAD\n")
    done = run(school.parent, "list", "-i", "hill", "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {one["id"]: (one["state"], one["days_left"], one["devices"]) for one in told["waivers"]} == {
        "W-OVER": ("expired", -1, ["EP-0001", "EP-0002", "EP-0003"]),
        "W-SOON": ("in_force", 30, ["EP-0002", "EP-0003"]),
        "W-2026-001": ("in_force", 100, ["EP-0001"]),
    }
    assert told["schema"] == 1 and len(told["problems"]) == 2
    assert "waivers.yml, line 5: W-BAD: control is missing" in told["problems"][0]


def test_nothing_accepted(school: Path) -> None:
    assert "There is no waiver that concerns a device." in run(school, "list", "-i", "school.yml").stdout
    done = run(school, "check", "-i", "school.yml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (raw(devices=["EP-0009"]), "waiver W-2026-001: EP-0009: no such device at the school, so it has no effect"),
        (raw(devices=None, roles=["server"]), "no device of the school has the role server"),
        (raw(devices=["EP-0001"], control="LCK-99"), "LCK-99 is no control of the baseline"),
        (raw(devices=["EP-0001"], control="ENC-01"), "only the SIRO may waive"),
        (raw(devices=["EP-0001"], control="REM-11"), "write school: true"),
        (raw(devices=["EP-0001"], owner=None), "waivers.yml, line 2: W-2026-001: owner is missing"),
        (raw(devices=["EP-0001"], granted=day(-9), last_day=day(-1)), "it ended on"),
        (raw(devices=["EP-0001"], reason="\x1b[31m"), "it holds control characters"),
    ],
)
def test_check_is_one_line_for_each_and_ends_with_3(school: Path, entry: dict[str, object], words: str) -> None:
    given(school, entry)
    done = run(school.parent, "check", "-i", ".")
    assert done.returncode == 3
    assert words in done.stdout and done.stdout.count("\n") == 1 and "\x1b" not in done.stdout
    assert done.stderr == "1 problem; docs/waivers.md says what a waiver needs\n"


def test_a_plain_inventory_is_listed_and_checked_as_well(tmp_path: Path) -> None:
    risks = [raw(devices=["pc1"], granted=day(-1), last_day=day(9)), raw(id="W-2", devices=["pc9"])]
    source = inventory(tmp_path, pc1={"leeboard_waivers": risks}, pc2={})
    done = run(tmp_path, "list", "-i", str(source), "--format", "json")
    assert [one["id"] for one in json.loads(done.stdout)["waivers"]] == ["W-2026-001"]
    done = run(tmp_path, "check", "-i", str(source))
    assert done.returncode == 3
    assert done.stdout.startswith("school 900001: waiver W-2: pc9: no such device at the school")


def test_of_one_school_only(school: Path) -> None:
    given(school, RISKS[2])
    other = school.parent / "dale"
    other.mkdir()
    (other / "school.yml").write_text((school / "school.yml").read_text().replace("900001", "900002"))
    (other / "devices.csv").write_text(ROWS)
    given(other, raw(devices=["EP-0003"], granted=day(-1), last_day=day(9)))
    assert run(school.parent, "check", "-i", ".", "--school", "900002").returncode == 0
    assert run(school.parent, "check", "-i", ".", "--school", "900001").returncode == 3
    done = run(school.parent, "list", "-i", ".", "--school", "900002", "--format", "json")
    assert [one["urn"] for one in json.loads(done.stdout)["waivers"]] == ["900002"]
    given(school, RISKS[0], more="  - id: W-BAD\n")
    assert run(school.parent, "check", "-i", ".", "--school", "900002").returncode == 0, "a mistake in another's file"
    assert "waivers.yml, line 3" in run(school.parent, "check", "-i", ".", "--school", "900001").stdout


def test_new_writes_what_it_shows_and_keeps_the_rest(school: Path) -> None:
    text = f"# Ours.\nwaivers:\n    - {json.dumps(RISKS[0])}   # until the new projector\n"
    (school / "waivers.yml").write_text(text)
    done = run(school.parent, "new", "hill", *WRITE, "--devices", "EP-0002, EP-0003", "--yes")
    assert done.returncode == 0, done.stderr
    written = (school / "waivers.yml").read_text()
    assert written.startswith(text)
    entry = written.removeprefix(text)
    assert "".join(entry.split()) in "".join(done.stdout.split())
    assert "It concerns 2 devices, from now on, to the end of " in done.stdout and "(201 days)." in done.stdout
    new = read_folder(school).waivers[1]
    # W-2026-001 stands there already.
    number = "002" if TODAY.year == 2026 else "001"
    assert (new.id, new.devices) == (f"W-{TODAY.year}-{number}", ("EP-0002", "EP-0003"))
    assert new.control == "LCK-01", "typed in small letters"
    assert (new.granted, new.last_day) == (TODAY, date.fromisoformat(day(200)))
    assert run(school.parent, "check", "-i", "hill").returncode == 0


def test_new_makes_the_file_and_counts_on(school: Path) -> None:
    for number, options in enumerate((["--devices", "EP-0001"], ["--roles", "Exam"]), 1):
        done = run(school, "new", ".", *WRITE, *options, "--yes")
        assert done.returncode == 0, done.stderr
        assert read_folder(school).waivers[-1].id == f"W-{TODAY.year}-{number:03}"
    done = run(school, "new", "school.yml", *WRITE[2:], "--control", "LBL-01", "--school-wide", "--yes")
    assert done.returncode == 0 and "It concerns 3 devices" in done.stdout
    assert run(school, "check", "-i", ".").returncode == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "give exactly one of --devices, --roles and --school-wide"),
        (("--devices", "EP-0001", "--school-wide"), "give exactly one of"),
        (("--devices", "EP-0009"), "EP-0009: no such device at the school"),
        (("--devices", "ep-0002"), "did you mean EP-0002?"),
        (("--devices", "EP-0001,EP-0009"), "EP-0009: no such device"),
        (("--roles", "server"), "no device of the school has the role server"),
        (("--roles", "head"), "roles is ['head']: list roles out of"),
        (("--school-wide", "--control", "LCK-99"), "LCK-99 is no control of the baseline"),
        (("--school-wide", "--control", "FWD-03"), "no waiver makes it newer"),
        (("--school-wide", "--control", "ENC-01"), "only the SIRO may waive"),
        (("--devices", "EP-0001", "--control", "REM-11"), "is asked of the school as a whole"),
        (("--school-wide", "--last-day", day(367)), "more than a year after granted"),
        (("--school-wide", "--last-day", "20.7.2027"), "last_day is '20.7.2027': write the day as in"),
        (("--school-wide", "--last-day", day(-1)), "comes before granted"),
        (("--school-wide", "--granted", day(-9), "--last-day", day(-1)), "has passed; give a later one"),
        (("--school-wide", "--owner", " "), "owner is ' ': it is empty"),
        (("--school-wide", "--reason", "\x1b]0;x\x07"), "it holds control characters"),
        (("--school-wide", "--id", "W-2026-001"), "is the id of another waiver already"),
        (("--devices", "EP-0001"), "W-2026-001 waives LCK-01 on some of the same days already"),
        (("--school-wide",), "no effect on EP-0001: W-2026-001 waives LCK-01"),
        (("--devices", "EP-0001", "--granted", day(100)), "or let W-"),
    ],
)
def test_new_refuses_what_check_would_refuse(school: Path, options: tuple[str, ...], words: str) -> None:
    given(school, RISKS[0])
    before = (school / "waivers.yml").read_bytes()
    done = run(school.parent, "new", "hill", *WRITE, *options, "--yes")
    assert done.returncode == 1, done.stdout
    assert words in done.stderr and done.stderr.count("\n") == 1 and "\x1b" not in done.stderr
    assert "nothing was written" in done.stderr or "give exactly one" in done.stderr
    assert (school / "waivers.yml").read_bytes() == before


def test_new_follows_another_from_the_day_after_and_the_siro_may(school: Path) -> None:
    given(school, RISKS[0])
    done = run(school.parent, "new", "hill", *WRITE, "--devices", "EP-0001", "--granted", day(101), "--yes")
    assert done.returncode == 0, done.stderr
    assert "It concerns 1 device, from " in done.stdout
    done = run(school.parent, "new", "hill", *WRITE, "--school-wide", "--control", "ENC-01", "--siro", "--yes")
    assert done.returncode == 0 and read_folder(school).waivers[-1].siro, done.stderr


def test_new_takes_a_school_by_its_name_in_an_estate(school: Path) -> None:
    for number, name in enumerate(("900001", "hill primary", "hill"), 1):
        control = ("--control", f"LCK-0{number}")
        done = run(school.parent, "new", name, *WRITE[2:], *control, "--school-wide", "--yes", "-i", ".")
        assert done.returncode == 0, done.stderr
        assert read_folder(school).waivers[-1].control == f"LCK-0{number}"
    done = run(school.parent, "new", "dale", *WRITE, "--school-wide", "--yes", "-i", ".")
    assert done.returncode == 1 and "0 schools fit; there is: 900001 Hill Primary School" in done.stderr


def test_new_needs_a_school_of_ours(tmp_path: Path) -> None:
    inventory(tmp_path, pc1={})
    done = run(tmp_path, "new", ".", *WRITE, "--school-wide", "--yes")
    assert done.returncode == 1
    assert "there is no school.yml in it; give the school's folder" in done.stderr
    assert not (tmp_path / "waivers.yml").exists()


def test_as_a_process(school: Path) -> None:
    given(school, RISKS[2])
    done = command(school.parent, sys.executable, "-c", *RUN, "check", "-i", "estate.yml")
    assert (done.returncode, done.stdout.count("\n")) == (3, 1), done.stderr
    done = command(school.parent, sys.executable, "-c", *RUN, "new", "hill", *WRITE, "--roles", "server", "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("leeboard: no device of the school has the role server")
    assert command(school.parent, sys.executable, "-c", *RUN, "new", "hill").returncode == 1


def test_without_a_terminal_nobody_is_asked(school: Path) -> None:
    done = run(school.parent, "new", "hill", *WRITE, "--school-wide")
    assert done.returncode == 1 and "give --yes to write it" in done.stderr
    assert not (school / "waivers.yml").exists()


@pytest.mark.parametrize(("answer", "written"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
def test_somebody_is_asked_first(school: Path, answer: bytes, written: bool) -> None:
    ours, theirs = pty.openpty()
    asked = subprocess.Popen(
        [sys.executable, "-c", *RUN, "new", "hill", *WRITE, "--school-wide"],
        cwd=school.parent,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.write(ours, answer)
    said, _ = asked.communicate(timeout=600)
    os.close(theirs)
    os.close(ours)
    assert asked.returncode == 0, said
    assert b"Write it? [y/N]" in said and (b"Nothing was written." in said) is not written
    assert (school / "waivers.yml").exists() is written


def test_help_is_for_a_technician(tmp_path: Path) -> None:
    for words in ((), ("list",), ("check",), ("new",)):
        done = run(tmp_path, *words, "--help")
        assert done.returncode == 0 and "waiver" in done.stdout
