"""The terminal: every count and device, no line drawing, no markup, no crash whatever the output can hold."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.report.terminal import MOST_SETTINGS, show, show_wrong
from leeboard.verdict.status import DeviceStatus, EstateStatus
from tests.unit.report import samples
from tests.unit.report.samples import AT, device, estate, everywhere, finding, judged, status

ROOT = Path(__file__).parents[3]


def shown(it: EstateStatus, width: int = 80, **options: bool) -> str:
    stream = io.StringIO()
    show(it, Console(file=stream, width=width), **options)
    return stream.getvalue()


def folded(text: str) -> str:
    return " ".join(text.split())


def test_one_device_in_full() -> None:
    text = folded(shown(samples.single(), 120))
    for part in (
        "EP-0002, Example Primary School (900001)",
        "Screen lock control what is asked for severity verdict LCK-01 The screen locks after a time without use",
        "LBL-02 The notice names no version of the system low drifted, report only",
        "drifted, low, report only, since 7 Nov 2026 (18 days)",
        "why it matters Anybody who walks past",
        "what to do Remove the key from 90-vendor",
        "Could not be read (error): was looked for",
        "- Rule 0 is loaded [drifted]: seen 1800 seconds, wanted at most 900 seconds, and not 0",
        "note still running with 1800",
        "1 could not be read: exit 3",
    ):
        assert part in text, part


def wrong(it: EstateStatus, **options: bool) -> str:
    stream = io.StringIO()
    show_wrong(it, Console(file=stream, width=200), **options)
    return stream.getvalue()


def test_only_what_is_wrong_is_shown_where_nothing_else_is_asked_for() -> None:
    text = wrong(samples.mixed())
    lines = text.splitlines()
    assert lines[0].endswith(". For: Head teacher, SIRO") and lines[-1].endswith(": exit 3")
    for part in (
        "LCK-01",
        "another machine answered",
        "Problem with the run: the run at 900002 broke off",
        "Never seen",
    ):
        assert part in text, part
    for part in ("EP-0005", "compliant", "W-SOON"):
        assert part not in text, part  # what is well, or accepted
    assert "exit" not in wrong(samples.mixed(), exit_code=False)


def test_where_nothing_is_wrong_nothing_is_shown() -> None:
    reported = DeviceStatus(device("A-2"), "observed", (Finding("LCK-01", Verdict.DRIFTED, Mode.REPORT, ()),), AT)
    assert wrong(estate(status(device("A-1"), {}), reported)) == ""
    text = wrong(estate(status(device("A-1"), {"LCK-02": Verdict.DRIFTED}), reported))
    assert text.endswith(": exit 2\n") and "LCK-02" in text and "LCK-01" not in text, "only reported"


def test_not_applicable_is_one_line_that_names_the_facts() -> None:
    it = status(device("A-1"), dict.fromkeys(("LCK-01", "LCK-02", "LCK-03"), Verdict.NOT_APPLICABLE))
    text = shown(estate(it))
    assert "not applicable: 3: LCK-01, LCK-02, LCK-03 (desktops: none)" in text
    assert "The screen locks" not in text


def test_planned_controls_are_named_in_one_line() -> None:
    text = folded(shown(estate(status(device("A-1"), {"ENC-01": Verdict.NOT_CHECKED, "ENC-02": Verdict.NOT_CHECKED}))))
    assert "not checked: 2 because Leeboard cannot check them yet: ENC-01, ENC-02" in text
    assert "Not checked: nobody looked" not in text


def test_a_device_that_could_not_be_judged_says_so_once() -> None:
    stranger = everywhere(device("A-1"), Verdict.ERROR, "another_machine", "another machine answered: serial X", AT)
    text = folded(shown(estate(stranger)))
    assert "8 controls: another machine answered: serial X" in text
    # The worst first, the head of the device, and the reason of its findings.
    assert text.count("serial X") == 3


def test_only_the_settings_to_blame_are_listed_and_not_endlessly() -> None:
    drifted = [judged(Verdict.DRIFTED, title=f"Rule {n} is loaded") for n in range(30)]
    found = Finding("AUD-01", Verdict.DRIFTED, Mode.ENFORCE, (judged(Verdict.COMPLIANT, title="Fine"), *drifted))
    text = folded(shown(estate(DeviceStatus(device("A-1"), "observed", (found,), AT))))
    assert "Fine" not in text
    assert f"and {30 - MOST_SETTINGS} more settings" in text


def test_many_devices_by_school_and_drift_by_control() -> None:
    text = folded(shown(samples.mixed()))
    for part in (
        "8 devices meet all that is checked. 3 not fully known.",
        "LCK-01 The screen locks after a time without use 2 devices, critical at 900001 EP-0001 at 900002 YT-0005",
        "accepted by Governing body until 31 Mar 2027 (W-LBL-02; owner: Head teacher): The hall's display must stay on",
        "Another machine answered: 1 device.",
        "Silent, within the limit: 1 device.",
        "Problem with the run: the run at 900002 broke off",
        "140 findings on 17 devices and 2 schools: 17 could not be read (error), 5 drifted, 10 not checked, "
        "8 never seen (missing), 9 out of date (stale), 1 pending, 1 accepted risk (waived), 87 compliant, "
        "2 not applicable; 2 drifts only reported; 2 of those not checked because Leeboard cannot do so yet; "
        "5 devices were not seen in the last run; last seen 2 to 6 days ago: 2; 30 days ago or more: 1; never: 2",
        "3 findings drifted, 17 could not be read, 8 never seen, 9 out of date, 2 devices could not be judged, "
        "1 problem with the run: exit 3",
    ):
        assert part in text, part


@pytest.mark.parametrize("details", [True, False])
def test_what_is_asked_of_a_school_as_a_whole(details: bool) -> None:
    text = folded(shown(samples.mixed(), 200, details=details))
    for part in (
        "Example Primary School as a whole, level sensitive REM-11 a control that this baseline does not have: "
        "drifted, report only Staff who have no second factor: 4 accounts; 4 of 61 accounts; wanted at most 0 accounts "
        "[staff-2026-11-02.csv] what to do Let everybody who is counted register a second factor.",
        "Ysgol Tŷ Gwyn as a whole, level high REM-11",
        "because not asked for at level standard",
    ):
        assert part in text, part


def test_the_first_line_and_the_last_screen_carry_the_label() -> None:
    line = "CONFIDENTIAL - special categories. For: Head teacher, SIRO"
    for details in (True, False):
        lines = shown(samples.mixed(), 200, details=details).splitlines()
        assert lines[0] == line
        assert line in lines[-6:]


def test_details_can_be_asked_for() -> None:
    assert "why it matters" in shown(samples.mixed(), details=True)
    assert "9 of 12 devices" not in shown(samples.mixed(), details=True)
    assert "1 device" in shown(samples.single(), details=False)


def test_a_device_without_findings_is_shown() -> None:
    text = folded(shown(estate(DeviceStatus(device("A-1"), "not_seen", ()))))
    assert "Never seen. The device is on the inventory" in text
    assert "1 device could not be judged: exit 3" in text


def test_no_device_at_all() -> None:
    assert "0 findings on 0 devices: no findings" in shown(estate())


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("make", [samples.mixed, samples.single, samples.hostile])
def test_lines_fit_and_nothing_is_drawn(make, width: int) -> None:
    for line in shown(make(), width).splitlines():
        assert len(line) <= width
        assert line == line.rstrip()
        assert not any("\u2500" <= character <= "\u259f" for character in line)


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("details", [False, True])
def test_hostile_text_is_neither_escape_sequence_nor_markup(terminal: bool, details: bool) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=300, force_terminal=terminal, color_system="truecolor" if terminal else None)
    show(samples.hostile(), console, details=details)
    text = stream.getvalue()
    assert "[bold red]markup[/bold red]" in text
    assert "\\x1b]0;owned\\x07" in text
    assert "\\u202eexe.cod" in text
    assert "\x1b]" not in text  # no title, no link; our own colours are \x1b[
    assert terminal or "\x1b" not in text
    assert not set(text) & set("\x07\x00\x7f\x9b\u202e\u2066\u200b\ud800")


def test_an_ascii_only_dumb_terminal_and_a_pipe() -> None:
    code = (
        "from rich.console import Console; from leeboard.report.terminal import show; "
        "from tests.unit.report import samples as s; "
        "c = Console(); [show(e, c) for e in (s.mixed(), s.single(), s.hostile())]"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C",
        "TERM": "dumb",
        "PYTHONIOENCODING": "ascii:strict",
        "PYTHONPATH": os.pathsep.join([str(ROOT)]),
    }
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    text = ran.stdout.decode("ascii")
    assert "Ysgol T\\u0177 Gwyn" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_an_encoding_that_nobody_knows() -> None:
    class Odd(io.StringIO):
        encoding = "no-such-encoding"

    stream = Odd()
    show(samples.mixed(), Console(file=stream, width=80))
    assert stream.getvalue().isascii()


def test_long_lists_are_cut_and_say_by_how_much() -> None:
    devices = [status(device(f"A-{n:03}"), {"LCK-01": Verdict.DRIFTED}) for n in range(100)]
    text = folded(shown(estate(*devices)))
    assert "A-028, A-029 and 70 more" in text
    devices = [status(device("A-1", f"{900100 + n}"), {"LCK-01": Verdict.DRIFTED}) for n in range(20)]
    assert "and at 8 more schools: 8 devices" in folded(shown(estate(*devices)))


def test_mode_report_is_said_where_it_matters() -> None:
    found = (finding("LCK-01", Verdict.COMPLIANT, Mode.REPORT), finding("LCK-02", Verdict.DRIFTED, Mode.REPORT))
    text = shown(estate(DeviceStatus(device("A-1"), "observed", found, AT)))
    assert "compliant, report only" not in text
    assert "drifted, report only" in text


def test_accepted_risks_by_whom_until_when_and_what_ends_soon() -> None:
    text = folded(shown(samples.mixed(), 200))
    for part in (
        "Accepted risks: 4 waivers, 1 of them ends within 30 days",
        "W-OVER LCK-03 900001 the whole school Governing body; owner: Head teacher 24 Nov 2026 expired",
        "W-SOON LCK-02 900001 role office Governing body; owner: Head teacher 7 Dec 2026 12 days left",
        "W-LATER AUD-01 900001 EP-0007 Governing body; owner: Head teacher 31 Mar 2027 from 1 Dec 2026",
    ):
        assert part in text, part
    assert text.index("W-OVER") < text.index("W-SOON") < text.index("W-LBL-02 LBL-02")
    assert "Accepted risks" not in shown(samples.single()), "without any, there is nothing to say"


def test_many_accepted_risks_are_counted() -> None:
    risks = tuple(samples.accepted("LCK-01", id=f"W-{number:03}", last_day="2026-12-07") for number in range(60))
    text = folded(shown(samples.estate(samples.status(samples.device("A-1", waivers=risks), {}))))
    assert "Accepted risks: 60 waivers, 1 of them ends within 30 days" in text, "the others overlap the first"
    assert "and 20 more, which leeboard waiver list shows" in text
