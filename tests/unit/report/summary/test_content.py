"""What stands on the sheet: each number is the status's or the store's, and nothing is longer than the sheet."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.policy.load import load
from leeboard.report import pdf
from leeboard.report.summary import page
from leeboard.report.summary.content import AGO, QUESTIONS, Line, Sheet, sheet
from leeboard.report.summary.questions import Counted
from leeboard.verdict.status import DeviceStatus, EstateStatus
from leeboard.verdict.waivers import standings
from tests.unit.report.samples import AT, HOSTILE, accepted, device

NONE = {question.id: [set[str]()] * 3 for question in QUESTIONS}
ALL = tuple(control for question in QUESTIONS for control in question.controls)


def laptop(asset: str, amiss: dict[str, Verdict] | None = None, outcome: str = "observed", days: float = 0.1,
           mode: Mode = Mode.ENFORCE, **other: object) -> DeviceStatus:  # fmt: skip
    """A laptop that is well but for what is named."""
    it = device(asset, form="portable", role="staff_portable", **other)
    findings = tuple(Finding(control, (amiss or {}).get(control, Verdict.COMPLIANT), mode) for control in ALL)
    return DeviceStatus(it, outcome, findings, AT - timedelta(days=days))


def made(*devices: DeviceStatus, began: int | None = 200, drifted: dict[str, list[set[str]]] | None = None) -> Sheet:
    baseline = load()
    risks = standings([one.device for one in devices], baseline, AT)
    status = EstateStatus(devices, baseline, AT, waivers=risks)
    return sheet(status, None if began is None else AT - timedelta(days=began), {**NONE, **(drifted or {})})


def text_of(found: Sheet) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page.render(found)))


def test_how_many_of_how_many() -> None:
    found = made(
        laptop("A-1"), laptop("A-2", {"ENC-01": Verdict.DRIFTED}), laptop("A-3", {"ENC-01": Verdict.ERROR}),
        laptop("A-4", {"ENC-10": Verdict.WAIVED}),
    )  # fmt: skip
    assert found.lines[0].said == "1 of 4 devices: yes; 1 is not; 1 is an accepted risk; 1 is not known."
    assert [line.said for line in found.lines[1:]] == ["4 of 4 devices: yes."] * 3
    assert "4 devices: 4 seen in the last 24 hours" in found.known
    assert found.newest == "The latest answer of a device is of 24 Nov 2026, 2 hours ago."


def test_better_or_worse_than_a_month_and_a_term_ago() -> None:
    drifted = {"encrypted": [{"A-1"}, {"A-1", "A-2"}, set[str]()], "locked": [{"A-1", "gone"}, {"A-2"}, {"gone"}]}
    found = made(laptop("A-1"), laptop("A-2"), drifted=drifted)
    assert found.lines[0].compared == "Drifted on 1 device now; 2 a month ago (better), 0 a term ago (worse)."
    assert found.lines[1].compared == "Drifted on 1 device now; 1 a month ago (the same), 0 a term ago (worse)."


@pytest.mark.parametrize(("began", "known"), [(None, 0), (29, 0), (30, 1), (90, 1), (91, 2)])
def test_nothing_is_compared_with_a_time_that_no_run_is_as_old_as(began: int | None, known: int) -> None:
    line = made(laptop("A-1"), began=began).lines[0]
    assert [one.drifted is not None for one in line.then] == [place < known for place in range(len(AGO))]
    assert ("no check yet that is old enough" in line.compared) == (known == 0)


def test_a_question_that_concerns_nobody() -> None:
    line = Line(Counted(QUESTIONS[0], 0, 0, 0, 0), 0, ())
    assert (line.said, line.compared) == ("No device of this school is concerned.", "")


def test_what_is_asked_of_a_school() -> None:
    found = made(
        laptop("A-1", {"ENC-01": Verdict.DRIFTED}), laptop("A-2", {"LCK-01": Verdict.DRIFTED}, mode=Mode.REPORT),
        laptop("A-3", outcome="failed"), laptop("A-4", waivers=(accepted("LCK-01", last_day="2026-12-07"),)),
    )  # fmt: skip
    assert found.asked == (
        "1 device has not been checked for too long: find it and have it switched on in school (A-3).",
        "Keep 1 laptop in school until encrypted: A-1.",
        "Decide about an accepted risk that ends on 7 Dec 2026.",
        "Allow us to put back what is only reported now: 1 finding.",
    )
    assert made(laptop("A-1")).asked == ("Nothing at present.",)


def test_an_accepted_risk_is_named_with_who_and_until_when() -> None:
    given = (accepted("LCK-01"), accepted("LCK-02", last_day="2026-10-01"), accepted("AUD-01", granted="2026-12-24"))
    found = made(laptop("A-1", waivers=given), laptop("A-2", waivers=given))
    (risk,) = found.risks
    assert (risk.control, risk.devices, risk.by) == ("LCK-01", 2, "Governing body"), "what is over or to come is none"
    assert "2 devices, accepted by Governing body until 31 Mar 2027" in text_of(found)
    assert '<span class="unbroken">LCK-01</span>' in page.render(found), "a code is not parted at its hyphen"


def test_what_is_left_out_is_counted() -> None:
    given = tuple(accepted(control) for control in ALL[:9])
    lost = [laptop(f"A-{place}", outcome="failed", waivers=given) for place in range(30)]
    found = made(*lost)
    assert (len(found.risks), found.more_risks) == (4, 5)
    assert "30 devices have not been checked" in found.asked[0] and "and 22 more" in found.asked[0]
    assert "And 5 more, in the full report." in text_of(found)


def test_it_is_marked_above_and_below_and_hostile_text_stays_text() -> None:
    for text in HOSTILE:
        found = made(laptop("A-1", school=text))
        rendered = page.render(found)
        assert rendered.count(f">{found.marking}</p>") == 2
        assert "<script" not in rendered and "<img" not in rendered and rendered.count("<svg") == 0
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\x9b\u202e]", rendered)


def test_it_speaks_of_one_school() -> None:
    with pytest.raises(ValueError, match="too many values"):
        made(laptop("A-1"), laptop("B-1", urn="900002"))


def test_a_sheet_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    page.write(made(laptop("A-1")), tmp_path / "sheet.html")
    assert (tmp_path / "sheet.html").stat().st_mode & 0o777 == 0o600
    with pytest.raises(LeeboardError, match="cannot be written"):
        page.write(made(laptop("A-1")), tmp_path / "nowhere" / "sheet.html")


def test_a_pdf_without_chromium_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "CHROMIUM", ("no-such-browser",))
    with pytest.raises(LeeboardError, match="needs Chromium, which is not installed; or open the page and print it"):
        page.write_pdf(made(laptop("A-1")), tmp_path / "sheet.pdf")
    assert list(tmp_path.iterdir()) == []
