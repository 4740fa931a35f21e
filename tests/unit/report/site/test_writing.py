"""Files of a site: written where they changed, gone where they belong no more, and known after a killed run."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from leeboard.errors import LeeboardError
from leeboard.report.site import writing
from leeboard.report.site.writing import Written, begin, bring
from leeboard.storage import files

PAGES = {"index.html": b"one", "devices/A-1.html": b"two"}


def inside(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != writing.MANIFEST
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    begin(tmp_path / "site")
    return tmp_path / "site"


def test_only_what_changed_is_written(folder: Path) -> None:
    assert bring(folder, PAGES) == Written(2, 0, 0)
    before = {path: path.stat().st_ino for path in folder.rglob("*")}
    assert bring(folder, PAGES) == Written(0, 2, 0)
    assert {path: path.stat().st_ino for path in folder.rglob("*")} == before
    assert bring(folder, {**PAGES, "index.html": b"other"}) == Written(1, 1, 0)
    assert (folder / "devices/A-1.html").stat().st_ino == before[folder / "devices/A-1.html"]
    assert inside(folder) == {**PAGES, "index.html": b"other"}


def test_what_belongs_there_no_more_goes_with_its_folder(folder: Path) -> None:
    bring(folder, PAGES)
    (folder / "notes.txt").write_bytes(b"the school's own")
    assert bring(folder, {"index.html": b"one"}) == Written(0, 1, 1)
    assert (
        inside(folder) == {"index.html": b"one", "notes.txt": b"the school's own"} and not (folder / "devices").exists()
    )
    assert writing.clear(folder) == Written(0, 0, 1)
    assert inside(folder) == {"notes.txt": b"the school's own"}


def test_a_file_that_somebody_cut_or_took_away_is_written_again(folder: Path) -> None:
    bring(folder, PAGES)
    (folder / "index.html").write_bytes(b"")
    (folder / "devices/A-1.html").unlink()
    assert bring(folder, PAGES) == Written(2, 0, 0)
    assert inside(folder) == PAGES


@pytest.mark.parametrize("after", range(5))
def test_what_a_killed_run_leaves_is_known_to_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Cut off before each write in turn; then the device is forgotten, and nothing of it may stay."""
    bring(folder, {"index.html": b"none"})
    real, done = files.replace, []

    def cut(path: Path, content: bytes, mode: int | None = 0o600) -> None:
        if len(done) >= after:
            raise OSError(28, "No space left on device", str(path))
        done.append(path)
        real(path, content, mode)

    with monkeypatch.context() as patched:
        patched.setattr(files, "replace", cut)
        patched.setattr(writing, "AT_ONCE", 1)
        if after < 4:
            with pytest.raises(OSError, match="No space left"):
                bring(folder, PAGES)
        else:
            bring(folder, PAGES)
    bring(folder, {"index.html": b"none"})
    assert inside(folder) == {"index.html": b"none"} and not (folder / "devices").exists()


def test_files_get_the_permissions_of_their_folder(folder: Path) -> None:
    bring(folder, PAGES)

    def modes() -> set[int]:
        return {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}

    assert modes() == {0o600} and stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o750)
    bring(folder, PAGES)
    assert modes() == {0o640}


def test_a_folder_that_is_no_site_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_bytes(b"mine")
    with pytest.raises(LeeboardError, match="is not empty, and no site is in it; give a folder that is empty, new, or"):
        begin(tmp_path)
    assert inside(tmp_path) == {"letter.txt": b"mine"} and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "is no list that leeboard site wrote"),
        ('{"schema": 2, "files": {}}', "is no list that leeboard site wrote"),
        ('{"schema": 1, "files": {"../../etc/passwd": ["", 0]}}', "names a file outside of its folder"),
    ],
)
def test_a_list_that_is_not_ours_removes_nothing(folder: Path, text: str, said: str) -> None:
    bring(folder, PAGES)
    (folder / writing.MANIFEST).write_text(text)
    with pytest.raises(LeeboardError, match=said):
        bring(folder, {})
    assert inside(folder) == PAGES
