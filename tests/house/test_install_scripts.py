"""scripts/test-packages.sh and test-windows.sh: where they install nothing, they say what is missing and why."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house import tree

NEEDED = ("bash", "dirname", "mktemp", "rm", "sed", "sh", "tail")


def said(folder: Path, script: str, *there: str, user: int = 0, **environment: str) -> str:
    """What a script says on a machine with these programs; it must succeed."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for name in NEEDED:
        (programs / name).symlink_to(str(shutil.which(name)))
    for name, text in {"id": f"echo {user}", **dict.fromkeys(there, "exit 1")}.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    done = subprocess.run(
        [str(programs / "bash"), str(tree.ROOT / "scripts" / script)],
        env={"PATH": str(programs), "LEEBOARD_TOOLS": str(folder / "tools"), **environment},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("there", "user", "environment", "words"),
    [
        (("apt-get",), 0, {}, "pwsh wine wine-pwsh missing, and they are installed only where CI=true"),
        (("apt-get", "pwsh"), 0, {"CI": "false"}, "wine wine-pwsh missing, and they are installed only where CI=true"),
        (("apt-get",), 1000, {"CI": "true"}, "only root can install them"),
        ((), 0, {"CI": "true"}, "only on Debian and Ubuntu"),
        (("apt-get",), 0, {"CI": "true"}, "there is no "),
    ],
)
def test_without_powershell_the_reason_is_one_line(
    tmp_path: Path, there: tuple[str, ...], user: int, environment: dict[str, str], words: str
) -> None:
    line = said(tmp_path, "test-windows.sh", *there, user=user, **environment)
    assert line.startswith("The tests of Windows are skipped: ") and words in line
    assert line.endswith("See tests/windows/README.md\n") and line.count("\n") == 1


def test_nothing_is_said_where_all_is_there_or_nobody_wants_it(tmp_path: Path) -> None:
    assert said(tmp_path / "1", "test-windows.sh", "pwsh", "wine", "wine-pwsh", "apt-get") == ""
    assert said(tmp_path / "2", "test-windows.sh", "apt-get", LEEBOARD_WINDOWS="off") == ""


def test_what_only_root_can_install_is_named(tmp_path: Path) -> None:
    line = said(tmp_path, "test-packages.sh", "apt-get", "dpkg-query", user=1000)
    assert line.startswith("Tests that need these are skipped, as only root can install them: ")
    assert "cryptsetup-bin" in line and line.count("\n") == 1


def test_on_another_system_the_list_is_named(tmp_path: Path) -> None:
    assert "see requirements/debian-test.txt" in said(tmp_path, "test-packages.sh")
