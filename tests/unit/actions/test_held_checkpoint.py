"""Looking at a device's checkpoint, and having it put back: through the real Ansible, and against a double."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.action import held_checkpoint
from ansible_collections.leeboard.schools.plugins.plugin_utils.device_action import Ended
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import VisitError

from tests.unit.actions.checkpoint_double import RUN, DoubleDevice
from tests.unit.playing import inventory, play


class Visited(DoubleDevice):
    """A device that can be observed as well; `seen` counts."""

    seen = 0
    stranger = False

    def observe(self) -> dict[str, Any]:
        self.seen += 1
        return {"identity": "another_machine" if self.stranger else "same", "message": "not it", "changes": []}


def outcome(device: Visited, monkeypatch: pytest.MonkeyPatch, work: str = "status", check: bool = False) -> Any:
    monkeypatch.setattr(held_checkpoint, "Visit", lambda _action, _variables: device)
    action: Any = held_checkpoint.ActionModule.__new__(held_checkpoint.ActionModule)
    action._arguments, action._task_vars = {"work": work, "report": ""}, {}
    action._task = SimpleNamespace(check_mode=check)
    try:
        return action._work()
    except Ended as end:
        return end.outcome


def armed(**more: Any) -> Visited:
    device = Visited(**more)
    device.held_by(RUN, "ada on desk", 240)
    return device


def test_how_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    for state, words in (
        ("none", "no checkpoint is held"),
        ("armed", f"the run {RUN} of ada on desk holds the device's checkpoint until "),
        ("putting-back", f"the device is putting back the run {RUN} of ada on desk"),
        ("confirmed", f"no checkpoint is held; the last one, run {RUN} of ada on desk, was confirmed"),
        ("back", f"no checkpoint is held; the last one, run {RUN} of ada on desk, was put back"),
    ):
        device = armed(stays=["a unit"])
        device.state = state
        done = outcome(device, monkeypatch)
        assert (done["state"], done["failed"], done["changed"]) == (state, False, False)
        assert done["msg"].startswith(words)
        assert [asked for asked, _ in device.asked] == ["read"] and device.seen == 1


def test_a_rollback_is_in_the_evidence_and_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    device = armed()
    done = outcome(device, monkeypatch, "rollback")
    assert (done["state"], done["failed"], done["changed"], device.state, device.seen) == (
        "back",
        False,
        True,
        "back",
        2,
    )
    (change,) = json.loads(done["leeboard"])["changes"]
    assert change["text"] == f"the checkpoint of the run {RUN} was put back on request"


def test_what_does_not_come_back_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    done = outcome(armed(stays=["ssh.service does not run"]), monkeypatch, "rollback")
    assert done["failed"] and done["state"] == "putting-back" and "left: ssh.service does not run" in done["msg"]


def test_a_preview_and_a_device_without_one_put_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Visited()
    assert outcome(device, monkeypatch, "rollback")["changed"] is False
    assert [asked for asked, _ in device.asked] == ["read"]


def test_a_stranger_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    device = armed()
    device.stranger = True
    done = outcome(device, monkeypatch, "rollback")
    assert done["failed"] and "nothing was changed" in done["msg"]
    assert (device.asked, device.state) == ([], "armed")


def test_a_device_that_is_not_seen_again_keeps_its_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    device = armed()
    first = device.observe()

    def observe() -> dict[str, Any]:
        device.seen += 1
        if device.seen > 2:
            raise VisitError("gone")
        return first

    device.observe = observe
    done = outcome(device, monkeypatch, "rollback")
    assert done["changed"] and json.loads(done["leeboard"])["changes"]


def test_this_very_machine_holds_none_and_the_real_module_says_so(tmp_path: Path) -> None:
    report = tmp_path / "report"
    report.mkdir()
    task = {"leeboard.schools.held_checkpoint": {"report": str(report)}}
    done = play(tmp_path, inventory(tmp_path, pc1={}), task)
    assert done["status"] == 0, done["output"]
    (path,) = report.iterdir()
    assert json.loads(path.read_text()) == {
        "name": "pc1", "failed": False, "reached": True, "state": "none", "message": "no checkpoint is held",
    }  # fmt: skip
