"""What is tried, by tier, as a committed list: docs/proof/tried.txt. `make tried` writes it anew.

A test compares it with what pytest collects, so that whatever is tried no more stands in a diff.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache

from leeboard.policy.load import load

from .covered import ROOT
from .mutants import to_notice
from .scripts import all_scripts

LIST = ROOT / "docs" / "proof" / "tried.txt"
HEAD = """\
What is tried, written by `make tried`.

Slips in the policy that `make test` must notice: how many in each setting.
"""
SCRIPTS = """
Scripts done to machines: by `make test-machines`, and all of them by `make test-full`, and mended in a test apart.
"""
# Where scripts are done: the Windows machine of each file; on Linux a script says its machine itself.
FILES = {
    "tests/controls/test_linux_breaks.py": "",
    "tests/controls/full_linux_mends.py": "",
    "tests/controls/test_windows_breaks.py": "windows",
    "tests/controls/test_windows_encrypted.py": "windows-encrypted",
}
TEST = re.compile(r"^([\w/]+\.py)::\w+\[([A-Z]{3}-\d\d/(?:breaks|harmless)/[\w.-]+)\]$", re.MULTILINE)


def page() -> str:
    """The whole list."""
    slips = [
        f"{control.id} {setting} {count}"
        for control in load().controls
        for setting, count in Counter(mutant.setting for mutant in to_notice(load(), control.id)).items()
    ]
    done = [f"{machine} {script}: {' '.join(by)}" for (machine, script), by in sorted(scripts().items())]
    return "\n".join([HEAD, *slips, SCRIPTS, *done, ""])


@cache
def scripts() -> dict[tuple[str, str], list[str]]:
    """By machine and script, what is done there: `machines` and `full` by the tier's name, `mends` in a test apart."""
    images = {script.name: script.image for script in all_scripts()}
    done: dict[tuple[str, str], list[str]] = {}
    for tier, collected in (("machines", _by_day()), ("full", _by_night())):
        for file, script in collected:
            word = "mends" if file.endswith("/full_linux_mends.py") else tier
            done.setdefault((FILES[file] or images[script], script), []).append(word)
    return done


def _by_day() -> list[tuple[str, str]]:
    """The files and scripts that `make test-machines` collects."""
    return _collected("machine_runs or windows", [file for file in FILES if "/test_" in file])


def _by_night() -> list[tuple[str, str]]:
    """The files and scripts that `make test-full` collects, of the files that it names."""
    marks, files = night()
    return _collected(marks, [file for file in FILES if file in files], LEEBOARD_FULL="1")


def night() -> tuple[str, list[str]]:
    """The marks and the files or folders that `make test-full` hands to pytest."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    match = re.search(r'LEEBOARD_FULL=1 scripts/test\.sh -m "([^"]+)"((?:[^\n]*\\\n)*[^\n]*)', makefile)
    if match is None:
        raise ValueError("Makefile: make test-full calls scripts/test.sh in another way now")
    return match[1], re.findall(r"tests/[\w/.]+", match[2])


def _collected(marks: str, files: list[str], **environment: str) -> list[tuple[str, str]]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-m", marks]
    done = subprocess.run(
        [*command, "-p", "no:full-report", *files],  # which would leave out what passed before
        cwd=ROOT,
        env={**os.environ, "LEEBOARD_FULL": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ValueError(f"pytest collects nothing: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return TEST.findall(done.stdout)


if __name__ == "__main__":
    LIST.write_text(page(), encoding="utf-8")
