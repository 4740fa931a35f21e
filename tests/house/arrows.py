"""What imports what in a package of ours, and whether that goes round in a circle.

Every import counts, also one inside a function or for types only, and a module that is named in a text.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

Arrows = Mapping[str, set[str]]  # a module's name, or that of a room, and what it imports


def imports(root: Path, package: str) -> dict[str, set[str]]:
    """What each module of a package below `root` imports of it, by its dotted name."""
    files = {dotted(path.relative_to(root)): path for path in sorted((root / package).rglob("*.py"))}
    return {module: {*_imported(module, files[module], {*files} - {package})} - {module} for module in files}


def dotted(path: Path) -> str:
    """A module's name by its path."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def between(files: Arrows, room: Callable[[str], str]) -> dict[str, set[str]]:
    """The rooms, each with those that its files import from."""
    found: dict[str, set[str]] = {}
    for name, named in files.items():
        found.setdefault(room(name), set()).update({room(one) for one in named} - {room(name)})
    return found


def circle(arrows: Arrows) -> list[str]:
    """The members of a circle, or nothing."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as problem:
        return list(problem.args[1])
    return []


def _imported(module: str, path: Path, known: set[str]) -> Iterator[str]:
    base = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = base[: len(base) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{start}.{one.name}" for one in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value]
        for name in names:
            target = name if name in known else name.rpartition(".")[0]
            if target in known:
                yield target
