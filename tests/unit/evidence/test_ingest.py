"""From files and folders to the store: what is loaded, what is refused, and the chain."""

from __future__ import annotations

import json
import lzma
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from leeboard.cli import ingest as command
from leeboard.evidence.bundles import writer as bundle
from leeboard.evidence.bundles.schema import write_line
from leeboard.evidence.bundles.writer import SchoolLock
from leeboard.evidence.loading.ingest import Ingested, ingest
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import started_of
from leeboard.policy.model import Baseline
from tests.unit.evidence.estate import URN, expected, line, observation, run_id, write

AT = started_of(run_id(0))


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Three nights of one school below tmp_path/evidence."""
    evidence = tmp_path / "evidence"
    return [write(evidence, run_id(night), [expected()], {"LT-001": observation()}) for night in range(3)]


def run(tmp_path: Path, baseline: Baseline, *paths: Path) -> Ingested:
    with Store(tmp_path / "leeboard.db") as store:
        return ingest(store, paths or [tmp_path / "evidence"], baseline)


def test_folders_and_files(tmp_path: Path, baseline: Baseline, three: list[Path]) -> None:
    assert run(tmp_path, baseline, three[0]).new == 3, "a bundle's place is told from those beside it"
    done = run(tmp_path, baseline, three[0].parent)
    assert (done.new, done.known, done.problems) == (0, 3, [])
    done = run(tmp_path, baseline)
    assert (done.new, done.known, done.problems) == (0, 3, [])
    assert done.runs == {run_id(0), run_id(1), run_id(2)}


def test_one_that_makes_no_sense_does_not_keep_out_the_others(
    tmp_path: Path, baseline: Baseline, three: list[Path]
) -> None:
    three[1].write_bytes(lzma.compress(b"nonsense\n"))
    done = run(tmp_path, baseline)
    assert done.new == 2
    unread, changed = done.problems
    assert unread == f"{three[1]}, line 1: is not JSON ('Expecting value: line 1 column 1 (char 0)')"
    assert f"{three[2]}: the bundle before it is missing or was changed" in changed


def test_a_missing_link_is_a_problem_and_the_oldest_may_be_gone(
    tmp_path: Path, baseline: Baseline, three: list[Path]
) -> None:
    three[0].unlink()
    assert run(tmp_path, baseline).problems == []
    write(tmp_path / "evidence", run_id(3), [expected()], {})
    three[2].unlink()
    (problem,) = run(tmp_path, baseline).problems
    assert f"{run_id(3)}.jsonl.xz: the bundle before it is missing or was changed" in problem


def test_a_missing_newest_bundle_is_a_problem(tmp_path: Path, baseline: Baseline, three: list[Path]) -> None:
    three[2].unlink()
    (problem,) = run(tmp_path, baseline).problems
    assert "the newest bundle is missing or was changed" in problem


def test_a_changed_bundle_is_a_problem_before_and_after_it_was_loaded(
    tmp_path: Path, baseline: Baseline, three: list[Path]
) -> None:
    good = three[1].read_bytes()
    evil = lzma.decompress(good).replace(b'"outcome":"observed"', b'"outcome":"failed"').replace(
        b'"outcomes":{"observed":1}', b'"outcomes":{"failed":1}'
    )  # fmt: skip
    three[1].write_bytes(lzma.compress(evil))
    (problem,) = run(tmp_path, baseline).problems
    assert three[2].name in problem and "was changed after it was closed" in problem
    three[1].write_bytes(good)
    (problem,) = run(tmp_path, baseline).problems
    assert f"run {run_id(1)} was loaded with other content before" in problem
    with Store(tmp_path / "leeboard.db") as store:
        assert ingest(store, [tmp_path / "evidence"], baseline, anew=True).problems == []
    assert run(tmp_path, baseline).problems == []


def test_a_forged_bundle_in_the_chain_is_a_problem(tmp_path: Path, baseline: Baseline, three: list[Path]) -> None:
    rows = lzma.decompress(three[2].read_bytes()).splitlines()
    header = json.loads(rows[0])
    new = run_id(2, "0000000b")
    forged = write_line({**header, "run": new}) + b"\n".join(rows[1:]) + b"\n"
    (three[2].parent / f"{new}.jsonl.xz").write_bytes(lzma.compress(forged))
    fork, twin = run(tmp_path, baseline).problems
    assert "turn 3 was taken 2 times by one writer" in fork
    assert f"follows the same bundle as {three[2].name}" in twin or f"follows the same bundle as {new}" in twin


def test_a_renamed_bundle_is_refused(tmp_path: Path, baseline: Baseline, three: list[Path]) -> None:
    three[2].rename(three[2].with_name(f"{run_id(7)}.jsonl.xz"))
    problems = run(tmp_path, baseline).problems
    assert any(f"says that it is run {run_id(2)} of school {URN}; it was renamed" in found for found in problems)


def test_a_link_is_refused(tmp_path: Path, baseline: Baseline, three: list[Path]) -> None:
    link = three[0].parent / f"{run_id(9)}.jsonl.xz"
    link.symlink_to(three[0])
    assert any("is a symbolic link" in found for found in run(tmp_path, baseline).problems)


def test_a_run_that_goes_on_is_left_alone(tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    write(evidence, run_id(0), [expected()], {"LT-001": observation()}, close=False)
    held = SchoolLock(evidence, URN, run_id(0))
    done = run(tmp_path, baseline)
    assert (done.new, done.problems) == (0, []) and "still recording" in done.notes[0]
    held.release()
    done = run(tmp_path, baseline)
    assert (done.new, done.problems, done.notes) == (1, [], [])
    with Store(tmp_path / "leeboard.db") as store:
        assert store.bundles()[0].broken_off
    # Sealing it changes the file, and not what it says.
    write(evidence, run_id(1), [expected()], {})
    done = run(tmp_path, baseline)
    assert (done.new, done.known, done.problems) == (1, 1, [])


def test_a_roll_outs_last_line_wins_and_all_its_changes_count(tmp_path: Path, baseline: Baseline) -> None:
    drifted, fine = observation(lock=0), observation(lock=600)
    lines = [
        line("LT-1", AT, observation=observation(lock=5000), changes=["one"]),
        line("LT-1", AT, observation=fine, changes=[{"text": "two"}]),
        line("LT-2", AT, observation=drifted | {"readings": []}),
        line("LT-2", AT, outcome="unreachable", message="gone"),
        line("LT-3", AT, outcome="unreachable", message="gone"),
        line("LT-3", AT, observation=fine),
    ]
    write(tmp_path / "evidence", run_id(0), [expected(f"LT-{number}") for number in (1, 2, 3)], lines)
    assert run(tmp_path, baseline).problems == []
    with Store(tmp_path / "leeboard.db") as store:
        one, two, three = store.devices()
    assert (one.outcome, one.findings[0].verdict, one.changes) == ("observed", "compliant", ("one", {"text": "two"}))
    assert (two.outcome, two.message, two.findings[0].verdict) == ("unreachable", "gone", "error")
    assert (three.outcome, three.message, three.findings[0].verdict) == ("observed", "", "compliant")


def test_findings_are_derived_where_they_are_absent_and_kept_where_not(tmp_path: Path, baseline: Baseline) -> None:
    said = [{"control": "LCK-01", "verdict": "drifted", "mode": "report", "reason": "so", "judged": []}]
    lines = [line("LT-1", AT), line("LT-2", AT, findings=said)]
    high = expected("LT-1", level="high")
    write(tmp_path / "evidence", run_id(0), [high, expected("LT-2")], lines)
    assert run(tmp_path, baseline).problems == []
    with Store(tmp_path / "leeboard.db") as store:
        one, two = store.devices()
    assert {found.control: found.verdict for found in one.findings} == dict.fromkeys(
        ("LCK-01", "LCK-02", "LBL-01"), "compliant"
    )
    assert [found.as_json() for found in two.findings] == said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"observation": {"schema": 1}}, "the device's answer is not an observation: platform"),
        ({"observation": None}, "its line holds no observation"),
        ({"findings": [{"control": "LCK-01"}]}, "its findings make no sense"),
        (
            {"findings": [{"control": "X" * 99, "verdict": "error", "mode": "off", "judged": []}]},
            "which is no control's id",
        ),
        ({"findings": [{"control": "LCK-01", "verdict": "fine", "mode": "off", "judged": []}]}, "make no sense"),
    ],
)
def test_a_line_that_makes_no_sense_is_a_failed_device(
    tmp_path: Path, baseline: Baseline, more: dict[str, object], words: str
) -> None:
    rows = [line("LT-1", AT, **more), line("LT-2", AT)]
    write(tmp_path / "evidence", run_id(0), [expected("LT-1"), expected("LT-2")], rows)
    done = run(tmp_path, baseline)
    assert (done.new, done.problems) == (1, []) and words in done.notes[0]
    with Store(tmp_path / "leeboard.db") as store:
        one, two = store.devices()
    assert one.outcome == "failed" and words in one.message and one.seen is None
    assert two.outcome == "observed"


def test_the_command(tmp_path: Path, baseline: Baseline, three: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "load", lambda: baseline)
    app = typer.Typer()
    app.command()(command.ingest)
    result = CliRunner().invoke(app, ["--var", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "3 bundles loaded, 0 already known, 0 problems\n")
    three[1].write_bytes(b"")
    result = CliRunner().invoke(app, ["--var", str(tmp_path), str(three[1]), str(tmp_path / "none")])
    assert result.exit_code == 3
    assert f"problem: {three[1]}: holds no whole line" in result.output
    assert "No such file" in result.output and "was loaded with other content before" in result.output
    assert "4 problems" in result.output


def test_a_thousand_devices_take_seconds(tmp_path: Path, baseline: Baseline) -> None:
    devices = [expected(f"LT-{number}") for number in range(1000)]
    said = {device.asset: observation() for device in devices}
    began = time.monotonic()
    write(tmp_path / "evidence", run_id(0), devices, said)
    wrote = time.monotonic()
    assert run(tmp_path, baseline).new == 1
    loaded = time.monotonic()
    print(f"1000 devices: written in {wrote - began:.2f} s, loaded in {loaded - wrote:.2f} s")
    assert loaded - wrote < 20
    assert not list((tmp_path / "evidence" / URN).glob(f"*{bundle.OPEN}"))
