"""The machines of this folder's tests, which work side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.vm.fixtures import require_lab
from tests.vm.lab import start_machine
from tests.vm.qemu import MachineSpec

from .cut_off_lab import Lab
from .machine_run import MachineRun
from .scripts import Script

ORDER = ("server", "gnome", "encrypted", "plasma")


@pytest.fixture(scope="session")
def machine_run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], MachineRun]]:
    """Gives the run of an image's machine; all that this session asks for start now, with their scripts."""
    require_lab()
    machine_runs: dict[str, MachineRun] = {}

    def get(image: str) -> MachineRun:
        if image not in machine_runs:
            machine_runs[image] = MachineRun(image, tmp_path_factory.mktemp(image))
        return machine_runs[image]

    scripts: dict[str, dict[str, Script]] = {}
    wanted: set[str] = set()
    for item in request.session.items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        script = parameters.get("script") or parameters.get("broken")
        if isinstance(script, Script):
            scripts.setdefault(script.image, {})[script.name] = script
        elif "machine_run" in getattr(item, "fixturenames", ()) and "image" in parameters:
            wanted.add(parameters["image"])
    # Those that take longest go first: two work at a time.
    for image in sorted({*wanted, *scripts}, key=ORDER.index):
        get(image).submit(scripts.get(image, {}).values())
    try:
        yield get
    finally:
        for run in machine_runs.values():
            run.close()


@pytest.fixture(scope="session")
def cut_off_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server that a roll-out has brought to its baseline, to be cut off: the session's one."""
    require_lab()
    machine = start_machine(MachineSpec("server"))
    try:
        lab = Lab(machine, tmp_path_factory.mktemp("cut_off"))
        lab.prepare()
        yield lab
    finally:
        machine.delete()
