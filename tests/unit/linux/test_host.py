"""Commands as the host runs them: real programs that hang, print without end, or leave somebody behind."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import (
    CLEAN_ENVIRONMENT,
    READ_LIMIT,
    Completed,
    Host,
    HostError,
    run_process,
)

SOON = 45  # seconds; each of these programs would go on for longer


def sh(script: str, input: str = "", timeout: float = 60) -> Completed:
    return run_process(["sh", "-c", script], input, timeout, CLEAN_ENVIRONMENT)


def failed(script: str, input: str = "", timeout: float = 60) -> HostError:
    """What a command ends with that gives no answer. It may not take longer than its time-out and a little."""
    started = time.monotonic()
    with pytest.raises(HostError) as caught:
        sh(script, input, timeout)
    assert time.monotonic() - started < SOON
    return caught.value


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("sleep 90", id="sleeps"),
        pytest.param("echo half an answer; sleep 90", id="stops in the middle"),
        pytest.param("trap '' TERM; sleep 90; sleep 90", id="takes no hint"),
        pytest.param("exec >&- 2>&-; sleep 90", id="closes its output and goes on"),
        pytest.param("while :; do echo .; sleep 0.01; done", id="always has one more line"),
    ],
)
def test_a_time_out_holds(script: str) -> None:
    problem = failed(script, timeout=1)
    said = re.fullmatch(r"sh gave no answer within (\d+) s", problem.why)
    assert problem.code == "timeout" and said and said[1] == "1"


def test_a_time_out_holds_when_a_child_that_nobody_can_reach_keeps_the_pipe(tmp_path: Path) -> None:
    script = f"setsid sh -c 'echo $$ >{tmp_path}/pid; exec sleep 90' & sleep 90"
    assert failed(script, timeout=3).code == "timeout"
    sh(f"kill $(cat {tmp_path}/pid)")


def test_what_a_command_leaves_behind_ends_with_the_time_out(tmp_path: Path) -> None:
    script = f"sh -c 'echo $$ >{tmp_path}/pid; exec sleep 90' & sleep 0.5"
    assert failed(script, timeout=5).code == "timeout"
    state = sh(f"sleep 0.5; cat /proc/$(cat {tmp_path}/pid)/stat").out.rpartition(") ")[2][:1]
    assert state in ("", "Z"), "the child still runs"


@pytest.mark.parametrize(
    "script", ["yes", "yes >&2", f"head -c {READ_LIMIT + 1} /dev/zero"], ids=["without end", "errors", "one byte"]
)
def test_more_than_anybody_reads_is_no_answer(script: str) -> None:
    problem = failed(script)
    assert (problem.code, problem.why) == ("too_large", f"sh printed more than {READ_LIMIT} bytes")


def test_as_much_as_may_be_printed_is_all_there() -> None:
    assert len(sh(f"head -c {READ_LIMIT} /dev/zero").out) == READ_LIMIT


def test_bytes_that_are_no_text() -> None:
    done = sh(r"printf 'a\377\n'; printf '\303(' >&2; exit 3")
    assert (done.rc, done.out, done.err) == (3, "a\\xff\n", "\\xc3(")


def test_much_that_is_asked_and_answered_at_once() -> None:
    text = "x" * 900_000
    assert sh("cat", text).out == text


def test_a_command_that_does_not_listen() -> None:
    assert sh("exec <&-; echo well", "x" * 900_000).out == "well\n"


def test_a_command_that_is_killed() -> None:
    assert sh("echo half; kill -9 $$").rc == -9


def test_a_program_that_is_missing_or_may_not_be_started(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program\n")
    for name, code, words in (("missing", "missing_tool", "is not installed"), ("text", "failed", "Permission denied")):
        with pytest.raises(HostError, match=words) as caught:
            run_process([str(tmp_path / name)], "", 5, CLEAN_ENVIRONMENT)
        assert caught.value.code == code


def test_a_command_that_is_read_while_it_runs_ends_at_its_time_out(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"skipped" + b"x" * 100)
    started = time.monotonic()
    with Host(root=str(tmp_path)).stream(["sh", "-c", "cat; sleep 90"], "/image", 7, 1) as program:
        assert program.output.read() == b"x" * 100
        assert program.timed_out
        assert not program.finish()
    assert time.monotonic() - started < SOON
