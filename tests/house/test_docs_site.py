"""`make docs`: every page and module is in the site, it needs nothing from elsewhere, and a bad link fails the build.

One build tells all of it: of a copy with two links that lead nowhere, of which it must complain, and of nothing else.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import tree

pytestmark = pytest.mark.service  # fetches packages, where the environment of the documentation is not there
PLANTED = ("nowhere.md", "waivers.md#nowhere")
# What a browser fetches by itself. Links that a reader may follow do not count.
FETCHED = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=\"(?:https?:)?//|@import|url\(['\"]?(?:https?:)?//"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """The site, how the build ended, and what it said."""
    clone = tree.copy(tmp_path_factory.mktemp("docs") / "clone")
    with (clone / "docs" / "exit-codes.md").open("a", encoding="utf-8") as page:
        page.writelines(f"\n[Planted]({link})\n" for link in PLANTED)
    subprocess.run(["git", "init", "--quiet"], cwd=clone, check=True)
    (clone / ".venv").symlink_to(Path(sys.executable).parents[1])
    venv = tree.ROOT / "build" / "docs-venv"
    done = tree.run(str(clone / "scripts" / "docs.sh"), cwd=clone, LEEBOARD_DOCS_VENV=str(venv))
    if "pip could not install" in done.stdout:
        pytest.skip(f"the packages of requirements/docs.txt cannot be had: {done.stdout.splitlines()[0]}")
    return clone / "build" / "site", done.returncode, done.stdout


def test_a_link_that_leads_nowhere_fails_the_build(built: tuple[Path, int, str]) -> None:
    _site, status, said = built
    warnings = [line for line in said.splitlines() if "WARNING" in line or "ERROR" in line]
    assert status != 0
    assert len(warnings) == len(PLANTED), said
    for line, link in zip(warnings, PLANTED, strict=True):
        assert "docs/exit-codes.md" in line and link.rpartition("#")[2] in line


def test_every_page_and_every_module_is_there(built: tuple[Path, int, str]) -> None:
    site = built[0]
    pages = [name.replace(".md", ".html") for name in tree.select(".md")]
    modules = {Path(name).stem for name in tree.select(".py", ".yml", under="plugins/modules/")} - {"__init__"}
    roles = {name.split("/")[1] for name in tree.files() if name.startswith("roles/")}
    wanted = [
        *pages,
        *(f"collection/{one}_module.html" for one in modules),
        *(f"collection/{one}_role.html" for one in roles),
    ]
    tree.none(name for name in wanted if not (site / name).is_file())


def test_the_site_needs_nothing_from_elsewhere(built: tuple[Path, int, str]) -> None:
    files = [path for path in built[0].rglob("*") if path.suffix in (".html", ".css")]
    assert len(files) > 100
    tree.none(
        f"{path.relative_to(built[0])}: {found[0]}"
        for path in files
        if (found := FETCHED.search(path.read_text(encoding="utf-8")))
    )
