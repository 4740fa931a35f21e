"""One device's answer that makes no sense costs that device, by name: no neighbour, and not the chain of its school."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.evidence.loading.ingest import Ingested, ingest
from leeboard.evidence.store.store import Store
from leeboard.model.observation import parse
from leeboard.model.run_id import started_of
from leeboard.policy.model import Baseline
from leeboard.storage import strict_json
from tests.unit.evidence.estate import expected, line, observation, older, run_id, write

NAN, INFINITE = float("nan"), float("inf")
AT = started_of(run_id(0))
THREE = [expected(f"LT-{number}") for number in (1, 2, 3)]


def load(tmp_path: Path, baseline: Baseline) -> tuple[Ingested, dict[str, tuple[str, str]]]:
    """What came of all that is below tmp_path/evidence, and each device's outcome and message."""
    with Store(tmp_path / "leeboard.db") as store:
        done = ingest(store, [tmp_path / "evidence"], baseline)
        return done, {one.device.asset: (one.outcome, one.message) for one in store.devices()}


def costing(number: float) -> dict[str, Any]:
    return {**observation(), "cost": {"children": 0, "seconds": number, "cpu_seconds": 0.1}}


@pytest.mark.parametrize("number", [NAN, INFINITE, -INFINITE])
def test_a_cost_that_is_no_number_is_refused_at_the_border(number: float) -> None:
    with pytest.raises(LeeboardError, match=r"cost\.seconds: Input should be a finite number"):
        parse(costing(number))


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "1e999", "-1e999", "[" * 100_000, "{"])
def test_what_is_no_json_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.loads(text)


@pytest.mark.parametrize("value", [NAN, [INFINITE], {"a": -INFINITE}, {"a": {1, 2}}, {"a": b"x"}])
def test_what_is_no_json_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.dumps(value)


SPOILED: dict[str, dict[str, Any]] = {
    "a cost without end": {"observation": costing(INFINITE)},
    "a change from no number": {"changes": [{"driver": "x", "address": "y", "before": NAN, "after": 1}]},
    "more changes than are read": {"changes": ["one"] * 10_001},
    "changes as long as a file": {"changes": ["x" * 5_000_000]},
    "an identity that nobody knows": {"identity": "twin"},
    "a device of another school": {"device": {**expected("LT-2").device.model_dump(mode="json"), "urn": "654321"}},
    "a finding that is a list": {"findings": [[]]},
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_line_that_no_reader_takes_is_never_written(tmp_path: Path, baseline: Baseline, name: str) -> None:
    rows = [line("LT-1", AT), line("LT-2", AT, **SPOILED[name]), line("LT-3", AT)]
    path = write(tmp_path / "evidence", run_id(0), THREE, rows)
    for row in lzma.decompress(path.read_bytes()).splitlines():
        strict_json.loads(row)
    done, outcomes = load(tmp_path, baseline)
    assert (done.new, done.problems) == (1, [])
    assert outcomes["LT-1"] == outcomes["LT-3"] == ("observed", "")
    assert outcomes["LT-2"][0] == "failed" and outcomes["LT-2"][1].startswith("its answer ")


def test_what_was_changed_on_a_device_is_kept_where_only_its_answer_makes_no_sense(tmp_path: Path) -> None:
    rows = [line("LT-1", AT, observation=costing(NAN), changes=["a setting"])]
    path = write(tmp_path / "evidence", run_id(0), THREE, rows)
    said = json.loads(lzma.decompress(path.read_bytes()).splitlines()[1])
    assert (said["outcome"], said["changes"]) == ("failed", ["a setting"])


def spoil(path: Path, old: bytes, new: bytes) -> None:
    """Change what a closed bundle of an older Leeboard says, as that would have written it."""
    content = gzip.decompress(path.read_bytes())
    assert old in content
    path.write_bytes(gzip.compress(content.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"seconds":0.25', b'"seconds":NaN', "is not JSON ('NaN is no JSON')"),
        (b'"seconds":0.25', b'"seconds":1e999', "is not JSON ('1e999 is a number that nobody can hold')"),
        (b'"message":"second"', b'"message":7', "makes no sense at message"),
    ],
)
def test_a_bad_line_of_an_older_leeboard_costs_its_device_and_names_it(
    tmp_path: Path, baseline: Baseline, old: bytes, new: bytes, words: str
) -> None:
    rows = [line("LT-1", AT), line("LT-2", AT, observation=costing(0.25), message="second"), line("LT-3", AT)]
    spoil(older(write(tmp_path / "evidence", run_id(0), THREE, rows)), old, new)
    write(tmp_path / "evidence", run_id(1), THREE, {"LT-1": observation()})
    (tmp_path / "evidence" / "123456" / "chain.json").unlink()
    done, _ = load(tmp_path, baseline)
    assert done.new == 2
    assert any(f"LT-2: line 3 of its bundle {words}" in note for note in done.notes), done.notes
    with Store(tmp_path / "leeboard.db") as store:
        assert {one.device.asset: one.observed_run for one in store.devices()} == {
            "LT-1": run_id(1), "LT-2": None, "LT-3": run_id(0),
        }  # fmt: skip
    (problem,) = done.problems
    assert "the bundle before it is missing or was changed" in problem, "the test changed it after it was closed"


def test_the_chain_is_judged_whatever_a_bundle_says(tmp_path: Path, baseline: Baseline) -> None:
    """Written as it is, and unreadable: no other one is missed. One that was taken away is."""
    evidence = tmp_path / "evidence"
    paths = [write(evidence, run_id(0), THREE, {})]
    odd = older(write(evidence, run_id(1), THREE, {"LT-1": observation()}))
    spoil(odd, b'"schema":1', b'"schema":9')
    (evidence / "123456" / "chain.json").unlink()  # as if it had been closed so
    paths += [write(evidence, run_id(night), THREE, {}) for night in (2, 3, 4)]
    done, _ = load(tmp_path, baseline)
    assert len(done.problems) == 1 and "has schema 9" in done.problems[0]
    paths[2].unlink()
    done, _ = load(tmp_path, baseline)
    assert len(done.problems) == 2
    assert any(f"{run_id(4)}.jsonl.xz: the bundle before it is missing or was changed" in one for one in done.problems)
