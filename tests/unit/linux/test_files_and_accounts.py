"""Owners and modes, accounts without a password, and the label."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply, write
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Host
from ansible_collections.leeboard.schools.plugins.module_utils._linux.simple import accounts, device_label, file_mode

from tests.unit.linux.folder import PASSWD, effective, folder

NAMES = {"/etc/passwd": PASSWD, "/etc/group": "root:x:0:\nshadow:x:42:\n"}
root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")


@root
@pytest.mark.parametrize(
    ("uid", "gid", "mode", "value"),
    [(0, 0, 0o644, "root:root 0644"), (0, 42, 0o640, "root:shadow 0640"), (1000, 7, 0o4666, "ada:7 4666")],
)
def test_owner_and_mode(tmp_path: Path, uid: int, gid: int, mode: int, value: str) -> None:
    host = folder(tmp_path, NAMES | {"/etc/issue": "x"})
    os.chown(tmp_path / "etc/issue", uid, gid)
    os.chmod(tmp_path / "etc/issue", mode)
    assert effective(file_mode, host, "/etc/issue")["value"] == value
    outcome = apply(file_mode, host, [{"address": "/etc/issue", "value": "root:shadow 0640"}], "run")
    assert outcome["after"]["/etc/issue"]["effective"]["value"] == "root:shadow 0640"
    assert outcome["changed"] is (value != "root:shadow 0640")
    assert host.text("/etc/issue") == "x"


def test_a_link_is_followed_and_named(tmp_path: Path) -> None:
    host = folder(tmp_path, NAMES | {"/usr/lib/motd": "x"})
    os.chmod(tmp_path / "usr/lib/motd", 0o600)
    (tmp_path / "etc/motd").symlink_to("../usr/lib/motd")
    found = effective(file_mode, host, "/etc/motd")
    assert found["value"].endswith(" 0600")
    assert found["source"] == "/etc/motd, a symbolic link to /usr/lib/motd"
    with pytest.raises(ChangeRefused, match="belongs to something else"):
        apply(file_mode, host, [{"address": "/etc/motd", "value": "root:root 0644"}], "run")


def test_a_link_inside_etc_is_changed_where_it_leads(tmp_path: Path) -> None:
    host = folder(tmp_path, NAMES | {"/etc/real": "x"})
    os.chmod(tmp_path / "etc/real", 0o666)
    (tmp_path / "etc/motd").symlink_to("real")
    apply(file_mode, host, [{"address": "/etc/motd", "value": "root:root 0644"}], "run")
    assert (tmp_path / "etc/motd").is_symlink()
    assert (tmp_path / "etc/real").stat().st_mode & 0o777 == 0o644


@root
def test_start_files_that_others_may_change(tmp_path: Path) -> None:
    files = {f"/etc/profile.d/{name}": "true\n" for name in ("a.sh", "b.sh", "c.sh", "d.csh")}
    host = folder(tmp_path, NAMES | files)
    for name, uid, mode in (("a.sh", 0, 0o664), ("b.sh", 1000, 0o644), ("c.sh", 0, 0o644), ("d.csh", 1000, 0o666)):
        os.chown(tmp_path / "etc/profile.d" / name, uid, 0)
        os.chmod(tmp_path / "etc/profile.d" / name, mode)
    address = file_mode.START_FILES
    assert effective(file_mode, host, address)["value"] == [
        "/etc/profile.d/a.sh root:root 0664",
        "/etc/profile.d/b.sh ada:root 0644",
    ]
    assert (
        apply(file_mode, host, [{"address": address, "value": []}], "run")["after"][address]["effective"]["value"] == []
    )


@pytest.mark.parametrize(
    ("address", "value", "message"),
    [
        ("/etc/none", "root:root 0644", "is missing"),
        ("/etc/ssh", "root:root 0755", "is no regular file"),
        ("/etc/issue", "root:root", "must look like"),
        ("/etc/issue", "nosuch:root 0644", "knows no nosuch"),
        ("/etc/../usr/x", "root:root 0644", "no address"),
        ("/usr/x", "root:root 0644", "no address"),
        ("/etc/profile.d/*.sh", ["x"], "empty list"),
    ],
)
def test_refusals(tmp_path: Path, address: str, value: object, message: str) -> None:
    host = folder(tmp_path, NAMES | {"/etc/issue": "x", "/etc/ssh/x": ""})
    with pytest.raises(ChangeRefused, match=message):
        file_mode.dry_run(host, [{"address": address, "value": value}])


SHADOW = "root:*:1::::::\nada:$y$j9T$x:1::::::\nbob::1::::::\ncy:!:1::::::\n"
PEOPLE = PASSWD + "".join(
    f"{name}:x:{uid}:100::/home:/bin/bash\n" for name, uid in (("bob", 1001), ("cy", 1002), ("di", 1003))
)


def test_accounts_without_a_password(tmp_path: Path) -> None:
    more = "eve::1004:100::/home:/bin/bash\nsystem::200:100::/:/bin/sh\nkiosk::1005:100::/:/usr/sbin/nologin\n"
    host = folder(tmp_path, {"/etc/passwd": PEOPLE + more, "/etc/shadow": SHADOW})
    assert effective(accounts, host, "without-password")["value"] == ["bob", "eve"]


@pytest.mark.parametrize("files", [{}, {"/etc/passwd": ""}, {"/etc/passwd": PEOPLE}])
def test_accounts_that_cannot_be_read_are_never_a_clean_list(tmp_path: Path, files: dict[str, str]) -> None:
    assert effective(accounts, folder(tmp_path, files), "without-password")["code"] == "malformed"


def test_label(tmp_path: Path) -> None:
    host = folder(tmp_path)
    assert effective(device_label, host, "label")["state"] == "absent"
    outcome = apply(device_label, host, [{"address": "label", "value": "OFFICIAL-SENSITIVE"}], "run")
    assert outcome["after"]["label"]["effective"]["value"] == "OFFICIAL-SENSITIVE"
    assert (tmp_path / "etc/leeboard/label").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("OFFICIAL\n", "OFFICIAL"),
        ("  OFFICIAL \n\n\n", "OFFICIAL"),
        ("OFFICIAL\nLOCAL HIGH\n", "OFFICIAL / LOCAL HIGH"),
        ("OFFICIAL\rLOCAL HIGH", "OFFICIAL / LOCAL HIGH"),
        ("\n", ""),
    ],
)
def test_a_label_is_all_that_stands_in_its_file(tmp_path: Path, text: str, said: str) -> None:
    host = folder(tmp_path)
    (tmp_path / "etc/leeboard").mkdir(parents=True)
    (tmp_path / "etc/leeboard/label").write_bytes(text.encode())
    assert effective(device_label, host, "label")["value"] == said


@pytest.mark.parametrize(
    ("file", "above", "owner", "said"),
    [
        (0o644, 0o755, 0, []),
        (0o444, 0o711, 0, []),
        (0o666, 0o755, 0, ["/etc/leeboard/label root:root 0666"]),
        (0o664, 0o755, 0, ["/etc/leeboard/label root:root 0664"]),
        (0o644, 0o755, 1000, ["/etc/leeboard/label ada:root 0644"]),
        (0o644, 0o777, 0, ["/etc/leeboard root:root 0777"]),
        (0o644, 0o1777, 0, []),  # nobody replaces what is root's there
    ],
)
def test_who_could_change_the_label(tmp_path: Path, file: int, above: int, owner: int, said: list[str]) -> None:
    host = folder(tmp_path, NAMES | {"/etc/leeboard/label": "OFFICIAL\n"})
    path = tmp_path / "etc/leeboard/label"
    path.chmod(file)
    path.parent.chmod(above)
    os.chown(path, owner, 0)
    assert effective(device_label, host, "open-to-others")["value"] == said
    both = [{"address": "label", "value": "OFFICIAL"}, {"address": "open-to-others", "value": []}]
    after = apply(device_label, host, both, "run")["after"]
    assert after["open-to-others"]["effective"]["value"] == []
    assert apply(device_label, host, both, "again")["journal"] is None


def test_a_label_behind_a_link_into_a_home(tmp_path: Path) -> None:
    host = folder(tmp_path, NAMES | {"/home/ada/label": "OFFICIAL\n", "/etc/leeboard/x": ""})
    assert effective(device_label, host, "open-to-others")["state"] == "absent"
    (tmp_path / "etc/leeboard/label").symlink_to("../../home/ada/label")
    (tmp_path / "home/ada").chmod(0o755)
    os.chown(tmp_path / "home/ada", 1000, 0)
    assert effective(device_label, host, "open-to-others")["value"] == ["/home/ada ada:root 0755"]
    with pytest.raises(ChangeRefused, match="/home/ada, which /etc/leeboard/label depends on"):
        device_label.dry_run(host, [{"address": "open-to-others", "value": []}])


@pytest.mark.parametrize("label", ["", "  ", "two\nlines", "x" * 201, 3, "bell\a"])
def test_what_is_no_label(tmp_path: Path, label: object) -> None:
    with pytest.raises(ChangeRefused, match="a label is one line"):
        device_label.dry_run(folder(tmp_path), [{"address": "label", "value": label}])


# What belongs to auditd

AUDITD = NAMES | {
    "/etc/group": "root:x:0:\nadm:x:4:\nstaff:x:50:\n",
    "/etc/audit/auditd.conf": "space_left = 75\nlog_file = /srv/log/audit/audit.log\nlog_group = adm\n",
    "/etc/audit/rules.d/10.rules": "",
    "/etc/audit/rules.d/README": "",
    "/etc/audit/plugins.d/syslog.conf": "",
    "/usr/sbin/auditd": "",
    "/usr/sbin/auditctl": "",
    "/srv/log/audit/audit.log": "live\n",
    "/srv/log/audit/audit.log.1": "old\n",
    "/srv/log/audit/archive/x": "",
}
RIGHT = {
    "etc/audit": (0, 0, 0o750),
    "etc/audit/rules.d": (0, 0, 0o750),
    "etc/audit/plugins.d": (0, 0, 0o750),
    "etc/audit/auditd.conf": (0, 0, 0o640),
    "etc/audit/rules.d/10.rules": (0, 0, 0o640),
    "etc/audit/plugins.d/syslog.conf": (0, 0, 0o640),
    "usr/sbin/auditd": (0, 0, 0o755),
    "usr/sbin/auditctl": (0, 0, 0o755),
    "srv/log/audit": (0, 4, 0o750),
    "srv/log/audit/audit.log": (0, 4, 0o640),
    "srv/log/audit/audit.log.1": (0, 4, 0o440),
}


def auditd(root_folder: Path, path: str = "", uid: int = 0, gid: int = 0, mode: int = 0) -> Host:
    """A machine with auditd as Debian installs it, but for one path."""
    host = folder(root_folder, AUDITD)
    for name, said in {**RIGHT, **({path: (uid, gid, mode)} if path else {})}.items():
        os.chown(root_folder / name, said[0], said[1])
        os.chmod(root_folder / name, said[2])
    return host


@root
@pytest.mark.parametrize("address", ["audit-logs", "audit-configuration", "audit-tools"])
def test_auditd_as_debian_installs_it_is_closed(tmp_path: Path, address: str) -> None:
    assert effective(file_mode, auditd(tmp_path), address)["value"] == []


@root
@pytest.mark.parametrize(
    ("address", "path", "uid", "gid", "mode", "said", "after"),
    [
        ("audit-logs", "srv/log/audit", 0, 4, 0o755, "root:adm 0755", (0, 4, 0o750)),
        ("audit-logs", "srv/log/audit", 1000, 4, 0o750, "ada:adm 0750", (0, 4, 0o750)),
        ("audit-logs", "srv/log/audit/audit.log", 0, 50, 0o640, "root:staff 0640", (0, 0, 0o640)),
        ("audit-logs", "srv/log/audit/audit.log", 0, 50, 0o600, None, (0, 50, 0o600)),
        ("audit-logs", "srv/log/audit/audit.log", 0, 4, 0o660, "root:adm 0660", (0, 4, 0o640)),
        ("audit-logs", "srv/log/audit/audit.log.1", 0, 0, 0o444, "root:root 0444", (0, 0, 0o440)),
        ("audit-logs", "srv/log/audit/audit.log.1", 0, 0, 0o400, None, (0, 0, 0o400)),
        ("audit-configuration", "etc/audit/auditd.conf", 0, 0, 0o644, "root:root 0644", (0, 0, 0o640)),
        ("audit-configuration", "etc/audit/rules.d/10.rules", 1000, 0, 0o640, "ada:root 0640", (0, 0, 0o640)),
        ("audit-configuration", "etc/audit/rules.d/10.rules", 0, 4, 0o640, "root:adm 0640", (0, 0, 0o640)),
        ("audit-configuration", "etc/audit/rules.d/README", 1000, 0, 0o666, None, (1000, 0, 0o666)),
        ("audit-configuration", "etc/audit/rules.d", 0, 0, 0o777, "root:root 0777", (0, 0, 0o755)),
        ("audit-configuration", "etc/audit/rules.d", 0, 0, 0o755, None, (0, 0, 0o755)),
        ("audit-tools", "usr/sbin/auditctl", 0, 0, 0o4755, "root:root 4755", (0, 0, 0o755)),
        ("audit-tools", "usr/sbin/auditctl", 0, 50, 0o775, "root:staff 0775", (0, 0, 0o755)),
        ("audit-tools", "usr/sbin/auditctl", 0, 50, 0o755, None, (0, 50, 0o755)),
        ("audit-tools", "usr/sbin/auditctl", 0, 0, 0o500, None, (0, 0, 0o500)),
    ],
)
def test_what_is_too_open_is_named_and_closed(
    tmp_path: Path, address: str, path: str, uid: int, gid: int, mode: int, said: str | None, after: tuple[int, ...]
) -> None:
    host = auditd(tmp_path, path, uid, gid, mode)
    before = (tmp_path / path).stat()
    assert effective(file_mode, host, address)["value"] == ([] if said is None else [f"/{path} {said}"])
    outcome = apply(file_mode, host, [{"address": address, "value": []}], "run")
    assert outcome["changed"] is (said is not None)
    assert outcome["after"][address]["effective"]["value"] == []
    found = (tmp_path / path).stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == after
    # The file itself stays: auditd goes on writing to it, and its configuration is no newer than before.
    assert (found.st_ino, found.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@root
def test_the_journal_holds_what_the_permissions_were(tmp_path: Path) -> None:
    host = auditd(tmp_path, "srv/log/audit/audit.log", 1000, 50, 0o666)
    journal = apply(file_mode, host, [{"address": "audit-logs", "value": []}], "run")["journal"]
    kept = json.loads((tmp_path / journal.lstrip("/")).read_text())["files"]
    assert kept == [
        {
            "path": "/srv/log/audit/audit.log",
            "before": {"state": "permissions", "mode": 0o666, "uid": 1000, "gid": 50},
            "after": {"mode": 0o640, "uid": 0, "gid": 0},
        }
    ]


@root
def test_a_file_that_somebody_changes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    host = auditd(tmp_path, "srv/log/audit/audit.log", 0, 4, 0o666)
    edit = file_mode.dry_run(host, [{"address": "audit-logs", "value": []}]).edits[0]
    (tmp_path / "srv/log/audit/audit.log").chmod(0o600)
    with pytest.raises(ChangeRefused, match="somebody else"):
        write(host, edit)
    (tmp_path / "srv/log/audit/audit.log").unlink()
    (tmp_path / "srv/log/audit/audit.log").symlink_to("../../../etc/audit/auditd.conf")
    with pytest.raises(OSError, match="symbolic"):
        write(host, edit)


@root
def test_a_link_to_rules_that_anybody_may_change_is_named_and_left(tmp_path: Path) -> None:
    host = auditd(tmp_path)
    (tmp_path / "srv/rules").write_text("")
    (tmp_path / "srv/rules").chmod(0o666)
    (tmp_path / "etc/audit/rules.d/20.rules").symlink_to("../../../srv/rules")
    found = effective(file_mode, host, "audit-configuration")["value"]
    assert found == ["/etc/audit/rules.d/20.rules root:root 0666"]
    with pytest.raises(ChangeRefused, match="belongs to something else"):
        file_mode.dry_run(host, [{"address": "audit-configuration", "value": []}])


def test_without_auditd_there_is_nothing_to_protect(tmp_path: Path) -> None:
    host = folder(tmp_path)
    assert effective(file_mode, host, "audit-logs")["source"] == "auditd is not installed"
    with pytest.raises(ChangeRefused, match="not installed"):
        file_mode.dry_run(host, [{"address": "audit-logs", "value": []}])


@root
@pytest.mark.parametrize(
    ("mode", "said", "after"),
    [
        (0o777, ["/srv/log root:root 0777"], 0o775),
        (0o775, [], 0o775),  # Ubuntu's, with the group syslog
        (0o1777, [], 0o1777),  # nobody can move what belongs to somebody else
    ],
)
def test_who_may_move_the_logs_away(tmp_path: Path, mode: int, said: list[str], after: int) -> None:
    host = auditd(tmp_path, "srv/log", 0, 0, mode)
    assert effective(file_mode, host, "audit-logs")["value"] == said
    apply(file_mode, host, [{"address": "audit-logs", "value": []}], "run")
    assert (tmp_path / "srv/log").stat().st_mode & 0o7777 == after


@root
def test_folders_above_the_place_to_which_a_link_leads(tmp_path: Path) -> None:
    host = auditd(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "srv/log").rename(tmp_path / "data/log")
    (tmp_path / "srv/log").symlink_to("../data/log")
    assert effective(file_mode, host, "audit-logs")["value"] == []
    (tmp_path / "data").chmod(0o777)
    assert effective(file_mode, host, "audit-logs")["value"] == ["/data root:root 0777"]
    apply(file_mode, host, [{"address": "audit-logs", "value": []}], "run")
    assert (tmp_path / "data").stat().st_mode & 0o7777 == 0o775


def access_list(*entries: tuple[int, int, int]) -> bytes:
    """A list as the kernel keeps it: a version, then tag, rights and number of each entry (posix_acl_xattr.h)."""
    usual = [(0x01, 6, 0xFFFFFFFF), (0x04, 4, 0xFFFFFFFF), (0x20, 0, 0xFFFFFFFF)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in sorted([*usual, *entries]))


@root
@pytest.mark.parametrize(
    ("entries", "words"),
    [
        # Agents that send logs on are let in like this: setfacl -m u:splunk:r
        ([(0x02, 4, 1000), (0x10, 4, 0xFFFFFFFF)], "the account 1000 may read it by an access list (setfacl)"),
        ([(0x08, 6, 50), (0x10, 6, 0xFFFFFFFF)], "the group staff may read and change it by an access list (setfacl)"),
        ([(0x08, 4, 4), (0x10, 4, 0xFFFFFFFF)], ""),  # adm may read them in any case
        ([(0x02, 4, 1000), (0x10, 0, 0xFFFFFFFF)], ""),  # the mask takes it away again
    ],
)
def test_who_may_read_the_logs_by_an_access_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: list[tuple[int, int, int]], words: str
) -> None:
    host = auditd(tmp_path)
    log = "/srv/log/audit/audit.log"
    monkeypatch.setattr(host, "access_list", lambda name: access_list(*entries) if name == log else b"")
    found = effective(file_mode, host, "audit-logs")["value"]
    assert found == ([f"{log} root:adm 0640, {words}"] if words else [])
    if words:
        with pytest.raises(ChangeRefused, match="setfacl -b"):
            file_mode.dry_run(host, [{"address": "audit-logs", "value": []}])


@root
@pytest.mark.parametrize("content", [b"\2\0\0", b"\3\0\0\0", access_list((0x02, 4, 1000))[:-3]])
def test_an_access_list_that_makes_no_sense_is_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    host = auditd(tmp_path)
    monkeypatch.setattr(host, "access_list", lambda _name: content)
    assert effective(file_mode, host, "audit-logs").get("code") == "malformed"


@root
def test_a_real_access_list_is_seen(tmp_path: Path) -> None:
    host = auditd(tmp_path)
    path = tmp_path / "srv/log/audit/audit.log"
    try:
        os.setxattr(path, "system.posix_acl_access", access_list((0x02, 4, 1000), (0x10, 4, 0xFFFFFFFF)))
    except OSError as problem:
        pytest.skip(f"the file system of this machine takes no access lists: {problem}")
    assert "the account 1000 may read it" in effective(file_mode, host, "audit-logs")["value"][0]
