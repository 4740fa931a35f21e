"""What waivers do: which of them count, what they make of findings, and what of them is a problem."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from leeboard.model.device import Device
from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.model.waiver import Waiver
from leeboard.planning.plan import plan
from leeboard.policy.load import load
from leeboard.policy.resolve import resolve
from leeboard.verdict import waivers
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.waivers import SOON, State, in_force, listed, refused, standings
from tests.unit import brain
from tests.unit.estate.risks import for_school, raw, waiver

AT = datetime(2026, 11, 25, 2, 14, tzinfo=UTC)
LOCK = brain.baseline(brain.control(brain.setting()))
DAYS = {"granted": "2026-11-01", "last_day": "2026-12-25"}


def carrier(asset: str, *risks: Waiver, **more: Any) -> Device:
    """A device with these waivers, each narrowed to it as the inventory's are."""
    own = tuple(one.narrowed(asset) for one in risks)
    return brain.device(name=asset.lower(), asset=asset, **more).model_copy(update={"waivers": own})


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("mode", [Mode.ENFORCE, Mode.REPORT])
def test_only_what_drifted_becomes_waived(verdict: Verdict, mode: Mode) -> None:
    found = Finding("LCK-01", verdict, mode, (), "as it was")
    ((after,), spared) = waivers.accept([found], {"LCK-01": waiver()}, LOCK)
    if verdict is Verdict.DRIFTED:
        assert (after.verdict, after.mode, after.judged) == (Verdict.WAIVED, mode, found.judged)
        assert after.reason == (
            "accepted by Governing body until 20 Jul 2027 (W-2026-001; owner: Head teacher): "
            "The projector machine of the hall must not lock during assemblies."
        )
        assert spared == {"LCK-01": waiver()}
    else:
        assert after is found and spared == {}


def test_the_waiver_of_another_control_changes_nothing() -> None:
    found = Finding("LCK-01", Verdict.DRIFTED, Mode.ENFORCE)
    assert waivers.accept([found], {"LCK-02": waiver()}, LOCK) == ((found,), {})


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"granted": "2026-11-26"}, False),
        ({"granted": "2026-11-25"}, True),
        ({"last_day": "2026-11-24"}, False),
        ({"last_day": "2026-11-25"}, True),
        ({"control": "LCK-99"}, False),
    ],
)
def test_which_count(changes: dict[str, str], counts: bool) -> None:
    one = waiver(**{**DAYS, **changes})
    assert in_force((one,), LOCK, AT) == ({"LCK-01": one} if counts else {})
    assert in_force((one,), LOCK, AT, torn={one.id}) == {}


def test_a_critical_control_needs_the_siro() -> None:
    critical = brain.baseline(brain.control(brain.setting(), severity="critical"))
    without, with_siro = waiver(), waiver(siro=True)
    assert in_force((without,), critical, AT) == {}
    assert "LCK-01 is of critical severity, which only the SIRO may waive" in refused(without, critical)
    assert in_force((with_siro,), critical, AT) == {"LCK-01": with_siro}
    (one,) = standings([carrier("A-1", without)], critical, AT)
    assert (one.state, one.ends_soon, one.left) == (State.VOID, False, "no effect") and "only the SIRO" in one.problem


def test_of_the_shipped_baseline() -> None:
    shipped = load()
    assert refused(waiver(), shipped) == ""
    assert "only the SIRO may waive" in refused(waiver(control="ENC-01"), shipped)
    assert refused(waiver(control="ENC-01", siro=True), shipped) == ""
    assert "no waiver makes it newer" in refused(for_school(control="FWD-03"), shipped)
    assert "is asked of the school as a whole; write school: true" in refused(waiver(control="REM-11"), shipped)
    assert refused(for_school(control="REM-11"), shipped) == ""
    assert "is no control of the baseline" in refused(waiver(control="LCK-77"), shipped)


def test_the_second_of_two_for_the_same_days_has_no_effect() -> None:
    first = for_school(id="W-1", **DAYS)
    second = waiver(id="W-2", **{**DAYS, "granted": "2026-12-25", "last_day": "2027-07-20"})
    for at in (AT, datetime(2026, 12, 25, 12, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)):
        assert in_force((first, second), LOCK, at) == ({"LCK-01": first} if at.year == 2026 else {})
    there, other = standings([carrier("A-1", first, second), carrier("A-2", first)], LOCK, AT)
    assert (there.state, there.problem, other.state) == (State.IN_FORCE, "", State.VOID)
    assert other.problem == (
        "W-1 waives LCK-01 on some of the same days already; take one of the two out, or let W-2 begin after "
        "25 Dec 2026"
    )


def test_one_that_overlaps_on_some_devices_counts_on_the_others() -> None:
    first = waiver(id="W-1", **DAYS)
    second = waiver(id="W-2", **DAYS, devices=["A-1", "A-2"])
    devices = [carrier("A-1", first, second), carrier("A-2", second)]
    assert in_force(devices[1].waivers, LOCK, AT)["LCK-01"].id == "W-2"
    one = standings(devices, LOCK, AT)[1]
    assert (one.state, one.assets) == (State.IN_FORCE, ("A-1", "A-2"))
    assert one.problem.startswith("no effect on A-1: W-1 waives LCK-01 on some of the same days already")


def test_one_that_begins_the_day_after_another_follows_it() -> None:
    first = waiver(id="W-1", **DAYS)
    second = waiver(id="W-2", granted="2026-12-26", last_day="2027-12-26")
    assert in_force((first, second), LOCK, datetime(2026, 12, 25, 23, 59, tzinfo=UTC)) == {"LCK-01": first}
    assert in_force((first, second), LOCK, datetime(2026, 12, 26, tzinfo=UTC)) == {"LCK-01": second}


def test_a_refused_one_does_not_stand_in_the_way_of_another() -> None:
    critical = brain.baseline(brain.control(brain.setting(), severity="critical"))
    assert in_force((waiver(id="W-1"), waiver(id="W-2", siro=True)), critical, AT)["LCK-01"].id == "W-2"


def test_ids_that_mean_different_things_do_not_count() -> None:
    devices = [carrier("A-1", waiver()), carrier("A-2", waiver(devices=["A-2"], owner="Somebody else"))]
    elsewhere = carrier("B-1", waiver(devices=["B-1"], owner="Another"), urn="900002")
    assert waivers.torn([*devices, elsewhere]) == {"900001": {"W-2026-001"}}
    found = standings([*devices, elsewhere], LOCK, AT)
    assert [(one.urn, one.state) for one in found] == [
        ("900001", State.VOID), ("900001", State.VOID), ("900002", State.IN_FORCE)
    ]  # fmt: skip
    assert "devices of the school have different waivers under this id" in found[0].problem


@pytest.mark.parametrize(
    ("last_day", "state", "left", "soon"),
    [
        ("2026-11-24", State.EXPIRED, "expired", False),
        ("2026-11-25", State.IN_FORCE, "ends today", True),
        ("2026-11-26", State.IN_FORCE, "1 day left", True),
        ("2026-12-25", State.IN_FORCE, "30 days left", True),
        ("2026-12-26", State.IN_FORCE, "31 days left", False),
    ],
)
def test_how_it_stands(last_day: str, state: State, left: str, soon: bool) -> None:
    (one,) = standings([carrier("A-1", waiver(granted="2026-09-01", last_day=last_day))], LOCK, AT)
    assert (one.state, one.left, one.ends_soon) == (state, left, soon)
    assert bool(one.problem) is (state is State.EXPIRED)
    assert SOON == 30
    if state is State.EXPIRED:
        assert one.problem.startswith("it ended on 24 Nov 2026; take it out, or let it be approved again")


def test_one_that_begins_later_is_no_problem() -> None:
    (one,) = standings([carrier("A-1", waiver(granted="2026-11-26"))], LOCK, AT)
    assert (one.state, one.left, one.problem, one.ends_soon) == (State.NOT_YET, "from 26 Nov 2026", "", False)


def test_a_waiver_of_many_devices_stands_there_once() -> None:
    risk = waiver(devices=["A-3", "A-1", "A-2"])
    (one,) = standings([carrier(asset, risk) for asset in ("A-2", "A-1")], LOCK, AT)
    assert one.assets == one.waiver.devices == ("A-1", "A-2")


def test_lists_are_told_what_no_device_can_carry() -> None:
    devices = [carrier("A-1"), carrier("A-2"), carrier("S-1", role="exam")]
    given = [
        raw(),
        raw(id="W-2", devices=["A-9"]),
        raw(id="W-3", devices=["A-1", "a-2", "A-9"]),
        raw(id="W-4", devices=None, roles=["server"]),
        raw(id="W-5", devices=None, roles=["exam", "server"]),
        raw(id="W-6", devices=None, roles=["exam"]),
        raw(id="W-7", owner=None),
        raw(id="W-8", devices=None, school=True),
    ]
    assert listed("900001", [given, given, None], devices) == (
        "school 900001: waiver 7 in leeboard_waivers: W-7: owner is missing; name the post that answers for the risk",
        "school 900001: waiver W-2: A-9: no such device at the school, so it has no effect; name asset tags",
        "school 900001: waiver W-3: a-2 (did you mean A-2?), A-9: no such device at the school, so the other devices "
        "are waived; name asset tags",
        "school 900001: waiver W-4: no device of the school has the role server; take the waiver out",
        "school 900001: waiver W-5: no device of the school has the role server; take it out of the list",
    )


def test_a_roll_out_leaves_alone_what_is_waived() -> None:
    base = brain.baseline(
        brain.control(brain.setting()), brain.control(brain.setting(address="/other"), id="LCK-02", title="Other")
    )
    wanted = resolve(base, carrier("A-1", waiver(**DAYS)))
    seen = brain.observation([{"address": place, "effective": brain.value(5000)} for place in ("/idle", "/other")])
    (step,) = plan(wanted, seen, ["LCK"], AT)
    assert [change.control for change in step.changes] == ["LCK-01", "LCK-02"]
    narrowed, spared = waivers.left_alone(wanted, AT, seen)
    (step,) = plan(narrowed, seen, ["LCK"], AT)
    assert [change.control for change in step.changes] == ["LCK-02"]
    assert {control: one.id for control, one in spared.items()} == {"LCK-01": "W-2026-001"}
    after, spared = waivers.left_alone(wanted, datetime(2026, 12, 26, tzinfo=UTC), seen)
    assert after is wanted and spared == {}
    # What is judged is what the baseline wants, waived or not.
    assert [one.verdict for one in evaluate(narrowed, seen, AT)] == [one.verdict for one in evaluate(wanted, seen, AT)]
