"""Generated hostile answers among honest ones: whatever a device's lines say, no neighbour loses anything."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leeboard.evidence.keeping.verifying import verify
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.policy.model import Baseline
from tests import bundle_lines
from tests.unit.evidence.estate import URN, expected, observation, run_id, write

FULL = bool(os.environ.get("LEEBOARD_FULL"))
HOSTILE, HONEST = 50, 3  # devices of a bundle
HEAD = 14  # bytes at the start of a line that say its kind
BUNDLES = 200 if FULL else 8  # 10,000 hostile answers by night
VALUES: tuple[Any, ...] = (
    None, True, -1, 2**70, 1e308, "", "x" * 9000, "\x00", "\ud800", "{{ 7 * 7 }}", "../../etc/passwd", [], [[]], {},
    {"state": "value"}, {"a": {"b": {"c": []}}}, ["x"] * 300, "<script>", "'; DROP TABLE device; --", "LT-1",
)  # fmt: skip
Lines = list[bytes]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in JSON at which something can be put."""
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        found += places(one, (*path, key))
    return found


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = new


def another_value(chance: random.Random, lines: Lines) -> Lines:
    """Some place of the answer says something else; all hashes are as a writer would have them."""
    found = json.loads(chance.choice(lines))
    put(found, chance.choice(places(found)), chance.choice(VALUES))
    line = json.dumps(found, separators=(",", ":")).encode() + b"\n"
    return [line if json.loads(one).get("kind") == found.get("kind") else one for one in lines]


def other_bytes(chance: random.Random, lines: Lines) -> Lines:
    """Bytes that are anything but a line's end."""
    line = bytearray(lines[place := chance.randrange(len(lines))][:-1])
    for _ in range(chance.randrange(1, 9)):
        line[chance.randrange(len(line))] = chance.choice([one for one in range(256) if one != 10])
    return [*lines[:place], bytes(line) + b"\n", *lines[place + 1 :]]


def cut(chance: random.Random, lines: Lines) -> Lines:
    """The device's own line ends in its middle, behind its name."""
    line = lines[-1]
    return [*lines[:-1], line[: chance.randrange(line.index(b'"name"'), len(line) - 1)] + b"\n"]


def without_parts(_chance: random.Random, lines: Lines) -> Lines:
    """What it said is not there."""
    return lines[-1:]


WAYS: tuple[Callable[[random.Random, Lines], Lines], ...] = (another_value, other_bytes, cut, without_parts)


def spoiled(path: Path, seed: int) -> None:
    """Let all but the honest devices of a closed bundle say something hostile."""
    chance = random.Random(seed)
    lines = bundle_lines.content(path).splitlines(keepends=True)
    found, mine = [lines[0]], []
    for line in lines[1:-1]:
        mine.append(line)
        if line.startswith(b'{"kind":"device"'):
            hostile = b'"asset":"BAD-' in line
            found += _named(chance.choice(WAYS)(chance, mine), mine) if hostile else mine
            mine = []
    trailer = {**json.loads(lines[-1]), "lines": len(found)}
    path.with_suffix("").write_bytes(b"".join(found) + json.dumps(trailer).encode() + b"\n")
    path.unlink()


def _named(lines: Lines, before: Lines) -> Lines:
    """The lines with what no device can change, since the writer puts it there: their kinds, and whose they are."""
    kinds = {line[:HEAD] for line in before}
    lines = [line for line in lines[:-1] if line[:HEAD] in kinds] + lines[-1:]
    asset = json.loads(before[-1])["asset"]
    try:
        said = json.loads(lines[-1])
        if said["kind"] == "device" and said["asset"] == asset and lines[-1][:HEAD] in kinds:
            return lines
    except (ValueError, TypeError, LookupError, RecursionError):
        pass
    return [*lines[:-1], json.dumps({"kind": "device", "asset": asset, "x": ascii(lines[-1])}).encode() + b"\n"]


@pytest.mark.parametrize("seed", range(BUNDLES))
def test_no_neighbour_is_lost(tmp_path: Path, baseline: Baseline, seed: int) -> None:
    honest = {f"LT-{number}": observation(serial=f"PF{number}ABCDE") for number in range(HONEST)}
    hostile = {f"BAD-{number}": observation(lock=number) for number in range(HOSTILE)}
    said = dict(random.Random(seed).sample([*{**honest, **hostile}.items()], HONEST + HOSTILE))
    path = write(tmp_path / "evidence", run_id(seed), [expected(asset) for asset in said], said)
    spoiled(path, seed)
    (tmp_path / "evidence" / URN / "chain.json").unlink()
    with Store(tmp_path / "leeboard.db") as store:
        done = ingest(store, [tmp_path / "evidence"], baseline, tmp_path / "evidence")
        assert (done.new, done.problems) == (1, []), done.problems
        outcomes = {one.device.asset: one.outcome for one in store.devices()}
        assert {asset: outcomes[asset] for asset in honest} == dict.fromkeys(honest, "observed")
        assert len(outcomes) == HONEST + HOSTILE and "failed" in outcomes.values()
        problems = verify(store, tmp_path / "evidence", [URN], baseline).problems
        assert problems and not any(f" {asset}:" in one for one in problems for asset in honest)
