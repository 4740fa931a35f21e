"""Replace a file in somebody's home, who may move folders and put links there while root is at it.

Each folder from the home down is opened by handle, without following a link, and everything happens beside that handle:
nothing outside of what is the person's own can be written, whatever they do meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import stat

from . import access_attribute
from .edits import ChangeRefused, WithheldEdit
from .host import READ_LIMIT, Host

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace(host: Host, edit: WithheldEdit) -> None:
    """Put `edit.after` in place of the file that the dry run saw, whole, with its owner, group and mode.

    Raises ChangeRefused where it is another file by now, or was never the person's own; OSError.
    """
    *folders, name = os.path.relpath(edit.path, edit.home).split("/")
    handle = os.open(os.path.realpath(host.path(edit.home)), FOLDER)
    try:
        for folder in folders:
            try:
                below = os.open(folder, FOLDER, dir_fd=handle)
            except OSError:
                raise ChangeRefused(f"{edit.path}: {folder} is no folder of that home; nothing was changed") from None
            os.close(handle)
            handle = below
        if os.fstat(handle).st_uid != edit.uid:
            raise ChangeRefused(f"{edit.path}: its folder belongs to somebody else; nothing was changed")
        _replace_in(handle, name, edit)
    finally:
        os.close(handle)


def _replace_in(folder: int, name: str, edit: WithheldEdit) -> None:
    try:
        handle = os.open(name, FILE, dir_fd=folder)
    except OSError:
        raise ChangeRefused(f"{edit.path} is a link, or not there any more; nothing was changed") from None
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != edit.uid or status.st_nlink != 1:
            raise ChangeRefused(f"{edit.path} is no plain file of that person's own; nothing was changed")
        if stream.read(READ_LIMIT + 1) != edit.before:
            raise ChangeRefused(f"{edit.path} was changed by somebody else at this moment; repeat the roll-out")
        access = access_attribute.content(handle)
    # One name for each file: what a killed run left is replaced by the run that finishes its work.
    temporary = f".{name}.leeboard"
    _unlink(temporary, folder)
    new = os.open(temporary, NEW, 0o600, dir_fd=folder)
    try:
        with os.fdopen(new, "wb") as stream:
            stream.write(edit.after)
            os.fchown(stream.fileno(), status.st_uid, status.st_gid)
            os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode))
            if access:
                access_attribute.put(stream.fileno(), access)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        _unlink(temporary, folder)
        raise
    os.fsync(folder)


def _unlink(name: str, folder: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
