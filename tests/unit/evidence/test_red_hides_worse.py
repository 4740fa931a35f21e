"""SSH is opened to root inside a red REM-10, and inside a waiver: that has a date of its own, and is news."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import started_of
from leeboard.model.verdicts import Verdict
from leeboard.policy.load import load
from leeboard.report.changes_since import write_news
from leeboard.verdict.status import EstateStatus
from tests.unit.estate.risks import waiver
from tests.unit.estate.test_waived_settings import OPENED, ssh
from tests.unit.evidence.estate import URN, device, expected, run_id, write

TRIES = {"MaxAuthTries": 6}
NIGHTS: tuple[dict[str, Any], ...] = (TRIES, TRIES, {**TRIES, **OPENED}, {**TRIES, **OPENED}, TRIES, {})


def told(tmp_path: Path, store: Store, night: int, *risks: Any) -> tuple[EstateStatus, str]:
    """Load one night; how the laptop stands an hour later, and the news of it."""
    said = json.loads(ssh(**NIGHTS[night]).model_dump_json(by_alias=True))
    laptop = expected("LT-1").model_copy(update={"waivers": tuple(one.narrowed("LT-1") for one in risks)})
    write(tmp_path / "evidence", run_id(night), [laptop], {"LT-1": said})
    done = ingest(store, [tmp_path / "evidence"], load())
    assert done.problems == []
    at = started_of(run_id(night)) + timedelta(hours=1)
    status = estate_status(store, load(), [device("LT-1", waivers=laptop.waivers)], at, runs=done.runs)
    write_news(status, tmp_path / "news.txt")
    news = [one for one in (tmp_path / "news.txt").read_text().splitlines() if "REM-10" in one]
    return status, "\n".join(news)


def rem_10(status: EstateStatus) -> Any:
    (laptop,) = status.devices
    return next(finding for finding in laptop.findings if finding.control == "REM-10")


def since(store: Store, setting: str) -> list[tuple[int, int | None]]:
    """From which night until which one a setting of REM-10 was not well."""
    first = started_of(run_id(0))
    held = [one for one in store.history(URN, "LT-1") if (one.control, one.setting) == ("REM-10", setting)]
    return [((one.since - first).days, one.until and (one.until - first).days) for one in held]


def test_what_gets_worse_inside_a_red_control_has_its_own_date(tmp_path: Path) -> None:
    with Store(tmp_path / "leeboard.db") as store:
        found = [told(tmp_path, store, night) for night in range(len(NIGHTS))]
        assert since(store, "tries") == [(0, 5)]
        assert since(store, "root-login") == [(2, 4)] and since(store, "empty-passwords") == [(2, 4)]
    statuses, news = [status for status, _ in found], [text for _, text in found]
    assert [rem_10(status).verdict for status in statuses] == [Verdict.DRIFTED] * 5 + [Verdict.COMPLIANT]
    days = {(status.devices[0].since["REM-10"] - started_of(run_id(0))).days for status in statuses[:5]}
    assert days == {0}, "the control is red since the first of it"
    assert news[1] == "" and news[3] == "", "nothing new"
    assert "new:" in news[2] and "for another cause" in news[2], "worse inside red is news"
    assert "mended: LT-1 REM-10" in news[5]


@pytest.mark.parametrize("named", [True, False])
def test_what_gets_worse_inside_a_waiver_is_drift_unless_it_covers_everything(tmp_path: Path, named: bool) -> None:
    settings = {"settings": {"tries": [6]}} if named else {}
    risk = waiver(control="REM-10", devices=["LT-1"], granted="2026-11-01", last_day="2026-12-31", **settings)
    with Store(tmp_path / "leeboard.db") as store:
        found = [told(tmp_path, store, night, risk) for night in range(4)]
        assert since(store, "root-login") == [(2, None)], "the store keeps what was found, waived or not"
    verdicts = [rem_10(status).verdict for status, _ in found]
    assert verdicts == [Verdict.WAIVED] * 2 + [Verdict.DRIFTED if named else Verdict.WAIVED] * 2
    assert ("REM-10" in found[2][1]) and found[3][1] == "", "it is news once, covered or not"
