"""A new connection and its time limit, without a device: ssh itself says what it makes of the options."""

from __future__ import annotations

import shlex
import signal
import socket
import subprocess
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.plugin_utils.fresh_connection import (
    TooLong,
    at_most,
    can_be_made,
    drop_shared,
    fresh,
)

from tests.unit.actions.checkpoint_double import DoubleConnection


def as_ssh_reads(connection: DoubleConnection) -> dict[str, str]:
    """What ssh makes of a connection's options, in Ansible's order; no connection is made."""
    options = [
        *shlex.split(connection.options["ssh_args"] or ""),
        *shlex.split(connection.options["ssh_extra_args"] or ""),
    ]
    done = subprocess.run(["ssh", "-G", "-F", "none", *options, "h"], capture_output=True, text=True, check=True)
    return dict(line.partition(" ")[::2] for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("args", "extra"),
    [
        ("-C -o ControlMaster=auto -o ControlPersist=60s -o ControlPath=/shared", None),
        ("-S /shared -M", None),
        ("", "-o ControlMaster=auto -S /shared"),
        (None, "-oControlPath=/shared -oControlMaster=yes"),
    ],
)
def test_no_shared_path_is_left(args: Any, extra: Any) -> None:
    connection = DoubleConnection()
    connection.options = {"ssh_args": args, "ssh_extra_args": extra}
    assert as_ssh_reads(connection)["controlpath"] == "/shared"
    with pytest.raises(ZeroDivisionError), fresh(connection):
        assert "controlpath" not in as_ssh_reads(connection)
        raise ZeroDivisionError
    assert connection.options == {"ssh_args": args, "ssh_extra_args": extra}, "it is as before, whatever went wrong"


@pytest.mark.parametrize(
    ("kind", "can"), [("ssh", True), ("local", False), ("podman", False), ("winrm", True), ("psrp", True)]
)
def test_which_connections_sign_in_anew(kind: str, can: bool) -> None:
    assert can_be_made(DoubleConnection(kind)) is can


def test_what_hangs_is_ended() -> None:
    with at_most(0.01):
        done = subprocess.run(["sleep", "600"])
    assert done.returncode == -signal.SIGTERM


@pytest.mark.parametrize("kind", ["winrm", "psrp"])
def test_a_session_is_made_anew_before_each_command(kind: str) -> None:
    connection = DoubleConnection(kind)
    before = dict(connection.options)
    with fresh(connection) as renew:
        assert connection.resets == 0
        renew()
        renew()
    assert (connection.resets, connection.closes, connection.options) == (2, 0, before)
    drop_shared(connection)
    assert (connection.resets, connection.closes) == (2, 1), "it is left, and nothing is made in its place"


def test_a_wait_in_this_process_is_interrupted() -> None:
    """Where nothing would ever come; and the task's own time limit goes on as before."""
    kept = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 500)
    near, far = socket.socketpair()
    try:
        said = pytest.raises(TooLong, match=r"no answer within 0\.01 seconds")
        with near, far, said, at_most(0.01, DoubleConnection("winrm")):
            near.recv(1)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 500
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)


def test_what_ends_in_its_time_is_left_alone() -> None:
    with at_most(600):
        assert subprocess.run(["true"]).returncode == 0
    with at_most(600, DoubleConnection("winrm")):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_connection_that_cannot_be_dropped_is_no_trouble() -> None:
    class Broken(DoubleConnection):
        def reset(self) -> None:
            raise OSError("no ssh here")

    drop_shared(Broken())
