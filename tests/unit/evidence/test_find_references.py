"""Where a device is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.evidence.bundles import files as bundle_files
from leeboard.evidence.keeping.find_references import Names, bundles, files_below
from tests.unit.evidence.estate import URN, expected, observation, run_id, write


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("LT-1", True),
        ("the lt-1, and", True),
        ("office-1.900001", True),
        ("192.0.2.11", True),
        ("LT-10", False),
        ("XLT-1", False),
        ("MY-LT-1", False),
        ("LT-1-old", False),
        ("192.0.2.110", False),
        ("OFFICE-12", False),
        ("ab", False),
    ],
)
def test_a_name_counts_where_it_stands_alone(text: str, is_there: bool) -> None:
    assert Names(["LT-1", "office-1", "192.0.2.11", "ab", ""]).within(text.encode()) is is_there


def test_names_in_json_are_found_whatever_stands_before_them() -> None:
    words = Names(["LT-1", "Größe 7"])
    assert words.within(json.dumps({"value": "one\nLT-1\tthere"}).encode())
    assert words.within(json.dumps(["Größe 7"]).encode()) and words.within("größe 7".encode())
    assert words.lines(b"x\nLT-1\n\nLT-10\n LT-1") == [2, 5]
    assert not Names(["", "a"]).within(b"a")


@given(st.binary(max_size=40), st.integers(0, 60))
def test_it_is_found_across_the_pieces_in_which_a_file_is_read(
    tmp_path_factory: pytest.TempPathFactory, filler: bytes, before: int
) -> None:
    folder = tmp_path_factory.mktemp("pieces")
    filler = filler.replace(b"LT", b"  ")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_files, "CHUNK", 16)
        (folder / "a").write_bytes(b" " * before + b" LT-00001 " + filler)
        (folder / "b.gz").write_bytes(gzip.compress(b" " * before + b" LT-00001 " + filler))
        assert Names(["LT-00001"]).in_file(folder / "a") and Names(["LT-00001"]).in_file(folder / "b.gz")


def test_the_bundles_that_name_it(tmp_path: Path) -> None:
    both = [expected("LT-1"), expected("LT-2")]
    write(tmp_path, run_id(0), both, {"LT-1": observation(serial="PF1ABCDE")})
    write(tmp_path, run_id(1), both[1:], {"LT-2": observation(serial="PF2ABCDE")})
    write(tmp_path, run_id(2), both[1:], {"LT-2": observation(label="seen beside PF1ABCDE", serial="PF2ABCDE")})
    cut = write(tmp_path, run_id(3), both, {"LT-1": observation()})
    cut.write_bytes(cut.read_bytes()[:200])
    (tmp_path / URN / f"{run_id(4)}.jsonl.xz").symlink_to(cut)
    found = bundles(tmp_path / URN, "LT-1", Names(["LT-1", "PF1ABCDE"]))
    assert found.runs[:2] == (run_id(0), run_id(2)) and len(found.every) == 5
    assert [found.every[run_id(night)] for night in range(5)] == [1, 2, 3, 0, 0], "the last two cannot be read"
    assert found.unread == (tmp_path / URN / f"{run_id(4)}.jsonl.xz",)
    # A tag that is too short to be looked for in text is still known where it stands as one.
    write(tmp_path, run_id(5), [expected("7")], {})
    assert bundles(tmp_path / URN, "7", Names(["7"])).runs == (run_id(5),)
    assert bundles(tmp_path / "none", "7", Names(["7"])).every == {}


def test_files_below_a_folder(tmp_path: Path) -> None:
    for name in ("a/b", "a/c/d", "e/f"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "a" / "link").symlink_to(tmp_path / "e" / "f")
    assert [str(one.relative_to(tmp_path)) for one in files_below(tmp_path, [tmp_path / "e"])] == ["a/b", "a/c/d"]
