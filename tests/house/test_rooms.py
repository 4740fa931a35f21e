"""The devices' code for Linux has rooms, and what a file imports lies in its own room or below: never a circle."""

from __future__ import annotations

from pathlib import Path

from tests.device_code import LINUX

from . import tree
from .arrows import Arrows, between, circle, imports

# The ground that all rooms stand on, from below: each may import those before it only.
GROUND = ("engine", "system")
# The rooms of the VPN, and the files beside them: each may import those before it only.
VPN = (
    *("files", "nft_table", "profile"),
    *("strongswan", "ikev2", "wireguard", "certificate", "tunnel", "profiles", "secrets"),
    "driver",
)
FILES = imports(LINUX.parent, LINUX.name)


def room(module: str) -> str:
    """The room of a module; of what lies beside the rooms, a name of its own."""
    return module.split(".")[1] if module.count(".") > 1 else "top"


def vpn_room(module: str) -> str:
    """The room of a module of the VPN's, or the module itself where it lies beside them."""
    return module.split(".")[2]


def within_vpn(files: Arrows) -> dict[str, set[str]]:
    """What the VPN's rooms import from each other."""
    mine = {name: named for name, named in files.items() if name.startswith("_linux.vpn.")}
    return between({name: named & mine.keys() for name, named in mine.items()}, vpn_room)


def back(rooms: Arrows, order: tuple[str, ...]) -> list[str]:
    """The arrows from a room in the order to one that is not before it there."""
    return [f"{one}: {above}" for at, one in enumerate(order) for above in sorted(rooms[one] - {*order[:at]})]


def test_files_are_read() -> None:
    assert {"_linux.luks.volume", "_linux.dconf.driver", "_linux.facts"} <= FILES["_linux.visit"]


def test_no_file_imports_itself_by_way_of_others() -> None:
    tree.none(circle(FILES), "a circle of files: what two need of each other belongs below both")


def test_no_room_imports_itself_by_way_of_others() -> None:
    tree.none(circle(between(FILES, room)), "a circle of rooms: what two need of each other belongs below both")


def test_the_ground_imports_no_room_that_stands_on_it() -> None:
    rooms = between(FILES, room)
    assert rooms.keys() > {*GROUND}
    tree.none(back(rooms, GROUND), "back")


def test_the_rooms_of_the_vpn_import_only_those_before_them() -> None:
    rooms = within_vpn(FILES)
    assert rooms.keys() == {*VPN}
    tree.none(back(rooms, VPN), "these imports lead back; what both rooms need lies below both")


def test_an_arrow_back_among_the_rooms_of_the_vpn_is_seen() -> None:
    arrows = {"_linux.vpn.strongswan.charon": {"_linux.vpn.files", "_linux.vpn.ikev2.conf", "_linux.engine.host"}}
    known: dict[str, set[str]] = {
        "_linux.vpn.files": set(),
        "_linux.vpn.ikev2.conf": set(),
        "_linux.engine.host": set(),
    }
    rooms = within_vpn(known | arrows)
    assert rooms == {"files": set(), "ikev2": set(), "strongswan": {"files", "ikev2"}}
    assert back(rooms, ("files", "strongswan", "ikev2")) == ["strongswan: ikev2"]
    assert back(rooms, ("files", "ikev2", "strongswan")) == []


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
