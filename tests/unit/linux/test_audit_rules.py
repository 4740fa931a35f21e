"""The driver: what it says of a machine, and what it makes of bad input."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import rules as audit_rules
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.visit import visit

from tests.unit.linux.audit import RULES, STATUS, asked, machine, reading
from tests.unit.linux.folder import folder

PASSWD = "-F path=/etc/passwd -F perm=wa -F key=identity"
PAM = "-F dir=/etc/pam.d -F perm=wa -F key=identity"
CLOCK = "-S adjtimex,settimeofday,clock_settime -F key=time-change"
FAILLOCK = "-F dir=/run/faillock -F perm=wa -F key=logins"
WATCH = "-w /etc/passwd -p wa -k identity\n"
OURS = f"{RULES}/50-leeboard.rules"


@pytest.mark.parametrize(
    ("kernel", "disk", "enabled", "configured", "effective", "running", "words"),
    [
        pytest.param(WATCH, WATCH, 1, True, True, None, "", id="both"),
        pytest.param("", "", 1, False, False, None, "no rule records perm=a", id="neither"),
        pytest.param("", WATCH, 1, True, False, None, "no rule records perm=a", id="not loaded"),
        pytest.param(WATCH, "", 1, False, False, None, "would not be after a restart", id="gone after a restart"),
        pytest.param("", WATCH, 2, True, True, False, "", id="waits for a restart"),
        pytest.param(WATCH, WATCH, 2, True, True, None, "", id="locked"),
        pytest.param(WATCH, "", 2, False, False, None, "would not be after a restart", id="locked, not on disk"),
        pytest.param(WATCH, WATCH, 0, True, False, None, "switched off in the kernel", id="enabled 0"),
        pytest.param(WATCH, WATCH + "-e 0\n", 1, False, False, None, "line 2 switches auditing off", id="-e 0 on disk"),
        pytest.param(
            WATCH, WATCH + "oops\n", 1, False, False, None, "auditd would not start", id="a bad line after it"
        ),
        pytest.param(WATCH, "oops\n" + WATCH, 1, False, False, None, "line 1: 'oops'", id="a bad line before it"),
        pytest.param(WATCH, "-c\noops\n" + WATCH, 1, False, False, None, "would not start", id="a bad line after -c"),
        pytest.param(WATCH, "-i\noops\n" + WATCH, 1, True, True, None, "", id="a bad line after -i"),
        pytest.param(
            "-a never,task\n" + WATCH, WATCH, 1, True, False, None, "line 1 keeps new", id="never in the kernel"
        ),
        pytest.param(WATCH, "-a never,task\n" + WATCH, 1, False, False, None, "keeps new", id="never on disk"),
    ],
)
def test_a_rule(
    tmp_path: Path, kernel: str, disk: str, enabled: int, configured: bool, effective: bool, running: Any, words: str
) -> None:
    found = reading(machine(tmp_path, kernel, {f"{RULES}/10.rules": disk}, enabled), PASSWD)
    assert found["configured"]["value"] is configured
    assert found["effective"]["value"] is effective
    assert found.get("running", {}).get("value") is running
    assert words in found["effective"].get("note", "")
    assert bool(words) == ("note" in found["effective"])


@pytest.mark.parametrize("bad", ["oops\n", "-c\noops\n"])
def test_a_bad_line_behind_a_rule_does_not_stop_the_daemon_of_ubuntu(tmp_path: Path, bad: str) -> None:
    # auditd 3.1.2 starts first and loads its rules then: ExecStartPost=-/sbin/augenrules --load.
    files = {f"{RULES}/10.rules": WATCH + bad, "/usr/lib/systemd/system/auditd.service": "[Unit]\nAfter=x\n"}
    assert reading(machine(tmp_path, WATCH, files), PASSWD)["effective"]["value"] is True


def test_where_it_was_found_and_what_leaves_out_little(tmp_path: Path) -> None:
    files = {f"{RULES}/10.rules": f"-a never,exit -F exe=/usr/sbin/cron\n{WATCH}"}
    found = reading(machine(tmp_path, f"-a never,exit -S all -F exe=/usr/sbin/cron\n{WATCH}", files), PASSWD)
    assert found["effective"]["value"] is True
    assert f"{RULES}/10.rules, line 2" in found["effective"]["source"]
    assert "leaves out some of it" in found["effective"]["note"]


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("-F dir=/etc/apparmor -F perm=wa -F key=MAC-policy", "/etc/apparmor"),
        ("-F path=/etc/networks -F perm=wa -F key=system-locale", "/etc/networks"),
        ("-S mount -F exe=/usr/libexec/udisks2/udisksd -F key=mounts", "/usr/libexec/udisks2/udisksd"),
        (FAILLOCK, "/run/faillock"),
    ],
)
def test_what_is_not_on_this_machine_is_absent(tmp_path: Path, address: str, what: str) -> None:
    found = reading(machine(tmp_path), address)
    assert found["effective"] == {"state": "absent", "source": f"{what} does not exist on this machine"}


def test_a_missing_file_that_is_recorded_nevertheless(tmp_path: Path) -> None:
    address = "-F path=/etc/networks -F perm=wa -F key=system-locale"
    rule = "-w /etc/networks -p wa\n"
    assert reading(machine(tmp_path, rule, {f"{RULES}/10.rules": rule}), address)["effective"]["value"] is True


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("-a always,exclude -F msgtype=USER_LOGIN", ["USER_LOGIN"]),
        ("-a never,user", ["USER_AUTH"]),
        ("-a always,exclude -F msgtype>=1100 -F msgtype<=1199", ["USER_AUTH"]),
        ("-a always,exclude -F uid=0", ["USER_AUTH"]),
        ("-a always,exclude -F msgtype=CWD", []),
        ("-a always,exclude -F msgtype=USER_LOGIN -F exe=/usr/sbin/cron", []),
        ("-a always,user -F uid=0", []),
        ("-a never,user -F uid=998", []),
    ],
)
def test_rules_that_throw_away_the_records_of_signing_in(tmp_path: Path, rules: str, expected: list[str]) -> None:
    found = reading(machine(tmp_path, f"{rules}\n"), "sign-in-records")["effective"]["value"]
    assert [one.rpartition(": ")[2] for one in found] == expected
    found = reading(machine(tmp_path, files={f"{RULES}/10.rules": rules}), "sign-in-records")["effective"]["value"]
    assert found == [f"{RULES}/10.rules, line 1: {one}" for one in expected]


@pytest.mark.parametrize(
    ("disk", "enabled", "configured", "effective"),
    [("-e 2\n", 2, True, True), ("-e 2\n", 1, True, False), ("-e 1\n", 2, False, False), ("", 1, False, False),
     ("-e 2\n-e 1\n", 1, False, False), ("-e 2\noops\n", 2, False, False)],
)  # fmt: skip
def test_locked(tmp_path: Path, disk: str, enabled: int, configured: bool, effective: bool) -> None:
    found = reading(machine(tmp_path, files={f"{RULES}/99-finalize.rules": disk}, enabled=enabled), "locked")
    assert (found["configured"]["value"], found["effective"]["value"]) == (configured, effective)


@pytest.mark.parametrize(("disk", "expected"), [("-c\n", True), ("-i\n", True), ("", False), (WATCH + "-c\n", False)])
def test_carrying_on(tmp_path: Path, disk: str, expected: bool) -> None:
    assert reading(machine(tmp_path, files={f"{RULES}/10.rules": disk}), "continue")["effective"]["value"] is expected


def test_the_daemon(tmp_path: Path) -> None:
    assert reading(machine(tmp_path), "daemon")["effective"]["value"] is True
    assert reading(machine(tmp_path, enabled=0), "daemon")["effective"]["value"] is False
    alone = Completed(0, STATUS.format(1).replace("412", "0"), "")
    assert reading(machine(tmp_path, **{"auditctl -s": alone}), "daemon")["effective"]["value"] is False


def test_one_visit_asks_each_question_once(tmp_path: Path) -> None:
    host = machine(tmp_path)
    audit_rules.observe(host, [PASSWD, PAM, CLOCK, "privileged", "sign-in-records", "locked", "continue"])
    assert [one.split(" /")[0] for one in asked(host)] == [
        "ausyscall --dump", "ausyscall i386 --dump", "auditctl -s", "auditctl -l", "find",
    ]  # fmt: skip


# Bad input


def test_without_auditd(tmp_path: Path) -> None:
    found = audit_rules.observe(folder(tmp_path), [PASSWD, "privileged", "locked"])
    assert (found[PASSWD]["effective"]["value"], found[PASSWD]["effective"]["source"]) == (
        False,
        "auditd is not installed",
    )
    assert [found[one]["effective"]["state"] for one in ("privileged", "locked")] == ["absent", "absent"]


def test_without_auditd_while_packages_are_upgraded(tmp_path: Path) -> None:
    host = folder(tmp_path, {"/var/lib/dpkg/updates/0001": ""})
    found = visit(host, {"audit_rules": [PASSWD, "locked"]})["readings"]
    assert [one["effective"]["code"] for one in found] == ["busy", "busy"]


def slow(*_arguments: Any) -> Completed:
    raise HostError("timeout", "auditctl gave no answer within 20 s")


@pytest.mark.parametrize(
    ("command", "answer", "code", "words"),
    [
        ("auditctl -s", Completed(4, "", "You must be root to run this program.\n"), "needs_root", "root only"),
        ("auditctl -l", Completed(4, "", "You must be root to run this program.\n"), "needs_root", "root only"),
        ("auditctl -s", Completed(0, "", ""), "timeout", "did not answer in time"),
        ("auditctl -l", Completed(0, "", ""), "timeout", "did not answer in time"),
        ("auditctl -l", slow, "timeout", "no answer within 20 s"),
        ("auditctl -s", Completed(0, "enabled 9\nfailure", ""), "malformed", "makes sense"),
        ("auditctl -l", Completed(0, WATCH + "-a always,exit -F arch=b6", ""), "malformed", "cut off"),
        ("auditctl -l", Completed(0, WATCH + " f123=4\n", ""), "malformed", "line 2 of auditctl -l"),
        ("auditctl -l", Completed(0, "NLMSG_ERROR 1 (Operation not permitted)\n", ""), "failed", "NLMSG_ERROR"),
        (
            "auditctl -l",
            Completed(255, "", "Error sending rule list data request (No buffer)\n"),
            "failed",
            "No buffer",
        ),
        ("ausyscall --dump", Completed(0, "Using x86_64 syscall table:\n0\tread\n", ""), "malformed", "no whole table"),
        ("ausyscall i386", Completed(1, "", "Unknown machine type i386\n"), "malformed", "Unknown machine"),
    ],
)
def test_what_the_kernel_does_not_say(tmp_path: Path, command: str, answer: Any, code: str, words: str) -> None:
    host = machine(tmp_path, WATCH, {f"{RULES}/10.rules": WATCH}, **{command: answer})
    host.is_root = False
    found = reading(host, PASSWD)["effective"]
    assert (found["state"], found["code"]) == ("unreadable", code)
    assert words in found["why"]


def test_root_in_a_container_is_denied(tmp_path: Path) -> None:
    host = machine(tmp_path, **{"auditctl -s": Completed(4, "", "You must be root to run this program.\n")})
    host.is_root = True
    assert reading(host, PASSWD)["effective"]["code"] == "denied"


def test_a_start_with_audit_0(tmp_path: Path) -> None:
    host = machine(
        tmp_path,
        files={f"{RULES}/10.rules": WATCH},
        **{"auditctl -s": Completed(0, "", "The audit system is disabled\n")},
    )
    found = reading(host, PASSWD)
    assert (found["configured"]["value"], found["effective"]["value"]) == (True, False)
    assert "audit=0" in found["effective"]["note"]


@pytest.mark.parametrize("disk", [True, False])
def test_five_thousand_rules(tmp_path: Path, disk: bool) -> None:
    many = "".join(f"-w /srv/{number}/file -p wa -k many\n" for number in range(5000)) + WATCH
    files: dict[str, Any] = {f"/srv/{number}/file": "" for number in range(5000)} if disk else {}
    files[f"{RULES}/10.rules"] = many if disk else WATCH
    host = machine(tmp_path, many, files, **{"find /": Completed(0, "/usr/bin/su\0" * 200, "")})
    started = time.monotonic()
    found = audit_rules.observe(host, [PASSWD, PAM, CLOCK, "privileged"])
    assert [found[one]["effective"]["value"] for one in (PASSWD, PAM, CLOCK)] == [True, False, False]
    assert time.monotonic() - started < 15  # seconds, on a machine that may have other work


SHAPES = {
    "watches": lambda at: f"-w /etc/y{at} -p wa -k k{at}\n",
    "one file": lambda at: (
        f"-a always,exit -F arch=b64 -S execve,openat -F path=/etc/passwd -F auid={1000 + at} -k k\n"
    ),
    "left out": lambda at: f"-a never,exit -F arch=b64 -S openat -F auid={1000 + at} -F key=k\n",
    "programs": lambda at: f"-a always,exit -F path=/usr/bin/p{at} -F perm=x -F auid>=1000 -F auid!=unset -k k\n",
    "every call": lambda at: f"-a always,exit -F arch=b64 -S all -F auid={1000 + at} -k k\n",
}


def work(root: Path, shape: str, count: int) -> int:
    """How many calls of functions it takes to answer for `count` rules, on disk and in the kernel."""
    rules = "".join(SHAPES[shape](at) for at in range(count))
    search = Completed(0, "".join(f"/usr/bin/p{at}\0" for at in range(20)), "")
    host = machine(root, rules, {f"{RULES}/10.rules": rules}, **{"find /": search})
    calls = 0

    def counted(*_event: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(counted)
    try:
        found = audit_rules.observe(host, [PASSWD, PAM, CLOCK, "privileged", "sign-in-records", "locked"])
    finally:
        sys.setprofile(None)
    assert {one["effective"]["state"] for one in found.values()} == {"value"}
    return calls


@pytest.mark.parametrize("shape", SHAPES)
def test_ten_times_the_rules_are_ten_times_the_work(tmp_path: Path, shape: str) -> None:
    assert work(tmp_path / "many", shape, 5000) < 12 * work(tmp_path / "few", shape, 500)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    host = machine(tmp_path, WATCH, {f"{RULES}/10.rules": "x" * 1_100_000})
    assert reading(host, PASSWD)["effective"]["code"] == "too_large"


@pytest.mark.parametrize(
    ("rule", "thrown_away"),
    [
        # What nobody is signed in for: every wrong password, and all before a sign-in is complete.
        ("-a always,exclude -F auid=unset", True),
        ("-a never,user -F auid=unset", True),
        ("-a always,exclude -F exe=/usr/sbin/sshd", True),
        ("-a always,exclude -F msgtype=USER_LOGIN -F exe=/usr/lib/openssh/sshd-session", True),
        ("-a never,user -F exe=/usr/libexec/gdm-session-worker", True),
        # Noise that people leave out, none of it a sign-in.
        ("-a always,exclude -F exe=/usr/sbin/cron", False),
        ("-a always,exclude -F auid=998", False),
        ("-a always,exclude -F msgtype=CWD", False),
    ],
)
def test_records_of_sign_ins_that_are_thrown_away(tmp_path: Path, rule: str, thrown_away: bool) -> None:
    host = machine(tmp_path, rule + "\n", {f"{RULES}/10.rules": rule + "\n"})
    assert bool(reading(host, "sign-in-records")["effective"]["value"]) is thrown_away


@pytest.mark.parametrize(
    ("argument", "recorded"),
    [
        (" -F a0=0x0", True),  # CLOCK_REALTIME, as CIS Debian 13 6.2.3.4 and Ubuntu's usg write it
        (" -F a0=0", True),
        ("", True),
        (" -F a0=0x1", False),  # a clock that nobody can set
    ],
)
def test_the_clock_as_cis_watches_it(tmp_path: Path, argument: str, recorded: bool) -> None:
    lines = [
        f"-a always,exit -F arch={bits} -S {calls} -F key=time-change\n"
        for bits in ("b64", "b32")
        for calls in ("adjtimex,settimeofday", "clock_settime" + argument)
    ]
    host = machine(tmp_path, "".join(lines), {f"{RULES}/50.rules": "".join(lines)})
    assert reading(host, CLOCK)["effective"]["value"] is recorded


def test_a_number_of_its_own_is_for_the_clock_alone(tmp_path: Path) -> None:
    line = "-a always,exit -S adjtimex,settimeofday,clock_settime -F a0=0 -F key=time-change\n"
    host = machine(tmp_path, line, {f"{RULES}/50.rules": line})
    assert reading(host, CLOCK)["effective"]["value"] is False


def test_all_programs_without_a_profile_are_not_one_program(tmp_path: Path) -> None:
    """AppArmor calls them unconfined: nearly everything that runs on Debian and Ubuntu."""
    lines = "-a never,exit -F subj_role=unconfined\n-w /etc/passwd -p wa -k identity\n"
    host = machine(tmp_path, lines, {f"{RULES}/50.rules": lines})
    assert reading(host, PASSWD)["effective"]["value"] is False


OTHER_LIST = "ExecStart=/usr/sbin/auditctl -R /etc/audit/mine.rules\n"
LOADER = "/usr/lib/systemd/system/audit-rules.service"
OWN = "/etc/systemd/system/audit-rules.service.d/own.conf"
AUDITD = "/usr/lib/systemd/system/auditd.service"
LOADS = "[Service]\nType=oneshot\nExecStart=/usr/sbin/augenrules --load\n"
OLD_AUDITD = "[Service]\nExecStart=/sbin/auditd\nExecStartPost=-/sbin/augenrules --load\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({LOADER: LOADS}, ""),
        ({LOADER: LOADS, "/etc/systemd/system/audit-rules.service": None}, "audit-rules.service is masked"),
        ({LOADER: LOADS, "/etc/systemd/system/audit-rules.service": ""}, "audit-rules.service is masked"),
        (
            {LOADER: LOADS, OWN: "[Service]\nExecStart=\n" + OTHER_LIST},
            "does not run augenrules --load",
        ),
        ({LOADER: LOADS, OWN: "[Service]\n" + OTHER_LIST}, ""),
        ({AUDITD: OLD_AUDITD}, ""),
        ({AUDITD: OLD_AUDITD.replace("augenrules --load", "auditctl -R /x.rules")}, "does not run augenrules --load"),
    ],
)
def test_what_loads_the_rules_at_the_start(tmp_path: Path, files: dict[str, str | None], words: str) -> None:
    line = "-w /etc/passwd -p wa -k identity\n"
    host = machine(tmp_path, line, {f"{RULES}/50.rules": line, **files})
    found = reading(host, PASSWD)["effective"]
    assert found["value"] is (not words)
    assert words in found.get("note", "")
