"""What a change of dconf settings writes, refuses and leaves alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dconf import driver as dconf
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.edits import DryRun

from tests.unit.linux.test_dconf import (
    GDM,
    IDLE,
    IDLE_WORDS,
    KEY_FILE,
    LIST_SCHEMA,
    LIST_WORDS,
    LOCK,
    PROFILE,
    SCHEMA,
    USER_LIST,
    greeter_machine,
    machine,
)

UPDATE = ["sh", "-c", "umask 022; exec dconf update"]
OURS = "/etc/dconf/db/local.d/zz-leeboard"
LOCKS = "/etc/dconf/db/local.d/locks/zz-leeboard"


def change(address: str, value: Any, type: str = "") -> dict[str, Any]:
    return {"address": address, "value": value, "type": type}


BOTH = [change(IDLE, 600), change(f"{IDLE}#lock", True)]


def dry_run(
    root: Path, files: Mapping[str, str | None], changes: list[dict[str, Any]], compiled: str = ""
) -> tuple[dict[str, str], DryRun]:
    host = machine(root, files, {f"get {IDLE_WORDS}": "uint32 300", **SCHEMA}, compiled)
    found: DryRun = dconf.dry_run(host, changes)
    return {edit.path: (edit.after or b"").decode() for edit in found.edits}, found


def lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def test_nothing_there(tmp_path: Path) -> None:
    texts, found = dry_run(tmp_path, {}, BOTH)
    assert texts["/etc/dconf/profile/user"] == "user-db:user\nsystem-db:local\n"
    assert lines(texts[OURS]) == ["[org/gnome/desktop/session]", "idle-delay=uint32 600"]
    assert lines(texts[LOCKS]) == [IDLE]
    assert found.commands[-1] == UPDATE
    assert found.commands[0][:2] == ["chmod", "a+rx"]


@pytest.mark.parametrize(
    "files",
    [
        {**PROFILE, **KEY_FILE, **LOCK},
        {
            "/etc/dconf/profile/user": "# ours\nuser-db:user\nsystem-db:local\nsystem-db:site\n",
            "/etc/dconf/db/site.d/10-x": "# la\n[org/gnome/desktop]\nsession/idle-delay=@u 600\n",
            "/etc/dconf/db/site.d/locks/any": f"# x\n{IDLE}\n",
        },
    ],
)
def test_who_wrote_it_does_not_matter(tmp_path: Path, files: dict[str, str | None]) -> None:
    texts, _found = dry_run(tmp_path, files, BOTH)
    assert texts == {}


def test_a_compiled_machine_is_left_alone(tmp_path: Path) -> None:
    texts, found = dry_run(tmp_path, {**PROFILE, **KEY_FILE, **LOCK}, BOTH, "local")
    assert (texts, found.commands) == ({}, [])


def test_an_older_database_is_only_compiled(tmp_path: Path) -> None:
    texts, found = dry_run(tmp_path, {**PROFILE, **KEY_FILE, **LOCK}, BOTH, "local-int32")
    assert (texts, found.commands) == ({}, [UPDATE])


def test_the_lowest_lock_decides_where(tmp_path: Path) -> None:
    files = {
        "/etc/dconf/profile/user": "user-db:user\nsystem-db:local\nsystem-db:site\n",
        **KEY_FILE,
        "/etc/dconf/db/site.d/locks/x": f"{IDLE}\n",
        "/etc/dconf/db/site.d/0": "[org/gnome/desktop/session]\nidle-delay=uint32 0\n",
    }
    texts, _found = dry_run(tmp_path, files, BOTH)
    assert list(texts) == ["/etc/dconf/db/site.d/zz-leeboard"]


def test_a_file_that_sorts_later_loses_that_line(tmp_path: Path) -> None:
    later = "# keep\n[org/gnome/desktop/session]\nidle-delay=uint32 0\nx=1\n"
    texts, _found = dry_run(tmp_path, {**PROFILE, "/etc/dconf/db/local.d/zzz": later}, BOTH)
    assert texts["/etc/dconf/db/local.d/zzz"] == later.replace("idle-delay=uint32 0\n", "")


def test_a_lock_gets_the_present_value_beside_it(tmp_path: Path) -> None:
    texts, _found = dry_run(tmp_path, PROFILE, [change(f"{IDLE}#lock", True)])
    assert "idle-delay=uint32 300" in texts[OURS]
    texts, _found = dry_run(tmp_path / "b", {**PROFILE, **KEY_FILE}, [change(f"{IDLE}#lock", True)])
    assert list(texts) == [LOCKS]


def test_a_database_without_key_files_is_not_emptied(tmp_path: Path) -> None:
    texts, _found = dry_run(tmp_path, PROFILE, [change(IDLE, 900)], "local")
    assert texts["/etc/dconf/profile/user"] == "user-db:user\nsystem-db:local\nsystem-db:leeboard\n"
    assert lines(texts["/etc/dconf/db/leeboard.d/locks/zz-leeboard"]) == [
        IDLE
    ]  # `local` locks it: only a lower lock wins


@pytest.mark.parametrize(
    ("profile", "after"),
    [
        ("# x\nuser-db:user\nfile-db:/a\n", "# x\nuser-db:user\nsystem-db:local\nfile-db:/a\n"),
        ("# x\n", "# x\nuser-db:user\nsystem-db:local\n"),
    ],
)
def test_a_profile_without_system_database(tmp_path: Path, profile: str, after: str) -> None:
    texts, _found = dry_run(tmp_path, {"/etc/dconf/profile/user": profile}, BOTH)
    assert texts["/etc/dconf/profile/user"] == after


def test_rights_are_put_right(tmp_path: Path) -> None:
    host = machine(tmp_path, {**PROFILE, **KEY_FILE, **LOCK}, SCHEMA, "local")
    (tmp_path / "etc/dconf/db/local").chmod(0o600)
    found = dconf.dry_run(host, BOTH)
    assert [(edit.path, edit.mode, edit.before == edit.after) for edit in found.edits] == [
        ("/etc/dconf/db/local", 0o644, True)
    ]
    assert found.commands == [UPDATE]
    (tmp_path / "etc/dconf/db/local").chmod(0o644)
    (tmp_path / "etc/dconf/db").chmod(0o700)
    host.forget()
    assert dconf.dry_run(host, BOTH).commands == [["chmod", "a+rx", "/etc/dconf/db"], UPDATE]


@pytest.mark.parametrize(
    ("files", "wanted", "words"),
    [
        ({}, change(IDLE, "ten"), "'ten' is no uint32"),
        ({}, change(IDLE, True), "is no uint32"),
        ({}, change("/org/x/y", 1), "no schema on this machine has this key; say its type"),
        ({}, change("/org/x/y#lock", True), "locked without a value"),
        ({}, change(f"{IDLE}#lock", False), "locks are only added"),
        ({}, change("environment", []), "only reported"),
        ({}, change("/org/x y/z", 1), "cannot be set"),
        ({"/etc/environment": "DCONF_PROFILE=/x\n"}, change(IDLE, 1), "DCONF_PROFILE is set for all sessions"),
        ({**PROFILE, "/etc/dconf/db/local.d/0": "[a]\nb=ten\n"}, change(IDLE, 1), "local.d/0, line 2: 'ten'"),
        ({"/etc/passwd": "root:x:0:0::/root:/bin/sh\n"}, change(USER_LIST, True), "gdm is not installed"),
    ],
)
def test_refusals_change_nothing(
    tmp_path: Path, files: dict[str, str | None], wanted: dict[str, Any], words: str
) -> None:
    host = machine(tmp_path, files, SCHEMA)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ChangeRefused, match=words):
        apply(dconf, host, [wanted], "run")
    assert sorted(tmp_path.rglob("*")) == before


def test_another_broken_database_does_not_stop_ours(tmp_path: Path) -> None:
    _texts, found = dry_run(tmp_path, {**PROFILE, "/etc/dconf/db/other.d/0": "oops\n"}, BOTH)
    assert found.commands[-1] == ["sh", "-c", "umask 022; dconf update || true"]


def test_our_own_damaged_file_is_written_anew(tmp_path: Path) -> None:
    files = {**PROFILE, OURS: "[org/gnome/desktop/screensaver]\nlock-delay=uint32 5\nlock-enabled=maybe\n"}
    texts, _found = dry_run(tmp_path, files, BOTH)
    assert "lock-delay=uint32 5" in texts[OURS] and "idle-delay=uint32 600" in texts[OURS]
    assert "maybe" not in texts[OURS]


def test_a_type_is_needed_only_without_a_schema(tmp_path: Path) -> None:
    texts, _found = dry_run(tmp_path, PROFILE, [change("/org/gnome/x/y", True, "bool")])
    assert lines(texts[OURS]) == ["[org/gnome/x]", "y=true"]


def test_check_mode_says_what_the_run_does(tmp_path: Path) -> None:
    host = machine(tmp_path, {}, {f"get {IDLE_WORDS}": "uint32 300", **SCHEMA})
    checked = apply(dconf, host, BOTH, "run", check=True)
    assert not (tmp_path / "etc/dconf").exists()
    done = apply(dconf, host, BOTH, "run")
    assert checked["diff"] == done["diff"] and checked["changed"] and done["changed"]
    assert UPDATE in host._runner.commands
    assert (tmp_path / OURS.lstrip("/")).stat().st_mode & 0o777 == 0o644


# The greeter


def test_the_administrators_greeter_file_is_kept(tmp_path: Path) -> None:
    text = "# head\n[org/gnome/login-screen]\nlogo='/x.png'\n# disable-user-list=true\n"
    files = {"/etc/gdm3/greeter.dconf-defaults": text}
    host = greeter_machine(tmp_path, {f"get {LIST_WORDS}": "false", **LIST_SCHEMA}, files)
    link = tmp_path / "usr/share/gdm/dconf/90-debian-settings"
    link.unlink()
    link.symlink_to("/etc/gdm3/greeter.dconf-defaults")
    found = dconf.dry_run(host, [change(USER_LIST, True)])
    assert [edit.path for edit in found.edits] == ["/etc/gdm3/greeter.dconf-defaults"]
    assert found.edits[0].after.decode() == text.replace("logo", "disable-user-list=true\nlogo")
    assert found.commands == [["/usr/share/gdm/generate-config"]]
    host._runner.__class__ = type("Active", (type(host._runner),), {"__call__": _active})
    host.forget()
    assert dconf.dry_run(host, [change(USER_LIST, True)]).commands == [["systemctl", "reload", "gdm3"]]


def _active(self: Any, argv: list[str], input: str, timeout: float, environment: Mapping[str, str]) -> Any:
    done = super(type(self), self).__call__(argv, input, timeout, environment)
    if argv[0] == "systemctl":
        done.out = "active\n"
    return done


def test_a_greeter_database_above_takes_the_value(tmp_path: Path) -> None:
    files = {
        **GDM,
        "/etc/dconf/profile/Debian-gdm": (
            "user-db:user\nsystem-db:gdm\nfile-db:/var/lib/gdm3/greeter-dconf-defaults\n"
        ),
        "/etc/dconf/db/gdm.d/0": "[org/gnome/login-screen]\ndisable-user-list=false\n",
    }
    host = greeter_machine(tmp_path, LIST_SCHEMA, files)
    found = dconf.dry_run(host, [change(USER_LIST, True)])
    assert [edit.path for edit in found.edits] == ["/etc/dconf/db/gdm.d/zz-leeboard"]
    assert found.commands[-1] == UPDATE
