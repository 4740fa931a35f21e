"""Runs note in a school's journal what somebody edited by hand, and name the journal in their headers."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.estate import journal
from leeboard.estate.journal import EnforceLine, Journal, WaiverLine
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.bundles.schema import Expected
from leeboard.evidence.keeping.verifying import verify
from leeboard.evidence.recording.recorder import Recorder
from leeboard.evidence.store.store import Store
from leeboard.model.waiver import Waiver
from leeboard.policy.model import Baseline
from tests.unit.estate.risks import for_school, waiver
from tests.unit.evidence.estate import NIGHT, URN, expected
from tests.unit.killed import killed

ONE, TWO = "LT-1", "LT-2"
BOTH = waiver(id="W-1", devices=[ONE, TWO], settings={"tries": {ONE: [6], TWO: [8]}})


class Nights:
    """Runs at one school, a night each."""

    def __init__(self, folder: Path) -> None:
        self.var = folder
        self.number = 0

    def run(self, *plays: Iterable[Expected], listed: Iterable[Waiver] = ()) -> list[dict[str, Any]]:
        """A run with these plays; the lines that it added to the journal."""
        before = self.lines
        self.number += 1
        recorder = Recorder(self.var / "evidence", "b" * 64, lambda: NIGHT + timedelta(days=self.number))
        for devices in plays:
            recorder.expect(devices, "check", {URN: listed})
        (self.path,) = recorder.close()
        assert recorder.failed == ""
        assert self.lines[: len(before)] == before, "no line is changed"
        return self.lines[len(before) :]

    @property
    def lines(self) -> list[dict[str, Any]]:
        path = journal.path_of(self.var, URN)
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def journal(self) -> Journal:
        return journal.read(self.var, URN)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


@pytest.fixture
def whole(nights: Nights, baseline: Baseline) -> Iterator[None]:
    """Whatever a test does, its runs agree with the journal in the end."""
    yield
    with Store(nights.var / "leeboard.db") as store:
        assert verify(store, nights.var / "evidence", [URN], baseline).problems == []


pytestmark = pytest.mark.usefixtures("whole")


def device(asset: str, *risks: Waiver, **more: Any) -> Expected:
    """A device with what it carries of these waivers."""
    plain = expected(asset, **more)
    carried = tuple(risk.narrowed(asset) for risk in risks if risk.covers(asset, plain.role))
    return plain.model_copy(update={"waivers": carried})


def test_a_school_without_waivers_and_enforcement_has_no_journal(nights: Nights) -> None:
    assert nights.run([device(ONE)]) == []
    assert not (nights.var / "schools").exists()
    with Reader(nights.path) as reader:
        assert reader.header.journal is None


def test_what_is_there_first_is_noted_once_and_named_in_the_header(nights: Nights) -> None:
    devices = [device(ONE, BOTH, enforce=("LCK",)), device(TWO, BOTH, enforce=("LCK",))]
    first, second = nights.run(devices, listed=[BOTH])
    with Reader(nights.path) as reader:
        run = reader.header.run
        assert reader.header.journal == nights.journal.anchor
    started = "2026-11-03T02:10:00Z"
    assert first == {"at": started, "kind": "enforce", "family": "LCK", "on": True, "by": "", "how": "by hand",
                     "run": run}  # fmt: skip
    assert second["how"] == "by hand" and (second["by"], second["run"]) == ("", run)
    assert Waiver.model_validate(second["waiver"]) == BOTH, "whole, and not as a device carries it"
    assert nights.run(devices, listed=[BOTH]) == []
    assert nights.run([devices[1]], listed=[BOTH]) == [], "a run that is limited to some devices is no edit"
    assert nights.run([devices[1]]) == [], "nor is one that does not know the lists"


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "Another reason."},
        {"last_day": "2027-07-21"},
        {"settings": {"tries": {ONE: [6], TWO: [9]}}},
        {"settings": None},
        {"devices": [TWO]},
        {"devices": [ONE, TWO, "LT-3"]},
        {"devices": None, "school": True},
        {"devices": None, "roles": ["staff_portable"]},
    ],
)
def test_an_edit_is_noted_as_it_is_then(nights: Nights, changes: dict[str, Any]) -> None:
    nights.run([device(ONE, BOTH), device(TWO, BOTH)], listed=[BOTH])
    given = {**json.loads(BOTH.model_dump_json(exclude_defaults=True)), **changes}
    after = waiver(**given)
    assets = (ONE, TWO, "LT-3")
    (line,) = nights.run([device(asset, after) for asset in assets], listed=[after])
    assert (line["id"], line["how"], line["by"]) == ("W-1", "by hand", "")
    assert nights.journal.waivers == [after]
    assert nights.run([device(asset, after) for asset in assets], listed=[after]) == []


def test_one_is_taken_out_and_put_back(nights: Nights) -> None:
    nights.run([device(ONE, BOTH), device(TWO, BOTH)], listed=[BOTH])
    (line,) = nights.run([device(ONE), device(TWO)])
    assert line["waiver"] is None and nights.journal.waivers == []
    assert [one["id"] for one in nights.run([device(ONE, BOTH)], listed=[BOTH])] == ["W-1"]


def test_a_number_and_a_switch_are_not_the_same(nights: Nights) -> None:
    number, switch = (for_school(settings={"tries": [value]}) for value in (1, True))
    assert number == switch
    nights.run([device(ONE, number)], listed=[number])
    (line,) = nights.run([device(ONE, switch)], listed=[switch])
    assert line["waiver"]["settings"] == {"tries": [True]}


def test_a_last_day_that_passes_is_no_edit(nights: Nights) -> None:
    short = for_school(granted="2026-11-01", last_day="2026-11-04")
    nights.run([device(ONE, short)], listed=[short])
    for _ in range(4):
        assert nights.run([device(ONE, short)], listed=[short]) == []
    assert not short.holds(NIGHT + timedelta(days=nights.number)), "it has ended meanwhile"


def test_one_whose_devices_are_not_expected_is_left_alone(nights: Nights) -> None:
    other = waiver(id="W-9", devices=["LT-9"])
    nights.run([device("LT-9", other)], listed=[other])
    assert nights.run([device(ONE)]) == []


def test_lists_of_single_devices_are_put_together(nights: Nights) -> None:
    """An inventory of another kind, in which each host has a list of its own."""
    mine, theirs = (waiver(id="W-1", devices=[asset], settings={"tries": [6]}) for asset in (ONE, TWO))
    nights.run([device(ONE, mine), device(TWO, theirs)], listed=[mine, theirs])
    assert nights.journal.waivers == [mine.model_copy(update={"devices": (ONE, TWO)})]
    assert nights.run([device(TWO, theirs)], listed=[theirs]) == []
    role = waiver(id="W-2", devices=None, roles=["staff_portable"])
    assert len(nights.run([device(ONE, mine, role), device(TWO, theirs)], listed=[mine, role, theirs])) == 1
    assert nights.run([device(ONE, mine, role), device(TWO, theirs)], listed=[mine, role, theirs]) == []


def test_of_an_id_that_means_two_things_nothing_is_noted(nights: Nights) -> None:
    one, other = waiver(id="W-1", devices=[ONE]), waiver(id="W-1", devices=[TWO], reason="Another.")
    assert nights.run([device(ONE, one), device(TWO, other)], listed=[one, other]) == []


def test_a_device_with_wrong_variables_is_no_edit(nights: Nights) -> None:
    nights.run([device(ONE, BOTH, enforce=("LCK",)), device(TWO, BOTH)], listed=[BOTH])
    wrong = expected(ONE, problem="leeboard_form is 'round'")
    assert nights.run([wrong, device(TWO, BOTH, enforce=("LCK",))], listed=[BOTH]) == []
    assert nights.run([wrong], listed=[BOTH]) == []


def test_two_machines_under_one_tag_are_no_edit(nights: Nights) -> None:
    nights.run([device(ONE, BOTH)], listed=[BOTH])
    assert nights.run([device(ONE, BOTH), device(ONE, BOTH, name="twin"), device(TWO, BOTH)], listed=[BOTH]) == []


def test_a_family_that_is_switched_off_by_hand_is_noted(nights: Nights) -> None:
    nights.run([device(ONE, enforce=("LCK", "LBL"))])
    (line,) = nights.run([device(ONE, enforce=("LBL",))])
    assert (line["family"], line["on"], line["how"]) == ("LCK", False, "by hand")


def test_what_the_journal_has_already_is_not_noted(nights: Nights) -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    switch = EnforceLine(at=at, kind="enforce", family="LCK", on=True, by="Head teacher")
    granted = WaiverLine(at=at, kind="waivers", id="W-1", how="new", by="technician", waiver=BOTH)
    journal.add(nights.var, URN, lambda _: [switch, granted])
    assert nights.run([device(ONE, BOTH, enforce=("LCK",))], listed=[BOTH]) == []


def test_who_was_killed_between_the_journal_and_the_file_is_put_right(nights: Nights) -> None:
    """The journal has a waiver and a family that no file ever had."""

    def cut_off() -> None:
        at = datetime(2026, 11, 2, tzinfo=UTC)
        switch = EnforceLine(at=at, kind="enforce", family="LCK", on=True, by="Head teacher")
        granted = WaiverLine(at=at, kind="waivers", id="W-1", how="new", by="technician", waiver=BOTH)
        journal.add(nights.var, URN, lambda _: [switch, granted])
        os.kill(os.getpid(), signal.SIGKILL)

    assert killed(cut_off)
    family, risk = nights.run([device(ONE)])
    assert (family["on"], risk["waiver"], risk["how"]) == (False, None, "by hand")
    assert nights.run([device(ONE)]) == []


def test_devices_of_a_later_play_have_the_journal_of_then(nights: Nights) -> None:
    late = for_school(id="W-2")
    lines = nights.run([device(ONE, BOTH)], [device(ONE, BOTH), device(TWO, BOTH, late)], listed=[BOTH])
    assert [line["id"] for line in lines] == ["W-1", "W-2"]
    with Reader(nights.path) as reader:
        assert list(reader.devices()) == []
        counts = {asset: anchor and anchor.lines for asset, anchor in reader.anchors.items()}
    assert counts == {ONE: 1, TWO: 2}


def test_more_devices_than_fit_into_a_header_have_its_journal(nights: Nights) -> None:
    everybody = for_school()
    devices = [device(f"LT-{number}", everybody) for number in range(6000)]
    nights.run(devices, listed=[everybody])
    with Reader(nights.path) as reader:
        assert list(reader.devices()) == [] and len(reader.header.expected) < len(reader.anchors) == 6000
        assert {anchor and anchor.lines for anchor in reader.anchors.values()} == {1}


def test_a_journal_that_cannot_be_written_stops_the_run_before_it_visits(nights: Nights) -> None:
    path = journal.path_of(nights.var, URN)
    path.parent.mkdir()
    path.symlink_to("/etc/hostname")
    recorder = Recorder(nights.var / "evidence", "b" * 64)
    with pytest.raises(LeeboardError, match=f"^{path}: "):
        recorder.expect([device(ONE, BOTH)], "check")
    assert recorder.close() == [] and not list((nights.var / "evidence" / URN).glob("*.jsonl*"))
    path.unlink()
    assert len(nights.run([device(ONE, BOTH)])) == 1, "and the school is free"
