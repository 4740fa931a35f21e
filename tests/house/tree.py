"""The repository as git knows it: what is tracked, or would be with the next `git add`; and copies of that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent  # the commands of the environment that the tests run in
LINKS = "collections/"  # links to the real folders; every tool would see each file twice


@cache
def files() -> tuple[str, ...]:
    """Paths from the root, sorted, without those that git ignores. Links count, as themselves."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:  # an unpacked archive, or a clone that belongs to another user
        pytest.skip(f"house rules look at what git knows, and git says: {listed.stderr}", allow_module_level=True)
    names = set(listed.stdout.split("\0")) - {""}
    return tuple(sorted(name for name in names if os.path.lexists(ROOT / name)))


def select(*suffixes: str, under: str = "") -> list[str]:
    """The files with one of these endings, below a folder; without the links."""
    return [
        name for name in files() if name.endswith(suffixes) and name.startswith(under) and not name.startswith(LINKS)
    ]


def text(name: str) -> str:
    """What stands in a file."""
    return (ROOT / name).read_text(encoding="utf-8")


def texts() -> dict[str, str]:
    """Every file that is text, by its name."""
    found = {}
    for name in files():
        path = ROOT / name
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if b"\0" not in content:
            found[name] = content.decode("utf-8", "replace")
    return found


def copy(target: Path, *under: str) -> Path:
    """A real copy of the files below these folders (or of these files), or of all; never of the links."""
    for name in files():
        if name.startswith(LINKS) or (under and not name.startswith(under)):
            continue
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, path, follow_symlinks=False)
    return target


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with BIN first in PATH, without input; output and errors come together."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    return subprocess.run(
        list(command),
        cwd=cwd,
        env={**os.environ, "PATH": path, "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finds_nothing(*command: str, cwd: Path = ROOT, **environment: str) -> None:
    """Fail with what a tool printed, unless it ended with 0."""
    done = run(*command, cwd=cwd, **environment)
    if done.returncode != 0:
        pytest.fail(f"{Path(command[0]).name} found:\n{done.stdout}", pytrace=False)


def none(found: Iterable[object], advice: str = "") -> None:
    """Fail with a line for each thing that was found."""
    lines = [str(one) for one in found]
    if lines:
        pytest.fail("\n".join([*([advice] if advice else []), *lines]), pytrace=False)
