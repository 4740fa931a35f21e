"""What the driver writes into /etc/audit/rules.d, how it loads it, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import rules as audit_rules
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host

from tests.unit.linux.audit import RULES, asked, machine
from tests.unit.linux.folder import folder

PASSWD = "-F path=/etc/passwd -F perm=wa -F key=identity"
PAM = "-F dir=/etc/pam.d -F perm=wa -F key=identity"
CLOCK = "-S adjtimex,settimeofday,clock_settime -F key=time-change"
FAILLOCK = "-F dir=/run/faillock -F perm=wa -F key=logins"
WATCH = "-w /etc/passwd -p wa -k identity\n"
OURS = f"{RULES}/50-leeboard.rules"


def change(host: Host, *addresses: str, check: bool = False) -> Any:
    """Ask for what the baseline wants of these addresses."""
    changes = [{"address": one, "value": [] if one == "privileged" else True} for one in addresses]
    return apply(audit_rules, host, changes, "run", check=check)


def text(root: Path, path: str) -> str:
    return (root / path.lstrip("/")).read_text()


def lines(root: Path, path: str) -> list[str]:
    return [line for line in text(root, path).splitlines() if not line.startswith("#")]


def test_it_writes_a_line_for_each_architecture_and_loads_once(tmp_path: Path) -> None:
    host = machine(tmp_path)
    outcome = change(host, PASSWD, CLOCK, PAM)
    assert outcome["changed"]
    assert lines(tmp_path, OURS) == [
        f"-a always,exit -F arch={bits} {address}" for address in (PASSWD, CLOCK, PAM) for bits in ("b64", "b32")
    ]
    assert (tmp_path / OURS.lstrip("/")).stat().st_mode & 0o7777 == 0o640
    assert [one for one in asked(host) if "load" in one or "-D" in one or "-e" in one] == ["augenrules --load"]


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    kernel = {"rules": "No rules\n"}

    def load(_argv: list[str]) -> Completed:
        kernel["rules"] = "\n".join(lines(tmp_path, OURS)) + "\n"
        return Completed(0, "", "")

    answers = {"auditctl -l": lambda _argv: Completed(0, kernel["rules"], ""), "augenrules --load": load}
    host = machine(tmp_path, **answers)
    first = change(host, PASSWD, CLOCK, PAM)
    assert {found["effective"]["value"] for found in first["after"].values()} == {True}
    second = change(host, PASSWD, CLOCK, PAM)
    assert (second["changed"], second["diff"]) == (False, [])


def test_what_is_only_not_loaded_is_loaded(tmp_path: Path) -> None:
    host = machine(tmp_path, files={f"{RULES}/10.rules": WATCH})
    outcome = change(host, PASSWD)
    assert (outcome["changed"], outcome["diff"]) == (True, [])
    assert asked(host).count("augenrules --load") == 1


def test_only_what_is_missing_is_written(tmp_path: Path) -> None:
    first = f"-a always,exit -F arch=b64 {PASSWD}\n"
    host = machine(tmp_path, files={f"{RULES}/10-school.rules": first})
    change(host, PASSWD)
    assert lines(tmp_path, OURS) == [f"-a always,exit -F arch=b32 {PASSWD}"]


def test_check_mode_runs_nothing(tmp_path: Path) -> None:
    host = machine(tmp_path)
    outcome = change(host, PASSWD, FAILLOCK, "locked", check=True)
    assert outcome["changed"]
    assert not any("load" in one or "tmpfiles" in one for one in asked(host))
    assert not (tmp_path / OURS.lstrip("/")).exists()


def test_locked_rules_wait_for_the_restart(tmp_path: Path) -> None:
    files = {f"{RULES}/99-finalize.rules": "-e 2\n"}
    host = machine(tmp_path, files=files, enabled=2)
    outcome = change(host, PASSWD)
    assert (outcome["changed"], "augenrules --load" in asked(host)) == (True, False)
    after = outcome["after"][PASSWD]
    assert (after["effective"]["value"], after["running"]["value"]) == (True, False)
    assert not change(host, PASSWD)["changed"]


def test_a_folder_below_run_is_made_first(tmp_path: Path) -> None:
    host = machine(tmp_path)
    change(host, FAILLOCK)
    assert lines(tmp_path, "/etc/tmpfiles.d/leeboard-audit.conf") == ["d /run/faillock 0755 root root -"]
    commands = [one for one in asked(host) if "tmpfiles" in one or "load" in one]
    assert commands == ["systemd-tmpfiles --create /etc/tmpfiles.d/leeboard-audit.conf", "augenrules --load"]


def test_folders_that_a_package_may_take_away_are_kept(tmp_path: Path) -> None:
    found = Completed(0, "/usr/bin/su\0/usr/lib/chromium/sandbox\0/home/ada/x\0", "")
    host = machine(tmp_path, files={"/usr/lib/chromium/sandbox": ""}, **{"find /": found})
    change(host, PAM, "privileged")
    assert lines(tmp_path, "/etc/tmpfiles.d/leeboard-audit.conf") == [
        "d /etc/pam.d - - - -",
        "d /usr/lib/chromium - - - -",
    ]
    written = text(tmp_path, f"{RULES}/51-leeboard-privileged.rules")
    assert "path=/usr/lib/chromium/sandbox" in written
    assert "/home/ada/x" not in written  # its owner could take it away, and then nothing would load any more


def test_lines_of_ours_that_would_stop_the_others_are_taken_out(tmp_path: Path) -> None:
    gone = "-a always,exit -F arch=b64 -F path=/usr/lib/gone/x -F perm=x -F key=privileged\n"
    twice = "-a always,exit -F arch=b64 -F path=/etc/group -F perm=wa -F key=identity\n"
    files = {f"{RULES}/51-leeboard-privileged.rules": gone, OURS: twice, f"{RULES}/90-school.rules": twice}
    host = machine(tmp_path, files=files)
    change(host, PASSWD)
    assert lines(tmp_path, f"{RULES}/51-leeboard-privileged.rules") == []
    assert not any("/etc/group" in line for line in lines(tmp_path, OURS))


def test_the_lock_is_the_last_line(tmp_path: Path) -> None:
    host = machine(
        tmp_path, files={f"{RULES}/99-finalize.rules": "# the school's\n-e 1\n", f"{RULES}/50-a.rules": "-e 0\n"}
    )
    change(host, "locked", "continue", PASSWD)
    assert text(tmp_path, f"{RULES}/99-finalize.rules") == "# the school's\n-e 2\n"
    assert lines(tmp_path, f"{RULES}/00-leeboard.rules") == ["-c"]


def test_auditing_is_switched_on_again(tmp_path: Path) -> None:
    host = machine(tmp_path / "kernel", WATCH, {f"{RULES}/10.rules": WATCH}, enabled=0)
    change(host, PASSWD)
    assert "auditctl -e 1" in asked(host)
    host = machine(tmp_path / "disk", WATCH, {f"{RULES}/10.rules": WATCH + "-e 0\n"}, enabled=0)
    change(host, PASSWD)
    assert lines(tmp_path / "disk", f"{RULES}/99-finalize.rules") == ["-e 1"]


def test_without_a_d_the_kernel_is_emptied_first(tmp_path: Path) -> None:
    host = machine(tmp_path, files={f"{RULES}/audit.rules": "-b 8192\n"})
    change(host, PASSWD)
    assert [one for one in asked(host) if one in ("auditctl -D", "augenrules --load")] == [
        "auditctl -D",
        "augenrules --load",
    ]


def test_on_another_machine_than_a_pc_perm_goes_without_arch(tmp_path: Path) -> None:
    host = machine(tmp_path, native="aarch64")
    change(host, PASSWD, CLOCK)
    assert lines(tmp_path, OURS) == [f"-a always,exit {PASSWD}", f"-a always,exit -F arch=b64 {CLOCK}"]


@pytest.mark.parametrize(
    ("files", "address", "words"),
    [
        (
            {f"{RULES}/10.rules": "oops\n"},
            PASSWD,
            "10.rules, line 1: 'oops' belongs to no option; auditctl stops there",
        ),
        ({f"{RULES}/99-z.rules": "-c\n-w /gone/x\n"}, PASSWD, "99-z.rules, line 2: /gone is missing"),
        ({f"{RULES}/10.rules": "-a never,exit -F uid=0\n"}, PASSWD, "10.rules, line 1 comes first"),
        ({f"{RULES}/10.rules": "-a task,never\n"}, PASSWD, "10.rules, line 1 keeps new programs"),
        ({f"{RULES}/99-z.rules": "-a always,exclude -F msgtype=PATH\n"}, PASSWD, "99-z.rules, line 1 throws away"),
        ({f"{RULES}/zz.rules": "-e 1\n"}, "locked", "zz.rules, line 1 is read last"),
        ({f"{RULES}/00-a.rules": WATCH}, "continue", "a rule is read before"),
        ({}, "-F dir=/etc/apparmor -F perm=wa -F key=MAC-policy", "/etc/apparmor does not exist"),
        ({}, "sign-in-records", "nothing that can be written"),
        ({OURS: None}, PASSWD, "symbolic link"),
    ],
)
def test_what_would_not_work_is_refused_and_nothing_is_written(
    tmp_path: Path, files: dict[str, str | None], address: str, words: str
) -> None:
    host = machine(tmp_path, files=files)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(ChangeRefused, match=words.replace("(", r"\(")):
        change(host, address)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not any("load" in one for one in asked(host))


@pytest.mark.parametrize(("address", "value"), [(PASSWD, False), ("locked", False), ("privileged", ["/usr/bin/su"])])
def test_other_values_are_refused(tmp_path: Path, address: str, value: Any) -> None:
    with pytest.raises(ChangeRefused, match="nothing that can be written"):
        apply(audit_rules, machine(tmp_path), [{"address": address, "value": value}], "run")


def test_without_auditd_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ChangeRefused, match="auditd is not installed"):
        change(folder(tmp_path), PASSWD)


def test_after_a_start_with_audit_0_nothing_is_written(tmp_path: Path) -> None:
    off = Completed(0, "", "The audit system is disabled\n")
    with pytest.raises(ChangeRefused, match="audit=0"):
        change(machine(tmp_path, **{"auditctl -s": off}), PASSWD)
