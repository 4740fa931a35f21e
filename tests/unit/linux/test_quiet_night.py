"""A device on which nothing changed says the same each night, byte for byte: facts and readings, whatever the time is.

The machine of `whole.py` is visited twice, three days apart by its clock, in two processes. In the first pair it ran
all the time, in the second it was started again in between.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.model.observation import parse
from leeboard.verdict.evaluate import evaluate
from tests.unit.linux import forwarding, whole
from tests.unit.linux.night import FIRST
from tests.unit.linux.test_bad_sources import ADDRESSES, WANTED

REPOSITORY = Path(__file__).parents[3]
ENVELOPE = {"schema", "platform", "identity", "observed_at", "cost"}
DAYS = 3


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The machine, with a certificate of the school's authority that ends between the two nights."""
    found = tmp_path / "machine"
    begin, end = (f"{datetime.fromtimestamp(FIRST) + timedelta(days=days):%Y%m%d000000Z}" for days in (-30, 2))
    ca = forwarding.authority(tmp_path, "ca", 1, "-not_before", begin, "-not_after", end).read_text()
    whole.build(found)
    path = found / forwarding.CA.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ca)
    whole.age(path)
    return found


def visited(root: Path, night: int, *words: str) -> dict[str, Any]:
    """The observation of a night, from a process with its own seed."""
    environment = {
        **os.environ,
        "PYTHONHASHSEED": str(night + 1),
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/collections",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.linux.night", str(root), str(night), *words],
        input=json.dumps(ADDRESSES), capture_output=True, text=True, env=environment, cwd=REPOSITORY, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    observation: dict[str, Any] = json.loads(done.stdout)
    assert set(observation) == {*ENVELOPE, "facts", "readings"}
    return observation


def body(observation: dict[str, Any]) -> dict[str, str]:
    """Each fact and reading as the bytes that it travels in."""
    facts = {f"fact {name}": json.dumps(aspect) for name, aspect in observation["facts"].items()}
    return facts | {f"{one['driver']}:{one['address']}": json.dumps(one) for one in observation["readings"]}


@pytest.mark.parametrize("between", ["running", "restarted"])
def test_a_quiet_night_has_the_same_body(root: Path, between: str) -> None:
    first, second = visited(root, 0, between), visited(root, DAYS, between)
    moments = [datetime.fromisoformat(one["observed_at"]) for one in (first, second)]
    assert timedelta(days=DAYS) <= moments[1] - moments[0] < timedelta(days=DAYS, minutes=5)
    before, after = body(first), body(second)
    moved = [
        f"{place}: {before.get(place)}\n  became {text}" for place, text in after.items() if before.get(place) != text
    ]
    assert not moved, "\n".join(moved)
    assert json.dumps([first["facts"], first["readings"]]) == json.dumps([second["facts"], second["readings"]])
    said = [one for one in first["readings"] if one["driver"] == "listening" and one["effective"]["value"]]
    assert len(said) == 2 and len(first["readings"]) > 100, "the machine has what could come in another order"
    verdicts = [
        judged.verdict.value
        for one, moment in zip((first, second), moments, strict=True)
        for finding in evaluate(WANTED, parse(one), moment)
        for judged in finding.judged
        if judged.setting == "tls-authority"
    ]
    assert verdicts == ["compliant", "drifted"], "its certificate ended, which the brain sees by itself"


def test_a_driver_that_counts_is_found(root: Path) -> None:
    first, second = body(visited(root, 0, "planted")), body(visited(root, DAYS, "planted"))
    assert {place for place in first if first[place] != second[place]} == {
        f"device_label:{address}" for address in ADDRESSES["device_label"]
    }
