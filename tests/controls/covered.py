"""The code that a proof of `make test-full` is about: the files that bear on it, and one digest over them.

A proof stays good as long as these files are what they were, so that a mended script costs one proof and not all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .scripts import AnyScript

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
BASELINES = "leeboard/baselines/"


def covered(root: Path = ROOT) -> dict[str, str]:
    """The SHA-256 of each covered file by its path; of a baseline's file one for each platform, `path#linux`."""
    found = {}
    for path in sorted({path for pattern in COVERED for path in root.glob(pattern) if path.is_file()}):
        name = path.relative_to(root).as_posix()
        if "__pycache__" in path.parts or path.suffix == ".md":
            continue
        text = path.read_bytes()
        if name.startswith(BASELINES) and path.suffix == ".yml":
            found |= {f"{name}#{platform}": digest for platform, digest in _views(text).items()}
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
    other = WINDOWS if platform == LINUX else LINUX
    if name.endswith(f"#{other}") or any(mark in f"/{name}" for mark in ONLY[other]):
        return False
    parts = name.split("/")
    if parts[:2] != ["tests", "controls"] or len(parts) == 3:
        return True
    if "breaks" in parts or "harmless" in parts:  # scripts bear on nothing but themselves
        return script is not None and script.path.as_posix().endswith(f"/{name}")
    return script is None or parts[2] in script.asked  # a control's truth


@cache
def _views(text: bytes) -> dict[str, str]:
    """A digest for each platform of what a baseline's file says there; comments and layout do not count."""
    said = yaml.load(text, Loader=yaml.CSafeLoader)
    pairs = ((LINUX, WINDOWS), (WINDOWS, LINUX))
    dumped = {platform: json.dumps(_without(said, other), sort_keys=True, default=str) for platform, other in pairs}
    return {platform: hashlib.sha256(one.encode()).hexdigest() for platform, one in dumped.items()}


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
