"""What was known on a day: the right bundle, read from the file, and what is not as it was written is said."""

from __future__ import annotations

import io
import json
import lzma
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from leeboard.cli.asking import evidence as command
from leeboard.cli.asking import kept
from leeboard.evidence.asking.at_day import nights, read_night
from leeboard.evidence.bundles.chain import file_digest
from leeboard.evidence.bundles.files import bundles
from leeboard.evidence.loading.ingest import ingest
from leeboard.evidence.store.store import Store
from leeboard.report import at_day as report
from leeboard.report.screen import ENDLESS, Screen
from tests.unit.evidence.estate import (
    NIGHT,
    SALT,
    URN,
    answered,
    baseline,
    expected,
    line,
    observation,
    run_id,
    write,
)
from tests.unit.report.samples import HOSTILE

DAY = timedelta(days=1)
KEY = [(URN, "LT-001")]
WAIVER = {
    "id": "W-1", "control": "LCK-01", "devices": ("LT-001",), "reason": "a reason", "owner": "Head",
    "approved_by": "Governors", "granted": "2026-11-03", "last_day": "2026-11-04",
}  # fmt: skip


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """Five nights of a laptop: well, too long, silent, well, and then gone from the inventory."""
    device, other = expected(waivers=[WAIVER]), expected("LT-002")
    folder = tmp_path / "evidence"
    write(folder, run_id(0), [device], {"LT-001": observation()})
    write(folder, run_id(1), [device], {"LT-001": observation(lock=5000)})
    write(folder, run_id(2), [device], {"LT-001": "unreachable"})
    rows = [answered(line("LT-001", NIGHT + 3 * DAY, observation=observation()), run_id(3), 1)]
    write(folder, run_id(3), [device], rows, salt=SALT)
    write(folder, run_id(4), [other], {"LT-002": observation()})
    with Store(tmp_path / "leeboard.db") as store:
        assert ingest(store, [folder], baseline()).problems == []
    return tmp_path


def asked(var: Path, day: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, object], str]:
    """The exit code of a question, its answer as JSON, and as text."""
    monkeypatch.setattr(kept, "load", baseline)
    told: list[report.Answer] = []
    monkeypatch.setattr(command, "print_json", lambda data: told.append(data))
    at = datetime.fromisoformat(day)
    code = command.evidence("LT-001", at=at, json=True, var=var)
    (data,) = told
    lines: list[str] = []

    def show(_: Screen, answer: report.Answer, policy: object) -> None:
        stream = io.StringIO()
        report.show(Screen(Console(file=stream, width=ENDLESS)), answer, baseline())
        lines.append(stream.getvalue())

    monkeypatch.setattr(command, "show", show)
    assert command.evidence("LT-001", at=at, var=var) == code
    return code, json.loads(json.dumps(data)), lines[0]


@pytest.mark.parametrize(
    ("day", "observed", "last", "lock"),
    [
        ("2026-11-01", None, None, ""),
        ("2026-11-02", 0, None, "compliant"),
        ("2026-11-03", 1, None, "drifted"),
        ("2026-11-04", 1, 2, "drifted"),
        ("2026-11-05", 3, None, "compliant"),
        ("2026-12-25", 3, None, "compliant"),
    ],
)
def test_a_day_has_the_runs_until_its_end(
    var: Path, monkeypatch: pytest.MonkeyPatch, day: str, observed: int | None, last: int | None, lock: str
) -> None:
    code, data, text = asked(var, day, monkeypatch)
    assert code == 0
    for name, night in (("observed", observed), ("last_expected", last)):
        found = data[name]
        assert isinstance(found, dict) is (night is not None)
        if isinstance(found, dict):
            path = next(path for path in bundles(var / "evidence" / URN) if path.name.startswith(run_id(night or 0)))
            assert (found["run"], found["bundle"]) == (run_id(night or 0), str(path))
            assert found["sha256"] == found["sha256_loaded"] == file_digest(path)
            assert found["sha256"] in text and str(path) in text
    if isinstance(found := data["observed"], dict):
        verdicts = {one["control"]: one["verdict"] for one in found["findings"]}
        assert verdicts["LCK-01"] == lock and found["readings"] == 3
        assert found["challenge_echoed"] is (True if observed == 3 else None)
    if day == "2026-11-01":
        assert "No run had expected it until then." in text
    if day == "2026-11-04":
        assert "did not observe it: did not answer: unreachable it was" in text


def test_the_risks_of_that_day_are_named(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day, there in (("2026-11-02", False), ("2026-11-03", True), ("2026-11-04", True), ("2026-11-05", False)):
        _, data, text = asked(var, day, monkeypatch)
        assert bool(data["accepted"]) is there
        assert ("Accepted that day: LCK-01 until 4 Nov 2026 by Governors (W-1): a reason" in text) is there


def test_a_day_ends_by_the_clocks_of_the_school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In summer a run at 23:30 UTC is one of the next day there."""
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    run = f"{late:%Y%m%dT%H%M%SZ}-0000000a"
    write(tmp_path / "evidence", run, [expected()], {"LT-001": observation()})
    with Store(tmp_path / "leeboard.db") as store:
        ingest(store, [tmp_path / "evidence"], baseline())
    assert asked(tmp_path, "2026-06-30", monkeypatch)[1]["observed"] is None
    _, data, text = asked(tmp_path, "2026-07-01", monkeypatch)
    assert isinstance(data["observed"], dict) and data["observed"]["run_began"] == "2026-06-30T23:30:00Z"
    assert "1 Jul 2026, 00:30 BST" in text


def test_a_bundle_that_was_changed_is_told(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = var / "evidence" / URN / f"{run_id(1)}.jsonl.xz"
    content = lzma.decompress(path.read_bytes()).replace(b"lt-001", b"lt-0o1")
    path.write_bytes(lzma.compress(content))
    code, data, text = asked(var, "2026-11-03", monkeypatch)
    assert code == 3 and "the file is not the one that was loaded" in text and len(data["problems"]) >= 1
    path.write_bytes(b"no bundle")
    code, _, text = asked(var, "2026-11-03", monkeypatch)
    assert code == 3 and "Problem: " in text and str(path) in text


def test_a_bundle_that_is_gone_is_told(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = var / "evidence" / URN / f"{run_id(0)}.jsonl.xz"
    path.unlink()
    code, _, text = asked(var, "2026-11-02", monkeypatch)
    assert code == 3 and "its bundle is not in" in text


def test_an_answer_to_another_visit_is_told(tmp_path: Path) -> None:
    rows = [answered(line("LT-001", NIGHT, observation=observation()), run_id(3), 1)]
    write(tmp_path / "evidence", run_id(0), [expected()], rows, salt=SALT)
    with Store(tmp_path / "leeboard.db") as store:
        ingest(store, [tmp_path / "evidence"], baseline())
        with store.reading() as session:
            found = nights(session, KEY, NIGHT + DAY)
    assert found.observed is None and found.expected is not None
    filed = read_night(tmp_path / "evidence" / URN, found.expected, baseline())
    assert filed.echoed is False and "does not echo the challenge" in filed.problems[0]


def test_hostile_text_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "evidence"
    texts = [text for text in HOSTILE if len(text) < 300 and "\ud800" not in text]
    for night, text in enumerate(texts):
        write(folder, run_id(night), [expected()], {"LT-001": observation(label=text)})
    with Store(tmp_path / "leeboard.db") as store:
        ingest(store, [folder], baseline())
    for night in range(len(texts)):
        day = (NIGHT + night * DAY).date().isoformat()
        _, _, text = asked(tmp_path, day, monkeypatch)
        assert "LBL-01 drifted" in text and all(one.isprintable() for one in text.split("\n"))
