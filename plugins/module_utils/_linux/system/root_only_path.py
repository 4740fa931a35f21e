"""Where a path leads without any link, as far as nobody but root could have led it there."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection

from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError

OTHERS_MAY_WRITE = 0o022
MOST_LINKS = 40  # as many as the kernel follows


def guarded(host: Host, path: str, advice: str, closed: Collection[str] = ()) -> str:
    """The path that the kernel would come to. Each folder on the way, those behind links too, must be root's and
    writable by root alone, but for those that are `closed` before.

    Raises ChangeRefused where others than root could lead it elsewhere; `advice` is what to do then.
    """
    here, links = "", 0
    waiting = path.split("/")
    while waiting:
        part = waiting.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            here = here.rpartition("/")[0]
            continue
        if here not in closed:
            _only_root(host, here or "/", path, advice)
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


def _only_root(host: Host, folder: str, path: str, advice: str) -> None:
    try:
        status = host.stat(folder)
    except (FileNotFoundError, HostError):
        raise ChangeRefused(f"{path}: {folder} cannot be looked at; repeat the roll-out") from None
    if status.st_uid != 0 or stat.S_IMODE(status.st_mode) & OTHERS_MAY_WRITE:
        raise ChangeRefused(
            f"{path}: others than root may change the folder {folder}, and could put another file in its place; "
            f"{advice}"
        )
