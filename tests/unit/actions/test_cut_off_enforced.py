"""A roll-out with steps that could cut off: what it makes when, what it marks, and whom it asks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.action import enforce as enforce_module
from ansible_collections.leeboard.schools.plugins.action.enforce import ActionModule
from ansible_collections.leeboard.schools.plugins.plugin_utils import cut_off as cut_off_module
from ansible_collections.leeboard.schools.plugins.plugin_utils.device_action import Ended
from ansible_collections.leeboard.schools.plugins.plugin_utils.visit import Visit, VisitError

from leeboard.evidence import status, undoing
from leeboard.evidence.recording import handshake
from leeboard.model.observation import Observation
from tests.unit.actions.checkpoint_double import MODULE, OTHER, RUN, DoubleClock, DoubleDevice
from tests.unit.actions.test_cut_off import make, step


def action(device: DoubleDevice) -> Any:
    """The action `enforce`, at its last part: it has a plan, and the device in front of it."""
    made: Any = ActionModule.__new__(ActionModule)
    made._changes, made._diffs, made._problems, made._remarks, made._put_back = [], [], [], [], []
    made._connection = device.connection
    made._task = SimpleNamespace(check_mode=device.preview)
    return made


NOTHING_SEEN = Observation.model_construct(facts={}, readings=[])


class Enforced(DoubleDevice):
    """A device whose drivers' modules change what they are asked for; `order` has them as they came."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.order: list[tuple[str, str]] = []
        self.rehearsed: list[str] = []
        self.refuses: dict[str, dict[str, Any]] = {}
        self.says: list[dict[str, Any]] = []  # the next answers of the modules, before those as above

    def rehearse(self, module: str, _arguments: dict[str, Any]) -> dict[str, Any]:
        self.rehearsed.append(module)
        return self.refuses.get(module, {"changed": True})

    def ask(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if module == MODULE:
            return super().ask(module, arguments)
        self.order.append((module, self.state))
        if self.says:
            return self.says.pop(0)
        return {"changed": True, "before": {}, "after": {}, "diff": []}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> DoubleClock:
    """The clock that an action has by itself, as a double."""
    made = DoubleClock()
    monkeypatch.setattr(cut_off_module, "Clock", made)
    return made


def test_a_roll_out_makes_what_could_cut_off_last_and_under_the_checkpoint(clock: DoubleClock) -> None:
    device = Enforced(clock=clock)
    plain = replace(step("dconf"), module="m.dconf", risk="none")
    risky = replace(step(), module="m.sshd")
    enforcing = action(device)
    assert enforcing._apply(device, [risky, plain]) == []
    assert device.order == [("m.dconf", "none"), ("m.sshd", "armed")]
    assert enforcing._problems == []
    assert [("checkpoint" in one, one["driver"]) for one in enforcing._changes] == [(False, "dconf"), (False, "sshd")]


def test_what_was_put_back_is_marked_and_nothing_else_is(clock: DoubleClock) -> None:
    device = Enforced(clock=clock, new_from=240)
    plain = replace(step("dconf"), module="m.dconf", risk="none")
    enforcing = action(device)
    enforcing._apply(device, [step(), plain])
    assert enforcing._problems == [
        "could not be reached over a new connection (Connection timed out); put itself back at 02:04 UTC"
    ]
    assert [(one["driver"], one.get("checkpoint")) for one in enforcing._changes] == [("dconf", None), ("sshd", "back")]


def test_a_device_that_is_held_gets_all_but_what_could_cut_off(clock: DoubleClock) -> None:
    device = Enforced(clock=clock)
    device.held_by(OTHER, "ada on desk", 90)
    plain = replace(step("dconf"), module="m.dconf", risk="none")
    enforcing = action(device)
    enforcing._apply(device, [step(), plain])
    assert [module for module, _ in device.order] == ["m.dconf"]
    assert len(enforcing._problems) == 1 and "ada on desk holds" in enforcing._problems[0]


def test_a_preview_asks_each_driver_and_arms_nothing(clock: DoubleClock) -> None:
    device = Enforced(clock=clock, preview=True)
    enforcing = action(device)
    enforcing._apply(device, [replace(step(), module="m.sshd")])
    assert device.order == [("m.sshd", "none")] and device.state == "none"
    assert enforcing._remarks == ["pc1: sshd could cut us off: put back by itself after 4 minutes unless we come back"]


def test_a_driver_that_cannot_be_covered_makes_no_step(clock: DoubleClock) -> None:
    for preview in (False, True):
        device = Enforced(clock=clock, preview=preview, left_out={"firewall": "two firewalls at once"})
        enforcing = action(device)
        enforcing._apply(device, [replace(step("firewall"), module="m.firewall"), replace(step(), module="m.sshd")])
        assert [module for module, _ in device.order] == ["m.sshd"]
        assert enforcing._problems == ["firewall: two firewalls at once"]
        assert all("firewall" not in remark for remark in enforcing._remarks)


def test_a_step_that_broke_off_in_the_middle_says_why_and_not_that_its_plan_is_out_of_date(clock: DoubleClock) -> None:
    device = Enforced(clock=clock)
    whole = replace(step(), module="m.sshd", changes=(*step().changes, *step().changes))
    outdated = {"failed": True, "msg": "sshd: no longer what the plan was made from", "outdated": True}
    device.says = [{"failed": True, "msg": "systemctl reload ssh.service ended with status 1"}, outdated, outdated]
    enforcing = action(device)
    problems, lost = enforcing._make(device, [whole])
    assert (problems, lost) == (["sshd: systemctl reload ssh.service ended with status 1"], False)


def test_a_plan_that_was_out_of_date_from_the_beginning_says_so(clock: DoubleClock) -> None:
    device = Enforced(clock=clock)
    whole = replace(step(), module="m.sshd", changes=(*step().changes, *step().changes))
    device.says = [{"failed": True, "msg": f"sshd: {name} is no longer so", "outdated": True} for name in "abc"]
    problems, _lost = action(device)._make(device, [whole])
    assert problems == ["sshd: b is no longer so", "sshd: c is no longer so"]


def test_what_a_driver_refuses_has_no_other_put_back_with_it(clock: DoubleClock) -> None:
    device = Enforced(clock=clock)
    device.refuses = {
        "m.firewall": {"failed": True, "msg": "firewall: two firewalls at once"},
        "m.faillock": {"failed": True, "msg": "faillock: no longer what the plan was made from", "outdated": True},
    }
    enforcing = action(device)
    enforcing._changes = [{"driver": "pam"}]
    steps = [replace(step(name), module=f"m.{name}") for name in ("firewall", "faillock", "sshd")]
    enforcing._apply(device, steps)
    assert device.rehearsed == ["m.firewall", "m.faillock", "m.sshd"]
    assert (device.order, device.about, device.state) == ([("m.sshd", "armed")], ["sshd"], "confirmed")
    assert enforcing._problems == ["firewall: two firewalls at once"], "what is outdated is planned in the next round"


def test_where_every_driver_refuses_nothing_is_armed(clock: DoubleClock) -> None:
    device = Enforced(clock=clock)
    device.refuses = {"leeboard.schools.x": {"failed": True, "msg": "it would shut out ada, who makes this change"}}
    enforcing = action(device)
    assert enforcing._apply(device, [step()]) == []
    assert (device.asked, device.order) == ([], [])
    assert enforcing._problems == ["sshd: it would shut out ada, who makes this change"]


def test_an_error_that_nobody_foresaw_has_all_put_back() -> None:
    device = DoubleDevice()

    def run(_left_out: dict[str, str]) -> tuple[list[str], bool]:
        raise ZeroDivisionError("of sudo's")

    cut_off, problems = make(device, run)
    assert (cut_off.end, device.state) == ("back", "back")
    assert problems == ["lost after a change: of sudo's", "what could cut us off was put back at once"]


def test_a_run_that_was_killed_is_planned_once_more(clock: DoubleClock) -> None:
    device = Enforced(clock=clock, recorded_runs=(OTHER,))
    device.held_by(OTHER, "ada on desk", 90)
    enforcing = action(device)
    risky = step()
    assert enforcing._apply(device, [risky]) == [risky]
    assert (device.order, enforcing._problems) == ([], [])


def test_without_the_connection_no_cut_off_step_is_tried() -> None:
    device = Enforced()
    device.ask = lambda module, _arguments: {"unreachable": True, "msg": f"{module} is silent"}
    enforcing = action(device)
    assert enforcing._apply(device, [step(), replace(step("dconf"), module="m.dconf", risk="none")]) == []
    assert enforcing._problems == ["dconf: m.dconf is silent"]


def test_a_finding_of_what_was_changed_says_what_became_of_it() -> None:
    change = {"control": "REM-07", "driver": "sshd", "address": "x", "before": "a", "after": "b"}
    for end, words in (("back", "put back by the device's checkpoint"), ("unknown", "nothing was heard of it")):
        assert words in status._change({**change, "checkpoint": end})
        assert words in undoing._changed({**change, "checkpoint": end}).words
    assert "checkpoint" not in status._change(change) + undoing._changed(change).words


@pytest.mark.parametrize("terminals", [(), (0,), (1,), (0, 1)])
def test_a_worker_knows_whether_somebody_sits_before_the_run(
    terminals: tuple[int, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(handshake.VARIABLE, "")
    monkeypatch.setattr(handshake.os, "isatty", lambda number: number in terminals)
    handshake.announce(RUN, tmp_path)
    run = handshake.current()
    assert run is not None and run.terminal is (terminals == (0, 1))


def test_a_run_is_ours_where_this_controller_has_evidence_of_it(tmp_path: Path) -> None:
    visit: Any = Visit.__new__(Visit)
    visit._run, visit.run_id = SimpleNamespace(evidence=tmp_path), RUN
    visit.device = SimpleNamespace(urn="900001")
    (tmp_path / "900001").mkdir()
    for run in (OTHER, RUN):
        (tmp_path / "900001" / f"{run}.jsonl").write_text("")
    (tmp_path / "900001" / "pins.json").write_text("")
    assert visit.recorded(OTHER)
    assert not visit.recorded(RUN), "that is this very run"
    for other in ("20261201T015900Z-0000cccc", "pins", "*", "../900001/" + OTHER, ""):
        assert not visit.recorded(other)


def test_a_rehearsal_is_one_in_check_mode_and_leaves_the_task_as_it_was() -> None:
    visit: Any = Visit.__new__(Visit)
    visit._action = SimpleNamespace(_task=SimpleNamespace(check_mode=False))
    seen: list[bool] = []
    visit.ask = lambda _module, _arguments: seen.append(visit.preview) or {}
    assert visit.rehearse("m", {}) == {} and seen == [True] and not visit.preview


@pytest.mark.parametrize(
    ("then", "message"),
    [
        (
            VisitError("pc1: it did not let this account in"),
            "not seen after a change: pc1: it did not let this account",
        ),
        ({"unreachable": {"msg": "pc1: timed out"}}, "the device was lost after a change"),
    ],
    ids=["refused", "silent"],
)
def test_what_was_done_is_filed_where_nobody_sees_the_device_afterwards(
    monkeypatch: pytest.MonkeyPatch, then: Any, message: str
) -> None:
    """A change that nobody files is one that no undo finds."""

    class Shut(Enforced):
        wanted: Any = None
        observation: Any = NOTHING_SEEN
        seen = 0

        def observe(self) -> dict[str, Any]:
            self.seen += 1
            if self.seen == 1:
                return {"outcome": "observed", "identity": "same", "changes": []}
            if isinstance(then, VisitError):
                raise then
            return dict(then)

    monkeypatch.setattr(enforce_module, "left_alone", lambda *_all: (None, {}))
    monkeypatch.setattr(enforce_module, "plan", lambda *_all: [replace(step("dconf"), module="m.dconf", risk="none")])
    enforcing = action(Shut())
    enforcing._families, enforcing._waived = ["REM"], {}
    with pytest.raises(Ended) as ended:
        enforcing._bring(Shut())
    found = ended.value.outcome
    assert found["failed"] and found["changed"] and message in found["msg"]
    line = json.loads(found["leeboard"])
    assert [change["driver"] for change in line["changes"]] == ["dconf"] and message in line["message"]


@pytest.mark.parametrize("new_from", [0, 240])
def test_the_bundle_says_why_something_was_put_back(
    monkeypatch: pytest.MonkeyPatch, clock: DoubleClock, new_from: int
) -> None:
    class Seen(Enforced):
        wanted: Any = None
        observation: Any = NOTHING_SEEN

        def observe(self) -> dict[str, Any]:
            return {"outcome": "observed", "message": "", "identity": "same", "findings": [], "changes": []}

    monkeypatch.setattr(enforce_module, "left_alone", lambda *_all: (None, {}))
    monkeypatch.setattr(enforce_module, "plan", lambda *_all: [step()])
    monkeypatch.setattr(enforce_module, "with_waivers", lambda *_all: [])
    device = Seen(clock=clock, new_from=new_from)
    enforcing = action(device)
    enforcing._families, enforcing._waived = ["REM"], {}
    found = enforcing._bring(device)
    line = json.loads(found["leeboard"])
    assert [change.get("checkpoint") for change in line["changes"]] == (["back"] if new_from else [None])
    assert ("put itself back at 02:04 UTC" in line["message"]) == bool(new_from) == bool(found.get("failed"))
    assert line["outcome"] == "observed", "it was, afterwards"
