"""`leeboard-authorise` as Ansible puts it on a device: one file, which needs nothing else of ours."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import one_file
from ansible_collections.leeboard.schools.plugins.module_utils._linux.luks import authorise

from tests.unit.linux.disks import needs_cryptsetup
from tests.unit.linux.keyrings import needs_keyring
from tests.unit.playing import inventory, play

pytestmark = [needs_keyring, needs_cryptsetup]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("device")


@pytest.fixture(scope="module")
def program(folder: Path) -> Path:
    """The program, put there by Ansible."""
    path = folder / "leeboard-authorise"
    assert put(folder, "--check") and not path.exists()
    assert put(folder) and path.exists()
    return path


def put(folder: Path, *options: str) -> bool:
    """One run of the module: whether it changed something."""
    task = {"leeboard.schools.authorise_program": {"path": str(folder / "leeboard-authorise")}}
    done = play(folder, inventory(folder, pc1={}), task, *options)
    assert done["status"] == 0, done["output"]
    return "changed: [pc1]" in done["output"]


def run(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The program, started where a stranger's modules lie, with an environment that points to them."""
    strangers = program.parent / "strangers"
    strangers.mkdir(exist_ok=True)
    for name in ("argparse", "device", "termios"):
        (strangers / f"{name}.py").write_text("raise SystemExit('a module of a stranger ran')")
    return subprocess.run(
        [str(program), *words], cwd=strangers, env={"PATH": os.defpath, "PYTHONPATH": str(strangers)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip


def test_it_runs_where_nothing_else_of_ours_is(program: Path) -> None:
    done = run(program, "--list")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    done = run(program, "no such volume")
    assert done.returncode == 2 and done.stderr.startswith("leeboard-authorise: ")
    shown = run(program, "--help")
    assert shown.returncode == 0
    assert "keeps it for at most 24 hours in this machine's memory" in " ".join(shown.stdout.split())
    assert run(program, "--list", "--revoke").returncode == 2
    assert not list(program.parent.rglob("*.pyc"))


def test_a_second_run_changes_nothing_and_a_changed_file_is_put_right(folder: Path, program: Path) -> None:
    assert not put(folder)
    made = program.read_bytes()
    program.chmod(0o777)
    program.write_bytes(made + b"\n")
    assert put(folder, "--check") and program.read_bytes() != made
    assert put(folder)
    found = program.stat()
    assert (program.read_bytes(), found.st_mode & 0o7777, found.st_uid) == (made, 0o755, 0)


def test_it_is_made_of_the_code_that_it_imports_whoever_makes_it(program: Path) -> None:
    """Ansible made it from a zip of its own, on a Python of the device."""
    made = program.read_bytes()
    assert made == one_file.program(authorise, "/usr/bin/python3")
    held = zipfile.ZipFile(io.BytesIO(made)).namelist()
    assert {"__main__.py", "device/luks/authorise.py", "device/engine/host.py", "device/engine/reading.py"} < set(held)
    assert "device/engine/one_file.py" not in held and b'"""`leeboard-authorise`: somebody at the machine' in made
