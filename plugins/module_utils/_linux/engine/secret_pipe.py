"""Handing a secret to a program: by a pipe that it opens by path. Never an argument, an environment or a file.

What is in a pipe lies in the kernel's own memory, which is never swapped out, and is gone once it is read.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

MOST = 8192  # bytes of one secret: more may not fit into a pipe that nobody reads yet, and no passphrase is that long


@contextlib.contextmanager
def secret_files(*secrets: bytes) -> Iterator[list[str]]:
    """Paths by which a child of this process reads each secret, once, to its end. Raises ValueError."""
    if any(len(secret) > MOST for secret in secrets):
        raise ValueError(f"a secret has at most {MOST} bytes")
    ends = []
    try:
        for secret in secrets:
            reading, writing = os.pipe()
            ends.append(reading)
            try:
                os.write(writing, secret)
            finally:
                os.close(writing)
        yield [f"/proc/{os.getpid()}/fd/{end}" for end in ends]
    finally:
        for end in ends:
            os.close(end)
