"""A visit of all addresses asks nothing twice and counts what it starts; on this very machine, as Python reports it."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from leeboard.model.enums import Platform
from leeboard.policy.load import load

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All that one visit started, read and listed."""
    addresses = tmp_path_factory.mktemp("visit") / "addresses"
    addresses.write_text(json.dumps(load().addresses(Platform.LINUX)))
    recorder = [str(ROOT / "tests/scale/recorder.py"), str(ROOT / "plugins/module_utils"), "record", str(addresses)]
    done = subprocess.run(["/usr/bin/python3", *recorder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def twice(found: list[Any]) -> list[str]:
    return [str(one) for one, times in Counter(map(json.dumps, found)).items() if times > 1]


def test_no_command_is_run_twice(seen: Any) -> None:
    assert seen["commands"]
    assert twice(seen["commands"]) == []


def test_no_file_is_read_twice(seen: Any) -> None:
    assert {"/etc/passwd", "/proc/self/mountinfo"} <= set(seen["read"])
    assert twice(seen["read"]) == []


def test_no_folder_is_listed_twice(seen: Any) -> None:
    assert seen["listed"]
    assert twice(seen["listed"]) == []


def test_the_children_are_counted(seen: Any) -> None:
    assert len(seen["started"]) == seen["children"]
