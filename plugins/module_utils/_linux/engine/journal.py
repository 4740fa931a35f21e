"""The undo journal: what was there before a change, on disk before the change is made.

One file a run, `/var/lib/leeboard/journal/<run id>.jsonl`, mode 0600, one JSON object a line:

    {"schema": 1, "at": "2026-11-25T02:00:00Z", "driver": "dconf", "changes": [...], "before": {address: reading},
     "files": [{"path": ..., "before": {"state": "absent"} |
                                       {"state": "file", "content": base64, "mode": 420, "uid": 0, "gid": 0},
                "after": sha256 of the new content, or null where the file is removed} |
               {"path": ..., "before": {"state": "permissions", "mode": 384, "uid": 0, "gid": 0},
                "after": {"mode": 416, "uid": 0, "gid": 4}}]}         the content was not touched

Where an access list was changed, both sides also have `access_list`, base64 of what the kernel keeps, empty for none.

A written file also has `left`, the mode and owner that it gets. Where they are, a line also has `commands`, what is run
after the files are written; `units`, {unit: [ActiveState, UnitFileState]} before those commands switch units on or off,
null where systemd does not say it; `made`, the folders that writing makes; and `withheld`, the paths of files from
which a secret is taken, or which are taken away with one: what was there is in no journal.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import time
from typing import Any

from .edits import Change, Edit, FileEdit, PermissionEdit, SecretRemoval, WithheldEdit
from .host import Host, HostError
from .reading import Readings

FOLDER = "/var/lib/leeboard/journal"
# A restart starts what does not run.
SWITCHES = ("unmask", "enable", "start", "restart", "stop", "disable", "mask")
RUN_ID = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def permissions(mode: int, uid: int, gid: int) -> dict[str, Any]:
    """Mode and owner as a line has them."""
    return {"mode": mode, "uid": uid, "gid": gid}


def _withholds(edit: Edit) -> bool:
    """Whether something that was there is in no journal."""
    if isinstance(edit, FileEdit):
        return edit.kept != edit.before
    return isinstance(edit, (WithheldEdit, SecretRemoval))


class Journal:
    """The journal of one run. Nothing is created until the first record."""

    def __init__(self, host: Host, run_id: str) -> None:
        if not RUN_ID.match(run_id):
            raise ValueError(f"a run id has 1 to 64 letters, digits, dots, dashes and underscores, not {run_id!r}")
        self.path = f"{FOLDER}/{run_id}.jsonl"
        self._host = host

    def record(
        self,
        driver: str,
        changes: list[Change],
        before: Readings,
        edits: list[Edit],
        commands: list[list[str]] | None = None,
    ) -> None:
        """Write one line and wait until it is on the disk. Raises OSError, and then nothing may be changed."""
        line = {
            "schema": 1,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "driver": driver,
            "changes": changes,
            "before": before,
            "files": [self._file(edit) for edit in edits if not isinstance(edit, (WithheldEdit, SecretRemoval))],
        }
        extras = {
            "commands": commands,
            "units": self._units(commands or []),
            "made": self._made(edits),
            "withheld": [edit.path for edit in edits if _withholds(edit)],
        }
        line.update({name: value for name, value in extras.items() if value})
        folder = self._host.path(FOLDER)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle = os.open(self._host.path(self.path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab") as stream:
            stream.write(json.dumps(line, sort_keys=True).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        # The file's name, and the folders that may be new, must last as well.
        for _level in range(3):
            parent = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(parent)
            os.close(parent)
            folder = os.path.dirname(folder)

    def _file(self, edit: FileEdit | PermissionEdit) -> dict[str, Any]:
        if isinstance(edit, PermissionEdit):
            before, after = (permissions(*one) for one in (edit.before, edit.after))
            for side, entries in zip((before, after), edit.lists or ()):  # noqa: B905  Python 3.10 has `strict`
                side["access_list"] = base64.b64encode(entries).decode()
            return {"path": edit.path, "before": {"state": "permissions", **before}, "after": after}
        state: dict[str, Any] = {"state": "absent"}
        if edit.kept is not None:
            status = self._host.stat(edit.path)
            state = {
                "state": "file",
                "content": base64.b64encode(edit.kept).decode(),
                "mode": status.st_mode & 0o7777,
                "uid": status.st_uid,
                "gid": status.st_gid,
            }
        if edit.after is None:
            return {"path": edit.path, "before": state, "after": None}
        mode = state.get("mode", 0o644) if edit.mode is None else edit.mode
        uid, gid = edit.owner or (state.get("uid", os.geteuid()), state.get("gid", os.getegid()))
        left = {"mode": mode, "uid": uid, "gid": gid}
        return {"path": edit.path, "before": state, "after": hashlib.sha256(edit.after).hexdigest(), "left": left}

    def _units(self, commands: list[list[str]]) -> dict[str, list[str] | None]:
        switched = {argv[-1] for argv in commands if argv[0] == "systemctl" and argv[1] in SWITCHES}
        return {unit: self._unit(unit) for unit in sorted(switched)}

    def _unit(self, unit: str) -> list[str] | None:
        try:
            done = self._host.query(["systemctl", "show", "-p", "ActiveState", "-p", "UnitFileState", "--", unit])
        except HostError:
            return None
        fields = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
        return [fields["ActiveState"], fields.get("UnitFileState", "")] if fields.get("ActiveState") else None

    def _made(self, edits: list[Edit]) -> list[str]:
        folders: set[str] = set()
        for edit in edits:
            writes = isinstance(edit, FileEdit) and edit.after is not None
            folder = os.path.dirname(edit.path) if writes else ""
            while folder and folder not in folders and not self._host.exists(folder):
                folders.add(folder)
                folder = os.path.dirname(folder)
        return sorted(folders)
