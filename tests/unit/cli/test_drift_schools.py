"""`leeboard drift` on many schools: a process each, one line each, and a check that was stopped goes on."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.evidence.recording.run_progress import LONGEST, STATE, Night
from leeboard.model.run_id import new_run_id
from tests.unit.playing import command, inventory

DRIFT = (sys.executable, "-c", "from leeboard.cli.main import main; main()", "drift")
TABLET = {"leeboard_platform": "other"}
SECOND = {"leeboard_urn": "900002", "leeboard_school": "Example Secondary"}
AT = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)


def drift(folder: Path, source: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return command(folder, *DRIFT, "-i", str(source), "--format", "json", *options)


def bundles(folder: Path, urn: str) -> list[str]:
    return sorted(path.name for path in (folder / "var" / "evidence" / urn).glob("*.jsonl*"))


def schools(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return {one["urn"]: one for one in json.loads(done.stdout)["schools"]}


def test_each_school_is_a_run_of_its_own_and_a_line(tmp_path: Path) -> None:
    source = inventory(tmp_path, pc1={}, tablet={**TABLET, **SECOND})
    done = drift(tmp_path, source)
    assert done.returncode == 2, done.stderr
    assert set(schools(done)) == {"900001", "900002"}
    assert len(bundles(tmp_path, "900001")) == len(bundles(tmp_path, "900002")) == 1
    lines = done.stderr.splitlines()
    assert any(line.startswith("900001 Example Primary: 1 of 1 device answered, ") for line in lines), lines
    assert any(line.startswith("900002 Example Secondary: 0 of 1 device answered, ") for line in lines), lines
    assert not (tmp_path / "var" / STATE).exists()


def test_a_school_that_another_run_records_costs_itself_alone(tmp_path: Path) -> None:
    source = inventory(tmp_path, tablet={**TABLET}, other={**TABLET, **SECOND})
    lock = tmp_path / "var" / "evidence" / "900002" / "run.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = drift(tmp_path, source)
    assert done.returncode == 3, done.stderr
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem.startswith("school 900002: its check broke off: ") and "another run is still recording" in problem
    assert schools(done)["900001"]["devices_total"] == 1
    again = drift(tmp_path, source)
    assert again.returncode == 0, again.stderr
    assert "was stopped after 1 school; going on with 1 school." in again.stderr
    assert len(bundles(tmp_path, "900001")) == 1


def test_a_check_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as asleep:
        silent = {"ansible_host": "127.0.0.1", "ansible_port": asleep.getsockname()[1], "ansible_timeout": 100}
        source = inventory(tmp_path, tablet=TABLET, pc2={"ansible_connection": "ssh", **silent, **SECOND})
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        argv = [*DRIFT, "-i", str(source), "--at-once", "1"]
        with subprocess.Popen(argv, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as run:
            asleep.settimeout(100)
            with asleep.accept()[0]:
                run.send_signal(signal.SIGTERM)
                said = run.communicate(timeout=100)[1]
    assert (run.returncode, "what was recorded until now is kept" in said) == (1, True), said
    source = inventory(tmp_path, tablet=TABLET, pc2={**TABLET, **SECOND})
    done = drift(tmp_path, source)
    assert done.returncode == 0, done.stderr
    assert "was stopped after 1 school; going on with 1 school." in done.stderr
    assert {urn: one["devices_total"] for urn, one in schools(done).items()} == {"900001": 1, "900002": 1}
    assert (len(bundles(tmp_path, "900001")), len(bundles(tmp_path, "900002"))) == (1, 2)
    drift(tmp_path, source)
    assert (len(bundles(tmp_path, "900001")), len(bundles(tmp_path, "900002"))) == (2, 3)


def begin(folder: Path, at: datetime, anew: bool = False, source: str = "hosts.yml") -> Night:
    return Night.begin(folder, Path(source), at, anew)


def test_two_nights_at_once_are_refused_and_a_dead_one_is_no_hindrance(tmp_path: Path) -> None:
    first = begin(tmp_path, AT)
    with pytest.raises(LeeboardError, match=rf"going on \(process {os.getpid()}, .+, began 5 minutes ago\); wait"):
        begin(tmp_path, AT + timedelta(minutes=5))
    first.close(whole=False)
    begin(tmp_path, AT).close(whole=False)


def test_what_is_gone_on_with(tmp_path: Path) -> None:
    run = new_run_id(AT)
    night = begin(tmp_path, AT)
    night.ended("900001", frozenset({run}))
    night.close(whole=False)
    cases = [
        (AT + timedelta(hours=1), False, "hosts.yml", {"900001": [run]}),
        (AT + timedelta(hours=1), True, "hosts.yml", {}),
        (AT + timedelta(hours=1), False, "other.yml", {}),
        (AT + LONGEST, False, "hosts.yml", {}),
        (AT - timedelta(hours=1), False, "hosts.yml", {}),
    ]
    for at, anew, source, done in cases:
        again = begin(tmp_path, at, anew, source)
        again.close(whole=False)
        assert again.done == done
    begin(tmp_path, AT).close(whole=True)
    assert begin(tmp_path, AT).done == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"started": 5}', '{"inventory": "x", "started": "x", "done": {}}'])
def test_a_damaged_note_means_all_schools(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).write_text(text)
    assert begin(tmp_path, AT).done == {}
