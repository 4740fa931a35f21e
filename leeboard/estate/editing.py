"""Changing an estate's files: made in memory, written under the estate's lock, each whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.storage import files

MOST_BYTES = 32 * 1024 * 1024
PATIENCE = 5.0  # seconds for another command, whose writing takes a moment
SCHOOL = "school.yml"


@dataclass(frozen=True)
class Written:
    """A file to write. `before` is what stood there when the change was planned, None when there was no file."""

    path: Path
    content: bytes
    before: bytes | None


def content_of(path: Path, most_bytes: int = MOST_BYTES) -> bytes | None:
    """What stands in a file of the estate, None when there is none. Raises LeeboardError."""
    return files.read_regular(path, most_bytes)


def write_all(estate: Path, written: Sequence[Written], first: Callable[[], object] = lambda: None) -> None:
    """Write the files, in order. Nothing is written when one of them changed since the change was planned.

    `first` is done once that is known, and before anything is written: a line in a journal, which then stands for
    something that is really being done. Who may read a file stays as it is; a new one is read by whom the school's
    other files are. Raises LeeboardError.
    """
    with _alone(estate):
        for file in written:
            if content_of(file.path) != file.before:
                raise LeeboardError(f"{file.path}: somebody changed it meanwhile; nothing was written, so run it again")
        first()
        for file in written:
            try:
                _replace(file.path, file.content)
            except OSError as problem:
                raise LeeboardError(
                    f"{file.path}: cannot be written: {problem.strerror}; mend that, and run it again: what was done "
                    "is not done twice"
                ) from None


@contextmanager
def _alone(estate: Path) -> Iterator[None]:
    """Hold the estate's folder itself, so that those who write take turns and no lock file is left in it."""
    try:
        descriptor = os.open(estate, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as problem:
        raise LeeboardError(f"{estate}: {problem.strerror}; nothing was written") from None
    try:
        if not files.take(descriptor, PATIENCE):
            raise LeeboardError(
                f"{estate}: another command is writing to this estate; nothing was written, so try again in a moment, "
                f"or find it with fuser {estate}"
            )
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Give a file new content. Unlike evidence it keeps its mode and group: others read it too."""
    if not path.parent.is_dir():
        path.parent.mkdir()
        files.sync_folder(path.parent.parent)
    like = next((candidate for candidate in (path, path.with_name(SCHOOL)) if candidate.exists()), None)
    if like is None:
        files.replace(path, content, mode=None)
    else:
        old = like.stat()
        files.replace(path, content, mode=old.st_mode & 0o777, group=old.st_gid)
