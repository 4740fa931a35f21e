"""The machines of this folder's tests, which work side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.vm.fixtures import require_lab
from tests.vm.lab import start_machine
from tests.vm.qemu import MachineSpec

from .cut_off_lab import Lab
from .machine_run import MachineRun
from .scripts import Script, passes

ORDER = ("server", "gnome", "encrypted", "plasma")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Ask for scripts in the order in which the machines do them, pass by pass.

    A test that asks for a script of a late pass would hold up those whose passes are over, and what was seen would not
    be written down (full_done.py) where the run is broken off.
    """
    places = [place for place, item in enumerate(session.items) if _script(item)]
    asked = [session.items[place] for place in places]
    passed = {
        (image, script.name): number
        for image, scripts in _by_image(asked).items()
        for number, group in enumerate(passes(scripts.values()))
        for script in group
    }

    def when(item: pytest.Item) -> tuple[int, int]:
        script = _script(item)
        assert script is not None
        return passed[script.image, script.name], ORDER.index(script.image)

    for place, item in zip(places, sorted(asked, key=when), strict=True):
        session.items[place] = item


def _script(item: pytest.Item) -> Script | None:
    """The script that a test asks of a machine of the lab."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    script = parameters.get("script") or parameters.get("broken")
    return script if isinstance(script, Script) else None


def _by_image(items: Iterable[pytest.Item]) -> dict[str, dict[str, Script]]:
    """{image: {name: script}} of what tests ask."""
    scripts: dict[str, dict[str, Script]] = {}
    for script in filter(None, map(_script, items)):
        scripts.setdefault(script.image, {})[script.name] = script
    return scripts


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

    scripts = _by_image(request.session.items)
    wanted: set[str] = set()
    for item in request.session.items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if "machine_run" in getattr(item, "fixturenames", ()) and "image" in parameters:
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
