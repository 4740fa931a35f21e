"""A new connection and its time limit, without a device: ssh itself says what it makes of the options."""

from __future__ import annotations

import shlex
import signal
import subprocess
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.plugin_utils.fresh_connection import (
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


@pytest.mark.parametrize(("kind", "can"), [("ssh", True), ("local", False), ("podman", False), ("winrm", False)])
def test_only_ssh_signs_in_anew(kind: str, can: bool) -> None:
    assert can_be_made(DoubleConnection(kind)) is can


def test_what_hangs_is_ended() -> None:
    with at_most(0.01):
        done = subprocess.run(["sleep", "600"])
    assert done.returncode == -signal.SIGTERM


def test_what_ends_in_its_time_is_left_alone() -> None:
    with at_most(600):
        assert subprocess.run(["true"]).returncode == 0


def test_a_connection_that_cannot_be_dropped_is_no_trouble() -> None:
    class Broken(DoubleConnection):
        def reset(self) -> None:
            raise OSError("no ssh here")

    drop_shared(Broken())
