"""Owners and modes, accounts without a password, and the label."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import accounts, device_label, file_mode
from ansible_collections.leeboard.schools.plugins.module_utils._linux.change import ChangeRefused, apply

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
        file_mode.rehearse(host, [{"address": address, "value": value}])


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


@pytest.mark.parametrize("label", ["", "  ", "two\nlines", "x" * 201, 3, "bell\a"])
def test_what_is_no_label(tmp_path: Path, label: object) -> None:
    with pytest.raises(ChangeRefused, match="a label is one line"):
        device_label.rehearse(folder(tmp_path), [{"address": "label", "value": label}])
