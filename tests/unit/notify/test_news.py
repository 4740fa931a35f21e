"""What is new at a school, in counts: since the run that was told of, and never what somebody has accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.notify.news import SchoolNews, news
from tests.unit.evidence import estate
from tests.unit.evidence.estate import URN, expected, observation, run_id, write
from tests.unit.report.export.nights import Nights

FINE, BAD = observation(), observation(lock=1800)


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    with Store(tmp_path / "leeboard.db") as store:
        yield Nights(tmp_path, store, estate.baseline())


def told(found: SchoolNews | None) -> tuple[dict[str, int], int, int, int]:
    assert found is not None
    return dict(found.new), found.mended, found.came, found.out_of_date


def test_news_are_those_since_what_was_told_and_a_run_is_told_once(nights: Nights) -> None:
    first = nights.night(0, {"LT-001": FINE, "LT-002": BAD})
    nights.night(1, {"LT-001": BAD, "LT-002": BAD})
    last = nights.night(2, {"LT-001": BAD, "LT-002": FINE, "LT-003": FINE})
    source = nights.source(2.1)
    assert told(news(source, URN, first)) == ({"high": 1}, 1, 1, 0)
    assert told(news(source, URN, "")) == ({}, 1, 1, 0)  # nobody was told yet: since the run before
    assert news(source, URN, last) is None
    assert news(source, "123457", "") is None  # no run at all


def test_the_first_run_of_all_is_news_as_a_whole(nights: Nights) -> None:
    nights.night(0, {"LT-001": FINE, "LT-002": BAD})
    assert told(news(nights.source(0.1), URN, "")) == ({"high": 1}, 0, 2, 0)


def test_an_accepted_risk_is_no_news(nights: Nights) -> None:
    first = nights.night(0, {"LT-001": FINE})
    nights.night(1, {"LT-001": BAD})
    waiver = {
        "id": "W-1", "control": "LCK-01", "school": True, "reason": "r", "owner": "Head", "approved_by": "Governors",
        "granted": "2026-11-01", "last_day": "2027-03-01", "siro": False,
    }  # fmt: skip
    found = news(nights.source(1.1, expected("LT-001", waivers=(waiver,))), URN, first)
    assert told(found) == ({}, 0, 0, 0) and found is not None and not found.anything


def test_what_left_the_inventory_is_no_news(nights: Nights) -> None:
    first = nights.night(0, {"LT-001": FINE, "LT-002": BAD})
    nights.night(1, {"LT-001": BAD, "LT-002": FINE})
    assert told(news(nights.source(1.1, expected("LT-003")), URN, first)) == ({}, 0, 0, 0)


def test_a_device_that_goes_out_of_date_is_counted(nights: Nights) -> None:
    nights.night(0, {"LT-001": FINE, "LT-002": FINE})
    before = nights.night(13, {"LT-001": "unreachable", "LT-002": FINE})
    nights.night(15, {"LT-001": "unreachable", "LT-002": FINE})
    found = news(nights.source(15.1), URN, before)
    assert told(found) == ({}, 0, 0, 1) and found is not None and found.silent == 1


def test_a_run_that_broke_off_is_something_to_tell(nights: Nights) -> None:
    first = nights.night(0, {"LT-001": FINE, "LT-002": FINE})
    devices = [expected("LT-001"), expected("LT-002")]
    write(nights.evidence, run_id(1), devices, {"LT-001": FINE}, close=False)
    ingest(nights.store, [nights.evidence / URN], nights.baseline, nights.evidence)
    found = news(nights.source(1.1), URN, first)
    assert found is not None and found.broken_off and found.anything and found.mended == 0
