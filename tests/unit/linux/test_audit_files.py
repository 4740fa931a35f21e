"""What a restart would bring back: the order of the files, and the lines at which auditctl stops."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import files as audit_files
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import kernel as audit_kernel

from tests.unit.linux.audit import RULES, machine
from tests.unit.linux.own import run

GOOD = "-w /etc/passwd -p wa -k identity"
# Lines, and whether auditctl 4.0.2 takes them. tests/services/test_audit_rules.py asks the real one.
TAKEN = [
    "-w /etc/passwd -p wa -k identity",
    "-w /etc/passwd -pwa -kident",
    "-w /etc/passwd -p WA",
    "-w /etc/not-there -p r",
    "-w /not-there -p wa",
    "-w /etc/with\\ blank -p wa",
    "-w /etc -p wa -F auid>=1000",
    "-a always,exit",
    "-a exit,always -S all",
    "-a exit,possible -S open",
    "-a always,exit -F dir=/etc/passwd -F perm=wa",
    "-a always,exit -F path=/etc/not-there -F perm=wa",
    "-a always,exit -F exe=/usr/bin/not-there -S open",
    "-a always,exit -F exe!=/usr/bin/true -S open",
    "-a always,exit -F arch=b64 -S open,,close -F key=",
    "-a always,exit -F arch=x86_64 -S 59 -k number",
    "-a always,exit -F arch=0xC000003E -S open -k elf",
    "-a always,exit -F subj_type=x -S open",
    "-a always,exit -S open -F a0=0x10 -F exit=-EACCES -F success=0",
    "-a always,exit -F auid=nobody -S open",
    "-a always,exit -F filetype=fifo -S open",
    "-a never,exclude -F msgtype=CWD -F auid=0",
    "-a always,exclude -F msgtype>=1300",
    "-a never,user -F uid=0",
    "-a task,never",
    "-a never,filesystem -F fstype=tracefs",
    "--backlog_wait_time 60000",
    "-b 8192",
    "-f 1",
    "   -f 1",
    "  # a comment after blanks",
]
REFUSED = [
    "-w relative -p wa",
    "-w /not-there/below -p wa",
    "-w /etc/passwd -p wz",
    "-w /etc/passwd -p rwxar",
    "-w /etc/passwd -p wa oops",
    "-w /etc/passwd -p wa -x",
    "-w",
    "-a always,exit -F dir=/not-there/ -F perm=wa",
    "-a always,exit -F path=/not-there/a -F perm=wa",
    "-a always,exit -F exe=/not-there/a -S open",
    "-a always,exit -F path=/etc/passwd/ -F perm=wa",
    "-a always,exit -F path=relative -F perm=wa",
    "-a always,exit -F path=/etc/a -F dir=/etc -F perm=wa",
    "-a always,exit -F path!=/etc/passwd -S all",
    "-a always,exit -F auid=no-such-person -S open",
    "-a always,exit -F success=no -S open",
    "-a always,exit -F auid>=1000 -k x",
    "-a always,exit -k foo",
    "-a always,exit -S open -F arch=b64",
    "-a always,exit -F arch=b64 -S no_such_call",
    "-a always,exit -F arch=b32 -S 4000",
    "-a always,exit -F arch=vax -S open",
    "-a always,exit -F filetype=blah -S open",
    "-a always,exit -F nofield=1 -S open",
    "-a always,exit -F auid -S open",
    "-a always,exit -S open -F",
    "-a always,exit -F exit=EWHAT -S open",
    "-a always,exit -C uid!=gid -S open",
    "-a always,exit -F msgtype=CWD -S open",
    "-a always,task -S open",
    "-a always,exclude -S open",
    "-a exit -S open",
    "-a possible,exit -S open",
    "-a always,sometimes -S open",
    "-F arch=b64 -a always,exit -S open",
    "-d always,exit -S open",
    "-W /etc/none",
    " -e 3",
    " -f 7",
    " -b many",
    "-R /etc/audit/other.rules",
    "nonsense",
]


def loaded(tmp_path: Path, files: dict[str, str], **more: str) -> Any:
    """What comes back after a restart with these files."""
    host = machine(tmp_path, files={f"{RULES}/{name}": text for name, text in files.items()} | more)
    made = audit_files.created_at_start(host)
    return audit_files.load(host, audit_kernel.machine(host, made), made)


def places(found: Any) -> list[str]:
    return [rule.place.rpartition("/")[2] for rule in found.rules]


def test_names_are_sorted_as_ls_does_it(tmp_path: Path) -> None:
    chance = random.Random(6)
    names = {"".join(chance.choices("019ab.-_~ZB", k=chance.randint(1, 7))) + ".rules" for _ in range(400)}
    names |= {"9.rules", "10.rules", "a.rules", "99-x.rules", "audit.rules", "010.rules", "10-a.b.rules", "10-a.rules"}
    names = {name for name in names if not name.startswith(".")}
    for name in names:
        (tmp_path / name).touch()
    listed = subprocess.run(["ls", "-1v", str(tmp_path)], capture_output=True, text=True, check=True).stdout.split()
    assert sorted(names, key=audit_files.natural) == listed


FILES = {
    "audit.rules": "-D\n-b 8192\n-f 1\n",
    "10-a.rules": "# one\n   # two\n\n-w /a\r\n -e 2\n\t-f 0\n-e 1\n-f2\n",
    "9-b.rules": "-w /b\n-D \n-D\n-e 0\n -D\n-b 1\n-bx\n--backlog_wait_time 5\n",
    "z.rules": "-w /z without a line end",
    ".hidden.rules": "-w /hidden\n",
    "two words.rules": "-w /words\n",
    "notes.txt": "-w /notes\n",
}


@pytest.mark.parametrize("awk", ["mawk", "gawk"])
def test_the_files_are_put_together_as_augenrules_does_it(tmp_path: Path, awk: str) -> None:
    script = f"""
import pathlib, shutil
shutil.rmtree("/etc/audit/rules.d", ignore_errors=True)
for name, text in {FILES!r}.items(): put("/etc/audit/rules.d/" + name, text)
pathlib.Path("/etc/audit/rules.d/zz-gone.rules").symlink_to("/nowhere")
pathlib.Path("/run/bin").mkdir(); pathlib.Path("/run/bin/awk").symlink_to(shutil.which({awk!r}))
subprocess.run(["augenrules"], env={{"PATH": "/run/bin:/usr/sbin:/usr/bin"}}, capture_output=True)
found["real"] = open("/etc/audit/audit.rules").read().splitlines()[1:]
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import files as audit_files
class WithAwk(Host):
    def link(self, name):
        return {awk!r} if name == "/usr/bin/awk" else super().link(name)
found["ours"] = [line for line, place in audit_files.lines(WithAwk())]
"""
    found = run(tmp_path, script, "augenrules", awk)
    assert [line for line in found["ours"] if line] == [line for line in found["real"] if line]


@pytest.mark.parametrize("line", TAKEN)
def test_a_line_that_auditctl_takes(tmp_path: Path, line: str) -> None:
    found = loaded(tmp_path, {"10.rules": f"{line}\n", "20.rules": "-w /etc/group -p wa\n"})
    assert (found.wrong, found.stopped) == ("", False)
    assert "20.rules, line 1" in places(found)


@pytest.mark.parametrize("line", REFUSED)
def test_a_line_at_which_auditctl_stops(tmp_path: Path, line: str) -> None:
    found = loaded(
        tmp_path, {"05.rules": f"{GOOD}\n", "10.rules": f"# \n{line}\n", "20.rules": "-w /etc/group -p wa\n"}
    )
    assert found.wrong.startswith(f"{RULES}/10.rules, line 2: ")
    assert places(found) == ["05.rules, line 1"]
    assert found.stopped


@pytest.mark.parametrize(("switch", "stopped"), [("-c", True), ("-i", False)])
def test_errors_are_passed_over_after_c_or_i(tmp_path: Path, switch: str, stopped: bool) -> None:
    found = loaded(tmp_path, {"05.rules": f"{switch}\n", "10.rules": "nonsense\n", "20.rules": f"{GOOD}\n"})
    assert places(found) == ["20.rules, line 1"]
    assert found.stopped == stopped  # auditctl ends with an error after -c, and with none after -i
    assert found.carries_on == f"{RULES}/05.rules, line 1"


def test_c_behind_the_first_rule_comes_too_late_for_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"05.rules": f"{GOOD}\n-c\n"}).carries_on == ""


def test_the_same_rule_twice_stops_the_loading(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"10.rules": f"{GOOD}\n", "20.rules": f"{GOOD}\n", "30.rules": "-w /etc/group\n"})
    assert "20.rules, line 1: the same rule is there already" in found.wrong
    assert places(found) == ["10.rules, line 1"]


@pytest.mark.parametrize("second", [GOOD.replace("identity", "other"), GOOD.replace("wa", "wxa"), "-w /etc/group"])
def test_another_rule_does_not(tmp_path: Path, second: str) -> None:
    assert not loaded(tmp_path, {"10.rules": f"{GOOD}\n", "20.rules": f"{second}\n"}).wrong


def test_an_indented_e_2_locks_early(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"10.rules": f"{GOOD}\n -e 2\n", "20.rules": "-w /etc/group\n"})
    assert "20.rules, line 1: an earlier -e 2 has locked the rules" in found.wrong
    assert places(found) == ["10.rules, line 1"]
    assert not loaded(tmp_path, {"10.rules": f"{GOOD}\n-e 2\n"}).wrong  # this one goes to the end


def test_a_d_with_a_blank_behind_it_deletes_what_came_before(tmp_path: Path) -> None:
    assert places(loaded(tmp_path, {"10.rules": f"{GOOD}\n", "90.rules": "-D \n-w /etc/group\n"})) == [
        "90.rules, line 2"
    ]


def test_a_d_with_a_key_deletes_that_key(tmp_path: Path) -> None:
    assert places(loaded(tmp_path, {"10.rules": f"{GOOD}\n-w /etc/group -k x\n-D -k ident\n"})) == ["10.rules, line 2"]


@pytest.mark.parametrize(
    "delete", ["-W /etc/passwd -p wa -k identity", "-d exit,always -F path=/etc/passwd -F perm=wa -k identity"]
)
def test_a_rule_can_be_deleted_again(tmp_path: Path, delete: str) -> None:
    assert places(loaded(tmp_path, {"10.rules": f"{GOOD}\n{delete}\n"})) == []


def test_a_folder_below_run_needs_a_line_for_tmpfiles(tmp_path: Path) -> None:
    rule = "-a always,exit -F dir=/run/faillock -F perm=wa\n"
    files = {"10.rules": rule}
    made = {"/run/faillock/ada": "", "/run/systemd/x": ""}
    assert "/run/faillock is missing when the rules are loaded" in loaded(tmp_path / "a", files, **made).wrong
    made["/usr/lib/tmpfiles.d/pam.conf"] = "d! /var/run/faillock 0755 root root -\n"
    assert not loaded(tmp_path / "b", files, **made).wrong
    masked: dict[str, Any] = {**made, "/etc/tmpfiles.d/pam.conf": None}
    assert "missing" in loaded(tmp_path / "c", files, **masked).wrong
    assert not loaded(tmp_path / "d", {"10.rules": "-w /run/systemd -p wa\n"}, **made).wrong


def test_a_watch_of_a_folder_that_is_not_there_yet_is_for_a_file(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"10.rules": "-w /run/faillock/ -p wa\n"}, **{"/run/faillock/ada": ""})
    assert [rule.object for rule in found.rules] == [("path", "/run/faillock")]


def test_a_line_that_is_too_long(tmp_path: Path) -> None:
    assert "longer than auditctl reads" in loaded(tmp_path, {"10.rules": f"-w /etc/passwd -k {'x' * 7000}\n"}).wrong
