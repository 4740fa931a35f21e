"""`ansible-test sanity` on a real copy of the collection's files; it sees nothing through links.

The brain is not in the copy: it is a package of its own, with ruff and mypy for its judges.
Left out: pslint where PowerShell is installed, since its PSScriptAnalyzer comes from a gallery that pip and apt do not
have (without PowerShell ansible-test itself leaves it out). Pylint, which takes as long as all others together, and
what asks PowerShell, for four seconds a module, run in `make test-full`.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.house import tree
from tests.windows.requirements import need_powershell

COLLECTION = ("plugins/", "roles/", "playbooks/", "meta/", "tests/sanity/", "galaxy.yml", "README.md", "CHANGELOG.md")


POWERSHELL = tree.select(".ps1", under="plugins/modules/")
NOT_POWERSHELL = [f"--exclude={name}" for ps1 in POWERSHELL for name in (ps1, ps1.replace(".ps1", ".yml"))]


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param(["--test=validate-modules", *NOT_POWERSHELL], id="modules"),
        pytest.param(["--skip-test=validate-modules", "--skip-test=pylint"], id="all others"),
        pytest.param(["--test=pylint"], id="pylint", marks=pytest.mark.full),
    ],
)
def test_ansible_test_finds_nothing(chosen: list[str], tmp_path: Path) -> None:
    _finds_nothing(tmp_path, chosen)


@pytest.mark.full
@pytest.mark.windows
def test_windows_modules_take_what_is_documented(tmp_path: Path) -> None:
    need_powershell()
    assert POWERSHELL
    _finds_nothing(tmp_path, ["--test=validate-modules", *POWERSHELL])


def _finds_nothing(tmp_path: Path, chosen: list[str]) -> None:
    collection = tree.copy(tmp_path / "ansible_collections" / "leeboard" / "schools", *COLLECTION)
    home = _home()
    left_out = ["--skip-test=pslint"] if shutil.which("pwsh") else []
    version = "{}.{}".format(*sys.version_info)
    done = tree.run(
        *("ansible-test", "sanity", "--lint", "--color=no", f"--python={version}", *chosen, *left_out),
        cwd=collection,
        HOME=str(home),
        PIP_CACHE_DIR=str(_pip_cache()),
        LC_ALL="C.UTF-8",
    )
    if done.returncode != 0:
        pytest.fail(_findings(done.stdout), pytrace=False)


def _findings(output: str) -> str:
    """The lines that name a file; all of it when there are none."""
    lines = [line for line in output.splitlines() if re.match(r"[\w./-]+:\d+:\d+: ", line)]
    return "\n".join(lines) or output


def _home() -> Path:
    """A home for ansible-test that outlives the run, since it keeps one environment for each kind of test there.

    ansible-test fetches pip from a host of its own; here Python's own copy of pip takes that place.
    """
    from ansible_test._internal import python_requirements

    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leeboard" / "ansible-test"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    versions = re.findall(r"pip='([0-9.]+)'", inspect.getsource(python_requirements.get_venv_packages))
    assert versions, "ansible-test names its pip in another way now"
    for version in versions:
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        script.write_text("import ensurepip\nensurepip.bootstrap()\n", encoding="utf-8")
    return home


def _pip_cache() -> Path:
    return Path(os.environ.get("PIP_CACHE_DIR") or Path.home() / ".cache" / "pip")
