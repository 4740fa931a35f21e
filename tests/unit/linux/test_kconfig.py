"""Plasma's lock screen: which files count, for whom, and what a roll-out makes of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.kconfig import driver as kconfig
from ansible_collections.leeboard.schools.plugins.module_utils._linux.kconfig import session as kconfig_session

from tests.unit.linux.folder import folder

FILE = "/etc/xdg/kscreenlockerrc"
TIMEOUT = "kscreenlockerrc:Daemon.Timeout"
KEYS = ("Autolock", "Lock", "LockOnResume", "RequirePassword", "Timeout", "LockGrace")
LOCKS = [f"kscreenlockerrc:Daemon.{key}#immutable" for key in KEYS]
PLASMA = {"/usr/share/wayland-sessions/plasma.desktop": "[Desktop Entry]\nDesktopNames=KDE\n"}
ADA = "/home/ada/.config"
LOCKED = "[Daemon][$i]\nTimeout=5\nLockGrace=5\n"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files to somebody")


def machine(root: Path, files: dict[str, str] | None = None) -> Any:
    """A machine with Plasma and one user, ada, to whom everything below /home/ada belongs."""
    host = folder(root, {**PLASMA, "/etc/passwd": f"ada:x:1000:1000::{ADA[:9]}:/bin/bash\n", **(files or {})})
    root.chmod(0o755)
    (root / "home/ada").mkdir(parents=True, exist_ok=True)
    for path in (root / "home/ada", *(root / "home/ada").rglob("*")):
        os.chown(path, 1000, 1000, follow_symlinks=False)
    return host


def aspect(host: Any, address: str = TIMEOUT) -> dict[str, Any]:
    found: dict[str, Any] = kconfig.observe(host, [address])[address]["effective"]
    return found


def said(host: Any, address: str = TIMEOUT) -> Any:
    """The value, and who gets another one."""
    found = aspect(host, address)
    return found.get("value", found["state"]), [(other["who"], other["value"]) for other in found.get("others", [])]


def test_without_plasma_there_is_nothing_to_say(tmp_path: Path) -> None:
    host = folder(tmp_path, {FILE: LOCKED})
    assert aspect(host) == {"state": "absent", "source": "KDE Plasma is not installed"}
    with pytest.raises(ChangeRefused, match="not installed"):
        kconfig.dry_run(host, [{"address": TIMEOUT, "value": 5}])


@needs_root
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5), ("0", 0), ("-1", -1), ("5.0", 5), ("5.5", 6), ("0.5", 1), ("1e3", "1e3"), ("five", "five"),
        ("", ""), ("999999999999", "999999999999"), ("5 # minutes", "5 # minutes"), ("\\x35", 5), ("inf", "inf"),
    ],
)  # fmt: skip
def test_minutes(tmp_path: Path, text: str, value: Any) -> None:
    assert aspect(machine(tmp_path, {FILE: f"[Daemon]\nTimeout={text}\n"}))["value"] == value


@needs_root
@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("maybe", True), ("", True), ("FALSE", False), ("No", False), ("off", False),
                        ("0", False), ("00", True), ("fal\\x73e", False)],
)  # fmt: skip
def test_only_four_words_are_false_to_kde(tmp_path: Path, text: str, value: bool) -> None:
    host = machine(tmp_path, {FILE: f"[Daemon]\nAutolock={text}\n"})
    assert aspect(host, "kscreenlockerrc:Daemon.Autolock")["value"] is value


@needs_root
@pytest.mark.parametrize(
    ("files", "value", "others", "locked"),
    [
        ({}, "absent", [], False),
        ({FILE: LOCKED}, 5, [], True),
        ({FILE: LOCKED, f"{ADA}/kscreenlockerrc": "[Daemon]\nTimeout=99\n"}, 5, [], True),
        ({FILE: "[$i]\n" + LOCKED, f"{ADA}/kscreenlockerrc": "[Daemon]\nTimeout=99\n"}, 5, [], True),
        ({FILE: "[Daemon]\nTimeout=5\n", f"{ADA}/kscreenlockerrc": "[Daemon]\nTimeout=99\n"}, 5, [("ada", 99)], False),
        ({FILE: "[Daemon]\nTimeout=5\n", f"{ADA}/kscreenlockerrc": "[Daemon]\nTimeout[$d]\n"},
         5, [("ada", None)], False),
        ({f"{ADA}/kscreenlockerrc": "[Daemon]\nTimeout=99\n"}, "absent", [("ada", 99)], False),
        # The key alone is marked: an entry for her language, or for every language, is another entry (tried).
        ({FILE: "[Daemon]\nTimeout[$i]=5\n"}, 5, [], False),
        ({FILE: "[Daemon]\nTimeout[$i]=5\n", f"{ADA}/kscreenlockerrc": "[Daemon]\nTimeout[en_GB]=99\n"},
         5, [("ada in the language en_GB", 99)], False),
        ({FILE: "[Daemon][$i]\nTimeout=5\nTimeout[de]=60\n"}, 5, [("sessions of plasma in the language de", 60)], True),
        # kdeglobals is read first: what is immutable there stays (tried with 6.13).
        ({FILE: LOCKED, f"{ADA}/kdeglobals": "[Daemon]\nTimeout=99\n"}, 5, [], True),
        ({FILE: LOCKED, f"{ADA}/kdeglobals": "[Daemon][$i]\nTimeout=99\n"}, 5, [("ada", 99)], True),
        ({FILE: LOCKED, f"{ADA}/kdeglobals": "[Daemon][$i]\n"}, 5, [("ada", None)], True),
        ({FILE: LOCKED, f"{ADA}/kdedefaults/kdeglobals": "[Daemon][$i]\nTimeout=99\n"}, 5, [("ada", 99)], True),
        ({FILE: LOCKED, "/etc/xdg/kdeglobals": "[Daemon][$i]\nTimeout=60\n"}, 60, [], True),
        ({FILE: LOCKED, "/etc/xdg/kdeglobals": "[Daemon][$i]\nTimeout=5\n",
          f"{ADA}/kdeglobals": "[Daemon][$i]\nTimeout=99\n"}, 5, [], True),
        ({FILE: LOCKED, "/etc/kde5rc": "[Daemon]\nTimeout[$i]=60\n"}, 60, [], True),
        ({FILE: LOCKED, f"{ADA}/kdedefaults/kscreenlockerrc": "[Daemon]\nTimeout=99\n"}, 5, [], True),
        # A header that does not end with its mark names a group inside [Daemon].
        ({FILE: "[Daemon][$i] # by the book\nTimeout=5\n"}, "absent", [], False),
        ({FILE: "\ufeff[Daemon][$i]\nTimeout=5\n"}, "absent", [], False),
        ({FILE: "[daemon][$i]\nTimeout=5\n"}, "absent", [], False),
    ],
)  # fmt: skip
def test_who_gets_what(tmp_path: Path, files: dict[str, str], value: Any, others: list[Any], locked: bool) -> None:
    host = machine(tmp_path, files)
    assert said(host) == (value, others)
    found, changeable = said(host, f"{TIMEOUT}#immutable")
    assert found is locked
    decides = any("$i" in text for path, text in files.items() if path.startswith(ADA)) and locked
    assert changeable == ([("ada", False)] if decides and "/etc/xdg/kdeglobals" not in files else [])


@needs_root
def test_a_group_of_her_own_is_a_way_round_even_while_it_says_the_same(tmp_path: Path) -> None:
    host = machine(tmp_path, {FILE: LOCKED, f"{ADA}/kdeglobals": "[Daemon][$i]\nTimeout=5\nLockGrace=5\n"})
    assert said(host) == (5, [])
    assert said(host, f"{TIMEOUT}#immutable") == (True, [("ada", False)])


@needs_root
@pytest.mark.parametrize(
    ("files", "folders"),
    [
        ({}, [["/etc/xdg"]]),
        ({"/etc/environment": 'XDG_CONFIG_DIRS="/opt/xdg:/etc/xdg"\n'}, [["/opt/xdg", "/etc/xdg"]]),
        ({"/etc/security/pam_env.conf": "XDG_CONFIG_DIRS DEFAULT=/opt/xdg\n"}, [["/opt/xdg"]]),
        ({"/etc/profile.d/kubuntu.sh": "export XDG_CONFIG_DIRS=${XDG_CONFIG_DIRS:-/etc/xdg}:/usr/share/kubuntu\n"},
         [["/etc/xdg", "/usr/share/kubuntu"]]),
        ({"/etc/xdg/plasma-workspace/env/a.sh": "export XDG_CONFIG_DIRS=$HOME/site:/etc/xdg\n"},
         [["~/site", "/etc/xdg"]]),
        ({"/etc/profile.d/x.csh": "setenv XDG_CONFIG_DIRS=/opt\n", "/etc/profile": "# XDG_CONFIG_DIRS=/x\n"},
         [["/etc/xdg"]]),
        # Written after what Ubuntu's x11-common does: only sessions of X11 read it.
        ({"/etc/X11/Xsession.d/60x11-common_xdg_path": "DEFAULT_XDG_CONFIG_DIRS='/etc/xdg'\n"
          'if [ -z "$XDG_CONFIG_DIRS" ]; then\n'
          '  XDG_CONFIG_DIRS="$DEFAULT_XDG_CONFIG_DIRS"/xdg-"$DESKTOP_SESSION":"$DEFAULT_XDG_CONFIG_DIRS"\nfi\n'},
         [["/etc/xdg"], ["/etc/xdg/xdg-plasma", "/etc/xdg"]]),
        ({"/usr/lib/environment.d/50-site.conf": "XDG_CONFIG_DIRS=/opt:/etc/xdg\n"},
         [["/etc/xdg"], ["/opt", "/etc/xdg"]]),
        ({"/etc/environment": "XDG_CONFIG_DIRS=relative:/etc/xdg/:/etc/xdg\n"}, [["/etc/xdg"]]),
    ],
)  # fmt: skip
def test_the_folders_of_a_session(tmp_path: Path, files: dict[str, str], folders: list[list[str]]) -> None:
    assert [session.folders for session in kconfig_session.sessions(machine(tmp_path, files))] == folders


@needs_root
def test_what_only_a_script_can_work_out_is_no_value(tmp_path: Path) -> None:
    host = machine(tmp_path, {"/etc/profile.d/a.sh": "export XDG_CONFIG_DIRS=$(find-them):/etc/xdg\n"})
    found = aspect(host)
    assert found["code"] == "malformed"
    assert "/etc/profile.d/a.sh, line 1" in found["why"]


@needs_root
def test_a_folder_before_etc_decides_only_where_nothing_is_locked(tmp_path: Path) -> None:
    more = {"/etc/environment": "XDG_CONFIG_DIRS=/opt:/etc/xdg\n", "/opt/kscreenlockerrc": "[Daemon]\nTimeout=60\n"}
    assert said(machine(tmp_path / "open", {FILE: "[Daemon]\nTimeout=5\n", **more})) == (60, [])
    assert said(machine(tmp_path / "locked", {FILE: LOCKED, **more})) == (5, [])


@needs_root
def test_sessions_without_etc_are_told(tmp_path: Path) -> None:
    host = machine(tmp_path, {FILE: LOCKED, "/etc/X11/Xsession.d/99site": "export XDG_CONFIG_DIRS=/opt\n"})
    assert said(host) == (5, [("sessions of plasma by Xsession", None)])
    assert said(host, f"{TIMEOUT}#immutable") == (False, [])


@needs_root
def test_a_file_that_users_cannot_read_counts_for_nothing(tmp_path: Path) -> None:
    host = machine(tmp_path, {FILE: LOCKED})
    (tmp_path / FILE.lstrip("/")).chmod(0o600)
    assert said(host) == ("absent", [])
    assert "mode 0600" in aspect(host)["source"]
    assert said(host, f"{TIMEOUT}#immutable") == (False, [])


@needs_root
@pytest.mark.parametrize("place", ["etc/xdg/kscreenlockerrc", "etc/xdg"])
def test_a_lock_that_others_may_take_away_is_none(tmp_path: Path, place: str) -> None:
    host = machine(tmp_path, {FILE: LOCKED})
    (tmp_path / place).chmod(0o777)
    assert said(host, f"{TIMEOUT}#immutable") == (False, [])
    assert "others than root may change it" in aspect(host, f"{TIMEOUT}#immutable")["source"]


@needs_root
def test_a_lock_behind_a_link_into_a_home_is_none(tmp_path: Path) -> None:
    host = machine(tmp_path, {"/home/ada/shared": LOCKED})
    os.chown(tmp_path / "home/ada/shared", 0, 0)
    (tmp_path / "etc/xdg").mkdir(parents=True)
    (tmp_path / FILE.lstrip("/")).symlink_to("../../home/ada/shared")
    assert said(host) == (5, [])
    assert said(host, f"{TIMEOUT}#immutable") == (False, [])


def bad(root: Path, kind: str) -> Path:
    """Something that lies where /etc/xdg/kscreenlockerrc belongs."""
    path = root / FILE.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "endless link":
        path.symlink_to("kscreenlockerrc")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "broken UTF-8":
        path.write_bytes(b"\xff\xfe\n[Daemon][$i]\n# caf\xe9\nTimeout=5\nNote=\xe9\n")
    elif kind == "long line":
        path.write_bytes(b"[Daemon][$i]\nTimeout=5\nNote=" + b"x" * 1_000_000 + b"\n")
    elif kind == "too large":
        path.write_bytes(b"[Daemon][$i]\nTimeout=5\n" + b"#" * 1_100_000)
    elif kind == "many headers":
        path.write_bytes(b"[Daemon][$i]\nTimeout=5\n" * 5000)
    return path


@needs_root
@pytest.mark.parametrize(
    ("kind", "value"),
    [("folder", "absent"), ("endless link", "absent"), ("pipe", "absent"), ("broken UTF-8", 5), ("long line", 5),
     ("too large", "unreadable"), ("many headers", 5)],
)  # fmt: skip
def test_whatever_lies_there_is_judged_as_kde_takes_it(tmp_path: Path, kind: str, value: Any) -> None:
    host = machine(tmp_path)
    bad(tmp_path, kind)
    assert said(host)[0] == value


@needs_root
@pytest.mark.parametrize("kind", ["folder", "endless link", "pipe", "too large"])
def test_what_is_no_file_is_not_written_over(tmp_path: Path, kind: str) -> None:
    host = machine(tmp_path)
    path = bad(tmp_path, kind)
    before = path.lstat()
    with pytest.raises((ChangeRefused, HostError)):
        apply(kconfig, host, [{"address": TIMEOUT, "value": 5}], "run")
    assert (path.lstat().st_mode, path.lstat().st_mtime) == (before.st_mode, before.st_mtime)


@needs_root
def test_a_user_whose_files_cannot_be_read_is_no_user_without_any(tmp_path: Path) -> None:
    host = machine(tmp_path, {FILE: LOCKED, f"{ADA}/kdeglobals": "[Daemon][$i]\n"})
    os.chown(tmp_path / ADA.lstrip("/") / "kdeglobals", 1001, 1001)
    assert aspect(host)["code"] == "malformed"
    assert "kdeglobals" in aspect(host)["why"]


@needs_root
def test_behind_the_lock_her_own_file_hides_no_verdict(tmp_path: Path) -> None:
    host = machine(tmp_path, {FILE: LOCKED, f"{ADA}/kscreenlockerrc": "[Daemon]\nTimeout=99\n"})
    os.chown(tmp_path / ADA.lstrip("/") / "kscreenlockerrc", 1001, 1001)
    assert said(host) == (5, [])


@needs_root
def test_places_that_lead_elsewhere_are_told(tmp_path: Path) -> None:
    host = machine(
        tmp_path,
        {
            f"{ADA}/plasma-workspace/env/a.sh": "export XDG_CONFIG_DIRS=/tmp\n",
            f"{ADA}/plasma-workspace/env/b.sh": "export XDG_CONFIG_DIRS=/opt:$XDG_CONFIG_DIRS DCONF_PROFILE=x\n",
            "/home/ada/.profile": "export XDG_CONFIG_HOME=$HOME/elsewhere\n",
            "/etc/xdg/plasma-workspace/env/c.sh": "XDG_CONFIG_DIRS=/tmp\n",
        },
    )
    assert said(host, "environment")[0] == [
        "/etc/xdg/plasma-workspace/env/c.sh: XDG_CONFIG_DIRS",
        "/home/ada/.profile: XDG_CONFIG_HOME",
        f"{ADA}/plasma-workspace/env/a.sh: XDG_CONFIG_DIRS",
    ]


# Writing

ALL = [
    {"address": TIMEOUT, "value": 5},
    {"address": "kscreenlockerrc:Daemon.Autolock", "value": True},
    *({"address": lock, "value": True} for lock in LOCKS),
]


@needs_root
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "# Written by Leeboard\n\n[Daemon][$i]\nTimeout=5\nAutolock=true\n"),
        ("# ours\n[Greeter]\nTheme=x\n\n[Daemon]\n# minutes\nTimeout=99\nLockOnStart=true\n[Other]\na=b\n",
         "# ours\n[Greeter]\nTheme=x\n\n[Daemon][$i]\nAutolock=true\n# minutes\nTimeout=5\nLockOnStart=true\n"
         "[Other]\na=b\n"),
        ("[Daemon]\nTimeout=9\nTimeout[de]=99\nTimeout[$i]=7\n[x]\n[Daemon]\nAutolock[$d]\n",
         "[Daemon][$i]\nTimeout=5\n[x]\n[Daemon][$i]\nAutolock=true\n"),
        ("[Daemon][$i] # mine\nTimeout=99\n",
         "[Daemon][$i] # mine\nTimeout=99\n\n[Daemon][$i]\nTimeout=5\nAutolock=true\n"),
        ("[Daemon]\r\nTimeout=99\r\nNote=\u00e9\r\n", "[Daemon][$i]\nAutolock=true\nTimeout=5\nNote=\u00e9\r\n"),
    ],
)  # fmt: skip
def test_what_is_written_and_that_the_second_time_nothing_is(tmp_path: Path, before: str | None, after: str) -> None:
    host = machine(tmp_path, {} if before is None else {FILE: ""})
    path = tmp_path / FILE.lstrip("/")
    if before is not None:
        path.write_bytes(before.encode())
    done = apply(kconfig, host, ALL, "run")
    assert path.read_bytes().decode() == after
    assert [done["after"][change["address"]]["effective"]["value"] for change in ALL] == [c["value"] for c in ALL]
    assert not apply(kconfig, host, ALL, "again")["changed"]


@needs_root
def test_what_is_right_already_is_left_alone_whoever_wrote_it(tmp_path: Path) -> None:
    host = machine(tmp_path, {"/etc/xdg/kdeglobals": "[Daemon][$i]\nTimeout=5.0\nAutolock=yes\n"})
    assert not apply(kconfig, host, ALL, "run")["changed"]


@needs_root
def test_a_closed_file_that_belongs_to_somebody_is_made_roots_and_readable(tmp_path: Path) -> None:
    host = machine(tmp_path, {FILE: LOCKED + "Autolock=true\n"})
    path = tmp_path / FILE.lstrip("/")
    path.chmod(0o600)
    os.chown(path, 1000, 1000)
    assert apply(kconfig, host, ALL, "run")["changed"]
    assert (path.stat().st_uid, path.stat().st_mode & 0o7777) == (0, 0o644)
    assert said(host, f"{TIMEOUT}#immutable") == (True, [])


@needs_root
def test_the_lock_keeps_a_value_that_came_from_a_stronger_folder(tmp_path: Path) -> None:
    more = {"/etc/environment": "XDG_CONFIG_DIRS=/opt:/etc/xdg\n", "/opt/kscreenlockerrc": "[Daemon]\nTimeout=3\n"}
    host = machine(tmp_path, more)
    apply(kconfig, host, [{"address": f"{TIMEOUT}#immutable", "value": True}], "run")
    assert said(host) == (3, [])


@needs_root
@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"/etc/xdg/kdeglobals": "[Daemon][$i]\nTimeout=60\n"}, "/etc/xdg/kdeglobals, line 2"),
        ({f"{ADA}/kdeglobals": "[Daemon][$i]\nTimeout=60\n"}, "ada"),
        ({"/etc/environment": "XDG_CONFIG_DIRS=/opt\n"}, "no file sets it"),
        ({"/etc/X11/Xsession.d/99": "XDG_CONFIG_DIRS=/opt\n"}, "Xsession"),
    ],
)
def test_a_change_that_something_else_would_undo_is_refused(tmp_path: Path, files: dict[str, str], words: str) -> None:
    host = machine(tmp_path, {FILE: "[Daemon]\nTimeout=9\n", **files})
    with pytest.raises(ChangeRefused, match=words):
        apply(kconfig, host, ALL, "run")
    assert (tmp_path / FILE.lstrip("/")).read_text() == "[Daemon]\nTimeout=9\n"


@pytest.mark.parametrize(
    ("address", "value"),
    [(TIMEOUT, "5"), (TIMEOUT, True), (TIMEOUT, 5.5), (f"{TIMEOUT}#immutable", False), ("environment", []),
     ("kscreenlockerrc:Daemon.Lock", 1), ("kscreenlockerrc:Daemon.Lock", "true")],
)  # fmt: skip
@needs_root
def test_values_of_another_kind_are_refused(tmp_path: Path, address: str, value: Any) -> None:
    with pytest.raises(ChangeRefused):
        apply(kconfig, machine(tmp_path), [{"address": address, "value": value}], "run")


@needs_root
def test_people_who_are_signed_in_since_before_make_it_pending(tmp_path: Path) -> None:
    """A double of /proc: no Plasma session can be started here."""
    stat = "77 (kwin_wayland) S " + " ".join(["0"] * 18) + " 100 0\n"
    host = machine(tmp_path, {FILE: LOCKED, "/proc/stat": "cpu 1\nbtime 1000\n", "/proc/77/comm": "kwin_wayland\n",
                              "/proc/77/stat": stat})  # fmt: skip
    reading = kconfig.observe(host, [TIMEOUT])[TIMEOUT]
    assert reading["running"]["state"] == "unreadable"
    assert "next sign-in" in reading["effective"]["note"]
    os.utime(tmp_path / FILE.lstrip("/"), (900, 900))
    host.forget()
    assert "running" not in kconfig.observe(host, [TIMEOUT])[TIMEOUT]
