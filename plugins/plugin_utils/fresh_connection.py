"""A new connection to the device of a task: new handshake, new sign-in, new become, and none of ssh's shared masters.

What a device answers over a shared connection says nothing of whether anybody could sign in anew.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager, suppress

# The first value that ssh finds for an option counts, and of several -S the last: neither an ansible.cfg nor an
# inventory that names a ControlPath of its own brings the shared connection back.
ALONE = "-o ControlMaster=no -o ControlPath=none"
ALONE_TOO = "-S none"
AGAIN = 0.5  # seconds


def can_be_made(connection) -> bool:
    """Whether a new connection is one that proves something: over ssh it is; `local` and containers sign nobody in."""
    return connection.transport == "ssh"


@contextmanager
def fresh(connection):
    """Within this, each command on the device has a connection of its own; jump hosts and secrets are as before.

    The shared connection, which other tasks use, stays as it is.
    """
    before = {name: connection.get_option(name) for name in ("ssh_args", "ssh_extra_args")}
    connection.set_option("ssh_args", f"{ALONE} {before['ssh_args'] or ''}".strip())
    connection.set_option("ssh_extra_args", f"{before['ssh_extra_args'] or ''} {ALONE_TOO}".strip())
    try:
        yield
    finally:
        for name, value in before.items():
            connection.set_option(name, value)


def drop_shared(connection) -> None:
    """Let nobody use the shared connection any more: the next command makes a new one."""
    with suppress(Exception):  # without a shared connection there is nothing to drop
        connection.reset()


@contextmanager
def at_most(seconds):
    """End what this process starts meanwhile when it takes longer: a sign-in that hangs has no time limit of ssh's.

    One module can be several commands, so after that time all of them are ended.
    """

    def watch():
        limit = seconds
        while not over.wait(limit):
            limit = AGAIN
            for number in _children(worker):
                with suppress(OSError):
                    os.kill(number, signal.SIGTERM)

    over = threading.Event()
    worker = threading.get_native_id()
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _children(thread) -> list:
    """The children of a thread of this process; none where the controller's system does not say."""
    try:
        with open(f"/proc/self/task/{thread}/children", encoding="ascii") as stream:
            return [int(number) for number in stream.read().split()]
    except OSError:
        return []
