"""The order of bundles: by turn, whatever clocks said; what comes from elsewhere has the place of its receipt."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.evidence.bundles import chain
from leeboard.evidence.bundles.order import MOST_AHEAD, Link, ordered, turns
from leeboard.evidence.bundles.reader import Reader
from leeboard.evidence.loading import receiving
from leeboard.evidence.loading.ingest import Ingested, ingest
from leeboard.evidence.notes import member_salt
from leeboard.evidence.store.store import Store
from leeboard.policy.model import Baseline
from tests.unit.evidence.estate import NIGHT, URN, expected, observation, older, run_id, write
from tests.unit.evidence.test_spans import everything

OURS, THEIRS = "a" * 32, "b" * 32
FAR = 900  # nights ahead
LATER = NIGHT + timedelta(days=30)


def link(name: str, follows: str | None = None, turn: int = 0, writer: str = "", **more: Any) -> Link:
    return Link(f"run-{name}", name, (follows,) if follows else (), turn, writer, **more)


def placed(*links: Link) -> list[str]:
    return [one.sha256 for one in ordered(links, OURS).links]


def test_turns_decide_and_names_do_not() -> None:
    links = [link("z", None, 1, OURS), link("a", "z", 2, OURS), link("m", "a", 3, OURS)]
    assert placed(*links) == placed(*reversed(links)) == ["z", "a", "m"]


def test_before_schema_3_the_chain_decides() -> None:
    links = [link("c"), link("a", "c"), link("b", "a")]
    assert turns({one.sha256: one for one in links}) == {"c": 1, "a": 2, "b": 3}
    assert placed(*links, link("new", "b", 4, OURS)) == ["c", "a", "b", "new"]
    assert turns({"b": link("b", "gone")}) == {"b": 1}
    around = {"a": link("a", "b"), "b": link("b", "a")}
    assert sorted(turns(around).values()) == [1, 2], "a circle that nobody can write ends"


def test_what_is_anothers_has_no_place_before_it_is_received() -> None:
    links = [link("one", None, 1, OURS), link("far", None, 7, THEIRS), link("two", "one", 2, OURS)]
    found = ordered(links, OURS)
    assert [one.sha256 for one in found.links] == ["one", "two"] and "not received here" in found.without["far"]
    receipt = Link("run-r", "r", ("two", "far", "farther"), 3, OURS, action="receive")
    assert placed(*links, link("farther", None, 2, THEIRS), receipt, link("x", "r", 4, OURS)) == [
        "one", "two", "far", "farther", "r", "x",
    ]  # fmt: skip
    theirs = Link("run-r", "r", ("far", "one"), 8, THEIRS, action="receive")
    assert placed(*links, theirs) == ["one", "two"], "what another has received says nothing here"


def test_a_folder_with_a_new_writer_keeps_its_history() -> None:
    links = [link("one", None, 1, OURS), link("two", "one", 2, OURS), link("far", "one", 2, THEIRS)]
    assert [one.sha256 for one in ordered(links, "c" * 32, "two").links] == ["one", "two"], "as the folder's note says"
    went_on = link("three", "two", 3, "c" * 32)
    assert [one.sha256 for one in ordered([*links, went_on], "c" * 32).links] == ["one", "two", "three"]


def test_a_fork_is_named_and_both_count() -> None:
    found = ordered([link("one", None, 1, OURS), link("b", "one", 2, OURS), link("a", "one", 2, OURS)], OURS)
    assert [one.sha256 for one in found.links] == ["one", "a", "b"]
    assert found.odd == (
        "turn 2 was taken 2 times by one writer: a var folder was copied or put back, and both went on",
    )


def test_a_turn_that_nobody_can_have_come_to_has_no_place() -> None:
    links = [
        link("one", None, 1, OURS),
        link("far", "one", MOST_AHEAD + 2, OURS),
        link("x", "far", MOST_AHEAD + 3, OURS),
    ]
    found = ordered(links, OURS)
    assert [one.sha256 for one in found.links] == ["one"] and set(found.without) == {"far", "x"}
    assert placed(links[0], link("near", "one", MOST_AHEAD + 1, OURS)) == ["one", "near"]


def night(evidence: Path, number: int, lock: Any = 600, asset: str = "LT-001") -> Path:
    return write(evidence, run_id(number), [expected(asset)], {asset: observation(lock=lock)})


def load(tmp_path: Path, baseline: Baseline, *paths: Path, store: str = "leeboard.db") -> Ingested:
    with Store(tmp_path / store) as opened:
        return ingest(opened, paths or [tmp_path / "evidence"], baseline, tmp_path / "evidence", at=LATER)


@pytest.mark.parametrize("wrong", [FAR, -FAR])
def test_a_clock_that_was_wrong_for_one_night_hides_nothing(tmp_path: Path, baseline: Baseline, wrong: int) -> None:
    night(tmp_path / "evidence", 0)
    night(tmp_path / "evidence", wrong)
    night(tmp_path / "evidence", 1, lock=5000)
    done = load(tmp_path, baseline)
    assert (done.new, done.problems) == (3, [])
    assert len(done.notes) == 1 and "a clock was wrong" in done.notes[0]
    with Store(tmp_path / "leeboard.db") as store:
        (device,) = store.devices()
        assert device.observed_run == run_id(1)
        assert [one.run for one in store.bundles()] == [run_id(0), run_id(wrong), run_id(1)]
        (drift,) = store.history(URN, "LT-001")
        assert (drift.verdict, drift.until) == ("drifted", None)


def test_old_bundles_and_new_ones_are_one_chain(tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    for number, schema in ((0, 1), (FAR, 1), (2, 1), (3, 1)):
        older(night(evidence, number), schema)
    night(evidence, 4, lock=5000)
    done = load(tmp_path, baseline)
    assert (done.new, done.problems) == (5, [])
    with Store(tmp_path / "leeboard.db") as store:
        assert [one.run for one in store.bundles()] == [run_id(number) for number in (0, FAR, 2, 3, 4)]
        assert store.bundles()[-1].link.turn == 5
        assert store.devices()[0].observed_run == run_id(4)


def test_a_tip_that_is_lost_is_found_by_the_chain(tmp_path: Path) -> None:
    night(tmp_path, FAR)
    last = night(tmp_path, 1)
    (tmp_path / URN / "chain.json").unlink()
    with Reader(night(tmp_path, 2)) as reader:
        assert (reader.header.follows, reader.header.turn) == (chain.file_digest(last), 3)


def test_two_controllers_and_one_that_came_late_make_equal_stores(tmp_path: Path, baseline: Baseline) -> None:
    theirs, evidence = tmp_path / "theirs", tmp_path / "evidence"
    early, mid = night(theirs, 0, lock=5000), night(theirs, 3, lock=None)
    night(evidence, 1)
    assert load(tmp_path, baseline).new == 1
    done = load(tmp_path, baseline, mid)
    assert (done.new, done.problems) == (2, []), "it, and its receipt"
    night(evidence, 4)
    done = load(tmp_path, baseline, early)
    assert (done.new, done.problems) == (3, []), done
    with Store(tmp_path / "leeboard.db") as store:
        (device,) = store.devices()
        assert (device.run, device.observed_run) == (run_id(4), run_id(4)), "what was seen before is no news"
        held = [(one.verdict, one.code, one.late, one.since.day) for one in store.history(URN, "LT-001")]
        assert held == [("drifted", "not_set", False, 5), ("drifted", "other_value", True, 2)]
        wanted = everything(store)
    assert load(tmp_path, baseline, store="anew.db").problems == []
    with Store(tmp_path / "anew.db") as store:
        assert everything(store) == wanted
    assert load(tmp_path, baseline, early, mid).new == 0, "both are there"


def test_what_anothers_run_says_late_is_kept_though_nothing_changed_since(tmp_path: Path, baseline: Baseline) -> None:
    early = night(tmp_path / "theirs", 0, lock=5000)
    silent = write(tmp_path / "others", run_id(1), [expected(problem="no form")], {"LT-001": "unreachable"})
    night(tmp_path / "evidence", 4, lock=5000)
    assert load(tmp_path, baseline, early, silent).problems == []
    with Store(tmp_path / "leeboard.db") as store:
        (device,) = store.devices()
        assert (device.run, device.outcome, device.problem) == (run_id(4), "observed", "")
        held = [(one.late, one.since.day, one.until) for one in store.history(URN, "LT-001")]
        assert held == [(False, 6, None), (True, 2, None)]


def test_one_of_ours_that_was_lost_comes_back_to_its_place(tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    paths = [night(evidence, number, lock) for number, lock in enumerate((600, 5000, 600))]
    saved = tmp_path / "backup" / paths[1].name
    saved.parent.mkdir()
    paths[1].rename(saved)
    (problem,) = load(tmp_path, baseline).problems
    assert "the bundle before it is missing" in problem
    done = load(tmp_path, baseline, saved)
    assert (done.new, done.problems) == (3, []), "the school is loaded anew, and nothing was received"
    assert len(list((evidence / URN).glob("*.jsonl.xz"))) == 3
    with Store(tmp_path / "leeboard.db") as store:
        (drift,) = store.history(URN, "LT-001")
        assert (drift.since.day, drift.until and drift.until.day) == (3, 4)


@pytest.mark.parametrize("schema", [1, 3])
def test_whoever_is_killed_while_receiving_brings_it_in_again(
    tmp_path: Path, baseline: Baseline, monkeypatch: pytest.MonkeyPatch, schema: int
) -> None:
    theirs, evidence = tmp_path / "theirs", tmp_path / "evidence"
    foreign = night(theirs, 3, lock=5000)
    foreign = foreign if schema == 3 else older(foreign, schema)
    night(evidence, 1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(receiving, "_copy", killed)
    with pytest.raises(KeyboardInterrupt):
        load(tmp_path, baseline, foreign)
    monkeypatch.undo()
    (problem,) = load(tmp_path, baseline).problems
    assert "received a bundle that is not here" in problem and "bring it in again" in problem
    done = load(tmp_path, baseline, foreign)
    assert done.problems == []
    with Store(tmp_path / "leeboard.db") as store:
        assert store.devices()[0].observed_run == run_id(3)
        assert len(store.bundles()) == 3, "there is one receipt"


def test_a_writer_that_is_lost_loses_no_history(tmp_path: Path, baseline: Baseline) -> None:
    for number in range(2):
        night(tmp_path / "evidence", number)
    load(tmp_path, baseline)
    (tmp_path / "evidence" / chain.WRITER).unlink()
    assert load(tmp_path, baseline).problems == []
    (tmp_path / "evidence" / URN / chain.TIP).unlink()
    night(tmp_path / "evidence", 2)
    done = load(tmp_path, baseline)
    assert (done.known, done.new, done.problems) == (2, 1, [])
    with Store(tmp_path / "leeboard.db") as store:
        assert [one.run for one in store.bundles()] == [run_id(number) for number in range(3)]


def test_a_salt_that_is_lost_is_said_and_one_that_is_damaged_keeps_the_school_out(
    tmp_path: Path, baseline: Baseline
) -> None:
    night(tmp_path / "evidence", 0)
    assert load(tmp_path, baseline).notes == []
    path = tmp_path / "evidence" / URN / member_salt.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    assert "the history of accounts and homes starts anew" in load(tmp_path, baseline).notes[0]
    path.write_text("{}")
    night(tmp_path / "evidence", 1)
    assert "members.json: is damaged" in load(tmp_path, baseline).problems[0]
    path.unlink()
    done = load(tmp_path, baseline)
    assert (done.new, done.problems) == (1, [])


def test_a_copy_without_a_receipt_has_no_place(tmp_path: Path, baseline: Baseline) -> None:
    night(tmp_path / "evidence", 1)
    shutil.copy(night(tmp_path / "theirs", 3), tmp_path / "evidence" / URN)
    (problem,) = load(tmp_path, baseline).problems
    assert "was written by another controller and not received here; leeboard ingest receives it" in problem
    (foreign,) = (tmp_path / "theirs" / URN).glob("*.xz")
    assert load(tmp_path, baseline, foreign).problems == []


def test_what_cannot_be_received_changes_nothing(tmp_path: Path, baseline: Baseline) -> None:
    night(tmp_path / "evidence", 1)
    there = sorted((tmp_path / "evidence").rglob("*"))
    open_one = write(tmp_path / "theirs", run_id(3), [expected()], {}, close=False)
    assert "its run has not ended" in load(tmp_path, baseline, open_one).problems[0]
    twin = tmp_path / "twin" / URN / f"{run_id(1)}.jsonl.xz"
    night(tmp_path / "twin", 1, lock=5000)
    assert "says something else" in load(tmp_path, baseline, twin).problems[0]
    assert "No such file" in load(tmp_path, baseline, tmp_path / "none.jsonl.xz").problems[0]
    left = {path for path in (tmp_path / "evidence").rglob("*") if path.name not in ("hashed.json", "hashed.lock")}
    assert left == set(there)


@pytest.mark.parametrize("content", ["", "{}", '{"writer": 7}', '{"writer": "x"}'])
def test_a_damaged_writer_is_said_and_nothing_is_written(tmp_path: Path, content: str) -> None:
    night(tmp_path, 0)
    (tmp_path / chain.WRITER).write_text(content)
    with pytest.raises(LeeboardError, match=r"writer\.json: is damaged"):
        night(tmp_path, 1)
    assert [path.name for path in (tmp_path / URN).glob("*.jsonl*")] == [f"{run_id(0)}.jsonl.xz"]


def test_a_turn_that_an_older_leeboard_noted_not_is_counted(tmp_path: Path) -> None:
    for number in range(3):
        older(night(tmp_path, number))
    assert "turn" not in json.loads((tmp_path / URN / chain.TIP).read_text())
    with Reader(night(tmp_path, 3)) as reader:
        assert reader.header.turn == 4
