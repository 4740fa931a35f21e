"""The heartbeat file: what is written is read, and what makes no sense is no good news."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from leeboard.evidence.recording.heartbeat import FILE, Heartbeat, beat, last

ONE = Heartbeat(datetime(2026, 11, 25, 3, 10, tzinfo=UTC), 200, 25_000, 2)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    beat(tmp_path / "var", ONE)
    assert last(tmp_path / "var") == ONE
    later = Heartbeat(ONE.at + timedelta(days=1), 1, 2, 0)
    beat(tmp_path / "var", later)
    assert last(tmp_path / "var") == later
    assert stat.S_IMODE((tmp_path / "var" / FILE).stat().st_mode) == 0o600


def test_it_is_in_utc(tmp_path: Path) -> None:
    summer = timezone(timedelta(hours=1))
    beat(tmp_path, Heartbeat(ONE.at.astimezone(summer), 200, 25_000, 2))
    assert b'"at": "2026-11-25T03:10:00Z"' in (tmp_path / FILE).read_bytes()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"at": "soon"}', b'{"at": 7}', b"\xff", b" " * 70_000])
def test_what_makes_no_sense_is_no_night(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert last(tmp_path) is None


def test_neither_a_missing_file_nor_a_link_is_a_night(tmp_path: Path) -> None:
    assert last(tmp_path) is None
    beat(tmp_path / "elsewhere", ONE)
    os.symlink(tmp_path / "elsewhere" / FILE, tmp_path / FILE)
    assert last(tmp_path) is None
