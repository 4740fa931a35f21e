"""Spans by setting: what began and ended when, and the same store however the bundles came in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.spans import MOST_ELEMENTS, REST, change, listed, states
from leeboard.evidence.store.store import Store
from leeboard.model.enums import Mode
from leeboard.model.finding import Finding, Judged
from leeboard.model.verdicts import Verdict
from leeboard.policy.load import load
from leeboard.policy.model import Baseline
from tests.unit.evidence.estate import SALT, URN, expected, observation, run_id, write
from tests.unit.evidence.estate import baseline as small_baseline


def judged(setting: str, verdict: Verdict = Verdict.DRIFTED, code: str = "other_value", **more: Any) -> Judged:
    return Judged(setting=setting, title="", address="", verdict=verdict, code=code, **more)


def finding(*settings: Judged, verdict: Verdict = Verdict.DRIFTED, control: str = "REM-10") -> Finding:
    return Finding(control, verdict, Mode.ENFORCE, settings)


def test_only_what_is_not_well_has_a_state() -> None:
    found = states([finding(judged("tries"), judged("root", Verdict.COMPLIANT, ""))], {}, SALT)
    assert found == {("REM-10", "tries", ""): ("drifted", "other_value")}


def test_a_control_without_settings_is_its_own() -> None:
    assert states([finding(verdict=Verdict.ERROR)], {}, SALT) == {("REM-10", "", ""): ("error", "")}
    assert states([finding(verdict=Verdict.NOT_APPLICABLE)], {}, SALT) == {}


def test_a_way_that_is_not_needed_is_no_trouble() -> None:
    good, bad = judged("card", Verdict.COMPLIANT, "", route="card"), judged("pin", route="pin")
    assert states([finding(good, bad, verdict=Verdict.COMPLIANT)], {}, SALT) == {}
    assert set(states([finding(judged("card", route="card"), bad)], {}, SALT)) == {
        ("REM-10", "card", ""), ("REM-10", "pin", ""),
    }  # fmt: skip


def test_members_of_a_list_count_one_by_one() -> None:
    ports = judged("ports", values=("tcp 23", "tcp 3389"))
    lists = {("REM-10", "ports"): False}
    assert [key[2] for key in states([finding(ports)], lists, SALT)] == ["tcp 23", "tcp 3389"]
    assert [key[2] for key in states([finding(ports)], {}, SALT)] == [""], "of no list"
    (key,) = states([finding(judged("ports", Verdict.ERROR, "denied"))], lists, SALT)
    assert key[2] == "", "the members are not known"


def test_more_members_than_are_kept_are_one_more() -> None:
    many = judged("ports", values=tuple(f"tcp {port}" for port in range(1000)))
    found = [key[2] for key in states([finding(many)], {("REM-10", "ports"): False}, SALT)]
    assert len(found) == MOST_ELEMENTS + 1 and found[-1] == REST
    (long,) = states([finding(judged("ports", values=("x" * 5000,)))], {("REM-10", "ports"): False}, SALT)
    assert long[2].startswith("sha256:") and len(long[2]) < 100


def test_members_that_may_name_people_are_kept_as_digests() -> None:
    accounts = judged("without-password", values=("alice", "bob"))
    found = [key[2] for key in states([finding(accounts)], {("REM-10", "without-password"): True}, SALT)]
    assert len(found) == 2 and all(one.startswith("~") for one in found) and "alice" not in repr(found)
    again = [key[2] for key in states([finding(accounts)], {("REM-10", "without-password"): True}, SALT)]
    other = [key[2] for key in states([finding(accounts)], {("REM-10", "without-password"): True}, SALT[::-1] + "0")]
    assert found == again and not set(found) & set(other)
    lists = listed(load())
    assert lists["LCK-01", "accounts-without-password"] and not lists["REM-10", "winrm-listeners"]


def test_what_ends_and_what_begins() -> None:
    before = {("A", "one", ""): ("drifted", "x"), ("A", "two", ""): ("drifted", "x"), ("B", "one", ""): ("error", "")}
    now = {("A", "one", ""): ("drifted", "y"), ("C", "one", ""): ("drifted", "x")}
    found = change(before, now, {"A", "C"})
    assert set(found.ends) == {("A", "one", ""), ("A", "two", "")}, "B was not judged, and is left as it is"
    assert found.begins == now
    assert change(now, now, {"A", "C"}).begins == {}


def everything(store: Store) -> tuple[object, ...]:
    """All that can be asked of a store."""
    devices = store.devices()
    assets = [found.device.asset for found in devices]
    return (
        devices,
        [store.history(URN, asset) for asset in assets],
        [store.observation(URN, asset) for asset in assets],
        store.bundles(),
        store.begun([URN]),
    )


NIGHT = st.fixed_dictionaries(
    {
        "LT-1": st.sampled_from([None, "unreachable", "failed", 600, 5000, "not set", "renamed"]),
        "LT-2": st.sampled_from([None, "another_machine", 600, 0]),
    }
)
VALUES = {"not set": {"lock": None}, "renamed": {"label": "Property of nobody"}}


@settings(max_examples=settings().max_examples // 3)  # two stores an example
@given(st.lists(NIGHT, min_size=1, max_size=6).flatmap(lambda n: st.tuples(st.just(n), st.permutations(range(len(n))))))
def test_bundles_that_come_in_any_order_give_the_same_store(
    tmp_path_factory: Any, case: tuple[list[dict[str, Any]], list[int]]
) -> None:
    nights, order = case
    tmp_path: Path = tmp_path_factory.mktemp("nights")
    baseline = small_baseline()
    paths = []
    for night, said in enumerate(nights):
        devices = [expected(asset) for asset in ("LT-1", "LT-2")]
        if night % 2 and said["LT-1"] is None:
            devices = devices[1:]  # not in the inventory that night
        rows: dict[str, Any] = {}
        for asset, value in said.items():
            if value in VALUES:
                rows[asset] = observation(**VALUES[value])
            elif isinstance(value, int):
                rows[asset] = observation(lock=value)
            elif value is not None:
                rows[asset] = value
        paths.append(write(tmp_path / "evidence", run_id(night), devices, rows))
    with Store(tmp_path / "at once.db") as store:
        assert ingest(store, [tmp_path / "evidence"], baseline).problems == []
        wanted = everything(store)
    turned = tmp_path / "turned" / URN
    turned.mkdir(parents=True)
    for name in ("writer.json", f"{URN}/chain.json"):
        shutil.copy(tmp_path / "evidence" / name, tmp_path / "turned" / name)
    with Store(tmp_path / "one by one.db") as store:
        for place in order:
            shutil.copy(paths[place], turned)
            ingest(store, [turned], baseline)
        assert everything(store) == wanted
    with Store(tmp_path / "one by one.db") as store:
        assert ingest(store, [turned], baseline, anew=True).new == len(paths)
        assert everything(store) == wanted


def test_history_tells_since_last_and_until(tmp_path: Path, baseline: Baseline) -> None:
    nights = {0: 600, 1: 600, 3: 5000, 5: 5000, 8: 600, 9: None}
    with Store(tmp_path / "leeboard.db") as store:
        for night, lock in nights.items():
            path = write(tmp_path / "evidence", run_id(night), [expected()], {"LT-001": observation(lock=lock)})
            ingest(store, [path], baseline)
        held = [found for found in store.history(URN, "LT-001") if found.control == "LCK-01"]
        (device,) = store.devices()
    assert [
        (one.setting, one.verdict, one.code, one.since.day, one.last.day, one.until and one.until.day) for one in held
    ] == [
        ("setting", "drifted", "other_value", 5, 7, 10),
        ("setting", "drifted", "not_set", 11, 11, None),
    ]
    assert device.since["LCK-01"].day == 11 and device.since["LBL-01"].day == 2
