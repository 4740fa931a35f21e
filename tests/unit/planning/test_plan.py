"""The plan: what is changed, and above all what is left alone."""

from __future__ import annotations

from typing import Any

from leeboard.planning.plan import Step, apart, could_cut_off, plan
from leeboard.policy.resolve import resolve
from tests.unit.brain import absent, baseline, control, device, observation, setting, unreadable, value


def steps(*settings: dict[str, Any], readings: list[dict[str, Any]], family: str = "LCK", **changes: Any) -> Any:
    wanted = resolve(baseline(control(*settings, **changes)), device())
    seen = observation(readings)
    return plan(wanted, seen, [family], seen.observed_at)


def idle(effective: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"address": "/idle", "effective": effective, **more}


def test_what_drifted_is_set_to_the_wanted_value() -> None:
    (step,) = steps(setting(type="uint32"), readings=[idle(value(0))])
    assert isinstance(step, Step)
    assert step.module == "leeboard.schools.dconf_policy"
    assert [change.as_argument() for change in step.changes] == [
        {"address": "/idle", "value": 900, "type": "uint32", "expect": "f"}
    ]


def test_what_is_absent_and_means_drift_is_set() -> None:
    assert len(steps(setting(), readings=[idle(absent())])) == 1


def test_right_on_disk_but_not_loaded_is_loaded() -> None:
    assert len(steps(setting(), readings=[idle(value(900), running=value(0))])) == 1


def test_what_is_stricter_and_not_loaded_is_loaded_as_it_is() -> None:
    (step,) = steps(setting(), readings=[idle(value(60), running=value(0))])
    assert [change.value for change in step.changes] == [60]


def test_what_is_stricter_is_left_alone() -> None:
    assert steps(setting(), readings=[idle(value(60))]) == ()


def test_what_could_not_be_read_is_left_alone() -> None:
    assert steps(setting(), readings=[idle(unreadable())]) == ()
    assert steps(setting(), readings=[]) == ()


def test_what_is_reported_or_read_only_or_of_another_family_is_left_alone() -> None:
    drifted = [idle(value(0))]
    assert steps(setting(), readings=drifted, mode="report") == ()
    assert steps(setting(mode="report"), readings=drifted) == ()
    assert steps(setting(write=None), readings=drifted) == ()
    assert steps(setting(), readings=drifted, family="LBL") == ()


def test_what_does_not_apply_is_left_alone() -> None:
    plasma = setting(applies_when=[{"fact": "desktops", "contains": "plasma"}])
    assert steps(plasma, readings=[idle(value(0))]) == ()


def test_one_step_a_driver_and_one_change_an_address() -> None:
    again = setting(id="again")
    notice = setting(id="notice", driver="banner", address="/etc/issue", accept={"operator": "equals", "value": "x"})
    found = steps(
        setting(),
        again,
        notice,
        readings=[idle(value(0)), {"driver": "banner", "address": "/etc/issue", "effective": value("y")}],
    )
    assert [(step.driver, len(step.changes)) for step in found] == [("banner", 1), ("dconf", 1)]


def test_what_a_group_policy_sets_is_left_alone() -> None:
    owned = [idle(value(0), owner='the group policy "Classrooms"')]
    assert steps(setting(), readings=owned) == ()
    assert len(steps(setting(), readings=[idle(value(0), owner="")])) == 1


def test_one_way_that_is_kept_leaves_the_other_ways_alone() -> None:
    ways = [setting(id="a", address="/a", route="one"), setting(id="b", address="/b", route="other")]
    kept = [{"address": "/a", "effective": value(0)}, {"address": "/b", "effective": value(600)}]
    assert steps(*ways, readings=kept) == ()
    neither = [{"address": "/a", "effective": value(0)}, {"address": "/b", "effective": value(0)}]
    assert len(steps(*ways, readings=neither)[0].changes) == 2


def test_a_function_of_the_reading_adds_to_what_is_there() -> None:
    mask = setting(accept={"operator": "includes", "value": 1}, write={"function": "add_bits"}, type="audit_mask")
    for found, written in ((0, 1), (2, 3)):
        (step,) = steps(mask, readings=[idle(value(found))])
        assert step.changes[0].value == written
    assert steps(mask, readings=[idle(value(3))]) == ()


def test_a_driver_that_could_cut_off_marks_its_steps_and_no_others() -> None:
    notice = setting(id="notice", driver="banner", address="/etc/issue", accept={"operator": "equals", "value": "x"})
    both = baseline(control(setting(), notice))
    risky = both.drivers["banner"].model_copy(update={"risk": "cut_off"})
    wanted = resolve(both.model_copy(update={"drivers": {**both.drivers, "banner": risky}}), device())
    drifted = [idle(value(0)), {"driver": "banner", "address": "/etc/issue", "effective": value("y")}]
    seen = observation(drifted)
    found = plan(wanted, seen, ["LCK"], seen.observed_at)
    assert [(step.driver, step.risk) for step in found] == [("banner", "cut_off"), ("dconf", "none")]


def test_a_refused_step_that_is_taken_apart_keeps_its_risk() -> None:
    changes = steps(setting(), setting(id="b", address="/b"), readings=[idle(value(0)), idle(value(0), address="/b")])
    for driver in ("file_mode", "sshd", "winrm"):
        whole = Step(driver, "leeboard.schools.x", changes[0].changes, "cut_off")
        assert [step.risk for step in apart(whole)] == ["cut_off", "cut_off"]


def test_what_could_cut_off_is_said_in_one_line() -> None:
    said = could_cut_off(["sshd", "firewall"])
    assert said == "firewall, sshd could cut us off: put back by itself after 3 minutes unless we come back"
    assert "after 1 minute unless" in could_cut_off(["sshd"], 59)
