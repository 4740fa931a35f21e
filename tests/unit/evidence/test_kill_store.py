"""Whoever is killed at any statement of a load, a rebuild or an upgrade leaves a store that is whole, old or new."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.policy.model import Baseline
from tests.unit.evidence.estate import expected, observation, run_id, write
from tests.unit.evidence.test_causes import OLD_STORE
from tests.unit.evidence.test_spans import everything
from tests.unit.killed import killed

STEP = 1 if os.environ.get("LEEBOARD_FULL") else 7  # statements between two kills by day
MOST = 400  # statements; none takes as many


def dies(work: Callable[[], object], nth: int) -> bool:
    """Do something in a child that kills itself just before its nth statement. False when it never got there."""

    def counting() -> None:
        count = 0

        def counted(*_: Any) -> None:
            nonlocal count
            count += 1
            if count == nth:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", counted)
        work()

    return killed(counting)


def copied(folder: Path, name: str) -> Path:
    """A folder var of its own, with evidence and store."""
    target = folder.with_name(name)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    return target


def load(folder: Path, baseline: Baseline, anew: bool = False) -> None:
    with Store(folder / "leeboard.db") as store:
        done = ingest(store, [folder / "evidence"], baseline, folder / "evidence", verify=anew, anew=anew)
        assert done.problems == []


def said(folder: Path) -> tuple[object, ...]:
    with Store(folder / "leeboard.db") as store:
        return everything(store)


def killed_everywhere(start: Path, work: Callable[[Path], None]) -> None:
    """Kill the work at each statement; what is left is as before or as after, and doing it again ends as it should."""
    done = copied(start, "done")
    before = said(copied(start, "before"))
    work(done)
    after, kills = said(done), 0
    for nth in range(1, MOST, STEP):
        here = copied(start, "here")
        if not dies(lambda here=here: work(here), nth):  # type: ignore[misc]
            break
        kills += 1
        assert said(here) in (before, after), nth
        work(here)
        assert said(here) == after, nth
    assert kills > 2


@pytest.fixture
def two(tmp_path: Path, baseline: Baseline) -> Path:
    """A folder var with two nights of two laptops that are loaded, and a third that is not yet."""
    var = tmp_path / "var"
    for night, lock in enumerate((600, 5000, None)):
        lines = {"LT-1": observation(lock=lock), "LT-2": observation(serial="PF2ABCDE")}
        write(var / "evidence", run_id(night), [expected("LT-1"), expected("LT-2")], lines)
        if night == 1:
            load(var, baseline)
    return var


def test_a_load_that_is_killed(two: Path, baseline: Baseline) -> None:
    killed_everywhere(two, lambda var: load(var, baseline))


def test_a_rebuild_that_is_killed(two: Path, baseline: Baseline) -> None:
    load(two, baseline)
    with Store(two / "leeboard.db") as store, store.engine.begin() as connection:
        connection.execute(text("DELETE FROM span"))
    killed_everywhere(two, lambda var: load(var, baseline, anew=True))


def test_an_upgrade_that_is_killed(tmp_path: Path, baseline: Baseline) -> None:
    var = tmp_path / "var"
    for night in range(2):
        write(var / "evidence", run_id(night), [expected("LT-1")], {"LT-1": observation(lock=5000)})
    shutil.copy(OLD_STORE, var / "leeboard.db")

    def opened(folder: Path) -> None:
        with Store(folder / "leeboard.db"):
            pass

    done = copied(var, "done")
    load(done, baseline)
    wanted, kills = said(done), 0
    for nth in range(1, MOST, STEP):
        here = copied(var, "here")
        if not dies(lambda here=here: opened(here), nth):  # type: ignore[misc]
            break
        kills += 1
        load(here, baseline)
        assert said(here) == wanted, nth
    assert kills > 2
