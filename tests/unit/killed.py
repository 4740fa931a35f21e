"""Work that is killed at one of its calls."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable


def killed(work: Callable[[], object]) -> bool:
    """Do something in a child, whose error fails the test. True where it killed itself, False where it ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0, "it did not end by being killed"
    return os.WIFSIGNALED(status)


def dies(work: Callable[[], object], call: str, nth: int) -> bool:
    """Do something in a child that kills itself just before its nth `call` of `os`. False when it never got there."""

    def counting() -> None:
        real, count = getattr(os, call), 0

        def counted(*given: object, **named: object) -> object:
            nonlocal count
            count += 1
            if count == nth:
                if call == "write":  # half of a line is on the disk
                    real(given[0], bytes(given[1])[: len(bytes(given[1])) // 2])  # type: ignore[call-overload]
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        setattr(os, call, counted)
        work()

    return killed(counting)
