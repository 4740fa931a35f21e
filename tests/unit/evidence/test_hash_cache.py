"""A night reads only the bundles that somebody wrote; --verify reads all of them, and both find the same."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.evidence.bundles import chain, hash_cache
from leeboard.evidence.loading.ingest import Ingested, ingest
from leeboard.evidence.store.store import Store
from tests.unit.evidence import estate
from tests.unit.evidence.estate import URN, expected, observation, run_id, write

BASELINE = estate.baseline()


class Nights:
    """A folder var with some nights of one school; the clock goes on by `later` seconds for each ingest."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, nights: int = 4) -> None:
        self.folder, self.evidence, self.later = folder, folder / "evidence", 60.0
        self.paths = [self.night(night) for night in range(nights)]
        self.read: list[str] = []
        digest, clock = chain.file_digest, hash_cache.time.time

        def counted(path: Path) -> str:
            self.read.append(path.name.partition(".")[0])
            return digest(path)

        patch.setattr(chain, "file_digest", counted)
        patch.setattr(hash_cache.time, "time", lambda: clock() + self.later)

    def night(self, night: int) -> Path:
        return write(self.evidence, run_id(night), [expected()], {"LT-001": observation()})

    def ingest(self, verify: bool = False, store: str = "leeboard.db", folder: Path | None = None) -> Ingested:
        self.read.clear()
        with Store(self.folder / store) as opened:
            return ingest(opened, [folder or self.evidence], BASELINE, self.evidence, verify)


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nights]:
    return Nights(tmp_path, monkeypatch)  # type: ignore[return-value]


def test_what_nobody_wrote_is_read_once(nights: Nights) -> None:
    assert (nights.ingest().new, len(nights.read)) == (4, 4)
    assert (nights.ingest().known, nights.read) == (4, [])
    nights.night(4)
    done = nights.ingest()
    assert (done.new, done.known, done.problems, nights.read) == (1, 4, [], [run_id(4)])
    done = nights.ingest(verify=True)
    assert (done.known, done.problems, len(nights.read)) == (5, [], 5)
    nights.later += hash_cache.DAYS * 24 * 3600 + 60
    assert nights.ingest().problems == [] and len(nights.read) == 5, "a month later all are read again"


def test_each_night_reads_a_share_and_a_month_reads_all(nights: Nights) -> None:
    nights.later = 0.0
    nights.ingest()
    nights.later = 60.0
    nights.ingest()
    shares = []
    for _ in range(hash_cache.DAYS):
        nights.later += hash_cache.DAY
        assert nights.ingest().problems == []
        shares.append(tuple(nights.read))
    read = [run for share in shares for run in share]
    assert sorted(read) == [run_id(night) for night in range(4)], "each of them once"


def test_a_clock_that_went_back_reads_all(nights: Nights) -> None:
    nights.ingest()
    nights.later = -10_000.0
    assert nights.ingest().problems == [] and len(nights.read) == 4


def test_a_bundle_that_was_just_closed_is_read_once_more(nights: Nights) -> None:
    """Whoever writes it within the same tick of the clock leaves its times as they were."""
    nights.later = 0.0
    nights.ingest()
    nights.ingest()
    assert len(nights.read) == 4


def test_a_new_store_reads_all(nights: Nights) -> None:
    nights.ingest()
    assert nights.ingest(store="anew.db").new == 4 and len(nights.read) == 4


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff", b'{"schema": 1}', b'{"schema": 1, "bundles": {"x": 1}}']
)
def test_notes_that_make_no_sense_count_as_none(nights: Nights, content: bytes) -> None:
    nights.ingest()
    (nights.evidence / URN / hash_cache.FILE).write_bytes(content)
    assert nights.ingest().problems == [] and len(nights.read) == 4
    assert nights.ingest().problems == [] and nights.read == []


def test_a_folder_elsewhere_gets_no_notes(nights: Nights) -> None:
    nights.ingest()
    copy = nights.folder / "copy" / URN
    shutil.copytree(nights.evidence / URN, copy)
    (copy / hash_cache.FILE).unlink()
    assert nights.ingest(folder=copy).known == 4 and set(nights.read) == {run_id(night) for night in range(4)}
    assert not (copy / hash_cache.FILE).exists()


def test_a_folder_that_cannot_be_written_is_read_each_night(nights: Nights) -> None:
    (nights.evidence / URN / hash_cache.LOCK).mkdir()
    for _ in range(2):
        assert nights.ingest().problems == [] and len(nights.read) == 4


def test_notes_that_somebody_forged_are_found_by_verify_alone(nights: Nights) -> None:
    """What the notes prove ends at those who may write them; docs/evidence.md says so."""
    nights.ingest()
    path = nights.paths[1]
    path.write_bytes(path.read_bytes() + b"x")
    notes = nights.evidence / URN / hash_cache.FILE
    said = json.loads(notes.read_text())
    said["bundles"][path.name]["looks"] = hash_cache._looks(path)
    notes.write_text(json.dumps(said))
    assert nights.ingest().problems == []
    found = nights.ingest(verify=True).problems
    assert found and found == nights.ingest().problems


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    kept = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))


def _exchange(path: Path) -> None:
    kept = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes()[:-1] + b"\0")
    os.utime(other, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    other.replace(path)


CHANGES = {
    "flip": _flip,
    "exchange": _exchange,
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: path.write_bytes(b""),
    "touch": os.utime,
    "away": Path.unlink,
    "link": lambda path: (path.rename(path.with_suffix(".real")), path.symlink_to(path.with_suffix(".real"))),
    "copy": lambda path: shutil.copy(path, path.with_name(f"{run_id(9)}.jsonl.xz")),
    "rights": lambda path: path.chmod(0o640),
}


@given(
    st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 3)), max_size=3, unique_by=lambda one: one[1])
)
def test_a_night_finds_what_verify_finds(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        nights = Nights(tmp_path_factory.mktemp("nights"), patch)
        nights.ingest()
        nights.ingest()
        for name, place in changes:
            CHANGES[name](nights.paths[place])
        found = nights.ingest().problems
        again = nights.ingest().problems
        assert found == again == nights.ingest(verify=True).problems
        if not changes:
            assert nights.read and found == []
