"""Findings at a later moment, with nothing but what they keep: no device is asked, and no observation is read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leeboard.model.finding import Finding
from leeboard.model.judgements import QUESTIONS
from leeboard.model.verdicts import Verdict
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict.again import again, next_change
from leeboard.verdict.evaluate import evaluate
from tests.unit.brain import AT, baseline, control, device, observation, setting, unreadable, value

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
END = datetime(2027, 1, 14, 9, 30, tzinfo=UTC)
VALID = "A1 is valid from 2026-11-01T00:00:00Z to 2027-01-14T09:30:00Z"
WELL = {"bitlocker_unprotected_without_window": Verdict.PENDING}  # what is not drifted, where not compliant
NONE: dict[str, Any] = {"operator": "none", "value": []}


def found(judgement: str, accept: dict[str, Any], said: Any, at: datetime = AT, **more: Any) -> tuple[Wanted, Finding]:
    """What is wanted, and the finding of a visit at a moment, as it comes back from where it was kept."""
    asked = setting(judgement=judgement, accept=accept, write=None, mode="report")
    wanted = resolve(baseline(control(asked)), device())
    reading = {"address": "/idle", "effective": value(said), **more}
    (finding,) = evaluate(wanted, observation([reading]), at)
    return wanted, Finding.from_json(json.loads(json.dumps(finding.as_json())))


@pytest.mark.parametrize(
    ("judgement", "accept", "said", "changes"),
    [
        ("certificate_faults", NONE, [VALID], [END]),
        ("days_left", {"operator": "at_least", "value": 14}, [VALID], [END - 14 * DAY]),
        (
            "days_left", {"operator": "at_least", "value": 14},
            ["A1 is valid from 2026-12-01T00:00:00Z to 2027-01-14T09:30:00Z"],
            [datetime(2026, 12, 1, tzinfo=UTC), END - 14 * DAY],
        ),
        (
            "cleared_lately", NONE, ["2026-11-20T07:02:11Z by S-1-5-18"],
            [datetime(2026, 12, 20, 7, 2, 11, tzinfo=UTC)],
        ),
        (
            "oldest_kept_key", {"operator": "at_most", "value": 365},
            [json.dumps({"name": "sda3", "id": "k", "made": "2026-11-01T00:00:00Z"})],
            [datetime(2027, 11, 2, tzinfo=UTC)],
        ),
        (
            "suspended_without_window", NONE,
            [
                json.dumps(
                    {"name": "C:", "left": 1, "opened": "2026-11-20T00:00:00Z", "until": "2027-01-02T00:00:00Z",
                     "restarts": 1, "reason": "firmware"}
                )
            ],
            [datetime(2027, 1, 2, tzinfo=UTC)],
        ),
        (
            "bitlocker_unprotected_without_window", NONE,
            [
                json.dumps(
                    {"volume": {"name": "C", "kind": 0, "conversion": 1, "protection": 0, "suspended": 1,
                                "protectors": [{"id": "p", "type": 1}]},
                     "suspension": {"name": "C:", "left": 1, "opened": "2026-11-20T00:00:00Z",
                                    "until": "2027-01-02T00:00:00Z", "restarts": 1, "reason": "firmware"}}
                )
            ],
            [datetime(2027, 1, 2, tzinfo=UTC)],
        ),
    ],
)  # fmt: skip
def test_the_verdict_changes_at_its_moment_and_at_no_other(
    judgement: str, accept: dict[str, Any], said: Any, changes: list[datetime]
) -> None:
    wanted, finding = found(judgement, accept, said)
    verdict, after = finding.verdict, AT
    for change in changes:
        assert next_change(wanted, [finding], after) == change
        assert again(wanted, finding, change - SECOND).verdict is verdict
        other = again(wanted, finding, change + SECOND)
        assert {verdict, other.verdict} == {WELL.get(judgement, Verdict.COMPLIANT), Verdict.DRIFTED}
        assert other == found(judgement, accept, said, change + SECOND)[1], "as if it were visited then"
        verdict, after = other.verdict, change + SECOND
    assert next_change(wanted, [finding], after) is None


def test_every_judgement_that_asks_the_time_is_tried_here_and_looks_at_no_fact() -> None:
    tried = {
        "bitlocker_unprotected_without_window", "certificate_faults", "cleared_lately", "days_left", "oldest_kept_key",
        "suspended_without_window",
    }  # fmt: skip
    asking = {name: question for name, question in QUESTIONS.items() if question.asks_time}
    assert set(asking) == tried and not any(question.facts for question in asking.values())


def test_the_days_left_are_those_of_the_moment_of_the_report() -> None:
    wanted, finding = found("days_left", {"operator": "at_least", "value": 14}, [VALID])
    assert (finding.judged[0].seen, again(wanted, finding, AT + 7 * DAY).judged[0].seen) == ("50", "43")


def test_what_an_older_leeboard_filed_stays_as_it_was() -> None:
    wanted, finding = found("days_left", {"operator": "at_least", "value": 14}, 20)
    assert again(wanted, finding, AT + 400 * DAY) is finding
    assert next_change(wanted, [finding], AT) is None
    wanted, finding = found("certificate_faults", NONE, ["the certificate in /x ran out on 2025-01-01"])
    assert again(wanted, finding, AT + 400 * DAY).verdict is Verdict.DRIFTED


def test_what_is_pending_for_another_reason_does_not_become_well_and_can_become_bad() -> None:
    wanted, finding = found("certificate_faults", NONE, [VALID], running=unreadable())
    assert finding.verdict is Verdict.PENDING
    assert again(wanted, finding, END).verdict is Verdict.PENDING
    assert again(wanted, finding, END + SECOND).verdict is Verdict.DRIFTED


def test_what_the_baseline_does_not_ask_any_more_stays_as_it_was() -> None:
    _wanted, finding = found("certificate_faults", NONE, [VALID])
    other = resolve(baseline(control(setting(id="other"))), device())
    assert again(other, finding, END + DAY).verdict is Verdict.COMPLIANT


def test_a_list_of_which_only_the_beginning_was_sent_is_not_well() -> None:
    cut = {**value([VALID]), "length": 9000, "sha256": "0" * 64}
    asked = setting(judgement="certificate_faults", accept=NONE, write=None, mode="report")
    wanted = resolve(baseline(control(asked)), device())
    (finding,) = evaluate(wanted, observation([{"address": "/idle", "effective": cut}]), AT)
    assert (finding.verdict, finding.judged[0].code) == (Verdict.ERROR, "too_large")


def test_what_is_kept_to_be_judged_again_is_one_printable_line() -> None:
    wanted, finding = found("certificate_faults", NONE, ["a\x1b[31m\n" + VALID])
    assert "\x1b" not in finding.judged[0].asked[0] and "\n" not in finding.judged[0].asked[0]
    assert again(wanted, finding, AT) == finding and again(wanted, finding, END + SECOND).verdict is Verdict.DRIFTED


def test_an_error_is_no_more_known_later() -> None:
    wanted, finding = found("certificate_faults", NONE, [VALID])
    (one,) = finding.judged
    error = replace(finding, verdict=Verdict.ERROR, judged=(replace(one, verdict=Verdict.ERROR),))
    assert again(wanted, error, END + DAY).verdict is Verdict.ERROR


def test_a_certificate_without_an_end_never_comes_due() -> None:
    forever = "A1 is valid from 2026-11-01T00:00:00Z to 9999-12-31T23:59:59Z"
    wanted, finding = found("days_left", {"operator": "at_least", "value": 14}, [forever])
    assert next_change(wanted, [finding], AT) == datetime(9999, 12, 17, 23, 59, 59, tzinfo=UTC)
