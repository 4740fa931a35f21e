"""An undo of what could cut us off, under a checkpoint of its own: against a double of the device."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.action.undo import ActionModule
from ansible_collections.leeboard.schools.plugins.plugin_utils import cut_off as cut_off_module

from tests.unit.actions.checkpoint_double import MODULE, OTHER, DoubleClock, DoubleDevice

UNDONE = "20261130T020000Z-0000cccc"
UNCOVERED = "sshd could cut off whoever changes it, so it is changed under an armed checkpoint only"
THEIRS = {"driver": "sshd", "addresses": ["sshd:X"], "target": "/etc/ssh/sshd_config.d/x.conf"}
PLAIN = {"driver": "dconf", "addresses": ["/idle"], "target": "/etc/dconf/x", "was": "absent"}


class UndoneDevice(DoubleDevice):
    """A device with a journal of two changes, one of which is undone under an armed checkpoint alone."""

    def __init__(self, fails: str = "", **more: Any) -> None:
        super().__init__(**more)
        self.fails = fails
        drivers = {"sshd": SimpleNamespace(risk="cut_off"), "dconf": SimpleNamespace(risk="none")}
        self.baseline = SimpleNamespace(drivers=drivers)
        self.undos: list[str] = []

    def ask(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if module == MODULE:
            return super().ask(module, arguments)
        assert arguments["run"] == UNDONE
        self.undos.append(self.state)
        lists: dict[str, Any] = {"already": [], "left": [], "put_back": [], "remarks": [], "found": True}
        lists["already" if len(self.undos) > 1 else "put_back"].append(PLAIN)
        if self.state == "armed" and self.fails:
            return {"failed": True, "msg": self.fails}
        if self.state == "armed" or self.preview:
            lists["put_back"].append({**THEIRS, "was": "absent"})
        else:
            lists["left"].append({**THEIRS, "why": UNCOVERED})
        return {**lists, "changed": bool(lists["put_back"]), "journal": f"/j{len(self.undos)}"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> DoubleClock:
    """The clock that an action has by itself, as a double."""
    made = DoubleClock()
    monkeypatch.setattr(cut_off_module, "Clock", made)
    return made


def undone(device: UndoneDevice) -> tuple[dict[str, Any], str, bool]:
    """(the lists, what failed, whether it is lost) after the two turns of an undo."""
    action: Any = ActionModule.__new__(ActionModule)
    action._arguments, action._journal, action._diffs = {"run": UNDONE}, None, []
    action._connection, action._task = device.connection, SimpleNamespace(check_mode=device.preview)
    _answer, lists = action._asked(device)
    assert action._could_cut_off(device, lists) == {"sshd"}
    found: tuple[dict[str, Any], str, bool] = action._under_checkpoint(device, lists)
    return found


def test_what_could_cut_off_is_undone_after_all_else_and_confirmed(clock: DoubleClock) -> None:
    device = UndoneDevice(clock=clock)
    lists, problem, lost = undone(device)
    assert (problem, lost, device.state, device.about) == ("", False, "confirmed", [UNDONE])
    assert device.undos == ["none", "armed"]
    assert [one["driver"] for one in lists["put_back"]] == ["dconf", "sshd"]
    assert lists["left"] == lists["already"] == []


def test_what_the_checkpoint_took_back_is_left_with_the_reason(clock: DoubleClock) -> None:
    lists, problem, lost = undone(UndoneDevice(clock=clock, new_from=240))
    assert problem == "could not be reached over a new connection; put itself back at 02:04 UTC"
    assert not lost
    assert [one["driver"] for one in lists["put_back"]] == ["dconf"]
    assert lists["left"] == [{**THEIRS, "why": problem}]


def test_a_device_that_is_not_heard_of_again_is_lost(clock: DoubleClock) -> None:
    _lists, problem, lost = undone(UndoneDevice(clock=clock, new_from=10**9))
    assert lost and "not reached since" in problem


def test_an_undo_that_fails_under_the_checkpoint_is_taken_back(clock: DoubleClock) -> None:
    device = UndoneDevice(clock=clock, fails="sshd -t does not accept it")
    lists, problem, _lost = undone(device)
    assert problem == "sshd -t does not accept it; what could cut us off was put back at once"
    assert (device.state, [one["driver"] for one in lists["put_back"]]) == ("back", ["dconf"])
    assert [one["driver"] for one in lists["left"]] == ["sshd"]


def test_a_second_controller_keeps_only_what_could_cut_off(clock: DoubleClock) -> None:
    device = UndoneDevice(clock=clock)
    device.held_by(OTHER, "ada on desk", 90)
    device.state = "putting-back"
    lists, problem, _lost = undone(device)
    assert "the device is putting back the run" in problem and "nothing that could cut us off is changed" in problem
    assert [one["driver"] for one in lists["put_back"]] == ["dconf"] and lists["left"][0]["why"] == UNCOVERED


def test_a_run_of_ours_that_was_killed_is_waited_for(clock: DoubleClock) -> None:
    device = UndoneDevice(clock=clock, recorded_runs=(OTHER,))
    device.held_by(OTHER, "ada on desk", 90)
    device.state = "putting-back"
    lists, problem, _lost = undone(device)
    assert (problem, device.state) == ("", "confirmed")
    assert [one["driver"] for one in lists["put_back"]] == ["dconf", "sshd"]


def test_a_preview_names_it_and_what_somebody_changed_since_needs_no_checkpoint(clock: DoubleClock) -> None:
    device = UndoneDevice(clock=clock, preview=True)
    action: Any = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(check_mode=False)
    lists: dict[str, Any] = {"left": [{**THEIRS, "why": "changed since: its content is another one"}, "text"]}
    assert action._could_cut_off(device, lists) == set()
    action._task = SimpleNamespace(check_mode=True)
    assert action._could_cut_off(device, {"put_back": [{**THEIRS, "driver": "banner, sshd"}]}) == {"sshd"}
