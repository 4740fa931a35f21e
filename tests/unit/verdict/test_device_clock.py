"""A device's clock that is wrong: a finding about the clock, and never a lost answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.escrow.disks.readings import asked_of_device
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.model.enums import Platform
from leeboard.model.observation import Found, parse, with_readings
from leeboard.model.run_id import started_of
from leeboard.policy.load import load
from leeboard.verdict import device_clock
from tests.unit.evidence.estate import SALT, URN, answered, expected, line, observation, run_id, write

ASKED = datetime(2026, 11, 2, 2, 10, tzinfo=UTC)
ANSWERED = ASKED + timedelta(minutes=20)


def compared(told: str, platform: str = "linux") -> tuple[Any, str]:
    """The minutes and the note for an answer that was stamped so."""
    answer = {**observation(), "observed_at": told, "platform": platform}
    seen = parse(answer)
    taken = device_clock.reading(seen, ASKED, ANSWERED)
    filed = parse(with_readings(answer, [taken]))
    assert seen.reading("clock_offset", "minutes") is None, "also where its readings were looked up before"
    judged = seen.with_reading(taken)
    assert judged.model_dump() == filed.model_dump(), "what is judged now is what a later Leeboard will judge"
    assert device_clock.is_in(judged)
    driver = "clock_offset" if platform == "linux" else "windows_clock_offset"
    reading = filed.reading(driver, "minutes")
    assert reading is not None and isinstance(reading.effective, Found)
    return reading.effective.value, reading.effective.note


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize(
    ("told", "minutes", "words"),
    [
        ("2026-11-02T02:10:00Z", 0, ""),
        ("2026-11-02T02:30:00Z", 0, ""),
        ("2026-11-02T02:09:01Z", 0, ""),
        ("2026-11-02T04:12:00+02:00", 0, ""),
        ("2026-11-02T02:12:00", 0, ""),
        ("2026-11-02T02:04:30Z", 5, "behind"),
        ("2026-11-02T02:04:00Z", 6, "behind"),
        ("2026-11-02T02:36:00Z", 6, "ahead of"),
        ("2025-11-02T02:10:00Z", 525600, "behind"),
        ("0001-01-01T00:00:00+14:00", 1065487210, "behind"),
        ("9999-12-31T23:59:59-14:00", 4193479409, "ahead of"),
    ],
)
def test_it_is_compared_with_the_time_of_the_visit(platform: str, told: str, minutes: int, words: str) -> None:
    found, note = compared(told, platform)
    assert found == minutes
    assert note == (f"it is {words} the controller's clock, if that one is right" if words else "")


def test_what_a_device_says_of_it_itself_never_counts() -> None:
    answer = observation()
    answer["readings"].append(
        {"driver": "clock_offset", "address": "minutes", "effective": {"state": "value", "value": 0, "source": "me"}}
    )
    filed = with_readings(answer, [device_clock.reading(parse(answer), ASKED, ASKED)])
    assert [one["effective"]["source"] for one in filed["readings"] if one["driver"] == "clock_offset"] == [
        "this controller's clock"
    ]


@pytest.mark.parametrize("platform", [Platform.LINUX, Platform.WINDOWS])
def test_a_device_is_not_asked_for_it(platform: Platform) -> None:
    assert not any("clock_offset" in driver for driver in asked_of_device(load(), platform))
    assert any("clock_offset" in driver for driver in load().addresses(platform))


def test_without_findings_it_is_judged_when_the_bundle_is_loaded(tmp_path: Path) -> None:
    row = line("LT-001", started_of(run_id(0)))
    row["observation"]["observed_at"] = "2025-01-04T00:00:00Z"
    write(tmp_path / "evidence", run_id(0), [expected()], [answered(row, run_id(0), 1)], salt=SALT)
    with Store(tmp_path / "leeboard.db") as store:
        assert ingest(store, [tmp_path / "evidence" / URN], load()).notes == []
        (device,) = store.devices()
    assert device.outcome == "observed"
    (clock,) = (one for one in device.findings if one.control == "FWD-05")
    (offset,) = (one for one in clock.judged if one.setting == "clock-offset")
    assert (offset.verdict.value, offset.seen, offset.mode.value) == ("drifted", "960610 minutes", "report")
