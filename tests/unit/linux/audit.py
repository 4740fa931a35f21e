"""A machine with auditd for driver tests: real tables of system calls, and stand-ins for the kernel's answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import rules as audit_rules
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host

from tests.unit.linux.folder import PASSWD, Answers, folder

# `ausyscall MACHINE --dump` of auditd 4.0.2 on Debian 13.
CAPTURED = Path(__file__).parent / "audit_captured"
STATUS = "enabled {}\nfailure 1\npid 412\nrate_limit 0\nbacklog_limit 8192\nlost 0\nbacklog 0\n"
RULES = "/etc/audit/rules.d"
STOCK = "## First rule - delete all\n-D\n\n-b 8192\n\n--backlog_wait_time 60000\n\n-f 1\n"
# auditd.service of Debian 13, as far as it matters: the rules are a unit of their own there (not on Ubuntu 24.04).
UNIT = "[Unit]\nRequires=audit-rules.service\n"
FILES = {
    "/etc/passwd": PASSWD, "/etc/group": "root:x:0:\n", "/etc/shadow": "", "/etc/pam.d/login": "", "/home/ada/x": "",
    "/usr/sbin/auditctl": "", "/usr/bin/kmod": "", "/usr/bin/su": "", "/proc/self/mounts": "/dev/sda1 / ext4 rw 0 0\n",
    "/usr/lib/systemd/system/auditd.service": UNIT, "/run/lock/x": "", f"{RULES}/audit.rules": STOCK,
}  # fmt: skip


def table(name: str) -> Completed:
    """What ausyscall says of one machine."""
    return Completed(0, (CAPTURED / f"{name}.txt").read_text(), "")


def machine(
    root: Path,
    kernel: str = "",
    files: Mapping[str, str | None] | None = None,
    enabled: int = 1,
    native: str = "x86_64",
    **answers: Any,
) -> Host:
    """A machine whose kernel lists `kernel`, with more files and more answers of commands than the usual ones."""
    known: dict[str, Any] = {
        **answers,
        "auditctl -s": Completed(0, STATUS.format(enabled), ""),
        "auditctl -l": Completed(0, kernel or "No rules\n", ""),
        "ausyscall i386 --dump": table("i386"),
        "ausyscall --dump": table(native),
        "find /": Completed(0, "/usr/bin/su\0", ""),
        "augenrules --load": Completed(0, "", ""),
        "systemd-tmpfiles --create": Completed(0, "", ""),
        "auditctl -D": Completed(0, "", ""),
        "auditctl -e": Completed(0, "", ""),
        **answers,
    }
    return folder(root, {**FILES, **(files or {})}, Answers(known))


def asked(host: Host) -> list[str]:
    """The commands that were run."""
    return [" ".join(argv) for argv in host._runner.asked]


def reading(host: Host, address: str) -> Any:
    """The whole reading of one address."""
    return audit_rules.observe(host, [address])[address]
