"""A waiver covers the settings and values that it names: what is worse beside them is drift, and is put back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from leeboard.model.enums import Mode
from leeboard.model.finding import Finding
from leeboard.model.observation import Observation
from leeboard.model.values import Value
from leeboard.model.verdicts import Verdict
from leeboard.model.waiver import Waiver, parse_one
from leeboard.planning.plan import plan
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import Wanted, resolve
from leeboard.verdict import waivers
from leeboard.verdict.evaluate import evaluate
from tests.unit import brain
from tests.unit.estate.risks import waiver

AT = datetime(2026, 11, 25, 2, 14, tzinfo=UTC)
SSH = waiver(control="REM-10", settings={"tries": [6]})
# What sshd -T says of a device on which all of REM-10 is met.
GOOD = {
    "PermitRootLogin": "no", "MaxAuthTries": 4, "LoginGraceTime": 60, "MaxStartups.begin": 10, "MaxStartups.rate": 30,
    "MaxStartups.full": 60, "PermitEmptyPasswords": "no", "PermitUserEnvironment": "no",
}  # fmt: skip
SSHD = {"ssh_server": brain.value(True), "ssh_servers": brain.value([])}
TRIES = "MaxAuthTries"
OPENED = {"PermitRootLogin": "yes", "PermitEmptyPasswords": "yes"}


def ssh(**changed: Any) -> Observation:
    """A visit to a device with sshd. The names stand for its keywords."""
    found = {**GOOD, **changed}
    readings = [{"driver": "sshd", "address": name, "effective": brain.value(value)} for name, value in found.items()]
    return brain.observation(readings, SSHD)


def rem_10(seen: Observation) -> Finding:
    """REM-10 of the shipped baseline."""
    found = {one.control: one for one in evaluate(resolve(load(), brain.device()), seen, AT)}
    return found["REM-10"]


def test_a_device_that_gets_worse_in_the_same_control_has_another_cause() -> None:
    before, same, worse = (rem_10(ssh(MaxAuthTries=6, **more)) for more in ({}, {}, OPENED))
    assert before.verdict == same.verdict == worse.verdict == Verdict.DRIFTED
    assert before.cause and before.cause == same.cause
    assert worse.cause != before.cause, "red hides worse"
    assert rem_10(ssh()).cause == ""


def test_a_waiver_for_six_tries_does_not_cover_root_and_empty_passwords() -> None:
    base = load()
    accepted, _ = waivers.accept([rem_10(ssh(MaxAuthTries=6))], {"REM-10": SSH}, base)
    assert [one.verdict for one in accepted] == [Verdict.WAIVED]
    (found,), spared = waivers.accept([rem_10(ssh(MaxAuthTries=6, **OPENED))], {"REM-10": SSH}, base)
    assert (found.verdict, spared) == (Verdict.DRIFTED, {})
    verdicts = {one.setting: one.verdict for one in found.judged}
    assert verdicts["tries"] is Verdict.WAIVED
    assert verdicts["root-login"] is verdicts["empty-passwords"] is Verdict.DRIFTED
    assert "W-2026-001 does not cover" in found.reason and "Root may sign in by SSH" in found.reason


@pytest.mark.parametrize(
    ("tries", "verdict"),
    [(5, "waived"), (6, "waived"), (7, "drifted"), (0, "drifted"), ("many", "drifted"), (4, "compliant")],
)
def test_the_value_that_was_accepted_and_better_ones_are_covered(tries: Any, verdict: str) -> None:
    (found,), _ = waivers.accept([rem_10(ssh(MaxAuthTries=tries))], {"REM-10": SSH}, load())
    assert found.verdict == verdict


def test_what_holds_for_somebody_else_must_be_accepted_as_well() -> None:
    others = [{"who": "root, by SSH", "value": 20}]
    seen = brain.observation(
        [
            {"driver": "sshd", "address": name, "effective": brain.value(value, others=others if name == TRIES else [])}
            for name, value in {**GOOD, TRIES: 6}.items()
        ],
        SSHD,
    )
    (found,), _ = waivers.accept([rem_10(seen)], {"REM-10": SSH}, load())
    assert found.verdict == "drifted"
    wider = waiver(control="REM-10", settings={"tries": [20]})
    assert waivers.accept([rem_10(seen)], {"REM-10": wider}, load())[1] == {"REM-10": wider}


def one_setting(operator: str, wanted: Any, found: Any, accepted: Any) -> Verdict:
    """The verdict of a control of one setting under a waiver for these values."""
    made = brain.setting(accept={"operator": operator, "value": wanted}, write=None)
    base = brain.baseline(brain.control(made))
    aspect = brain.absent() if found is None else brain.value(found)
    findings = evaluate(
        resolve(base, brain.device()), brain.observation([{"address": "/idle", "effective": aspect}]), AT
    )
    assert [one.verdict for one in findings] == [Verdict.DRIFTED]
    (after,), _ = waivers.accept(findings, {"LCK-01": waiver(settings={"idle": accepted})}, base)
    return after.verdict


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "accepted", "covered"),
    [
        ("equals", "no", "yes", ["yes"], True),
        ("equals", "no", "yes", "yes", True),
        ("equals", "no", "prohibit-password", ["yes"], False),
        ("equals", "no", None, ["yes"], False),
        ("equals", "no", None, [None], True),
        ("equals", "no", "yes", [None], False),
        ("equals", True, False, [False], True),
        ("equals", True, 0, [False], False),
        ("at_least", 14, 12, [10], True),
        ("at_least", 14, 8, [10], False),
        ("at_most_not_zero", 900, 0, [0], True),
        ("at_most_not_zero", 900, 0, [1800], False),
        ("includes", 3, 1, [1], True),
        ("includes", 3, 5, [1], True),
        ("includes", 3, 2, [1], False),
        ("one_of", ["a", "b"], "c", ["c"], True),
        ("one_of", ["a", "b"], "d", ["c"], False),
        ("none", [], ["a: psk"], ["a: psk", "b: psk"], True),
        ("none", [], ["a: psk", "c: psk"], ["a: psk", "b: psk"], False),
        ("none", [], "text", ["text"], True),
        ("only", ["ikev2"], ["ikev2", "l2tp"], ["l2tp"], True),
        ("only", ["ikev2"], ["ikev2", "pptp"], ["l2tp"], False),
        ("only_from", ["a.example"], "a.example b.example", ["b.example"], True),
        ("only_from", ["a.example"], "", ["b.example"], False),
        ("only_from", ["a.example"], "", [""], True),
        ("only_host", "log.example:6514", ["log.example:6514", "other:514"], ["other:514"], True),
        ("only_host", "log.example:6514", ["else:514"], ["other:514"], False),
        ("non_empty", "x", " ", [" "], True),
        ("permissions_at_most", "root:root 600", "root:root 640", ["root:root 644"], True),
        ("permissions_at_most", "root:root 600", "root:root 666", ["root:root 644"], False),
        ("equals", "x", "y" * 400, ["y" * 300], False),
        ("equals", "x", "{{ lookup }}", ["x"], False),
    ],
)
def test_each_operator_knows_what_is_no_worse(
    operator: str, wanted: Any, found: Any, accepted: Any, covered: bool
) -> None:
    assert one_setting(operator, wanted, found, accepted) is (Verdict.WAIVED if covered else Verdict.DRIFTED)


def test_what_is_long_or_a_template_is_named_by_its_digest() -> None:
    made = brain.setting(accept={"operator": "equals", "value": "x"}, write=None)
    base = brain.baseline(brain.control(made))
    for found in ("y" * 400, "{{ lookup('file') }}", "a\nb"):
        seen = brain.observation([{"address": "/idle", "effective": brain.value(found)}])
        (finding,) = evaluate(resolve(base, brain.device()), seen, AT)
        ((named,),) = [one.values for one in finding.judged]
        assert isinstance(named, str) and named.startswith("sha256:") and len(named) == 71
        assert Finding.from_json(finding.as_json()) == finding
        spared = waivers.accept([finding], {"LCK-01": waiver(settings={"idle": [named]})}, base)[1]
        assert list(spared) == ["LCK-01"]


def test_a_waiver_without_settings_covers_everything_but_no_other_verdict() -> None:
    free = waiver(control="REM-10")
    (found,), spared = waivers.accept([rem_10(ssh(MaxAuthTries=6, **OPENED))], {"REM-10": free}, load())
    assert (found.verdict, spared, free.covered) == (
        "waived", {"REM-10": free}, "everything that this control ever finds"
    )  # fmt: skip
    base = brain.baseline(
        brain.control(brain.setting(), brain.setting(id="more", address="/more", absent="not_checked"))
    )
    seen = brain.observation(
        [{"address": "/idle", "effective": brain.value(5000)}, {"address": "/more", "effective": brain.absent()}]
    )
    (found,), spared = waivers.accept(evaluate(resolve(base, brain.device()), seen, AT), {"LCK-01": waiver()}, base)
    assert (found.verdict, spared) == ("not_checked", {}), "that nobody knows of the other was never accepted"


def test_what_an_older_leeboard_found_without_values_stays_drift() -> None:
    old = rem_10(ssh(MaxAuthTries=6)).as_json()
    for one in old["judged"]:
        one.pop("values", None)
    (found,), spared = waivers.accept([Finding.from_json(old)], {"REM-10": SSH}, load())
    assert (found.verdict, spared) == ("drifted", {}) and "check again" in found.reason


def test_a_route_that_is_accepted_spares_the_others() -> None:
    base = brain.baseline(
        brain.control(brain.setting(route="a"), brain.setting(id="other", address="/other", route="b"))
    )
    seen = brain.observation([{"address": place, "effective": brain.value(5000)} for place in ("/idle", "/other")])
    risk = waiver(granted="2026-11-01", settings={"idle": [5000]})
    wanted = resolve(base, brain.device(waivers=[risk.model_dump(mode="json")]))
    (found,), spared = waivers.accept(evaluate(wanted, seen, AT), {"LCK-01": risk}, base)
    assert (found.verdict, spared) == ("waived", {"LCK-01": risk})
    assert plan(waivers.left_alone(wanted, AT, seen)[0], seen, ["LCK"], AT) == ()


def of_two(risk: Waiver) -> tuple[Baseline, Wanted]:
    base = brain.baseline(brain.control(brain.setting(), brain.setting(id="grace", address="/grace")))
    return base, resolve(base, brain.device(waivers=[risk.model_dump(mode="json")]))


@pytest.mark.parametrize(
    ("idle", "grace", "written"),
    [
        (5000, 300, {}),
        (4000, 300, {}),
        (5000, 1000, {"/grace": 900}),
        (6000, 300, {"/idle": 900}),
        (6000, 1000, {"/idle": 900, "/grace": 900}),
        (300, 1000, {"/grace": 900}),
    ],
)
def test_a_roll_out_mends_what_the_waiver_does_not_cover(idle: int, grace: int, written: dict[str, Value]) -> None:
    _, wanted = of_two(waiver(settings={"idle": [5000]}))
    seen = brain.observation(
        [{"address": "/idle", "effective": brain.value(idle)}, {"address": "/grace", "effective": brain.value(grace)}]
    )
    narrowed, spared = waivers.left_alone(wanted, AT, seen)
    assert list(spared) == ["LCK-01"]
    steps = plan(narrowed, seen, ["LCK"], AT)
    assert {change.address: change.value for step in steps for change in step.changes} == written
    assert [one.verdict for one in evaluate(narrowed, seen, AT)] == [one.verdict for one in evaluate(wanted, seen, AT)]


def test_drift_that_is_left_is_only_reported_where_all_of_it_is() -> None:
    base = brain.baseline(brain.control(brain.setting(), brain.setting(id="grace", address="/grace", mode="report")))
    seen = brain.observation([{"address": place, "effective": brain.value(5000)} for place in ("/idle", "/grace")])
    (before,) = evaluate(resolve(base, brain.device()), seen, AT)
    (found,), _ = waivers.accept([before], {"LCK-01": waiver(settings={"idle": [5000]})}, base)
    assert (before.mode, found.verdict, found.mode) == (Mode.ENFORCE, Verdict.DRIFTED, Mode.REPORT)


def test_values_by_device() -> None:
    risk = waiver(devices=["A-1", "A-2", "A-3"], settings={"idle": {"A-1": [5000], "A-2": 7000}})
    base, _ = of_two(risk)
    for asset, verdicts in {"A-1": ("waived", "drifted"), "A-2": ("waived", "waived"), "A-3": ("drifted",) * 2}.items():
        mine = risk.narrowed(asset)
        assert mine.settings[0].of(asset) == risk.settings[0].of(asset)
        assert sum(len(one.by_device or ()) for one in mine.settings) == (asset != "A-3")
        for idle, verdict in zip((5000, 7000), verdicts, strict=True):
            seen = brain.observation(
                [
                    {"address": "/idle", "effective": brain.value(idle)},
                    {"address": "/grace", "effective": brain.value(300)},
                ]
            )
            (found,), _ = waivers.accept(
                evaluate(resolve(base, brain.device()), seen, AT), {"LCK-01": mine}, base, asset
            )
            assert found.verdict == verdict, asset
    devices = [
        brain.device(name=asset.lower(), asset=asset).model_copy(update={"waivers": (risk.narrowed(asset),)})
        for asset in risk.devices
    ]
    assert waivers.torn(devices) == {}
    (one,) = waivers.standings(devices, base, AT)
    assert (one.waiver, one.problem) == (risk, "")
    again = parse_one(risk.model_dump(mode="json", exclude_defaults=True))
    assert again == risk and hash(again) == hash(risk)


def test_different_values_under_one_id_are_torn_apart() -> None:
    one, other = (waiver(settings={"idle": [value]}) for value in (5000, 6000))
    devices = [
        brain.device(name=asset.lower(), asset=asset).model_copy(update={"waivers": (risk,)})
        for asset, risk in (("A-1", one), ("A-2", other))
    ]
    assert waivers.torn(devices) == {"900001": {"W-2026-001"}}


def test_a_setting_that_the_control_does_not_have_makes_a_waiver_void() -> None:
    assert "REM-10 has no setting trys; it has root-login, tries" in waivers.refused(
        waiver(control="REM-10", settings={"trys": [6]}), load()
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([6], "write a setting and the values that are accepted"),
        ("tries", "write a setting and the values that are accepted"),
        ({"tries": [1.5]}, "tries has 1.5, and a value is text, a number, a switch or null"),
        ({"tries": ["x" * 301]}, "longer than 300 characters"),
        ({"tries": ["{{ x }}"]}, "no plain text"),
        ({"tries": {"A-1": [{"a": 1}]}}, "tries has {'a': 1}"),
        ({"tries": list(range(101))}, "tries has 101 values, at most 100"),
        ({"Root login": [6]}, "'Root login' is no name of a setting"),
        ({f"s{number}": [1] for number in range(101)}, "it names 101 settings"),
    ],
)
def test_settings_that_make_no_sense_are_told_in_one_line(settings: Any, words: str) -> None:
    told = parse_one({**waiver().model_dump(mode="json", exclude_defaults=True), "settings": settings})
    assert isinstance(told, str) and words in told and told.isprintable() and "\n" not in told


def test_a_switch_where_text_is_meant_makes_a_waiver_void() -> None:
    bare = waiver(control="REM-10", settings={"root-login": [True]})
    assert waivers.refused(bare, load()) == (
        "root-login is text, and a bare yes, no, on or off is a switch in YAML; put it into quotes"
    )
    assert waivers.refused(waiver(control="REM-10", settings={"root-login": ["yes"]}), load()) == ""


def test_values_for_a_device_that_the_waiver_is_not_for_are_a_problem() -> None:
    devices = [brain.device(name="a-1", asset="A-1")]
    wrong = waiver(settings={"idle": {"A-1": [5000], "A-7": [6000]}})
    assert waivers.unmatched(wrong, devices) == "its settings name A-7, and it is not for that device"
    assert waivers.unmatched(waiver(settings={"idle": {"A-1": [5000]}}), devices) == ""


def test_what_is_covered_beside_an_error_is_no_drift_and_the_error_stays() -> None:
    base = brain.baseline(brain.control(brain.setting(), brain.setting(id="more", address="/more")))
    seen = brain.observation(
        [{"address": "/idle", "effective": brain.value(5000)}, {"address": "/more", "effective": brain.unreadable()}]
    )
    findings = evaluate(resolve(base, brain.device()), seen, AT)
    (found,), spared = waivers.accept(findings, {"LCK-01": waiver(settings={"idle": [5000]})}, base)
    assert (found.verdict, spared, [one.verdict for one in found.judged]) == ("error", {}, ["waived", "error"])
    (found,), _ = waivers.accept(findings, {"LCK-01": waiver(settings={"idle": [4000]})}, base)
    assert [one.verdict for one in found.judged] == ["drifted", "error"]


VNC, HELP = "x11vnc (TCP 5900 on every address)", "anydesk.service (starts with the machine)"


@pytest.mark.parametrize(
    ("allowed", "found", "stays"),
    [
        ("none", [VNC, HELP], [VNC]),  # what the waiver accepts, and nothing beside it
        ("none", [HELP], []),
        ("anydesk: the helpdesk looks in by it", [VNC, HELP, "krfb (TCP 5901 on every address)"], [HELP, VNC]),
    ],
)
def test_what_stays_of_a_list_is_what_is_accepted_and_what_is_allowed(
    allowed: str, found: list[str], stays: list[str]
) -> None:
    risk = waiver(control="REM-06", granted="2026-11-01", settings={"desktop-sharing": [VNC]})
    carrier = brain.device(waivers=[risk.model_dump(mode="json")], parameters={"desktop_sharing": allowed})
    wanted = resolve(load(), carrier)
    reading = {"driver": "listening", "address": "desktop-sharing", "effective": brain.value(found)}
    seen = brain.observation([reading], {"desktops": brain.value([]), "xrdp": brain.value(False)})
    narrowed, _ = waivers.left_alone(wanted, AT, seen)
    (step,) = plan(narrowed, seen, ["REM"], AT)
    assert [(change.address, list(change.value)) for change in step.changes] == [("desktop-sharing", stays)]
