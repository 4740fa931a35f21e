"""Estate files through the commands as a technician runs them; the devices that are visited are this very machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from leeboard.ansible.inventory import read
from leeboard.policy.load import load
from tests import bundle_lines
from tests.unit.estate.folders import add_estate, add_school
from tests.unit.playing import ROOT, command

HERE = (
    "connection: {linux: {become: false, vars: {ansible_connection: local, "
    "ansible_python_interpreter: /usr/bin/python3}}}\n"
)
ROWS = """\
A-1,pc-1,,linux,desktop,office,sensitive,
A-2,pc-2,,beos,desktop,office,,
A-3,tablet-1,,iPadOS,,,,
"""


def leeboard(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return command(folder, sys.executable, "-c", "from leeboard.cli.main import main; main()", *options)


@pytest.fixture
def school(tmp_path: Path) -> Path:
    """A school of an estate with a machine, a row that is wrong, and a tablet; another school that is not asked."""
    (tmp_path / "la").mkdir()
    add_estate(tmp_path / "la", HERE)
    add_school(tmp_path / "la" / "mill", "900002")
    return add_school(tmp_path / "la" / "hill", "900001", "vars: {leeboard_notice_title: Hello}\n", ROWS)


@pytest.mark.parametrize("options", [("la", "--school", "School 900001"), ("la/hill",)])
def test_a_school_is_checked_and_its_mistakes_are_told(tmp_path: Path, school: Path, options: tuple[str, ...]) -> None:
    done = leeboard(tmp_path, "drift", "-i", *options, "--format", "json")
    assert done.returncode == 3, done.stdout + done.stderr
    report = json.loads(done.stdout)
    found = {one["asset"]: one for one in report["devices"]}
    assert {asset: one["outcome"] for asset, one in found.items()} == {"A-1": "observed", "A-3": "other"}
    assert found["A-1"]["level"] == "sensitive"
    (problem,) = report["problems"]
    assert "hill/devices.csv, row 3, column platform: 'beos' is no platform" in problem
    # What the run itself says of its devices is what leeboard read without Ansible.
    (bundle,) = (tmp_path / "var" / "evidence" / "900001").glob("*.jsonl.xz")
    header = bundle_lines.lines(bundle)[0]
    own = read(school, tuple(load().parameters)).devices
    assert [one["name"] for one in header["expected"]] == ["pc-1.900001", "tablet-1.900001"]
    assert header["expected"] == [one.model_dump(mode="json", exclude_defaults=True) for one in own]
    assert not (tmp_path / "var" / "evidence" / "900002").exists()


def test_baseline_show_says_where_each_value_comes_from(tmp_path: Path, school: Path) -> None:
    school.write_text(school.read_text().replace("vars: {", "vars: {leeboard_overrides: {LCK-01: {idle-delay: 120}}, "))
    done = leeboard(tmp_path, "baseline", "show", "pc-1.900001", "-i", "la", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = {(one["control"], one["setting"]): one for one in json.loads(done.stdout)["settings"]}
    assert found["LCK-01", "idle-delay"]["value"] == 120
    assert found["LCK-01", "idle-delay"]["origin"] == "leeboard_overrides from school.yml"
    words = {one["origin"] for one in found.values()}
    assert any("leeboard_level from devices.csv row 2" in one for one in words), words
    assert "row 3, column platform: 'beos'" in done.stderr


def test_the_example_is_shown(tmp_path: Path) -> None:
    done = leeboard(tmp_path, "baseline", "show", "primary-office-1", "-i", str(ROOT / "inventories" / "example"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("primary-office-1.900001: linux, desktop, role office, level sensitive")
    assert "leeboard_notice_text from school.yml" in " ".join(done.stdout.split())
    assert "leeboard_level from devices.csv row 2" in " ".join(done.stdout.split())
    assert done.stderr == ""


def test_a_school_that_cannot_be_reached_is_left_out_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "la").mkdir()
    add_estate(tmp_path / "la", HERE)
    add_school(tmp_path / "la" / "hill", "900001", rows="A-1,tablet-1,,iPadOS,,,,\n")
    add_school(tmp_path / "la" / "mill", "900002", "reachable: false\n", "B-1,pc-1,,linux,desktop,office,sensitive,\n")
    done = leeboard(tmp_path, "drift", "-i", "la", "--format", "json")
    assert done.returncode == 3, done.stderr
    found = {one["asset"]: one for one in json.loads(done.stdout)["devices"]}
    assert (found["A-1"]["outcome"], found["B-1"]["outcome"]) == ("other", "not_seen")
    assert found["B-1"]["message"].startswith("unreachable by design: the school says reachable: false; bring its")
    assert {finding["verdict"] for finding in found["B-1"]["findings"]} <= {"missing", "not_applicable"}
    assert len(list((tmp_path / "var" / "evidence" / "900001").glob("*.jsonl.xz"))) == 1
    assert not (tmp_path / "var" / "evidence" / "900002").exists()
    alone = leeboard(tmp_path, "drift", "-i", "la", "--school", "900002", "--format", "json")
    assert alone.returncode == 3, alone.stderr
    assert [one["message"][:21] for one in json.loads(alone.stdout)["devices"]] == ["unreachable by design"]
