"""Which points are gone through on a real machine, and the program there that stops beside a command and is killed.

The machine itself is for `make reliability REAL=1`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controls.harness import OBSERVER, THERE
from tests.device_code import LINUX, linux_files
from tests.reliability.on_machine.disk import COMPILED, KEPT, RealDisk, chosen, needed, partition_table
from tests.reliability.points import Point
from tests.reliability.watched import CONNECTION, CONTROLLER, KINDS, POWER

STEPS = """
import sys


def two(host, said):
    first = host.act(["cryptsetup", "--version"])
    host.act(["true"])
    second = host.act(["cryptsetup", "--usage", "-q"])
    return {"changed": True, "found": [said["word"], first.rc == second.rc == 0]}


def fails(host, said):
    raise ValueError("what fails")


def loaded(host, said):
    return said["word"] in sys.modules


STEPS = {"two": two, "fails": fails, "loaded": loaded}
"""


def points() -> list[Point]:
    moments = [
        (POWER, "device: add", "before token import"), (POWER, "device: add", "after token import"),
        (POWER, "device: add", "before token import"), (CONNECTION, "device: add", "before add"),
        (CONNECTION, "device: add", "before token import"), (CONTROLLER, "vault: sealed", "before a file"),
        (CONTROLLER, "vault: sealed", "before another"), (CONTROLLER, "device: add", "before add is asked for"),
    ]  # fmt: skip
    return [Point("first key", kind, number, step, what) for number, (kind, step, what) in enumerate(moments, 1)]


def test_every_step_is_there_with_every_kind_and_power_goes_first() -> None:
    found = chosen(points())
    assert [(one.kind, one.number) for one in found] == [
        (POWER, 2), (POWER, 3), (CONNECTION, 4), (CONNECTION, 5), (CONTROLLER, 7), (CONTROLLER, 8),
    ]  # fmt: skip
    assert {(one.kind, one.step) for one in found} == {(one.kind, one.step) for one in points()}
    assert [KINDS.index(one.kind) for one in found] == [2, 2, 1, 1, 0, 0]


def test_the_words_of_a_point_are_the_same_however_many_writes_a_command_makes(tmp_path: Path) -> None:
    disk = RealDisk.__new__(RealDisk)  # asks no machine for this
    assert disk.cuts("token import", 6) == [
        (1, "before token import"), (4, "in the midst of what token import writes"),
    ]  # fmt: skip
    assert [what for _write, what in disk.cuts("x", 7)] == [what for _write, what in disk.cuts("x", 2)]
    assert disk.cuts("x", 1) == [(1, "before x")]


def test_the_partition_is_one_that_the_system_knows(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.write(partition_table())
        file.truncate(64 * 1024 * 1024)
    said = subprocess.run(["blkid", "-p", "-o", "export", disk], capture_output=True, text=True, check=True).stdout
    assert "PTTYPE=dos" in said and "PTUUID=4245454c" in said


@pytest.fixture
def observer(tmp_path: Path) -> Iterator[Path]:
    """The program, with steps of the test's own."""
    there = tmp_path / "_linux"
    there.mkdir()
    engine = (f"engine/{name}.py" for name in ("__init__", "host", "edits", "reading"))
    for name in ("__init__.py", *engine, "luks/__init__.py"):
        (there / name).parent.mkdir(exist_ok=True)
        shutil.copy(LINUX / name, there / name)
    (there / "luks/steps.py").write_text(STEPS)
    (there / "room").mkdir()
    for name in ("__init__.py", "part.py"):
        (there / "room" / name).touch()
    shutil.copy(OBSERVER, tmp_path / OBSERVER.name)
    with subprocess.Popen([sys.executable, tmp_path / OBSERVER.name]) as process:
        while not (tmp_path / "observer.pid").exists():
            assert process.poll() is None
        yield tmp_path
        process.kill()


def ask(there: Path, pipe: str, word: str) -> dict[str, object]:
    (there / pipe).write_text(f"{word}\n")
    return dict(json.loads((there / "answer").read_text()))


def step(there: Path, name: str, stops: list[int] | None, counted: int = 0) -> dict[str, object]:
    asked = {"step": name, "said": {"word": "a word"}, "counted": counted, "stops": stops}
    (there / "asked").write_text(json.dumps(asked))
    return ask(there, "ask", "step")


def test_drivers_in_rooms_are_loaded_too(observer: Path) -> None:
    for word, answer in (("_linux.room.part", True), ("_linux.room.other", False)):
        asked = {"step": "loaded", "said": {"word": word}, "counted": 0, "stops": []}
        (observer / "asked").write_text(json.dumps(asked))
        assert ask(observer, "ask", "step")["answer"] is answer


def test_what_the_steps_load_is_shipped_and_what_was_compiled_is_kept(tmp_path: Path) -> None:
    files = needed()
    assert {LINUX / "__init__.py", LINUX / "luks/steps.py", LINUX / "engine/host.py"} < set(files)
    assert files.items() < linux_files().items()
    there, kept = tmp_path / "there", tmp_path / "kept"
    for name in ("_linux/__pycache__/a.pyc", "_linux/room/__pycache__/b.pyc", "_linux/room/b.py"):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).touch()
    kept.mkdir()
    subprocess.run(["bash", "-c", COMPILED.replace(THERE, str(there)).replace(KEPT, str(kept))], check=True)
    assert sorted(path.relative_to(kept).as_posix() for path in kept.rglob("*.*")) == [
        "_linux/__pycache__/a.pyc", "_linux/room/__pycache__/b.pyc",
    ]  # fmt: skip


DONE = {"answer": {"changed": True, "found": ["a word", True]}}


def test_a_step_is_answered_and_what_was_asked_does_not_stay(observer: Path) -> None:
    assert step(observer, "two", [], 5) == {**DONE, "counted": 7}
    assert not (observer / "asked").exists()
    assert step(observer, "fails", [])["failed"] == "luks_key: what fails"


def test_it_stops_beside_the_commands_that_are_named_and_goes_on(observer: Path) -> None:
    at = {"number": 7, "argv": ["cryptsetup", "--usage", "-q"]}
    assert step(observer, "two", [7], 5) == {"at": {**at, "moment": "before"}}
    assert ask(observer, "go", "on") == {"at": {**at, "moment": "after"}}
    assert ask(observer, "go", "on") == {**DONE, "counted": 7}
    said = step(observer, "two", None)
    stopped = []
    while "at" in said:
        stopped.append(said["at"])
        said = ask(observer, "go", "on")
    assert len(stopped) == 4, stopped


def test_a_step_that_is_killed_there_is_lost_and_the_next_is_made(observer: Path) -> None:
    assert "at" in step(observer, "two", [1])
    assert ask(observer, "go", "die") == {"lost": True}
    assert step(observer, "two", []) == {**DONE, "counted": 2}
    assert os.path.exists(observer / "go")
