"""The devices' code for Linux has rooms, and what a file imports lies in its own room or below: never a circle."""

from __future__ import annotations

from pathlib import Path

from tests.device_code import LINUX

from . import tree
from .arrows import between, circle, imports

# The ground that all rooms stand on, from below: each may import those before it only.
GROUND = ("engine", "system")
FILES = imports(LINUX.parent, LINUX.name)


def room(module: str) -> str:
    """The room of a module; of what lies beside the rooms, a name of its own."""
    return module.split(".")[1] if module.count(".") > 1 else "top"


def test_files_are_read() -> None:
    assert {"_linux.luks.volume", "_linux.dconf.driver", "_linux.facts"} <= FILES["_linux.visit"]


def test_no_file_imports_itself_by_way_of_others() -> None:
    tree.none(circle(FILES), "a circle of files: what two need of each other belongs below both")


def test_no_room_imports_itself_by_way_of_others() -> None:
    tree.none(circle(between(FILES, room)), "a circle of rooms: what two need of each other belongs below both")


def test_the_ground_imports_no_room_that_stands_on_it() -> None:
    rooms = between(FILES, room)
    assert rooms.keys() > {*GROUND}
    tree.none([f"{one}: {above}" for at, one in enumerate(GROUND) for above in rooms[one] - {*GROUND[:at]}], "back")


def test_a_circle_of_rooms_is_seen_where_files_have_none(tmp_path: Path) -> None:
    for name, text in (
        ("one/a.py", "def late():\n    from ..two import b\n"),
        ("two/b.py", "from ..one.c import C\n"),
        ("one/c.py", "C = 1\n"),
    ):
        (tmp_path / "_linux" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "_linux" / name).write_text(text)
    found = imports(tmp_path, "_linux")
    assert found == {"_linux.one.a": {"_linux.two.b"}, "_linux.one.c": set(), "_linux.two.b": {"_linux.one.c"}}
    assert circle(found) == []
    assert set(circle(between(found, room))) == {"one", "two"}
