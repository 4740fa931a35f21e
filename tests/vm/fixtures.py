"""Pytest fixtures that hand out real machines; registered for all tests in tests/conftest.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from .errors import LabError
from .lab import start_machine
from .machine import Machine
from .qemu import MachineSpec
from .requirements import lab_requirement

LAB_VARIABLE = "LEEBOARD_LAB"


def require_lab() -> None:
    """Skip the test where the lab cannot run; fail it where `LEEBOARD_LAB=required` is set.

    `LEEBOARD_LAB=off` skips in any case, for a quick run.
    """
    wish = os.environ.get(LAB_VARIABLE, "")
    if wish not in ("", "required", "off"):
        pytest.fail(f"{LAB_VARIABLE}={wish}: it takes required or off", pytrace=False)
    reason = f"{LAB_VARIABLE}=off" if wish == "off" else lab_requirement()
    if reason and wish == "required":
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def lab_machines() -> Iterator[Callable[[str], Machine]]:
    """Gives the session's one machine of an image, started when first asked for."""
    machines: dict[str, Machine] = {}

    with ExitStack() as stack:

        def get(image: str) -> Machine:
            machine = machines.get(image)
            if machine is None or not machine.running():
                require_lab()
                machine = machines[image] = start_machine(MachineSpec(image))
                stack.callback(machine.delete)
            return machine

        yield get


@pytest.fixture
def server_machine(lab_machines: Callable[[str], Machine]) -> Iterator[Machine]:
    """A Debian server without a desktop, as it was right after its boot."""
    yield from _lend(lab_machines, "server")


@pytest.fixture
def gnome_machine(lab_machines: Callable[[str], Machine]) -> Iterator[Machine]:
    """A Debian machine with GNOME installed (not started), as it was right after its boot."""
    yield from _lend(lab_machines, "gnome")


@pytest.fixture
def new_machine() -> Iterator[Callable[..., Machine]]:
    """Starts machines of the test's own, `new_machine("server", serial="A1")`: see MachineSpec."""
    require_lab()
    with ExitStack() as stack:

        def start(image: str, *, boot: bool = False, **parts: object) -> Machine:
            machine = start_machine(MachineSpec(image, **parts), boot=boot)  # type: ignore[arg-type]
            stack.callback(machine.delete)
            return machine

        yield start


def _lend(lab_machines: Callable[[str], Machine], image: str) -> Iterator[Machine]:
    machine = _clean(lab_machines, image)
    yield machine
    if machine.running():  # between tests it takes nothing from the others
        machine.pause()


def _clean(lab_machines: Callable[[str], Machine], image: str) -> Machine:
    machine = lab_machines(image)
    if machine.pristine:
        return machine
    try:
        machine.restore()
    except LabError:  # a test wrecked it beyond a restore: give the next one another
        machine.delete()
        machine = lab_machines(image)
    return machine
