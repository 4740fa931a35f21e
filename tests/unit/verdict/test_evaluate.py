"""The rules that keep verdicts honest, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.model.finding import Finding
from leeboard.planning.plan import plan
from leeboard.policy.model import ParameterDefinition
from leeboard.policy.resolve import resolve
from leeboard.verdict.evaluate import evaluate
from tests.unit.brain import AT, absent, baseline, control, device, observation, setting, unreadable, value


def verdict(*settings: dict[str, Any], readings: list[dict[str, Any]], facts: Any = None, **where: Any) -> Finding:
    wanted = resolve(baseline(control(*settings)), device(**where))
    (finding,) = evaluate(wanted, observation(readings, facts), AT)
    return finding


def idle(effective: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"address": "/idle", "effective": effective, **more}


@pytest.mark.parametrize(
    ("effective", "expected"),
    [
        (value(900), "compliant"),
        (value(300), "compliant"),
        (value(901), "drifted"),
        (value(0), "drifted"),
        (value("900"), "compliant"),
        (value("soon"), "drifted"),
        (value(True), "drifted"),
        (value(["900"]), "drifted"),
        (absent(), "drifted"),
        (unreadable(), "error"),
        (unreadable("needs_root"), "error"),
    ],
)
def test_the_effective_value_decides(effective: dict[str, Any], expected: str) -> None:
    assert verdict(setting(), readings=[idle(effective)]).verdict == expected


def test_a_wrong_type_is_drift_and_names_the_type() -> None:
    finding = verdict(setting(), readings=[idle(value("soon", type="string"))])
    assert "text where a number is meant" in finding.judged[0].reason
    assert "string" in finding.judged[0].reason


@pytest.mark.parametrize(
    ("effective", "seen"),
    [
        (value(1200), "1200 seconds"),
        (value("1200"), "1200 seconds"),
        (value(" -1 "), " -1  seconds"),
        (value("32 MB"), "32 MB"),
        (value("soon"), "soon"),
        (value(""), "(empty)"),
        (value(True), "yes"),
        (value(["1200", "900"]), "1200, 900"),
        (value("1" * 19, length=4000), "1111111111111111111 (4000 characters)"),
        (absent(), "not set"),
    ],
)
def test_only_a_number_has_a_unit(effective: dict[str, Any], seen: str) -> None:
    (judged,) = verdict(setting(unit="seconds"), readings=[idle(effective)]).judged
    assert (judged.seen, judged.wanted) == (seen, "at most 900 seconds, and not 0")


def test_configured_does_not_count_but_is_named() -> None:
    finding = verdict(setting(), readings=[idle(value(3600), configured=value(900))])
    assert finding.verdict == "drifted"
    assert "configured as 900" in finding.judged[0].reason


def test_right_on_disk_but_not_loaded_is_pending() -> None:
    assert verdict(setting(), readings=[idle(value(900), running=value(3600))]).verdict == "pending"
    assert verdict(setting(), readings=[idle(value(900), running=value(600))]).verdict == "compliant"
    assert verdict(setting(), readings=[idle(value(3600), running=value(600))]).verdict == "drifted"


def test_the_worst_user_counts_and_is_named() -> None:
    others = [{"who": "teacher", "value": 600}, {"who": "pupil", "value": 0}]
    finding = verdict(setting(), readings=[idle(value(900, others=others))])
    assert finding.verdict == "drifted"
    assert "pupil" in finding.judged[0].reason


def test_a_reading_that_was_not_given_is_an_error() -> None:
    finding = verdict(setting(), readings=[])
    assert finding.verdict == "error"
    assert "no reading" in finding.judged[0].reason


def test_an_observed_fact_makes_it_not_applicable_and_is_named() -> None:
    only_gnome = setting(applies_when=[{"fact": "desktops", "contains": "gnome"}])
    finding = verdict(only_gnome, readings=[], facts={"desktops": value([])})
    assert finding.verdict == "not_applicable"
    assert finding.reason == "desktops: none"


@pytest.mark.parametrize("fact", [unreadable(), None, value("gnome")])
def test_a_fact_that_failed_is_an_error_and_never_not_applicable(fact: Any) -> None:
    only_gnome = setting(applies_when=[{"fact": "screens", "contains": "gnome"}])
    facts = {} if fact is None else {"screens": fact}
    assert verdict(only_gnome, readings=[idle(value(900))], facts=facts).verdict == "error"


def test_a_planned_driver_is_not_checked_and_says_so() -> None:
    finding = verdict(setting(driver="kconfig"), readings=[])
    assert finding.verdict == "not_checked"
    assert finding.planned_only
    assert "KDE Plasma" in finding.judged[0].reason


def test_what_absent_means_is_judged() -> None:
    assert verdict(setting(absent={"means": 300}), readings=[idle(absent())]).verdict == "compliant"
    assert verdict(setting(absent={"means": 300}), readings=[idle(absent())], level="high").verdict == "compliant"
    assert verdict(setting(absent={"means": 600}), readings=[idle(absent())], level="high").verdict == "drifted"


def test_the_worst_setting_counts() -> None:
    other = setting(id="other", address="/other")
    readings = [idle(value(900)), {"address": "/other", "effective": value(3600)}]
    assert verdict(setting(), other, readings=readings).verdict == "drifted"


def test_a_way_that_is_not_needed_makes_no_report_an_enforced_drift() -> None:
    machine = setting(id="machine", address="/machine", route="machine")
    user = setting(id="user", address="/user", route="user")
    grace = setting(id="grace", address="/grace", mode="report", write=None)
    readings = [
        {"address": "/machine", "effective": value(300)},
        {"address": "/user", "effective": value(9999)},
        {"address": "/grace", "effective": value(9999)},
    ]
    finding = verdict(machine, user, grace, readings=readings)
    assert (finding.verdict, finding.mode) == ("drifted", "report")


def test_the_best_route_counts() -> None:
    machine = setting(id="machine", address="/machine", route="machine")
    user = setting(id="user", address="/user", route="user")
    good, bad = value(900), value(3600)

    def both(first: Any, second: Any) -> str:
        readings = [{"address": "/machine", "effective": first}, {"address": "/user", "effective": second}]
        return verdict(machine, user, readings=readings).verdict

    assert both(good, bad) == "compliant"
    assert both(bad, good) == "compliant"
    assert both(bad, bad) == "drifted"
    assert both(good, unreadable()) == "compliant"
    assert both(bad, unreadable()) == "error"  # the second may keep the control


def test_drift_in_reported_settings_only_is_reported_only() -> None:
    finding = verdict(setting(mode="report"), readings=[idle(value(0))])
    assert (finding.verdict, finding.mode) == ("drifted", "report")
    both = verdict(
        setting(mode="report"),
        setting(id="other", address="/other"),
        readings=[idle(value(0)), {"address": "/other", "effective": value(0)}],
    )
    assert (both.verdict, both.mode) == ("drifted", "enforce")


def test_text_that_was_cut_is_never_equal() -> None:
    notice = setting(accept={"operator": "equals", "value": "A" * 10}, type="string")
    cut = value("A" * 10, length=1_000_000, sha256="0" * 64)
    assert verdict(notice, readings=[idle(cut)]).verdict == "drifted"


def test_a_text_from_the_device_is_one_printable_line() -> None:
    finding = verdict(setting(), readings=[idle(value("\x1b[31mred\nnext\u202e"))])
    assert finding.judged[0].seen.isprintable()
    assert "\\x1b" in finding.judged[0].seen


def test_a_finding_survives_json() -> None:
    finding = verdict(setting(), readings=[idle(value(3600))])
    assert Finding.from_json(finding.as_json()) == finding


@pytest.mark.parametrize(
    ("effective", "given", "expected"),
    [
        (absent(), {}, "drifted"),
        (value("logs:1"), {}, "not_checked"),
        (unreadable(), {}, "error"),
        (value("logs:1"), {"collector": "logs:1"}, "compliant"),
        (value("logs:1"), {"collector": "other:1"}, "drifted"),
    ],
)
def test_a_value_that_only_the_school_can_name(effective: dict[str, Any], given: dict[str, str], expected: str) -> None:
    named = setting(accept={"operator": "equals", "value": {"parameter": "collector"}})
    definition = ParameterDefinition(title="Collector", example="a:1", missing="no collector is named", longest=20)
    policy = baseline(control(named)).model_copy(update={"parameters": {"collector": definition}})
    wanted = resolve(policy, device(parameters=given))
    seen = observation([idle(effective)])
    (finding,) = evaluate(wanted, seen, AT)
    assert finding.verdict == expected
    if not given and expected != "error":
        assert finding.judged[0].wanted == "no collector is named: set leeboard_collector"
        assert plan(wanted, seen, ["LCK"], AT) == ()  # nothing is written that nobody named
