"""sshd is changed under a checkpoint only, and an undo takes our lines out again."""

from __future__ import annotations

from pathlib import Path

from tests.unit.linux.sshd_people import MAIN, OURS
from tests.unit.linux.test_sshd_written import machine

UNDO = """
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import armed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.undo.run import undo
asked = []
def checkpoint(host, driver, run_id, paths):
    "A double of an armed checkpoint of any run, which has tests of its own."
    asked.append([driver, run_id, paths])
"""


def test_without_a_checkpoint_nothing_is_written(tmp_path: Path) -> None:
    script = f"""
found["said"] = change(sshd, "MaxAuthTries", 4)
found["files"] = sorted(os.listdir("{MAIN}.d"))
"""
    found = machine(tmp_path, {}, script)
    assert "is changed under an armed checkpoint only" in found["said"]
    assert found["files"] == []


def test_an_undo_brings_back_what_was_there(tmp_path: Path) -> None:
    script = f"""
put("{OURS}", "Banner /etc/issue.net\\nMaxAuthTries 9\\n")
armed.require = checkpoint
found["changed"] = change(sshd, "MaxAuthTries", 4)
found["after"] = values(["MaxAuthTries"])
outcome = undo(Host(), "run", "back")
found["back"] = [one["target"] for one in outcome["put_back"]]
found["text"] = pathlib.Path("{OURS}").read_text()
found["again"] = undo(Host(), "run", "again")["changed"]
found["asked"] = sorted({{(driver, run) for driver, run, paths in asked if paths}})
"""
    found = machine(tmp_path, {}, UNDO + script)
    assert (found["changed"], found["after"]) == (True, {"MaxAuthTries": 4})
    assert found["back"] == [OURS]
    assert found["text"] == "Banner /etc/issue.net\nMaxAuthTries 9\n"
    assert found["again"] is False
    assert ["sshd", "run"] in found["asked"] and ["sshd", "back"] in found["asked"]
