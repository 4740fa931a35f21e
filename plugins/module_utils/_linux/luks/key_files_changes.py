"""Giving key files to root, with no rights for anybody else. No content is read or written.

The change goes to the file that the machine itself would open, and only where nobody but root could have led it there:
each folder on the way, those behind links too, must be root's and writable by root alone.
"""

from __future__ import annotations

import os
import stat

from ..engine.edits import Change, ChangeRefused, DryRun, PermissionEdit
from ..engine.host import Host, HostError
from ..system.mounts import crypttab
from . import keys

OTHERS_MAY_WRITE = 0o022
MOST_LINKS = 40  # as many as the kernel follows


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files that can be closed. Raises ChangeRefused where none of them can, HostError."""
    for change in changes:
        if change["value"] != []:
            raise ChangeRefused(f"the only value that can be written for {change['address']} is the empty list")
    edits, problems = {}, []
    for path, status in keys.loose(host, crypttab(host)):
        try:
            target = _guarded(host, path)
        except ChangeRefused as problem:
            problems.append(str(problem))
            continue
        mode = stat.S_IMODE(status.st_mode)
        # Stricter than 0600 stays, and what root itself could not read becomes so.
        closed = mode & keys.SAFE_MODE | stat.S_IRUSR
        edits[target] = PermissionEdit(target, (mode, status.st_uid, status.st_gid), (closed, 0, 0))
    if problems and not edits:
        raise ChangeRefused("; ".join(problems))
    return DryRun([edits[path] for path in sorted(edits)])


def _guarded(host: Host, path: str) -> str:
    """Where a path leads without any link. Raises ChangeRefused where others than root could lead it elsewhere."""
    here, links = "", 0
    waiting = path.split("/")
    while waiting:
        part = waiting.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            here = here.rpartition("/")[0]
            continue
        _only_root(host, here or "/", path)
        step = f"{here}/{part}"
        if not os.path.islink(host.path(step)):
            here = step
            continue
        links += 1
        leads = os.readlink(host.path(step))
        if links > MOST_LINKS:
            raise ChangeRefused(f"{path} leads through more than {MOST_LINKS} links")
        waiting = leads.split("/") + waiting
        here = "" if leads.startswith("/") else here
    return here


def _only_root(host: Host, folder: str, path: str) -> None:
    try:
        status = host.stat(folder)
    except (FileNotFoundError, HostError):
        raise ChangeRefused(f"{path}: {folder} cannot be looked at; repeat the roll-out") from None
    if status.st_uid != 0 or stat.S_IMODE(status.st_mode) & OTHERS_MAY_WRITE:
        raise ChangeRefused(
            f"{path}: others than root may change the folder {folder}, and could put another file in its place; move "
            "the key into a folder of root's own, such as /etc/cryptsetup-keys.d, and change it"
        )
