"""Copies of files that a checkpoint puts back, on the file system where the files lie.

So that putting back is a link and a rename, which needs no room: it works on a full disk.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import NamedTuple

from ..engine.armed import FOLDER
from ..engine.change import sync_folder, write
from ..engine.edits import ChangeRefused, FileEdit
from ..engine.host import Host
from ..system.mounts import MOUNTINFO, mounted

HERE = f"{FOLDER}/copies"
BESIDE = ".leeboard-checkpoint"  # at the top of another file system
ELSEWHERE = f"{FOLDER}/elsewhere"
MOST = 64 * 1024 * 1024  # bytes of one file: nobody's configuration, and the disk would be filled with it


class Kept(NamedTuple):
    """One path as it was: `kind` is file, link, folder or absent. `copy` is where a file's or link's copy lies."""

    path: str
    kind: str
    copy: str = ""


def places(host: Host) -> list[str]:
    """Every mount point, the longest first; of a machine that does not say so (a captured folder) the root alone."""
    if not host.exists(MOUNTINFO):
        return ["/"]
    return sorted({mount.point for mount in mounted(host)}, key=len, reverse=True)


def mount_of(points: list[str], path: str) -> str:
    """The mount point below which a path lies."""
    return next(point for point in points if path == point or path.startswith(point.rstrip("/") + "/"))


def kind_of(host: Host, path: str) -> str:
    """file, link, folder, absent, or `other`, which nobody could copy. No link is followed. Raises OSError."""
    try:
        mode = os.lstat(host.path(path)).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    kinds = ((stat.S_ISREG, "file"), (stat.S_ISLNK, "link"), (stat.S_ISDIR, "folder"))
    return next((name for is_kind, name in kinds if is_kind(mode)), "other")


class Copies:
    """All copies of one checkpoint, made one after the other. `elsewhere` names the folders besides HERE."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._points = places(host)
        self._count = 0
        self.elsewhere: list[str] = []

    def keep(self, path: str) -> Kept:
        """Copy what is there, onto the disk. Raises ChangeRefused and OSError."""
        kind = kind_of(self._host, path)
        if kind == "absent":
            return Kept(path, kind)
        if kind not in ("file", "link"):
            raise ChangeRefused(f"{path} is neither a file nor a link, so it could not be put back")
        if path in self._points:
            raise ChangeRefused(f"{path} is a mount of its own, so no other file could be put in its place")
        folder = self._folder(path)
        self._count += 1
        copy = f"{folder}/{self._count}"
        _copy(self._host.path(path), self._host.path(copy), kind)
        return Kept(path, kind, copy)

    def keep_folder(self, path: str) -> list[Kept]:
        """The folder itself and all below it. Raises ChangeRefused and OSError."""
        kind = kind_of(self._host, path)
        if kind == "absent":
            return [Kept(path, kind)]
        if kind != "folder":
            raise ChangeRefused(f"{path} is no folder, so it could not be put back")
        kept = [Kept(path, kind)]
        for name in sorted(os.listdir(self._host.path(path))):
            below = f"{path}/{name}"
            kept += self.keep_folder(below) if kind_of(self._host, below) == "folder" else [self.keep(below)]
        return kept

    def finish(self) -> None:
        """Wait until the copies' names are on the disk as well."""
        for folder in [HERE, *self.elsewhere]:
            if os.path.isdir(self._host.path(folder)):
                sync_folder(self._host.path(folder))
                sync_folder(os.path.dirname(self._host.path(folder)))

    def _folder(self, path: str) -> str:
        """The folder for copies on the file system of a path, made if need be."""
        parent = self._host.real(os.path.dirname(path))
        point = mount_of(self._points, parent)
        folder = HERE if point == mount_of(self._points, self._host.real(FOLDER)) else f"{point.rstrip('/')}/{BESIDE}"
        place = self._host.path(folder)
        if folder != HERE and folder not in self.elsewhere:
            self.elsewhere.append(folder)
            # Its name is on the disk before it is made, so that a killed arming leaves none.
            write(self._host, FileEdit(ELSEWHERE, None, "".join(f"{one}\n" for one in self.elsewhere).encode(), 0o600))
            os.mkdir(place, 0o700)
        if os.lstat(place).st_dev != os.stat(self._host.path(parent)).st_dev:
            raise ChangeRefused(f"{path} lies on a file system on which no copy can be kept")
        return folder


def elsewhere_of(host: Host) -> list[str]:
    """The folders of copies besides HERE, also of a checkpoint whose arming was killed. Raises OSError."""
    try:
        with open(host.path(ELSEWHERE), encoding="utf-8", errors="surrogateescape") as stream:
            return [line for line in stream.read().splitlines() if os.path.basename(line) == BESIDE]
    except FileNotFoundError:
        return []


def _copy(source: str, copy: str, kind: str) -> None:
    status = os.lstat(source)
    if kind == "link":
        os.symlink(os.readlink(source), copy)
        if os.geteuid() == 0:
            os.chown(copy, status.st_uid, status.st_gid, follow_symlinks=False)
        return
    if status.st_size > MOST:
        raise ChangeRefused(f"{source} is larger than {MOST} bytes, so it is no configuration")
    given = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        made = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            while True:
                part = os.read(given, 1024 * 1024)
                if not part:
                    break
                while part:
                    part = part[os.write(made, part) :]
            if os.geteuid() == 0:
                os.fchown(made, status.st_uid, status.st_gid)
            os.fchmod(made, stat.S_IMODE(status.st_mode))  # after the owner, which takes the set-user-id bit away
            for name, content in attributes(given).items():
                os.setxattr(made, name, content)
            os.utime(made, ns=(status.st_atime_ns, status.st_mtime_ns))
            os.fsync(made)
        finally:
            os.close(made)
    finally:
        os.close(given)


def attributes(handle: int | str) -> dict[str, bytes]:
    """Extended attributes by name, access lists among them; none where a file system knows none. Raises OSError."""
    try:
        return {name: os.getxattr(handle, name) for name in os.listxattr(handle)}
    except OSError as problem:
        if problem.errno in (errno.ENOTSUP, errno.ENODATA):
            return {}
        raise


def fingerprint(place: str) -> tuple[object, ...]:
    """All that a copy must have of its file; `place` is where it lies for this process. Raises OSError."""
    status = os.lstat(place)
    owner = (stat.S_IFMT(status.st_mode), status.st_uid, status.st_gid)
    if stat.S_ISLNK(status.st_mode):
        return (*owner, os.readlink(place))
    digest = hashlib.sha256()
    with open(place, "rb") as stream:
        for part in iter(lambda: stream.read(1024 * 1024), b""):
            digest.update(part)
    return (*owner, stat.S_IMODE(status.st_mode), digest.hexdigest(), sorted(attributes(place).items()))
