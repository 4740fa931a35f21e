"""`leeboard status`: each sentence has its number from what is kept, coverage first."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import select

from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.evidence.store.tables import DeviceRow, VisitRow
from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.report import overview, standing, terminal
from leeboard.report.coverage import PLACES, coverage, place_of
from leeboard.report.page import render
from leeboard.report.screen import ENDLESS, Screen
from leeboard.verdict.status import DeviceStatus, EstateStatus
from tests.unit.evidence.estate import NIGHT, baseline, expected, observation, run_id, write
from tests.unit.report import samples
from tests.unit.report.reading import Page
from tests.unit.report.samples import AT, CONTROLS, device, estate, status

DAY = timedelta(days=1)


@pytest.fixture
def kept(tmp_path: Path) -> EstateStatus:
    """Ten devices at the end of a fortnight and two days: two seen today, three silent, two stale, one never, one
    failed, one a tablet."""
    names = [f"LT-{number}" for number in range(1, 10)]
    every = [*(expected(name) for name in names), expected("TAB-1", platform="other")]
    nights = {
        0: {"LT-6": observation(), "LT-7": observation(lock=5000)},
        10: {"LT-3": observation(), "LT-4": observation(lock=5000), "LT-5": observation(label="nobody's")},
        16: {"LT-1": observation(), "LT-2": observation(lock=5000, label=None), "LT-9": "failed"},
    }
    with Store(tmp_path / "leeboard.db") as store:
        for night, lines in nights.items():
            write(tmp_path / "evidence", run_id(night), every, lines)
        assert ingest(store, [tmp_path / "evidence"], baseline()).problems == []
        found = estate_status(store, baseline(), (), NIGHT + 16 * DAY + timedelta(hours=3))
        with store.reading() as session:
            rows = {row.asset: row.seen for row in session.execute(select(VisitRow.asset, VisitRow.seen))}
            drifted = {
                row.asset
                for row in session.execute(select(DeviceRow.asset, DeviceRow.since))
                if '"drifted"' in row.since
            }
    # The store's own rows say the same.
    assert {asset for asset, seen in rows.items() if seen is None} == {"LT-8", "LT-9", "TAB-1"}
    assert drifted == {"LT-2", "LT-4", "LT-5", "LT-7"}
    return found


def test_each_sentence_says_what_is_in_the_store(kept: EstateStatus) -> None:
    assert standing.sentences(standing.sums(kept)) == (
        "10 devices: 2 seen in the last 24 hours, 3 silent within the limit (FWD-03), 2 out of date (not seen for "
        "longer than that), 1 never seen, 1 could not be checked, 1 of a kind that is never checked.",
        "3 devices drifted: 4 findings that are enforced, 0 only reported.",
        "1 device meets all that is checked.",
    )
    places = {one.device.asset: place_of(one, kept.at) for one in kept.devices}
    assert places == {
        **dict.fromkeys(("LT-1", "LT-2"), "seen"),
        **dict.fromkeys(("LT-3", "LT-4", "LT-5"), "silent"),
        **dict.fromkeys(("LT-6", "LT-7"), "stale"),
        "LT-8": "never",
        "LT-9": "failed",
        "TAB-1": "other",
    }


def test_the_json_has_the_numbers_of_the_sentences(kept: EstateStatus) -> None:
    data = standing.as_json(kept)
    assert data["coverage"] == {
        "seen": 2, "silent": 3, "stale": 2, "never": 1, "failed": 1, "ahead": 0, "other": 1,
    }  # fmt: skip
    assert (data["devices"], data["devices_drifted"], data["findings_enforced"]) == (10, 3, 4)
    assert (data["devices_clear"], data["findings_reported"], data["findings_unread"]) == (1, 0, 0)
    assert data["at"] == "2026-11-18T05:10:00Z" and data["exit_code"] == 3
    (school,) = data["schools"]
    assert [one["asset"] for one in school["devices"] if one["clear"]] == ["LT-1"]


def test_accepted_risks_and_what_could_not_be_read_have_sentences_of_their_own() -> None:
    one = status(device("A-1"), {"LCK-01": Verdict.WAIVED, "LCK-02": Verdict.ERROR, "LCK-03": Verdict.ERROR})
    two = status(device("A-2"), {"LCK-01": Verdict.WAIVED})
    said = standing.sentences(standing.sums(estate(one, two)))
    assert "2 findings could not be read." in said and "2 findings are accepted risks." in said
    assert "1 finding is an accepted risk." in standing.sentences(standing.sums(estate(two)))


def test_what_is_only_reported_is_said_so() -> None:
    reported = Finding("LCK-01", Verdict.DRIFTED, Mode.REPORT)
    (_, drift, _) = standing.sentences(standing.sums(estate(DeviceStatus(device("A-1"), "observed", (reported,), AT))))
    assert drift == "1 device drifted: 0 findings that are enforced, 1 only reported."
    well = standing.sentences(standing.sums(estate(status(device("A-1"), {"LCK-01": Verdict.COMPLIANT}))))
    assert well[1:] == ("Nothing has drifted.", "1 device meets all that is checked.")


def test_every_device_is_in_one_place_of_the_coverage() -> None:
    found = coverage(samples.mixed().devices, AT)
    assert sum(found.places.values()) == found.devices == len(samples.mixed().devices)
    assert set(found.places) == {key for key, _ in PLACES}
    ahead = DeviceStatus(device("A-1"), "observed", (), AT + DAY)
    assert place_of(ahead, AT) == "ahead"
    assert "1 last seen in the future (a clock is wrong)" in coverage([ahead], AT).words


def test_hostile_text_is_escaped_in_each_view() -> None:
    stream = io.StringIO()
    screen = Screen(Console(file=stream, width=ENDLESS))
    it = samples.hostile()
    standing.show(screen, it, "No run is kept.")
    for one in it.devices:
        standing.show_device(screen, replace(it, devices=(one,)), one, "No run is kept.")
    assert stream.getvalue().count("H-0") > 1
    assert all(line.isprintable() for line in stream.getvalue().split("\n"))


def test_what_nobody_has_ever_seen_is_said_once_and_not_control_by_control() -> None:
    stream = io.StringIO()
    findings = tuple(Finding(one, Verdict.MISSING, Mode.ENFORCE, (), "no run has ever seen it") for one in CONTROLS)
    never = DeviceStatus(device("A-1"), "unreachable", findings, message="no answer")
    standing.show_device(Screen(Console(file=stream, width=ENDLESS)), estate(never), never, "")
    said = stream.getvalue()
    assert f"{len(CONTROLS)} never seen." in said and "no answer" in said and CONTROLS[0] not in said


def test_a_view_begins_with_the_coverage_and_ends_with_the_exit_code(kept: EstateStatus) -> None:
    stream = io.StringIO()
    standing.show(Screen(Console(file=stream, width=ENDLESS)), kept, "The newest run began then.")
    lines = stream.getvalue().splitlines()
    assert lines[0] == lines[-2] == "standard" and lines[1].startswith("10 devices: 2 seen")
    assert "The worst" in lines and lines[-1].endswith("exit 3")
    assert max(map(len, lines)) > 80, "no line is folded where there is no edge"


def test_every_headline_begins_with_the_coverage_and_ends_with_what_is_fine() -> None:
    whole = samples.mixed()
    said = standing.sentences(standing.sums(whole))
    assert said[0].startswith("17 devices: ") and said[-1] == "8 devices meet all that is checked."
    stream = io.StringIO()
    terminal.show(whole, Console(file=stream, width=500))
    for text in (stream.getvalue(), Page(render(whole)).text):
        folded = " ".join(text.split())
        places = [folded.index(sentence) for sentence in said]
        assert places == sorted(places)
    assert stream.getvalue().index(said[-1]) < stream.getvalue().index("Worst first")


def test_a_school_s_sums_are_those_of_its_devices() -> None:
    whole = samples.mixed()
    every = [standing.sums(whole, school.devices) for school in overview.schools(whole)]
    assert len(every) == 2 and standing.total(every) == standing.sums(whole)
