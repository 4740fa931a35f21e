"""The devices' code for Linux has rooms, and what a file imports lies in its own room or below: never a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.device_code import LINUX, linux_files

from . import tree

# The ground that all rooms stand on, from below: each may import those before it only.
GROUND = ("engine", "system")
Arrows = Mapping[str, set[str]]


def imported(path: Path) -> Iterator[Path]:
    """The files of ours that one imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            named = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            yield from (
                (named / f"{one.name}.py" for one in node.names) if named.is_dir() else [named.with_suffix(".py")]
            )


def arrows(folder: Path) -> dict[str, set[str]]:
    """The files below a folder, each with those that it imports."""
    return {
        path.relative_to(folder).as_posix(): {one.relative_to(folder).as_posix() for one in imported(path)}
        for path in linux_files(folder)
    }


def between(files: Arrows) -> dict[str, set[str]]:
    """The rooms, each with those that its files import from. The files beside the rooms are a room "."."""
    found: dict[str, set[str]] = {}
    for name, named in files.items():
        room = str(Path(name).parent)
        found.setdefault(room, set()).update({str(Path(one).parent) for one in named} - {room})
    return found


def circle(graph: Arrows) -> list[str]:
    """A circle in a graph, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as problem:
        return list(problem.args[1])
    return []


FILES = arrows(LINUX)


def test_what_is_imported_is_there() -> None:
    assert {"luks/volume.py", "dconf/driver.py", "facts.py"} <= FILES["visit.py"]
    tree.none(sorted(set().union(*FILES.values()) - FILES.keys()), "imported, and no file")


def test_no_file_imports_itself_by_others() -> None:
    tree.none(circle(FILES), "a circle of files: what two need of each other belongs below both")


def test_no_room_imports_itself_by_others() -> None:
    tree.none(circle(between(FILES)), "a circle of rooms: what two need of each other belongs below both")


def test_the_ground_imports_no_room_that_stands_on_it() -> None:
    rooms = between(FILES)
    assert rooms.keys() > {*GROUND}
    tree.none([f"{room}: {above}" for at, room in enumerate(GROUND) for above in rooms[room] - {*GROUND[:at]}], "back")


def test_a_circle_is_seen(tmp_path: Path) -> None:
    for name, text in (
        ("one/a.py", "def late():\n    from ..two import b\n"),
        ("two/b.py", "from ..one.c import C\n"),
        ("one/c.py", "C = 1\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = arrows(tmp_path)
    assert found == {"one/a.py": {"two/b.py"}, "one/c.py": set(), "two/b.py": {"one/c.py"}}
    assert circle(found) == []
    assert set(circle(between(found))) == {"one", "two"}
