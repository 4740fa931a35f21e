"""The store: upgrades, refusals, one writer at a time, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from leeboard.errors import LeeboardError
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.evidence.store.tables import Base
from leeboard.evidence.store.upgrade import SCRIPTS
from leeboard.policy.model import Baseline
from tests.unit.evidence import conftest
from tests.unit.evidence.estate import URN, expected, observation, run_id, write


def put(store: Store, path: Path, baseline: Baseline) -> bool:
    """Load a bundle with all that lies beside it; True where something was new."""
    done = ingest(store, [path], baseline)
    assert not done.problems, done.problems
    return done.new > 0


def rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the tables, read without our code."""
    with store.engine.connect() as connection:
        return {
            table: sorted(map(tuple, connection.execute(text(f'SELECT * FROM "{table}"'))), key=repr)
            for table in ("school", "text", "bundle", "device", "visit", "part", "span")
        }


def test_loading_twice_changes_nothing(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    path = write(tmp_path, run_id(0), [expected("LT-1"), expected("LT-2")], {"LT-1": observation(), "LT-2": "failed"})
    assert put(store, path, baseline)
    before = rows(store)
    assert not put(store, path, baseline)
    assert rows(store) == before
    assert [len(before[table]) for table in ("bundle", "device", "visit", "part", "span")] == [1, 2, 2, 3, 0]


def test_a_quiet_night_adds_a_bundle_and_nothing_else(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    for night in range(3):
        put(store, write(tmp_path, run_id(night), [expected()], {"LT-001": observation(lock=None)}), baseline)
        found = rows(store)
        assert [len(found[table]) for table in ("bundle", "device", "part", "span", "text")] == [night + 1, 1, 3, 1, 2]
    (device,) = store.devices()
    assert device.observed_run == run_id(2) and device.since["LCK-01"].day == 2 and device.seen and device.seen.day == 4


def test_the_verdict_of_one_control_is_the_one_it_has_now(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    nights = ({"LT-1": observation(), "LT-2": "failed"}, {"LT-1": observation(lock=1800), "LT-2": "failed"})
    for night, said in enumerate(nights):
        put(store, write(tmp_path, run_id(night), [expected("LT-1"), expected("LT-2")], said), baseline)
    ((place, (verdict, seen)),) = store.verdicts("LCK-01").items()
    assert (place, verdict) == ((URN, "LT-1"), "drifted") and seen is not None and seen.day == 3
    assert store.verdicts("XXX-99") == {}


def test_a_run_with_other_content_is_refused(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    put(store, write(tmp_path / "a", run_id(0), [expected()], {"LT-001": observation()}), baseline)
    before = rows(store)
    other = write(tmp_path / "b", run_id(0), [expected()], {"LT-001": observation(lock=0)})
    (problem,) = ingest(store, [other], baseline).problems
    assert "was loaded with other content before; one was changed" in problem
    assert rows(store) == before


def test_two_schools_may_share_a_run(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    put(store, write(tmp_path, run_id(0), [expected()], {"LT-001": observation()}), baseline)
    put(store, write(tmp_path, run_id(0), [expected(urn="654321")], {"LT-001": observation()}, urn="654321"), baseline)
    assert [(found.urn, found.run) for found in store.bundles()] == [(URN, run_id(0)), ("654321", run_id(0))]
    assert len(store.devices()) == 2 and len(store.devices(["654321"])) == 1 and store.devices([]) == []


def test_what_devices_say_is_kept_whatever_it_is(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    odd = "nul \x00, bell \a, '; DROP TABLE device; --"
    put(store, write(tmp_path, run_id(0), [expected()], {"LT-001": observation(label=odd)}), baseline)
    kept = store.observation(URN, "LT-001")
    assert kept is not None and kept["readings"][0]["effective"]["value"] == odd
    assert "\\x00" in store.devices()[0].findings[2].judged[0].seen


def test_half_a_pair_of_surrogates_is_no_text(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    put(store, write(tmp_path, run_id(0), [expected()], {"LT-001": observation(label="half \ud800")}), baseline)
    (device,) = store.devices()
    assert device.outcome == "failed" and "is not an observation: readings.0" in device.message


def test_a_load_is_all_or_nothing(
    store: Store, tmp_path: Path, baseline: Baseline, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leeboard.evidence.loading import load as loading

    path = write(tmp_path, run_id(0), [expected()], {"LT-001": observation()})
    monkeypatch.setattr(loading, "_points", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        put(store, path, baseline)
    assert all(found == [] for found in rows(store).values())


def test_the_tables_are_those_of_the_migrations(store: Store) -> None:
    found = inspect(store.engine)
    assert set(found.get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    for name, table in Base.metadata.tables.items():
        columns = {column["name"]: column["nullable"] for column in found.get_columns(name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}, name
        assert set(found.get_pk_constraint(name)["constrained_columns"]) == {c.name for c in table.primary_key}
        assert len(found.get_foreign_keys(name)) == len(table.foreign_keys)
        assert {index["name"] for index in found.get_indexes(name)} == {index.name for index in table.indexes}


@contextmanager
def newer_scripts(tmp_path: Path) -> Iterator[Path]:
    """The migrations with one more, as a later Leeboard will have them."""
    scripts = tmp_path / "migrations"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "0009_colour.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = '0009'\ndown_revision = '0003'\n"
        "def upgrade():\n    op.add_column('school', sa.Column('colour', sa.Text, server_default='blue'))\n"
    )
    yield scripts


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_store_is_upgraded_with_what_is_in_it(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, baseline: Baseline
) -> None:
    where = tmp_path / "leeboard.db" if kind == "sqlite" else request.getfixturevalue("postgres")
    with Store(where) as old:
        put(old, write(tmp_path, run_id(0), [expected()], {"LT-001": observation()}), baseline)
        before = rows(old)
    with newer_scripts(tmp_path) as scripts:
        with Store(where, scripts=scripts) as new:
            after = rows(new)
            assert after.pop("school") == [(URN, "Hill School", "blue")]
            assert after == {table: found for table, found in before.items() if table != "school"}
        with pytest.raises(LeeboardError) as refused:
            Store(where)
    assert "has tables of version '0009', and this Leeboard knows them up to 0003; update Leeboard here" in str(
        refused.value
    )


def test_a_migration_that_fails_leaves_the_old_tables(tmp_path: Path, baseline: Baseline) -> None:
    where = tmp_path / "leeboard.db"
    with Store(where) as old:
        put(old, write(tmp_path, run_id(0), [expected()], {"LT-001": observation()}), baseline)
        before = rows(old)
    with newer_scripts(tmp_path) as scripts:
        script = scripts / "versions" / "0009_colour.py"
        script.write_text(script.read_text() + "    op.execute('nonsense')\n")
        with pytest.raises(LeeboardError, match="store cannot be used"):
            Store(where, scripts=scripts)
    with Store(where) as again:
        assert rows(again) == before


def test_a_locked_store_is_one_line_and_loses_nothing(tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    write(evidence, run_id(0), [expected()], {"LT-001": observation()})
    with Store(tmp_path / "leeboard.db", wait=0.2) as store:
        other = sqlite3.connect(tmp_path / "leeboard.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LeeboardError, match=r"kept the store locked for 0 seconds.*run `leeboard ingest` again"):
            ingest(store, [evidence], baseline)
        assert store.devices() == [], "one may read meanwhile"
        other.execute("ROLLBACK")
        assert ingest(store, [evidence], baseline).new == 1


def test_what_is_no_store_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear head teacher, " * 100)
    with pytest.raises(LeeboardError, match=r"letter\.txt.*not a database"):
        Store(path)
    with pytest.raises(LeeboardError, match="install psycopg"):
        Store("nonesuch://host/name")
    with pytest.raises(LeeboardError, match="cannot be used") as refused:
        Store("postgresql+psycopg://somebody:secret@/name?host=/nonexistent")
    assert "secret" not in str(refused.value)


def test_the_store_is_for_this_account_only(tmp_path: Path) -> None:
    with Store(tmp_path / "var" / "leeboard.db"):
        assert (tmp_path / "var" / "leeboard.db").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


def test_points_are_kept_once_for_an_unchanged_inventory(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    devices = [expected(f"LT-{number}") for number in range(9)]
    said = {device.asset: observation() for device in devices[::2]}
    put(store, write(tmp_path, run_id(0), devices, said), baseline)
    (bundle,) = rows(store)["bundle"]
    assert json.loads(str(bundle[-1]))[0][1] == f"{0b101010101:x}"


def test_what_postgresql_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(name: str) -> None:
        raise KeyError(f"getpwnam(): name not found: {name}")

    monkeypatch.setattr(conftest.pwd, "getpwnam", nobody)
    assert "its account postgres is not, which the package postgresql-common makes" in conftest.lacks_account(0)
    assert conftest.lacks_account(1000) == "", "PostgreSQL runs as whoever runs the tests"
    monkeypatch.setattr(conftest.pwd, "getpwnam", lambda name: None)
    assert conftest.lacks_account(0) == ""
    monkeypatch.setattr(conftest.shutil, "which", lambda name: None)
    assert conftest.lacks_account(0).startswith("runuser is not installed")
