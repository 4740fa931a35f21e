"""The README's ten-minute walk from a clone to a school's first report: its commands, as they stand there."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.unit.playing import ROOT, command

README = (ROOT / "README.md").read_text(encoding="utf-8")
WALK = README.partition("## A school in ten minutes\n")[2].partition("\n## ")[0]
COMMANDS = [
    line.strip()
    for block in re.findall(r"```sh\n(.*?)```", WALK, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]
SET_UP = ["make drift", ". .venv/bin/activate"]
# What a reader does by hand in between: the devices are then this very machine, which needs neither SSH nor sudo.
HERE = """
connection:
  linux: {become: false, vars: {ansible_connection: local, ansible_python_interpreter: /usr/bin/python3}}
"""
ROWS = "asset,host,platform,form,role\nEP-0001,office-1,linux,desktop,office\nEP-0003,tablet-1,iPadOS,,\n"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands look for in a clone."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "inventories" / "example", folder / "inventories" / "example")
    for name in ("playbooks", "collections", "roles", "plugins"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def described(estate: Path) -> None:
    """Step 3: the school in the copy becomes the reader's own, and the other two are taken away."""
    school = estate / "example-primary"
    text = (school / "school.yml").read_text(encoding="utf-8")
    before, _, rest = text.partition("network:\n")
    (school / "school.yml").write_text(before + HERE.lstrip() + "vars:\n" + rest.partition("\nvars:\n")[2], "utf-8")
    (school / "devices.csv").write_text(ROWS, "utf-8")
    (school / "waivers.yml").unlink()
    for other in ("example-secondary", "example-special"):
        shutil.rmtree(estate / other)


def test_the_walk_begins_with_the_set_up_and_a_report_comes_after_four_steps() -> None:
    assert COMMANDS[:2] == SET_UP
    steps = re.findall(r"^(\d)\. ", WALK, re.MULTILINE)
    assert steps == ["1", "2", "3", "4", "5", "6"]
    fourth = WALK.partition("\n4. ")[2].partition("\n5. ")[0]
    assert "leeboard drift -i " in fourth
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", fourth)
    assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")
    assert (ROOT / picture).stat().st_size < 300_000
    assert "invented and nobody" in fourth, "the caption says what the picture shows"


def test_each_command_does_what_the_walk_says(clone: Path) -> None:
    said = {}
    for line in COMMANDS[len(SET_UP) :]:
        words = shlex.split(line)
        if words[0] == "leeboard":
            words = [sys.executable, "-c", "from leeboard.cli.main import main; main()", *words[1:]]
        if "enforce" in words:
            words.append("--yes")  # it asks
        if words[-1] == "--diff":
            words.append("--list-hosts")  # what it would change is for the tests of the roles
        done = command(clone, *words)
        # On this machine something drifts, or cannot be read without root; the rest goes through.
        assert done.returncode in ((2, 3) if " drift " in line else (0,)), f"{line}\n{done.stdout}{done.stderr}"
        said[line] = done.stdout
        if words[0] == "cp":
            described(clone / "inventories" / "mine")
    of = {
        word: text for line, text in said.items() for word in (" list ", " show ", " drift ", "rollout") if word in line
    }
    assert "Governing body" in of[" list "]
    assert "LCK-01" in of[" show "]
    assert "1 school, no problem" in said["leeboard estate check -i inventories/mine"]
    assert "Example Primary School (900001)" in of[" drift "] and "EP-0003" in of[" drift "]
    assert "office-1.900001" in of["rollout"]
    assert "Example Primary School" in (clone / "var" / "drift-900001.html").read_text(encoding="utf-8")
    assert "family: LCK" in (clone / "inventories" / "mine" / "example-primary" / "school.yml").read_text("utf-8")
