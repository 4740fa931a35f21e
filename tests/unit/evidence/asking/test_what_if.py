"""What-if: what it says is what a real check by that policy finds, and no device is asked for it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.evidence.asking import what_if
from leeboard.evidence.asking.what_if import Sums, judged_again, never_observed
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.status import estate_status
from leeboard.evidence.store.store import Store
from leeboard.model.enums import Level
from leeboard.model.finding import Finding
from leeboard.model.observation import Observation, parse
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from leeboard.policy.resolve import Wanted, resolve
from leeboard.policy.supposing import supposed
from leeboard.verdict import what_if as verdict_what_if
from leeboard.verdict.evaluate import evaluate
from leeboard.verdict.what_if import Change, Policy
from tests.scale.evidence_load import answers, devices
from tests.unit.evidence.estate import NIGHT, URN, baseline, expected, observation, run_id, write

AT = NIGHT + timedelta(hours=3)
WAIVER = {
    "id": "W-1", "control": "LCK-01", "devices": ("LT-2",), "settings": {"setting": [5000]}, "reason": "a reason",
    "owner": "Head", "approved_by": "Governors", "granted": "2026-11-01", "last_day": "2026-12-31",
}  # fmt: skip
# What devices may say: each lock with each label.
SAID = [
    {"lock": lock, "label": label}
    for lock in (100, 600, 5000, None, "no number")
    for label in ("Property of a school", "x")
]


def filed(store: Store, folder: Path, said: list[dict[str, Any]], level: str, policy: Baseline) -> None:
    """A night on which devices of a level said this; the second has an accepted risk."""
    every = [
        expected(f"LT-{place}", level=level, waivers=[WAIVER] if place == 2 else [])
        for place in range(1, len(said) + 1)
    ]
    lines = {f"LT-{place}": observation(**one) for place, one in enumerate(said, 1)}
    write(folder / "evidence", run_id(0), [*every, expected("LT-0")], lines)
    assert ingest(store, [folder / "evidence"], policy).problems == []


def verdicts(store: Store, policy: Baseline, at: datetime = AT) -> dict[str, dict[str, str]]:
    status = estate_status(store, policy, (), at)
    return {one.device.asset: {f.control: f.verdict.value for f in one.findings} for one in status.devices if one.seen}


def with_changes(store: Store, now: Baseline, then: Policy, at: datetime = AT) -> dict[str, dict[str, str]]:
    """The verdicts that the store has, with those in their places that would be other ones."""
    found = verdicts(store, now, at)
    for one in judged_again(store, (Policy(now), then), at, None, ()):
        assert not one.judged.problem
        for change in one.judged.changes:
            assert found[one.asset][change.control] == change.before
            found[one.asset][change.control] = change.after
    return found


@pytest.mark.parametrize("level", list(Level))
def test_another_level_is_what_a_check_at_that_level_finds(tmp_path: Path, level: Level) -> None:
    with Store(tmp_path / "now.db") as now, Store(tmp_path / "then.db") as then:
        filed(now, tmp_path / "now", SAID, "standard", baseline())
        filed(then, tmp_path / "then", SAID, level.value, baseline())
        assert with_changes(now, baseline(), Policy(baseline(), level)) == verdicts(then, baseline())


@pytest.mark.parametrize("most", [50, 600, 10_000])
def test_another_value_is_what_a_check_by_it_finds(tmp_path: Path, most: int) -> None:
    other = supposed(baseline(), [f"LCK-01={most}"]).baseline
    with Store(tmp_path / "now.db") as now, Store(tmp_path / "then.db") as then:
        filed(now, tmp_path / "now", SAID, "standard", baseline())
        filed(then, tmp_path / "then", SAID, "standard", other)
        assert with_changes(now, baseline(), Policy(other)) == verdicts(then, other)


def test_another_driver_is_another_policy(tmp_path: Path) -> None:
    planned = baseline().drivers["dconf"].model_copy(update={"state": "planned", "module": None})
    other = baseline().model_copy(update={"drivers": {**baseline().drivers, "dconf": planned}})
    with Store(tmp_path / "now.db") as now, Store(tmp_path / "then.db") as then:
        filed(now, tmp_path / "now", SAID, "standard", baseline())
        filed(then, tmp_path / "then", SAID, "standard", other)
        assert with_changes(now, baseline(), Policy(other)) == verdicts(then, other)


def test_by_the_shipped_baseline_it_is_the_same_too(tmp_path: Path) -> None:
    policy, device, said = load(), devices(1)[0][0], answers(1)
    said |= {"observed_at": NIGHT.isoformat()}
    write(tmp_path / "evidence", run_id(0), [device], {device.asset: said}, urn=device.urn)
    with Store(tmp_path / "leeboard.db") as store:
        assert ingest(store, [tmp_path / "evidence"], policy).problems == []
        for level in Level:
            (one,) = judged_again(store, (Policy(policy), Policy(policy, level)), AT, None, ())
            raised = device.device.model_copy(update={"level": level})
            stored = store.observation(device.urn, device.asset)
            wanted = {f.control: f.verdict.value for f in evaluate(resolve(policy, raised), parse(stored), AT)}
            assert {c.control: c.after for c in one.judged.changes}.items() <= wanted.items()
            same = {f.control: f.verdict.value for f in evaluate(resolve(policy, device.device), parse(stored), AT)}
            changed = {c.control for c in one.judged.changes}
            assert {c for c in wanted if wanted[c] != same[c]} == changed
            assert bool(changed) is (level is not Level.STANDARD)


@pytest.mark.parametrize("days", [5, 10, 20])
@pytest.mark.parametrize("level", list(Level))
def test_what_is_too_old_for_another_level_is_stale_there(tmp_path: Path, level: Level, days: int) -> None:
    at = AT + timedelta(days=days)
    with Store(tmp_path / "now.db") as now, Store(tmp_path / "then.db") as then:
        filed(now, tmp_path / "now", SAID, "standard", baseline())
        filed(then, tmp_path / "then", SAID, level.value, baseline())
        assert with_changes(now, baseline(), Policy(baseline(), level), at) == verdicts(then, baseline(), at)


def test_by_another_limit_of_age_all_that_is_asked_is_stale(tmp_path: Path) -> None:
    at, other = AT + timedelta(days=5), supposed(baseline(), ["FWD-03=2"]).baseline
    with Store(tmp_path / "leeboard.db") as store:
        filed(store, tmp_path, SAID, "standard", baseline())
        assert with_changes(store, baseline(), Policy(other), at) == verdicts(store, other, at)


def test_equal_answers_are_judged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []

    def noted(wanted: Wanted, observation: Observation, at: datetime) -> tuple[Finding, ...]:
        judged.extend(control.control.id for control in wanted.controls)
        return evaluate(wanted, observation, at)

    said = [{"lock": lock} for lock in (100, 5000)] * 20
    with Store(tmp_path / "leeboard.db") as store:
        filed(store, tmp_path, said, "standard", baseline())
        monkeypatch.setattr(verdict_what_if, "evaluate", noted)
        policies = (Policy(baseline()), Policy(supposed(baseline(), ["LCK-01=300"]).baseline))
        found = list(judged_again(store, policies, AT, None, ()))
        assert judged == ["LCK-01"] * 4  # two answers by two policies
        # Nor do more of them fill the memory.
        monkeypatch.setattr(verdict_what_if, "MOST_KNOWN", 1)
        assert list(judged_again(store, policies, AT, None, ())) == found


def test_equal_readings_beside_other_facts_are_not_the_same(tmp_path: Path) -> None:
    policy, other = load(), supposed(load(), ["LCK-01.idle-delay=60"]).baseline
    every = [device for school in devices(4) for device in school]
    lines = {device.asset: answers(1) | {"observed_at": NIGHT.isoformat()} for device in every}
    for device in every[1::2]:
        lines[device.asset]["facts"]["desktops"]["value"] = ["plasma"]  # asked for nothing of GNOME's
    write(tmp_path / "evidence", run_id(0), every, lines, urn=every[0].urn)
    with Store(tmp_path / "leeboard.db") as store:
        assert ingest(store, [tmp_path / "evidence"], policy).problems == []
        found = [one.judged.changes for one in judged_again(store, (Policy(policy), Policy(other)), AT, None, ())]
    worse = (Change("LCK-01", "compliant", "drifted"),)
    assert found == [worse, (), worse, ()]


def test_each_store_and_a_pool_of_processes_say_the_same(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [{"lock": lock} for lock in (100, 400, 600, 5000, None)]
    filed(store, tmp_path, said, "standard", baseline())
    policies = (Policy(baseline()), Policy(supposed(baseline(), ["LCK-01=300"]).baseline))
    alone = list(judged_again(store, policies, AT, None, ()))
    monkeypatch.setattr(what_if, "FEW", 2)
    monkeypatch.setattr(what_if, "AT_ONCE", 2)
    assert list(judged_again(store, policies, AT, None, (), processes=2)) == alone
    assert [one.asset for one in alone] == [f"LT-{place}" for place in range(1, 6)]
    sums = Sums(never=never_observed(store, None, ()))
    for one in alone:
        sums.add(one)
    assert (sums.devices, sums.never, sums.worse, sums.better) == (5, 1, 2, 0)
    # The accepted risk of the second covers what is better than what was accepted.
    assert sums.moves == {Change("LCK-01", "compliant", "drifted"): 1, Change("LCK-01", "compliant", "waived"): 1}
    only = list(judged_again(store, policies, AT, None, [(URN, "LT-2")]))
    assert [one.asset for one in only] == ["LT-2"] and not list(judged_again(store, policies, AT, ["999999"], ()))


def test_a_device_that_cannot_be_judged_is_a_problem_and_no_verdict(tmp_path: Path) -> None:
    with Store(tmp_path / "leeboard.db") as store:
        every = [expected("LT-1", problem="", overrides={"LCK-99": {"setting": 1}})]
        write(tmp_path / "evidence", run_id(0), every, {"LT-1": observation()})
        ingest(store, [tmp_path / "evidence"], baseline())
        found = list(judged_again(store, (Policy(baseline()), Policy(baseline(), Level.HIGH)), AT, None, ()))
    sums = Sums()
    for one in found:
        sums.add(one)
    assert not sums.worse and len(sums.problems) == len(found)


@pytest.mark.parametrize(
    ("demand", "words"),
    [
        ("LCK-01", "say CONTROL=VALUE"),
        ("LCK-99=3", "there is no such control"),
        ("LCK-01.delay=3", "LCK-01 has no such setting; it has idle-delay"),
        ("LCK-01=soon", "idle-delay is a whole number"),
        ("LCK-01.lock-enabled=maybe", "is a switch: say true or false"),
        ("LCK-01=-1", "it takes 0 to 4294967295"),
    ],
)
def test_a_demand_that_makes_no_sense_is_refused(demand: str, words: str) -> None:
    with pytest.raises(LeeboardError, match=words):
        supposed(load(), [demand])


def test_a_control_alone_means_all_settings_that_want_the_same() -> None:
    policy = load()
    found = supposed(policy, ["LCK-01=300", "lck-01.plasma-timeout=5", "LCK-01.lock-enabled=no"])
    assert found.values == (
        "LCK-01.idle-delay: 300 seconds",
        "LCK-01.inactivity-limit: 300 seconds",
        "LCK-01.screen-saver-timeout: 300 seconds",
        "LCK-01.plasma-timeout: 5 minutes",
        "LCK-01.lock-enabled: no",
    )
    assert {"LCK-01.lock-delay", "LCK-01.plasma-timeout"} <= set(found.left)
    control = found.baseline.control("LCK-01")
    assert control is not None and found.baseline.digest != policy.digest
    wanted = {one.id: one.accept.value.every_value() for one in control.settings}
    assert wanted["idle-delay"] == (300, 300, 300) and wanted["lock-enabled"] == (False, False, False)
    assert json.dumps(policy.model_dump(mode="json")) == json.dumps(load().model_dump(mode="json")), "ours is as it was"
