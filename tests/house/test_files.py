"""What a tracked file may not be or hold."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.house import tree

LONGEST = 400
# Files that may be longer, each with its reason.
LONG = {
    "leeboard/baselines/controls/ENC.yml": "policy as data: one file a family, one control after the other",
    "leeboard/baselines/controls/LCK.yml": "policy as data: one file a family, one control after the other",
    "leeboard/baselines/controls/AUD.yml": "policy as data: one file a family, one control after the other",
    "leeboard/baselines/controls/FWD.yml": "policy as data: one file a family, one control after the other",
    "leeboard/baselines/controls/REM.yml": "policy as data: one file a family, one control after the other",
    "leeboard/baselines/drivers.yml": "policy as data: every driver in one table",
    "scripts/prepare-windows.ps1": "one file, since an administrator copies it to a device and reads it there",
}


def test_no_file_is_long() -> None:
    """A file has one subject; over 400 lines it seldom has."""
    lengths = {name: tree.text(name).count("\n") for name in tree.select(".py", ".ps1", ".psm1", ".yml", ".sh")}
    found = [f"{name}:{LONGEST + 1}: {lines} lines" for name, lines in lengths.items() if lines > LONGEST]
    tree.none(line for line in found if line.split(":")[0] not in LONG)
    tree.none((name for name in LONG if lengths.get(name, 0) <= LONGEST), "not long any more; take it off the list:")


def test_init_files_are_empty() -> None:
    tree.none(f"{name}:1: not empty" for name in tree.select("__init__.py") if tree.text(name))


def test_no_assert_on_devices() -> None:
    """An assert vanishes under `python -O`, and its text helps nobody."""
    found = [
        f"{name}:{node.lineno}: assert"
        for name in tree.select(".py", under="plugins/")
        for node in ast.walk(ast.parse(tree.text(name), name))
        if isinstance(node, ast.Assert)
    ]
    tree.none(found)


def test_links_are_relative_and_lead_somewhere() -> None:
    found = []
    for name in tree.files():
        path = tree.ROOT / name
        if path.is_symlink():
            target = os.readlink(path)
            if target.startswith("/") or not path.exists() or tree.ROOT not in path.resolve().parents:
                found.append(f"{name} -> {target}")
    tree.none(found)


def test_no_package_host_or_path_of_this_machine() -> None:
    """Hosts and paths come from the machine's own settings; a tracked one is wrong on the next machine."""
    words = {*_package_hosts(), *_paths_of_this_machine()}
    pattern = re.compile("|".join(rf"(?<![\w.-]){re.escape(word)}(?![\w-])" for word in sorted(words)))
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in tree.texts().items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    tree.none(found, "take it from the machine's own configuration or from variables:")


def _package_hosts() -> set[str]:
    """Where this machine's pip, apt and npm fetch from, their defaults included."""
    asked = subprocess.run(
        [
            sys.executable,
            "-c",
            "from pip._internal.models.index import PyPI; print('//' + PyPI.netloc, '//' + PyPI.file_storage_domain)",
        ],
        capture_output=True,
        text=True,
    ).stdout
    asked += subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    if npm := shutil.which("npm"):
        asked += subprocess.run([npm, "config", "get", "registry"], capture_output=True, text=True).stdout
    for source in [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]:
        asked += source.read_text(errors="replace") if source.is_file() else ""
    hosts = re.findall(r"//(?:[^/@\s'\"]*@)?([A-Za-z0-9.-]+\.[A-Za-z0-9-]+)", asked)
    assert hosts, "neither pip nor apt names a host; this test cannot see anything"
    return set(hosts)


def _paths_of_this_machine() -> set[str]:
    """The folder of this clone, and the home of whoever works in it."""
    found = {str(tree.ROOT)} if len(tree.ROOT.parts) > 2 else set()
    home = Path.home()
    return found | ({str(home)} if len(home.parts) > 2 else set())
