"""Who holds a lock, for those whom it keeps out. The kernel frees the lock of whoever died: nobody waits for them."""

from __future__ import annotations

import getpass
import json
import os
import socket
from datetime import UTC, datetime

from leeboard.model.run_id import stamp
from leeboard.model.values import plain
from leeboard.model.words import age


def mine(at: datetime, **more: str) -> str:
    """What is left in a lock's file: this process, its account and machine, since when, and `more` (such as a run)."""
    return json.dumps({"pid": os.getpid(), "by": account(), "on": socket.gethostname(), "started": stamp(at), **more})


def account() -> str:
    """The account that this process runs under, by its name where it has one."""
    try:
        return getpass.getuser()
    except OSError:
        return str(os.getuid())


def describe(text: str, now: datetime | None = None) -> str:
    """The owner of a lock for people: "process 71, technician on desk, run ..., began 5 minutes ago"."""
    try:
        record = json.loads(text)
        started = datetime.fromisoformat(str(record["started"]))
        by, machine = plain(record.get("by", "an account"), 40), plain(record.get("on", "?"), 60)
        who = f"process {int(record['pid'])}, {by} on {machine}"
        run = f", run {plain(record['run'], 40)}" if record.get("run") else ""
        return f"{who}{run}, began {age(started, now or datetime.now(UTC))}"
    except (ValueError, KeyError, TypeError):
        return "its process did not say which; try fuser on the file"
