"""Giving key files to root, with no rights for anybody else. No content is read or written.

The change goes to the file that the machine itself would open, and only where nobody but root could have led it there:
each folder on the way, those behind links too, must be root's and writable by root alone.
"""

from __future__ import annotations

import stat

from ..engine.edits import Change, ChangeRefused, DryRun, PermissionEdit
from ..engine.host import Host
from ..system.mounts import crypttab
from ..system.root_only_path import guarded
from . import keys

ADVICE = "move the key into a folder of root's own, such as /etc/cryptsetup-keys.d, and change it"


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files that can be closed. Raises ChangeRefused where none of them can, HostError."""
    for change in changes:
        if change["value"] != []:
            raise ChangeRefused(f"the only value that can be written for {change['address']} is the empty list")
    edits, problems = {}, []
    for path, status in keys.loose(host, crypttab(host)):
        try:
            target = guarded(host, path, ADVICE)
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
