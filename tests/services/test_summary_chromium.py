"""The sheet in a real Chromium: it is one sheet of A4, marked, and axe finds nothing on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leeboard.model.verdicts import Verdict
from leeboard.report.summary import page
from leeboard.report.summary.content import Sheet
from tests.services.chromium import DRIVER, LOOKS, chromium
from tests.unit.report.reading import browser
from tests.unit.report.samples import accepted
from tests.unit.report.summary.test_content import ALL, laptop, made

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(browser() is None or DRIVER is None, reason="needs Chromium and its chromedriver"),
]


def fullest() -> Sheet:
    """All that may stand on a sheet, in words as long as they get."""
    given = tuple(accepted(control, approved_by="Chair of the governing body " * 3) for control in ALL)
    name = "The Very Long Name of a Federation of Church of England Voluntary Aided Primary Schools " * 2
    lost = [laptop(f"ASSET-{place:014}", outcome="failed", waivers=given, school=name[:119]) for place in range(9000)]
    bare = laptop("B-1", {"ENC-01": Verdict.DRIFTED, "LCK-01": Verdict.WAIVED}, waivers=given, school=name[:119])
    return made(*lost, bare, drifted={"encrypted": [{"B-1"}, set(), set()], "logs": [set(), {"B-1"}, {"B-1"}]})


@pytest.mark.parametrize("content", [fullest, lambda: made(laptop("A-1"))], ids=["fullest", "least"])
def test_it_is_one_sheet_of_a4(content: object, tmp_path: Path) -> None:
    page.write_pdf(content(), tmp_path / "sheet.pdf")  # type: ignore[operator]
    pdf = (tmp_path / "sheet.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    (box,) = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert [round(float(side)) for side in box] in ([595, 842], [596, 843], [594, 841], [595, 841]), "A4 in points"
    assert (tmp_path / "sheet.pdf").stat().st_mode & 0o777 == 0o600


def test_axe_finds_nothing_whatever_it_is_shown_on(tmp_path: Path) -> None:
    (tmp_path / "sheet.html").write_text(page.render(fullest()), encoding="utf-8")
    with chromium(tmp_path / "profile") as window:
        for look in LOOKS:
            window.look(look)
            assert window.open(tmp_path / "sheet.html") == [], look
            found = window.axe()
            assert found["violations"] == [] and found["passes"] > 10, look
