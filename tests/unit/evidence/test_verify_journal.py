"""What `leeboard verify` finds of what somebody did to a school's journal, or to what bundles say of it."""

from __future__ import annotations

import json
import lzma
import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from leeboard.cli import ingest as command
from leeboard.estate import journal
from leeboard.estate.journal import Anchor, EnforceLine, Line, WaiverLine
from leeboard.evidence.bundles import chain
from leeboard.evidence.bundles.schema import Expected, School
from leeboard.evidence.bundles.writer import Origin, SchoolLock, Writer
from leeboard.evidence.keeping.verifying import Verified, verify
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.recording.recorder import Recorder
from leeboard.evidence.store.store import Store
from leeboard.model.run_id import started_of
from leeboard.model.waiver import Waiver
from leeboard.policy.model import Baseline
from tests import bundle_lines
from tests.unit.estate.risks import for_school, waiver
from tests.unit.evidence.estate import NIGHT, URN, expected, line, older, write

ONE, TWO = "LT-1", "LT-2"
HALL = waiver(id="W-1", devices=[ONE, TWO], settings={"tries": {ONE: [6], TWO: [6]}})
EXAMS = for_school(id="W-2", control="LBL-01")
SCHOOL = School(urn=URN, name="Hill School")


def device(asset: str, *risks: Waiver, enforce: Sequence[str] = ()) -> Expected:
    carried = tuple(risk.narrowed(asset) for risk in risks)
    return expected(asset, enforce=tuple(enforce)).model_copy(update={"waivers": carried})


def devices(*risks: Waiver, enforce: Sequence[str] = ()) -> list[Expected]:
    return [device(asset, *risks, enforce=enforce) for asset in (ONE, TWO)]


def night(evidence: Path, number: int, there: list[Expected], listed: Sequence[Waiver] = ()) -> Path:
    """A run that records what it saw of these devices."""
    recorder = Recorder(evidence, "b" * 64, lambda: NIGHT + timedelta(days=number, seconds=5))
    recorder.expect(there, "check", {URN: listed})
    for one in there:
        recorder.problem(one.name, "unreachable", "no route to host")
    (path,) = recorder.close()
    return path


def asked(var: Path, *lines: Line) -> None:
    journal.add(var, URN, lambda _: lines)


def granted(risk: Waiver, **more: Any) -> WaiverLine:
    return WaiverLine(at=NIGHT, kind="waivers", id=risk.id, how="new", by="technician", waiver=risk, **more)


def switched(family: str, on: bool = True) -> EnforceLine:
    return EnforceLine(at=NIGHT, kind="enforce", family=family, on=on, by="Head teacher")


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Three nights in a folder var. Each line of the journal has a night that names it as the last: 1, 2 and 4."""
    evidence = tmp_path / "evidence"
    asked(tmp_path, switched("LCK"))
    paths = [night(evidence, 0, devices(enforce=["LCK"]))]
    asked(tmp_path, granted(HALL))
    paths.append(night(evidence, 1, devices(HALL, enforce=["LCK"]), [HALL]))
    asked(tmp_path, granted(EXAMS), switched("LBL"))
    paths.append(night(evidence, 2, devices(HALL, EXAMS, enforce=["LCK", "LBL"]), [HALL, EXAMS]))
    assert journal.read(tmp_path, URN).lines == 4, "nothing was by hand"
    return paths


def checked(folder: Path, baseline: Baseline) -> Verified:
    with Store(folder / "leeboard.db") as store:
        return verify(store, folder / "evidence", [URN], baseline)


def lines_of(var: Path) -> list[bytes]:
    return journal.path_of(var, URN).read_bytes().splitlines(keepends=True)


def rewritten(var: Path, change: Callable[[list[bytes]], Any]) -> None:
    lines = lines_of(var)
    change(lines)
    journal.path_of(var, URN).write_bytes(b"".join(lines))


def with_header(paths: list[Path], number: int, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a bundle's header, and let every hash of the chain and its note be right again."""
    before = None
    for place, path in enumerate(paths):
        head, _, rest = bundle_lines.content(path).partition(b"\n")
        header = json.loads(head)
        if place == number:
            change(header)
        header["heads"] = [chain.file_digest(before)] if before else header["heads"]
        path.write_bytes(lzma.compress(json.dumps(header, separators=(",", ":")).encode() + b"\n" + rest))
        before = path
    assert before is not None
    chain.note_tip(before.parent, chain.Tip(header["run"], chain.file_digest(before), header["turn"]))


def put_in(header: dict[str, Any], **of_device: Any) -> None:
    """Let both devices have something else; of a waiver each has its own part."""
    for device in header["expected"]:
        device |= json.loads(json.dumps(of_device).replace(ONE, device["asset"]))


def data(risk: Waiver) -> dict[str, Any]:
    found: dict[str, Any] = risk.narrowed(ONE).model_dump(mode="json", exclude_defaults=True)
    return found


def test_where_nobody_did_anything_there_is_nothing(tmp_path: Path, three: list[Path], baseline: Baseline) -> None:
    found = checked(tmp_path, baseline)
    assert (found.problems, found.notes, found.bundles) == ([], [], 3)


IN_THE_JOURNAL: dict[str, tuple[Callable[[list[bytes]], Any], str]] = {
    "a line of the journal taken out": (lambda lines: lines.pop(1), "has 3 lines, and 4 were there when run 20261104"),
    "its last line taken out": (lambda lines: lines.pop(), "has 3 lines, and 4 were there when run 20261104"),
    "all of its lines taken out": (lambda lines: lines.clear(), "has 0 lines, and 4 were there when run 20261102"),
    "the first line changed": (
        lambda lines: lines.__setitem__(0, lines[0].replace(b"Head", b"head")),
        "line 1 is not as it was when run 20261102",
    ),
    "a line of the journal changed": (
        lambda lines: lines.__setitem__(1, lines[1].replace(b"2027-07-20", b"2027-08-20")),
        "line 2 is not as it was when run 20261103",
    ),
    "one of the lines that came together changed": (
        lambda lines: lines.__setitem__(2, lines[2].replace(b"technician", b"somebody")),
        "one of lines 3 to 4 is not as it was when run 20261104",
    ),
    "a line put in before": (lambda lines: lines.insert(1, lines[0]), "line 2 is not as it was when run 20261103"),
    "two lines exchanged": (
        lambda lines: lines.__setitem__(slice(2, 4), lines[3:1:-1]), "one of lines 3 to 4 is not as it was",
    ),
    "a line made senseless": (lambda lines: lines.__setitem__(2, b"\x1b[31m\n"), "jsonl, line 3: is not JSON"),
    "the end of its last line torn off": (
        lambda lines: lines.__setitem__(3, lines[3][:-1]), "has 3 lines, and 4 were there",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_THE_JOURNAL)
def test_what_was_done_to_the_journal_is_found(
    tmp_path: Path, three: list[Path], baseline: Baseline, name: str
) -> None:
    change, words = IN_THE_JOURNAL[name]
    rewritten(tmp_path, change)
    found = checked(tmp_path, baseline).problems
    assert any(words in one for one in found), found
    assert len(found) <= 3 and all(one.isprintable() for one in found)


IN_A_BUNDLE: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a waiver put into a bundle with all hashes": (
        lambda header: put_in(header, waivers=[data(HALL), data(for_school(id="W-9"))]),
        "had waiver W-9 on LT-1, LT-2, and the school's journal did not have it so",
    ),
    "one that was granted later": (
        lambda header: put_in(header, waivers=[data(HALL), data(EXAMS)]), "had waiver W-2 on LT-1, LT-2, and",
    ),
    "a waiver in a bundle made longer": (
        lambda header: put_in(header, waivers=[{**data(HALL), "last_day": "2027-08-20"}]),
        "had waiver W-1 on LT-1, LT-2, and",
    ),
    "another value accepted": (
        lambda header: put_in(header, waivers=[{**data(HALL), "settings": {"tries": {ONE: [9]}}}]),
        "had waiver W-1 on LT-1, LT-2, and",
    ),
    "a waiver for a device that it was not for": (
        lambda header: put_in(header, waivers=[{**data(HALL), "devices": ["LT-9"]}]),
        "had waiver W-1 on LT-1, LT-2, and",
    ),
    "a family put into a bundle with all hashes": (
        lambda header: put_in(header, enforce=["LCK", "AUD"]),
        "let AUD be changed on LT-1, LT-2, and the school's journal did not have it on",
    ),
    "the journal's name taken out of a header": (
        lambda header: header.pop("journal"), "the header names no journal; a bundle without one was not written by",
    ),
    "an older journal named": (
        lambda header: header["journal"].update(lines=1), "line 1 is not as it was when run 20261103",
    ),
    "a journal named that never was": (
        lambda header: header["journal"].update(lines=2**50), "has 4 lines, and 1125899906842624 were there",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_A_BUNDLE)
def test_what_was_put_into_a_bundle_is_found(tmp_path: Path, three: list[Path], baseline: Baseline, name: str) -> None:
    change, words = IN_A_BUNDLE[name]
    with_header(three, 1, change)
    found = checked(tmp_path, baseline).problems
    assert any(words in one for one in found), found
    assert len(found) == 1, "all hashes are right, and the store was deleted: nothing else tells"


def test_each_run_is_judged_by_the_lines_of_its_own_night(
    tmp_path: Path, three: list[Path], baseline: Baseline
) -> None:
    """What was on and ended later was right in its night, and is wrong in one of afterwards."""
    ended = WaiverLine(at=NIGHT, kind="waivers", id="W-1", how="end", by="technician", waiver=None, reason="mended")
    asked(tmp_path, switched("LCK", on=False), ended)
    three.append(night(tmp_path / "evidence", 3, devices(EXAMS, enforce=["LBL"]), [EXAMS]))
    assert checked(tmp_path, baseline).problems == []
    before = json.loads(bundle_lines.content(three[2]).partition(b"\n")[0])["expected"]
    with_header(three, 3, lambda header: header.update(expected=before))
    shutil.rmtree(tmp_path / "leeboard.db", ignore_errors=True)
    (tmp_path / "leeboard.db").unlink()
    found = checked(tmp_path, baseline).problems
    assert [one.partition(": run ")[2].partition(" ")[2] for one in found] == [
        "let LCK be changed on LT-1, LT-2, and the school's journal did not have it on",
        "had waiver W-1 on LT-1, LT-2, and the school's journal did not have it so",
    ]


def test_a_journal_that_cannot_be_read_is_one_problem(tmp_path: Path, three: list[Path], baseline: Baseline) -> None:
    path = journal.path_of(tmp_path, URN)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert checked(tmp_path, baseline).problems == [f"{path}: is a symbolic link; give the file itself"]


def test_older_bundles_are_not_judged_and_that_is_said(tmp_path: Path, baseline: Baseline) -> None:
    evidence = tmp_path / "evidence"
    for number in range(2):
        older(night(evidence, number, devices(HALL, enforce=["LCK"]), [HALL]), 2)
    older(night(evidence, 2, [expected("LT-3")]), 2)
    found = checked(tmp_path, baseline)
    assert found.problems == []
    assert found.notes == [
        f"school {URN}: 2 bundles with waivers or enforcement are older than headers that name the journal; what they "
        "say of both is not compared"
    ]


def test_those_of_another_controller_are_not_judged_and_that_is_said(tmp_path: Path, baseline: Baseline) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    night(here / "evidence", 0, devices(HALL), [HALL])
    paths = [night(there / "evidence", number, devices(EXAMS), [EXAMS]) for number in (1, 2)]
    with Store(here / "leeboard.db") as store:
        assert ingest(store, paths, baseline, here / "evidence").problems == []
    found = checked(here, baseline)
    assert found.problems == []
    assert found.notes == [
        f"school {URN}: 2 bundles with waivers or enforcement are of another controller, whose journal is not here; "
        "what they say of both is not compared"
    ]


def test_of_many_runs_one_line_is_said(tmp_path: Path, baseline: Baseline) -> None:
    asked(tmp_path, switched("LCK"))
    for number in range(5):
        night(tmp_path / "evidence", number, devices(enforce=["LCK"]))
    journal.path_of(tmp_path, URN).unlink()
    found = checked(tmp_path, baseline).problems
    assert len(found) == 1 and "20261102T021005Z" in found[0] and "(and 4 later ones) began" in found[0]
    assert [*lines_of_run_after(tmp_path)] == ["LCK"], "the next run begins a journal anew, and does not hide that"
    found = checked(tmp_path, baseline).problems
    assert len(found) == 1 and "line 1 is not as it was when run 20261102" in found[0]


def lines_of_run_after(var: Path) -> Sequence[str]:
    night(var / "evidence", 9, devices(enforce=["LCK"]))
    return [json.loads(one)["family"] for one in lines_of(var)]


def test_a_line_that_makes_no_sense_stops_no_run_and_is_told_each_time(tmp_path: Path, baseline: Baseline) -> None:
    path = journal.path_of(tmp_path, URN)
    path.parent.mkdir()
    path.write_bytes(b'{"kind": "enforce", "family": "\\u001b[31m"}\n')
    night(tmp_path / "evidence", 0, devices(HALL), [HALL])
    (problem,) = checked(tmp_path, baseline).problems
    assert problem.startswith(f"{path}, line 1: makes no sense at ") and problem.isprintable()


def test_a_device_that_was_refused_is_not_judged_unless_it_answered(tmp_path: Path, baseline: Baseline) -> None:
    """Somebody who says of a device that its variables are wrong does not so get a waiver past the journal."""
    evidence = tmp_path / "evidence"
    refused = device(ONE, EXAMS).model_copy(update={"problem": "wrong"})
    night(evidence, 0, [refused])
    assert checked(tmp_path, baseline).problems == []
    at = started_of("20261103T021000Z-0000000a")
    write(evidence, "20261103T021000Z-0000000a", [refused], [line(ONE, at)])
    assert any("the header names no journal" in one for one in checked(tmp_path, baseline).problems)


def test_the_lines_that_a_later_play_names_are_asked_as_well(tmp_path: Path, baseline: Baseline) -> None:
    run = "20261103T021000Z-0000000a"
    night(tmp_path / "evidence", 0, devices(HALL), [HALL])
    writer = Writer(
        SchoolLock(tmp_path / "evidence", URN, run), run, SCHOOL, Origin("0.1.0", "check", "", ""), [expected(ONE)]
    )
    writer.expect([device(TWO, HALL)], Anchor(lines=1, sha256="0" * 64))
    writer.close(started_of(run))
    (problem,) = checked(tmp_path, baseline).problems
    assert "line 1 is not as it was when run 20261103" in problem


def test_the_command_says_problems_and_notes(
    tmp_path: Path, baseline: Baseline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "load", lambda: baseline)
    older(night(tmp_path / "evidence", 0, devices(HALL), [HALL]), 2)
    night(tmp_path / "evidence", 1, devices(HALL), [HALL])
    app = typer.Typer()
    app.command()(command.verify)
    result = CliRunner().invoke(app, ["--var", str(tmp_path)])
    assert result.exit_code == 0 and "note: school 123456: 1 bundle with waivers" in result.output
    journal.path_of(tmp_path, URN).write_bytes(b"{}\n")
    result = CliRunner().invoke(app, ["--var", str(tmp_path)])
    assert result.exit_code == 3 and "problem: " in result.output and "line 1 is not as it was" in result.output
