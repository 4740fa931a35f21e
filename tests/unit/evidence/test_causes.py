"""What a verdict came from, in the store: another cause has its own date, and what was kept without one goes on."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.observation import parse
from leeboard.model.run_id import started_of
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.status import DeviceStatus
from tests.unit.brain import AT
from tests.unit.estate.risks import waiver
from tests.unit.evidence.estate import URN, device, expected, line, observation, run_id, write

CONTROL = "LCK-01"
# Two nights of LT-1 in the tables of version 0002, written by that Leeboard.
OLD_STORE = Path(__file__).parent / "store-0002.db"


def started(night: int) -> datetime:
    return started_of(run_id(night))


def load(store: Store, folder: Path, baseline: Baseline, night: int, lock: Any, old: bool = False) -> None:
    """One night of LT-1; `old`: as a Leeboard that kept neither causes nor values filed it."""
    seen = observation(lock=lock)
    found = [one.as_json() for one in evaluate(resolve(baseline, device("LT-1")), parse(seen), AT)]
    if old:
        for one in found:
            one.pop("cause", None)
            for judged in one["judged"]:
                judged.pop("values", None)
                judged.pop("code", None)
    row = line("LT-1", started(night), observation=seen, findings=found, identity="same")
    path = write(folder / "evidence", run_id(night), [expected("LT-1")], [row])
    done = ingest(store, [path], baseline)
    assert (done.problems, done.notes) == ([], [])


def status(store: Store, baseline: Baseline, *risks: Any) -> DeviceStatus:
    at = datetime(2026, 11, 10, tzinfo=UTC)
    (found,) = estate_status(store, baseline, [device("LT-1", waivers=risks)], at).devices
    return found


def test_another_cause_has_its_own_date(tmp_path: Path, baseline: Baseline) -> None:
    nights = [5000, 6000, None, None]  # too long twice, then not set at all
    with Store(tmp_path / "store.db") as store:
        for night, lock in enumerate(nights):
            load(store, tmp_path, baseline, night, lock)
        held = [(one.verdict, one.code, one.since) for one in store.history(URN, "LT-1") if one.control == CONTROL]
        assert held == [("drifted", "other_value", started(0)), ("drifted", "not_set", started(2))]
        assert status(store, baseline).since[CONTROL] == started(2)


def test_a_store_from_before_is_made_anew_with_its_dates(tmp_path: Path, baseline: Baseline) -> None:
    with Store(tmp_path / "store.db") as store:
        load(store, tmp_path, baseline, 0, 5000, old=True)
    shutil.copy(OLD_STORE, tmp_path / "old.db")
    with Store(tmp_path / "old.db") as store:
        assert store.devices() == [] and store.bundles() == []
        assert store.unloaded() == {URN: [run_id(0), run_id(1)]}
        (problem,) = ingest(store, [tmp_path / "evidence"], baseline).problems
        assert f"knew 1 run of which no bundle is in {tmp_path / 'evidence' / URN}" in problem
        assert run_id(1) in problem
        assert status(store, baseline).since[CONTROL] == started(0)
        load(store, tmp_path, baseline, 1, 5000)
        assert store.unloaded() == {}
        assert status(store, baseline).since[CONTROL] == started(0), "the same drift, of which the cause is known now"


def test_drift_of_another_kind_under_a_waiver_is_drift_from_its_night_on(tmp_path: Path, baseline: Baseline) -> None:
    risk = waiver(devices=["LT-1"], granted="2026-11-01", last_day="2026-12-31", settings={"setting": [5000]})
    with Store(tmp_path / "store.db") as store:
        load(store, tmp_path, baseline, 0, 5000)
        found = status(store, baseline, risk)
        assert found.waived == {CONTROL: risk} and found.since[CONTROL] == started(0)
        load(store, tmp_path, baseline, 1, None)
        found = status(store, baseline, risk)
        (lock,) = [one for one in found.findings if one.control == CONTROL]
        assert (lock.verdict, found.waived, found.since[CONTROL]) == ("drifted", {}, started(1))
        assert lock.reason == "W-2026-001 does not cover a setting: not set"


def test_a_cause_that_is_no_digest_makes_no_sense(tmp_path: Path, baseline: Baseline) -> None:
    found = [one.as_json() for one in evaluate(resolve(baseline, device("LT-1")), parse(observation(lock=5000)), AT)]
    found[0]["cause"] = "x" * 4000
    row = line("LT-1", started(0), observation=observation(lock=5000), findings=found, identity="same")
    write(tmp_path / "evidence", run_id(0), [expected("LT-1")], [row])
    with Store(tmp_path / "store.db") as store:
        assert "the cause is no digest" in str(ingest(store, [tmp_path / "evidence"], baseline).notes)
