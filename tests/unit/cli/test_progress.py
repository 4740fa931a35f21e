"""What a check is called by and what counts as tonight's, without any Ansible."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leeboard.ansible import inventory
from leeboard.cli.drift.progress import own_nights, page_name, schools_of
from leeboard.evidence.bundles.order import Link
from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.store.store import StoredBundle
from leeboard.model.run_id import new_run_id, started_of
from tests.unit.evidence.estate import expected
from tests.unit.report import example

AT = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
ONE, OTHER = expected("LT-1"), expected("LT-2").model_copy(update={"urn": "900002"})


@pytest.mark.parametrize(
    ("school", "source", "devices", "this_machine", "name"),
    [
        (None, "estate.yml", [ONE, OTHER], False, "drift.html"),
        (None, "hosts.yml", [ONE], False, "drift.html"),
        (None, "estate.yml", [], False, "drift.html"),
        ("Example", "estate.yml", [OTHER], False, "drift-900002.html"),
        (None, "school.yml", [OTHER], False, "drift-900002.html"),
        (None, "hosts.yml", [ONE], True, "drift-this-machine.html"),
    ],
)
def test_the_check_of_a_part_has_a_page_of_its_own(
    school: str | None, source: str, devices: list[Expected], this_machine: bool, name: str
) -> None:
    assert page_name(school, Path("inventories", source), devices, this_machine) == name


@pytest.mark.parametrize(("hours", "counts"), [(-1, False), (0, True), (24, True), (25, False)])
def test_a_night_of_a_schools_own_counts_for_a_day(hours: int, counts: bool) -> None:
    run = new_run_id(AT - timedelta(hours=hours))
    bundle = StoredBundle("900002", 1, run, started_of(run), "", Link(run, ""), False, 1)
    assert own_nights([bundle], AT) == (frozenset([run]) if counts else frozenset())


def test_one_device_is_named_also_where_its_school_has_a_file_of_its_own() -> None:
    listed = inventory.read(example.ROOT / "inventories" / "example", ())
    (one,) = (device for device in listed.devices if device.asset == "EP-0001")
    (alone,) = schools_of(listed, (one,), example.ROOT, all_of_it=False, single=True)
    assert alone.hosts == ("primary-office-1.900001",) and alone.devices == 1
    whole = schools_of(listed, listed.of_school("900001"), example.ROOT, all_of_it=False)
    assert [school.hosts for school in whole] == [None]
