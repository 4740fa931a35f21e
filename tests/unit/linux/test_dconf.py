"""What the dconf driver says of a machine: captured folders, and answers of gsettings that are given, not computed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dconf import driver as dconf
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError

from tests.unit.linux.folder import folder

CAPTURED = Path(__file__).parent / "dconf_captured"
IDLE = "/org/gnome/desktop/session/idle-delay"
USER_LIST = "gdm:/org/gnome/login-screen/disable-user-list"
# Homes belong to their users; where the tests run as root, the files in them are root's, which is accepted as well.
UID = os.getuid() or 1000
PASSWD = (
    f"root:x:0:0::/root:/bin/sh\npupil:x:{UID}:{UID}::/home/pupil:/bin/sh\nteacher:x:{UID}:{UID}::/home/teacher:/bin/sh\n"
    "nobody:x:65534:65534::/nonexistent:/bin/false\nDebian-gdm:x:101:104::/var/lib/gdm3:/bin/false\n"
)
PROFILE = {"/etc/dconf/profile/user": "user-db:user\nsystem-db:local\n"}
KEY_FILE = {"/etc/dconf/db/local.d/00-x": "[org/gnome/desktop/session]\nidle-delay=uint32 600\n"}
LOCK = {"/etc/dconf/db/local.d/locks/x": f"{IDLE}\n"}
GREETER = "[org/gnome/login-screen]\nlogo='/x.png'\n# disable-user-list=true\n"
GDM = {
    "/usr/share/dconf/profile/Debian-gdm": "user-db:user\nfile-db:/var/lib/gdm3/greeter-dconf-defaults\n",
    # The line of Debian's script (gdm3 48.0-2) that says what is compiled.
    "/usr/share/gdm/generate-config": (
        "as_gdm dconf compile '/var/lib/gdm3/greeter-dconf-defaults' '/usr/share/gdm/dconf'\n"
    ),
    "/usr/share/gdm/dconf/90-debian-settings": GREETER,
}


class GSettingsDouble:
    """A stand-in for sh, setpriv, gsettings and dconf: gives the answers it was given, and keeps what it was asked.

    `answers` has the words after "gsettings" or "default" as keys; what is not there is writable and has no such key.
    """

    def __init__(self, answers: Mapping[str, str | tuple[int, str]] | None = None) -> None:
        self.answers = dict(answers or {})
        self.scripts: list[str] = []
        self.commands: list[list[str]] = []
        self.environment: Mapping[str, str] = {}

    def __call__(self, argv: list[str], input: str, timeout: float, environment: Mapping[str, str]) -> Completed:
        if argv[-1] != "-s":
            self.commands.append(argv)
            return Completed(0, "inactive\n" if argv[0] == "systemctl" else "", "")
        self.scripts.append(input)
        self.environment = environment
        out = ""
        for words in re.findall(r"^ask (?:gsettings )?(.+)$", input, re.M):
            asked = words if words.startswith("default") else f"gsettings {words}"
            answer = self.answers.get(words, "true" if words.startswith("writable") else (1, "No such key “x”"))
            text, status, complaint = (answer, 0, "") if isinstance(answer, str) else ("", *answer)
            out += f"\036{asked}\037{text}\n\037{status}\037{complaint}"
        return Completed(0, out, "")


IDLE_WORDS = "org.gnome.desktop.session idle-delay"
SCHEMA = {f"range {IDLE_WORDS}": "type u", f"default {IDLE_WORDS}": "uint32 300"}


def machine(
    root: Path, files: Mapping[str, str | None], answers: Mapping[str, Any], compiled: str = "", own: str = ""
) -> Host:
    """A captured machine; `compiled` and `own` name captured databases for local and for pupil."""
    host = folder(root, {"/etc/passwd": PASSWD, **files}, GSettingsDouble(answers))
    for home in ("pupil", "teacher"):
        (root / "home" / home / ".config/dconf").mkdir(parents=True)
    if compiled:
        (root / "etc/dconf/db").mkdir(parents=True, exist_ok=True)
        shutil.copy(CAPTURED / compiled, root / "etc/dconf/db/local")
    if own:
        shutil.copy(CAPTURED / own, root / "home/pupil/.config/dconf/user")
    return host


def look(host: Host, address: str, aspect: str = "effective") -> dict[str, Any]:
    found: dict[str, Any] = dconf.observe(host, [address])[address][aspect]
    return found


@pytest.mark.parametrize(
    ("files", "compiled", "answer", "value", "words"),
    [
        ({**PROFILE, **KEY_FILE, **LOCK}, "local", "uint32 600", 600, "/etc/dconf/db/local.d/00-x, line 2"),
        (PROFILE, "local", "uint32 600", 600, "/etc/dconf/db/local"),
        (KEY_FILE, "local", "uint32 300", 300, "schema default; there is no /etc/dconf/profile/user"),
        (PROFILE, "local-int32", "uint32 300", 300, "typed int32 where the schema wants uint32, so ignored"),
        ({**PROFILE, **KEY_FILE}, "", "uint32 300", 300, "local does not exist (its key files are not compiled"),
        (
            {**PROFILE, "/etc/dconf/db/local.d/0": KEY_FILE["/etc/dconf/db/local.d/00-x"].replace("600", "0")},
            "local",
            "uint32 600",
            600,
            "/etc/dconf/db/local is older than its key files: run dconf update",
        ),
        (
            {**PROFILE, "/etc/dconf/db/local.d/0": "oops\n"},
            "local",
            "uint32 600",
            600,
            "local.d/0, line 1: neither a group, a key=value nor a comment, so /etc/dconf/db/local cannot be compiled",
        ),
    ],
)
def test_value_and_where_it_comes_from(
    tmp_path: Path, files: dict[str, str | None], compiled: str, answer: str, value: int, words: str
) -> None:
    found = look(machine(tmp_path, files, {f"get {IDLE_WORDS}": answer}, compiled), IDLE)
    assert (found["state"], found["value"], found["type"]) == ("value", value, "uint32")
    assert words in found["source"]


def test_unreadable_database_and_profile_are_named(tmp_path: Path) -> None:
    host = machine(tmp_path, {**PROFILE, **KEY_FILE}, {f"get {IDLE_WORDS}": "uint32 300"}, "local")
    (tmp_path / "etc/dconf/db/local").chmod(0o600)
    assert "/etc/dconf/db/local is mode 0600 and users cannot read it" in look(host, IDLE)["source"]
    (tmp_path / "etc/dconf/db").chmod(0o700)
    assert "/etc/dconf/db is mode 0700 and users cannot read /etc/dconf/db/local" in look(host, IDLE)["source"]
    (tmp_path / "etc/dconf/profile/user").chmod(0o600)
    assert "/etc/dconf/profile/user is mode 0600" in look(host, IDLE)["source"]


@pytest.mark.parametrize(("writable", "locked"), [("true", False), ("false", True)])
def test_a_lock_is_what_gsettings_says(tmp_path: Path, writable: str, locked: bool) -> None:
    host = machine(tmp_path, {**PROFILE, **KEY_FILE, **LOCK}, {f"writable {IDLE_WORDS}": writable}, "local")
    assert look(host, f"{IDLE}#lock")["value"] is locked
    assert look(host, f"{IDLE}#lock", "configured")["value"] is True


def test_a_lock_with_a_slash_or_without_a_profile_is_none(tmp_path: Path) -> None:
    host = machine(tmp_path, {**PROFILE, "/etc/dconf/db/local.d/locks/x": f"{IDLE}/\n"}, {})
    assert look(host, f"{IDLE}#lock", "configured")["value"] is False
    assert look(machine(tmp_path / "b", {**KEY_FILE, **LOCK}, {}), f"{IDLE}#lock", "configured")["value"] is False


def test_configured_is_what_the_key_files_come_to(tmp_path: Path) -> None:
    files = {**PROFILE, **KEY_FILE, "/etc/dconf/db/local.d/90-x": "[org/gnome/desktop]\nsession/idle-delay=0\n"}
    found = look(machine(tmp_path, files, {}), IDLE, "configured")
    assert (found["value"], found["type"]) == (0, "int32")
    bad = look(machine(tmp_path / "b", {**files, "/etc/dconf/db/local.d/95": "[a]\nb=ten\n"}, {}), IDLE, "configured")
    assert (bad["state"], bad["code"]) == ("unreadable", "malformed")
    assert "local.d/95, line 2" in bad["why"]


# A failed read is neither absent nor a value


def test_no_such_key_is_absent(tmp_path: Path) -> None:
    host = machine(tmp_path, {}, {})
    assert look(host, "/org/gnome/desktop/screensaver/ubuntu-lock-on-suspend")["state"] == "absent"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((133, "Trace/breakpoint trap"), "failed"),
        ((1, "Permission denied"), "failed"),
        ("", "failed"),
        ("not a value", "malformed"),
    ],
)
def test_a_failed_question_is_unreadable(tmp_path: Path, answer: Any, code: str) -> None:
    found = look(machine(tmp_path, {}, {f"get {IDLE_WORDS}": answer}), IDLE)
    assert (found["state"], found["code"]) == ("unreadable", code)


@pytest.mark.parametrize(
    ("done", "code"),
    [
        (Completed(127, "", ""), "missing_tool"),
        (Completed(1, "", "setpriv: failed"), "failed"),
        (Completed(137, f"\036gsettings writable {IDLE_WORDS}\037true\n", "Killed"), "failed"),
        (HostError("timeout", "sh gave no answer"), "timeout"),
    ],
)
def test_a_broken_child_is_unreadable_for_every_address(tmp_path: Path, done: Any, code: str) -> None:
    def runner(argv: list[str], input: str, timeout: float, environment: Mapping[str, str]) -> Completed:
        if isinstance(done, HostError):
            raise done
        assert isinstance(done, Completed)
        return done

    host = folder(tmp_path, {"/etc/passwd": PASSWD, **PROFILE}, runner)
    for reading in dconf.observe(host, [IDLE, f"{IDLE}#lock"]).values():
        assert (reading["effective"]["state"], reading["effective"]["code"]) == ("unreadable", code)


@pytest.mark.parametrize(
    "address", ["", "/a", "org/a/b", "/a/b;c", "/a/$(b)", "/a/-b", "/a/b/", "x:/a/b", "/a/b#x", "/a\n/b"]
)
def test_other_addresses_reach_no_command(tmp_path: Path, address: str) -> None:
    double = GSettingsDouble()
    host = folder(tmp_path, {"/etc/passwd": PASSWD}, double)
    assert look(host, address)["code"] == "malformed"
    assert not double.scripts and not double.commands


def test_one_child_without_rights_and_without_a_home(tmp_path: Path) -> None:
    host = machine(tmp_path, {**PROFILE, "/etc/environment": "DCONF_PROFILE=/etc/other\n"}, {})
    dconf.observe(host, [IDLE, f"{IDLE}#lock", "/org/gnome/desktop/screensaver/lock-enabled"])
    double = host._runner
    assert host.children == 1
    assert double.environment["HOME"] == double.environment["XDG_CONFIG_HOME"] == "/nonexistent"
    assert double.environment["DCONF_PROFILE"] == "/etc/other"  # a real session gets it too


@pytest.mark.parametrize("kind", ["cut", "garbage", "not compiled", "0600"])
def test_damaged_schemas_are_not_an_absent_setting(tmp_path: Path, kind: str) -> None:
    """Seen on Debian 13: with a damaged gschemas.compiled, gsettings says "No such schema" of everything."""
    folder_ = tmp_path / "usr/share/glib-2.0/schemas"
    folder_.mkdir(parents=True)
    (folder_ / "org.gnome.x.gschema.xml").write_text("")
    whole = (CAPTURED / "gschemas.compiled").read_bytes()
    if kind != "not compiled":
        (folder_ / "gschemas.compiled").write_bytes({"cut": whole[:120], "0600": whole}.get(kind, b"x" * 100))
    if kind == "0600":
        (folder_ / "gschemas.compiled").chmod(0o600)
    found = look(machine(tmp_path, {}, {f"get {IDLE_WORDS}": (1, "No such schema “x”")}), IDLE)
    assert found["state"] == "unreadable" and "gschemas.compiled" in found["why"]


def test_without_dconf_nothing_is_locked(tmp_path: Path) -> None:
    """Seen on Debian 13: GLib then takes key files of the user's own, and to nobody they seem read-only."""
    host = machine(tmp_path, {**PROFILE, **KEY_FILE, **LOCK}, {}, "local")
    double = host._runner
    host._runner = lambda *asked: _with_warning(double(*asked))
    assert look(host, f"{IDLE}#lock")["value"] is False
    assert "dconf-gsettings-backend is not installed" in look(host, f"{IDLE}#lock")["source"]


def _with_warning(done: Completed) -> Completed:
    done.out = done.out.replace("true\n\0370\037", "false\n\0370\037GLib-GIO: Can't find module 'dconf' specified in")
    return done


# People's own values


def test_an_own_value_is_told_beside_the_value(tmp_path: Path) -> None:
    answers = {f"get {IDLE_WORDS}": "uint32 600", **SCHEMA}
    found = look(machine(tmp_path, PROFILE, answers, "local", "user-never-idle"), IDLE)
    assert found["value"] == 600
    assert found["others"] == [{"who": "pupil", "value": 0, "type": "uint32"}]


def test_an_own_value_of_a_wrong_type_gives_the_schemas_default(tmp_path: Path) -> None:
    answers = {f"get {IDLE_WORDS}": "uint32 600", **SCHEMA}
    found = look(machine(tmp_path, PROFILE, answers, "local", "user-int32"), IDLE)
    assert found["others"] == [{"who": "pupil", "value": 300, "type": "uint32"}]


def test_own_values_do_not_matter_where_the_key_is_locked(tmp_path: Path) -> None:
    answers = {f"get {IDLE_WORDS}": "uint32 600", f"writable {IDLE_WORDS}": "false", **SCHEMA}
    host = machine(tmp_path, PROFILE, answers, "local", "user-never-idle")
    assert "others" not in look(host, IDLE)
    (tmp_path / "home/pupil/.config/dconf/user").unlink()
    os.mkfifo(tmp_path / "home/pupil/.config/dconf/user")
    host.forget()
    assert look(host, IDLE)["value"] == 600


def test_garbage_as_own_database_is_ignored_as_dconf_ignores_it(tmp_path: Path) -> None:
    host = machine(tmp_path, PROFILE, {f"get {IDLE_WORDS}": "uint32 600", **SCHEMA}, "local")
    (tmp_path / "home/pupil/.config/dconf/user").write_bytes(os.urandom(3000))
    assert "others" not in look(host, IDLE)


@pytest.mark.parametrize("kind", ["fifo", "link", "folder", "huge"])
def test_an_own_database_that_must_not_be_read_is_never_a_value(tmp_path: Path, kind: str) -> None:
    host = machine(tmp_path, PROFILE, {f"get {IDLE_WORDS}": "uint32 600", **SCHEMA}, "local")
    path = tmp_path / "home/pupil/.config/dconf/user"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/dev/null" if os.getuid() else "/etc/passwd")
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(bytes(2 << 20))
    found = look(host, IDLE)
    assert found["state"] == "unreadable"
    assert found["code"] == ("too_large" if kind == "huge" else "malformed")


def test_at_most_twenty_others_and_every_value_among_them(tmp_path: Path) -> None:
    names = [f"p{number:02}" for number in range(30)]
    passwd = "".join(f"{name}:x:{UID}:{UID}::/home/{name}:/bin/sh\n" for name in names)
    host = machine(tmp_path, {**PROFILE, "/etc/passwd": passwd}, {f"get {IDLE_WORDS}": "uint32 600", **SCHEMA}, "local")
    for name in names:
        own = tmp_path / f"home/{name}/.config/dconf/user"
        own.parent.mkdir(parents=True)
        shutil.copy(CAPTURED / ("user-never-idle" if name == "p29" else "user-int32"), own)
    others = look(host, IDLE)["others"]
    assert len(others) == 20
    assert {"who": "p29", "value": 0, "type": "uint32"} in others


# The greeter


def greeter_machine(root: Path, answers: Mapping[str, Any], files: Mapping[str, str | None] | None = None) -> Host:
    host = machine(root, {**GDM, **(files or {})}, answers)
    (root / "var/lib/gdm3").mkdir(parents=True)
    shutil.copy(CAPTURED / "greeter", root / "var/lib/gdm3/greeter-dconf-defaults")
    return host


LIST_WORDS = "org.gnome.login-screen disable-user-list"
LIST_SCHEMA = {f"range {LIST_WORDS}": "type b", f"default {LIST_WORDS}": "false"}


def test_a_greeter_file_that_is_not_compiled_is_pending(tmp_path: Path) -> None:
    changed = {"/usr/share/gdm/dconf/90-debian-settings": GREETER.replace("# dis", "dis")}
    host = greeter_machine(tmp_path, {f"get {LIST_WORDS}": "false", **LIST_SCHEMA}, changed)
    found = dconf.observe(host, [USER_LIST])[USER_LIST]
    assert (found["effective"]["value"], found["running"]["value"]) == (True, False)
    assert found["effective"]["source"] == "/usr/share/gdm/dconf/90-debian-settings, line 3"
    assert host._runner.environment["DCONF_PROFILE"] == "Debian-gdm"


def test_a_wrong_type_in_the_greeter_file_will_be_ignored(tmp_path: Path) -> None:
    changed = {"/usr/share/gdm/dconf/90-debian-settings": GREETER + "disable-user-list='true'\n"}
    found = look(greeter_machine(tmp_path, {f"get {LIST_WORDS}": "true", **LIST_SCHEMA}, changed), USER_LIST)
    assert found["value"] is False
    assert "typed string where the schema wants boolean" in found["source"]


def test_a_bad_greeter_file_stops_gdm(tmp_path: Path) -> None:
    changed = {"/usr/share/gdm/dconf/90-debian-settings": "nonsense\n"}
    found = look(greeter_machine(tmp_path, {f"get {LIST_WORDS}": "false"}, changed), USER_LIST)
    assert found["state"] == "unreadable" and "gdm will not start" in found["why"]


def test_profile_gdm_is_not_debians(tmp_path: Path) -> None:
    """CIS's /etc/dconf/profile/gdm changes nothing on Debian: gdm names the profile after its user (seen in 48.0)."""
    files = {
        "/etc/dconf/profile/gdm": "user-db:user\nsystem-db:gdm\n",
        "/etc/dconf/db/gdm.d/0": "[org/gnome/login-screen]\ndisable-user-list=true\n",
    }
    found = look(greeter_machine(tmp_path, {f"get {LIST_WORDS}": "false"}, files), USER_LIST, "configured")
    assert found["state"] == "absent"


def test_without_gdm_its_settings_are_absent(tmp_path: Path) -> None:
    host = machine(tmp_path, {"/etc/passwd": "nobody:x:65534:65534::/:/bin/false\n"}, {})
    assert look(host, USER_LIST)["state"] == "absent"
    assert host.children == 0
