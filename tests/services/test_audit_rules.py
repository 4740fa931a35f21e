"""The audit rules with the real auditctl, augenrules and kernel, in a private copy of this machine's /etc.

The kernel's rules are the whole machine's: the tests take them away again, also those of a run that was killed, and
stay away from a kernel that has rules of somebody else or is locked. Nothing here locks it (-e 2).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leeboard.model.enums import Platform
from leeboard.policy.load import load
from tests.unit.linux.own import run
from tests.unit.linux.test_audit_files import REFUSED, TAKEN

# Says, while a test runs, that the rules in the kernel are a test's, with the start of the machine that they are of.
MARK = Path("/run/leeboard-test-audit-rules")
SAFE = [line for line in TAKEN if "task" not in line]  # nobody else's programs must go unrecorded meanwhile
ADDRESSES = load().addresses(Platform.LINUX)["audit_rules"]
PROLOGUE = f"""
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import files as audit_files
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import kernel as audit_kernel
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import rules as audit_rules
WANTED = {{"privileged": [], "continue": True}}
ADDRESSES = [one for one in {ADDRESSES!r} if one not in ("locked", "daemon", "sign-in-records")]

def wrong(searching=True):
    found = audit_rules.observe(Host(), [one for one in ADDRESSES if searching or one != "privileged"])
    return {{one: said["effective"] for one, said in found.items() if said["effective"].get("value") not in (True, [])}}

def roll_out(searching=True):
    todo = [one for one, said in wrong(searching).items() if said["state"] != "absent" or "/run/" in one]
    changes = [{{"address": one, "value": WANTED.get(one, True)}} for one in todo]
    return apply(audit_rules, Host(), changes, "run") if changes else {{"changed": False}}

def auditctl(*words):
    return subprocess.run(["auditctl", *words], capture_output=True, text=True)
"""


def auditctl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["auditctl", *words], capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def _kernel() -> Iterator[None]:
    if os.geteuid() != 0 or not shutil.which("auditctl"):
        pytest.skip("needs root and auditd's programs")
    start = Path("/proc/sys/kernel/random/boot_id").read_text()
    with MARK.open("a+") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)  # other tests of the same kernel take turns
        mark.seek(0)
        if mark.read() == start:
            _put_away()
        if "enabled 0" not in auditctl("-s").stdout or auditctl("-l").stdout != "No rules\n":
            pytest.skip("the kernel of this machine takes no rules, or has some already")
        mark.truncate(0)
        mark.write(start)
        mark.flush()
        yield
        _put_away()
        mark.truncate(0)


def _put_away() -> None:
    auditctl("-D")
    auditctl("-e", "0")


def audit(tmp_path: Path, script: str) -> Any:
    """What a script leaves in `found`, with auditing switched on."""
    return run(tmp_path, PROLOGUE + 'auditctl("-e", "1")\n' + script, "augenrules", "systemd-tmpfiles")


def test_the_lines_that_it_takes_and_refuses_are_those_that_we_think(tmp_path: Path) -> None:
    script = f"""
for line in {[*SAFE, *REFUSED]!r}:
    put("/run/one.rules", line + "\\n")
    done = auditctl("-R", "/run/one.rules")
    auditctl("-D"); auditctl("-e", "1")
    found[line] = done.returncode
"""
    found = audit(tmp_path, script)
    assert [line for line in SAFE if found[line]] == []
    assert [line for line in REFUSED if not found[line]] == []


@pytest.mark.full
def test_a_roll_out_brings_every_rule_and_a_second_one_changes_nothing(tmp_path: Path) -> None:
    script = """
found["before"] = sorted(wrong())
first = roll_out()
found["first"], found["left"] = first["changed"], {one: said for one, said in wrong().items()}
found["second"] = roll_out()["changed"]
found["check"] = subprocess.run(["augenrules", "--check"], capture_output=True, text=True).stdout
auditctl("-D")
found["emptied"] = len([said for said in wrong(searching=False).values() if said["state"] == "value"])
found["reloaded"] = roll_out()["changed"]
found["after"] = len([said for said in wrong(searching=False).values() if said["state"] == "value"])
"""
    found = audit(tmp_path, script)
    assert len(found["before"]) > 40
    assert found["first"] is True
    # A program that anybody could take away gets no rule: where this machine has one, it stays in the report.
    elsewhere = found["left"].pop("privileged", {"value": []})["value"]
    assert not [path for path in elsewhere if path.startswith(("/usr/", "/bin/", "/sbin/", "/opt/"))]
    assert {said["state"] for said in found["left"].values()} <= {"absent"}, found["left"]
    assert found["second"] is False
    assert "No change" in found["check"]
    assert found["emptied"] > 30
    assert (found["reloaded"], found["after"]) == (True, 0)


SCHOOL = """-w /etc/passwd -p wxa -k school
-w /etc/pam.d/ -p wa
-a exit,always -F arch=b64 -S clock_settime -S settimeofday -S adjtimex -k time
-a exit,always -F arch=b32 -S clock_settime -S settimeofday -S adjtimex -k time
-a always,exit -F dir=/home/ -F uid=0 -C obj_uid!=auid -k homes
-a always,exit -F arch=b64 -S execve -C uid!=euid -F auid!=4294967295 -k who
-a always,exit -F arch=b32 -S execve -C uid!=euid -F auid!=-1 -k who
"""
SAME = [
    "-F path=/etc/passwd -F perm=wa -F key=identity",
    "-F dir=/etc/pam.d -F perm=wa -F key=identity",
    "-S adjtimex,settimeofday,clock_settime -F key=time-change",
    "-F dir=/home/ -F uid=0 -F auid>=1000 -F auid!=unset -C auid!=obj_uid -F key=admin_home_user",
    "-S execve -C euid!=uid -F auid!=unset -F key=user_emulation",
]


def test_rules_in_a_schools_own_spelling_count(tmp_path: Path) -> None:
    script = f"""
put("/etc/audit/rules.d/60-school.rules", {SCHOOL!r})
found["loaded"] = subprocess.run(["augenrules", "--load"], capture_output=True).returncode
found["said"] = {{one: said["effective"]["value"] for one, said in audit_rules.observe(Host(), {SAME!r}).items()}}
"""
    found = audit(tmp_path, script)
    assert found == {"loaded": 0, "said": dict.fromkeys(SAME, True)}


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        pytest.param(
            "sed -i '/arch=b32.*etc.passwd/d' /etc/audit/rules.d/*; augenrules --load", "32-bit", id="b32 gone"
        ),
        pytest.param("auditctl -e 0", "switched off in the kernel", id="enabled 0"),
        pytest.param("auditctl -D; auditctl -a never,task", "no rule", id="emptied, and never"),
        pytest.param(
            "echo '-a never,exit -F uid=0' >/etc/audit/rules.d/01-quiet.rules; augenrules --load",
            "comes first",
            id="never",
        ),
        pytest.param(
            "echo '-a always,exclude -F msgtype=PATH' >/etc/audit/rules.d/01-q.rules; augenrules --load",
            "PATH",
            id="exclude",
        ),
        pytest.param("echo '-w /gone/x -p wa' >/etc/audit/rules.d/01-x.rules", "/gone is missing", id="bad line"),
        pytest.param("rm /etc/tmpfiles.d/leeboard-audit.conf", "/run/faillock is missing", id="tmpfiles"),
    ],
)
def test_what_somebody_broke_is_found(tmp_path: Path, broken: str, words: str) -> None:
    script = f"""
roll_out(searching=False)
subprocess.run(["sh", "-c", {broken!r}], capture_output=True)
found = wrong(searching=False)[{SAME[0]!r}]
"""
    found = audit(tmp_path, script)
    assert found["value"] is False
    assert words in found["note"]


def test_system_calls_are_those_that_ausyscall_knows(tmp_path: Path) -> None:
    script = """
pc = audit_kernel.machine(Host(), set())
found["native"], found["calls"] = pc.native, sum(name in pc.calls[pc.native] for name in ("openat", "execve", "mount"))
"""
    assert audit(tmp_path, script) == {"native": "b64", "calls": 3}
