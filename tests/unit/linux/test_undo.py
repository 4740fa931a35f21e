"""An undo on a folder that stands for a machine: every file comes back as it was, unless somebody changed it since."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.linux.folder import folder
from tests.unit.linux.undoing import FOUND, JOURNALS, roll_out, targets, tree


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


STEP = st.tuples(
    st.sampled_from(["run", "somebody"]),
    st.sampled_from(["a", "b", "new"]),
    st.one_of(st.none(), st.sampled_from(["x\n", "y\n", "z\n"]), st.sampled_from([0o600, 0o644, 0o640])),
)


@given(st.lists(STEP, max_size=8))
def test_whatever_happens_nothing_of_others_is_lost(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, Any]]
) -> None:
    """A file that only the run touched is as before; what somebody wrote last into one is as they left it."""
    root = tmp_path_factory.mktemp("machine")
    host = folder(root, FOUND)
    before, last = tree(root), dict[str, str]()
    touched: dict[str, set[str]] = {}
    for number, (who, name, value) in enumerate(steps):
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
            path.write_text(f"somebody's {number} {value}")  # nothing that was there at another time
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
            # The mode may be the run's alone, and then it goes back.
            assert after[key][1] == left[key][1]
    assert undo(host, "run", "again")["changed"] is False
