"""A device is told what to do on its own platform: no remedy of another one, in no report."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from leeboard.model.enums import Mode, Platform
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.policy.load import load
from leeboard.policy.model import Control
from leeboard.report import page, terminal, worklist_text
from leeboard.report.overview import groups
from leeboard.report.screen import ENDLESS, Screen
from leeboard.report.words import prose
from leeboard.report.worklist import worklist
from leeboard.verdict.status import DeviceStatus, EstateStatus
from tests.unit.report.samples import AT, device, estate, judged
from tests.unit.report.site.kept import written


def beginnings(control: Control) -> tuple[str, str]:
    """How the remedies of Linux and of Windows begin."""
    return prose(control.remedy.linux or "")[:60], prose(control.remedy.windows or "")[:60]


# A control with remedies of its own for both, as it is shipped.
CONTROL = next(one for family in load().families for one in family.controls if one.id == "AUD-01")
LINUX, WINDOWS = beginnings(CONTROL)


def found(verdict: Verdict, platform: Platform) -> Finding:
    """A drift has the words of its platform, as a check files them; what could not be read has none that is known."""
    remedy = CONTROL.remedy.on(platform) if verdict is Verdict.DRIFTED else ""
    return Finding(CONTROL.id, verdict, Mode.ENFORCE, (judged(verdict, remedy=remedy, code="odd", reason="odd"),))


def seen(verdict: Verdict, *platforms: Platform) -> EstateStatus:
    devices = [
        DeviceStatus(device(f"{one.value}-1", platform=one.value), "observed", (found(verdict, one),), AT)
        for one in platforms
    ]
    return EstateStatus(tuple(devices), load(), AT)


def by_worklist(status: EstateStatus) -> str:
    stream = io.StringIO()
    worklist_text.print_items(Screen(Console(file=stream, width=ENDLESS)), worklist(status))
    return stream.getvalue()


def by_terminal(status: EstateStatus) -> str:
    stream = io.StringIO()
    terminal.show(status, Console(file=stream, width=ENDLESS))
    return stream.getvalue()


REPORTS = {"worklist": by_worklist, "terminal": by_terminal, "page": page.render}


@pytest.mark.parametrize("verdict", [Verdict.DRIFTED, Verdict.ERROR])
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_one_platform_has_its_own_words_alone(report: Callable[[EstateStatus], str], verdict: Verdict) -> None:
    for platform, own, other in ((Platform.LINUX, LINUX, WINDOWS), (Platform.WINDOWS, WINDOWS, LINUX)):
        said = report(seen(verdict, platform))
        assert own in said and other not in said


@pytest.mark.parametrize("verdict", [Verdict.DRIFTED, Verdict.ERROR])
def test_two_platforms_are_two_things_to_do_or_two_that_are_named(verdict: Verdict) -> None:
    both = seen(verdict, Platform.LINUX, Platform.WINDOWS)
    assert sorted((item.devices[0][1], item.steps[0][:60]) for item in worklist(both)) == [
        ("linux-1", LINUX),
        ("windows-1", WINDOWS),
    ]
    (group,) = groups(both, verdict)
    assert [step[: len(name) + 62] for step, name in zip(group.todo, ("Linux", "Windows"), strict=True)] == [
        f"Linux: {LINUX}",
        f"Windows: {WINDOWS}",
    ]
    for report in (by_terminal, page.render):
        assert f"Linux: {LINUX}" in report(both) and f"Windows: {WINDOWS}" in report(both)


def test_what_is_for_both_is_said_once_and_names_none() -> None:
    alike = [
        DeviceStatus(
            device(f"{one.value}-1", platform=one.value),
            "observed",
            (Finding("LCK-01", Verdict.DRIFTED, Mode.ENFORCE, (judged(Verdict.DRIFTED, remedy="Ask the school"),)),),
            AT,
        )
        for one in (Platform.LINUX, Platform.WINDOWS)
    ]
    status = estate(*alike)
    (item,) = worklist(status)
    (group,) = groups(status, Verdict.DRIFTED)
    assert item.steps == group.todo == ("Ask the school",) and len(item.devices) == 2


def test_the_site_names_the_platform_on_the_page_of_a_control(tmp_path: Path) -> None:
    written(tmp_path, seen(Verdict.DRIFTED, Platform.LINUX, Platform.WINDOWS))
    school = next(tmp_path.glob("site/schools/*"))
    control = (school / "controls" / f"{CONTROL.id}.html").read_text("utf-8")
    assert f"Linux: {LINUX}" in control and f"Windows: {WINDOWS}" in control
    for asset, own, other in (("linux-1", LINUX, WINDOWS), ("windows-1", WINDOWS, LINUX)):
        said = (school / "devices" / f"{asset}.html").read_text("utf-8")
        assert own in said and other not in said
    entries = re.split("<li[ >]", (school / "worklist.html").read_text("utf-8"))
    for own, asset, other in ((LINUX, "linux-1", "windows-1"), (WINDOWS, "windows-1", "linux-1")):
        (entry,) = (one for one in entries if own in one)
        assert f"{asset}.html" in entry and f"{other}.html" not in entry and "Linux: " not in entry
