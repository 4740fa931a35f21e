"""Verdicts as spans: the same whatever the order in which bundles are loaded."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from leeboard.evidence.loading import load
from leeboard.evidence.reader import Reader
from leeboard.evidence.spans import Span, put
from leeboard.evidence.store import Store
from leeboard.policy.model import Baseline
from tests.unit.evidence.estate import URN, expected, observation, run_id, write

VERDICTS = st.sampled_from([("compliant", None), ("drifted", None), ("drifted", "a"), ("drifted", "b"), ("error", "a")])
Point = tuple[str, str | None]  # verdict and cause


def in_order(points: list[tuple[str, Point]]) -> list[Span]:
    """The spans of verdicts that come in their turn, made in the plainest way."""
    found: list[Span] = []
    for run, (verdict, cause) in points:
        if not found or (found[-1].verdict, found[-1].cause) != (verdict, cause):
            if found:
                found[-1] = replace(found[-1], until=run)
            found.append(Span(verdict, "enforce", run, cause=cause))
    return found


@given(st.lists(VERDICTS, max_size=9).flatmap(lambda v: st.tuples(st.just(v), st.permutations(range(len(v))))))
def test_any_order_gives_the_same_spans(case: tuple[list[Point], list[int]]) -> None:
    verdicts, order = case
    points = [(f"run{night}", verdict) for night, verdict in enumerate(verdicts)]
    known: dict[str, Point] = {}
    spans: list[Span] = []

    def after(run: str) -> str | None:
        return min((other for other in known if other > run), default=None)

    for place in order:
        run, (verdict, cause) = points[place]
        spans = put(spans, Span(verdict, "enforce", run, cause=cause), after)
        known[run] = verdict, cause
    assert spans == in_order(points)


def test_another_mode_is_another_span() -> None:
    found = put([Span("drifted", "report", "a")], Span("drifted", "enforce", "b"), lambda _: None)
    assert found == [Span("drifted", "report", "a", "b"), Span("drifted", "enforce", "b")]


def everything(store: Store) -> tuple[object, ...]:
    """All that can be asked of a store."""
    devices = store.devices()
    assets = [found.device.asset for found in devices]
    return (
        devices,
        [store.history(URN, asset) for asset in assets],
        [store.observation(URN, asset) for asset in assets],
        store.bundles(),
    )


def load_in(folder: Path, paths: list[Path], baseline: Baseline) -> tuple[object, ...]:
    where = folder / f"{random.random()}.db"
    with Store(where) as store:
        for path in paths:
            with Reader(path) as reader:
                load(store, reader, baseline, None)
        return everything(store)


NIGHT = st.fixed_dictionaries(
    {
        "LT-1": st.sampled_from([None, "unreachable", "failed", 600, 5000, "renamed"]),
        "LT-2": st.sampled_from([None, "another_machine", 600, 0]),
    }
)


@given(st.lists(NIGHT, min_size=1, max_size=6).flatmap(lambda n: st.tuples(st.just(n), st.permutations(range(len(n))))))
def test_bundles_in_any_order_give_the_same_store(
    tmp_path_factory: object, case: tuple[list[dict[str, object]], list[int]]
) -> None:
    nights, order = case
    tmp_path: Path = tmp_path_factory.mktemp("nights")  # type: ignore[attr-defined]
    baseline = __import__("tests.unit.evidence.estate", fromlist=["baseline"]).baseline()
    paths = []
    for night, said in enumerate(nights):
        devices = [expected(asset) for asset in ("LT-1", "LT-2")]
        if night % 2 and said["LT-1"] is None:
            devices = devices[1:]  # not in the inventory that night
        rows: dict[str, object] = {}
        for asset, value in said.items():
            if value == "renamed":
                rows[asset] = observation(label="Property of nobody")
            elif isinstance(value, int):
                rows[asset] = observation(lock=value)
            elif value is not None:
                rows[asset] = value
        paths.append(write(tmp_path / "evidence", run_id(night), devices, rows))
    turned = [paths[place] for place in order]
    assert load_in(tmp_path, turned, baseline) == load_in(tmp_path, paths, baseline)


def test_history_tells_since_last_and_until(tmp_path: Path, baseline: Baseline) -> None:
    nights = {0: 600, 1: 600, 3: 5000, 5: 5000, 8: 600}
    paths = [
        write(tmp_path / "evidence", run_id(night), [expected()], {"LT-001": observation(lock=lock)})
        for night, lock in nights.items()
    ]
    with Store(tmp_path / "leeboard.db") as store:
        for path in (paths[4], paths[0], paths[2], paths[3], paths[1]):
            with Reader(path) as reader:
                load(store, reader, baseline, None)
        held = [found for found in store.history(URN, "LT-001") if found.control == "LCK-01"]
    assert [(found.verdict, found.since.day, found.last.day, found.until and found.until.day) for found in held] == [
        ("compliant", 2, 3, 5),
        ("drifted", 5, 7, 10),
        ("compliant", 10, 10, None),
    ]
