"""Each sentence of the sheet has its number from the devices that are put there here, and none stands unread.

The school: 16 laptops. 2 are not encrypted, 3 are an accepted risk there, 1 could not be read; on 4 others the lock has
drifted and is only reported; of 5 others it is not known where logs go; of 1 other the key is not in the vault.
3 did not answer in the last run, and 1 could not be checked at all.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace

from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.policy.load import load
from leeboard.report.summary import page
from leeboard.report.summary.content import QUESTIONS, Sheet, sheet
from leeboard.verdict.status import DeviceStatus, EstateStatus
from leeboard.verdict.waivers import standings
from leeboard.version import __version__
from tests.unit.report.samples import AT, accepted, whole
from tests.unit.report.summary.test_content import laptop

DRIFTED, WAIVED, ERROR = Verdict.DRIFTED, Verdict.WAIVED, Verdict.ERROR
EXPRESSION = re.compile(r"\{\{.*?\}\}")
# What is the same on every sheet, and no number of the school's.
FIXED = ("css", "css_hash")


def the_sheet() -> Sheet:
    """The sheet of that school, with accepted risks of five controls, two of which end soon."""
    risks = [
        accepted(control, last_day=day)
        for control, day in (
            ("LCK-01", "2027-02-15"),
            ("LCK-02", "2026-12-15"),
            ("ENC-10", "2026-12-07"),
            ("AUD-01", "2027-04-15"),
            ("FWD-01", "2027-05-15"),
        )
    ]
    devices: list[DeviceStatus] = [
        *(laptop(f"N-{place}", {"ENC-01": DRIFTED}) for place in (1, 2)),
        *(laptop(f"W-{place}", {"ENC-10": WAIVED}, waivers=tuple(risks)) for place in (1, 2, 3)),
        laptop("U-1", {"ENC-01": ERROR}),
        *(laptop(f"L-{place}", {"LCK-01": DRIFTED}, mode=Mode.REPORT) for place in range(4)),
        *(laptop(f"F-{place}", {"FWD-01": Verdict.NOT_CHECKED}) for place in range(2)),
        *(laptop(f"S-{place}", {"FWD-01": Verdict.NOT_CHECKED}, "unreachable", 5) for place in range(3)),
        replace(laptop("K-1", {"ENC-07": DRIFTED}), outcome="failed"),
    ]
    was = {
        "encrypted": [{"N-1", "N-2"}, {"N-1"}, {"N-1", "N-2", "W-1"}],
        "locked": [{f"L-{place}" for place in range(4)}, {f"L-{place}" for place in range(4)}, set[str]()],
        "recoverable": [{"K-1"}, {"K-1", "S-0", "gone"}, {"S-1"}],
        "logs": [set[str](), {"F-0"}, {"gone"}],
    }
    school = whole("900001", *(Finding(control, DRIFTED, Mode.REPORT, ()) for control in ("REM-11", "REM-13")))
    baseline = load()
    standing = standings([one.device for one in devices], baseline, AT)
    status = EstateStatus(tuple(devices), baseline, AT, (), (school,), standing)
    return sheet(status, AT.replace(year=2025), was)


SAID = (
    "Device security on one sheet: Example Primary School",
    "OFFICIAL",
    "Example Primary School: are our devices safe?",
    "URN 900001, as of 25 Nov 2026, 02:14 GMT. For the head, the governors and the SIRO.",
    "How much is known",
    "16 devices: 12 seen in the last 24 hours, 3 silent within the limit (FWD-03), 0 out of date (not seen for longer "
    "than that), 0 never seen, 1 could not be checked.",
    "4 devices were not seen in the last run; last seen less than 2 days ago: 1; 2 to 6 days ago: 3.",
    "The latest answer of a device is of 24 Nov 2026, 2 hours ago.",
    "Four questions Question Yes No Accepted Not known",
    "Are the laptops encrypted?",
    "9 of 16 devices: yes; 2 are not; 3 are accepted risks; 2 are not known.",
    "Drifted on 2 devices now; 1 a month ago (worse), 3 a term ago (better).",
    "9 2 3 2",
    "Do the screens lock, and is guessing stopped?",
    "11 of 16 devices: yes; 4 are not; 1 is not known.",
    "Drifted on 4 devices now; 4 a month ago (the same), 0 a term ago (worse).",
    "11 4 0 1",
    "Can a disk be opened when its key is lost?",
    "15 of 16 devices: yes; 1 is not.",
    "Drifted on 1 device now; 2 a month ago (better), 1 a term ago (the same).",
    "15 1 0 0",
    "Is it recorded what happens, and kept safe?",
    "10 of 16 devices: yes; 6 are not known.",
    "Drifted on 0 devices now; 1 a month ago (better), 0 a term ago (the same).",
    "10 0 0 6",
    "A device is a “yes” only where all of it was seen and is right: ENC-01, ENC-02, ENC-09, ENC-10, ENC-12; LCK-01, "
    "LCK-04, LCK-05; ENC-06, ENC-07, ENC-08; AUD-01, AUD-11, AUD-13, FWD-01, FWD-02.",
    "“Drifted” counts accepted risks too, on the devices that the school has today; a month is 30 days, a term 13 "
    "weeks.",
    "Risks that somebody accepted",
    "Data disks are encrypted too (ENC-10): 3 devices, accepted by Governing body until 7 Dec 2026.",
    "Users cannot change the screen lock (LCK-02): 3 devices, accepted by Governing body until 15 Dec 2026.",
    "The screen locks when nobody uses the device (LCK-01): 3 devices, accepted by Governing body until 15 Feb 2027.",
    "Auditing is on, and nothing weakens it (AUD-01): 3 devices, accepted by Governing body until 15 Apr 2027.",
    "And 1 more, in the full report.",
    "What we ask of you",
    "1 device has not been checked for too long: find it and have it switched on in school (K-1).",
    "Keep 2 laptops in school until encrypted: N-1, N-2.",
    "See to it that this is so: Staff sign in with a second factor (attested) (REM-11).",
    "See to it that this is so: Nothing that the VPN rests on is about to end (REM-13).",
    "Decide about 2 accepted risks, the first of which ends on 7 Dec 2026.",
    "And 1 more, in the full report.",
    f"Leeboard {__version__}. Every number is counted from the evidence that is kept; leeboard report has the devices "
    "behind it.",
    "OFFICIAL",
)


def text_of(made: str) -> str:
    made = re.sub(r"</?span[^>]*>", "", made)  # inside a line
    return " ".join(html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", made, flags=re.DOTALL)).split())


def test_the_whole_sheet_is_what_these_devices_come_to() -> None:
    assert text_of(page.render(the_sheet())) == " ".join(SAID)


def test_each_expression_of_the_template_is_on_that_sheet() -> None:
    """So that the comparison above misses none: whatever else one of them said, the sheet would be another."""
    environment, css, css_hash = page._environment()
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, "summary.html.j2")
    given = {"sheet": the_sheet(), "css": css, "css_hash": css_hash, "version": __version__}
    places = [one for one in EXPRESSION.finditer(source) if one[0].strip("{} ") not in FIXED]
    assert len(places) >= 25
    unseen = [
        one[0]
        for one in places
        if text_of(environment.from_string(f"{source[: one.start()]}99{source[one.end() :]}").render(given))
        == " ".join(SAID)
    ]
    # These are the look of a cell, and say nothing.
    assert all(re.search('" (good|bad|unsure)" if line.counted', one) for one in unseen)


def test_the_questions_are_all_on_it() -> None:
    assert [one for one in QUESTIONS if one.text not in " ".join(SAID)] == []
