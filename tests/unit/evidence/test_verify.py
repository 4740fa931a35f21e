"""What `leeboard verify` finds of what somebody did to evidence, and nothing where nobody did anything."""

from __future__ import annotations

import gzip
import json
import lzma
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import text
from typer.testing import CliRunner

from leeboard.cli import ingest as command
from leeboard.evidence.bundles import chain
from leeboard.evidence.keeping.verifying import Verified, verify
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.notes import pins
from leeboard.evidence.store.second_store import PLACE
from leeboard.evidence.store.store import Store
from leeboard.model.identity import Sighting
from leeboard.model.run_id import started_of
from leeboard.policy.model import Baseline
from leeboard.storage import files
from tests import bundle_lines
from tests.unit.evidence.estate import SALT, URN, answered, expected, line, observation, older, run_id, write

ONE, TWO = "PF1ABCDE", "PF2ABCDE"
BOTH = [expected("LT-1"), expected("LT-2")]


def lines(night: int, lock: Any = 600) -> list[dict[str, Any]]:
    """Both laptops answer the challenges of their visits."""
    at = started_of(run_id(night))
    said = {"LT-1": observation(lock=lock, serial=ONE), "LT-2": observation(serial=TWO)}
    return [
        answered(line(asset, at, observation=one), run_id(night), visit)
        for visit, (asset, one) in enumerate(said.items(), 1)
    ]


def night(evidence: Path, number: int, rows: list[dict[str, Any]] | None = None) -> Path:
    return write(evidence, run_id(number), BOTH, rows or lines(number), salt=SALT)


@pytest.fixture
def three(store: Store, tmp_path: Path, baseline: Baseline) -> list[Path]:
    """Three nights of two laptops in a folder var, with pins, loaded; one drifts on the second night."""
    paths = [night(tmp_path / "evidence", number, lines(number, lock)) for number, lock in enumerate((600, 5000, 700))]
    seen = {
        asset: pins.Pin(Sighting(serial, None, None, None), "2026-11-02T02:10:00Z", "2026-11-02T02:10:00Z")
        for asset, serial in (("LT-1", ONE), ("LT-2", TWO))
    }
    pins._write(tmp_path / "evidence" / URN / "pins.json", seen)
    assert ingest(store, [tmp_path / "evidence"], baseline, tmp_path / "evidence").problems == []
    return paths


def checked(store: Store, tmp_path: Path, baseline: Baseline) -> Verified:
    return verify(store, tmp_path / "evidence", [URN], baseline)


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change what a closed bundle says, and leave it well formed."""
    content = bundle_lines.content(path)
    changed = change(content)
    assert changed != content
    path.write_bytes(lzma.compress(changed))


def chained_anew(paths: list[Path]) -> None:
    """Let every bundle follow the one before it again, and the note name the last: all hashes are right."""
    before = None
    for path in paths:
        if before is not None:
            head, _, rest = bundle_lines.content(path).partition(b"\n")
            header = {**json.loads(head), "heads": [chain.file_digest(before)]}
            path.write_bytes(lzma.compress(json.dumps(header, separators=(",", ":")).encode() + b"\n" + rest))
        before = path
    assert before is not None
    chain.note_tip(before.parent, chain.Tip(run_id(len(paths) - 1), chain.file_digest(before), len(paths)))


def test_where_nobody_did_anything_there_is_nothing(
    store: Store, three: list[Path], tmp_path: Path, baseline: Baseline
) -> None:
    found = checked(store, tmp_path, baseline)
    assert (found.problems, found.bundles, found.answers) == ([], 3, 6)
    assert not (tmp_path / "evidence" / PLACE).exists()


def test_old_bundles_are_verified_as_they_are(store: Store, tmp_path: Path, baseline: Baseline) -> None:
    for number in range(2):
        older(night(tmp_path / "evidence", number), 2)
    found = checked(store, tmp_path, baseline)
    assert (found.problems, found.bundles, found.answers) == ([], 2, 4)


def _cut(paths: list[Path]) -> None:
    paths[1].write_bytes(paths[1].read_bytes()[:-40])


def _verdict(paths: list[Path]) -> None:
    rewritten(paths[1], lambda content: content.replace(b'"value":5000', b'"value":600', 1))


def _verdict_with_its_hashes(paths: list[Path]) -> None:
    """Somebody who knows the format: another body in the first laptop's place, and every hash worked out anew."""
    ours = bundle_lines.content(paths[1]).splitlines(keepends=True)
    theirs = bundle_lines.content(paths[0]).splitlines(keepends=True)
    said, good = json.loads(ours[2]), json.loads(theirs[2])
    assert said["asset"] == good["asset"] == "LT-1"
    ours[1], said["body"] = theirs[1], good["body"]
    ours[2] = json.dumps(said, separators=(",", ":")).encode() + b"\n"
    paths[1].write_bytes(lzma.compress(b"".join(ours)))
    chained_anew(paths)


def _replayed(paths: list[Path]) -> None:
    """Last night's answer of a laptop in tonight's bundle."""
    row = {**lines(1)[0], "visit": 1}
    paths[2].unlink()
    shutil.copy(night(paths[2].parents[1] / "elsewhere", 2, [row, lines(2)[1]]), paths[2])
    chained_anew(paths)


def _exchanged(paths: list[Path]) -> None:
    """Each laptop's answer under the other's name, each to the right challenge."""
    at = started_of(run_id(2))
    rows = [
        answered(line(asset, at, observation=observation(serial=serial)), run_id(2), visit)
        for visit, (asset, serial) in enumerate((("LT-1", TWO), ("LT-2", ONE)), 1)
    ]
    paths[2].unlink()
    shutil.copy(night(paths[2].parents[1] / "elsewhere", 2, rows), paths[2])
    chained_anew(paths)


def _twice(paths: list[Path]) -> None:
    rows = [*lines(2), lines(2)[0]]
    paths[2].unlink()
    shutil.copy(night(paths[2].parents[1] / "elsewhere", 2, rows), paths[2])
    chained_anew(paths)


TAMPERED: dict[str, tuple[Callable[[list[Path]], object], str]] = {
    "a bundle taken out": (lambda paths: paths[1].unlink(), "the bundle before it is missing or was changed"),
    "the newest taken away": (lambda paths: paths[2].unlink(), "the newest bundle is missing or was changed"),
    "the oldest taken away": (lambda paths: paths[0].unlink(), "the store knew it, and its bundle is not here"),
    "a bundle cut off": (_cut, "the bundle before it is missing or was changed"),
    "a bundle emptied": (lambda paths: paths[1].write_bytes(b""), "holds no whole line"),
    "a bundle that is none": (lambda paths: paths[1].write_bytes(b"x" * 500), "cannot be unpacked"),
    "packed by another program": (
        lambda paths: paths[1].write_bytes(lzma.compress(bundle_lines.content(paths[1]), preset=0)),
        "the bundle before it is missing or was changed",
    ),
    "renamed": (lambda paths: paths[1].rename(paths[1].with_name(f"{run_id(7)}.jsonl.xz")), "it was renamed"),
    "copied under another name": (
        lambda paths: shutil.copy(paths[1], paths[1].with_name(f"{run_id(7)}.jsonl.xz")), "once more; take one of them",
    ),
    "there twice, packed otherwise": (
        lambda paths: paths[1].with_suffix(".gz").write_bytes(gzip.compress(bundle_lines.content(paths[1]))),
        "follows the same bundle as",
    ),
    "a value changed": (_verdict, "names other lines than those that come before it"),
    "a body changed with all its hashes": (_verdict_with_its_hashes, "was loaded with other content before"),
    "a line taken out": (
        lambda paths: rewritten(paths[1], lambda said: b"\n".join(said.split(b"\n")[:1] + said.split(b"\n")[3:])),
        "lines stand before it",
    ),
    "something added behind the end": (
        lambda paths: rewritten(paths[1], lambda said: said + said.split(b"\n")[0] + b"\n"), "stands after the trailer",
    ),
    "last night's answer once more": (_replayed, "its answer was not made for this visit"),
    "the answer of another under its name": (_exchanged, "the machine that is pinned as LT-2 gave its answer"),
    "the same answer twice in a night": (_twice, "its answer is that of an earlier visit once more"),
    "the note of the newest one changed": (
        lambda paths: chain.note_tip(paths[0].parent, chain.Tip(run_id(2), "0" * 64, 3)),
        "the newest bundle is missing or was changed",
    ),
    "the note of the newest one damaged": (
        lambda paths: (paths[0].parent / chain.TIP).write_text("{}"), "chain.json: is damaged",
    ),
    "pins damaged": (lambda paths: (paths[0].parent / "pins.json").write_text("{"), "pins.json"),
    "another writer's bundle put in": (
        lambda paths: shutil.copy(night(paths[0].parents[1] / "elsewhere", 9), paths[0].parent),
        "was written by another controller and not received here",
    ),
    "a var folder put back, and both went on": (
        lambda paths: _forked(paths), "turn 3 was taken 2 times by one writer",
    ),
}  # fmt: skip


def _forked(paths: list[Path]) -> None:
    evidence = paths[0].parents[1]
    other = evidence / "restored"
    (other / URN).mkdir(parents=True)
    shutil.copy(evidence / chain.WRITER, other)
    for path in paths[:2]:
        shutil.copy(path, other / URN)
    chain.note_tip(other / URN, chain.Tip(run_id(1), chain.file_digest(paths[1]), 2))
    shutil.copy(night(other, 5), paths[0].parent)


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_done_to_bundles_is_found(
    store: Store, three: list[Path], tmp_path: Path, baseline: Baseline, name: str
) -> None:
    change, words = TAMPERED[name]
    change(three)
    found = checked(store, tmp_path, baseline).problems
    assert any(words in one for one in found), found


IN_THE_STORE = {
    "a span taken out": "DELETE FROM span",
    "a span ended early": "UPDATE span SET until = 2",
    "a run taken out": "DELETE FROM bundle WHERE place = 1",
    "an outcome changed": "UPDATE visit SET outcome = 'unreachable' WHERE asset = 'LT-1'",
    "a body exchanged": "UPDATE device SET body = (SELECT body FROM device WHERE asset = 'LT-2')",
    "another moment": "UPDATE device SET since = replace(since, '2026-11-04', '2026-11-02')",
    "a device put in": "UPDATE device SET asset = 'LT-9' WHERE asset = 'LT-1'",
}


@pytest.mark.parametrize("name", IN_THE_STORE)
def test_what_was_done_to_the_store_is_found(
    store: Store, three: list[Path], tmp_path: Path, baseline: Baseline, name: str
) -> None:
    with store.engine.begin() as connection:
        assert connection.execute(text(IN_THE_STORE[name])).rowcount > 0
    found = checked(store, tmp_path, baseline).problems
    assert any("the store against its bundles" in one for one in found), found


def test_one_verifies_at_a_time_and_what_a_killed_one_left_goes(
    store: Store, three: list[Path], tmp_path: Path, baseline: Baseline
) -> None:
    held = files.FileLock(tmp_path / "evidence" / f"{PLACE}.lock")
    with pytest.raises(Exception, match="evidence is being verified or pruned at this moment"):
        checked(store, tmp_path, baseline)
    held.release()
    (tmp_path / "evidence" / PLACE).mkdir()
    (tmp_path / "evidence" / PLACE / "anew.db").write_text("half a store")
    assert checked(store, tmp_path, baseline).problems == []


def test_the_command(tmp_path: Path, baseline: Baseline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "load", lambda: baseline)
    path = night(tmp_path / "evidence", 0)
    app = typer.Typer()
    app.command()(command.verify)
    result = CliRunner().invoke(app, ["--var", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "1 bundle and 2 answers of 1 school read, 0 problems\n")
    path.unlink()
    result = CliRunner().invoke(app, ["--var", str(tmp_path), URN])
    assert result.exit_code == 3 and "problem: " in result.output
