"""What the tests of undo share: a driver that writes what it is told, runs of it, and journals by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import (
    DryRun,
    FileEdit,
    PermissionEdit,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host

JOURNALS = "var/lib/leeboard/journal"
FOUND = {"/etc/a": "first\n", "/etc/b": "second\n", "/etc/gone": "was here\n"}


class Writer:
    """A driver that writes what its changes say: address is a path, value a text, None (remove) or a mode."""

    NAME = "writer"

    def observe(self, host: Any, addresses: list[str]) -> dict[str, Any]:
        return {address: {"address": address} for address in addresses}

    def dry_run(self, host: Host, changes: list[dict[str, Any]]) -> DryRun:
        return DryRun([self._edit(host, change["address"], change["value"]) for change in changes])

    def _edit(self, host: Host, path: str, value: str | int | None) -> FileEdit | PermissionEdit:
        if isinstance(value, int):
            found = host.stat(path)
            owner = found.st_uid, found.st_gid
            return PermissionEdit(path, (found.st_mode & 0o7777, *owner), (value, *owner))
        before = host.read(path) if host.exists(path) else None
        return FileEdit(path, before, None if value is None else value.encode())


def roll_out(host: Host, run: str, **wanted: str | int | None) -> None:
    """A run that makes the changes, one after the other: a keyword x is the file /etc/x."""
    for name, value in wanted.items():
        host.forget()
        apply(Writer(), host, [{"address": f"/etc/{name}", "value": value}], run)
    host.forget()


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of the machine but for the journals: (mode, content) by path."""
    found = [path for path in root.rglob("*") if path.is_file() and JOURNALS not in str(path)]
    return {str(path.relative_to(root)): (path.stat().st_mode & 0o7777, path.read_bytes()) for path in found}


def targets(said: list[dict[str, Any]]) -> list[str]:
    return sorted(one["target"] for one in said)


def journal(root: Path, run: str, **line: Any) -> Path:
    """A journal of one line, as somebody wrote it."""
    path = root / JOURNALS / f"{run}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    whole = {"schema": 1, "at": "2026-11-25T02:00:00Z", "driver": "writer", "changes": [], "before": {}, "files": []}
    path.write_text(json.dumps({**whole, **line}) + "\n")
    path.chmod(0o600)
    return path
