"""A school that reopens under a new URN, and a device with a new tag: their history goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.ansible import inventory as inventories
from leeboard.estate.estate import read_estate
from leeboard.estate.school import SchoolVariables, variables_of
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import started_of
from leeboard.policy.model import Baseline
from leeboard.report.controller_checks import Sources, school_statuses
from leeboard.verdict.status import DeviceStatus
from tests.unit.evidence.estate import device, expected, observation, run_id, write

OLD, NEW = "900009", "900001"
BEFORE = {NEW: (OLD,)}


class Academy:
    def __init__(self, folder: Path, baseline: Baseline) -> None:
        self.evidence = folder / "evidence"
        self.store = Store(folder / "leeboard.db")
        self.baseline = baseline

    def night(self, number: int, urn: str, said: Any, asset: str = "LT-1", serial: str | None = None) -> None:
        write(self.evidence, run_id(number), [expected(asset, urn=urn, serial=serial)], said, urn=urn)
        assert ingest(self.store, [self.evidence], self.baseline).problems == []

    def status(self, night: float, asset: str = "LT-1", urn: str = NEW, **more: Any) -> DeviceStatus:
        at = started_of(run_id(0)) + timedelta(days=night)
        found = device(asset, urn=urn, serial=more.pop("serial", None))
        return estate_status(self.store, self.baseline, [found], at, before=more.pop("before", BEFORE), **more).devices[
            0
        ]


@pytest.fixture
def academy(tmp_path: Path, baseline: Baseline) -> Iterator[Academy]:
    found = Academy(tmp_path, baseline)
    yield found
    found.store.close()


def verdict(status: DeviceStatus, control: str = "LCK-01") -> str:
    return next(finding.verdict.value for finding in status.findings if finding.control == control)


def test_before_its_first_night_under_the_new_urn_the_last_verdicts_stand(academy: Academy) -> None:
    academy.night(0, OLD, {"LT-1": observation(lock=9999)})
    without = academy.status(1, before={})
    assert (without.outcome, verdict(without)) == ("never", "missing")
    status = academy.status(1)
    assert (verdict(status), status.seen, status.since["LCK-01"]) == (
        "drifted",
        started_of(run_id(0)) + timedelta(seconds=5),
        started_of(run_id(0)),
    )
    assert status.device.urn == NEW
    assert verdict(academy.status(40)) == "stale"


def test_a_device_that_was_expected_and_silent_keeps_its_age(academy: Academy) -> None:
    academy.night(0, OLD, {"LT-1": observation()})
    academy.night(3, NEW, {"LT-1": "unreachable"})
    status = academy.status(3)
    assert (status.outcome, verdict(status), verdict(status, "FWD-03")) == ("unreachable", "compliant", "compliant")
    assert status.seen == started_of(run_id(0)) + timedelta(seconds=5)


def test_what_stood_before_has_stood_since_then_and_what_changed_has_not(academy: Academy) -> None:
    academy.night(0, OLD, {"LT-1": observation(lock=9999, label="Mine")})
    academy.night(5, NEW, {"LT-1": observation(lock=9999)})
    status = academy.status(6)
    assert (verdict(status), status.since["LCK-01"]) == ("drifted", started_of(run_id(0)))
    assert (verdict(status, "LBL-01"), status.since["LBL-01"]) == ("compliant", started_of(run_id(5)))
    # Mended, and broken again: it has not been so since before.
    academy.night(7, NEW, {"LT-1": observation(lock=600)})
    academy.night(9, NEW, {"LT-1": observation(lock=9999)})
    assert academy.status(10).since["LCK-01"] == started_of(run_id(9))


def test_serials_decide_which_device_it_was(academy: Academy) -> None:
    academy.night(0, OLD, {"LT-1": observation(lock=9999)}, serial="PF111")
    assert verdict(academy.status(1, "NEW-9", serial="pf111")) == "drifted"
    assert academy.status(1, "LT-1", serial="PF222").outcome == "never"
    assert verdict(academy.status(1, "LT-1")) == "drifted"
    assert academy.status(1, "NEW-9", serial="To be filled by O.E.M.").outcome == "never"


def test_a_device_with_a_new_tag_goes_on_by_its_serial(academy: Academy) -> None:
    academy.night(0, NEW, {"LT-1": observation(lock=9999)}, serial="PF111")
    assert verdict(academy.status(1, "LT-9", serial="PF111", before={})) == "drifted"
    assert academy.status(1, "LT-9", before={}).outcome == "never"


def test_nothing_is_rewritten(academy: Academy) -> None:
    academy.night(0, OLD, {"LT-1": observation()})
    files = {path: path.read_bytes() for path in academy.evidence.rglob("*") if path.is_file()}
    academy.status(1)
    assert {path: path.read_bytes() for path in academy.evidence.rglob("*") if path.is_file()} == files
    (kept,) = academy.store.devices([OLD])
    assert kept.device.urn == OLD
    assert academy.store.devices([NEW]) == []


def test_the_report_says_where_the_history_lies(academy: Academy) -> None:
    academy.night(0, OLD, {"LT-1": observation()})
    academy.night(5, OLD, {"LT-1": observation()})
    variables = {NEW: SchoolVariables(predecessors=(OLD, "900008"))}
    sources = Sources(academy.store, academy.evidence, variables)
    (school,) = school_statuses(sources, academy.baseline, [device(urn=NEW)], started_of(run_id(6)))
    assert school.history == (
        "Its history goes on from before: under 900009 from 2 Nov 2026 to 7 Nov 2026; "
        "under 900008, of which nothing is known."
    )


@pytest.mark.parametrize(
    ("given", "wanted", "words"),
    [
        ([{"leeboard_predecessors": [OLD, OLD]}, {}], (OLD,), ""),
        ([{}], (), ""),
        ([{"leeboard_predecessors": OLD}], (), "must be a list of URNs"),
        ([{"leeboard_predecessors": [900009]}], (), "must be a list of URNs"),
        ([{"leeboard_predecessors": [OLD]}, {"leeboard_predecessors": []}], (), "differs between"),
        ([{"leeboard_predecessors": [NEW]}], (), "names the school itself"),
    ],
)
def test_an_inventory_names_predecessors(
    given: list[dict[str, Any]], wanted: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    found, problems = variables_of(NEW, given, tmp_path)
    assert found.predecessors == wanted
    assert [words in one for one in problems] == ([True] if words else [])


def test_an_estate_s_files_name_them_too(tmp_path: Path) -> None:
    (tmp_path / "hill").mkdir()
    (tmp_path / "estate.yml").write_text("plugin: leeboard.schools.estate\nname: Example LA\nlevel: standard\n")
    (tmp_path / "hill" / "school.yml").write_text(
        f'plugin: leeboard.schools.estate\nurn: "{NEW}"\nname: Hill\nphase: primary\npredecessors: ["{OLD}"]\n'
    )
    (tmp_path / "hill" / "devices.csv").write_text("asset,platform,form,role\nLT-1,linux,desktop,office\n")
    listed = inventories.read(tmp_path / "estate.yml")
    assert (listed.problems, listed.schools[NEW].predecessors) == ((), (OLD,))
    (school,) = read_estate(tmp_path / "estate.yml").schools
    assert school.device_variables(school.devices[0])["leeboard_predecessors"] == [OLD]
