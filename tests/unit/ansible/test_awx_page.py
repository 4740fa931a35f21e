"""The project of docs/awx.md as AWX runs it: ansible-runner, from a folder that is thrown away after each job.

No container and no AWX is here: what AWX itself does around it is not tried.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leeboard.ansible.unchecked import HEAD, HOST_KEYS, line
from leeboard.evidence.bundles.files import bundles
from leeboard.evidence.bundles.reader import Reader
from tests.unit.playing import ROOT, small_machine

PAGE = (ROOT / "docs" / "awx.md").read_text(encoding="utf-8")
VAR = "/var/lib/leeboard"
BIN = Path(sys.executable).parent
SCHOOL = """
plugin: leeboard.schools.estate
urn: "900001"
name: Example Primary School
phase: primary
level: standard
connection:
  linux:
    become: false
    vars:
      ansible_port: 1
      ansible_connection: "{{ 'local' if leeboard_asset == 'EP-0001' else 'ssh' }}"
"""
CHECKED = "ansible_host_key_checking: true"
# The first device is this machine; at the second's address nothing listens.
DEVICES = """asset,host,address,platform,form,role
EP-0001,here,,linux,desktop,office
EP-0002,away,127.0.0.1,linux,desktop,office
"""


def block(kind: str, begins: str) -> str:
    """The text of the page's block that begins so."""
    (found,) = (text for text in re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) if text.startswith(begins))
    return str(found)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project as the page has it, with evidence in tmp_path/outside."""
    folder = tmp_path / "project"
    (folder / "estate" / "primary").mkdir(parents=True)
    (folder / "ansible.cfg").write_text(block("ini", "[defaults]").replace(VAR, str(tmp_path / "outside")))
    (folder / "drift.yml").write_text(block("yaml", "# drift.yml"))
    (folder / "reports.yml").write_text(block("yaml", "# reports.yml").replace(VAR, str(tmp_path / "outside")))
    (folder / "estate" / "estate.yml").write_text("plugin: leeboard.schools.estate\nname: Example LA\n")
    (folder / "estate" / "primary" / "school.yml").write_text(SCHOOL)
    (folder / "estate" / "primary" / "devices.csv").write_text(DEVICES)
    return folder


def job(project: Path, place: Path, playbook: str, inventory: str) -> tuple[int, str]:
    """Run a job as AWX does, in a folder and a home that are gone afterwards."""
    shutil.copytree(project, place / "project")
    (place / "home").mkdir()
    environment = {
        "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "HOME": str(place / "home"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "LC_ALL": "C.UTF-8",
    }
    argv = [str(BIN / "ansible-runner"), "run", str(place), "-p", playbook, "--inventory", inventory]
    done = subprocess.run(
        [*small_machine(), *argv], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    shutil.rmtree(place)
    return done.returncode, done.stdout + done.stderr


def test_evidence_outside_goes_on_from_job_to_job_and_unchecked_host_keys_are_named(
    project: Path, tmp_path: Path
) -> None:
    outside, school = tmp_path / "outside", project / "estate" / "primary" / "school.yml"
    estate = str(tmp_path / "job" / "project" / "estate" / "estate.yml")
    warned = []
    for night in (1, 2):
        status, said = job(project, tmp_path / "job", "drift.yml", estate)
        assert status == 2, f"a port that takes no connection makes a failed job\n{said}"
        warned.append([one for one in said.splitlines() if HEAD in one])
        # As the page says: what ansible-runner switches off, the inventory switches on again.
        assert CHECKED in PAGE
        school.write_text(f"{SCHOOL}      {CHECKED}\n")
        assert len(bundles(outside / "evidence" / "900001")) == night
    assert warned == [[line({HOST_KEYS: 1})], []]
    status, said = job(project, tmp_path / "job", "reports.yml", estate)
    assert status == 0, said
    assert "Example Primary School" in (outside / "report.html").read_text(encoding="utf-8")
    turns = []
    for path in bundles(outside / "evidence" / "900001"):
        with Reader(path) as opened:
            turns.append((opened.header.turn, opened.header.writer, len(opened.header.heads)))
    (first, second) = turns
    assert (first[0], second[0], second[2]) == (1, 2, 1) and first[1] == second[1] != ""
    assert not os.path.exists(tmp_path / "job")
