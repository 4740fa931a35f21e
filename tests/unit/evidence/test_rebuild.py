"""The store made anew from the bundles: the same where nothing was changed, and what differed where something was."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from sqlalchemy import text
from typer.testing import CliRunner

from leeboard.cli import ingest as command
from leeboard.evidence.loading import load as loading
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.policy.model import Baseline
from tests.unit.evidence.estate import URN, expected, observation, run_id, write
from tests.unit.evidence.test_spans import everything

NIGHTS = (600, 5000, None)


@pytest.fixture
def three(store: Store, tmp_path: Path, baseline: Baseline) -> list[Path]:
    """Three nights of two laptops, loaded into the store; one drifts on the second night."""
    paths = []
    for night, lock in enumerate(NIGHTS):
        lines = {"LT-1": observation(lock=lock), "LT-2": observation(serial="PF2ABCDE")}
        devices = [expected("LT-1"), expected("LT-2")]
        paths.append(write(tmp_path / "evidence", run_id(night), devices, lines))
    assert ingest(store, [tmp_path / "evidence"], baseline).new == 3
    return paths


def rebuild(store: Store, tmp_path: Path, baseline: Baseline) -> tuple[list[str], list[str]]:
    done = ingest(store, [tmp_path / "evidence"], baseline, tmp_path / "evidence", verify=True, anew=True)
    return done.differences, done.problems


# What somebody does to the store, and what a rebuild says of it.
CHANGES = {
    "a verdict gone": ("DELETE FROM span WHERE control = 'LCK-01'", "LT-1: 0 spans were something else, and 2 were"),
    "a verdict begun later": ("UPDATE span SET since = 3 WHERE code = 'other_value'", "LT-1: 1 spans were something"),
    "a moment": (
        "UPDATE device SET since = replace(since, '2026-11-04', '2026-11-03') WHERE asset = 'LT-1'",
        "LT-1: since when verdicts stand was something else (LCK-01)",
    ),
    "an answer of another": (
        "UPDATE device SET body = (SELECT body FROM device WHERE asset = 'LT-2') WHERE asset = 'LT-1'",
        "LT-1: what it said was something else",
    ),
    "never seen": ("UPDATE visit SET observed = NULL WHERE asset = 'LT-2'", "LT-2: observed was none, and is"),
    "a device gone": ("DELETE FROM visit WHERE asset = 'LT-2'", "LT-2: the store did not know it"),
    "other content": (
        "UPDATE bundle SET sha256 = 'x' WHERE place = 2",
        f"run {run_id(1)}: the store had other content",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_in_the_store_is_said_and_put_right(
    store: Store, three: list[Path], tmp_path: Path, baseline: Baseline, name: str
) -> None:
    wanted = everything(store)
    change, words = CHANGES[name]
    with store.engine.begin() as connection:
        assert connection.execute(text(change)).rowcount > 0
    found, problems = rebuild(store, tmp_path, baseline)
    assert problems == [] and len(found) == 1 and found[0].startswith(f"school {URN}: {words}"), found
    assert everything(store) == wanted
    assert rebuild(store, tmp_path, baseline) == ([], [])


def test_a_run_that_the_store_lost_is_said(store: Store, three: list[Path], tmp_path: Path, baseline: Baseline) -> None:
    wanted = everything(store)
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM bundle WHERE place = 1"))
    found, problems = rebuild(store, tmp_path, baseline)
    assert f"school {URN}: run {run_id(0)}: the store did not know it" in found and problems == []
    assert everything(store) == wanted


def test_a_school_whose_bundles_are_gone_is_left_as_it_is(
    store: Store, three: list[Path], tmp_path: Path, baseline: Baseline
) -> None:
    wanted = everything(store)
    three[0].unlink()
    found, problems = rebuild(store, tmp_path, baseline)
    assert found == [] and everything(store) == wanted
    assert any(f"the store knows 1 run of which no bundle is here ({run_id(0)})" in one for one in problems)


def test_a_rebuild_is_whole_or_not_at_all(
    store: Store, three: list[Path], tmp_path: Path, baseline: Baseline, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, points, calls = everything(store), loading._points, []

    def killed(*given: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return points(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "_points", killed)
    with pytest.raises(KeyboardInterrupt):
        rebuild(store, tmp_path, baseline)
    assert everything(store) == wanted


def test_the_command(tmp_path: Path, baseline: Baseline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "load", lambda: baseline)
    write(tmp_path / "evidence", run_id(0), [expected("LT-1")], {"LT-1": observation(lock=5000)})
    app = typer.Typer()
    app.command()(command.rebuild)
    with Store(tmp_path / "leeboard.db") as store:
        ingest(store, [tmp_path / "evidence"], baseline)
    result = CliRunner().invoke(app, ["--var", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "1 bundle loaded, 0 differences, 0 problems\n")
    with Store(tmp_path / "leeboard.db") as store, store.engine.begin() as connection:
        connection.execute(text("DELETE FROM span"))
    result = CliRunner().invoke(app, ["--var", str(tmp_path), URN])
    assert result.exit_code == 3 and "1 bundle loaded, 1 difference, 0 problems\n" in result.output
    assert f"differed: school {URN}: LT-1: 0 spans were something else, and 1 were missing\n" in result.output


def test_two_who_load_at_once_make_one_store(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    """The second has looked at the folder before the first has loaded what is new in it."""
    first = write(tmp_path / "evidence", run_id(0), [expected("LT-1")], {"LT-1": observation()})
    read = store.bundles
    stale = read([URN])
    assert ingest(store, [first], baseline).new == 1
    store.bundles = lambda *_, **__: stale  # type: ignore[method-assign]
    done = ingest(store, [first], baseline)
    store.bundles = read  # type: ignore[method-assign]
    assert (done.new, done.known, done.problems) == (0, 1, [])
    assert len(store.bundles()) == 1
