"""While a device may put itself back, nothing that it is about counts as compliant, and whoever holds it is named."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.model.finding import Judged
from leeboard.planning.plan import plan
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict.evaluate import evaluate
from tests.unit.brain import AT, absent, baseline, control, device, observation, setting, unreadable, value

RUN = "20261201T020000Z-0000aaaa"
ARMED = value(["armed", "ada on desk", RUN, "95"])
BACK = value(["putting-back", "ada on desk", RUN, "0", "/etc/ssh/x is not as it was", "ssh.service does not run"])
RIGHT, WRONG = value(900), value(0)


def wanted(risk: str = "cut_off") -> Wanted:
    made = baseline(control(setting()))
    driver = made.drivers["dconf"].model_copy(update={"risk": risk})
    return resolve(made.model_copy(update={"drivers": {**made.drivers, "dconf": driver}}), device())


def judged(effective: dict[str, Any], fact: dict[str, Any] | None, risk: str = "cut_off", **more: Any) -> Judged:
    facts = {"checkpoint": fact} if fact else {}
    seen = observation([{"address": "/idle", "effective": effective, **more}], facts)
    (finding,) = evaluate(wanted(risk), seen, AT)
    assert finding.verdict is finding.judged[0].verdict
    return finding.judged[0]


@pytest.mark.parametrize(
    ("effective", "fact", "verdict", "code", "words"),
    [
        (RIGHT, None, "compliant", "", ""),
        (RIGHT, absent(), "compliant", "", ""),
        (RIGHT, ARMED, "pending", "pending", f"ada on desk (run {RUN}) has not confirmed it: the device puts "
         "itself back in 95 seconds"),
        (RIGHT, BACK, "error", "busy", f"the device is putting back what ada on desk (run {RUN}) changed; not back "
         "yet: /etc/ssh/x is not as it was, ssh.service does not run"),
        (RIGHT, unreadable(), "error", "failed", "whether a checkpoint is held could not be read: it broke"),
        (RIGHT, value("armed"), "error", "malformed", "makes no sense"),
        (RIGHT, value(["armed"]), "error", "malformed", "makes no sense"),
        (RIGHT, value(["confirmed", "a", "b", "0"]), "error", "malformed", "makes no sense"),
        (WRONG, ARMED, "drifted", "other_value", "ada on desk"),
        (WRONG, BACK, "drifted", "other_value", "not back yet: /etc/ssh/x"),
        (unreadable(), ARMED, "error", "failed", "it broke; ada on desk"),
    ],
)  # fmt: skip
def test_what_could_cut_off(
    effective: dict[str, Any], fact: dict[str, Any] | None, verdict: str, code: str, words: str
) -> None:
    found = judged(effective, fact)
    assert (found.verdict.value, found.code) == (verdict, code)
    assert words in found.reason


@pytest.mark.parametrize("fact", [ARMED, BACK, unreadable()])
def test_what_could_not_cut_off_is_judged_as_ever(fact: dict[str, Any]) -> None:
    assert judged(RIGHT, fact, risk="none").verdict.value == "compliant"


def test_what_a_device_says_of_itself_is_one_printable_line() -> None:
    found = judged(RIGHT, value(["putting-back", "\x1b[2Jada", "\n", "0", "x\ty"]))
    assert found.reason.isprintable() and "\\x1b[2Jada" in found.reason


def test_a_change_that_nobody_confirmed_is_planned_again_and_asks_the_device_first() -> None:
    seen = observation([{"address": "/idle", "effective": RIGHT}], {"checkpoint": ARMED})
    (step,) = plan(wanted(), seen, ["LCK"], AT)
    assert (step.risk, [change.value for change in step.changes]) == ("cut_off", [900])
