"""Whether what Leeboard gives out carries its marking: each report is really made, and looked at. For LBL-03.

A report that lost its label (a changed template, a label that the output cannot hold) is found this way, and by nothing
that only reads the configuration.
"""

from __future__ import annotations

import html
import io
import re
from datetime import UTC, datetime

from rich.console import Console

from leeboard.model.device import Device
from leeboard.model.enums import Form, Level, Platform, Role
from leeboard.model.observation import Aspect, Found, Nothing, Reading
from leeboard.policy.model import Baseline
from leeboard.report import json_report, page, terminal
from leeboard.report.html import sheet_rule
from leeboard.report.overview import Marking
from leeboard.report.site.frame import Frame
from leeboard.report.summary import content
from leeboard.report.summary import page as summary
from leeboard.verdict.status import DeviceStatus, EstateStatus, SchoolStatus

DRIVER = "report_marking"
VARIABLE = "leeboard_report_recipients"
PLACES = re.compile(r'<p class="marking"[^>]*>([^<]*)</p>')
AT = datetime(2026, 11, 25, tzinfo=UTC)  # of the report that is made to look at; nothing depends on it


def readings(baseline: Baseline, level: Level, recipients: str) -> list[Reading]:
    """Which outputs do not carry what they should at this level, and whom the school names."""
    unmarked = Found(
        state="value", value=unmarked_outputs(baseline, level, recipients), source="the reports of this Leeboard"
    )
    named: Aspect = Nothing(state="absent", source=VARIABLE, note="the school names no recipients")
    if recipients:
        named = Found(state="value", value=recipients, source=VARIABLE)
    return [
        Reading(driver=DRIVER, address="unmarked", effective=unmarked),
        Reading(driver=DRIVER, address="recipients", effective=named),
    ]


def unmarked_outputs(baseline: Baseline, level: Level, recipients: str) -> list[str]:
    """The outputs that lack the label of the level, or the recipients, at the place where a reader looks for it."""
    status = _example(baseline, level, recipients)
    label = " ".join(baseline.levels[level].label.split())
    line = Marking(label, recipients).line
    data = json_report.as_json(status)
    made = page.render(status)
    checks = {
        "page": _on_page(made, line) and sheet_rule(line) in made,
        "terminal": _on_terminal(status, line),
        "summary": _on_page(summary.render(content.sheet(status, None, _nothing_then())), line),
        "site": _on_site(Frame("example", Marking(label, recipients), "", ()), line),
        "json": (data.get("marking"), data.get("recipients")) == (label, recipients),
    }
    return [output for output, there in checks.items() if not (there and label)]


def _nothing_then() -> dict[str, list[set[str]]]:
    return {question: [set() for _ in range(1 + len(content.AGO))] for question in content.controls()}


def _example(baseline: Baseline, level: Level, recipients: str) -> EstateStatus:
    device = Device(
        name="example",
        asset="example",
        urn="000000",
        school="example",
        platform=Platform.LINUX,
        form=Form.DESKTOP,
        role=Role.OFFICE,
        level=level,
    )
    whole = SchoolStatus(device.urn, device.school, level, (), recipients)
    return EstateStatus((DeviceStatus(device, "observed", ()),), baseline, AT, schools=(whole,))


def _on_page(rendered: str, line: str) -> bool:
    """Above and below everything else."""
    found = [html.unescape(text).strip() for text in PLACES.findall(rendered)]
    return len(found) == 2 and set(found) == {line}


def _on_site(frame: Frame, line: str) -> bool:
    """On a page of the site, and in the style that it loads for each printed sheet."""
    made = frame.page("new", "new.html", "example", coverage="", told=(), days=1)
    return _on_page(made.decode(), line) and sheet_rule(line).encode() in frame.files(AT)["site.css"]


def _on_terminal(status: EstateStatus, line: str) -> bool:
    """The first line, and again above the counts."""
    stream = io.StringIO()
    terminal.show(status, Console(file=stream, width=10_000), details=False)
    lines = stream.getvalue().splitlines()
    return lines[:1] == [line] and lines.count(line) == 2
