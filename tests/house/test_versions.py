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
    assert re.search(rf"^## v{re.escape(WANTED)}$", tree.text("CHANGELOG.md"), re.MULTILINE)


@pytest.mark.parametrize("name", ["run", "test", "docs"])
def test_lock_holds_what_is_asked_for(name: str) -> None:
    """`make lock` was run after the last change of pyproject.toml or of requirements/*.in."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pinned = dict(re.findall(r"^([a-z0-9-]+)(?:\[.*?\])?==(\S+)", tree.text(f"requirements/{name}.txt"), re.MULTILINE))
    project = tomllib.loads(tree.text("pyproject.toml"))["project"]
    asked = _lines(f"requirements/{name}.in")
    if name != "docs":
        asked += [*project["dependencies"], *_lines("requirements/run.in")]
    if name == "test":
        asked += project["optional-dependencies"]["postgresql"]
    wrong = [
        line
        for line, one in ((line, Requirement(line)) for line in asked)
        if pinned.get(canonicalize_name(one.name)) not in one.specifier
    ]
    assert wrong == [], f"requirements/{name}.txt: run `make lock`"


def test_locks_agree() -> None:
    """The tests run with the very versions that the tool runs with, and the documentation is made with them too."""
    run, test, docs = (
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", tree.text(f"requirements/{name}.txt"), re.MULTILINE))
        for name in ("run", "test", "docs")
    )
    assert {name: version for name, version in run.items() if test.get(name) != version} == {}
    assert {name: version for name, version in docs.items() if run.get(name, version) != version} == {}


def _lines(name: str) -> list[str]:
    return [line for line in (line.split("#")[0].strip() for line in tree.text(name).splitlines()) if line]
