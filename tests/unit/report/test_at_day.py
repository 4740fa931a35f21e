"""What was known of a device on a day: the answers to what is asked after a theft."""

from __future__ import annotations

from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.verdicts import Verdict
from leeboard.report.at_day import answers


def test_a_theft_s_questions_are_answered_by_what_was_found_and_nothing_unknown_is_a_yes() -> None:
    found = {
        "ENC-01": Verdict.COMPLIANT, "ENC-10": Verdict.NOT_APPLICABLE, "LCK-01": Verdict.DRIFTED,
        "LCK-05": Verdict.COMPLIANT, "ENC-07": Verdict.NOT_CHECKED, "ENC-06": Verdict.COMPLIANT,
        "AUD-01": Verdict.WAIVED, "REM-01": Verdict.DRIFTED,
    }  # fmt: skip
    findings = [Finding(control, verdict, Mode.ENFORCE) for control, verdict in found.items()]
    assert dict(answers(findings)) == {
        "encrypted": "yes (compliant: ENC-01; not applicable: ENC-10)",
        "locks": "no (drifted: LCK-01; compliant: LCK-05)",
        "recoverable": "not known (not checked: ENC-07; compliant: ENC-06)",
        "recorded": "no, and somebody accepted that (accepted risk: AUD-01)",
    }
    assert dict(answers([])) == dict.fromkeys(("encrypted", "locks", "recoverable", "recorded"), "not known")
