"""scripts/setup.sh, on a project of one package in a folder with a blank in its name."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house import tree

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "small"
version = "1"
[tool.setuptools]
py-modules = []
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, set up once."""
    folder = tmp_path_factory.mktemp("a school") / "clone"
    (folder / "requirements").mkdir(parents=True)
    shutil.copytree(tree.ROOT / "scripts", folder / "scripts")
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    pins = re.search(r"^setuptools==.*?(?=^\S)", tree.text("requirements/test.txt"), re.MULTILINE | re.DOTALL)
    assert pins
    for lock in ("run", "test"):
        (folder / "requirements" / f"{lock}.txt").write_text(pins.group(), encoding="utf-8")
    assert set_up(folder).startswith("Setting up .venv with Python 3.")
    return folder


def set_up(folder: Path, kind: str = "run") -> str:
    """What setup.sh says; it must succeed and leave a package that can be used."""
    done = subprocess.run([str(folder / "scripts" / "setup.sh"), kind], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    subprocess.run([str(folder / ".venv" / "bin" / "pip"), "show", "--quiet", "small"], check=True)
    return done.stderr


def test_second_call_does_nothing(clone: Path) -> None:
    assert set_up(clone) == ""


def test_tests_are_added_and_the_tool_keeps_them(clone: Path) -> None:
    assert set_up(clone, "test").startswith("Bringing .venv up to date")
    assert set_up(clone) == set_up(clone, "test") == ""


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("cp -a '{whole}/.venv' . && touch .venv/leeboard-unfinished", id="killed in the middle"),
        pytest.param("cp -a '{whole}/.venv' .", id="moved from elsewhere", marks=pytest.mark.full),
        pytest.param(
            "cp -a '{whole}/.venv' . && ln -sf /nowhere .venv/bin/python",
            id="its Python is gone",
            marks=pytest.mark.full,
        ),
    ],
)
def test_half_a_set_up_is_done_anew(clone: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "b c"
    shutil.copytree(clone, folder, ignore=shutil.ignore_patterns(".venv", "*.egg-info"))
    subprocess.run(["bash", "-c", damage.format(whole=clone)], cwd=folder, check=True)
    assert set_up(folder).startswith("Setting up .venv")
    assert set_up(folder) == ""


def test_a_changed_lock_is_installed(clone: Path) -> None:
    lock = clone / "requirements" / "run.txt"
    lock.write_text(lock.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert set_up(clone).startswith("Setting up .venv")


def test_a_hash_that_is_wrong_is_refused(clone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "b c"
    shutil.copytree(clone, folder, ignore=shutil.ignore_patterns(".venv", "*.egg-info"))
    lock = folder / "requirements" / "run.txt"
    lock.write_text(re.sub(r"sha256:\w{8}", "sha256:00000000", lock.read_text(encoding="utf-8")), encoding="utf-8")
    done = subprocess.run([str(folder / "scripts" / "setup.sh")], capture_output=True, text=True)
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr and "Then run 'make drift' again." in done.stderr
    assert not (folder / ".venv" / "leeboard-run").exists()
