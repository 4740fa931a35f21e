"""The search for setuid programs: where it looks, and what it makes of what find says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import rules as audit_rules
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed

from tests.unit.linux.audit import RULES, asked, machine, reading
from tests.unit.linux.test_audit_rules import PASSWD, WATCH, slow


def test_programs_that_no_rule_records(tmp_path: Path) -> None:
    found = Completed(0, "/usr/bin/su\0/usr/bin/chsh\0/opt/a b/c\0", "")
    rules = "-a always,exit -F path=/usr/bin/chsh -F perm=x\n"
    loaded = f"{rules}-a always,exit -S all -F path=/opt/a b/c -F perm=x -F auid>=1000 -F key=p\n"
    disk = f"{rules}-a always,exit -F path=/opt/a\\ b/c -F perm=x\n"
    files = {f"{RULES}/10.rules": disk, "/opt/a b/c": ""}
    found_here = reading(machine(tmp_path, loaded, files, **{"find /": found}), "privileged")
    assert found_here["effective"]["value"] == ["/usr/bin/su"]
    assert found_here["configured"]["value"] == ["/usr/bin/su"]


def test_only_local_file_systems_that_take_other_rights_are_searched(tmp_path: Path) -> None:
    mounts = (
        "/dev/sda1 / ext4 rw 0 0\n/dev/sda2 /srv/my\\040files xfs rw 0 0\nserver:/x /net nfs4 rw 0 0\n"
        "tmpfs /tmp tmpfs rw,nosuid 0 0\n/dev/sda3 /data ext4 rw,noexec 0 0\nproc /proc proc rw 0 0\n"
        "overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0\n/dev/loop1 /snap/core22/1 squashfs ro 0 0\n"
        "/dev/sda4 /late ext4 rw 0 0\n/dev/sda4 /late ext4 rw,nosuid 0 0\n"
    )
    host = machine(tmp_path, files={"/proc/self/mounts": mounts})
    reading(host, "privileged")
    assert next(one for one in asked(host) if one.startswith("find")).startswith("find / /srv/my files -xdev -path")


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Completed(0, "/usr/bin/su\0/usr/bin/s", ""), "failed"),
        (Completed(1, "", "find: '/x': Permission denied\n"), "failed"),
        (Completed(0, "", ""), "failed"),
        (slow, "timeout"),
    ],
)
def test_a_search_that_breaks_off_costs_only_itself(tmp_path: Path, found: Any, code: str) -> None:
    host = machine(tmp_path, WATCH, {f"{RULES}/10.rules": WATCH}, **{"find /": found})
    readings = audit_rules.observe(host, [PASSWD, "privileged"])
    assert readings["privileged"]["effective"]["code"] == code
    assert readings[PASSWD]["effective"]["value"] is True


SSHFS = "/dev/sda1 / ext4 rw 0 0\nada@server: /home/ada/my\\040files fuse.sshfs rw,nosuid,nodev,user_id=1000 0 0\n"


@pytest.mark.parametrize(
    ("complaint", "found"),
    [
        ("find: '/home/ada/my files': Permission denied\n", ["/usr/bin/su"]),
        ("find: '/home/ada/my files': Transport endpoint is not connected\n", ["/usr/bin/su"]),
        ("find: '/home/ada': Input/output error\n", None),
    ],
)
def test_what_people_mounted_for_themselves_is_no_trouble(tmp_path: Path, complaint: str, found: Any) -> None:
    files = {"/proc/self/mounts": SSHFS}
    host = machine(tmp_path, files=files, **{"find /": Completed(1, "/usr/bin/su\0", complaint)})
    assert reading(host, "privileged")["effective"].get("value") == found


@pytest.mark.parametrize("also", ["", "/dev/sda1 /srv ext4 rw 0 0\n"])
def test_a_machine_whose_programs_are_not_searched_is_not_without_any(tmp_path: Path, also: str) -> None:
    files = {"/proc/self/mounts": f"server:/root / nfs4 rw 0 0\nproc /proc proc rw 0 0\n{also}"}
    assert reading(machine(tmp_path, files=files), "privileged")["effective"]["code"] == "failed"


def test_what_vanishes_while_the_search_runs(tmp_path: Path) -> None:
    gone = Completed(1, "/usr/bin/su\0", "find: '/tmp/x': No such file or directory\n")
    assert reading(machine(tmp_path, **{"find /": gone}), "privileged")["effective"]["value"] == ["/usr/bin/su"]
