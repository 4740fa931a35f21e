"""The files of a folder of the site: only those that changed are written, and what belongs there no more is removed.

`manifest.json` says by name what the folder holds, with hash and size. It is written twice: before the first file, with
the names of those that are about to come, and after the last; so what a killed run leaves is known to the next.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from leeboard.errors import LeeboardError
from leeboard.storage import files

MANIFEST = "manifest.json"
SCHEMA = 1
MOST_BYTES = 64 * 1024 * 1024
AT_ONCE = 8  # files that wait for the disk side by side
Known = dict[str, tuple[str, int]]  # by name: hash and size


@dataclass(frozen=True)
class Written:
    """How many files were written, stayed as they were, and were removed."""

    written: int = 0
    kept: int = 0
    removed: int = 0

    def __add__(self, other: Written) -> Written:
        return Written(self.written + other.written, self.kept + other.kept, self.removed + other.removed)


def bring(folder: Path, pages: Mapping[str, bytes]) -> Written:
    """Have just these files of ours in a folder; each is there whole, or as it was. Raises LeeboardError, OSError.

    Whoever may read the folder may read its files: they get its permissions.
    """
    mode = stat.S_IMODE(folder.stat().st_mode) & 0o666
    before = _read(folder)
    wanted: Known = {name: (sha256(content).hexdigest(), len(content)) for name, content in pages.items()}
    changed = [name for name, known in wanted.items() if before.get(name) != known or not _is(folder / name, known[1])]
    gone = [name for name in before if name not in wanted]
    if changed or gone:
        coming: Known = dict.fromkeys(changed, ("", 0))
        _write(folder, {**before, **coming}, mode)
        for name in sorted({name.rpartition("/")[0] for name in changed} - {""}):
            make_folder(folder / name, folder)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda name: files.replace(folder / name, pages[name], mode), changed))
        _remove(folder, gone)
        _write(folder, wanted, mode)
    for name in (MANIFEST, *wanted):
        if stat.S_IMODE((folder / name).stat().st_mode) != mode:
            (folder / name).chmod(mode)
    return Written(len(changed), len(wanted) - len(changed), len(gone))


def clear(folder: Path) -> Written:
    """Remove all that we wrote into a folder, and the folder where nothing else is in it. Raises OSError."""
    known = _read(folder)
    _remove(folder, known)
    (folder / MANIFEST).unlink()
    with suppress(OSError):
        folder.rmdir()
    return Written(removed=len(known))


def begin(folder: Path) -> None:
    """Make the folder of a site, for its owner alone, or take one that is a site. Raises LeeboardError for others."""
    files.make_folder(folder)
    if not (folder / MANIFEST).is_file():
        if any(folder.iterdir()):
            raise LeeboardError(
                f"{folder}: is not empty, and no site is in it; give a folder that is empty, new, or a site"
            )
        _write(folder, {}, 0o600)


def make_folder(folder: Path, like: Path) -> None:
    """Make a folder with the permissions of another one."""
    if not folder.is_dir():
        folder.mkdir()
        folder.chmod(stat.S_IMODE(like.stat().st_mode))


def _is(path: Path, size: int) -> bool:
    """True for a plain file of this size."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size


def _read(folder: Path) -> Known:
    """What the folder holds by its manifest; nothing where there is none. Raises LeeboardError for one not of ours."""
    path = folder / MANIFEST
    content = files.read_regular(path, MOST_BYTES)
    if content is None:
        return {}
    try:
        said: dict[str, Any] = json.loads(content)
        if said["schema"] != SCHEMA:
            raise ValueError
        known = {str(name): (str(digest), int(size)) for name, (digest, size) in said["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LeeboardError(
            f"{path}: is no list that leeboard site wrote; give another folder, or take this one away"
        ) from None
    for name in known:
        if name.startswith("/") or ".." in name.split("/"):
            raise LeeboardError(f"{path}: names a file outside of its folder; take the folder away")
    return known


def _write(folder: Path, known: Known, mode: int) -> None:
    text = json.dumps({"schema": SCHEMA, "files": dict(sorted(known.items()))}, indent=0)
    files.replace(folder / MANIFEST, text.encode(), mode)


def _remove(folder: Path, names: Mapping[str, Any] | list[str]) -> None:
    """Remove files, and folders that are empty then."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    for name in sorted({name.rpartition("/")[0] for name in names} - {""}, reverse=True):
        with suppress(OSError):
            (folder / name).rmdir()
