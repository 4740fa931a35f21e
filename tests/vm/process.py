"""Tells whether a process is still the one that was started, before anybody ends it."""

from __future__ import annotations

import os
import time
from pathlib import Path


def process_start(pid: int) -> str:
    """When process `pid` started, in clock ticks since boot; "" if it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the name before may hold spaces
    return "" if fields[0] in ("Z", "X") else fields[19]


def wait_gone(pid: int, started: str, timeout: float) -> None:
    """Wait until the process is gone; kill it when `timeout` seconds have passed."""
    deadline = time.monotonic() + timeout
    while started and process_start(pid) == started:
        if time.monotonic() > deadline:
            os.kill(pid, 9)
            deadline += timeout
        time.sleep(0.02)
