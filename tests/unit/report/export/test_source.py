"""What is kept, school by school: which devices changed since a day or a run, and which school a word means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.evidence.store.store import Store
from leeboard.model.verdicts import Verdict
from leeboard.policy.model import Baseline
from leeboard.report.export.source import Source, read_since
from tests.unit.evidence import estate
from tests.unit.evidence.estate import NIGHT, URN, expected, observation
from tests.unit.report.export.nights import Nights

OTHER = "123457"


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    return estate.baseline()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "leeboard.db") as opened:
        yield opened


@pytest.fixture
def nights(tmp_path: Path, store: Store, baseline: Baseline) -> Nights:
    return Nights(tmp_path, store, baseline)


def changed(source: Source, since: str) -> set[str]:
    found = source.changed_devices(source.status(URN), URN, read_since(since, source.at))
    assert {urn for urn, _ in found} <= {URN}
    return {asset for _, asset in found}


BAD = observation(lock=1800)


def test_a_quiet_night_changes_nothing(nights: Nights) -> None:
    lines = {"LT-001": observation(), "LT-002": BAD, "LT-003": "unreachable"}
    first = nights.night(0, lines)
    nights.night(1, lines)
    assert changed(nights.source(1.1), first) == set()


def test_what_got_worse_or_better_changed(nights: Nights) -> None:
    first = nights.night(0, {"LT-001": observation(), "LT-002": BAD, "LT-003": BAD, "LT-004": observation()})
    second = nights.night(1, {"LT-001": BAD, "LT-002": observation(), "LT-003": BAD, "LT-004": observation()})
    source = nights.source(1.1)
    assert changed(source, first) == {"LT-001", "LT-002"}
    assert changed(source, second) == set()
    said = source.changed(URN, read_since(first, source.at))
    assert said.new == {("LT-001", "LCK-01")} and said.mended == {("LT-002", "LCK-01")} and not said.came


def test_another_setting_of_a_control_that_is_red_already_is_a_change_and_no_new_control(nights: Nights) -> None:
    first = nights.night(0, {"LT-001": observation(lock=1800)})
    nights.night(1, {"LT-001": observation(lock=None)})
    source = nights.source(1.1)
    assert changed(source, first) == {"LT-001"}
    assert not source.changed(URN, read_since(first, source.at)).new


def test_silence_that_begins_or_ends_is_a_change_and_mends_nothing(nights: Nights) -> None:
    first = nights.night(0, {"LT-001": BAD, "LT-002": "unreachable", "LT-003": "unreachable"})
    nights.night(1, {"LT-001": "unreachable", "LT-002": observation(), "LT-003": "unreachable"})
    source = nights.source(1.1)
    assert changed(source, first) == {"LT-001", "LT-002"}
    assert not source.changed(URN, read_since(first, source.at)).mended


def test_a_device_that_nobody_expected_before_came(nights: Nights) -> None:
    first = nights.night(0, {"LT-001": observation()})
    nights.night(1, {"LT-001": observation(), "LT-002": observation()})
    source = nights.source(1.1)
    assert changed(source, first) == {"LT-002"}
    assert source.changed(URN, read_since(first, source.at)).came == {"LT-002"}


def test_a_day_counts_from_its_first_moment(nights: Nights) -> None:
    nights.night(0, {"LT-001": observation(), "LT-002": observation()})
    nights.night(1, {"LT-001": BAD, "LT-002": observation()})
    source = nights.source(1.1)
    assert changed(source, f"{NIGHT + timedelta(days=1):%Y-%m-%d}") == {"LT-001"}
    assert changed(source, f"{NIGHT:%Y-%m-%d}") == {"LT-001", "LT-002"}
    assert changed(source, f"{NIGHT - timedelta(days=3):%Y-%m-%d}") == {"LT-001", "LT-002"}


def test_what_goes_out_of_date_changes_without_a_visit(nights: Nights) -> None:
    nights.night(0, {"LT-001": observation()})
    last = nights.night(13, {"LT-001": "unreachable"})
    assert changed(nights.source(13.5), last) == set()
    source = nights.source(14.5)
    assert source.status(URN).devices[0].verdict is Verdict.STALE
    assert changed(source, last) == {"LT-001"}


@pytest.mark.parametrize(
    ("granted", "last_day", "moves"),
    [("2026-11-04", "2027-03-01", True), ("2026-10-01", "2026-11-04", True), ("2026-10-01", "2027-03-01", False)],
)
def test_a_waiver_that_begins_or_ends_is_a_change(nights: Nights, granted: str, last_day: str, moves: bool) -> None:
    first = nights.night(0, {"LT-001": BAD})
    waiver = {
        "id": "W-1", "control": "LCK-01", "school": True, "reason": "r", "owner": "Head", "approved_by": "Governors",
        "granted": granted, "last_day": last_day, "siro": False,
    }  # fmt: skip
    device = expected("LT-001", waivers=(waiver,))
    source = nights.source(3.5, device)
    assert changed(source, first) == ({"LT-001"} if moves else set())


def test_without_an_inventory_it_is_what_the_store_has_heard_of(nights: Nights) -> None:
    nights.night(0, {"LT-001": observation()})
    nights.night(0, {"LT-002": observation()}, urn=OTHER)
    source = nights.source(0.1)
    assert source.urns(None) == [URN, OTHER]
    assert [one.device.asset for one in source.status(OTHER).devices] == ["LT-002"]
    assert source.status(URN).schools == ()


def test_with_an_inventory_it_is_the_inventory(nights: Nights, baseline: Baseline) -> None:
    nights.night(0, {"LT-001": observation(), "LT-009": observation()})
    source = nights.source(0.1, expected("LT-001"), expected("LT-002"))
    status = source.status(URN)
    assert [(one.device.asset, one.outcome) for one in status.devices] == [("LT-001", "observed"), ("LT-002", "never")]
    assert [school.urn for school in status.schools] == [URN]


@pytest.mark.parametrize(
    ("word", "said"),
    [("Nowhere", "0 schools fit; there is"), ("Hill", "2 schools fit"), ("hill school", "2 schools fit")],
)
def test_a_word_that_means_no_school_or_several_is_refused(nights: Nights, word: str, said: str) -> None:
    nights.night(0, {"LT-001": observation()})
    nights.night(0, {"LT-002": observation()}, urn=OTHER)
    with pytest.raises(LeeboardError, match=f"^{word}: {said}: 123456 Hill School; 123457"):
        nights.source(0.1).urns(word)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-11-25T02:10:00Z", "20261399T021000Z-1a2b3c4d", ""])
def test_what_is_no_day_and_no_run_is_refused(text: str) -> None:
    with pytest.raises(LeeboardError, match="give a day such as 2026-11-25, or the id of a run"):
        read_since(text, datetime(2026, 11, 25, tzinfo=UTC))


def test_a_day_that_has_not_come_is_refused() -> None:
    with pytest.raises(LeeboardError, match="2027-01-01: lies in the future"):
        read_since("2027-01-01", datetime(2026, 11, 25, tzinfo=UTC))
