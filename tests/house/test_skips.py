"""LEEBOARD_SKIPS=forbidden makes a skip fail the run, and the counts for the last line are right."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import tree

TESTS = """
import pytest
def test_good(): pass
@pytest.mark.skip(reason="no such machine")
def test_skipped(): pass
"""


@pytest.mark.parametrize(("wish", "code"), [("", 0), ("forbidden", 1)])
def test_skip_is_a_failure_where_it_is_forbidden(tmp_path: Path, wish: str, code: int) -> None:
    shutil.copy(tree.ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_some.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(tree.ROOT),
            "LEEBOARD_SKIPS": wish,
            "LEEBOARD_COUNTS": str(tmp_path / "counts"),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout
    assert (tmp_path / "counts").read_text(encoding="utf-8") == "1 0 1\n"
    assert ("test_some.py::test_skipped: Skipped: no such machine" in done.stdout) == (wish == "forbidden")
