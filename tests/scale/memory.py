"""The most memory that a process had, by the kernel's own mark."""

from __future__ import annotations

from pathlib import Path


def most_memory() -> float:
    """The most memory in MB that this process had since it became this program.

    `resource.getrusage` says at least what the process had that started this one: Linux counts that in.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
