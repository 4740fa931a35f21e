"""One place of the vault: a folder on a volume of its own. Written whole or not at all, and read back from the disk."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.storage import files

MARKER = "vault.json"
SCHEMA = 1
MOST_BYTES = 4 * 1024**3  # of one file: the ledger of a large LA; anything else is far smaller
FOLDER, FILE = 0o700, 0o600


@dataclass(frozen=True)
class Place:
    """A folder that holds one copy of the vault. `copy` is 1 or 2; `vault` is the id that both places share."""

    path: Path
    vault: str
    copy: int

    @property
    def device(self) -> int:
        """The number of the volume on which it lies."""
        return self.path.stat().st_dev

    def read(self, name: str, offset: int = 0) -> bytes | None:
        """A file from `offset` on as it is on the disk, None when there is none or it ends before that.

        What the kernel remembers of it is dropped first: a copy that was never written is not proved by memory. Raises
        LeeboardError, also where others may read it.
        """
        path = self.path / name
        if not os.path.lexists(path):
            return None
        descriptor = files.open_regular(path, MOST_BYTES)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _private(path, status, FILE)
            if status.st_size < offset:
                return None
            os.posix_fadvise(descriptor, offset, 0, os.POSIX_FADV_DONTNEED)
            file.seek(offset)
            return file.read()

    def size(self, name: str) -> int | None:
        """How many bytes a file has; None when there is none."""
        try:
            return (self.path / name).lstat().st_size
        except OSError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Give a file new content and read it back. Raises LeeboardError; what was there before is there still then."""
        path = self.path / name
        try:
            self._folder(path.parent)
            files.replace(path, content)
        except OSError as problem:
            raise LeeboardError(
                f"{path}: cannot be written: {problem.strerror}; make room or mend the volume, then run this again"
            ) from None
        if self.read(name) != content:
            raise LeeboardError(
                f"{path}: does not read back as it was written; look after that disk before anything else"
            )

    def append(self, name: str, size: int, line: bytes) -> None:
        """Add a line to a file that has `size` bytes of whole lines, and read it back. Raises LeeboardError.

        What stands beyond them is a line that a crash cut off; it is overwritten.
        """
        path = self.path / name
        try:
            with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE), "r+b") as file:
                file.truncate(size)
                file.seek(size)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
                files.sync_folder(path.parent)
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                written = os.pread(file.fileno(), len(line) + 1, size)
        except OSError as problem:
            raise LeeboardError(
                f"{path}: cannot be written: {problem.strerror}; make room or mend the volume, then run this again"
            ) from None
        if written != line:
            raise LeeboardError(f"{path}: does not read back as it was written; look after that disk first")

    def remove(self, name: str) -> None:
        """Take a file away; one that is gone already is no problem. Raises LeeboardError."""
        path = self.path / name
        try:
            path.unlink(missing_ok=True)
            files.sync_folder(path.parent)
        except OSError as problem:
            raise LeeboardError(f"{path}: cannot be removed: {problem.strerror}; remove it by hand") from None

    def names(self, folder: str = "") -> list[str]:
        """The files below a folder, by their names from the top of the place; temporary ones are left out."""
        top = self.path / folder
        names = (path.relative_to(self.path).as_posix() for path in top.rglob("*") if path.is_file())
        return sorted(name for name in names if not name.rpartition("/")[2].startswith("."))

    def _folder(self, path: Path) -> None:
        if path == self.path or path.is_dir():
            return
        self._folder(path.parent)
        path.mkdir(mode=FOLDER)
        files.sync_folder(path.parent)


def make(path: Path, vault: str, copy: int) -> Place:
    """Begin a place in a folder that is empty or not there, or was begun before by its id. Raises LeeboardError."""
    try:
        path.mkdir(mode=FOLDER, parents=True, exist_ok=True)
        names = {entry.name for entry in path.iterdir()}
        marker = _parsed(files.read_regular(path / MARKER, 4096) or b"")
        begun = (marker.get("vault"), marker.get("copy")) == (vault, copy)
        if names - {f".{MARKER}.tmp"} and not begun:
            raise LeeboardError(f"{path}: is not empty; give a folder of its own for the vault")
        path.chmod(FOLDER)
        files.sync_folder(path.parent)
    except OSError as problem:
        raise LeeboardError(f"{path}: {problem.strerror}; give a folder that this account may write to") from None
    place = Place(path, vault, copy)
    content = {"schema": SCHEMA, "vault": vault, "copy": copy}
    place.write(MARKER, (json.dumps(content) + "\n").encode())
    return place


def open_place(path: Path, vault: str, copy: int) -> Place:
    """A place that is there. Raises LeeboardError that says what is wrong with it: away, another vault's, too open."""
    try:
        status = path.stat()
    except OSError as problem:
        raise LeeboardError(f"{path}: copy {copy} of the vault is away: {problem.strerror}; bring it back") from None
    _private(path, status, FOLDER)
    place = Place(path, vault, copy)
    content = place.read(MARKER)
    if content is None:
        raise LeeboardError(
            f"{path}: copy {copy} of the vault is away: the folder has no {MARKER}; mount its volume there first"
        )
    marker = _parsed(content)
    if marker.get("schema") != SCHEMA:
        raise LeeboardError(f"{path / MARKER}: makes no sense to this Leeboard; is it of a newer one, or damaged?")
    if (marker.get("vault"), marker.get("copy")) != (vault, copy):
        raise LeeboardError(f"{path}: is copy {marker.get('copy')} of vault {marker.get('vault')}, not the one wanted")
    return place


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        marker = json.loads(content)
    except ValueError:
        return {}
    return marker if isinstance(marker, dict) else {}


def _private(path: Path, status: os.stat_result, wanted: int) -> None:
    """Raises LeeboardError for what others than its owner may read, and for what is not ours."""
    mode = stat.S_IMODE(status.st_mode)
    if mode & ~wanted:
        raise LeeboardError(f"{path}: its mode is {mode:04o}, and others may use it; run chmod {wanted:o} on it")
    if status.st_uid != os.geteuid():
        raise LeeboardError(f"{path}: belongs to another account than the one that runs leeboard; chown it")
