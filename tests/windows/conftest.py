"""Fixtures that hand out Windows machines, and the mark `windows` for all tests here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .bitlocker_bench import Bench
from .machine import WindowsMachine
from .requirements import need_machine, need_powershell

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker("windows")


@pytest.fixture
def machine() -> Iterator[WindowsMachine]:
    """A clean machine of the test's own. Its first PowerShell takes some two seconds to start."""
    need_machine()
    made = WindowsMachine()
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_machine() -> Iterator[WindowsMachine]:
    """One machine for a file's tests, for those that leave it as they found it."""
    need_machine()
    made = WindowsMachine()
    yield made
    made.close()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """BitLocker's device code over the stand-in's state machine: one PowerShell for a file's tests."""
    need_powershell()
    made = Bench()
    yield made
    made.close()


@pytest.fixture
def one(shared_machine: WindowsMachine) -> Iterator[WindowsMachine]:
    """The file's machine; its stand-ins are put back after each test."""
    state = shared_machine.drive / "standins" / "state"
    kept = shared_machine.prefix.parent / "state"
    shutil.copytree(state, kept, dirs_exist_ok=True)
    yield shared_machine
    shutil.rmtree(state)
    shutil.move(kept, state)


@pytest.fixture
def another_machine() -> Iterator[Callable[..., WindowsMachine]]:
    """Makes machines of the test's own: `another_machine("PC2")`."""
    need_machine()
    with ExitStack() as stack:

        def make(name: str = "PC1", **parts: object) -> WindowsMachine:
            made = WindowsMachine(name, **parts)  # type: ignore[arg-type]
            stack.callback(made.close)
            return made

        yield make
