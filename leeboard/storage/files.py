"""Files that the brain keeps: opened without following links, replaced whole, and on the disk before we go on."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, ClassVar

from leeboard.errors import LeeboardError


class Busy(Exception):
    """Another process holds the lock. `owner` is what it wrote into the file."""

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner


class FileLock:
    """A lock on a file, held until `release` or until the process that took it ends, however it ends.

    Ansible's workers are forks: each gives back its copy of the descriptor at once, so that one which outlives a killed
    run does not go on holding the lock.
    """

    _held: ClassVar[weakref.WeakSet[FileLock]] = weakref.WeakSet()

    def __init__(self, path: Path, wait: float = 1.0, text: str = "") -> None:
        """Take the lock, trying for `wait` seconds, and leave `text` for whom it keeps out. Raises Busy, OSError."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if not take(self._descriptor, wait):
            owner = os.pread(self._descriptor, 4096, 0).decode(errors="replace")
            os.close(self._descriptor)
            raise Busy(owner)
        FileLock._held.add(self)
        if text:
            # A disk that is full has no room for it; the lock holds without.
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, text.encode(), 0)

    def release(self) -> None:
        """Release the lock. Doing so twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @classmethod
    def close_in_child(cls) -> None:
        """Close every lock's descriptor that a fork copied."""
        for lock in list(cls._held):
            lock.release()


os.register_at_fork(after_in_child=FileLock.close_in_child)


def take(descriptor: int, wait: float, pause: float = 0.02) -> bool:
    """Lock an open file or folder, trying for `wait` seconds; False when somebody else has held it all the time."""
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(pause)


@contextmanager
def locked(path: Path, wait: float = 60.0) -> Iterator[None]:
    """Hold the lock on a file for a few moments, waiting for others who do the same."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise LeeboardError(f"{path}: {problem.strerror}; make the folder writable for this account") from None
    try:
        if not take(descriptor, wait, pause=0.005):
            raise LeeboardError(
                f"{path}: another process has held this lock for {wait:.0f} seconds; find it with fuser {path}"
            )
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """True while some process holds the lock on a file. It takes a shared lock for an instant."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def open_regular(path: Path, most_bytes: int) -> int:
    """A descriptor for reading a plain file. Raises LeeboardError for links, devices, pipes and what is too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as problem:
        if path.is_symlink():
            raise LeeboardError(f"{path}: is a symbolic link; give the file itself") from None
        raise LeeboardError(f"{path}: {problem.strerror}") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise LeeboardError(f"{path}: is not a plain file; put a file there, or take it away")
    if status.st_size > most_bytes:
        os.close(descriptor)
        raise LeeboardError(f"{path}: has {status.st_size} bytes, more than the {most_bytes} that are read")
    return descriptor


def read_regular(path: Path, most_bytes: int) -> bytes | None:
    """The content of a plain file, None when there is none. Raises LeeboardError as `open_regular`."""
    if not os.path.lexists(path):
        return None
    with os.fdopen(open_regular(path, most_bytes), "rb") as file:
        return file.read(most_bytes + 1)


def make_folder(path: Path) -> None:
    """Make a folder (and those above it) that only this account can read, and put its name on the disk."""
    if path.is_dir():
        return
    try:
        for folder in (*reversed(path.parents), path):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)
                sync_folder(folder.parent)
    except OSError as problem:
        raise LeeboardError(
            f"{path}: the folder cannot be made: {problem.strerror}; give leeboard another one"
        ) from None


def make_private(path: Path) -> None:
    """Make a file that only this account can read and write, whatever its umask; one that is there becomes so.

    One that is there is not opened: closing it would give back the locks that SQLite has on it elsewhere in this
    process. Raises OSError.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    if stat.S_IMODE(path.stat().st_mode) != 0o600:
        path.chmod(0o600)


def sync_folder(path: Path) -> None:
    """Sync a folder, so that its names are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def held(temporary: Path, wait: float = 60.0, mode: int | None = 0o600) -> Iterator[BinaryIO]:
    """An empty temporary file to be written and renamed, which no other process writes meanwhile. Raises OSError.

    It has one name, so that what a killed process left is used again. One that is not renamed is removed.
    """
    until = time.monotonic() + wait
    while True:
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(temporary, flags, 0o666 if mode is None else mode)
        with os.fdopen(descriptor, "wb") as file:
            if not take(descriptor, until - time.monotonic()):
                raise OSError(errno.EBUSY, "another run has been writing it all the time", str(temporary))
            if not _is_still(temporary, descriptor):
                continue  # the one who had it has renamed it: that file is not ours any more
            os.ftruncate(descriptor, 0)
            if mode is not None:
                os.fchmod(descriptor, mode)
            try:
                yield file
            finally:
                if _is_still(temporary, descriptor):
                    temporary.unlink()
            return


def _is_still(path: Path, descriptor: int) -> bool:
    """True while a name belongs to an open file."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextmanager
def replaced(path: Path, mode: int | None = 0o600, group: int | None = None) -> Iterator[BinaryIO]:
    """A file to be written bit by bit, which takes the place of `path` whole at the end, or not at all. Raises OSError.

    By default this account alone can read it; `mode` None leaves that to the umask. Two who write at once take turns.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with held(temporary, mode=mode) as file:
        if group is not None and group != os.fstat(file.fileno()).st_gid:
            os.chown(file.fileno(), -1, group)
        yield file
        file.flush()
        os.fsync(file.fileno())
        os.replace(temporary, path)
    sync_folder(path.parent)


def replace(path: Path, content: bytes, mode: int | None = 0o600, group: int | None = None) -> None:
    """Give a file new content, whole or not at all, on the disk when this returns. Raises OSError; see `replaced`."""
    with replaced(path, mode, group) as file:
        file.write(content)
