"""Putting the oldest bundles away: the history stays, nothing else is lost, and whoever is killed leaves it whole."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import delete
from typer.testing import CliRunner

from leeboard.cli import prune as command
from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import chain
from leeboard.evidence.bundles.files import bundles, run_of
from leeboard.evidence.keeping import forgetting, pruning, retention
from leeboard.evidence.keeping.verifying import verify
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.loading.receiving import receive
from leeboard.evidence.notes import forgotten
from leeboard.evidence.store.store import Store
from leeboard.evidence.store.tables import BundleRow
from leeboard.model.run_id import new_run_id
from leeboard.policy.model import Baseline
from tests import bundle_lines
from tests.unit.evidence.estate import NIGHT, URN, expected, observation, older, run_id, write
from tests.unit.evidence.test_spans import everything
from tests.unit.evidence.test_verify import rewritten
from tests.unit.killed import dies

NOW = NIGHT + timedelta(days=500)
STEP = 1 if os.environ.get("LEEBOARD_FULL") else 4  # calls between two kills by day
LATE = NIGHT + timedelta(days=400)  # what the baseline wants kept is younger
WORD = ("Head of IT", "the disk is full")
# LT-1 drifts on night 1, and otherwise from night 3 on; LT-2 is seen every second night, LT-3 never.
LOCKS: tuple[Any, ...] = (600, 5000, 700, 5000, 6000, 5000)


def nights(evidence: Path, count: int = len(LOCKS)) -> list[Path]:
    paths = []
    for night, lock in enumerate(LOCKS[:count]):
        said: dict[str, Any] = {"LT-1": observation(lock=lock), "LT-3": "unreachable"}
        if night % 2 == 0:
            said["LT-2"] = observation(serial="PF2ABCDE", label=None)
        paths.append(write(evidence, run_id(night), [expected(f"LT-{one}") for one in (1, 2, 3)], said))
    return paths


def load(store: Store, evidence: Path, baseline: Baseline, **more: Any) -> list[str]:
    done = ingest(store, [evidence], baseline, evidence, **more)
    return [*done.problems, *done.differences]


def prune(
    store: Store, evidence: Path, baseline: Baseline, days: float, at: datetime = NOW, limit: datetime = LATE
) -> pruning.Plan:
    """Put away what is older than that many days after the first night."""
    planned = pruning.plan(store, evidence / URN, NIGHT + timedelta(days=days), limit)
    pruning.prune(store, evidence / URN, planned, WORD, at, baseline)
    return planned


def runs(evidence: Path) -> list[str]:
    return [run_of(path) for path in bundles(evidence / URN)]


@pytest.fixture
def evidence(store: Store, tmp_path: Path, baseline: Baseline) -> Path:
    """Six nights, loaded."""
    nights(tmp_path / "evidence")
    assert load(store, tmp_path / "evidence", baseline) == []
    return tmp_path / "evidence"


def test_the_history_stays(store: Store, evidence: Path, baseline: Baseline) -> None:
    wanted = everything(store)[:3]
    planned = prune(store, evidence, baseline, 3)
    assert (planned.fresh, planned.first, planned.kept) == (3, NIGHT, NIGHT + timedelta(days=3))
    assert runs(evidence)[:3] == [run_id(3), run_id(4), run_id(5)] and len(runs(evidence)) == 4
    assert load(store, evidence, baseline) == []
    assert everything(store)[:3] == wanted
    assert load(store, evidence, baseline, verify=True, anew=True) == [], "made anew it is the same store"
    assert everything(store)[:3] == wanted and len(store.bundles()) == 7
    assert verify(store, evidence, [URN], baseline).problems == []


def test_an_empty_store_is_made_from_what_is_left(
    store: Store, evidence: Path, tmp_path: Path, baseline: Baseline
) -> None:
    prune(store, evidence, baseline, 3)
    load(store, evidence, baseline)
    with Store(tmp_path / "other.db") as other:
        assert load(other, evidence, baseline) == []
        assert everything(other) == everything(store)


def test_a_store_that_knew_only_some_of_them_is_made_anew(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    nights(evidence, 2)
    with Store(tmp_path / "behind.db") as behind:
        assert load(behind, evidence, baseline) == []
        for night in range(2, 6):
            write(evidence, run_id(night), [expected("LT-1")], {"LT-1": observation(lock=LOCKS[night])})
        write(evidence, run_id(6), [expected("LT-2")], {"LT-2": observation(serial="PF2ABCDE")})
        assert load(store, evidence, baseline) == []
        prune(store, evidence, baseline, 4)
        load(store, evidence, baseline)
        assert ingest(behind, [evidence], baseline, evidence).problems == []
        assert everything(behind) == everything(store)


def test_it_goes_on_after_a_prune_and_is_pruned_again(store: Store, evidence: Path, baseline: Baseline) -> None:
    prune(store, evidence, baseline, 2)
    devices = [expected("LT-1"), expected("LT-2")]
    last = write(evidence, run_id(501), devices, {"LT-1": observation(), "LT-2": observation(serial="PF2ABCDE")})
    assert load(store, evidence, baseline) == []
    wanted = everything(store)[:3]
    much_later = NOW + timedelta(days=500)
    planned = prune(store, evidence, baseline, 500.5, much_later, much_later)
    assert (planned.fresh, len(planned.links)) == (5, 7), "the first prune goes as well"
    assert load(store, evidence, baseline) == []
    assert last.exists() and len(runs(evidence)) == 2, "the last night and the second prune"
    assert load(store, evidence, baseline, verify=True, anew=True) == []
    assert everything(store)[:3] == wanted
    assert verify(store, evidence, [URN], baseline).problems == []


def test_bundles_of_an_older_leeboard_are_put_away_as_well(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    for night in range(3):
        older(write(evidence, run_id(night), [expected()], {"LT-001": observation(lock=LOCKS[night])}))
    write(evidence, run_id(3), [expected()], {"LT-001": observation()})
    assert load(store, evidence, baseline) == []
    wanted = everything(store)[:3]
    assert prune(store, evidence, baseline, 2).fresh == 2
    assert load(store, evidence, baseline) == []
    assert load(store, evidence, baseline, verify=True, anew=True) == []
    assert everything(store)[:3] == wanted


def test_what_has_the_only_observation_of_a_device_stays(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    write(evidence, run_id(0), [expected("LT-1")], {"LT-1": observation()})
    write(evidence, run_id(1), [expected("LT-2")], {"LT-2": observation(serial="PF2ABCDE")})
    for night in (2, 3):
        write(evidence, run_id(night), [expected("LT-1")], {"LT-1": observation()})
    load(store, evidence, baseline)
    planned = pruning.plan(store, evidence / URN, LATE, LATE)
    assert planned.fresh == 1 and f"run {run_id(1)} has the only observation of LT-2" in planned.why
    forgotten.add(
        evidence / URN,
        forgotten.entry_of(URN, "LT-2", (), WORD, NOW, (new_run_id(NOW), 4), runs(evidence)),
    )
    forgetting.forget(store, (URN, "LT-2"))
    assert prune(store, evidence, baseline, 3).fresh == 3
    assert load(store, evidence, baseline) == []
    (kept,) = (path for path in bundles(evidence / URN) if run_of(path) not in map(run_id, range(4)))
    assert b"LT-2" not in bundle_lines.content(kept), "what was forgotten is not written anew"


def test_what_is_forgotten_after_a_prune_does_not_come_back(store: Store, evidence: Path, baseline: Baseline) -> None:
    prune(store, evidence, baseline, 3)
    load(store, evidence, baseline)
    word = forgotten.entry_of(URN, "LT-1", (), WORD, NOW, (new_run_id(NOW), 7), runs(evidence))
    forgotten.add(evidence / URN, word)
    forgetting.forget(store, (URN, "LT-1"))
    wanted = everything(store)
    assert load(store, evidence, baseline, verify=True, anew=True) == []
    assert everything(store) == wanted and store.history(URN, "LT-1") == []


def test_what_the_baseline_wants_kept_stays(store: Store, evidence: Path, baseline: Baseline) -> None:
    limit = NIGHT + timedelta(days=2)
    planned = pruning.plan(store, evidence / URN, NIGHT + timedelta(days=4), limit)
    assert planned.fresh == 2 and planned.kept == limit and "FWD-04 wants the evidence since" in planned.why
    assert pruning.plan(store, evidence / URN, NIGHT, limit).fresh == 0


def test_what_was_received_goes_with_its_receipt(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    evidence, elsewhere = tmp_path / "evidence", tmp_path / "elsewhere"
    nights(evidence, 2)
    foreign = [
        write(elsewhere, run_id(night, "000000ff"), [expected("LT-9")], {"LT-9": observation(serial="PF9ABCDE")})
        for night in (0, 1)
    ]
    receive(evidence, foreign, NIGHT + timedelta(days=1, hours=1))
    devices = [expected(f"LT-{one}") for one in (1, 2, 9)]
    said = {f"LT-{one}": observation(serial=f"PF{one}ABCDE") for one in (1, 2, 9)}
    write(evidence, run_id(2), devices, said)
    assert load(store, evidence, baseline) == []
    wanted = everything(store)[:3]
    assert prune(store, evidence, baseline, 1).fresh == 1
    assert load(store, evidence, baseline) == []
    assert prune(store, evidence, baseline, 1.02, NOW + timedelta(days=1)).fresh == 1, "a received one stays"
    assert load(store, evidence, baseline) == []
    assert prune(store, evidence, baseline, 2, NOW + timedelta(days=2)).fresh == 3
    assert load(store, evidence, baseline) == [] and load(store, evidence, baseline, verify=True, anew=True) == []
    assert everything(store)[:3] == wanted
    with pytest.raises(LeeboardError, match="was put away here"):
        receive(evidence, foreign, NOW + timedelta(days=3))


def test_evidence_that_is_not_whole_is_not_put_away(store: Store, evidence: Path, baseline: Baseline) -> None:
    paths = bundles(evidence / URN)
    content = paths[1].read_bytes()
    paths[1].unlink()
    with pytest.raises(LeeboardError, match="the bundle before it is missing"):
        pruning.plan(store, evidence / URN, LATE, LATE)
    paths[1].write_bytes(content[:-30])
    with pytest.raises(LeeboardError, match="nothing is put away before leeboard verify 123456 finds no fault"):
        pruning.plan(store, evidence / URN, LATE, LATE)


def test_a_store_that_knows_other_runs_is_no_base(store: Store, evidence: Path, baseline: Baseline) -> None:
    write(evidence, run_id(6), [expected("LT-1")], {"LT-1": observation()})
    with pytest.raises(LeeboardError, match="the store knows other runs than lie there"):
        pruning.plan(store, evidence / URN, LATE, LATE)


def test_a_run_that_came_meanwhile_stops_nothing_that_was_planned(
    store: Store, evidence: Path, baseline: Baseline
) -> None:
    planned = pruning.plan(store, evidence / URN, NIGHT + timedelta(days=2), LATE)
    write(evidence, run_id(6), [expected("LT-1")], {"LT-1": observation()})
    pruning.prune(store, evidence / URN, planned, WORD, NOW, baseline)
    assert load(store, evidence, baseline) == [] and len(store.bundles()) == 8
    with pytest.raises(LeeboardError, match="a run was recorded meanwhile"):
        planned = pruning.plan(store, evidence / URN, NIGHT + timedelta(days=3), LATE)
        prune(store, evidence, baseline, 4)
        pruning.prune(store, evidence / URN, planned, WORD, NOW, baseline)


def test_one_that_is_put_back_counts_no_more(store: Store, evidence: Path, tmp_path: Path, baseline: Baseline) -> None:
    first = bundles(evidence / URN)[0]
    copy = shutil.copy(first, tmp_path)
    prune(store, evidence, baseline, 3)
    shutil.copy(copy, first)
    done = ingest(store, [evidence], baseline, evidence)
    assert done.problems == [] and done.notes == [
        f"{first}: was put away, and counts no more; leeboard prune removes it"
    ]
    planned = prune(store, evidence, baseline, 3)
    assert (planned.fresh, planned.files) == (0, (first,)) and not first.exists()


def test_one_that_belongs_among_them_has_no_place(
    store: Store, evidence: Path, tmp_path: Path, baseline: Baseline
) -> None:
    """A var folder was copied, and both went on; one of them put its beginning away."""
    other = tmp_path / "other"
    shutil.copytree(evidence, other)
    for path in bundles(other / URN)[1:]:
        path.unlink()
    chain.note_tip(other / URN, chain.Tip(run_id(0), chain.file_digest(bundles(other / URN)[0]), 1))
    late = write(other, run_id(1, "000000ff"), [expected("LT-1")], {"LT-1": observation()})
    prune(store, evidence, baseline, 3)
    shutil.copy(late, evidence / URN)
    problem, fork = load(store, evidence, baseline)
    assert "belongs among bundles that were put away since, and has no place any more" in problem
    assert "turn 2 was taken 2 times" in fork


def test_the_prune_itself_is_evidence(store: Store, evidence: Path, baseline: Baseline) -> None:
    """Whoever takes away what keeps the history, or changes it, is found."""
    prune(store, evidence, baseline, 3)
    write(evidence, run_id(501), [expected("LT-1")], {"LT-1": observation()})
    assert load(store, evidence, baseline) == []
    (kept,) = (path for path in bundles(evidence / URN) if run_of(path) > run_id(6) and run_of(path) < run_id(501))
    content = kept.read_bytes()
    kept.unlink()
    problems = load(store, evidence, baseline)
    assert any("the bundle before it is missing" in one for one in problems), problems
    kept.write_bytes(content[: len(content) // 2])
    assert any("missing or was changed" in one for one in load(store, evidence, baseline))
    kept.write_bytes(content)
    assert load(store, evidence, baseline) == []


def test_a_history_that_says_something_else_is_found(store: Store, evidence: Path, baseline: Baseline) -> None:
    """With every hash worked out anew."""
    prune(store, evidence, baseline, 3)
    load(store, evidence, baseline)
    kept = max(bundles(evidence / URN), key=run_of)
    rewritten(kept, lambda said: said.replace(b'"code":"other_value"', b'"code":"not_set"'))
    note = chain.noted(evidence / URN)
    assert note is not None
    chain.note_tip(evidence / URN, chain.Tip(note.run, chain.file_digest(kept), note.turn))
    with store.writing() as session:
        session.execute(delete(BundleRow).where(BundleRow.run == run_of(kept)))
    problems = verify(store, evidence, [URN], baseline).problems
    assert any("LT-1: " in one and "spans were something else" in one for one in problems), problems


def test_how_far_the_evidence_reaches_is_said(store: Store, evidence: Path, baseline: Baseline) -> None:
    prune(store, evidence, baseline, 3)
    load(store, evidence, baseline)
    in_store, folder = retention.readings(store.bundles([URN]), evidence / URN, NOW)
    assert in_store.effective.state == "absent", in_store
    assert folder.effective.value == 497  # type: ignore[union-attr]
    assert "without a gap since" in folder.effective.note and "leeboard prune" in folder.effective.note  # type: ignore[union-attr]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # what is killed writes files
@pytest.mark.parametrize("call", ["fsync", "replace", "unlink"])
def test_whoever_is_killed_loses_nothing(
    store: Store, evidence: Path, tmp_path: Path, baseline: Baseline, call: str
) -> None:
    """Killed before each of these calls; what is left loads to the same history, and doing it again ends it."""
    wanted = everything(store)[:3]
    start, kills = tmp_path / "start", 0
    shutil.copytree(evidence, start)
    for nth in range(1, 40, STEP):
        shutil.rmtree(evidence)
        shutil.copytree(start, evidence)
        if not _killed(store, evidence, baseline, call, nth):
            break
        kills += 1
        (evidence / URN / "run.lock").unlink(missing_ok=True)
        with Store(tmp_path / f"{call}-{nth}.db") as anew:
            assert load(anew, evidence, baseline) == []
            assert everything(anew)[:3] == wanted
            planned = pruning.plan(anew, evidence / URN, NIGHT + timedelta(days=3), LATE)
            pruning.prune(anew, evidence / URN, planned, WORD, NOW + timedelta(days=1), baseline)
            assert load(anew, evidence, baseline) == [] and run_id(2) not in runs(evidence)
            assert everything(anew)[:3] == wanted
    assert kills >= (2 if STEP == 1 else 1), f"killed {kills} times only"


def _killed(store: Store, evidence: Path, baseline: Baseline, call: str, nth: int) -> bool:
    """Prune in a child that kills itself just before its nth call. False when it never got there."""
    planned = pruning.plan(store, evidence / URN, NIGHT + timedelta(days=3), LATE)
    store.close()  # a connection is not to be shared with a child
    return dies(partial(pruning.prune, store, evidence / URN, planned, WORD, NOW, baseline), call, nth)


def test_the_command(tmp_path: Path, baseline: Baseline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "load", lambda: baseline)
    monkeypatch.setattr(command, "days_wanted", lambda _baseline: 365)
    monkeypatch.setattr(command, "now", lambda: NIGHT + timedelta(days=368))
    evidence = tmp_path / "evidence"
    nights(evidence)
    app = typer.Typer()
    app.command()(command.prune)

    def ask(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["--var", str(tmp_path), *arguments], standalone_mode=False)

    said = ["--by", "Head of IT", "--reason", "the disk is full"]
    result = ask("--before", "2026-11-04", "--dry-run")
    assert result.return_value == 0, result.output
    assert "school 123456: 2 runs from 2 Nov 2026 to 3 Nov 2026, 0.0 MB; what stays begins on 4 Nov" in result.output
    assert len(runs(evidence)) == 6
    with pytest.raises(LeeboardError, match="--by: say it in one line"):
        ask("--before", "2026-11-04", "--yes")
        raise ask("--before", "2026-11-04", "--yes").exception
    result = ask("--before", "2026-11-08", *said, "--yes", URN)
    assert result.return_value == 0 and "3 runs from" in result.output and "FWD-04 wants the evidence" in result.output
    assert len(runs(evidence)) == 4
    assert "nothing is old enough" in ask("--before", "2026-11-02", *said, "--yes").output
    bundles(evidence / URN)[1].unlink()
    result = ask("--before", "2026-11-08", *said, "--yes")
    assert result.return_value == 3 and "problem: " in result.output


def test_the_baseline_wants_a_year() -> None:
    from leeboard.policy.load import load as load_policy

    assert retention.days_wanted(load_policy()) == 365
