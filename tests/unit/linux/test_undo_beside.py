"""What the journal says beside the files: units before they are switched on, modes that are left, folders made."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import FileEdit
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.journal import Journal
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo

from tests.unit.linux.folder import Answers, folder
from tests.unit.linux.undoing import FOUND, JOURNALS, journal, roll_out

SHOWN = "LoadState=loaded\nActiveState={}\nUnitFileState={}\n"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = folder(tmp_path, FOUND)
    (tmp_path / "etc/b").chmod(0o640)
    return found


@pytest.mark.parametrize(
    ("state", "commands", "undone"),
    [
        (["inactive", "disabled"], [["enable", "--now"]], ["stop", "disable"]),
        (["inactive", "masked"], [["unmask"], ["enable", "--now"]], ["stop", "disable", "mask"]),
        (["active", "disabled"], [["enable"], ["restart"]], ["disable"]),
        (["active", "enabled"], [["restart"]], []),
        (None, [["enable"]], None),
    ],
)
def test_a_unit_that_a_driver_switched_on_beside_its_files_is_switched_off(
    state: list[str] | None, commands: list[list[str]], undone: list[str] | None, tmp_path: Path
) -> None:
    unit = "systemd-timesyncd.service"
    answers = Answers({"systemctl show": Completed(0, SHOWN.format("active", "enabled"), ""), "": Completed(0, "", "")})
    host = folder(tmp_path, {"/run/systemd/system/x": ""}, answers)
    run = [["systemctl", *words, unit] for words in commands]
    journal(tmp_path, "run", driver="clock", units={unit: state}, commands=run)
    done = undo(host, "run", "undo")
    if undone is None:
        assert not done["changed"] and "does not say what it was before" in done["left"][0]["why"]
        return
    assert done["commands"] == [f"systemctl {verb} {unit}" for verb in undone] and done["left"] == []


def test_a_journal_says_what_units_were_and_which_folders_are_made(tmp_path: Path) -> None:
    answers = Answers({"systemctl show": Completed(0, "ActiveState=inactive\nUnitFileState=masked\n", "")})
    host = folder(tmp_path, FOUND, answers)
    edit = FileEdit("/etc/x/y/z", None, b"new\n", 0o600)
    commands = [["systemctl", "unmask", "a.service"], ["systemctl", "reload", "b.service"]]
    Journal(host, "run").record("writer", [], {}, [edit], commands)
    line = json.loads((tmp_path / JOURNALS / "run.jsonl").read_text())
    assert line["units"] == {"a.service": ["inactive", "masked"]} and line["commands"] == commands
    assert line["made"] == ["/etc/x", "/etc/x/y"]
    assert line["files"][0]["left"] == {"mode": 0o600, "uid": os.geteuid(), "gid": os.getegid()}


def test_folders_that_the_run_made_go_unless_somebody_uses_them(host: Host, tmp_path: Path) -> None:
    (tmp_path / "etc/kept").mkdir()
    for name in ("made/deep/x", "made/y", "kept/z", "used/x"):
        roll_out(host, "run", **{name: "new\n"})
    (tmp_path / "etc/used/theirs").write_text("x")
    assert undo(host, "run", "undo")["left"] == []
    assert sorted(path.name for path in (tmp_path / "etc").iterdir() if path.is_dir()) == ["kept", "used"]
    assert undo(host, "undo", "redo")["left"] == [] and (tmp_path / "etc/made/deep/x").exists()


def test_a_mode_that_somebody_changed_after_a_file_was_written_is_seen(host: Host, tmp_path: Path) -> None:
    roll_out(host, "run", a="other\n")
    (tmp_path / "etc/a").chmod(0o600)
    assert undo(host, "run", "undo")["left"][0]["why"].startswith("changed since: its owner or mode is another one")
