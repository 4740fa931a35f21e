"""The commands that make files take effect again once they are put back, by where the files lie.

They are those that the drivers run after a change; a configuration is tried first where its program can do that.
"""

from __future__ import annotations

import re

from ..audit.auditd import RELOAD
from ..dconf.changes import UPDATE
from ..dconf.sources import GENERATE_CONFIG
from ..dropin.systemd import DAEMONS
from ..engine.host import Host, HostError
from ..engine.safe_read import first_of, text_or_nothing
from ..faillock.update import LAST, PROFILES, TOOL
from ..firewall.restart import OUR_FILE, OUR_UNIT_FILE, shell_variables
from ..logging.forwarders import RSYSLOGD
from ..logging.rainerscript import MAIN
from ..removable_media.changes import LOAD, POLKIT
from ..sshd.our_file import read_again
from ..system.systemd_unit import state
from ..system.unit import RUNS
from ..system.units_enabled import UNITS
from ..vpn.ikev2.again import LOAD as LOAD_VPN_AGAIN
from ..vpn.ikev2.again import TEXTS as VPN_AGAIN
from ..vpn.ikev2.names import LOAD as LOAD_VPN_NAMES
from ..vpn.ikev2.names import RULES as VPN_NAMES
from ..vpn.profiles.networkmanager import FOLDERS as NM_FOLDERS
from ..vpn.profiles.nm_profile import NMCLI
from ..vpn.profiles.nm_profile import RELOAD as RELOAD_NM
from ..vpn.strongswan.stacks import UNIT as CHARON
from ..vpn.wireguard.conf import CONF as WIREGUARD
from ..vpn.wireguard.conf import LOAD as LOAD_WIREGUARD

SYSTEMD = re.compile(r"\A/etc/systemd/([a-z][a-z0-9-]*)\.conf(?:\.d/.*)?\Z")
AUDIT_RULES = "/etc/audit/rules.d"
UNIT_FILES = f"{UNITS[0]}/"
GREETER = ("/etc/gdm3/greeter.dconf-defaults", "/usr/share/gdm/", "/etc/dconf/db/gdm")
SSHD = "/usr/sbin/sshd"
WITHOUT_TABLE = "add table inet leeboard; delete table inet leeboard"  # there or not, it is gone afterwards
UFW = "/etc/default/ufw"
FIREWALL_CMD = ("/usr/bin/firewall-cmd", "/bin/firewall-cmd")
LOCKED = "the audit rules are locked in the kernel: the old ones count from the next restart on"


def loading(host: Host, paths: list[str]) -> tuple[list[list[str]], list[str]]:
    """(commands, remarks) for files that were put back. Raises HostError."""
    commands: list[list[str]] = []
    remarks: list[str] = []
    if _any(paths, "/etc/issue") and first_of(host, ("/usr/sbin/agetty", "/sbin/agetty")):
        commands.append(["agetty", "--reload"])
    if _any(paths, "/etc/dconf/") and first_of(host, ("/usr/bin/dconf", "/bin/dconf")):
        commands.append(["sh", "-c", UPDATE])
    if _any(paths, *GREETER):
        commands += _greeter(host)
    for name in sorted({match.group(1) for match in map(SYSTEMD.match, paths) if match}):
        unit, verb = DAEMONS.get(name, (None, None))
        if unit and verb and state(host, unit)[0]:
            commands.append(["systemctl", verb, unit])
            if name == "journald":
                commands.append(["journalctl", "--flush"])
    if _any(paths, "/etc/ssh/") and host.exists(SSHD):
        unit = next((unit for unit in ("ssh.service", "sshd.service") if state(host, unit)[0]), "")
        commands += [[SSHD, "-t"], read_again(host, unit)] if unit else []
    if _any(paths, "/etc/audit/auditd.conf") and state(host, "auditd.service")[0]:
        commands += [list(argv) for argv in RELOAD]
    if _any(paths, f"{AUDIT_RULES}/"):
        more, remark = _audit_rules(host)
        commands += more
        remarks += remark
    if _any(paths, "/etc/rsyslog.conf", "/etc/rsyslog.d/") and host.exists(RSYSLOGD):
        commands.append([RSYSLOGD, "-N1", "-f", MAIN])
        if state(host, "rsyslog.service")[0]:
            commands.append(["systemctl", "restart", "rsyslog.service"])
    if _any(paths, UNIT_FILES) and host.exists(RUNS):
        commands.append(["systemctl", "daemon-reload"])
    if _any(paths, "/etc/polkit-1/") and state(host, POLKIT)[0]:
        commands.append(LOAD)
    if _any(paths, *PROFILES) and LAST not in paths and host.exists(TOOL):
        # Somebody's profile came since, so that file is left: the program makes it anew without ours.
        commands.append(["env", "DEBIAN_FRONTEND=noninteractive", "pam-auth-update", "--package"])
    if _any(paths, VPN_NAMES):
        commands.append([*LOAD_VPN_NAMES])
    if set(VPN_AGAIN) & {*paths}:
        commands.append([*LOAD_VPN_AGAIN])
    if _any(paths, "/etc/swanctl/", "/etc/strongswan.d/") and state(host, CHARON)[0]:
        commands.append(["systemctl", "reload", CHARON])
    if WIREGUARD in paths:
        commands.append([*LOAD_WIREGUARD])
    if _any(paths, *NM_FOLDERS) and first_of(host, NMCLI):
        commands.append([*RELOAD_NM])
    commands += _firewall(host, paths)
    return commands, remarks


def _any(paths: list[str], *beginnings: str) -> bool:
    return any(path.startswith(beginnings) for path in paths)


def _firewall(host: Host, paths: list[str]) -> list[list[str]]:
    """Our own table goes with its file; ufw and firewalld load theirs."""
    commands: list[list[str]] = []
    if _any(paths, OUR_FILE, OUR_UNIT_FILE):
        table = ["-f", OUR_FILE] if host.exists(OUR_FILE) else [WITHOUT_TABLE]
        commands.append(["nft", *table])
    if _any(paths, "/etc/ufw/", UFW) and shell_variables(host, "/etc/ufw/ufw.conf").get("ENABLED", "").lower() == "yes":
        commands.append(["ufw", "reload"])
    if _any(paths, "/etc/firewalld/") and first_of(host, FIREWALL_CMD):
        running = host.query(["firewall-cmd", "--state"]).rc == 0
        commands += [["firewall-cmd", "--reload"]] if running else []
    return commands


def _greeter(host: Host) -> list[list[str]]:
    for unit in ("gdm3", "gdm"):
        try:
            if host.query(["systemctl", "is-active", unit]).out.strip() == "active":
                return [["systemctl", "reload", unit]]
        except HostError:
            break
    return [[GENERATE_CONFIG]] if host.exists(GENERATE_CONFIG) else []


def _audit_rules(host: Host) -> tuple[list[list[str]], list[str]]:
    """The kernel's rules from the files anew; a locked kernel takes none."""
    try:
        status = host.query(["auditctl", "-s"])
    except HostError as problem:
        if problem.code == "missing_tool":
            return [], []
        raise
    if re.search(r"^enabled 2$", status.out, re.MULTILINE):
        return [], [LOCKED]
    files = [f"{AUDIT_RULES}/{name}" for name in host.entries(AUDIT_RULES) if name.endswith(".rules")]
    clears = any(line.strip() == "-D" for path in files for line in (text_or_nothing(host, path) or "").splitlines())
    return [*([] if clears else [["auditctl", "-D"]]), ["augenrules", "--load"]], []
