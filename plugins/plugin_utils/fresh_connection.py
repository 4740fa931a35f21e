"""A new connection to the device of a task: new handshake, new sign-in, new become, nothing shared with the old one.

What a device answers over a connection that is there says nothing of whether anybody could sign in anew. ssh has
masters that are shared; winrm and psrp keep a session in this process.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager, suppress

# The first value that ssh finds for an option counts, and of several -S the last: neither an ansible.cfg nor an
# inventory that names a ControlPath of its own brings the shared connection back.
ALONE = "-o ControlMaster=no -o ControlPath=none"
ALONE_TOO = "-S none"
AGAIN = 0.5  # seconds
AGAIN_SESSION = 5.0  # what ends a session decently may itself hang
SESSIONS = ("winrm", "psrp")  # those that this process itself speaks, over a session that `reset` makes anew


def can_be_made(connection) -> bool:
    """Whether a new connection is one that proves something: `local` and containers sign nobody in."""
    return connection.transport == "ssh" or _is_session(connection)


@contextmanager
def fresh(connection):
    """Within this, commands on the device have a new connection; jump hosts and secrets are as before.

    Yields what is to be called before each of them, and raises what a connection that cannot be made does. The shared
    connection of ssh, which other tasks use, stays as it is.
    """
    if _is_session(connection):
        yield lambda: _renewed(connection)
        return
    before = {name: connection.get_option(name) for name in ("ssh_args", "ssh_extra_args")}
    connection.set_option("ssh_args", f"{ALONE} {before['ssh_args'] or ''}".strip())
    connection.set_option("ssh_extra_args", f"{before['ssh_extra_args'] or ''} {ALONE_TOO}".strip())
    try:
        yield lambda: None
    finally:
        for name, value in before.items():
            connection.set_option(name, value)


def drop_shared(connection) -> None:
    """Let nobody use the connection that is there any more: the next command makes a new one."""
    with suppress(Exception):  # without a shared connection there is nothing to drop
        if _is_session(connection):
            connection.close()
        else:
            connection.reset()


def _is_session(connection) -> bool:
    return connection.transport in SESSIONS


def _renewed(connection) -> None:
    """Sign in anew: `reset` lets go of the session and makes another one. It does nothing where none was made yet."""
    connection.reset()


class TooLong(Exception):
    """What was under way is given up."""


@contextmanager
def at_most(seconds, connection=None):
    """Give up what takes longer: a sign-in that hangs has no time limit of ssh's, nor a command that runs over WinRM.

    What this process starts meanwhile is ended; one module can be several commands, so after that time all of them are.
    Over winrm and psrp nothing is started: there this thread itself is interrupted by TooLong.
    """
    if connection is not None and _is_session(connection):
        with _interrupted_after(seconds):
            yield
        return

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


@contextmanager
def _interrupted_after(seconds):
    """Raise TooLong in this thread after `seconds`, and again while what caught it goes on.

    It has to be the main thread, as Ansible's workers have it: no other one is interrupted while it waits for a socket.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def raising(_number, _frame):
        raise TooLong(f"no answer within {seconds:g} seconds")

    begun = time.monotonic()
    handler = signal.signal(signal.SIGALRM, raising)
    left, again = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SESSION)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:  # of the task's own time limit
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 0.001), again)


def _children(thread) -> list:
    """The children of a thread of this process; none where the controller's system does not say."""
    try:
        with open(f"/proc/self/task/{thread}/children", encoding="ascii") as stream:
            return [int(number) for number in stream.read().split()]
    except OSError:
        return []
