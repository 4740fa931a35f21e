"""What an undo makes of a journal: units are switched off again, and what is not to be believed stops it."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.journal_read import JournalRefused
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo

from tests.unit.linux.folder import Answers, folder
from tests.unit.linux.undoing import FOUND, JOURNALS, journal, roll_out, tree


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = folder(tmp_path, FOUND)
    (tmp_path / "etc/b").chmod(0o640)
    return found


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
