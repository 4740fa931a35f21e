"""A machine for each test, with its scripts run by dash and by bash."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.linux.checkpoint.machine import Machine


@pytest.fixture(params=["dash", "bash"])
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Machine:
    """A machine without a checkpoint."""
    return Machine(tmp_path, request.param)


@pytest.fixture
def stateful(machine: Machine) -> Machine:
    """A machine with a kernel table, which lies in no file."""
    machine.double("/usr/sbin/hangs", "exec sleep 60")
    machine.double(
        "/usr/sbin/load",
        f'cat "$1" >{machine.root}/double/table; printf "<%s>" "$@" >{machine.root}/double/given',
    )
    machine.double("/usr/sbin/list", f"printf 'one\\n'; cat {machine.root}/double/two 2>/dev/null")
    machine.double("/usr/sbin/works", "exit 0")
    machine.write("/double/two", "two\n")
    return machine
