"""Where the lab keeps images and machines, and the locks that let several users share them."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_dir() -> Path:
    """The lab's folder: `LEEBOARD_LAB_CACHE`, else `leeboard/lab` in the user's cache folder."""
    chosen = os.environ.get("LEEBOARD_LAB_CACHE")
    if chosen:
        path = Path(chosen)
    else:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        path = Path(home) / "leeboard" / "lab"
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def images_dir() -> Path:
    """The folder of built images, one folder each, named `<image>-<digest>`."""
    path = cache_dir() / "images"
    path.mkdir(exist_ok=True)
    return path


def machines_dir() -> Path:
    """The folder of machines, one folder each, with disk, console log and state."""
    path = cache_dir() / "machines"
    path.mkdir(exist_ok=True)
    return path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, waiting for whoever has it. The kernel frees it on a crash."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def hold(path: Path) -> int:
    """Mark `path` as in use; the mark lasts as long as any process has the descriptor returned."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def remove_unless_held(folder: Path, mark: str) -> bool:
    """Delete `folder` unless somebody holds the mark in it. Says whether it is gone."""
    try:
        descriptor = os.open(folder / mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return not folder.exists()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        os.close(descriptor)
