"""A program that shares the desktop and has no unit of its own is ended: real processes, which the tests start."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import sharing_off


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(script: str) -> subprocess.Popen[bytes]:
        program = tmp_path / "x11vnc"
        shutil.copy("/bin/sh", program)
        one = subprocess.Popen([program, "-c", f"{script} echo; while :; do read x; done"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)  # fmt: skip
        assert one.stdout is not None and one.stdout.readline()
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()
        one.wait()


def end(pid: int, name: str = "x11vnc") -> subprocess.CompletedProcess[bytes]:
    argv = ["sh", "-c", sharing_off.END, "sh", str(pid), name]
    return subprocess.run(argv, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("script", ["", "trap '' TERM;"])
def test_a_process_is_ended_also_one_that_takes_no_hint(sleeper: Callable[..., Any], script: str) -> None:
    one = sleeper(script)
    assert end(one.pid).returncode == 0
    assert one.wait(10) < 0
    assert end(one.pid).returncode == 0


def test_a_number_that_belongs_to_another_program_by_now_is_left_alone(sleeper: Callable[..., Any]) -> None:
    one = sleeper("")
    assert end(one.pid, "wayvnc").returncode == 0
    assert one.poll() is None
