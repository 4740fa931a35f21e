"""Folders for temporary files of one run: private, gone at its end, and swept by a later run where it was killed.

A folder is in use as long as its lock is held, which falls with the process, however that ends.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from leeboard.errors import LeeboardError
from leeboard.storage import files

PREFIX = "leeboard-"
LOCK = "in-use"
YOUNG = 60.0  # seconds in which a folder may not have its lock yet
# Ansible waits for its workers on a socket, TMPDIR/pymp-12345678/listener-12345678; a socket's path has at most 107
# bytes (unix(7)). With a longer one ansible-playbook ends with a traceback.
LONGEST = 107 - len("/pymp-12345678/listener-12345678")


@contextmanager
def scratch(purpose: str = "") -> Iterator[Path]:
    """A folder that is there as long as this lasts. Raises LeeboardError where Ansible could do nothing there."""
    top = tempfile.gettempdir()
    if len(os.fsencode(top)) > LONGEST:
        raise LeeboardError(
            f"the folder for temporary files, {top}, has a path of more than {LONGEST} bytes, which is too long for "
            "Ansible's sockets; name a shorter one in TMPDIR"
        )
    sweep(Path(top), time.time())
    name = f"{PREFIX}{purpose}-" if purpose else PREFIX
    with tempfile.TemporaryDirectory(prefix=name, ignore_cleanup_errors=True) as folder:
        lock = files.FileLock(Path(folder) / LOCK)
        try:
            yield Path(folder)
        finally:
            lock.release()


def sweep(top: Path, now: float) -> None:
    """Remove what killed runs of this account left. `now` is in seconds since 1970.

    Only what has our lock is known for ours: somebody may keep a folder of that name of their own.
    """
    for path in top.glob(f"{PREFIX}*"):
        with suppress(OSError):
            status = path.lstat()
            age = now - status.st_mtime
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or age < YOUNG:
                continue
            if not os.path.lexists(path / LOCK):
                path.rmdir()  # of a run that was killed before it had its lock; raises where something lies in it
            elif not files.is_locked(path / LOCK):
                shutil.rmtree(path, ignore_errors=True)
