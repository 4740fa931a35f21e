"""Which rules record what is asked, and which keep it from being recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import cover as audit_cover
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import kernel as audit_kernel
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit.rule import BadLine, Machine, read
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit.state import (
    is_address,
    rule_text,
    wanted_rule,
)

from tests.unit.linux.audit import machine

PASSWD = "-F path=/etc/passwd -F perm=wa -F key=identity"
PAM = "-F dir=/etc/pam.d -F perm=wa -F key=identity"
CHMOD = "-S chmod,fchmod,fchmodat,fchmodat2 -F auid>=1000 -F auid!=unset -F key=perm_mod"
DELETE = "-S unlink,unlinkat -F auid>=1000 -F auid!=unset -F key=delete"
OPEN = "-S open,openat -F exit=-EACCES -F auid>=1000 -F auid!=unset -F key=access"
HOMES = "-F dir=/home/ -F uid=0 -F auid>=1000 -F auid!=unset -C auid!=obj_uid -F key=admin_home_user"
EXECVE = "-S execve -C euid!=uid -F auid!=unset -F key=user_emulation"
KMOD = "-F path=/usr/bin/kmod -F perm=x -F auid>=1000 -F auid!=unset -F key=kernel_modules"
STICKS = "-S mount,move_mount -F exe=/usr/libexec/udisks2/udisksd -F key=mounts"
CLOCK = "-S adjtimex,settimeofday,clock_settime -F key=time-change"
# auditctl -l of 4.0.2 (Debian 13) after `-a always,exit -F arch=b64 -F path=/etc/passwd -F perm=wa -F key=identity`,
# and after the same for b32.
LISTED_64 = (
    "-a always,exit -F arch=b64 -S open,bind,truncate,ftruncate,rename,mkdir,rmdir,creat,link,unlink,symlink,chmod,"
    "fchmod,chown,fchown,lchown,mknod,acct,swapon,quotactl,setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr,"
    "openat,mkdirat,mknodat,fchownat,unlinkat,renameat,linkat,symlinkat,fchmodat,fallocate,renameat2,openat2 "
    "-F path=/etc/passwd -F perm=wa -F key=identity"
)
LISTED_32 = (
    "-a always,exit -F arch=b32 -S open,creat,link,unlink,mknod,chmod,lchown,rename,mkdir,rmdir,acct,symlink,swapon,"
    "truncate,ftruncate,fchmod,fchown,quotactl,chown,setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr,"
    "openat,mkdirat,mknodat,fchownat,unlinkat,renameat,linkat,symlinkat,fchmodat,fallocate,renameat2,bind,openat2 "
    "-F path=/etc/passwd -F perm=wa -F key=identity"
)


@pytest.fixture(name="pc")
def _pc(tmp_path: Path) -> Machine:
    found: Machine = audit_kernel.machine(machine(tmp_path), set())
    return found


def both(rule: str) -> list[str]:
    """A rule for each architecture of a PC."""
    return [f"-a always,exit -F arch={bits} {rule}" for bits in ("b64", "b32")]


def answer(pc: Machine, address: str, lines: list[str]) -> audit_cover.Answer:
    rules = audit_cover.Rules([read(line, pc, f"line {at}") for at, line in enumerate(lines, 1)])
    found: audit_cover.Answer = audit_cover.answer(wanted_rule(address, pc), rules, pc)
    return found


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        pytest.param(PASSWD, both(PASSWD), id="as asked"),
        pytest.param(PASSWD, [LISTED_64, LISTED_32], id="as auditctl 4.0.2 lists it"),
        pytest.param(
            PASSWD,
            [
                # auditctl-listing.c of 3.1.2 (Ubuntu 24.04): perm brings no system calls, so the list says all.
                "-a always,exit -F arch=b64 -S all -F path=/etc/passwd -F perm=wa -F key=identity",
                "-a always,exit -F arch=b32 -S all -F path=/etc/passwd -F perm=wa -F key=identity",
            ],
            id="as auditctl 3.1.2 lists it",
        ),
        pytest.param(PASSWD, ["-w /etc/passwd -p wa -k identity"], id="watch"),
        pytest.param(PASSWD, ["-w /etc/passwd -p aw -k own-key"], id="other order of letters, own key"),
        pytest.param(PASSWD, ["-w /etc/passwd"], id="watch without -p is for everything"),
        pytest.param(PASSWD, ["-w /etc/passwd -p w", "-w /etc/passwd -p a"], id="one rule a letter"),
        pytest.param(PASSWD, ["-w /etc/pam.d/../passwd -pwxa -kid"], id="options without a blank"),
        pytest.param(PASSWD, ["-a exit,always -F path=/etc/passwd -F perm=rwa"], id="exit,always and no arch"),
        pytest.param(PASSWD, ["-w /etc/ -p wa"], id="the folder above"),
        pytest.param(PASSWD, ["-a always,exit -F dir=/etc/ -F perm=wa -F auid>=0"], id="a limit that limits nothing"),
        pytest.param(PASSWD, ["-a always,exit -F path=/etc/passwd"], id="every access to it"),
        pytest.param(PASSWD, ["-a always,exit -S all"], id="everything"),
        pytest.param(PASSWD, both("-F perm=wa -F path=/etc/passwd -k x"), id="other order of fields"),
        pytest.param(PAM, ["-w /etc/pam.d/ -p wa -k identity"], id="watch of a folder"),
        pytest.param(PAM, both("-F dir=/etc/pam.d/ -F perm=wa"), id="slash at the end of dir"),
        pytest.param(CHMOD, both("-S fchmodat2,fchmodat,fchmod,chmod -F auid!=-1 -F auid>=1000"), id="order of calls"),
        pytest.param(
            CHMOD,
            both("-S chmod -S fchmod -S fchmodat -S fchmodat2 -F auid>=1000 -F auid!=4294967295 -k x"),
            id="-S each, -1 as a number",
        ),
        pytest.param(
            CHMOD,
            [*both("-S chmod,fchmod -F auid>=1000 -F auid!=unset"), *both("-S fchmodat,fchmodat2 -F auid>=1000")],
            id="two rules together",
        ),
        pytest.param(CHMOD, both("-S all -F auid>=500"), id="a wider limit, more calls"),
        pytest.param(OPEN, both("-S open,openat,openat2 -F success=0"), id="every failure"),
        pytest.param(OPEN, both("-S open,openat -F exit=-13 -F auid>=1000 -F auid!=-1"), id="errors by number"),
        pytest.param(OPEN, both("-S open,openat -F auid>=1000"), id="successes as well"),
        pytest.param(
            HOMES,
            ["-a always,exit -S all -F dir=/home -F uid=0 -F auid>=1000 -F auid!=-1 -C obj_uid!=auid"],
            id="comparison turned round, as listed",
        ),
        pytest.param(HOMES, ["-a always,exit -F dir=/home/ -F uid=0 -C auid!=obj_uid -k admin_home_user"], id="NCSC"),
        pytest.param(EXECVE, both("-S execve -C uid!=euid -F auid!=-1"), id="as auditctl lists it"),
        pytest.param(
            CLOCK,
            [
                "-a always,exit -F arch=b64 -S adjtimex,settimeofday,clock_settime -k t",
                "-a always,exit -F arch=i386 -S 124,79,264 -k t",
            ],
            id="by number, arch by name",
        ),
        pytest.param(PASSWD, ["-a always,exit -F arch!=b32 -S all", "-a always,exit -F arch=b32 -S all"], id="arch!="),
        pytest.param(PASSWD, ["-a never,exit -F path=/etc/group", *both(PASSWD)], id="never for another file"),
        pytest.param(PASSWD, [*both(PASSWD), "-a never,exit -F path=/etc/passwd"], id="never comes later"),
        pytest.param(PASSWD, ["-a never,exit -F perm=rx -F path=/etc/passwd", *both(PASSWD)], id="never for reading"),
        pytest.param(CLOCK, ["-a never,exit -F dir=/home", *both(CLOCK)], id="never for files, and a clock is none"),
        pytest.param(CHMOD, ["-a never,exit -S adjtimex", *both(CHMOD)], id="never for other calls"),
        pytest.param(CHMOD, ["-a never,exit -S all -F auid=unset", *both(CHMOD)], id="never for those not asked for"),
        pytest.param(OPEN, ["-a never,exit -S all -F exit=-ENOENT", *both(OPEN)], id="never for another error"),
        pytest.param(
            HOMES, ["-a never,exit -F arch=b64 -S adjtimex", *both(HOMES)], id="never for a call without files"
        ),
        pytest.param(PASSWD, ["-a always,exclude -F msgtype=CWD", *both(PASSWD)], id="CWD is thrown away"),
        pytest.param(CLOCK, ["-a always,exclude -F msgtype=PATH", *both(CLOCK)], id="PATH says nothing of a clock"),
        pytest.param(
            PASSWD, ["-a always,exclude -F msgtype=EXECVE", *both(PASSWD)], id="EXECVE says nothing of a written file"
        ),
        pytest.param(
            DELETE, ["-a always,exclude -F msgtype=EXECVE", *both(DELETE)], id="EXECVE says nothing of a deleted file"
        ),
        pytest.param(PASSWD, ["-a never,filesystem -F fstype=tracefs", *both(PASSWD)], id="file systems of the kernel"),
    ],
)
def test_it_is_recorded(pc: Machine, address: str, lines: list[str]) -> None:
    found = answer(pc, address, lines)
    assert not found.missing
    assert not found.notes


@pytest.mark.parametrize(
    ("address", "lines", "words"),
    [
        pytest.param(PASSWD, [], "no rule records perm=a for 64-bit programs", id="nothing"),
        pytest.param(PASSWD, both(PASSWD)[:1], "32-bit programs", id="64 bit only"),
        pytest.param(PASSWD, both(PASSWD)[1:], "64-bit programs", id="32 bit only"),
        pytest.param(PASSWD, ["-w /etc/passwd -p a"], "perm=w", id="no writing"),
        pytest.param(PASSWD, ["-w /etc/passwd -p rx"], "perm=a", id="reading only"),
        pytest.param(PASSWD, ["-w /etc/passwd- -p wa"], "no rule", id="another file"),
        pytest.param(PASSWD, ["-a always,exit -F path=/etc -F perm=wa"], "no rule", id="the folder itself only"),
        pytest.param(PASSWD, both("-S unlink -F path=/etc/passwd -F perm=wa"), "perm=a", id="one call only"),
        pytest.param(PASSWD, ["-w /etc/passwd -p wa -F auid>=1000"], "no rule", id="people only"),
        pytest.param(PASSWD, ["-w /etc/passwd -p wa -F success=0"], "no rule", id="failures only"),
        pytest.param(PASSWD, ["-w /etc/passwd -p wa -F uid!=0"], "no rule", id="all but root"),
        pytest.param(PAM, ["-a always,exit -F path=/etc/pam.d -F perm=wa"], "no rule", id="path in place of dir"),
        pytest.param(PAM, ["-w /etc/pam.d/login -p wa"], "no rule", id="one file of the folder"),
        pytest.param(
            CHMOD, ["-a always,exit -S chmod,fchmod,fchmodat,fchmodat2 -F auid>=1000"], "32-bit", id="no arch"
        ),
        pytest.param(CHMOD, both("-S chmod,fchmod,fchmodat -F auid>=1000"), "fchmodat2", id="the new call is missing"),
        pytest.param(CHMOD, both(CHMOD.replace("1000", "2000")), "no rule", id="a narrower limit"),
        pytest.param(CHMOD, both(CHMOD.replace("auid>=1000", "auid=1000")), "no rule", id="one account"),
        pytest.param(CHMOD, both(CHMOD.replace("auid!=unset", "auid=unset")), "no rule", id="daemons only"),
        pytest.param(CHMOD, both(f"{CHMOD} -F dir=/etc"), "no rule", id="one folder"),
        pytest.param(CHMOD, both(f"{CHMOD} -F exe=/usr/bin/chmod"), "no rule", id="one program"),
        pytest.param(OPEN, both(OPEN.replace("EACCES", "EPERM")), "no rule", id="another error"),
        pytest.param(OPEN, both("-S open,openat -F success=1"), "no rule", id="successes only"),
        pytest.param(HOMES, both(f"-S openat {HOMES}"), "all that is asked", id="one call"),
        pytest.param(HOMES, both(HOMES.replace("auid!=obj_uid", "uid!=obj_uid")), "all", id="another comparison"),
        pytest.param(HOMES, both(HOMES.replace("/home/", "/home/ada")), "all", id="one home"),
        pytest.param(EXECVE, both(EXECVE.replace("euid!=uid", "euid=uid")), "execve", id="equal in place of not"),
        pytest.param(PASSWD, ["-a never,exit -F path=/etc/passwd", *both(PASSWD)], "line 1 comes first", id="never"),
        pytest.param(PASSWD, [*both(PASSWD), "-A never,exit -F dir=/etc"], "", id="prepended later (kernel's order)"),
        pytest.param(PASSWD, ["-a never,exit -F auid>=1000", *both(PASSWD)], "line 1", id="never for people"),
        pytest.param(PASSWD, ["-a never,exit -F uid=0", *both(PASSWD)], "line 1", id="never for root"),
        pytest.param(PASSWD, ["-a never,exit -F arch=b32 -S all", *both(PASSWD)], "line 1", id="never for 32 bit"),
        pytest.param(PASSWD, ["-a never,exit -S openat -F success=1", *both(PASSWD)], "line 1", id="never successes"),
        pytest.param(
            PAM, ["-a never,exit -F path=/etc/pam.d/su", *both(PAM)], "line 1", id="never for one of the files"
        ),
        pytest.param(DELETE, ["-a never,exit -F dir=/home", *both(DELETE)], "line 1", id="never for all homes"),
        pytest.param(DELETE, ["-a never,exit -F gid=100", *both(DELETE)], "line 1", id="never for a group of people"),
        pytest.param(KMOD, ["-a never,exit -F exe=/usr/bin/kmod", *both(KMOD)], "line 1", id="never for the program"),
        pytest.param(STICKS, ["-a never,exit -F auid=unset", *both(STICKS)], "line 1", id="never for daemons"),
        pytest.param(PASSWD, ["-a task,never", *both(PASSWD)], "new programs", id="task,never"),
        pytest.param(PASSWD, ["-a never,task -F uid=0", *both(PASSWD)], "new programs", id="root's programs"),
        pytest.param(
            CLOCK, ["-a always,exclude -F msgtype=SYSCALL", *both(CLOCK)], "SYSCALL", id="SYSCALL thrown away"
        ),
        pytest.param(PASSWD, ["-a never,exclude -F msgtype=PATH", *both(PASSWD)], "PATH", id="PATH thrown away"),
        pytest.param(
            PASSWD, ["-a always,exclude -F msgtype>=1300 -F msgtype<=1399", *both(PASSWD)], "SYSCALL", id="range"
        ),
        pytest.param(PASSWD, ["-a always,exclude -F uid=0", *both(PASSWD)], "SYSCALL", id="all records of root"),
        pytest.param(
            EXECVE, ["-a always,exclude -F msgtype=EXECVE", *both(EXECVE)], "EXECVE", id="arguments thrown away"
        ),
        pytest.param(
            KMOD, ["-a always,exclude -F msgtype=EXECVE", *both(KMOD)], "EXECVE", id="arguments of one program"
        ),
        pytest.param(PASSWD, ["-a never,filesystem -F fstype=0xEF53", *both(PASSWD)], "file system", id="all of ext4"),
    ],
)
def test_it_is_not_recorded(pc: Machine, address: str, lines: list[str], words: str) -> None:
    if any(line.startswith("-A") for line in lines):
        lines = [line for line in lines if line.startswith("-A")] + [line for line in lines if line.startswith("-a")]
        words = "line 1 comes first"
    assert words in answer(pc, address, lines).missing


@pytest.mark.parametrize(
    ("address", "first"),
    [
        pytest.param(PASSWD, "-a never,exit -F exe=/usr/sbin/cron", id="one program"),
        pytest.param(PASSWD, "-a never,exit -F auid=1000 -F path=/etc/passwd", id="one person"),
        pytest.param(PASSWD, "-a never,exit -S all -F auid=unset", id="daemons"),
        pytest.param(PASSWD, "-a never,exit -F subj_type=crond_t", id="one domain"),
        pytest.param(PASSWD, "-a always,exclude -F exe=/usr/sbin/cron", id="all records of one program"),
        pytest.param(CLOCK, "-a never,exit -F arch=b64 -S adjtimex -F auid=unset -F uid=998", id="chrony"),
        pytest.param(DELETE, "-a never,exit -F dir=/home/ada/.cache", id="one deep folder"),
        pytest.param(DELETE, "-a never,exit -F dir=/etc -F uid=0", id="one folder that people do not work in"),
        pytest.param(CHMOD, "-a never,task -F uid=998", id="programs of one daemon"),
    ],
)
def test_what_leaves_out_little_is_only_named(pc: Machine, address: str, first: str) -> None:
    found = answer(pc, address, [first, *both(address)])
    assert not found.missing
    assert found.notes == ["line 1 leaves out some of it"]


def test_links_above_a_path_are_followed(tmp_path: Path) -> None:
    host = machine(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to("../run")
    pc = audit_kernel.machine(host, set())
    address = "-F path=/var/run/utmp -F perm=wa -F key=session"
    assert not answer(pc, address, ["-w /run/utmp -p wa"]).missing
    assert not answer(pc, address, ["-w /var/run/utmp -p wa"]).missing


def test_system_calls_are_those_that_the_machine_has(tmp_path: Path) -> None:
    pc = audit_kernel.machine(machine(tmp_path / "pc"), set())
    arm = audit_kernel.machine(machine(tmp_path / "arm", native="aarch64"), set())
    assert (
        rule_text("-S creat,openat,unheard_of -F key=x", pc, "b32")
        == "-a always,exit -F arch=b32 -S creat,openat -F key=x"
    )
    assert rule_text("-S creat,openat -F key=x", arm, "b64") == "-a always,exit -F arch=b64 -S openat -F key=x"
    assert list(arm.calls) == ["b64"]
    assert rule_text("-S unheard_of -F key=x", pc, "b64") == ""
    assert not wanted_rule("-S unheard_of -F key=x", pc).calls


@pytest.mark.parametrize("text", ["-w /etc/passwd", "-a always,exit -S all", "-F arch=b64", "-D", "x", "-F", "-e 2"])
def test_no_address(text: str) -> None:
    assert not is_address(text)


def test_an_own_word_is_a_bad_line(pc: Machine) -> None:
    with pytest.raises(BadLine, match="belongs to no option"):
        read("-a always,exit -S all rest", pc)
