"""A forgotten device: out of the store, kept out of it, and nothing else changed by that."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from leeboard.cli.forget import command
from leeboard.errors import LeeboardError
from leeboard.evidence.keeping.forgetting import Known, forget, identity, known, named, others
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.notes import forgotten
from leeboard.evidence.store.store import Store
from leeboard.policy.model import Baseline
from tests.unit.estate.folders import add_estate, add_school
from tests.unit.evidence import estate
from tests.unit.evidence.estate import NIGHT, URN, expected, observation, run_id, write

WORD = ("Data protection officer", "a request")
BOTH = [expected("LT-1", serial="PF1ABCDE"), expected("LT-2", serial="PF2ABCDE")]


def mark(evidence: Path, asset: str, night: int, runs: tuple[str, ...] = ()) -> forgotten.Entry:
    """Write down that an asset was forgotten in the afternoon after a night."""
    through = f"{NIGHT + timedelta(days=night, hours=12):%Y%m%dT%H%M%SZ}-00000000"
    at = NIGHT + timedelta(days=night, hours=12)
    entry = forgotten.entry_of(URN, asset, {asset.lower()}, WORD, at, (through, night + 1), runs)
    forgotten.add(evidence / URN, entry)
    return entry


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the tables but the numbers of spans, read without our code."""
    columns = {"span": "urn, asset, control, setting, element, verdict, code, since, until, late"}
    with store.engine.connect() as connection:
        return {
            table: sorted(
                map(tuple, connection.execute(text(f'SELECT {columns.get(table, "*")} FROM "{table}"'))), key=repr
            )
            for table in ("school", "text", "part", "bundle", "device", "visit", "span")
        }


def test_it_is_out_of_the_store_and_a_rebuilt_one(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    for night in range(3):
        write(evidence, run_id(night), BOTH, {"LT-1": observation(lock=6000), "LT-2": observation(lock=5000)})
    ingest(store, [evidence], baseline)
    before = store.bundles()
    assert known(store, URN, "LT-1") == Known(True, store.devices()[0].seen, 3, 1, 3)
    assert next((one.asset, one.name, one.serial) for one in named(store)) == ("LT-1", "lt-1", "PF1ABCDE")
    assert "PF1ABCDE" in identity(store, URN, "LT-1")
    mark(evidence, "LT-1", 2)
    forget(store, (URN, "LT-1"))
    assert known(store, URN, "LT-1") == Known()
    assert "LT-1" not in repr(rows(store)) and "lt-1" not in repr(rows(store))
    # How many devices a run expected, and how far back evidence reaches, is as it was.
    assert store.bundles() == before and before[0].expected == 2
    assert [one.asset for one in named(store)] == [one for one, _ in others(store, URN, "LT-1")] == ["LT-2"]
    left = rows(store)
    forget(store, (URN, "LT-1"))
    assert rows(store) == left
    done = ingest(store, [evidence], baseline)
    assert (done.new, done.known, done.problems) == (0, 3, []) and rows(store) == left
    with Store(tmp_path / "anew.db") as anew:
        done = ingest(anew, [evidence], baseline)
        assert (done.new, done.problems, done.notes) == (3, [], [])
        assert rows(anew) == left


def test_what_is_checked_under_the_tag_afterwards_is_new(tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    write(evidence, run_id(0), BOTH, {"LT-1": observation(lock=5000)})
    mark(evidence, "LT-1", 0)
    write(evidence, run_id(1), BOTH, {"LT-1": observation()})
    with Store(tmp_path / "leeboard.db") as store:
        ingest(store, [evidence], baseline)
        (one, _) = store.devices()
        assert one.device.asset == "LT-1" and one.since["LCK-01"].day == NIGHT.day + 1
        assert store.history(URN, "LT-1") == []
        # An older bundle that turns up late brings nothing of it back.
        write(tmp_path / "late", run_id(-1), BOTH, {"LT-1": observation(lock=0), "LT-2": observation()})
        before = store.devices()[0]
        assert ingest(store, [tmp_path / "late"], baseline, evidence).new == 2, "it, and what gives it its place"
        assert store.devices()[0] == before
        assert [one.asset for one in named(store)] == ["LT-1", "LT-2"]


def test_a_run_from_a_clock_that_was_ahead_is_forgotten_and_later_ones_are_not(
    tmp_path: Path, baseline: Baseline
) -> None:
    evidence = tmp_path / "evidence"
    write(evidence, run_id(4000), BOTH, {"LT-1": observation()})
    mark(evidence, "LT-1", 0)
    write(evidence, run_id(1), BOTH, {"LT-1": observation()})
    with Store(tmp_path / "leeboard.db") as store:
        ingest(store, [evidence], baseline)
        assert known(store, URN, "LT-1").runs == 1 and known(store, URN, "LT-2").runs == 2


def test_another_school_with_the_same_list_keeps_it(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    write(evidence, run_id(0), BOTH, {"LT-1": observation(lock=5000)})
    there = [expected(one.asset, urn="654321") for one in BOTH]
    write(evidence, run_id(0), there, {"LT-1": observation(lock=5000)}, urn="654321")
    ingest(store, [evidence], baseline)
    mark(evidence, "LT-1", 0)
    forget(store, (URN, "LT-1"))
    assert known(store, URN, "LT-1") == Known() and known(store, "654321", "LT-1").runs == 1
    assert store.history("654321", "LT-1")
    forget(store, ("111111", "LT-1"))  # of a school that nobody knows there is nothing


def test_a_list_that_is_also_one_of_controls_stays(tmp_path: Path, baseline: Baseline) -> None:
    """An asset tag may look like a control."""
    evidence = tmp_path / "evidence"
    odd = [expected(asset) for asset in ("LBL-01", "LCK-01", "LCK-02")]
    write(evidence, run_id(0), odd, {"LCK-01": observation(), "LBL-01": observation(lock=5000)})
    with Store(tmp_path / "leeboard.db") as store:
        ingest(store, [evidence], baseline)
        before = store.history(URN, "LBL-01")
        mark(evidence, "LCK-01", 0)
        forget(store, (URN, "LCK-01"))
        assert store.history(URN, "LBL-01") == before and before


def test_nothing_is_left_in_the_file(tmp_path: Path, baseline: Baseline) -> None:
    evidence, where = tmp_path / "evidence", tmp_path / "db" / "leeboard.db"
    for night in range(3):
        write(evidence, run_id(night), BOTH, {"LT-1": observation(lock=night), "LT-2": observation(serial="PF2ABCDE")})

    def on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in where.parent.iterdir())

    with Store(where, wait=0.2) as store:
        ingest(store, [evidence], baseline)
        mark(evidence, "LT-1", 2)
        forget(store, (URN, "LT-1"))
        reading = sqlite3.connect(where, isolation_level=None)
        reading.execute("BEGIN")
        reading.execute("SELECT * FROM device").fetchone()
        assert store.scrub() == "another process is reading it"
        reading.close()
        writing = sqlite3.connect(where, isolation_level=None)
        writing.execute("BEGIN IMMEDIATE")
        assert "locked" in store.scrub()
        writing.close()
        assert store.scrub() == ""
        assert b"PF1ABCDE" not in on_disk() and b"LT-1" not in on_disk()
        assert b"PF2ABCDE" in on_disk()


def test_what_was_forgotten_is_written_without_the_name(tmp_path: Path) -> None:
    first = mark(tmp_path, "LT-1", 0)
    second = mark(tmp_path, "LT-1", 3)
    content = (tmp_path / URN / forgotten.FILE).read_text()
    assert "LT-1" not in content and "lt-1" not in content and json.loads(content)["forgotten"][0]["by"] == WORD[0]
    said = forgotten.read(URN, tmp_path / URN, None, tmp_path / "none")
    assert said.entries == (first, second)
    assert said.latest("LT-1") == said.latest("lt-1") == second and said.latest("LT-2") is None
    assert said.among(["LT-1", "LT-2", "lt-1"], run_id(2)) == {"LT-1"}
    assert said.among(["LT-1"], run_id(4)) == frozenset()
    assert forgotten.read("654321", tmp_path / URN).latest("LT-1") is None
    found = forgotten.of_devices(tmp_path, [*BOTH, expected("LT-1", urn="654321")])
    assert found == {(URN, "LT-1"): second.at}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"schema": 2, "forgotten": []}', b'{"schema": 1, "forgotten": [{}]}', b"\xff", b"[" * 9999],
)
def test_a_damaged_file_keeps_the_school_out(tmp_path: Path, baseline: Baseline, content: bytes) -> None:
    evidence = tmp_path / "evidence"
    write(evidence, run_id(0), BOTH, {"LT-1": observation()})
    write(evidence, run_id(0), [expected(urn="654321")], {}, urn="654321")
    (evidence / URN / forgotten.FILE).write_bytes(content)
    with Store(tmp_path / "leeboard.db") as store:
        done = ingest(store, [evidence], baseline)
        assert done.new == 1 and [one.device.urn for one in store.devices()] == ["654321"]
        assert any("put it back from a backup" in problem for problem in done.problems)
    with pytest.raises(LeeboardError, match="cannot be read"):
        mark(evidence, "LT-2", 0)
    assert (evidence / URN / forgotten.FILE).read_bytes() == content


@pytest.mark.parametrize(
    "wrong",
    [{"at": "2026-11-26T10:00:00"}, {"through": "x"}, {"also": ["x"]}, {"asset": "x"}, {"names": [1]}, {"by": None}],
)
def test_an_entry_that_makes_no_sense_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    mark(tmp_path, "LT-1", 0)
    path = tmp_path / URN / forgotten.FILE
    said = json.loads(path.read_text())
    said["forgotten"][0] |= wrong
    path.write_text(json.dumps(said))
    with pytest.raises(LeeboardError, match="cannot be read"):
        forgotten.read(URN, tmp_path / URN)


SEEN = st.sampled_from([None, "unreachable", "failed", 600, 5000])
NIGHTS = st.lists(st.fixed_dictionaries({"LT-1": SEEN, "LT-2": SEEN}), min_size=1, max_size=6)


@settings(max_examples=settings().max_examples // 3)  # three stores an example
@given(NIGHTS.flatmap(lambda n: st.tuples(st.just(n), st.permutations(range(len(n))), st.integers(0, len(n)))))
def test_whenever_it_is_forgotten_and_however_bundles_come(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[list[dict[str, object]], list[int], int]
) -> None:
    """A store in which it was forgotten is the one that is made anew, and all others' history is what it would be."""
    nights, order, when = case
    folder = tmp_path_factory.mktemp("nights")
    baseline = estate.baseline()
    paths = []
    for night, said in enumerate(nights):
        lines = {
            asset: observation(lock=value) if isinstance(value, int) else value
            for asset, value in said.items()
            if value is not None
        }
        paths.append(write(folder / "evidence", run_id(night), BOTH, lines))

    def put(store: Store, name: str, turn: list[int]) -> None:
        (folder / name / URN).mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "evidence" / "writer.json", folder / name)
        shutil.copy(folder / "evidence" / URN / "chain.json", folder / name / URN)
        for place in turn:
            shutil.copy(paths[place], folder / name / URN)
            ingest(store, [folder / name], baseline)

    with Store(folder / "never.db") as never, Store(folder / "some.db") as some, Store(folder / "anew.db") as anew:
        put(never, "never", order)
        put(some, "some", order[:when])
        for name in ("some", "anew"):
            mark(folder / name, "LT-1", len(nights) // 2)  # what comes later is of a new device of that tag
        if when:
            forget(some, (URN, "LT-1"))
        put(some, "some", order[when:])
        put(anew, "anew", list(range(len(nights))))
        assert some.history(URN, "LT-2") == never.history(URN, "LT-2") == anew.history(URN, "LT-2")
        assert some.bundles() == never.bundles() == anew.bundles()
        if all(place <= len(nights) // 2 for place in order[:when]):
            assert rows(some) == rows(anew)


def test_the_command_with_a_database_elsewhere(
    tmp_path: Path, postgres: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_estate(tmp_path)
    add_school(tmp_path / "one", URN, rows="LT-1,kiosk-7,192.0.2.77,linux,desktop,office,,PF1ABCDE\n")
    evidence = tmp_path / "var" / "evidence"
    write(evidence, run_id(0), BOTH, {"LT-1": observation(), "LT-2": observation(serial="PF2ABCDE")})
    with Store(postgres) as store:
        ingest(store, [evidence], estate.baseline())
        source, var = tmp_path / "estate.yml", tmp_path / "var"
        word = {"by": "Data protection officer", "reason": "a request", "yes": True}
        assert command.forget("kiosk-7", source, var=var, database=postgres, **word) == 0
        assert "PostgreSQL" in capsys.readouterr().out
        assert [one.asset for one in named(store)] == ["LT-2"] and "LT-1" not in repr(rows(store))
        assert ingest(store, [evidence], estate.baseline()).known == 1
        left = rows(store)
        assert command.forget("kiosk-7", source, var=var, database=postgres, **word) == 0
        assert "was forgotten on" in capsys.readouterr().out and rows(store) == left
