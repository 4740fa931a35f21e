"""What Leeboard keeps is the account's alone, whatever its umask, and a temporary file has one name."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from leeboard.evidence.store.store import Store
from leeboard.evidence.store.tables import SchoolRow
from leeboard.storage import files


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {one.relative_to(folder).as_posix(): stat.S_IMODE(one.stat().st_mode) for one in folder.rglob("*")}


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277])
def test_a_new_store_is_the_accounts_alone_while_it_is_written(tmp_path: Path, mask: int) -> None:
    with umask(mask), Store(tmp_path / "a" / "b" / "leeboard.db") as store:
        with store.writing() as session:
            session.add(SchoolRow(urn="123456", name="Hill School"))
        found = modes(tmp_path)
        assert found == {
            "a": 0o700, "a/b": 0o700,
            **{f"a/b/leeboard.db{end}": 0o600 for end in ("", "-wal", "-shm")},
        }  # fmt: skip


def test_what_an_older_leeboard_left_open_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "leeboard.db"
    with umask(0o022), Store(path) as first:
        with first.writing() as session:
            session.add(SchoolRow(urn="123456", name="Hill School"))
        for end in ("", "-wal", "-shm"):
            Path(f"{path}{end}").chmod(0o644)
        with Store(path):
            assert set(modes(tmp_path).values()) == {0o600}


def test_looking_after_its_mode_takes_no_lock_from_another_user_of_the_store(tmp_path: Path) -> None:
    """Closing any descriptor of a file gives back all locks that a process has on it (POSIX)."""
    path = tmp_path / "leeboard.db"
    with Store(path) as first, first.writing() as session:
        session.add(SchoolRow(urn="123456", name="Hill School"))
        session.flush()
        child = os.fork()
        if child == 0:
            try:
                with Store(path, wait=0.2) as other, other.writing():
                    os._exit(1)
            except BaseException:
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "another process writes at the same time"


def test_two_who_write_one_file_take_turns_and_leave_nothing(tmp_path: Path) -> None:
    path, temporary = tmp_path / "page", tmp_path / ".page.tmp"
    temporary.write_bytes(b"of a run that was killed, and much longer than all that is written afterwards")

    def write(text: bytes) -> None:
        for _ in range(20):
            with files.held(temporary) as file:
                file.write(text)
                file.flush()
                os.replace(temporary, path)

    threads = [threading.Thread(target=write, args=(text,)) for text in (b"one", b"three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in (b"one", b"three")
    assert [one.name for one in tmp_path.iterdir()] == ["page"]
    with pytest.raises(ValueError, match="x"), files.held(temporary):
        raise ValueError("x")
    assert [one.name for one in tmp_path.iterdir()] == ["page"]
    with files.held(temporary), pytest.raises(OSError, match="another run"), files.held(temporary, wait=0.05):
        pass


def test_a_link_in_place_of_the_temporary_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / ".page.tmp").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"), files.held(tmp_path / ".page.tmp"):
        pass
    assert (tmp_path / "victim").read_text() == "precious"
