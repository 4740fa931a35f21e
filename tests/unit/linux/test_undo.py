"""An undo on a folder that stands for a machine: every file comes back as it was, unless somebody changed it since."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import undo as undoing
from ansible_collections.leeboard.schools.plugins.module_utils._linux.change import apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.edits import FileEdit, PermissionEdit, Rehearsal
from ansible_collections.leeboard.schools.plugins.module_utils._linux.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.journal_read import JournalRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo import UndoFailed, undo
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.linux.folder import Answers, folder

JOURNALS = "var/lib/leeboard/journal"
FOUND = {"/etc/a": "first\n", "/etc/b": "second\n", "/etc/gone": "was here\n"}


class Writer:
    """A driver that writes what its changes say: address is a path, value a text, None (remove) or a mode."""

    NAME = "writer"

    def observe(self, host: Any, addresses: list[str]) -> dict[str, Any]:
        return {address: {"address": address} for address in addresses}

    def rehearse(self, host: Host, changes: list[dict[str, Any]]) -> Rehearsal:
        return Rehearsal([self._edit(host, change["address"], change["value"]) for change in changes])

    def _edit(self, host: Host, path: str, value: str | int | None) -> FileEdit | PermissionEdit:
        if isinstance(value, int):
            found = host.stat(path)
            owner = found.st_uid, found.st_gid
            return PermissionEdit(path, (found.st_mode & 0o7777, *owner), (value, *owner))
        before = host.read(path) if host.exists(path) else None
        return FileEdit(path, before, None if value is None else value.encode())


def roll_out(host: Host, run: str, **wanted: str | int | None) -> None:
    """A run that makes the changes, one after the other: a keyword x is the file /etc/x."""
    for name, value in wanted.items():
        host.forget()
        apply(Writer(), host, [{"address": f"/etc/{name}", "value": value}], run)
    host.forget()


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of the machine but for the journals: (mode, content) by path."""
    found = [path for path in root.rglob("*") if path.is_file() and JOURNALS not in str(path)]
    return {str(path.relative_to(root)): (path.stat().st_mode & 0o7777, path.read_bytes()) for path in found}


def targets(said: list[dict[str, Any]]) -> list[str]:
    return sorted(one["target"] for one in said)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = folder(tmp_path, FOUND)
    (tmp_path / "etc/b").chmod(0o640)
    return found


def test_content_mode_and_absence_come_back(host: Host, tmp_path: Path) -> None:
    before = tree(tmp_path)
    roll_out(host, "run", a="other\n", b=0o600, new="new\n", gone=None)
    assert tree(tmp_path).keys() == {"etc/a", "etc/b", "etc/new"}
    preview = undo(host, "run", "undo", check=True)
    assert tree(tmp_path) != before and not (tmp_path / JOURNALS / "undo.jsonl").exists(), "a preview changes nothing"
    done = undo(host, "run", "undo")
    assert tree(tmp_path) == before
    assert targets(done["put_back"]) == ["/etc/a", "/etc/b", "/etc/gone", "/etc/new"]
    assert (done["changed"], done["left"], done["journal"]) == (True, [], "/" + JOURNALS + "/undo.jsonl")
    assert {**done, "journal": None, "commands": []} == preview, "the preview says what is done"
    again = undo(host, "run", "again")
    assert (again["changed"], len(again["already"]), again["left"]) == (False, 4, [])
    assert not (tmp_path / JOURNALS / "again.jsonl").exists()


def test_an_undo_can_be_undone(host: Host, tmp_path: Path) -> None:
    roll_out(host, "run", a="other\n", b=0o600, new="new\n", gone=None)
    after = tree(tmp_path)
    undo(host, "run", "undo")
    done = undo(host, "undo", "redo")
    assert tree(tmp_path) == after and done["left"] == []
    assert undo(host, "run", "third")["changed"], "and the run can then be undone once more"


def test_what_somebody_changed_since_is_left_and_said(host: Host, tmp_path: Path) -> None:
    roll_out(host, "run", a="other\n", b=0o600, new="new\n", gone=None)
    (tmp_path / "etc/a").write_text("a technician's\n")
    (tmp_path / "etc/b").chmod(0o644)
    (tmp_path / "etc/new").unlink()
    (tmp_path / "etc/new").symlink_to("/etc/passwd")
    (tmp_path / "etc/gone").write_text("made again\n")
    for name in ("a", "gone"):
        os.utime(tmp_path / "etc" / name, (0, 1795622400))
    written = f"its content is another one, written 2026-11-25 16:00 UTC, and it belongs to uid {os.geteuid()}"
    before = tree(tmp_path)
    done = undo(host, "run", "undo")
    assert tree(tmp_path) == before and not done["changed"] and done["put_back"] == []
    assert {one["target"]: one["why"] for one in done["left"]} == {
        "/etc/a": f"changed since: {written}",
        "/etc/b": f"changed since: its owner or mode is another one (0644, {os.geteuid()}:{os.getegid()})",
        "/etc/new": "changed since: a link or something else that is no file has taken its place",
        "/etc/gone": f"changed since: {written}",
    }


def test_a_later_run_is_named(host: Host, tmp_path: Path) -> None:
    before = tree(tmp_path)
    roll_out(host, "first", a="one\n")
    roll_out(host, "second", a="two\n")
    assert undo(host, "first", "undo")["left"][0]["why"] == (
        "changed since: the run second wrote it later; undo that one first"
    )
    undo(host, "second", "undo-2")
    assert undo(host, "first", "undo-1")["left"] == []
    assert tree(tmp_path) == before


def test_a_run_that_wrote_a_file_twice_goes_back_to_its_start(host: Host, tmp_path: Path) -> None:
    before = tree(tmp_path)
    for text in ("one\n", "two\n"):
        roll_out(host, "run", a=text)
    assert undo(host, "run", "undo")["left"] == [] and tree(tmp_path) == before
    assert undo(host, "run", "again")["already"] and tree(tmp_path) == before


def test_what_somebody_wrote_during_the_run_is_what_comes_back(host: Host, tmp_path: Path) -> None:
    roll_out(host, "run", a="one\n")
    (tmp_path / "etc/a").write_text("a technician's\n")
    roll_out(host, "run", a="two\n")
    done = undo(host, "run", "undo")
    assert (tmp_path / "etc/a").read_text() == "a technician's\n"
    assert "somebody else wrote /etc/a while the run went on" in done["remarks"][0]


def test_encryption_is_refused_by_name(host: Host, tmp_path: Path) -> None:
    folder(tmp_path, {"/etc/crypttab": "x\n"})
    roll_out(host, "run", crypttab="y\n")
    done = undo(host, "run", "undo")
    assert not done["changed"] and "encryption, which is never undone" in done["left"][0]["why"]
    assert (tmp_path / "etc/crypttab").read_text() == "y\n"


def test_a_run_without_a_journal_is_said(host: Host) -> None:
    done = undo(host, "never", "undo")
    assert (done["found"], done["changed"], done["put_back"]) == (False, False, [])


# Killed at any line nothing is lost


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


# Units

SHOWN = "LoadState=loaded\nActiveState={}\nUnitFileState={}\n"


@pytest.mark.parametrize(
    ("unit", "found", "after", "commands"),
    [
        ("rsyslog.service", "inactive (dead), disabled", ("active", "enabled"), ["stop", "disable"]),
        ("rsyslog.service", "inactive (dead), masked", ("active", "enabled"), ["stop", "disable", "mask"]),
        ("rsyslog.service", "active (running), disabled", ("active", "enabled"), ["disable"]),
        ("auditd.service", "inactive (dead), enabled", ("active", "enabled"), ["auditctl --signal stop"]),
        ("ssh.service", "inactive (dead), disabled", ("active", "enabled"), None),
        ("rsyslog.service", "inactive (dead), disabled", ("inactive", "disabled"), []),
    ],
)
def test_a_unit_is_switched_off_again(
    unit: str, found: str, after: tuple[str, str], commands: list[str] | None, tmp_path: Path
) -> None:
    answers = Answers({"systemctl show": Completed(0, SHOWN.format(*after), ""), "": Completed(0, "", "")})
    host = folder(tmp_path, {"/run/systemd/system/x": ""}, answers)
    aspect = {"state": "value", "value": False, "source": f"systemd: {unit} is {found}"}
    kinds = [f"{unit}:enabled", f"{unit}:active"]
    journal(tmp_path, "run", driver="unit", changes=[{"address": one, "value": True} for one in kinds],
            before={one: {"effective": aspect} for one in kinds})  # fmt: skip
    done = undo(host, "run", "undo")
    if commands is None:
        assert not done["changed"] and "could be cut off" in done["left"][0]["why"]
        return
    said = [one if " " in one else f"systemctl {one} {unit}" for one in commands]
    assert done["commands"] == said and done["left"] == []


def journal(root: Path, run: str, **line: Any) -> Path:
    """A journal of one line, as somebody wrote it."""
    path = root / JOURNALS / f"{run}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    whole = {"schema": 1, "at": "2026-11-25T02:00:00Z", "driver": "writer", "changes": [], "before": {}, "files": []}
    path.write_text(json.dumps({**whole, **line}) + "\n")
    path.chmod(0o600)
    return path


# Journals that are not to be believed

BEFORE = {"state": "file", "content": base64.b64encode(b"x").decode(), "mode": 420, "uid": 0, "gid": 0}


@pytest.mark.parametrize(
    "record",
    [
        {"path": "etc/a", "before": BEFORE, "after": None},
        {"path": "/etc/../a", "before": BEFORE, "after": None},
        {"path": "//etc/a", "before": BEFORE, "after": None},
        {"path": "/etc/a\0", "before": BEFORE, "after": None},
        {"path": "/etc/a", "before": {**BEFORE, "mode": -1}, "after": None},
        {"path": "/etc/a", "before": {**BEFORE, "mode": 0o10000}, "after": None},
        {"path": "/etc/a", "before": {**BEFORE, "uid": "0"}, "after": None},
        {"path": "/etc/a", "before": {**BEFORE, "content": "!"}, "after": None},
        {"path": "/etc/a", "before": BEFORE, "after": "abc"},
        {"path": "/etc/a", "before": {"state": "permissions", "mode": 1, "uid": 0, "gid": 0}, "after": {}},
        {"path": "/etc/a", "before": {"state": "link"}, "after": None},
        {},
        [],
    ],
)
def test_a_line_that_makes_no_sense_stops_the_undo(record: Any, host: Host, tmp_path: Path) -> None:
    before = tree(tmp_path)
    journal(tmp_path, "run", files=[record])
    with pytest.raises(JournalRefused, match=r"run\.jsonl, line 1 makes no sense"):
        undo(host, "run", "undo")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("how", ["link", "writable", "folder", "pipe"])
def test_a_journal_that_others_could_have_written_is_not_believed(how: str, host: Host, tmp_path: Path) -> None:
    path = journal(tmp_path, "run", files=[{"path": "/etc/a", "before": BEFORE, "after": None}])
    if how == "link":
        path.rename(path.with_suffix(".x"))
        path.symlink_to(path.with_suffix(".x"))
    elif how == "writable":
        path.chmod(0o666)
    elif how == "pipe":
        path.unlink()
        os.mkfifo(path)
    else:
        path.parent.chmod(0o777)
    with pytest.raises(JournalRefused):
        undo(host, "run", "undo")
    assert (tmp_path / "etc/a").read_text() == "first\n"


@pytest.mark.parametrize("run", ["", "../x", "a/b", ".x", "x" * 65, "a\n"])
def test_what_is_no_run_id_is_no_path(run: str, host: Host) -> None:
    with pytest.raises(JournalRefused, match="a run id has"):
        undo(host, run, "undo")


def test_a_torn_last_line_is_that_of_a_change_that_never_was(host: Host, tmp_path: Path) -> None:
    before = tree(tmp_path)
    roll_out(host, "run", a="other\n")
    with (tmp_path / JOURNALS / "run.jsonl").open("ab") as stream:
        stream.write(b'{"schema": 1, "at": "20')
    assert undo(host, "run", "undo")["left"] == [] and tree(tmp_path) == before


STEP = st.tuples(
    st.sampled_from(["run", "somebody"]),
    st.sampled_from(["a", "b", "new"]),
    st.one_of(st.none(), st.sampled_from(["x\n", "y\n", "z\n"]), st.sampled_from([0o600, 0o644, 0o640])),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=8))
def test_whatever_happens_nothing_of_others_is_lost(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, Any]]
) -> None:
    """A file that only the run touched is as before; one that somebody touched last is as they left it."""
    root = tmp_path_factory.mktemp("machine")
    host = folder(root, FOUND)
    before, last = tree(root), dict[str, str]()
    touched: dict[str, set[str]] = {}
    for who, name, value in steps:
        path = root / "etc" / name
        if not path.exists() and (value is None or isinstance(value, int)):
            continue
        if who == "run":
            roll_out(host, "run", **{name: value})
        elif value is None:
            path.unlink()
        elif isinstance(value, int):
            path.chmod(value)
        else:
            path.write_text(f"somebody's {value}")
        last[name] = who
        touched.setdefault(name, set()).add(who)
    left = tree(root)
    host.forget()
    undo(host, "run", "undo")
    after = tree(root)
    for name, who in touched.items():
        key = f"etc/{name}"
        if who == {"run"}:
            assert after.get(key) == before.get(key)
        elif last[name] == "somebody" and left.get(key, (0, b""))[1].startswith(b"somebody's"):
            assert after.get(key) == left.get(key)
    assert undoing.undo(host, "run", "again")["changed"] is False
