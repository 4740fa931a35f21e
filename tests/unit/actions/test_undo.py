"""An undo through the real Ansible and the real command, on a private copy of this machine's /etc and /var/lib."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.linux import own
from tests.unit.playing import ROOT, inventory, play

RUN = "20261125T021000Z-1a2b3c4d"
SCRIPT = """
sys.path[:0] = [{root!r}]
import hashlib
from tests.unit.playing import command, inventory, play

folder = pathlib.Path({folder!r})
source = inventory(folder, pc1={{"leeboard_enforce": ["LBL"]}})

def listing():
    paths = sorted(path for path in pathlib.Path("/etc").rglob("*") if path.is_file() and not path.is_symlink())
    return {{str(path): (path.stat().st_mode, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths}}

def roll_out():
    earlier = runs()
    done = play(folder, source, {{"leeboard.schools.enforce": {{"family": "LBL"}}}})
    assert done["status"] == 0, done["output"]
    return (runs() - earlier).pop()

def runs():
    return {{path.name.partition(".")[0] for path in (folder / "var/evidence/900001").glob("*.jsonl.xz")}}

def undo(*options):
    argv = [sys.executable, "-c", "from leeboard.cli.main import main; main()", "undo", "-i", str(source), *options]
    done = command(folder, *argv)
    return {{"status": done.returncode, "output": done.stdout, "error": done.stderr}}
"""


def in_private(tmp_path: Path, script: str) -> Any:
    (tmp_path / "school").mkdir()
    # A dozen runs of Ansible, on a machine that may have other work.
    whole = SCRIPT.format(root=str(ROOT), folder=str(tmp_path / "school")) + script
    return own.run(tmp_path, whole, patience=900)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What came of a roll-out and its undos, one after the other."""
    return in_private(
        tmp_path_factory.mktemp("undo"),
        """
put("/etc/issue", "Debian GNU/Linux 13\\\\n")
put("/etc/issue.net", "\\x1b]0;evil\\x07welcome\\n")
before = listing()
first = roll_out()
after = listing()
found["changed"] = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
found["unasked"] = undo("--run", first)
found["dry"] = undo("--run", first, "--dry-run")
found["dry_changes"] = listing() != after
found["undo"] = undo("--run", first, "--yes")
found["as_before"] = listing() == before
found["undo_run"] = max(runs())
found["again"] = undo("--run", first, "--yes")
found["still_as_before"] = listing() == before
found["redo"] = undo("--run", found["undo_run"], "--yes")
found["as_after"] = listing() == after
found["redo_run"] = max(runs())

put("/etc/issue.net", "a technician's text\\n")
found["in_between"] = undo("--run", found["redo_run"], "--yes", "--device", "pc1")
left = listing()
found["differs"] = sorted(path for path in {*before, *left} if before.get(path) != left.get(path))
found["text"] = pathlib.Path("/etc/issue.net").read_text()
found["unknown"] = undo("--run", "20200101T000000Z-00000000", "--yes")
found["device"] = undo("--run", found["redo_run"], "--yes", "--device", "pc7")
found["first"] = first
from tests import bundle_lines
found["evidence"] = bundle_lines.lines(folder / "var/evidence/900001" / (found["undo_run"] + ".jsonl.xz"))
""",
    )


def test_all_comes_back_as_it_was(told: Any) -> None:
    assert {"/etc/leeboard/label", "/etc/issue", "/etc/issue.net"} <= set(told["changed"])
    assert told["undo"]["status"] == 0, told["undo"]
    assert told["as_before"]
    assert "pc1: " in told["undo"]["output"] and "put back: /etc/leeboard/label, was absent" in told["undo"]["output"]
    assert "LBL: still switched on in leeboard_enforce" in told["undo"]["output"]


def test_a_dry_run_shows_the_same_and_changes_nothing(told: Any) -> None:
    assert told["dry"]["status"] == 0, told["dry"]
    assert "would be put back: /etc/leeboard/label, was absent" in told["dry"]["output"]
    assert not told["dry_changes"]
    assert "LBL-02 device_label:label: not set -> " in told["dry"]["output"]
    assert "\x1b" not in told["dry"]["output"] + told["undo"]["output"], "what stood on the device reaches no terminal"


def test_nothing_is_done_unless_somebody_says_yes(told: Any) -> None:
    assert told["unasked"]["status"] == 1
    assert "nobody said yes" in told["unasked"]["error"]


def test_a_second_undo_changes_nothing(told: Any) -> None:
    assert told["again"]["status"] == 0 and told["still_as_before"]
    assert "0 put back, " in told["again"]["output"]


def test_an_undo_can_be_undone(told: Any) -> None:
    assert told["redo"]["status"] == 0, told["redo"]
    assert told["as_after"]


def test_what_somebody_changed_since_is_left(told: Any) -> None:
    assert told["in_between"]["status"] == 2, told["in_between"]
    assert "left: /etc/issue.net: changed since: its content is another one" in told["in_between"]["output"]
    assert told["differs"] == ["/etc/issue.net"] and told["text"] == "a technician's text\n"


def test_an_unknown_run_or_device_is_named(told: Any) -> None:
    assert told["unknown"]["status"] == 1
    assert (
        "there is no such run; the newest are " in told["unknown"]["error"]
        and told["redo_run"] in told["unknown"]["error"]
    )
    assert told["device"]["status"] == 1
    assert "pc7: the run changed nothing there; it changed pc1" in told["device"]["error"]


def test_the_evidence_says_which_run_was_undone_and_an_old_reader_understands_it(told: Any) -> None:
    header, *lines = told["evidence"]
    assert header["action"] == "enforce"
    (device,) = [line for line in lines if line["kind"] == "device"]
    assert {change["undoes"] for change in device["changes"]} == {told["first"]}
    assert any(change["text"].endswith("put back: /etc/leeboard/label (absent)") for change in device["changes"])
    verdicts = {finding["control"]: finding["verdict"] for finding in device["findings"]}
    assert verdicts["LBL-02"] == "drifted", "it was looked at again"


def test_nothing_is_done_on_a_stranger(tmp_path: Path) -> None:
    source = inventory(tmp_path, pc1={}, pc2={})
    report = tmp_path / "report"
    report.mkdir()
    task = {"leeboard.schools.undo": {"run": RUN, "report": str(report)}}
    done = play(tmp_path, source, task, "--check", "--forks=1")
    assert done["status"] == 2
    told = {one["name"]: one for one in map(json.loads, (path.read_text() for path in report.iterdir()))}
    assert sorted(one["reached"] for one in told.values()) == [False, True]
    (stranger,) = [one for one in told.values() if not one["reached"]]
    assert "nothing was put back" in stranger["message"] and stranger["left"] == []
    (known,) = [one for one in told.values() if one["reached"]]
    assert "no journal of this run" in known["left"][0]["why"]
