"""What nobody touched and a report says otherwise the next day: a certificate that ended since the last visit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import started_of
from leeboard.policy.model import Baseline
from leeboard.verdict.status import DeviceStatus
from tests.unit.evidence.estate import NIGHT, device, expected, observation, run_id, write

END = NIGHT + timedelta(days=5, hours=3)
VALID = f"the certificate in /x is valid from 2026-01-01T00:00:00Z to {END:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def by_time(baseline: Baseline) -> Baseline:
    """The small baseline, in which LBL-01 is about certificates."""
    raw = baseline.model_dump(mode="json", exclude_none=True)
    (label,) = (one for one in raw["families"] if one["family"] == "LBL")
    (asked,) = label["controls"][0]["settings"]
    asked |= {"judgement": "certificate_faults", "accept": {"operator": "none", "value": []}}
    return Baseline.model_validate(raw)


@pytest.fixture
def store(tmp_path: Path, by_time: Baseline) -> Iterator[Store]:
    """The store after one night, on which the certificate was valid."""
    write(tmp_path / "evidence", run_id(0), [expected("LT-1")], {"LT-1": observation(label=[VALID])})
    with Store(tmp_path / "leeboard.db") as found:
        assert ingest(found, [tmp_path / "evidence"], by_time).problems == []
        yield found


def at(store: Store, baseline: Baseline, moment: datetime) -> tuple[DeviceStatus, str]:
    """The device at a moment, and the verdict on its certificates."""
    (one,) = estate_status(store, baseline, [device("LT-1")], moment).devices
    return one, next(finding.verdict.value for finding in one.findings if finding.control == "LBL-01")


def test_a_certificate_that_ended_since_the_last_visit_is_compliant_in_no_report(
    store: Store, by_time: Baseline
) -> None:
    one, verdict = at(store, by_time, END)
    assert verdict == "compliant" and one.seen is not None and one.seen < END
    since = one.since["LBL-01"]
    one, verdict = at(store, by_time, END + timedelta(seconds=1))
    assert (verdict, one.since["LBL-01"]) == ("drifted", END) and since < END
    (judged,) = next(finding.judged for finding in one.findings if finding.control == "LBL-01")
    assert judged.values == (f"the certificate in /x ran out on {END:%Y-%m-%d}",)
    assert at(store, by_time, END)[1] == "compliant", "nothing was written down"


def test_what_is_too_old_is_stale_and_says_what_it_would_be(store: Store, by_time: Baseline) -> None:
    one, verdict = at(store, by_time, started_of(run_id(20)))
    (finding,) = (finding for finding in one.findings if finding.control == "LBL-01")
    assert verdict == "stale" and "it was drifted then" in finding.reason
