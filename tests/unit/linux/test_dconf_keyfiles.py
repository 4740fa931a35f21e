"""Key files, locks and profiles: what dconf makes of them, and what a change leaves of other people's lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dconf.keyfiles import (
    BadKeyFile,
    KeyFolder,
    assignments,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dconf.sources import Profile
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dconf.writing import (
    key_file,
    lock_file,
    with_database,
    with_value,
    without,
)
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.dconf_variant import Typed

from tests.unit.linux.folder import folder

IDLE = "/org/gnome/desktop/session/idle-delay"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[org/gnome/desktop/session]\nidle-delay=uint32 600\n", (IDLE, Typed("u", 600), 2)),
        ("# x\n\n [org/gnome/desktop/session] \r\n idle-delay = uint32 600 \r\n", (IDLE, Typed("u", 600), 4)),
        ("[org/gnome]\ndesktop/session/idle-delay=uint32 600", (IDLE, Typed("u", 600), 2)),
        ("[/]\norg/x=1\n", ("/org/x", Typed("i", 1), 2)),
    ],
)
def test_lines(text: str, found: tuple[str, Typed, int]) -> None:
    path, typed, line = found
    assert [(each.path, each.typed, each.line) for each in assignments(text, "f")] == [(path, typed, line)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense\n", "f, line 1: neither a group"),
        ("a=1\n", "f, line 1: a key before the first"),
        ("[a]\nb=ten\n", "f, line 2: 'ten' is not a value"),
        ("[/org/x]\nb=1\n", "f, line 2: //org/x/b is not a key's path"),
        ("[org/x/]\nb=1\n", "f, line 2: /org/x//b is not a key's path"),
        ("[a\nb=1\n", "f, line 1: neither a group"),
        ("[a]\n=1\n", "f, line 2: neither a group"),
    ],
)
def test_bad_lines_are_named(text: str, words: str) -> None:
    with pytest.raises(BadKeyFile, match=words.replace("[", r"\[")):
        assignments(text, "f")


def test_the_last_file_wins_and_hidden_ones_do_not_count(tmp_path: Path) -> None:
    host = folder(
        tmp_path,
        {
            "/d/10-a": "[x]\nk=1\nl=1\n",
            "/d/90-b": "[x]\nk=2\nk=3\n",
            "/d/.99.swp": "garbage",
            "/d/95-folder/x": "garbage",
            "/d/locks/z": "/x/k\n/x/\n/x/l \n# /x/l\n",
        },
    )
    found = KeyFolder(host, "/d")
    assert found.values["/x/k"].typed == Typed("i", 3)
    assert found.values["/x/k"].where() == "/d/90-b, line 3"
    assert found.values["/x/l"].typed == Typed("i", 1)
    assert found.setters["/x/k"] == {"/d/10-a", "/d/90-b"}
    assert found.locks["/x/k"] == "/d/locks/z, line 1"
    assert "/x/l" not in found.locks
    assert not found.bad


def test_our_key_file_keeps_what_it_held_and_is_sorted() -> None:
    first = key_file(None, {IDLE: Typed("u", 900)})
    second = key_file(first, {"/org/gnome/desktop/screensaver/lock-enabled": Typed("b", True)})
    assert second.split("\n", 2)[2] == (
        "\n[org/gnome/desktop/screensaver]\nlock-enabled=true\n\n[org/gnome/desktop/session]\nidle-delay=uint32 900\n"
    )
    assert key_file(second, {IDLE: Typed("u", 900)}) == second
    assert "idle-delay=uint32 900" in key_file(second.replace("=true", "=maybe"), {})  # a damaged line goes alone


def test_our_lock_file() -> None:
    first = lock_file(None, ["/b"])
    assert lock_file(first, ["/a"]).endswith("\n/a\n/b\n")
    assert lock_file(first, ["/b"]) == first


def test_only_that_line_goes() -> None:
    text = "# keep\n[org/gnome/desktop/session]\n# and this\nidle-delay=uint32 0\nother=1\n[x]\nidle-delay=5\n"
    assert without(text, IDLE, "f") == text.replace("idle-delay=uint32 0\n", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a]\nk=1\nk=2\n# k=3\n", "[a]\nk=1\nk=true\n# k=3\n"),
        ("# head\n[a]\n# k=1\nother=1\n", "# head\n[a]\nk=true\n# k=1\nother=1\n"),
        ("[b]\nk=1", "[b]\nk=1\n\n[a]\nk=true\n"),
        ("", "\n[a]\nk=true\n"),
    ],
)
def test_an_administrators_file_keeps_its_lines(before: str, after: str) -> None:
    assert with_value(before, "/a/k", Typed("b", True), "f") == after


@pytest.mark.parametrize(
    ("before", "last", "after"),
    [
        ("", False, "user-db:user\nsystem-db:local\n"),
        ("# ours\n", False, "# ours\nuser-db:user\nsystem-db:local\n"),
        ("# ours\nuser-db:user # x\nfile-db:/x\n", False, "# ours\nuser-db:user # x\nsystem-db:local\nfile-db:/x\n"),
        ("user-db:user\nsystem-db:site", True, "user-db:user\nsystem-db:site\nsystem-db:local\n"),
        ("file-db:/x\n", False, "system-db:local\nfile-db:/x\n"),
    ],
)
def test_a_profile_gets_a_database(before: str, last: bool, after: str) -> None:
    assert with_database(before, "local", last) == after


def test_profiles(tmp_path: Path) -> None:
    text = "# x\n  user-db:user # mine\n\nfoo\n\tsystem-db:local#a\nsystem-db:\nsystemdb:x\n"
    host = folder(tmp_path, {"/etc/dconf/profile/user": text, "/usr/share/dconf/profile/other": "system-db:site\n"})
    assert [(each.kind, each.name) for each in Profile(host, "user").sources] == [
        ("user-db", "user"),
        ("system-db", "local"),
    ]
    other = Profile(host, "other")
    assert not other.writable and other.sources[0].path == "/etc/dconf/db/site"
    assert Profile(host, "gone").sources == [] and not Profile(host, "gone").writable


def test_the_lowest_lock_counts(tmp_path: Path) -> None:
    host = folder(
        tmp_path,
        {
            "/etc/dconf/profile/user": "user-db:user\nsystem-db:local\nsystem-db:site\nsystem-db:la\n",
            "/etc/dconf/db/local.d/a": "[x]\nk=1\n",
            "/etc/dconf/db/local.d/locks/a": "/x/k\n",
            "/etc/dconf/db/site.d/locks/b": "/x/k\n",
            "/etc/dconf/db/la.d/a": "[x]\nk=3\n",
        },
    )
    profile = Profile(host, "user")
    lock, value = profile.lock("/x/k", profile.sources), profile.value("/x/k", profile.sources)
    assert lock is not None and lock.where == "/etc/dconf/db/site.d/locks/b, line 1"
    assert value is not None and value.typed == Typed("i", 3)
    assert profile.value("/x/k") is None  # nothing is compiled yet
