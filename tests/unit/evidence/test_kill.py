"""A writer that is killed at any step leaves files that load: nothing lost, nothing twice."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from leeboard.evidence.bundles import writer as bundle
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.policy.model import Baseline
from tests.unit.evidence.estate import URN, expected, observation, run_id, write
from tests.unit.killed import dies

ASSETS = [f"LT-{number}" for number in range(5)]
# Calls that change files, in a child that is killed before the nth of each.
STEPS = {"write": 7, "fsync": 12, "replace": 2, "unlink": 1, "open": 11}


def _write(evidence: Path) -> None:
    """A whole bundle."""
    write(evidence, run_id(1), [expected(asset) for asset in ASSETS], {asset: observation() for asset in ASSETS})


@pytest.mark.parametrize(("call", "nth"), [(call, nth) for call, most in STEPS.items() for nth in range(1, most + 1)])
def test_killed_anywhere(tmp_path: Path, baseline: Baseline, call: str, nth: int) -> None:
    evidence = tmp_path / "evidence"
    write(evidence, run_id(0), [expected(ASSETS[0])], {ASSETS[0]: observation(lock=0)})
    assert dies(partial(_write, evidence), call, nth), (
        f"a bundle takes fewer than {nth} calls of {call}: count STEPS again"
    )
    folder = evidence / URN
    with Store(tmp_path / "leeboard.db") as store:
        # Before anybody seals it, and again after the next run did.
        first = ingest(store, [evidence], baseline)
        recorded = _recorded(folder)
        seen = {d.device.asset for d in store.devices() if d.observed_run == run_id(1)}
        assert first.problems == [] and seen == recorded
        write(evidence, run_id(2), [expected(ASSETS[0])], {})
        assert not list(folder.glob("*.jsonl")) and not list(folder.glob("*.tmp"))
        second = ingest(store, [evidence], baseline)
        assert second.problems == []
        assert second.new == 1, "the killed run was loaded once"
        assert {d.device.asset for d in store.devices() if d.observed_run == run_id(1)} == recorded
        assert ingest(store, [evidence], baseline).new == 0
        bundles = [found.run for found in store.bundles()]
        assert bundles in ([run_id(0), run_id(2)], [run_id(0), run_id(1), run_id(2)])
        assert (run_id(1) in bundles) or not recorded


def _recorded(folder: Path) -> set[str]:
    """The devices whose whole line is in the killed run's file, told without our reader."""
    import json
    import lzma

    for suffix, opener in ((bundle.OPEN, open), (bundle.CLOSED, lzma.open)):
        path = folder / f"{run_id(1)}{suffix}"
        if path.exists():
            with opener(path, "rb") as file:
                whole = [json.loads(row) for row in file.read().split(b"\n")[:-1]]
            return {row["asset"] for row in whole if row["kind"] == "device"}
    return set()
