"""A directory that does not come to an end holds nobody up."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from ansible_collections.leeboard.schools.plugins.lookup import laps_password


def test_a_wait_without_end_ends() -> None:
    before, began = signal.getsignal(signal.SIGALRM), time.monotonic()
    never = threading.Event()
    with pytest.raises(TimeoutError), laps_password._limited(0.2):
        never.wait()
    assert time.monotonic() - began < 30
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
