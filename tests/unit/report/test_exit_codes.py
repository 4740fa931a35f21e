"""Each example of docs/exit-codes.md, built and asked for its exit code."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest

from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.report.json_report import as_json
from leeboard.report.junit import write_junit
from leeboard.report.overview import exit_reason
from leeboard.report.overview import summary as exit_summary
from leeboard.report.page import render
from leeboard.verdict.status import DeviceStatus, EstateStatus
from leeboard.verdict.waivers import accept, in_force
from tests.unit.estate.risks import waiver
from tests.unit.report import samples
from tests.unit.report.reading import Page
from tests.unit.report.samples import AT, counted, device, estate, everywhere, finding, judged, status
from tests.unit.report.samples import whole as whole_school

DOC = Path(__file__).parents[3] / "docs" / "exit-codes.md"


def one(verdict: Verdict, mode: Mode = Mode.ENFORCE, code: str = "") -> EstateStatus:
    found = finding("LCK-01", verdict, mode, code)
    return estate(DeviceStatus(device("A-1"), "observed", (found, finding("LCK-02", Verdict.COMPLIANT)), AT))


def encryption(verdict: Verdict, form: str, mode: Mode = Mode.REPORT) -> EstateStatus:
    """ENC-01, which the baseline marks fails_in_report, on a device of this form."""
    found = finding("ENC-01", verdict, mode)
    return estate(DeviceStatus(device("A-1", form=form), "observed", (found, finding("LCK-02", Verdict.COMPLIANT)), AT))


def whole(verdict: Verdict, outcome: str, platform: str = "linux") -> EstateStatus:
    return estate(everywhere(device("A-1", platform=platform), verdict, outcome, "words", None))


def of_school(verdict: Verdict) -> EstateStatus:
    # Nothing of it can be put back by a roll-out, so that the linter allows no other mode.
    found = Finding("REM-11", verdict, Mode.REPORT, (counted(verdict),))
    return estate(status(device("A-1"), {}), schools=(whole_school("900001", found),))


def waived(last_day: str) -> EstateStatus:
    """LCK-02 drifted, and somebody accepted that until a day; asked through a store, as every report is."""
    risk = waiver(control="LCK-02", last_day=last_day)
    it = device("A-1").model_copy(update={"waivers": (risk,)})
    with Store(":memory:") as store:
        asked = estate_status(store, samples.baseline(), [it], AT)
    drifted = finding("LCK-02", Verdict.DRIFTED)
    findings, _ = accept([drifted], in_force(it.waivers, samples.baseline(), AT), samples.baseline())
    return replace(asked, devices=(DeviceStatus(it, "observed", findings, AT),))


SILENT = status(device("A-2"), {}, "unreachable", 4)
DRIFTED = status(device("A-1"), {"LCK-01": Verdict.DRIFTED})
EXAMPLES = {
    "everything is compliant": one(Verdict.COMPLIANT),
    "a control is not applicable": one(Verdict.NOT_APPLICABLE),
    "a risk has been accepted and its last day has not passed": one(Verdict.WAIVED),
    "a risk has been accepted, and its last day comes within 30 days": waived("2026-12-01"),
    "a setting is right and waits for a restart": one(Verdict.PENDING),
    "a control in mode report has drifted": one(Verdict.DRIFTED, Mode.REPORT),
    "ENC-01 in mode report has drifted on a desktop": encryption(Verdict.DRIFTED, "desktop"),
    "ENC-01 in mode report has drifted on a portable": encryption(Verdict.DRIFTED, "portable"),
    "ENC-01 has drifted on a portable, and the risk has been accepted": encryption(Verdict.WAIVED, "portable"),
    "ENC-01 is switched off on a portable": encryption(Verdict.NOT_APPLICABLE, "portable", Mode.OFF),
    "a control has only settings that Leeboard cannot check yet": one(Verdict.NOT_CHECKED, code="planned"),
    "a device of platform other, which is never checked": whole(Verdict.NOT_CHECKED, "other", "other"),
    "a device was silent tonight, within the limit of its level": estate(SILENT),
    "there is no device at all": estate(),
    "a control in mode enforce has drifted": one(Verdict.DRIFTED),
    "one device drifted, another is silent within its limit": estate(DRIFTED, SILENT),
    "a setting could not be read": one(Verdict.ERROR),
    "a setting of a control in mode report could not be read": one(Verdict.ERROR, Mode.REPORT),
    "a setting was not checked for another reason than a planned driver": one(Verdict.NOT_CHECKED, code="mdm"),
    "a device was silent for longer than its level allows (FWD-03)": whole(Verdict.STALE, "unreachable"),
    "a device has never been seen": whole(Verdict.MISSING, "not_seen"),
    "another machine answered": whole(Verdict.ERROR, "another_machine"),
    # The last verdicts may still be on file; the failure counts all the same.
    "the check failed on a device": estate(status(device("A-1"), {}, "failed")),
    "nothing at all is known of a device": estate(DeviceStatus(device("A-1"), "observed", ())),
    "the run broke off": replace(one(Verdict.COMPLIANT), problems=("broken off",)),
    "a waiver has ended, or has no effect for another reason": waived("2026-11-24"),
    "a school as a whole has drifted in mode report": of_school(Verdict.DRIFTED),
    "the export of the identity provider could not be read": of_school(Verdict.ERROR),
    "the export of the identity provider is too old": of_school(Verdict.STALE),
    "one device drifted, another could not be read": estate(DRIFTED, *one(Verdict.ERROR).devices),
}


def documented() -> dict[str, int]:
    rows = re.findall(r"^\| (.+?) \| ([0-3]) \|$", DOC.read_text(), re.MULTILINE)
    return {example: int(code) for example, code in rows}


def test_every_documented_example_is_built_here_and_no_other() -> None:
    assert set(documented()) == set(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: str) -> None:
    assert EXAMPLES[example].exit_code == documented()[example]
    assert exit_reason(EXAMPLES[example]).endswith(f": exit {documented()[example]}")


def test_the_reason_names_both_when_both_hold() -> None:
    both = estate(
        status(device("A-1"), {"LCK-01": Verdict.DRIFTED, "LCK-02": Verdict.DRIFTED, "ENC-01": Verdict.DRIFTED}),
        status(device("A-2"), {"LCK-01": Verdict.ERROR}),
    )
    assert exit_reason(both) == "3 findings drifted, 1 could not be read: exit 3"


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        ("other", Verdict.NOT_CHECKED),
        ("never", Verdict.MISSING),
        ("not_seen", Verdict.MISSING),
        ("unreachable", Verdict.MISSING),
        ("failed", Verdict.ERROR),
        ("another_machine", Verdict.ERROR),
        ("observed", Verdict.ERROR),
    ],
)
def test_a_device_without_findings_is_never_fine(outcome: str, verdict: Verdict) -> None:
    assert DeviceStatus(device("A-1"), outcome, ()).verdict is verdict


@pytest.mark.parametrize(
    ("form", "tag", "failures", "note", "summary"),
    [
        ("portable", "failure", "1", "only reported, and fails on a portable", False),
        ("desktop", "skipped", "0", "only reported", True),
        ("server", "skipped", "0", "only reported", True),
    ],
)
def test_every_report_says_that_a_laptop_in_clear_fails(
    form: str, tag: str, failures: str, note: str, summary: bool
) -> None:
    found = encryption(Verdict.DRIFTED, form)
    stream = io.StringIO()
    write_junit(found, stream)
    root = ElementTree.fromstring(stream.getvalue().encode())
    case = next(case for case in root.iter("testcase") if str(case.get("name")).startswith("ENC-01"))
    assert (root.get("failures"), [child.tag for child in case]) == (failures, [tag])
    (row,) = re.findall(r'<tr><th scope="row">ENC-01 <span.*?</tr>', render(found))
    assert f"<small>{note}</small>" in row
    assert ("1 drift only reported" in exit_summary(found)) is summary


def test_another_control_in_mode_report_fails_no_portable() -> None:
    found = finding("LCK-01", Verdict.DRIFTED, Mode.REPORT)
    assert estate(DeviceStatus(device("A-1", form="portable"), "observed", (found,), AT)).exit_code == 0


def test_where_it_is_off_the_headline_counts_it() -> None:
    off = encryption(Verdict.NOT_APPLICABLE, "portable", Mode.OFF)
    said = "ENC-01 is switched off on 1 portable"
    assert said in exit_summary(off) and said in " ".join(Page(render(off)).text.split())
    assert as_json(off)["portables_switched_off"] == as_json(off)["schools"][0]["portables_switched_off"] == 1
    assert "switched off" not in exit_summary(encryption(Verdict.NOT_APPLICABLE, "desktop", Mode.OFF))
    assert "switched off" not in exit_summary(encryption(Verdict.NOT_APPLICABLE, "portable"))


def test_a_planned_setting_beside_an_unchecked_one_is_unknown() -> None:
    mixed = (judged(Verdict.NOT_CHECKED, code="planned"), judged(Verdict.NOT_CHECKED, code="mdm"))
    found = Finding("LCK-01", Verdict.NOT_CHECKED, Mode.ENFORCE, mixed)
    assert samples.estate(DeviceStatus(device("A-1"), "observed", (found,), AT)).exit_code == 3
