"""auditd.conf: what auditd takes and refuses (asked of auditd itself), what is in effect, and changes in place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit.auditd_conf import lines, parse
from ansible_collections.leeboard.schools.plugins.module_utils._linux.dropin import driver as dropin
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.system.systemd_unit import UNITS

from tests.unit.linux.folder import Answers, effective, folder

CONF = "/etc/audit/auditd.conf"
# The settings of the file that Debian 13 installs (auditd 4.0.2), which the controls look at.
DEBIAN = """#
# This file controls the configuration of the audit daemon
#

local_events = yes
write_logs = yes
log_file = /var/log/audit/audit.log
log_group = adm
log_format = ENRICHED
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 8
num_logs = 5
##name = mydomain
max_log_file_action = ROTATE
space_left = 75
space_left_action = SYSLOG
verify_email = yes
action_mail_acct = root
admin_space_left = 50
admin_space_left_action = SUSPEND
disk_full_action = SUSPEND
disk_error_action = SUSPEND
"""
ROOM = "space_left = 75\n"  # without it the two sizes are equal, which auditd refuses
LONG = "x" * 160

TAKEN = [
    DEBIAN,
    "",
    "num_logs = many",  # a line that does not end is skipped, and then nothing was read at all
    "space_left = 75\nSpace_Left_Action = sysLOG\n",
    "  space_left   =    75  \n",
    "space_left = 75\nnum_logs = 3\nnum_logs = 999\n",
    "space_left = 75\nspace_left_action = SYSLOG # since 2024 as said\n",
    "space_left = 75\nname = " + LONG + "\nnum_logs = 3\n",
    "space_left = 7%5\n",
    "space_left = 75\nadmin_space_left = 99%\n",
    "space_left = 75\nlog_format = NOLOG\n",
    "space_left = 75\nverify_email = no\naction_mail_acct = +\n",
    "space_left = 75\nlog_group = root\n",
    "space_left = 75\nlog_group = 4\n",
]
REFUSED = [
    "\n",  # nothing is set, and the two sizes are equal
    "space_left=75\n",
    "space_left\t= 75\n",
    "\t# indented comment\nspace_left = 75\n",
    "space_left = 75\r\n",
    "space_left = \n",
    "space_left = 75\nnum_logs = 5 # five\n",
    "space_left = 75\nnum_logs = 1000\n",
    "space_left = 75\nnum_logs = many\n",
    "space_left = 75\nnum_logs = -1\n",
    "space_left = 75\nnum_log = 5\n",
    "space_left = 50\nadmin_space_left = 50\n",
    "space_left = 0%\n",
    "space_left = 100%\n",
    "space_left = 75M\n",
    "space_left = 75\nmax_log_file_action = email\n",
    "space_left = 75\ndisk_full_action = email\n",
    "space_left = 75\ndisk_error_action = rotate\n",
    "space_left = 75\nspace_left_action = exec\n",
    "space_left = 75\nspace_left_action = exec script.sh\n",
    "space_left = 75\nflush = incremental\n",
    "space_left = 75\naction_mail_acct = x\n",
    "space_left = 75\naction_mail_acct = root@localhost\n",
    "space_left = 75\nlog_file = /audit.log\n",
    "space_left = 75\nlocal_events = true\n",
]


@pytest.mark.parametrize("text", TAKEN)
def test_what_auditd_takes_is_taken(text: str) -> None:
    parse(text.encode(), CONF)


@pytest.mark.parametrize("text", REFUSED)
def test_what_auditd_refuses_is_named(text: str) -> None:
    with pytest.raises(HostError, match="auditd does not start or reload with") as told:
        parse(text.encode(), CONF)
    assert told.value.code == "malformed"


@pytest.mark.parametrize("text", TAKEN + REFUSED)
def test_auditd_itself_says_the_same(tmp_path: Path, text: str) -> None:
    """In a process namespace of its own auditd reads its file and may not touch the kernel: 6 is a bad file."""
    if os.geteuid() != 0 or not shutil.which("auditd", path="/usr/sbin"):
        pytest.skip("needs root and auditd")
    (tmp_path / "log").mkdir()
    conf = tmp_path / "auditd.conf"
    conf.write_text(text.replace("/var/log/audit", str(tmp_path / "log")), newline="")
    conf.chmod(0o640)
    script = 'mount -n -t tmpfs tmpfs /run && exec auditd -f -s nochange -c "$1"'
    done = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount", "--propagation", "private", "sh", "-c", script, "sh", str(tmp_path)],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    if "audit daemon is exiting" not in done.stdout + done.stderr:
        pytest.skip(f"this machine does not let auditd try: {done.stderr[-200:]}")
    assert (done.returncode == 6) == (text in REFUSED), done.stderr[-300:]


def machine(root: Path, conf: str | None, runner: Any = None, **files: str) -> Any:
    """A captured machine with auditd."""
    there = {"/usr/sbin/auditd": "", "/var/log/audit/audit.log": "", "/etc/group": "root:x:0:\nadm:x:4:\n", **files}
    there |= {} if conf is None else {CONF: conf}
    host = folder(root, there) if runner is None else folder(root, there, runner)
    if conf is not None:
        (root / CONF.lstrip("/")).chmod(0o640)
    return host


@pytest.mark.parametrize(
    ("conf", "key", "value"),
    [
        (DEBIAN, "num_logs", 5),
        (DEBIAN, "max_log_file_action", "rotate"),
        (DEBIAN, "disk_full_action", "suspend"),
        (DEBIAN, "log_group", "adm"),
        (DEBIAN + "num_logs = 9\nNUM_LOGS = 7\n", "num_logs", 7),
        (DEBIAN + "num_logs = 9", "num_logs", 5),
        (DEBIAN + "#num_logs = 9\n", "num_logs", 5),
        (ROOM, "num_logs", 0),
        (ROOM, "max_log_file_action", "ignore"),
        (ROOM, "disk_full_action", "ignore"),
        (ROOM, "disk_error_action", "syslog"),
        (ROOM, "log_group", "root"),
        (None, "write_logs", "yes"),
        (ROOM + "log_group = 4\n", "log_group", "adm"),
        (ROOM + "log_group = 77\n", "log_group", "77"),
        (ROOM + "log_format = nolog\n", "write_logs", "no"),
        (ROOM + "log_format = nolog\nwrite_logs = yes\n", "write_logs", "yes"),
        (ROOM + "space_left = 25%\n", "space_left", "25%"),
        (DEBIAN, "num_logs*max_log_file", 40),
        (DEBIAN + "num_logs = 1\n", "num_logs*max_log_file", 0),
        (DEBIAN + "write_logs = no\n", "num_logs*max_log_file", 0),
        (DEBIAN + "max_log_file_action = suspend\n", "num_logs*max_log_file", 8),
        (DEBIAN + "max_log_file_action = keep_logs\n", "num_logs*max_log_file", None),
        (DEBIAN + "max_log_file_action = ignore\n", "num_logs*max_log_file", None),
        (DEBIAN, "space_left-admin_space_left", 25),
        (DEBIAN + "space_left = 10%\nadmin_space_left = 10%\n", "space_left-admin_space_left", 0),
    ],
)
def test_what_is_in_effect(tmp_path: Path, conf: str | None, key: str, value: Any) -> None:
    found = effective(dropin, machine(tmp_path, conf), f"auditd:{key}")
    assert (found["state"], found.get("value")) == ("absent" if value is None else "value", value)


def test_a_default_is_called_one_and_a_line_is_named(tmp_path: Path) -> None:
    host = machine(tmp_path, ROOM)
    assert effective(dropin, host, "auditd:num_logs")["source"].startswith("auditd's own default")
    assert effective(dropin, host, "auditd:space_left")["source"] == f"{CONF}, line 1"


def test_a_percentage_is_taken_of_the_logs_file_system(tmp_path: Path) -> None:
    host = machine(tmp_path, DEBIAN + "space_left = 50%\n")
    system = os.statvfs(tmp_path / "var/log/audit")
    whole = system.f_blocks * system.f_frsize // 2**20
    assert effective(dropin, host, "auditd:space_left-admin_space_left")["value"] == whole // 2 - 50


def test_without_auditd_nothing_is_set(tmp_path: Path) -> None:
    found = effective(dropin, folder(tmp_path, {CONF: DEBIAN}), "auditd:num_logs")
    assert (found["state"], found["source"]) == ("absent", "auditd is not installed")


@pytest.mark.parametrize("prepare", ["link", "null", "no_folder", "no_program", "other_folder", "writable"])
def test_a_file_that_auditd_does_not_use_is_no_answer(tmp_path: Path, prepare: str) -> None:
    host = machine(tmp_path, DEBIAN)
    conf = tmp_path / CONF.lstrip("/")
    if prepare == "link":
        conf.rename(tmp_path / "etc/real.conf")
        conf.symlink_to("../real.conf")
    elif prepare == "null":
        conf.write_bytes(b"num_logs = \0 9\n")
    elif prepare == "no_folder":
        shutil.rmtree(tmp_path / "var/log/audit")
    elif prepare == "no_program":
        conf.write_text(DEBIAN + "space_left_action = exec /usr/local/bin/archive\n")
    elif prepare == "other_folder":
        folder(tmp_path, {"/run/auditd.pid": "417\n", "/proc/417/cmdline": "/usr/sbin/auditd\0-c\0/opt/audit\0"})
    elif os.geteuid() == 0:
        conf.chmod(0o666)
    else:
        pytest.skip("needs root")
    found = effective(dropin, host, "auditd:num_logs")
    assert (found["state"], found["code"]) == ("unreadable", "failed" if prepare == "other_folder" else "malformed")


def test_a_name_that_a_newer_auditd_knows_is_no_mistake(tmp_path: Path) -> None:
    conf = DEBIAN + "report_interval = 3600\n"
    assert effective(dropin, machine(tmp_path, conf), "auditd:num_logs")["code"] == "malformed"
    (tmp_path / "usr/sbin/auditd").write_bytes(b"\x7fELF\0report_interval\0")
    assert effective(dropin, folder(tmp_path), "auditd:num_logs")["value"] == 5


# The daemon and its file


def systemctl_show(since: int, active: bool = True) -> Completed:
    state = "active" if active else "failed"
    block = f"ActiveState={state}\nStateChangeTimestamp=@{since}\n"
    return Completed(0, "\n".join(block for _unit in UNITS), "")


def journal(at: float) -> Completed:
    """What journalctl prints of the message that auditd 3 and 4 log at a reload (the form of systemd 257)."""
    line = {
        "__CURSOR": "s=1;i=2",
        "__REALTIME_TIMESTAMP": str(int(at * 1e6)),
        "MESSAGE": "config change requested by pid=1488 auid=0 subj=unconfined",
    }
    return Completed(0, json.dumps(line) + "\n", "")


RUNS = {"/run/systemd/system/x": ""}


@pytest.mark.parametrize(
    ("changed", "started", "reloaded", "older"),
    [
        (1000, 2000, None, False),
        (3000, 2000, None, True),
        (3000, 2000, 3001.5, False),
        (3000, 2000, 2500.0, True),
    ],
)
def test_auditd_that_has_not_read_its_file_is_noted(
    tmp_path: Path, changed: int, started: int, reloaded: float | None, older: bool
) -> None:
    said = Completed(1, "", "") if reloaded is None else journal(reloaded)
    runner = Answers({"systemctl show": systemctl_show(started), "journalctl": said})
    host = machine(tmp_path, DEBIAN, runner, **RUNS)
    os.utime(tmp_path / CONF.lstrip("/"), (changed, changed))
    found = dropin.observe(host, ["auditd:num_logs"])["auditd:num_logs"]
    assert ("running" in found) is older
    assert ("nothing shows" in found["effective"].get("note", "")) is older


def test_a_garbled_journal_counts_as_not_reloaded(tmp_path: Path) -> None:
    runner = Answers({"systemctl show": systemctl_show(2000), "journalctl": Completed(0, '{"__REALTIME_TIM', "")})
    host = machine(tmp_path, DEBIAN, runner, **RUNS)
    assert "note" in effective(dropin, host, "auditd:num_logs")


# Changes


def change(host: Any, **wanted: Any) -> Any:
    return apply(dropin, host, [{"address": f"auditd:{key}", "value": value} for key, value in wanted.items()], "run")


def test_a_change_keeps_everything_else(tmp_path: Path) -> None:
    host = machine(tmp_path, DEBIAN)
    change(host, num_logs=9, disk_full_action="syslog")
    wanted = DEBIAN.replace("num_logs = 5", "num_logs = 9").replace(
        "disk_full_action = SUSPEND", "disk_full_action = syslog"
    )
    assert (tmp_path / CONF.lstrip("/")).read_text() == wanted
    assert (tmp_path / CONF.lstrip("/")).stat().st_mode & 0o777 == 0o640


def test_the_last_line_is_the_one_that_is_changed_and_a_missing_one_is_added(tmp_path: Path) -> None:
    host = machine(tmp_path, ROOM + "Num_Logs = 3\nnum_logs = 4\n#num_logs = 5\nmax_log_file = 8")
    change(host, num_logs=9, max_log_file=6)
    text = (tmp_path / CONF.lstrip("/")).read_text()
    assert text == ROOM + "Num_Logs = 3\nnum_logs = 9\n#num_logs = 5\nmax_log_file = 6\nmax_log_file = 8"
    assert effective(dropin, host, "auditd:max_log_file")["value"] == 6  # the cut-off last line is still skipped


@pytest.mark.parametrize(
    ("conf", "wanted", "logs", "size"),
    [
        (DEBIAN, 512, 64, 8),
        (DEBIAN + "max_log_file = 10\n", 192, 20, 10),
        (DEBIAN + "max_log_file = 0\n", 1024, 512, 2),
    ],
)
def test_enough_logs_are_kept(tmp_path: Path, conf: str, wanted: int, logs: int, size: int) -> None:
    host = machine(tmp_path, conf)
    outcome = change(host, **{"num_logs*max_log_file": wanted})
    assert outcome["after"]["auditd:num_logs*max_log_file"]["effective"]["value"] == logs * size >= wanted
    assert change(host, **{"num_logs*max_log_file": logs * size})["changed"] is False


def test_a_change_that_needs_another_one_waits_for_it(tmp_path: Path) -> None:
    host, kept = machine(tmp_path, DEBIAN + "write_logs = no\n"), {"num_logs*max_log_file": 192}
    with pytest.raises(ChangeRefused, match="auditd writes no log"):
        change(host, **kept)
    change(host, **kept, write_logs="yes")
    assert effective(dropin, host, "auditd:num_logs*max_log_file")["value"] == 192


def test_where_nothing_is_overwritten_there_is_no_number_to_set(tmp_path: Path) -> None:
    host = machine(tmp_path, DEBIAN + "max_log_file_action = keep_logs\n")
    assert change(host, **{"num_logs*max_log_file": 192})["changed"] is False


def test_the_warning_comes_before_the_last_resort_again(tmp_path: Path) -> None:
    host = machine(tmp_path, DEBIAN + "space_left = 1%\n")
    change(host, **{"space_left-admin_space_left": 25})
    assert effective(dropin, host, "auditd:space_left")["value"] == 75


def test_auditd_reloads_and_a_pending_file_is_loaded(tmp_path: Path) -> None:
    runner = Answers(
        {
            "systemctl show": systemctl_show(2000),
            "journalctl": Completed(1, "", ""),
            "auditctl --signal reload": Completed(0, "", ""),
            "sleep": Completed(0, "", ""),
        }
    )
    host = machine(tmp_path, DEBIAN, runner, **RUNS)
    change(host, num_logs=5)
    assert ["auditctl", "--signal", "reload"] in runner.asked
    assert (tmp_path / CONF.lstrip("/")).read_text() == DEBIAN


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_logs", 1000),
        ("num_logs", True),
        ("num_logs", "9"),
        ("disk_full_action", "email"),
        ("disk_full_action", "exec"),
        ("disk_full_action", "syslog\nlog_group = nogroup"),
        ("log_file", "/srv/audit.log"),
        ("log_group", "nobodys"),
        ("num_logs*max_log_file", 0),
        ("space_left-admin_space_left", []),
        ("space_left", 40),
    ],
)
def test_what_auditd_would_not_take_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    host = machine(tmp_path, DEBIAN)
    with pytest.raises(ChangeRefused, match="nothing that is written here"):
        change(host, **{key: value})
    assert (tmp_path / CONF.lstrip("/")).read_text() == DEBIAN


@pytest.mark.parametrize("conf", [None, "num_logs = many\n" + DEBIAN])
def test_a_missing_or_broken_file_is_not_written_to(tmp_path: Path, conf: str | None) -> None:
    host = machine(tmp_path, conf)
    with pytest.raises((ChangeRefused, HostError)):
        change(host, num_logs=9)


def test_lines_are_counted_as_in_an_editor() -> None:
    assert [(line.count, line.words[0]) for line in lines(b"# x\n\na = 1\n" + b"b" * 200 + b"\nc = 2\nd = 3")] == [
        (3, "a"),
        (5, "c"),
    ]


def test_logs_in_memory_are_not_kept(tmp_path: Path) -> None:
    mounts = "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:5 / /var/log rw - tmpfs tmpfs rw\n"
    host = machine(tmp_path, DEBIAN, **{"/proc/self/mountinfo": mounts})
    found = effective(dropin, host, "auditd:num_logs*max_log_file")
    assert found["value"] == 0
    assert "is kept in memory" in found["source"]
    with pytest.raises(ChangeRefused, match="gone after each restart"):
        change(host, **{"num_logs*max_log_file": 192})


def test_no_more_is_kept_than_the_disk_has_and_a_small_disk_is_not_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = machine(tmp_path, DEBIAN.replace("num_logs = 5", "num_logs = 128"))
    monkeypatch.setattr(host, "megabytes", lambda name: 900)
    found = effective(dropin, host, "auditd:num_logs*max_log_file")
    assert found["value"] == 900
    assert "no room for more" in found["source"]
    with pytest.raises(ChangeRefused, match="would fill the disk: /var/log/audit lies on a file system of 900 MB"):
        change(host, **{"num_logs*max_log_file": 1024})
    assert "num_logs = 128" in host.text(CONF)
