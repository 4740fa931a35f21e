"""One version, wherever it stands."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from leeboard.version import __version__
from tests.house import tree

WANTED = str(tomllib.loads(tree.text("pyproject.toml"))["project"]["version"])


def test_package_and_collection_have_the_same_version() -> None:
    brain = re.search(r'^VERSION = "(.+?)"', tree.text("plugins/plugin_utils/brain.py"), re.MULTILINE)
    found = {
        "galaxy.yml": yaml.safe_load(tree.text("galaxy.yml"))["version"],
        "leeboard/version.py": __version__,
        "plugins/plugin_utils/brain.py": brain and brain.group(1),
        "meta/ee-requirements.txt": tree.text("meta/ee-requirements.txt").strip().removeprefix("leeboard=="),
    }
    assert found == dict.fromkeys(found, WANTED)


def test_changelog_has_the_version() -> None:
    assert re.search(rf"^## {re.escape(WANTED)}( |$)", tree.text("CHANGELOG.md"), re.MULTILINE)


@pytest.mark.parametrize("lock", ["requirements/run.txt", "requirements/test.txt"])
def test_lock_holds_what_is_asked_for(lock: str) -> None:
    """`make lock` was run after the last change of pyproject.toml or of requirements/*.in."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pinned = dict(re.findall(r"^([a-z0-9-]+)(?:\[.*?\])?==(\S+)", tree.text(lock), re.MULTILINE))
    project = tomllib.loads(tree.text("pyproject.toml"))["project"]
    asked = [*project["dependencies"], *_lines("requirements/run.in")]
    if lock.endswith("test.txt"):
        asked += [*project["optional-dependencies"]["postgresql"], *_lines("requirements/test.in")]
    wrong = [
        line
        for line, one in ((line, Requirement(line)) for line in asked)
        if pinned.get(canonicalize_name(one.name)) not in one.specifier
    ]
    assert wrong == [], f"{lock}: run `make lock`"


def test_locks_agree() -> None:
    """The tests run with the very versions that the tool runs with."""
    pins = [
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", tree.text(f"requirements/{name}.txt"), re.MULTILINE))
        for name in ("run", "test")
    ]
    assert {name: version for name, version in pins[0].items() if pins[1].get(name) != version} == {}


def _lines(name: str) -> list[str]:
    return [line for line in (line.split("#")[0].strip() for line in tree.text(name).splitlines()) if line]
