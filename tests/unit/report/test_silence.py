"""Devices that were not seen tonight: counted in the headline from the first night, with how long."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from leeboard.model.verdicts import Verdict
from leeboard.report import json_report, overview, terminal, words
from leeboard.report.page import render
from leeboard.report.silence import silence
from tests.unit.report import samples
from tests.unit.report.reading import Page
from tests.unit.report.samples import AT, device, estate, everywhere, status
from tests.unit.report.site.kept import written

OF_6 = [status(device(f"A-{n}"), {}) for n in range(4)] + [
    status(device(f"A-{n}"), {}, "unreachable", n - 4) for n in (5, 6)
]


@pytest.mark.parametrize("outcome", ["unreachable", "not_seen", "never", "failed", "another_machine"])
def test_who_was_not_seen_is_not_clear_and_not_known_from_the_first_night(outcome: str) -> None:
    sums = overview.headline([status(device("A-1"), {}), status(device("A-2"), {}, outcome, 1)])
    assert (sums.devices, sums.clear, sums.unknown) == (2, 1, 1)


def test_a_kind_that_is_never_checked_is_no_silence() -> None:
    tablet = everywhere(device("A-1", platform="other"), Verdict.NOT_CHECKED, "other", "words", None)
    assert silence([tablet], AT).devices == 0


@pytest.mark.parametrize(
    ("seen", "span"),
    [
        (timedelta(minutes=-11), "in_the_future"),
        (timedelta(minutes=-9), "under_two_days"),
        (timedelta(days=2) - timedelta(seconds=1), "under_two_days"),
        (timedelta(days=2), "under_seven_days"),
        (timedelta(days=7), "under_thirty_days"),
        (timedelta(days=30), "longer"),
        (timedelta(days=3000), "longer"),
        (None, "never"),
    ],
)
def test_each_length_of_silence_has_its_place(seen: timedelta | None, span: str) -> None:
    one = everywhere(device("A-1"), Verdict.MISSING, "not_seen", "words", None if seen is None else AT - seen)
    found = silence([one], AT)
    assert (found.devices, {key for key, count in found.last_seen.items() if count}) == (1, {span})


def test_every_report_counts_the_silent_and_says_for_how_long() -> None:
    whole = estate(*OF_6)
    said = "2 devices were not seen in the last run; last seen less than 2 days ago: 1; 2 to 6 days ago: 1"
    stream = io.StringIO()
    terminal.show(whole, Console(file=stream, width=500))
    page = " ".join(Page(render(whole)).text.split())
    assert said in stream.getvalue() and said in page
    assert "2 are not fully known" in page and "4 devices meet all that is checked." in page
    found = json_report.as_json(whole)
    assert (found["devices_clear"], found["devices_unknown"], found["devices_silent"]) == (4, 2, 2)


def test_silence_within_its_limit_leads_to_no_exit_code_and_is_not_called_known() -> None:
    whole = estate(*OF_6)
    words_of_end = overview.exit_reason(whole)
    assert words_of_end == "nothing enforced has drifted; 2 devices not seen, within the limit of the level: exit 0"
    assert "nothing is unknown" in overview.exit_reason(estate(*OF_6[:4]))


def test_nothing_says_that_a_device_answered_that_nobody_reached() -> None:
    no_password = "vault_windows_password is nowhere"
    it = everywhere(device("A-1", platform="windows"), Verdict.ERROR, "failed", no_password, None)
    stream = io.StringIO()
    terminal.show(estate(it), Console(file=stream, width=500))
    for text in (render(estate(it)), stream.getvalue()):
        assert no_password in text
        assert "answered" not in text.replace("nobody answered", "")
    assert "device answered" not in " ".join(" ".join(gap) for gap in words.GAPS.values())


def test_the_mixed_estate_hides_nobody() -> None:
    devices = samples.mixed().devices
    unseen = {one.device.asset for one in devices if one.outcome not in ("observed", "other")}
    assert silence(devices, AT).devices == len(unseen) == 5
    assert all(overview.is_unknown(one) for one in devices if one.device.asset in unseen)


def test_nothing_was_found_on_a_device_that_nobody_ever_saw(tmp_path: Path) -> None:
    never = everywhere(device("A-1"), Verdict.MISSING, "never", "no run has expected it yet", None)
    gone = status(device("A-2"), {}, "unreachable", 3)
    for devices, said, stands in (
        ([never], "1 device was never seen: which device.", False),
        ([never, gone], "2 to 6 days ago: 1; never: 1. What was found then still stands", True),
    ):
        whole = estate(*devices)
        folder = tmp_path / str(len(devices))
        folder.mkdir()
        written(folder, whole)
        site = (folder / "site" / "schools" / "900001" / "index.html").read_text("utf-8")
        for text in (render(whole), site):
            shown = " ".join(Page(text).text.split()).replace(" .", ".").replace(" :", ":")
            assert said in shown
            assert ("What was found then" in shown) is stands
    assert '<span class="screen">: <a href="#gaps">' in render(estate(never)), "nobody follows a link on paper"
