"""At which moment a run counts where a clock was wrong, and what the store then says of its devices."""

from __future__ import annotations

import lzma
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from leeboard.cli.main import app
from leeboard.evidence import retention
from leeboard.evidence.chain import file_digest
from leeboard.evidence.dating import Link, dated, moved, suffix
from leeboard.evidence.ingest import Ingested, ingest
from leeboard.evidence.loading import load
from leeboard.evidence.reader import Reader
from leeboard.evidence.store import Store, StoredDevice
from leeboard.model.run_id import started_of
from leeboard.policy.model import Baseline
from tests.unit.evidence.estate import URN, expected, observation, run_id, write

FAR = 900  # nights ahead
GOOD, DRIFTED = {"LT-001": observation(lock=600)}, {"LT-001": observation(lock=5000)}


def clock(night: float) -> datetime:
    """The moment of the night's check, an hour after its run began."""
    return started_of(run_id(0)) + timedelta(days=night, hours=1)


def chain(*runs: str) -> list[Link]:
    return [Link(run, f"h{place}", f"h{place - 1}" if place else None) for place, run in enumerate(runs)]


def counts(*runs: str, night: float) -> list[str | None]:
    found = dated(chain(*runs), clock(night))
    return [found[f"h{place}"] for place in range(len(runs))]


def before(run: str, seconds: int, salt: str = "0000000a") -> str:
    return f"{started_of(run) - timedelta(seconds=seconds):%Y%m%dT%H%M%SZ}-{salt}"


def test_runs_in_order_count_as_they_claim() -> None:
    assert counts(run_id(0), run_id(1), run_id(2), night=2) == [run_id(0), run_id(1), run_id(2)]


def test_runs_that_were_ahead_count_just_before_the_one_that_follows() -> None:
    assert counts(run_id(0), run_id(FAR), run_id(FAR + 1), run_id(3), run_id(4), night=4) == [
        run_id(0), before(run_id(3), 2), before(run_id(3), 1), run_id(3), run_id(4),
    ]  # fmt: skip
    assert counts(run_id(0.9), run_id(0.5), night=0.5) == [before(run_id(0.5), 1), run_id(0.5)], "by hours as well"


def test_ahead_and_followed_by_none_is_held_until_one_follows() -> None:
    assert counts(run_id(0), run_id(FAR), run_id(FAR + 1), night=1) == [run_id(0), None, None]
    assert counts(run_id(0), run_id(1.9), night=1) == [run_id(0), run_id(1.9)], "less than a day may be"


def test_one_run_far_behind_makes_none_before_it_old() -> None:
    """A controller whose battery is flat."""
    assert counts(run_id(0), run_id(1), run_id(-2500), run_id(3), night=3) == [
        run_id(0), run_id(1), before(run_id(3), 1), run_id(3),
    ]  # fmt: skip


def test_bundles_of_two_controllers_and_broken_chains_are_dated_apart() -> None:
    links = [*chain(run_id(0), run_id(1)), Link(run_id(2), "x", "gone"), Link(run_id(FAR), "y", None)]
    assert dated(links, clock(2)) == {"h0": run_id(0), "h1": run_id(1), "x": run_id(2), "y": None}
    assert dated([Link(run_id(0), "a", "b"), Link(run_id(1), "b", "a")], clock(1)) == {}, "no chain at all"


@given(st.lists(st.integers(-3000, 3000), min_size=1, max_size=12), st.integers(-3000, 3000))
def test_the_order_is_always_that_of_the_chain(nights: list[int], now: int) -> None:
    runs = [run_id(night, f"{place:08x}") for place, night in enumerate(nights)]
    found = counts(*runs, night=now)
    known = [run for run in found if run is not None]
    assert known == sorted(set(known)) and [suffix(run) for run in known] == [suffix(run) for run in runs[: len(known)]]
    assert all(run is None for run in found[len(known) :])
    assert len(known) == 0 or known[-1] == runs[len(known) - 1], "the newest that counts is believed"


def test_a_moment_of_a_run_goes_with_it() -> None:
    old, new = run_id(FAR), run_id(1)
    start = started_of(new)
    assert moved(started_of(old) + timedelta(minutes=5), old, new) == start + timedelta(minutes=5)
    assert moved(start + timedelta(minutes=5), old, new) == start + timedelta(minutes=5), "put right in the midst of it"
    assert moved(started_of(old) + timedelta(days=400), old, new) == start
    assert moved(started_of(old), new, new) == start, "of a clock that jumped ahead in the midst of it"


def night(tmp_path: Path, baseline: Baseline, run: str, found: dict[str, object], at: datetime) -> Ingested:
    """A run, and the check that loads it."""
    write(tmp_path / "evidence", run, [expected(), expected("LT-002")], found)
    return again(tmp_path, baseline, at)


def again(tmp_path: Path, baseline: Baseline, at: datetime, anew: bool = False) -> Ingested:
    with Store(tmp_path / "leeboard.db") as store:
        evidence = tmp_path / "evidence"
        return ingest(store, [evidence], baseline, evidence, anew=anew, at=at)


def known(tmp_path: Path) -> StoredDevice:
    with Store(tmp_path / "leeboard.db") as store:
        return store.devices()[0]


def verdict(tmp_path: Path) -> str:
    return next(one.verdict.value for one in known(tmp_path).findings if one.control == "LCK-01")


def test_drift_is_seen_the_night_after_a_clock_was_ahead(tmp_path: Path, baseline: Baseline) -> None:
    night(tmp_path, baseline, run_id(0), GOOD, clock(0))
    assert night(tmp_path, baseline, run_id(FAR), GOOD, clock(FAR)).problems == [], "nobody can know that night"
    done = night(tmp_path, baseline, run_id(2), DRIFTED, clock(2))
    assert done.problems == [] and any("counts as" in note for note in done.notes)
    assert verdict(tmp_path) == "drifted"
    found = known(tmp_path)
    assert (found.run, found.observed_run, found.outcome) == (run_id(2), run_id(2), "observed")
    assert found.seen is not None and found.seen < clock(2)
    assert found.since["LCK-01"] == started_of(run_id(2))
    with Store(tmp_path / "leeboard.db") as store:
        bundles = store.bundles()
        assert [one.run for one in bundles] == [run_id(0), before(run_id(2), 1), run_id(2)]
        whole = retention.readings(bundles, tmp_path / "evidence" / URN, clock(2))
        assert [one.effective.state for one in whole] == ["absent", "absent"], "nothing was taken away"
    assert again(tmp_path, baseline, clock(2)).known == 3
    with Store(tmp_path / "leeboard.db") as store:
        alone = ingest(store, sorted((tmp_path / "evidence" / URN).glob("*.xz")), baseline, at=clock(2))
    assert (alone.new, alone.known, alone.problems) == (0, 3, []), "named by themselves they are known as well"


def test_a_device_last_seen_by_the_wrong_clock_grows_stale_all_the_same(tmp_path: Path, baseline: Baseline) -> None:
    night(tmp_path, baseline, run_id(FAR), GOOD, clock(FAR))
    night(tmp_path, baseline, run_id(1), {"LT-002": observation()}, clock(1))
    seen = known(tmp_path).seen
    assert seen is not None and seen <= clock(1)


def test_a_foreign_bundle_from_the_future_is_held_and_named(tmp_path: Path, baseline: Baseline) -> None:
    night(tmp_path, baseline, run_id(0), GOOD, clock(0))
    foreign = write(tmp_path / "other", run_id(26_000), [expected()], GOOD)
    with Store(tmp_path / "leeboard.db") as store:
        done = ingest(store, [foreign], baseline, at=clock(1))
    (problem,) = done.problems
    assert f"{foreign}: says that it began on " in problem and "do not count" in problem
    done = night(tmp_path, baseline, run_id(1), DRIFTED, clock(1))
    assert done.problems == [] and verdict(tmp_path) == "drifted"


def test_a_held_run_counts_when_another_one_has_followed(tmp_path: Path, baseline: Baseline) -> None:
    night(tmp_path, baseline, run_id(0), GOOD, clock(0))
    done = night(tmp_path, baseline, run_id(FAR), DRIFTED, clock(1))
    assert done.new == 0 and len(done.problems) == 1 and "does not count" not in done.problems[0]
    assert verdict(tmp_path) == "compliant"
    done = night(tmp_path, baseline, run_id(2), {}, clock(2))
    assert (done.new, done.problems) == (2, [])
    assert verdict(tmp_path) == "drifted"
    assert known(tmp_path).observed_run == before(run_id(2), 1)


def poisoned(tmp_path: Path, baseline: Baseline) -> None:
    """A store in which an older Leeboard loaded each run as it claims to be."""
    evidence = tmp_path / "evidence"
    for run, found in ((run_id(FAR), GOOD), (run_id(2), DRIFTED), (run_id(3), DRIFTED)):
        path = write(evidence, run, [expected(), expected("LT-002")], found)
        with Store(tmp_path / "leeboard.db") as store, Reader(path) as reader:
            load(store, reader, baseline, file_digest(path), evidence)
    assert verdict(tmp_path) == "compliant", "the answer from the future hides all later ones"


def test_a_store_that_was_poisoned_is_named_and_one_command_puts_it_right(tmp_path: Path, baseline: Baseline) -> None:
    poisoned(tmp_path, baseline)
    (problem,) = again(tmp_path, baseline, clock(3)).problems
    assert f"school {URN}" in problem and "leeboard ingest --anew" in problem
    done = again(tmp_path, baseline, clock(3), anew=True)
    assert (done.new, done.known, done.problems) == (3, 0, [])
    assert verdict(tmp_path) == "drifted" and known(tmp_path).since["LCK-01"] == started_of(run_id(2))
    done = again(tmp_path, baseline, clock(3))
    assert (done.new, done.known, done.problems) == (0, 3, [])


def test_no_history_is_lost_by_loading_anew(tmp_path: Path, baseline: Baseline) -> None:
    poisoned(tmp_path, baseline)
    away = tmp_path / "away" / URN
    away.mkdir(parents=True)
    first = next((tmp_path / "evidence" / URN).glob(f"{run_id(FAR)}*"))
    first.rename(away / first.name)
    done = again(tmp_path, baseline, clock(3), anew=True)
    assert any("was not loaded anew" in one and run_id(FAR) in one for one in done.problems)
    with Store(tmp_path / "leeboard.db") as store:
        assert len(store.bundles()) == 3
        done = ingest(store, [tmp_path / "evidence", tmp_path / "away"], baseline, anew=True, at=clock(3))
        assert len(store.bundles()) == 3
    assert done.new == 3 and verdict(tmp_path) == "drifted"


def test_loading_anew_is_the_same_as_a_new_store(tmp_path: Path, baseline: Baseline) -> None:
    for number in range(3):
        night(tmp_path, baseline, run_id(number), GOOD if number % 2 else DRIFTED, clock(number))
    again(tmp_path, baseline, clock(3), anew=True)
    with Store(tmp_path / "leeboard.db") as old, Store(tmp_path / "new.db") as new:
        ingest(new, [tmp_path / "evidence"], baseline, at=clock(3))
        assert old.devices() == new.devices() and old.bundles() == new.bundles()
        assert old.history(URN, "LT-001") == new.history(URN, "LT-001")


def test_a_run_that_was_loaded_while_it_was_open_is_dated_as_well(tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    write(evidence, run_id(0.5), [expected()], GOOD, close=False)
    again(tmp_path, baseline, clock(0.4))
    done = night(tmp_path, baseline, run_id(0.4), DRIFTED, clock(0.4))
    assert (done.new, done.known, done.problems) == (1, 1, [])
    assert verdict(tmp_path) == "drifted"


@pytest.mark.parametrize("anew", [False, True])
def test_the_command(tmp_path: Path, baseline: Baseline, anew: bool) -> None:
    poisoned(tmp_path, baseline)
    late = datetime.now(UTC) + timedelta(days=FAR)
    write(tmp_path / "evidence", f"{late:%Y%m%dT%H%M%SZ}-0000000a", [expected()], GOOD)
    done = CliRunner().invoke(app, ["ingest", "--var", str(tmp_path), *(["--anew"] if anew else [])])
    assert done.exit_code == 3
    assert "more than a day from now" in done.output
    assert ("ingest --anew" in done.output) is not anew


def test_a_tip_that_is_lost_is_found_by_the_chain(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    for run in (run_id(FAR), run_id(1)):
        last = write(evidence, run, [expected()], {})
    (evidence / URN / "chain.json").unlink()
    path = write(evidence, run_id(2), [expected()], {})
    assert f'"heads":["{file_digest(last)}"]' in lzma.decompress(path.read_bytes()).decode()


@pytest.mark.parametrize("moment", ["20261399T021000Z", "00000000T000000Z", "00010101T000000Z"])
def test_a_name_that_no_clock_tells_is_a_problem_and_no_end(tmp_path: Path, baseline: Baseline, moment: str) -> None:
    path = write(tmp_path / "evidence", run_id(0), [expected()], GOOD)
    (path.parent / f"{moment}-0000000a.jsonl.xz").write_bytes(path.read_bytes())
    done = again(tmp_path, baseline, clock(0))
    assert done.new == 1 and len(done.problems) == 1 and "a moment that no clock tells" in done.problems[0]


def test_one_that_is_renamed_after_it_was_loaded_is_named(tmp_path: Path, baseline: Baseline) -> None:
    path = write(tmp_path / "evidence", run_id(1), [expected()], GOOD)
    again(tmp_path, baseline, clock(1))
    path.rename(path.with_name(f"{run_id(0)}.jsonl.xz"))
    assert any("it was renamed" in one for one in again(tmp_path, baseline, clock(1)).problems)
    assert known(tmp_path).run == run_id(1), "a name dates nothing"
