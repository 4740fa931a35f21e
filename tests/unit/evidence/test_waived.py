"""Accepted risks over the store: what was found stays as it is, and what is said of it depends on the day of asking."""

from __future__ import annotations

import io
import lzma
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from leeboard.estate.school import SchoolVariables
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.device import Device
from leeboard.model.waiver import Waiver
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.report import terminal
from leeboard.report.controller_checks import Sources, school_statuses
from leeboard.verdict.status import EstateStatus
from tests.unit.estate.risks import for_school, waiver
from tests.unit.evidence.estate import URN, device, expected, observation, run_id, write

DAYS = {"granted": "2026-11-05", "last_day": "2026-11-09"}
RISK = waiver(devices=["LT-1"], **DAYS)


class Night:
    """A store in which LT-1 drifted on 2 November and was silent since, and its folder."""

    def __init__(self, folder: Path, baseline: Baseline) -> None:
        self.evidence = folder / "evidence"
        self.store = Store(folder / "leeboard.db")
        self.baseline = baseline
        self.found({"LT-1": observation(lock=5000)}, 0, carried())

    def found(self, lines: Any, night: int, it: Device) -> Path:
        one = expected(it.asset).model_copy(update={"waivers": it.waivers})
        path = write(self.evidence, run_id(night), [one], lines)
        assert ingest(self.store, [self.evidence], self.baseline).problems == []
        return path

    def at(self, day: str, *devices: Device, **more: Any) -> EstateStatus:
        return estate_status(self.store, self.baseline, devices, datetime.fromisoformat(day), **more)


@pytest.fixture
def night(tmp_path: Path, baseline: Baseline) -> Iterator[Night]:
    made = Night(tmp_path, baseline)
    yield made
    made.store.close()


def carried(*risks: Waiver, **more: Any) -> Device:
    return device("LT-1", waivers=tuple(one.narrowed("LT-1") for one in risks), **more)


def lock(status: EstateStatus) -> Any:
    (found,) = status.devices
    return next(finding for finding in found.findings if finding.control == "LCK-01")


@pytest.mark.parametrize(
    ("day", "verdict", "code"),
    [
        ("2026-11-04T23:59:59+00:00", "drifted", 2),
        ("2026-11-05T00:00:00+00:00", "waived", 0),
        ("2026-11-05T13:59:59+14:00", "drifted", 2),
        ("2026-11-05T14:00:00+14:00", "waived", 0),
        ("2026-11-09T23:59:59+00:00", "waived", 0),
        ("2026-11-09T11:59:59-12:00", "waived", 0),
        # It is a problem then, so that somebody takes it out.
        ("2026-11-10T00:00:00+00:00", "drifted", 3),
        ("2026-11-09T12:00:00-12:00", "drifted", 3),
    ],
)
def test_the_same_evidence_is_drifted_before_waived_during_and_drifted_after(
    night: Night, day: str, verdict: str, code: int
) -> None:
    status = night.at(day, carried(RISK))
    assert (lock(status).verdict, lock(status).mode, status.exit_code) == (verdict, "enforce", code)
    assert [one.verdict for one in lock(status).judged] == [verdict]
    assert {held.verdict for held in night.store.history(URN, "LT-1") if held.control == "LCK-01"} == {"drifted"}


def test_a_waived_finding_says_by_whom_until_when_why_and_since_when(night: Night) -> None:
    status = night.at("2026-11-06T12:00:00+00:00", carried(RISK))
    assert lock(status).reason == (
        "accepted by Governing body until 9 Nov 2026 (W-2026-001; owner: Head teacher): "
        "The projector machine of the hall must not lock during assemblies."
    )
    (found,) = status.devices
    assert found.waived == {"LCK-01": RISK}
    assert found.since["LCK-01"] == datetime(2026, 11, 5, tzinfo=UTC), "the risk was accepted after the drift"
    earlier = waiver(devices=["LT-1"], granted="2026-10-01", last_day="2026-11-09")
    (found,) = night.at("2026-11-06T12:00:00+00:00", carried(earlier)).devices
    assert found.since["LCK-01"] == datetime(2026, 11, 2, 2, 10, tzinfo=UTC), "the drift came after the acceptance"
    (one,) = status.waivers
    assert (one.waiver, one.assets, one.days_left, one.ends_soon) == (RISK, ("LT-1",), 3, True)
    assert status.problems == ()


def test_other_controls_and_other_devices_stay_as_they_are(night: Night) -> None:
    night.found({"LT-1": observation(lock=5000, label="no")}, 1, carried())
    before = {f.control: f.verdict for f in night.at("2026-11-06T12:00:00Z", carried()).devices[0].findings}
    after = {f.control: f.verdict for f in night.at("2026-11-06T12:00:00Z", carried(RISK)).devices[0].findings}
    assert before == {**after, "LCK-01": "drifted"} and after["LBL-01"] == "drifted"
    assert night.at("2026-11-06T12:00:00Z", carried(RISK)).exit_code == 2


def test_stale_evidence_stays_stale(night: Night) -> None:
    risk = waiver(devices=["LT-1"], granted="2026-11-01", last_day="2026-12-31")
    found = lock(night.at("2026-11-16T02:10:05Z", carried(risk)))
    assert found.verdict == "waived"
    found = lock(night.at("2026-11-16T02:10:06Z", carried(risk)))
    assert (found.verdict, found.reason.rpartition("; ")[2]) == ("stale", "it was drifted then")


@pytest.mark.parametrize("said", ["failed", "another_machine"])
def test_an_error_is_not_waived(night: Night, said: str) -> None:
    night.found({"LT-1": said}, 3, carried(RISK))
    status = night.at("2026-11-06T12:00:00Z", carried(RISK))
    assert lock(status).verdict == "error" and status.exit_code == 3


def test_a_platform_other_and_a_missing_device_are_not_waived(night: Night) -> None:
    assert lock(night.at("2026-11-06T12:00:00Z", carried(RISK, platform="other"))).verdict == "not_checked"
    never = device("LT-9", waivers=(waiver(devices=["LT-9"], **DAYS),))
    assert lock(night.at("2026-11-06T12:00:00Z", never)).verdict == "missing"


def test_what_has_no_effect_is_a_problem_in_the_report(night: Night) -> None:
    void = waiver(id="W-2", devices=["LT-1"], control="LCK-99", **DAYS)
    status = night.at("2026-11-10T00:00:00Z", carried(RISK, void))
    assert status.problems == (
        "school 123456: waiver W-2: LCK-99 is no control of the baseline; docs/controls.md lists them",
        "school 123456: waiver W-2026-001: it ended on 9 Nov 2026; take it out, or let it be approved again under a "
        "new id",
    )
    assert lock(status).verdict == "drifted"


def test_every_bundle_says_which_risk_was_accepted_and_an_old_one_says_none(night: Night) -> None:
    path = night.found({}, 4, carried(RISK))
    header = lzma.decompress(path.read_bytes()).splitlines()[0]
    assert b'"waivers":[{"id":"W-2026-001"' in header
    with Reader(path) as read:
        assert read.expected["LT-1"].waivers == (RISK,)
    old = night.evidence / URN / f"{run_id(0)}.jsonl.xz"
    assert b"waivers" not in lzma.decompress(old.read_bytes())
    # Without an inventory, the store's own memory of the device decides.
    assert lock(night.at("2026-11-06T12:00:00Z")).verdict == "waived"
    assert lock(night.at("2026-11-06T12:00:00Z", carried())).verdict == "drifted"


def test_what_is_asked_of_a_school_as_a_whole_is_waived_too(night: Night, tmp_path: Path) -> None:
    (tmp_path / "staff-2026-11-01.csv").write_text("account,second factor,kind\na,yes,app\nb,no,\n")
    variables = {URN: SchoolVariables(export=tmp_path / "staff-2026-11-01.csv")}
    risk = for_school(control="REM-11", **DAYS)

    def second_factor(day: str, *risks: Waiver) -> Any:
        sources = Sources(night.store, night.evidence, variables)
        (school,) = school_statuses(sources, load(), [carried(*risks)], datetime.fromisoformat(day))
        return school, next(one for one in school.findings if one.control == "REM-11")

    assert second_factor("2026-11-04T23:00:00Z", risk)[1].verdict == "drifted"
    school, found = second_factor("2026-11-05T00:00:00Z", risk)
    assert (found.verdict, school.waived) == ("waived", {"REM-11": risk})
    assert second_factor("2026-11-10T00:00:00Z", risk)[1].verdict == "drifted"
    narrow = waiver(control="REM-11", devices=["LT-1"], **DAYS)
    assert second_factor("2026-11-05T00:00:00Z", narrow)[1].verdict == "drifted"
    twice = risk.model_copy(update={"owner": "Somebody else"})
    assert second_factor("2026-11-05T00:00:00Z", risk, twice)[1].verdict == "drifted"


def test_the_terminal_shows_it(night: Night) -> None:
    stream = io.StringIO()
    terminal.show(night.at("2026-11-06T12:00:00Z", carried(RISK)), Console(file=stream, width=200))
    assert "accepted risk, high, since 5 Nov 2026" in stream.getvalue()
    assert "accepted by Governing body until 9 Nov 2026" in stream.getvalue()
