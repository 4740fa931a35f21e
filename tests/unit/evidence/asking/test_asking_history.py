"""History: what was put in comes out, night by night, and each change is told once with the run that saw it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leeboard.evidence.asking.history import (
    BETTER,
    LATE,
    MENDED,
    OTHER,
    WORSE,
    Event,
    Run,
    Scope,
    Spell,
    events,
    observed,
    spells,
)
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from tests.unit.evidence.estate import NIGHT, URN, baseline, expected, observation, run_id, write

ASSETS = ("LT-1", "LT-2")
UNREADABLE = {"state": "unreadable", "code": "denied", "why": "it was refused", "source": "x"}
# What a device may answer, and what that is by the small baseline: None is well.
ANSWERS: dict[str, tuple[Any, tuple[str, str] | None]] = {
    "good": (600, None),
    "long": (5000, ("drifted", "other_value")),
    "not set": (None, ("drifted", "not_set")),
    "refused": (UNREADABLE, ("error", "denied")),
}
SILENT = "silent"
WEEK = st.lists(
    st.fixed_dictionaries({asset: st.sampled_from([SILENT, *ANSWERS]) for asset in ASSETS}), min_size=1, max_size=7
)


def answer(name: str) -> dict[str, Any]:
    value, _ = ANSWERS[name]
    found = observation(lock=value if not isinstance(value, dict) else 600)
    if isinstance(value, dict):
        found["readings"][0]["effective"] = value
    return found


def loaded(store: Store, folder: Path, week: list[dict[str, str]]) -> None:
    for night, answers in enumerate(week):
        lines = {asset: answer(name) for asset, name in answers.items() if name != SILENT}
        write(folder / "evidence", run_id(night), [expected(asset) for asset in ASSETS], lines)
    assert ingest(store, [folder / "evidence"], baseline()).problems == []


def check(store: Store, week: list[dict[str, str]]) -> None:
    """Compare with what was put in: the spells that cover each night, and the state that the events lead to."""
    with store.reading() as session:
        every = list(spells(session, Scope(controls=["LCK-01"])))
        seen = {asset: [run.id for run in observed(session, [(URN, asset)])] for asset in ASSETS}
    told = sorted(events(every), key=lambda one: one.run.place)
    state: dict[str, tuple[str, str] | None] = dict.fromkeys(ASSETS)
    for place, answers in enumerate(week, 1):
        for event in (one for one in told if one.run.place == place):
            assert (state[event.asset] or ("", ""))[0] == event.was
            state[event.asset] = (event.verdict, event.code) if event.verdict else None
        for asset, name in answers.items():
            if name == SILENT:
                assert run_id(place - 1) not in seen[asset]
                continue
            assert run_id(place - 1) in seen[asset]
            wanted = ANSWERS[name][1]
            covering = [
                (one.verdict, one.code)
                for one in every
                if one.asset == asset and one.since.place <= place and (one.until is None or place < one.until.place)
            ]
            assert covering == ([wanted] if wanted else [])
            assert state[asset] == wanted


@given(WEEK)
def test_the_history_of_a_random_week_is_what_was_put_in(tmp_path_factory: Any, week: list[dict[str, str]]) -> None:
    folder: Path = tmp_path_factory.mktemp("week")
    with Store(folder / "leeboard.db") as store:
        loaded(store, folder, week)
        check(store, week)


def test_each_kind_of_store_tells_the_same(store: Store, tmp_path: Path) -> None:
    names = ("good", "long", SILENT, "not set", "refused", "long", "good")
    week = [dict.fromkeys(ASSETS, name) for name in names]
    loaded(store, tmp_path, week)
    check(store, week)
    with store.reading() as session:
        one = list(events(spells(session, Scope(keys=[(URN, "LT-1")]))))
        nothing = list(spells(session, Scope(urns=["999999"])))
        by_setting = list(spells(session, Scope(setting="setting", urns=[URN])))
    assert [(event.kind, event.run.id, event.was) for event in one] == [
        (WORSE, run_id(1), ""),
        (OTHER, run_id(3), "drifted"),
        (WORSE, run_id(4), "drifted"),
        (BETTER, run_id(5), "error"),
        (MENDED, run_id(6), "drifted"),
    ]
    assert {event.name for event in one} == {"LCK-01.setting"} and not nothing and len(by_setting) == 8


def test_the_action_of_the_run_is_told(tmp_path: Path) -> None:
    with Store(tmp_path / "leeboard.db") as store:
        loaded(store, tmp_path, [{"LT-1": "long", "LT-2": SILENT}])
        with store.reading() as session:
            (spell,) = spells(session, Scope(keys=[(URN, "LT-1")]))
    assert (spell.since.action, spell.since.at, spell.until) == ("check", NIGHT, None)


def spell(setting: str, since: int, until: int | None, verdict: str = "drifted", **more: Any) -> Spell:
    def run(place: int) -> Run:
        return Run(run_id(place), NIGHT, "check", place)

    given: dict[str, Any] = {"element": "", "code": "", **more}
    return Spell(
        URN, "LT-1", "REM-10", setting, verdict=verdict, since=run(since), until=run(until) if until else None, **given
    )


def kinds(found: list[Event]) -> list[tuple[str, int, str]]:
    return [(one.kind, one.run.place, f"{one.name} {one.element}".strip()) for one in found]


def test_a_member_that_can_no_longer_be_read_is_not_mended() -> None:
    several = [
        spell("ports", 5, 8, "error"),
        spell("ports", 1, 5, element="tcp 23"),
        spell("ports", 8, 9, element="tcp 23"),
    ]
    told = list(events(several))
    assert kinds(told) == [
        (WORSE, 5, "REM-10.ports"),
        (WORSE, 1, "REM-10.ports tcp 23"),
        (BETTER, 8, "REM-10.ports tcp 23"),
        (MENDED, 9, "REM-10.ports tcp 23"),
    ]
    assert [one.was for one in told] == ["drifted", "", "error", "drifted"]


def test_what_another_controller_saw_late_begins_and_ends_nothing() -> None:
    several = [spell("ports", 2, None, late=True), spell("ports", 2, 4)]
    assert kinds(list(events(several))) == [
        (LATE, 2, "REM-10.ports"),
        (WORSE, 2, "REM-10.ports"),
        (MENDED, 4, "REM-10.ports"),
    ]
