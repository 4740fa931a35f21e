"""How schools stand at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from leeboard.evidence import age
from leeboard.evidence.keeping.forgetting import forget
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.recording.expected import expected as from_variables
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.device import Device
from leeboard.model.finding import Finding
from leeboard.model.run_id import started_of
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import measured
from leeboard.verdict.status import DeviceStatus, EstateStatus
from tests.unit.evidence.estate import URN, device, expected, line, observation, run_id, write


class School:
    """A store with an evidence folder beside it."""

    def __init__(self, folder: Path, baseline: Baseline) -> None:
        self.evidence = folder / "evidence"
        self.store = Store(folder / "leeboard.db")
        self.baseline = baseline

    def night(self, number: int, said: Any, assets: tuple[Any, ...] = ("LT-1",), **more: Any) -> None:
        devices = [expected(asset) if isinstance(asset, str) else asset for asset in assets]
        write(self.evidence, run_id(number), devices, said, **more)
        assert ingest(self.store, [self.evidence], self.baseline).problems == []

    def status(self, *devices: Device, night: float = 0.0, **more: Any) -> EstateStatus:
        at = started_of(run_id(0)) + timedelta(days=night, seconds=5)
        return estate_status(self.store, self.baseline, devices, at, **more)


@pytest.fixture
def school(tmp_path: Path, baseline: Baseline) -> Iterator[School]:
    found = School(tmp_path, baseline)
    yield found
    found.store.close()


def verdicts(status: DeviceStatus) -> dict[str, str]:
    return {finding.control: finding.verdict.value for finding in status.findings}


FINE = {"FWD-03": "compliant", "LCK-01": "compliant", "LCK-02": "not_applicable", "LBL-01": "compliant"}
DRIFTED = {**FINE, "LCK-01": "drifted"}


def all_of(verdict: str) -> dict[str, str]:
    return {**FINE, "FWD-03": verdict, "LCK-01": verdict, "LBL-01": verdict}


def found_of(status: DeviceStatus, control: str) -> Finding:
    return next(finding for finding in status.findings if finding.control == control)


def test_observed_tonight(school: School) -> None:
    school.night(0, {"LT-1": observation(lock=5000)})
    school.night(1, {"LT-1": observation(lock=5000)})
    status = school.status(device("LT-1"), night=1)
    (found,) = status.devices
    assert (found.outcome, verdicts(found), found.message) == ("observed", DRIFTED, "")
    assert found.seen == datetime(2026, 11, 3, 2, 10, 5, tzinfo=UTC)
    assert found.since["LCK-01"] == datetime(2026, 11, 2, 2, 10, tzinfo=UTC)
    assert (status.exit_code, status.problems) == (2, ())


@pytest.mark.parametrize("said", [{"LT-1": "unreachable"}, {}])
def test_silence_keeps_the_last_verdicts_until_they_are_stale(school: School, said: dict[str, str]) -> None:
    school.night(0, {"LT-1": observation(lock=5000)})
    school.night(1, said)
    (found,) = school.status(device("LT-1"), night=14).devices
    assert found.outcome == ("unreachable" if said else "not_seen")
    assert verdicts(found) == DRIFTED, "exactly at the limit it still stands"
    (found,) = school.status(device("LT-1"), night=14 + 1 / 86400).devices
    assert verdicts(found) == all_of("stale")
    stale = found_of(found, "LCK-01")
    assert stale.reason == "last seen 02 November 2026, more than 14 days ago; it was drifted then"
    assert found.since["LCK-01"] == started_of(run_id(14)) + timedelta(seconds=5)


def test_the_level_of_today_sets_the_limit(school: School) -> None:
    school.night(0, {"LT-1": observation()})
    school.night(1, {})
    (found,) = school.status(device("LT-1", level="high"), night=3.5).devices
    assert verdicts(found)["LCK-01"] == "stale"
    (found,) = school.status(device("LT-1", level="sensitive"), night=3.5).devices
    assert verdicts(found)["LCK-01"] == "compliant"


def test_evidence_grows_stale_also_when_nobody_runs_a_check_any_more(school: School) -> None:
    school.night(0, {"LT-1": observation()})
    assert verdicts(school.status(device("LT-1"), night=14).devices[0]) == FINE
    (found,) = school.status(device("LT-1"), night=14 + 1 / 86400).devices
    assert (found.outcome, verdicts(found)) == ("observed", all_of("stale"))


def test_the_age_of_evidence_is_a_finding_of_its_own(school: School) -> None:
    school.night(0, {"LT-1": observation()})
    school.night(3, {})
    (found,) = school.status(device("LT-1"), night=3).devices
    fresh = found_of(found, "FWD-03")
    (one,) = fresh.judged
    assert (fresh.verdict, fresh.mode, one.seen, one.wanted) == ("compliant", "report", "3", "at most 14")
    assert one.reason == "last seen 3 days ago, 2 Nov 2026, 02:10 UTC"
    (stale,) = found_of(school.status(device("LT-1"), night=15).devices[0], "FWD-03").judged
    assert (stale.verdict, stale.reason) == ("stale", "last seen 15 days ago, 2 Nov 2026, 02:10 UTC")
    (never,) = found_of(school.status(device("LT-9")).devices[0], "FWD-03").judged
    assert (never.verdict, never.seen, never.reason) == ("missing", "", "no run has ever seen this device")


def test_a_school_may_shorten_the_silence_that_counts_and_never_lengthen_it(school: School) -> None:
    school.night(0, {"LT-1": observation()})
    shorter = device("LT-1", overrides={"FWD-03": {"age": 5}})
    assert verdicts(school.status(shorter, night=5).devices[0]) == FINE
    assert verdicts(school.status(shorter, night=5 + 1 / 86400).devices[0]) == all_of("stale")
    longer = school.status(device("LT-1", overrides={"FWD-03": {"age": 15}})).devices[0]
    assert verdicts(longer) == all_of("error") and "only a stricter value is taken" in longer.message


@pytest.mark.parametrize(("ahead", "verdict"), [(timedelta(minutes=10), "compliant"), (timedelta(days=1), "error")])
def test_evidence_from_the_future_is_no_fresh_evidence(school: School, ahead: timedelta, verdict: str) -> None:
    school.night(0, {"LT-1": observation()})
    (found,) = school.status(device("LT-1"), night=-ahead / timedelta(days=1)).devices
    assert verdicts(found) == {**FINE, "FWD-03": verdict}


@pytest.mark.parametrize("month", [3, 10])
def test_the_change_of_summer_time_makes_no_day_longer(baseline: Baseline, month: int) -> None:
    """29 March and 25 October 2026 have 23 and 25 hours in London; an age is counted in days of 24 hours."""
    wanted = resolve(baseline, device())
    seen = datetime(2026, month, 20, 12, tzinfo=ZoneInfo("Europe/London"))
    at = seen.astimezone(UTC) + timedelta(days=14)
    for late, verdict in ((timedelta(0), "compliant"), (timedelta(seconds=1), "stale")):
        (finding,) = measured(wanted, [age.reading(seen, at + late)], at + late)
        assert finding.verdict == verdict


def test_what_a_bundle_says_of_its_own_age_does_not_count(school: School) -> None:
    lies = [
        {"control": "FWD-03", "verdict": "drifted", "mode": "enforce", "judged": []},
        {"control": "LCK-01", "verdict": "stale", "mode": "enforce", "judged": []},
        {"control": "LBL-01", "verdict": "drifted", "mode": "enforce", "judged": []},
    ]
    school.night(0, [line("LT-1", started_of(run_id(0)), findings=lies)])
    found = verdicts(school.status(device("LT-1")).devices[0])
    assert (found["FWD-03"], found["LBL-01"]) == ("compliant", "drifted")


def test_age_is_in_no_bundle_and_no_span(school: School) -> None:
    school.night(0, {"LT-1": observation(lock=None, label=None)})
    assert {held.control for held in school.store.history(URN, "LT-1")} == {"LCK-01", "LBL-01"}


def test_never_seen(school: School) -> None:
    school.night(0, {"LT-1": "unreachable"}, ("LT-1", "LT-2"))
    one, two, three = school.status(device("LT-1"), device("LT-2"), device("LT-3")).devices
    assert [found.outcome for found in (one, two, three)] == ["unreachable", "not_seen", "never"]
    assert [verdicts(found) for found in (one, two, three)] == [all_of("missing")] * 3
    assert list(map(id, one.findings)) == list(map(id, two.findings)), "kept once, however many devices are off"
    assert (one.seen, one.message) == (None, "unreachable it was")
    assert school.status(device("LT-1")).exit_code == 3


@pytest.mark.parametrize("outcome", ["failed", "another_machine"])
def test_failed_and_another_machine_are_errors_whatever_was_before(school: School, outcome: str) -> None:
    school.night(0, {"LT-1": observation()})
    school.night(1, {"LT-1": outcome})
    (found,) = school.status(device("LT-1"), night=1).devices
    # How old the evidence is, is known all the same.
    assert (found.outcome, verdicts(found)) == (outcome, {**all_of("error"), "FWD-03": "compliant"})
    assert found_of(found, "LCK-01").reason == f"{outcome} it was"
    assert found.seen is not None and found.seen.day == 2


def test_an_observation_that_makes_no_sense_is_an_error(school: School) -> None:
    school.night(0, [line("LT-1", started_of(run_id(0)), observation={"nonsense": 1})])
    (found,) = school.status(device("LT-1")).devices
    assert (found.outcome, verdicts(found)) == ("failed", {**all_of("error"), "FWD-03": "missing"})
    assert "is not an observation" in found.message


def test_platform_other_is_counted_and_never_checked(school: School) -> None:
    tablet = device("IPAD-1", platform="other")
    school.night(0, {}, (expected("IPAD-1", platform="other"),))
    status = school.status(tablet)
    (found,) = status.devices
    assert (found.outcome, verdicts(found)) == ("other", all_of("not_checked"))
    assert status.exit_code == 0 and status.counts()["not_checked"] == 3


def test_wrong_variables_are_an_error_in_the_store_and_in_the_inventory(school: School) -> None:
    wrong = from_variables("lt-1", {"leeboard_urn": URN, "leeboard_asset": "LT-1", "leeboard_form": "round"}, ())
    assert wrong is not None and wrong.problem.startswith("lt-1: leeboard_platform is missing")
    school.night(0, {}, (wrong,))
    for found in (*school.status().devices, *school.status(wrong).devices):
        assert found.outcome == "failed" and found.message == wrong.problem
        assert set(verdicts(found).values()) == {"error"}
        assert type(found.device) is Device
    weaker = device("LT-1", overrides={"LCK-01": {"setting": 9999}})
    (found,) = school.status(weaker).devices
    assert verdicts(found) == all_of("error") and "only a stricter value is taken" in found.message


def test_a_broken_off_run_is_a_problem_until_the_next(school: School) -> None:
    school.night(0, {"LT-1": observation()}, ("LT-1", "LT-2", "LT-3"), close=False)
    status = school.status(device("LT-1"), device("LT-2"))
    assert status.problems == (
        f"school 123456: run {run_id(0)} (02 November 2026 02:10 UTC) was broken off; "
        "2 of 3 devices were not seen in it; run it again",
    )
    assert [found.outcome for found in status.devices] == ["observed", "not_seen"]
    assert status.exit_code == 3
    school.night(1, {"LT-1": observation()})
    assert school.status(device("LT-1"), night=1).problems == ()


def test_without_an_inventory_all_that_is_known(school: School) -> None:
    school.night(0, {"LT-1": observation()}, ("LT-1", "LT-2"))
    write(school.evidence, run_id(0), [expected("LT-1", urn="654321")], {"LT-1": observation()}, urn="654321")
    ingest(school.store, [school.evidence], school.baseline)
    found = school.status().devices
    assert [(one.device.urn, one.device.asset) for one in found] == [
        (URN, "LT-1"), (URN, "LT-2"), ("654321", "LT-1")
    ]  # fmt: skip
    assert [one.device.urn for one in school.status(urns=["654321"]).devices] == ["654321"]
    assert [
        one.device.urn for one in school.status(device("LT-1"), device("LT-1", urn="654321"), urns=[URN]).devices
    ] == [URN]
    assert school.status(urns=["999999"]).devices == ()


def test_of_tonights_runs_only(school: School) -> None:
    school.night(0, {"LT-1": "failed", "LT-2": observation()}, ("LT-1", "LT-2"), close=False)
    school.night(1, {"LT-2": observation(lock=0)}, ("LT-2",))
    devices = device("LT-1"), device("LT-2"), device("LT-3")
    one, two, three = school.status(*devices, night=1, runs={run_id(1)}).devices
    assert (one.outcome, verdicts(one)) == ("not_seen", all_of("missing"))
    assert "not in tonight's run" in one.message
    assert (two.outcome, verdicts(two)) == ("observed", FINE)
    assert (three.outcome, three.message) == ("not_seen", "not in tonight's run")
    assert school.status(*devices, runs={run_id(0)}).problems != ()
    assert school.status(*devices, runs={run_id(1)}).problems == ()


def test_a_control_that_is_newer_than_the_last_visit_is_missing(school: School) -> None:
    said = [line("LT-1", started_of(run_id(0)), findings=[
        {"control": "LCK-01", "verdict": "compliant", "mode": "enforce", "judged": []},
        {"control": "OLD-01", "verdict": "drifted", "mode": "enforce", "judged": []},
    ])]  # fmt: skip
    school.night(0, said)
    (found,) = school.status(device("LT-1")).devices
    assert verdicts(found) == {**FINE, "LBL-01": "missing"}


def test_changes_are_lines(school: School) -> None:
    changes = [
        "as it is",
        {"text": "in words"},
        {"driver": "dconf", "address": "/a", "before": 0, "after": 900},
        {"x": 1},
    ]
    school.night(0, [line("LT-1", started_of(run_id(0)), changes=changes)])
    (found,) = school.status(device("LT-1")).devices
    assert found.changes == ("as it is", "in words", "dconf:/a: 0 -> 900", '{"x": 1}')
    school.night(1, {})
    assert school.status(device("LT-1"), night=1).devices[0].changes == ()


def test_a_forgotten_device_is_said_to_be_unseen_since_then_and_nothing_else(school: School) -> None:
    school.night(0, {"LT-1": observation(), "LT-2": observation()}, ("LT-1", "LT-2"))
    when = started_of(run_id(0)) + timedelta(seconds=3)
    gone = {(URN, "LT-1"): when}
    forget(school.store, (URN, "LT-1"))
    words = "no run has seen this device since its history was forgotten on request, on 2 Nov 2026"
    one, two = school.status(device("LT-1"), device("LT-2"), forgotten=gone).devices
    assert (one.outcome, one.message, one.seen) == ("not_seen", words, None)
    assert set(verdicts(one).values()) == {"missing", "not_applicable"}
    assert {finding.reason for finding in one.findings if finding.verdict == "missing"} <= {words, ""}
    assert one.findings[0].judged[0].seen == "" or words in str(one.findings[0])
    assert verdicts(two) == FINE
    # Out of the register it is no gap.
    assert [one.device.asset for one in school.status(device("LT-2"), forgotten=gone).devices] == ["LT-2"]
    # Silent in the next night, then seen: as any new device.
    school.night(1, {"LT-1": "unreachable"}, ("LT-1",))
    (one,) = school.status(device("LT-1"), night=1, forgotten=gone, runs=[run_id(1)]).devices
    assert one.outcome == "unreachable" and words in {finding.reason for finding in one.findings}
    school.night(2, {"LT-1": observation()}, ("LT-1",))
    (one,) = school.status(device("LT-1"), night=2, forgotten=gone, runs=[run_id(2)]).devices
    assert verdicts(one) == FINE and one.since["LCK-01"].day == 4
