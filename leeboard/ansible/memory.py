"""Files that are on no disk, and the path by which children of this process open them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def in_memory(name: str) -> Iterator[tuple[TextIO, str]]:
    """An empty file in memory and its path, as long as this lasts. `name` is what the kernel shows of it."""
    handle = os.memfd_create(name)
    with os.fdopen(handle, "w+", encoding="utf-8", errors="backslashreplace") as file:
        yield file, f"/proc/{os.getpid()}/fd/{handle}"
