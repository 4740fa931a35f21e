"""The journal of a school: lines are added and never changed, and what makes no sense costs its own line."""

from __future__ import annotations

import hashlib
import json
import resource
import signal
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leeboard.errors import LeeboardError
from leeboard.estate import journal
from leeboard.estate.journal import Anchor, EnforceLine, Line, WaiverLine
from tests.unit.estate.risks import raw, waiver
from tests.unit.killed import killed

URN = "900001"
AT = datetime(2026, 11, 26, 9, 0, 0, 123456, tzinfo=UTC)
# To the byte what `leeboard school enforce` wrote before there were waivers in it.
OLD = b'{"at": "2026-11-20T09:00:00Z", "family": "LCK", "on": true, "by": "Head teacher", "since": "2026-11-20"}\n'


def switched(family: str = "LBL", on: bool = True) -> EnforceLine:
    return EnforceLine(at=AT, kind="enforce", family=family, on=on, by="Head teacher")


def accepted(**changes: Any) -> WaiverLine:
    risk = waiver(**changes)
    return WaiverLine(at=AT, kind="waivers", id=risk.id, how="new", by="technician", waiver=risk)


def add(var: Path, *lines: Line) -> journal.Journal:
    return journal.add(var, URN, lambda _: lines)


def given(var: Path, content: bytes) -> Path:
    path = journal.path_of(var, URN)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def test_lines_are_added_for_this_account_alone(tmp_path: Path) -> None:
    add(tmp_path, switched(), accepted(devices=["A-1", "A-2"], settings={"tries": [6]}))
    kept = add(tmp_path, switched(on=False))
    path = tmp_path / "schools" / f"{URN}.jsonl"
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"at": "2026-11-26T09:00:00Z", "kind": "enforce", "family": "LBL", "on": True, "by": "Head teacher"},
        {
            **{"at": "2026-11-26T09:00:00Z", "kind": "waivers", "id": "W-2026-001", "how": "new", "by": "technician"},
            "waiver": raw(devices=["A-1", "A-2"], settings={"tries": [6]}),
        },
        {"at": "2026-11-26T09:00:00Z", "kind": "enforce", "family": "LBL", "on": False, "by": "Head teacher"},
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (kept.families, kept.waivers) == (set(), [waiver(devices=["A-1", "A-2"], settings={"tries": [6]})])
    assert [kept.is_on("LBL", lines) for lines in range(4)] == [False, True, True, False]
    assert [kept.waiver("W-2026-001", lines) is not None for lines in range(4)] == [False, False, True, True]


def test_an_old_journal_stays_readable_and_goes_on(tmp_path: Path) -> None:
    path = given(tmp_path, OLD)
    kept = journal.read(tmp_path, URN)
    assert (kept.problems, kept.families, kept.lines) == ([], {"LCK"}, 1)
    assert add(tmp_path, accepted()).families == {"LCK"}
    assert path.read_bytes().startswith(OLD)


def test_an_anchor_is_the_hash_of_the_first_lines(tmp_path: Path) -> None:
    assert journal.read(tmp_path, URN).anchor is None and not (tmp_path / "schools").exists()
    first = add(tmp_path, switched()).anchor
    path = journal.path_of(tmp_path, URN)
    assert first == Anchor(lines=1, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    kept = add(tmp_path, accepted())
    assert kept.holds(first) and kept.anchor is not None and kept.holds(kept.anchor)
    assert not kept.holds(Anchor(lines=3, sha256=first.sha256)), "there are not so many"
    assert not kept.holds(Anchor(lines=2, sha256=first.sha256))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "is not JSON"),
        (b"\x00\xff\xfe", "is not JSON"),
        (b"{" * 100_000, "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"at": NaN}', "is not JSON"),
        (b"[]", "is no object"),
        (b'{"kind": "\\u001b]0;x\\u0007"}', "is of no known kind"),
        (b'{"kind": ["enforce"]}', "is of no known kind"),
        (b'{"\\u001b[31m": 1, "kind": "enforce"}', "makes no sense at "),
        (OLD.strip().replace(b"LCK", b"lck"), "makes no sense at family"),
        (OLD.strip().replace(b"true", b'"true"'), "makes no sense at on"),
        (OLD.strip().replace(b"Head", b"x" * 1000), "makes no sense at by"),
        (json.dumps({**json.loads(OLD), "kind": "waivers"}).encode(), "makes no sense at"),
        (
            json.dumps({"at": "2026-11-26T09:00:00Z", "kind": "waivers", "id": "W-1", "how": "new", "by": "x",
                        "waiver": raw(id="W-2")}).encode(),
            "the waiver has another id",
        ),
        (
            json.dumps({"at": "2026-11-26T09:00:00Z", "kind": "waivers", "id": "W-1", "how": "new", "by": "x",
                        "waiver": raw(id="W-1", reason="\x1b[31m")}).encode(),
            "it holds control characters",
        ),
    ],
)  # fmt: skip
def test_a_line_that_makes_no_sense_is_told_with_its_number_and_costs_no_other(
    tmp_path: Path, line: bytes, words: str
) -> None:
    path = given(tmp_path, OLD + line + b"\n")
    kept = add(tmp_path, switched())
    (problem,) = kept.problems
    assert problem.startswith(f"{path}, line 2: ") and words in problem and problem.isprintable()
    assert kept.families == {"LCK", "LBL"} and kept.lines == 3
    assert kept.anchor is not None and kept.anchor.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_of_very_many_lines_that_make_no_sense_a_few_are_told(tmp_path: Path) -> None:
    path = given(tmp_path, b"x\n" * 5000)
    problems = journal.read(tmp_path, URN).problems
    assert len(problems) == 11 and problems[-1] == f"{path}: 4990 more of its lines make no sense"
    given(tmp_path, b"\n" * (journal.MOST_LINES + 1))
    with pytest.raises(LeeboardError, match="more than 500000 lines"):
        journal.read(tmp_path, URN)


def test_what_was_torn_off_is_no_line_and_is_cut_off_by_the_next(tmp_path: Path) -> None:
    path = given(tmp_path, OLD + OLD[:40])
    assert (journal.read(tmp_path, URN).lines, journal.read(tmp_path, URN).problems) == (1, [])
    kept = add(tmp_path, switched())
    assert (kept.lines, kept.problems) == (2, [])
    assert path.read_bytes().startswith(OLD) and path.read_bytes().count(b"\n") == 2


def test_a_disk_that_is_full_leaves_whole_lines(tmp_path: Path) -> None:
    path = given(tmp_path, OLD)

    def on_a_full_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(OLD) + 50, len(OLD) + 50))
        with pytest.raises(LeeboardError, match="cannot be written: File too large; nothing was changed"):
            add(tmp_path, accepted())

    assert not killed(on_a_full_disk)
    assert path.read_bytes() == OLD


def test_many_who_add_at_once_lose_nothing(tmp_path: Path) -> None:
    def many(number: int) -> None:
        for turn in range(10):
            add(tmp_path, accepted(id=f"W-{number}-{turn}", devices=[f"A-{one}" for one in range(200)]))

    threads = [threading.Thread(target=many, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = journal.read(tmp_path, URN)
    assert (kept.lines, len(kept.waivers), kept.problems) == (60, 60, [])


@pytest.mark.parametrize(
    "make",
    [
        Path.mkdir,
        lambda path: path.symlink_to("/etc/hostname"),
        lambda path: path.write_bytes(b"x" * (journal.MOST_BYTES + 1)),
    ],
)
def test_what_is_no_journal_is_not_written(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = journal.path_of(tmp_path, URN)
    path.parent.mkdir()
    make(path)
    with pytest.raises(LeeboardError, match=f"^{path}: "):
        add(tmp_path, switched())
    with pytest.raises(LeeboardError, match=f"^{path}: "):
        journal.read(tmp_path, URN)


def test_a_line_that_nobody_could_read_again_is_not_written(tmp_path: Path) -> None:
    settings = {"tries": {f"A-{number}": ["x" * 290] * 3 for number in range(5000)}}
    big = accepted(devices=[f"A-{number}" for number in range(5000)], settings=settings)
    settings["more"] = {asset: [f"{number}{'y' * 290}" for number in range(5)] for asset in settings["tries"]}
    bigger = accepted(devices=[f"A-{number}" for number in range(5000)], settings=settings)
    assert add(tmp_path, big).lines == 1
    with pytest.raises(LeeboardError, match="name fewer devices in one waiver"):
        add(tmp_path, bigger)
    assert journal.read(tmp_path, URN).lines == 1
