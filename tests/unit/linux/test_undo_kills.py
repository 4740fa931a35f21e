"""An undo that is killed, or that breaks off: the next one ends it, and nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo import run as undoing
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import UndoFailed, undo

from tests.unit.linux.folder import Answers, folder
from tests.unit.linux.undoing import FOUND, roll_out, targets, tree


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = folder(tmp_path, FOUND)
    (tmp_path / "etc/b").chmod(0o640)
    return found


class Killed(BaseException):
    """The process ends here."""


def _steps(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], int]:
    """Die before the step number `at`: each system call that writes, and each command."""
    count = 0

    def dying(real: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == at:
                raise Killed
            return real(*given, **named)

        return call

    for name in ("open", "replace", "unlink", "fsync", "fchmod", "makedirs"):
        monkeypatch.setattr(os, name, dying(getattr(os, name)))
    return lambda: count


@pytest.mark.parametrize("at", range(1, 90, 1))
def test_killed_at_any_step_the_next_undo_ends_it(at: int, tmp_path: Path) -> None:
    answers = Answers({"agetty": Completed(0, "", "")})
    host = folder(tmp_path, {**FOUND, "/etc/issue": "Debian\n", "/usr/sbin/agetty": ""}, answers)
    before = tree(tmp_path)
    roll_out(host, "run", a="other\n", b=0o600, new="new\n", gone=None, issue="Notice\n")
    with pytest.MonkeyPatch.context() as patch:
        _steps(patch, at)
        died = False
        try:
            undo(host, "run", "killed")
        except Killed:
            died = True
    after = tree(tmp_path)
    ours = {path: kept for path, kept in after.items() if ".leeboard-" not in path}
    roll_out_left = {"etc/a": b"other\n", "etc/issue": b"Notice\n"}
    for path, left in roll_out_left.items():
        assert ours[path][1] in (left, before[path][1]), "a file is the old one or the new one, whole"
    again = undo(Host(str(tmp_path), answers), "run", "again")
    assert {path: kept for path, kept in tree(tmp_path).items() if ".leeboard-" not in path} == before
    assert again["left"] == []
    if died:
        assert ["agetty", "--reload"] in answers.asked, "what was put back is loaded, by one of the two"
    assert not undo(Host(str(tmp_path), answers), "run", "third")["changed"]


def test_the_steps_of_the_kills_reach_the_end(host: Host) -> None:
    roll_out(host, "run", a="other\n", b=0o600, new="new\n", gone=None)
    with pytest.MonkeyPatch.context() as patch:
        count = _steps(patch, 0)
        undo(host, "run", "undo")
        assert 20 < count() < 90


def test_a_command_that_fails_is_run_again_by_the_next_undo(tmp_path: Path) -> None:
    answers = Answers({"agetty": Completed(1, "", "no console")})
    host = folder(tmp_path, {"/etc/issue": "Debian\n", "/usr/sbin/agetty": ""}, answers)
    roll_out(host, "run", issue="Notice\n")
    with pytest.raises(
        UndoFailed, match="agetty --reload ended with status 1: no console; run the same undo again"
    ) as ex:
        undo(host, "run", "undo")
    assert targets(ex.value.outcome["put_back"]) == ["/etc/issue"]
    answers.answers["agetty"] = Completed(0, "", "")
    done = undo(host, "run", "again")
    assert done["commands"] == ["agetty --reload"] and done["changed"]
    assert not undo(host, "run", "third")["changed"]


def test_what_a_broken_undo_has_not_come_to_is_left(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roll_out(host, "run", a="other\n", b="other\n")
    real = undoing.write

    def full(given: Host, edit: Any) -> None:
        if edit.path == "/etc/a":
            raise OSError(28, "No space left on device")
        real(given, edit)

    monkeypatch.setattr(undoing, "write", full)
    with pytest.raises(UndoFailed, match=r"No space left on device.*run the same undo again") as problem:
        undo(host, "run", "undo")
    assert targets(problem.value.outcome["put_back"]) == ["/etc/b"]
    assert [(one["target"], one["why"]) for one in problem.value.outcome["left"]] == [
        ("/etc/a", "the undo broke off before it")
    ]
    monkeypatch.setattr(undoing, "write", real)
    assert targets(undo(host, "run", "again")["put_back"]) == ["/etc/a"]
    assert (tmp_path / "etc/a").read_text() == "first\n"
