"""What every driver owes its callers, asked of all of them."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.leeboard.schools.plugins.module_utils._linux import visit
from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import auditd as dropin_auditd
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine import change as changing
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.change import ChangeRefused, apply
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.reading import CODES, fingerprint

from tests.unit.linux.folder import PASSWD, folder

DRIVERS = {name: driver for name, driver in visit.DRIVERS.items() if name != "dconf"}  # dconf has a file of its own

# Every address of the grammars, or one example of each kind.
ADDRESSES = {
    "accounts": ["without-password"],
    "audit_rules": [
        "-F path=/etc/passwd -F perm=wa -F key=identity",
        "-S execve -C euid!=uid -F auid!=unset -F key=user_emulation",
        "privileged",
        "sudo-logs",
        "sign-in-records",
        "daemon",
        "locked",
        "continue",
    ],
    "banner": ["/etc/issue", "/etc/issue.net", "motd", "motd-scripts"],
    "clock": ["service", "servers", "synchronised", "user"],
    "device_label": ["label", "open-to-others"],
    "dropin": [
        "systemd/logind.conf:Login.IdleAction",
        "sshd:Banner",
        "gdm:daemon.AutomaticLoginEnable",
        "gdm:daemon.TimedLoginEnable",
        "lightdm:Seat:*.greeter-hide-users",
        "systemd/journald.conf:Journal.Storage",
        "systemd/journald.conf:Journal.Compress",
        "systemd/journald.conf:Journal.SystemMaxUse",
        *(f"auditd:{key}" for key in (*dropin_auditd.KEYS, dropin_auditd.KEPT, dropin_auditd.MARGIN)),
        "sudo:logfile",
    ],
    "faillock": ["pam", "deny", "unlock_time", "fail_interval", "even_deny_root", "root_unlock_time"],
    "kconfig": [
        "kscreenlockerrc:Daemon.Autolock",
        "kscreenlockerrc:Daemon.Timeout",
        "kscreenlockerrc:Daemon.LockGrace",
        "kscreenlockerrc:Daemon.Timeout#immutable",
        "environment",
    ],
    "file_mode": [
        "/etc/issue",
        "/etc/ssh/sshd_config",
        "/etc/profile.d/*.sh",
        "audit-logs",
        "audit-configuration",
        "audit-tools",
    ],
    "kernel": [
        "cmdline:audit", "next:audit", "audit:enabled", "audit:pid", "audit:backlog_limit", "audit:rate_limit",
        "audit:lost", "audit:failure",
    ],
    "package": ["auditd:installed"],
    "log_forwarding": [
        "collector",
        "tls-driver",
        "tls-mode",
        "tls-check",
        "tls-peers",
        "tls-authority",
        "tls-anchors",
        "client-certificate",
    ],
    "open_sign_in": ["consoles", "greeters", "services", "empty-passwords"],
    "hardware": ["tpm", "iommu", "thunderbolt"],
    "key_files": ["open-to-others"],
    "luks_volume": ["volumes"],
    "removable_media": ["plain", "luks", "usb-storage"],
    "shell_timeout": ["TMOUT", "TMOUT#readonly", "TMOUT#exported", "other-shells"],
    "unit": [f"auditd.service:{kind}" for kind in ("enabled", "active", "failed", "masked")],
    "remmina": ["saved-passwords"],
    "vpn": ["profiles", "shared-secrets", "old-programs", "tunnel", "certificate"],
    "vpn_profiles": ["networkmanager", "only-loaded"],
    "vpn_secrets": ["open-to-others"],
    "firewall": [
        "inbound-ipv4", "inbound-ipv6", "after-restart-ipv4", "after-restart-ipv6", "outbound-ipv4", "outbound-ipv6",
        "management", "openings", "services",
    ],
    "listening": ["desktop-sharing", "xrdp", "other-ssh-servers"],
    "sshd": [
        "PermitRootLogin", "PermitEmptyPasswords", "PasswordAuthentication", "KbdInteractiveAuthentication",
        "PubkeyAuthentication", "PermitUserEnvironment", "MaxAuthTries", "ClientAliveCountMax", "LoginGraceTime",
        "ClientAliveInterval", "ChannelTimeout", "MaxStartups.begin", "MaxStartups.rate", "MaxStartups.full",
    ],
    "xrdp": ["security_layer", "rdpdr", "cliprdr"],
}  # fmt: skip

# What is written in the tests of `apply`: (driver, address, value). sshd, the shell, sudo, auditd, polkit and modprobe
# are tried themselves in files of their own, and so are units, log_forwarding, clock, listening and the firewall, which
# need units that run, faillock, which needs pam-auth-update, and remmina, whose journal must not hold what was there.
WRITES = [
    ("banner", "/etc/issue", "For members of the school only"),
    ("banner", "/etc/issue.net", "For members of the school only"),
    ("banner", "motd", ""),
    ("banner", "motd-scripts", []),
    ("device_label", "label", "OFFICIAL"),
    ("dropin", "systemd/logind.conf:Login.IdleAction", "lock"),
    ("dropin", "gdm:daemon.AutomaticLoginEnable", False),
    ("dropin", "gdm:daemon.TimedLoginEnable", False),
    ("dropin", "lightdm:Seat:*.greeter-hide-users", True),
    ("dropin", "systemd/journald.conf:Journal.Storage", "persistent"),
    ("dropin", "systemd/journald.conf:Journal.Compress", "yes"),
    ("dropin", "systemd/journald.conf:Journal.SystemMaxUse", 512),
    ("dropin", "auditd:max_log_file_action", "rotate"),
    ("dropin", "auditd:disk_full_action", "syslog"),
    ("dropin", "auditd:log_group", "root"),
    ("dropin", "auditd:max_log_file", 8),
    ("file_mode", "/etc/issue", "root:root 0640"),
    ("file_mode", "/etc/profile.d/*.sh", []),
    ("kconfig", "kscreenlockerrc:Daemon.Autolock", True),
    ("kconfig", "kscreenlockerrc:Daemon.Timeout", 5),
    ("kconfig", "kscreenlockerrc:Daemon.LockGrace", 5),
    ("kconfig", "kscreenlockerrc:Daemon.Timeout#immutable", True),
    ("file_mode", "audit-logs", []),
    ("file_mode", "audit-configuration", []),
    ("file_mode", "audit-tools", []),
    ("key_files", "open-to-others", []),
    ("vpn_secrets", "open-to-others", []),
    ("xrdp", "security_layer", "tls"),
]
READERS = [
    "accounts", "hardware", "kernel", "luks_volume", "open_sign_in", "package",
]  # fmt: skip
OTHERS = {
    "audit_rules", "clock", "faillock", "firewall", "listening", "log_forwarding", "remmina", "removable_media",
    "shell_timeout", "sshd", "unit", "vpn", "vpn_profiles",
}  # fmt: skip
# A machine on which every write has something to do.
DRIFTED = {
    "/etc/passwd": PASSWD,
    "/etc/issue": "Debian GNU/Linux 13 \\n \\l\n\n",
    "/etc/issue.d/x.issue": "kernel \\r\n",
    "/etc/issue.net": "Debian GNU/Linux 13\n",
    "/etc/motd": "Welcome\n",
    "/etc/pam.d/login": "session optional pam_motd.so motd=/run/motd.dynamic\nsession optional pam_motd.so noupdate\n",
    "/etc/update-motd.d/10-uname": "#!/bin/sh\nuname -snrvm\n",
    "/etc/profile.d/a.sh": "true\n",
    "/etc/gdm3/daemon.conf": "[daemon]\nAutomaticLoginEnable=true\nTimedLoginEnable=true\n",
    "/usr/bin/plasmashell": "",
    "/etc/xdg/kscreenlockerrc": "[Daemon]\nAutolock=false\nTimeout=99\nLockGrace=300\n",
    "/usr/sbin/lightdm": "",
    "/etc/systemd/journald.conf": "[Journal]\nCompress=no\nSystemMaxUse=8M\n",
    "/usr/sbin/auditd": "",
    "/etc/audit/auditd.conf": (
        "max_log_file = 1\nmax_log_file_action = SUSPEND\nspace_left = 75\ndisk_full_action = SUSPEND\nlog_group = 7\n"
    ),
    "/var/log/audit/audit.log": "type=DAEMON_START\n",
    "/usr/sbin/xrdp": "",
    "/etc/xrdp/xrdp.ini": "[Globals]\nsecurity_layer=negotiate\n",
    "/etc/xrdp/cert.pem": "a certificate",
    "/etc/xrdp/key.pem": "its key",
    "/etc/lightdm/lightdm.conf": "[Seat:*]\ngreeter-hide-users=false\n",
    "/etc/crypttab": "data UUID=1 /etc/keys/data.key luks\n",
    "/etc/keys/data.key": "k",
    "/etc/ppp/chap-secrets": "ada * hunter2 *\n",
}


def drifted(tmp_path: Path) -> Any:
    host = folder(tmp_path, DRIFTED)
    (tmp_path / "etc/update-motd.d/10-uname").chmod(0o755)
    for path in (
        "etc/profile.d/a.sh",
        "var/log/audit/audit.log",
        "usr/sbin/auditd",
        "etc/keys/data.key",
        "etc/ppp/chap-secrets",
    ):
        (tmp_path / path).chmod(0o666)
    (tmp_path / "var/log/audit").chmod(0o750)
    return host


def tree(root: Path) -> dict[str, tuple[int, str]]:
    """Every file below `root` with its mode and content."""
    return {str(path): (path.stat().st_mode, path.read_text()) for path in sorted(root.rglob("*")) if path.is_file()}


def test_every_driver_is_here() -> None:
    assert set(ADDRESSES) == set(DRIVERS)
    assert {name for name, _address, _value in WRITES} | set(READERS) | OTHERS == set(DRIVERS)


@pytest.mark.parametrize("name", sorted(DRIVERS))
def test_every_address_of_the_grammar_can_be_read_on_an_empty_machine(tmp_path: Path, name: str) -> None:
    driver = DRIVERS[name]
    found = driver.observe(folder(tmp_path), ADDRESSES[name])
    assert list(found) == ADDRESSES[name]
    for address, reading in found.items():
        assert driver.ADDRESSES.match(address)
        assert (reading["driver"], reading["address"]) == (name, address)
        assert reading["effective"]["state"] in ("value", "absent", "unreadable")
        assert reading["effective"].get("code", "failed") in CODES
        assert reading["effective"].get("code") != "driver_failed"


@pytest.mark.parametrize("name", sorted(DRIVERS))
@pytest.mark.parametrize("address", ["", "no-such", "/etc/../x", "label\n", "pam\n", "TMOUT\n", "a" * 100_000])
def test_a_foreign_address_is_malformed_and_raises_nothing(tmp_path: Path, name: str, address: str) -> None:
    driver = DRIVERS[name]
    assert not driver.ADDRESSES.match(address)
    assert driver.observe(folder(tmp_path), [address])[address]["effective"]["code"] == "malformed"


@pytest.mark.parametrize("name", sorted(DRIVERS))
def test_no_file_that_fails_to_open_reads_as_absent_or_as_a_value(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every existing file made unreadable, no answer changes into another answer: it becomes unreadable."""
    host = drifted(tmp_path)
    before = DRIVERS[name].observe(host, ADDRESSES[name])

    def refused(path: Any, flags: int, *rest: Any) -> int:
        if Path(path).exists():
            raise PermissionError(13, "Permission denied")
        raise FileNotFoundError(2, "No such file")

    host = folder(tmp_path)
    monkeypatch.setattr("os.open", refused)
    monkeypatch.setattr("os.listdir", lambda path: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    after = DRIVERS[name].observe(host, ADDRESSES[name])
    monkeypatch.undo()
    for address in ADDRESSES[name]:
        found = after[address]["effective"]
        assert found["state"] == "unreadable" or found == before[address]["effective"], address


@pytest.mark.parametrize("name", READERS)
def test_a_driver_that_only_reads_refuses_to_write(tmp_path: Path, name: str) -> None:
    with pytest.raises(ChangeRefused):
        apply(DRIVERS[name], drifted(tmp_path), [{"address": ADDRESSES[name][0], "value": 1}], "run")


@pytest.mark.parametrize(("name", "address", "value"), WRITES)
def test_apply_gives_before_and_after_and_is_unchanged_the_second_time(
    tmp_path: Path, name: str, address: str, value: Any
) -> None:
    host = drifted(tmp_path)
    change = {"address": address, "value": value}
    before = DRIVERS[name].observe(host, [address])[address]
    outcome = apply(DRIVERS[name], host, [{**change, "expect": fingerprint(before)}], "run")
    assert outcome["changed"] is True
    assert outcome["before"] == {address: before}
    assert outcome["after"][address]["effective"]["value"] == value
    assert "others" not in outcome["after"][address]["effective"]
    second = apply(DRIVERS[name], host, [change], "again")
    assert (second["changed"], second["diff"], second["journal"]) == (False, [], None)


@pytest.mark.parametrize(("name", "address", "value"), WRITES)
def test_check_mode_changes_nothing_and_shows_the_same_diff(
    tmp_path: Path, name: str, address: str, value: Any
) -> None:
    host = drifted(tmp_path)
    files = tree(tmp_path)
    checked = apply(DRIVERS[name], host, [{"address": address, "value": value}], "run", check=True)
    assert tree(tmp_path) == files
    assert checked["journal"] is None
    host.forget()
    done = apply(DRIVERS[name], host, [{"address": address, "value": value}], "run")
    assert (checked["changed"], checked["diff"]) == (done["changed"], done["diff"])


@pytest.mark.parametrize(("name", "address", "value"), WRITES)
def test_a_machine_that_says_something_else_by_now_is_refused(
    tmp_path: Path, name: str, address: str, value: Any
) -> None:
    host = drifted(tmp_path)
    files = tree(tmp_path)
    with pytest.raises(ChangeRefused, match="no longer what the plan was made from"):
        apply(DRIVERS[name], host, [{"address": address, "value": value, "expect": "0" * 16}], "run")
    assert tree(tmp_path) == files


@pytest.mark.parametrize(("name", "address", "value"), WRITES)
def test_the_journal_holds_the_old_files(tmp_path: Path, name: str, address: str, value: Any) -> None:
    host = drifted(tmp_path)
    files = tree(tmp_path)
    journal = apply(DRIVERS[name], host, [{"address": address, "value": value}], "run")["journal"]
    lines = [json.loads(line) for line in (tmp_path / journal.lstrip("/")).read_text().splitlines()]
    kept = {entry["path"]: entry["before"] for line in lines for entry in line["files"]}
    changed = {path for path, found in tree(tmp_path).items() if files.get(path) != found} | (
        set(files) - set(tree(tmp_path))
    )
    changed.discard(str(tmp_path / journal.lstrip("/")))
    assert changed == {str(tmp_path / path.lstrip("/")) for path in kept}
    for path, before in kept.items():
        old = files.get(str(tmp_path / path.lstrip("/")))
        if old is None:
            assert before == {"state": "absent"}
        else:
            # Where only owner and mode change, the content stays in the file itself.
            kept_in_file = before["state"] == "permissions"
            kept_text = (tmp_path / path.lstrip("/")).read_text() if kept_in_file else kept_content(before)
            assert kept_text == old[1]
            assert before["mode"] == old[0] & 0o7777


def kept_content(before: dict[str, Any]) -> str:
    """The content that the journal keeps of a file."""
    return base64.b64decode(before["content"]).decode()


class OrderOfWritesRecorder:
    """A double of fsync and of the driver's writes that keeps the order in which they happen."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.order: list[str] = []
        self._fsync, self._write = os.fsync, changing.write
        monkeypatch.setattr("os.fsync", self.fsync)
        monkeypatch.setattr(changing, "write", self.write)

    def fsync(self, handle: int) -> None:
        self.order.append("sync " + os.readlink(f"/proc/self/fd/{handle}"))
        self._fsync(handle)

    def write(self, host: Any, edit: Any) -> None:
        self.order.append(f"write {edit.path}")
        self._write(host, edit)


@pytest.mark.parametrize(("name", "address", "value"), WRITES)
def test_the_journal_is_on_the_disk_before_the_first_write(
    tmp_path: Path, name: str, address: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = drifted(tmp_path)
    recorder = OrderOfWritesRecorder(monkeypatch)
    apply(DRIVERS[name], host, [{"address": address, "value": value}], "run")
    first = next(at for at, what in enumerate(recorder.order) if what.startswith("write "))
    journal = tmp_path / "var/lib/leeboard/journal"
    assert recorder.order[:first][:2] == [f"sync {journal}/run.jsonl", f"sync {journal}"]


@pytest.mark.parametrize(("name", "address", "value"), WRITES)
def test_nothing_is_written_when_the_journal_cannot_be(
    tmp_path: Path, name: str, address: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = drifted(tmp_path)
    files = tree(tmp_path)

    def full(*_arguments: Any, **_named: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.makedirs", full)
    with pytest.raises(OSError, match="No space left"):
        apply(DRIVERS[name], host, [{"address": address, "value": value}], "run")
    assert tree(tmp_path) == files
