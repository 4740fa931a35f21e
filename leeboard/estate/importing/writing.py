"""An estate's files as an import leaves them: made in memory, written under a lock, each whole or not at all."""

from __future__ import annotations

import csv
import fcntl
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.estate.devices import DeviceRow, write_devices
from leeboard.estate.problem import Mistake
from leeboard.estate.sheet import columns, guarded, read_sheet, unguarded
from leeboard.estate.words import COLUMNS
from leeboard.evidence import files

MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Written:
    """A file to write. `before` is what stood there when the import was planned, None when there was no file."""

    path: Path
    content: bytes
    before: bytes | None


def content_of(path: Path) -> bytes | None:
    """What stands in a file of the estate, None when there is none. Raises LeeboardError."""
    return files.read_regular(path, MOST_BYTES)


def devices_file(devices: Iterable[DeviceRow], before: bytes | None) -> bytes:
    """devices.csv with these devices. Columns of the technician's own keep their cells, by row of the file before.

    Raises LeeboardError when the file before cannot be read as a sheet.
    """
    every = list(devices)
    written = write_devices(every)
    if before is None:
        return written
    try:
        sheet = read_sheet(before)
        known = set(columns(sheet.headings, COLUMNS).values())
    except Mistake as wrong:
        raise LeeboardError(f"devices.csv {wrong.words}; mend it, and import again") from None
    own = [place for place, heading in enumerate(sheet.headings) if place not in known and heading]
    if not own:
        return written
    cells = dict(sheet.rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    head, *rows = csv.reader(io.StringIO(written.decode(), newline=""))
    writer.writerow([*head, *(guarded(sheet.headings[place]) for place in own)])
    for one, row in zip(every, rows, strict=True):
        mine = cells.get(one.row) or [""] * len(sheet.headings)
        writer.writerow([*row, *(guarded(unguarded(mine[place])) for place in own)])
    return text.getvalue().encode()


def write_all(estate: Path, written: Sequence[Written]) -> None:
    """Write the files, in order. Nothing is written when one of them changed since the import was planned.

    Raises LeeboardError.
    """
    with _alone(estate):
        for one in written:
            if content_of(one.path) != one.before:
                raise LeeboardError(f"{one.path}: somebody changed it meanwhile; nothing was written, import again")
        for one in written:
            try:
                _replace(one.path, one.content)
            except OSError as problem:
                raise LeeboardError(
                    f"{one.path}: cannot be written: {problem.strerror}; mend that, and import again: what was done is "
                    "not done twice"
                ) from None


@contextmanager
def _alone(estate: Path) -> Iterator[None]:
    """Hold the estate's folder itself, so that two imports take turns and no lock file is left in it."""
    descriptor = os.open(estate, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LeeboardError(f"{estate}: another import is writing; try again in a moment") from None
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Give a file new content, whole or not at all. Unlike evidence it keeps its mode: others read it too."""
    if not path.parent.is_dir():
        path.parent.mkdir()
        files.sync_folder(path.parent.parent)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(temporary, flags, 0o666), "wb") as file:
            if path.exists():
                old = path.stat()
                if old.st_gid != os.fstat(file.fileno()).st_gid:
                    os.chown(file.fileno(), -1, old.st_gid)
                os.fchmod(file.fileno(), old.st_mode & 0o777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    files.sync_folder(path.parent)
