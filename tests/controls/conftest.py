"""Lanes for the tests of this folder: both machines work at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.vm.fixtures import require_lab

from .lane import Lane
from .scripts import FULL, Script

ORDER = ("server", "gnome", "encrypted", "plasma")


@pytest.fixture(scope="session")
def lane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Lane]]:
    """Gives the lane of an image; all that this session will ask for start now, and have their scripts in them."""
    require_lab()
    lanes: dict[str, Lane] = {}

    def get(image: str) -> Lane:
        if image not in lanes:
            lanes[image] = Lane(image, tmp_path_factory.mktemp(image))
        return lanes[image]

    asked: dict[str, list[Script]] = {}
    broken: list[Script] = []
    wanted: set[str] = set()
    for item in request.session.items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        script = parameters.get("script")
        if isinstance(script, Script):
            asked.setdefault(script.image, []).append(script)
        elif isinstance(parameters.get("broken"), Script):
            broken.append(parameters["broken"])
        elif "lane" in getattr(item, "fixturenames", ()) and "image" in parameters:
            wanted.add(parameters["image"])
    # Those that take longest go first: two work at a time.
    for image in sorted({*wanted, *asked}, key=ORDER.index):
        get(image).submit(asked.get(image, ()), alone=FULL)
    for script in broken:  # their tests come last
        get(script.image).submit_mended(script)
    try:
        yield get
    finally:
        for one in lanes.values():
            one.close()
