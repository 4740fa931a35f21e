"""Where auditd keeps its logs, its configuration and its programs, and who may do what there: places for file_mode.

Each place of a list address is (path, the most that its mode may be, the groups that may have rights of their own).
auditd itself sets the folder and the live log right at each start; older logs and everything else it leaves alone.
"""

from __future__ import annotations

import os
import stat

from ..engine.host import Host
from ..system import access_list
from .auditd import configuration, installed

LOGS, CONFIGURATION, TOOLS = "audit-logs", "audit-configuration", "audit-tools"
ADDRESSES = (LOGS, CONFIGURATION, TOOLS)
SOURCES = {
    LOGS: "the folder of log_file in /etc/audit/auditd.conf",
    CONFIGURATION: "/etc/audit, its rules.d and its plugins.d",
    TOOLS: "the programs of auditd in /usr/sbin",
}
FOLDER = "/etc/audit"
Place = tuple[str, int, tuple[str, ...]]
READERS = ("root", "adm")
# The programs of auditd 4; autrace is of older ones.
PROGRAMS = ("auditctl", "auditd", "augenrules", "aureport", "ausearch", "autrace")


def places(host: Host, address: str) -> list[Place] | None:
    """The places of an address, or None where auditd is not installed. Raises HostError."""
    if not installed(host):
        return None
    return {LOGS: _logs, CONFIGURATION: _configuration, TOOLS: _tools}[address](host)


def _logs(host: Host) -> list[Place]:
    folder = configuration(host).values["log_file"].rpartition("/")[0]
    # Who may write to a folder above could move the logs away. Ubuntu lets the group syslog write to /var/log.
    above = [path for path in _above(folder) if host.link(path) is None] + _above(host.real(folder))
    logs = [(path, _of_a_folder_above(host, path), (*READERS, "syslog")) for path in dict.fromkeys(above)]
    return [*logs, (folder, 0o750, READERS), *((path, 0o640, READERS) for path in _files(host, folder))]


def _above(folder: str) -> list[str]:
    return [folder[:at] or "/" for at, letter in enumerate(folder) if letter == "/"]


def _of_a_folder_above(host: Host, path: str) -> int:
    """The most that its mode may be: with the sticky bit others may make files there and move none."""
    return 0o3777 if host.stat(path).st_mode & stat.S_ISVTX else 0o3775


def _configuration(host: Host) -> list[Place]:
    listed: list[Place] = []
    for folder in (FOLDER, f"{FOLDER}/rules.d", f"{FOLDER}/plugins.d"):
        if host.exists(folder):
            # Who may list it does not matter, who may put files into it does.
            listed.append((folder, 0o755, ("root",)))
            files = [path for path in _files(host, folder) if path.endswith((".conf", ".rules"))]
            listed += [(path, 0o640, ("root",)) for path in files]
    return listed


def _tools(host: Host) -> list[Place]:
    paths = [f"/usr/sbin/{name}" for name in PROGRAMS]
    return [(path, 0o755, ("root",)) for path in paths if host.exists(path)]


def _files(host: Host, folder: str) -> list[str]:
    """The regular files in a folder, and those that links in it lead to: auditd reads through them."""
    paths = []
    for name in host.entries(folder):
        path = f"{folder}/{name}"
        try:
            if stat.S_ISREG(host.stat(path).st_mode):
                paths.append(path)
        except FileNotFoundError:
            continue  # rotated away at this moment, or a broken link
    return paths


def others(host: Host, path: str, most: int, groups: tuple[str, ...], names: dict[int, str]) -> list[str]:
    """Text for each who gets more from an access list (setfacl) than all may; `names` are of groups by number."""
    rights = []
    for entry in access_list.named(host, path):
        allowed = names.get(entry.number) in groups if entry.is_group else entry.number == 0
        if entry.rights & ~(most & 0o007) and not allowed:
            who = f"group {names.get(entry.number, entry.number)}" if entry.is_group else f"account {entry.number}"
            rights.append(f"the {who} may {entry.text} it by an access list (setfacl)")
    return rights


def too_open(status: os.stat_result, most: int, groups: tuple[str, ...], group: str) -> bool:
    """True when somebody has more rights than the place allows. `status` is the file's, `group` its group's name."""
    mode = stat.S_IMODE(status.st_mode)
    own = mode & 0o070 & ~((mode & 0o007) << 3)  # what the group may do and others may not
    return status.st_uid != 0 or bool(mode & ~most) or (bool(own) and group not in groups)
