"""The code that a proof of `make test-full` is about: the files that bear on it, and one digest over them.

A proof stays good as long as these files are what they were, so that a mended script costs one proof and not all.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from leeboard.policy.load import load

from .scripts import AnyScript, truth_files

ROOT = Path(__file__).resolve().parents[2]
LINUX, WINDOWS = "linux", "windows"
# What decides a verdict or changes a machine, and what the proof does to machines.
COVERED = (
    "leeboard/baselines/**/*",
    "leeboard/policy/**/*",
    "leeboard/verdict/**/*",
    "leeboard/planning/**/*",
    "plugins/action/*",
    "plugins/modules/*",
    "plugins/module_utils/**/*",
    "tests/controls/*/**/*.sh",
    "tests/controls/*/**/*.ps1",
    "tests/controls/*.sh",
    "tests/controls/machines.yml",
    "tests/controls/windows_truth*.py",
    "tests/vm/guest/**/*",
    "tests/vm/recipes/*",
    "tests/windows/standins/**/*",
)
# Marks in the path of a file that is about one platform only.
ONLY = {
    LINUX: ("/_linux/", ".sh", "tests/vm/", "tests/controls/machines.yml"),
    WINDOWS: ("/_windows/", ".ps1", "plugins/modules/win_", "tests/windows/", "tests/controls/windows_truth"),
}
UNDO = ("_windows/Undo.", "_windows/JournalRead.", "modules/win_journal_undo.", "modules/journal_undo.")
LINUX_CODE = "plugins/module_utils/_linux"
DRIVER = re.compile(r'^NAME = "(\w+)"$', re.MULTILINE)
CONTROL = re.compile(r"[A-Z]{3}-\d\d")
BASELINES = "leeboard/baselines/"


def covered(root: Path = ROOT) -> dict[str, str]:
    """The SHA-256 of each covered file by its path.

    A baseline's file has one for each platform, `path#linux`, and for each control there, `path#linux#LCK-01`.
    """
    found = {}
    for path in sorted({path for pattern in COVERED for path in root.glob(pattern) if path.is_file()}):
        name = path.relative_to(root).as_posix()
        if "__pycache__" in path.parts or path.suffix == ".md":
            continue
        text = path.read_bytes()
        if name.startswith(BASELINES) and path.suffix == ".yml":
            found |= {f"{name}#{part}": digest for part, digest in _views(text).items()}
        else:
            found[name] = hashlib.sha256(text).hexdigest()
    return found


def about(files: Mapping[str, str], platform: str, script: AnyScript | None = None) -> str:
    """One digest over the covered files that bear on a proof: of one script, or of the machines as a whole."""
    mine = sorted(f"{digest}  {name}\n" for name, digest in files.items() if _bears(name, platform, script))
    return hashlib.sha256("".join(mine).encode()).hexdigest()


def platform_of(test: str, script: AnyScript | None) -> str:
    """The platform that a test of the proof is about."""
    on_windows = "test_windows" in test if script is None else script.path.suffix == ".ps1"
    return WINDOWS if on_windows else LINUX


def _bears(name: str, platform: str, script: AnyScript | None) -> bool:
    """Whether a file bears on a proof. On one of a script: what reads, judges and mends the controls that it changes.

    That a script changes no other control is the work of these alone; what other drivers say of the machine as it was
    before is proved of the machine as a whole.
    """
    other = WINDOWS if platform == LINUX else LINUX
    path, _, part = name.partition("#")
    if part.startswith(other) or any(mark in f"/{path}" for mark in ONLY[other]):
        return False
    if script is None:
        return "/breaks/" not in path and "/harmless/" not in path
    # The proof of a script plans and calls the drivers or modules by itself, and undoes nothing.
    if path.startswith("plugins/action/") or any(mark in path for mark in UNDO):
        return False
    controls = {*script.asked, *getattr(script, "also", ())}
    folder, _, last = path.rpartition("/")
    if "#" in part:  # a control in the baseline
        return part.rpartition("#")[2] in controls
    if folder.endswith("/_linux"):
        return last.removesuffix(".py") in _modules(frozenset(controls))
    if path.startswith("plugins/modules/") and path.endswith(".py"):  # of Linux, where the drivers are called directly
        return False
    if platform == LINUX and path.startswith("plugins/"):
        return False
    if "/breaks/" in path or "/harmless/" in path:
        return script.path.as_posix().endswith(f"/{path}")
    if platform == LINUX and path.endswith(".sh"):
        truth = truth_files().get(ROOT / path)
        return truth is None or truth in _truth_asked(frozenset(controls))
    control = CONTROL.search(folder)
    return control is None or control[0] in controls


@cache
def _truth_asked(controls: frozenset[str]) -> set[str]:
    """The truth scripts of these controls and those that they call or read, by their names on a machine."""
    texts = {name: path.read_text(encoding="utf-8") for path, name in truth_files().items()}
    asked: set[str] = set()
    more = {f"{control}.sh" for control in controls} & texts.keys()
    while more:
        asked |= more
        more = {name for name in texts for one in more if f"/{name}" in texts[one]} - asked
    return asked


@cache
def _modules(controls: frozenset[str]) -> set[str]:
    """The modules of the drivers that read and change these controls on Linux, and of what every visit does."""
    drivers = {
        setting.driver
        for control in load().controls
        if control.id in controls
        for setting in control.settings
        if setting.platform == LINUX
    }
    found: set[str] = set()
    todo = {module for module, driver in _drivers().items() if driver in drivers} | {"change", "facts", "identity"}
    while todo:
        name = todo.pop()
        found.add(name)
        todo |= _imports(name) - found
    return found | {"visit"}


@cache
def _drivers() -> dict[str, str]:
    """The module of each driver for Linux, and the driver's name."""
    named = ((path.stem, DRIVER.search(path.read_text("utf-8"))) for path in (ROOT / LINUX_CODE).glob("*.py"))
    return {module: found[1] for module, found in named if found}


@cache
def _imports(name: str) -> set[str]:
    """The modules beside it that a module of the device code for Linux imports, anywhere in it."""
    tree = ast.parse((ROOT / LINUX_CODE / f"{name}.py").read_bytes())
    local = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1]
    return {module for node in local for module in ([node.module] if node.module else [one.name for one in node.names])}


@cache
def _views(text: bytes) -> dict[str, str]:
    """A digest for each platform, and for each control on it, of what a baseline's file says; layout does not count."""
    said = yaml.load(text, Loader=yaml.CSafeLoader)
    found = {}
    for platform, other in ((LINUX, WINDOWS), (WINDOWS, LINUX)):
        mine = _without(said, other)
        controls = mine.pop("controls", []) if isinstance(mine, dict) else []
        found[platform] = _digest(mine)
        found |= {f"{platform}#{control['id']}": _digest(control) for control in controls}
    return found


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()


def _without(node: Any, platform: str) -> Any:
    """What is left of it without all that is about a platform only."""
    if isinstance(node, list):
        return [_without(one, platform) for one in node if not _is_for(one, platform)]
    if isinstance(node, dict):
        kept = {key: one for key, one in node.items() if key != platform and not _is_for(one, platform)}
        return {key: _without(one, platform) for key, one in kept.items()}
    return node


def _is_for(node: Any, platform: str) -> bool:
    if not isinstance(node, dict):
        return False
    said = node.get("platform", node.get("platforms"))
    return said in (platform, [platform])
