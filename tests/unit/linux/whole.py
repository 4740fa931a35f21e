"""A whole machine in a folder, on which every driver has something to read, and the doubles of its programs.

Its answers were captured on Debian 13 (sshd -T, cryptsetup luksDump, nft -j) or are those that other tests here use.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from ansible_collections.leeboard.schools.plugins.module_utils._linux.audit import auditd as dropin_auditd
from ansible_collections.leeboard.schools.plugins.module_utils._linux.engine.host import Completed, Host, HostError
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import conf as wireguard_conf
from ansible_collections.leeboard.schools.plugins.module_utils._linux.vpn.wireguard import words as wireguard_words

from tests.unit.linux import audit, disks, forwarding
from tests.unit.linux.folder import folder
from tests.unit.linux.test_dconf import GSettingsDouble
from tests.unit.linux.test_faillock import RIGHT
from tests.unit.linux.test_vpn import SCHOOL
from tests.unit.linux.test_vpn_charon import CONNS, NO_SAS
from tests.unit.linux.test_vpn_wireguard import ALL, ROUTES, listed
from tests.unit.linux.test_vpn_wireguard import RULES as RULES_OF_WG_QUICK

CAPTURED = Path(__file__).parent / "whole_captured"
DCONF = Path(__file__).parent / "dconf_captured"
LONG_AGO = 1_700_000_000
PEER = wireguard_words.parse(ALL)
NOTICE = "This computer is Example School's."
IDLE = "org.gnome.desktop.session idle-delay"
USER_LIST = "org.gnome.login-screen disable-user-list"
RULES = (
    "-w /etc/passwd -p wa -k identity\n"
    "-a always,exit -F arch=b64 -S execve -C uid!=euid -F auid!=unset -F key=emulation\n"
    "-a always,exit -F arch=b32 -S execve -C uid!=euid -F auid!=unset -F key=emulation\n"
    "-a always,exit -F path=/usr/bin/su -F perm=x -F auid>=1000 -F auid!=unset -F key=privileged\n"
)
FILES: dict[str, str | None] = {
    **audit.FILES,
    "/etc/os-release": 'ID=debian\nVERSION_ID="13"\n',
    "/etc/passwd": (
        "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/bash\n_chrony:x:102:105::/:/bin/false\n"
        "Debian-gdm:x:101:104::/var/lib/gdm3:/bin/false\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n"
    ),
    "/etc/group": "root:x:0:\nadm:x:4:\nsudo:x:27:ada\n",
    "/etc/shadow": "root:*:20000::::::\nada:$y$j9T$x:20000::::::\n",
    "/etc/audit/rules.d/50-x.rules": RULES,
    "/etc/audit/auditd.conf": (
        "log_file = /var/log/audit/audit.log\nlog_group = adm\nnum_logs = 32\nmax_log_file = 16\n"
        "max_log_file_action = rotate\nspace_left = 75\nspace_left_action = syslog\nadmin_space_left = 50\n"
        "admin_space_left_action = syslog\ndisk_full_action = syslog\ndisk_error_action = syslog\n"
    ),
    "/usr/sbin/auditd": "\0".join(("", *dropin_auditd.KEYS, "")),
    "/sbin/auditctl": "", "/sbin/augenrules": "", "/usr/bin/ausyscall": "",
    "/var/log/audit/audit.log": "type=DAEMON_START\n",
    "/run/systemd/system/x": "",
    "/etc/issue": NOTICE + "\n", "/etc/issue.net": NOTICE + "\n", "/etc/motd": "",
    "/etc/pam.d/login": f"{RIGHT}account required pam_faillock.so\naccount required pam_unix.so\n",
    "/etc/security/faillock.conf": "deny = 5\nunlock_time = 900\nfail_interval = 900\neven_deny_root\n",
    "/usr/lib/x86_64-linux-gnu/security/pam_faillock.so": "",
    "/etc/update-motd.d/x": "",
    "/etc/leeboard/label": "OFFICIAL\n",
    "/etc/profile.d/x.sh": "TMOUT=900\n", "/bin/bash": "", "/usr/bin/bash": "",
    "/usr/bin/sudo": "", "/etc/sudoers": 'Defaults logfile="/var/log/sudo.log"\nroot ALL=(ALL:ALL) ALL\n',
    "/usr/sbin/sshd": "", "/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n",
    "/etc/ssh/sshd_config.d/50-x.conf": "Banner /etc/issue.net\nMatch User root\n  X11Forwarding no\n",
    "/usr/lib/systemd/system/ssh.service": "", "/run/sshd/x": "",
    "/etc/systemd/logind.conf.d/x.conf": "[Login]\nIdleAction=lock\n",
    "/etc/systemd/journald.conf.d/x.conf": "[Journal]\nStorage=persistent\nCompress=yes\nSystemMaxUse=512M\n",
    "/var/log/journal/x": "",
    "/etc/systemd/timesyncd.conf.d/x.conf": "[Time]\nNTP=ntp.school.example\n",
    "/etc/gdm3/daemon.conf": "[daemon]\nAutomaticLoginEnable=false\nTimedLoginEnable=false\n",
    "/usr/sbin/gdm3": "", "/usr/bin/gnome-shell": "", "/usr/share/wayland-sessions/gnome.desktop": "[Desktop Entry]\n",
    "/usr/sbin/lightdm": "", "/etc/lightdm/lightdm.conf": "[Seat:*]\ngreeter-hide-users=true\n",
    "/etc/dconf/profile/user": "user-db:user\nsystem-db:local\n",
    "/etc/dconf/db/local.d/00-x": "[org/gnome/desktop/session]\nidle-delay=uint32 600\n",
    "/etc/dconf/db/local.d/locks/x": "/org/gnome/desktop/session/idle-delay\n",
    "/usr/share/dconf/profile/Debian-gdm": "user-db:user\nfile-db:/var/lib/gdm3/greeter-dconf-defaults\n",
    "/usr/share/gdm/generate-config": (
        "as_gdm dconf compile '/var/lib/gdm3/greeter-dconf-defaults' '/usr/share/gdm/dconf'\n"
    ),
    "/var/lib/gdm3/x": "",
    "/usr/share/gdm/dconf/90-x": "[org/gnome/login-screen]\ndisable-user-list=true\n",
    "/usr/bin/plasmashell": "",
    "/etc/xdg/kscreenlockerrc": "[Daemon][$i]\nAutolock=true\nTimeout=5\nLockGrace=5\n",
    "/usr/sbin/rsyslogd": "", "/etc/rsyslog.conf": forwarding.STOCK,
    f"{forwarding.MODULES}/imuxsock.so": "", f"{forwarding.MODULES}/lmnsd_gtls.so": "",
    forwarding.VENDOR: "[Journal]\nForwardToSyslog=yes\n",
    f"{forwarding.D}/90.conf": forwarding.TLS,
    "/proc/cmdline": "quiet audit=1 audit_backlog_limit=8192\n", "/proc/meminfo": "MemAvailable: 4000000 kB\n",
    "/proc/modules": "nf_tables 1 0 - Live 0\n",
    "/proc/self/mountinfo": disks.mount("254:0", "/") + disks.mount("8:2", "/boot"),
    "/proc/self/stat": "12 (a b) S " + " ".join(str(number) for number in range(4, 53)),
    "/proc/swaps": "Filename Type Size Used Priority\n",
    "/sys/class/block/dm-0/dm/uuid": f"CRYPT-LUKS2-{disks.UUID.replace('-', '')}-sda3_crypt\n",
    "/sys/class/dmi/id/chassis_type": "10\n", "/sys/class/dmi/id/product_serial": "5CG1\n",
    "/etc/crypttab": f"sda3_crypt UUID={disks.UUID} none luks,discard\n",
    "/etc/fstab": "/dev/mapper/sda3_crypt / ext4 defaults 0 1\n",
    "/etc/swanctl/swanctl.conf": SCHOOL, "/run/charon.vici": "", "/usr/sbin/swanctl": "",
    "/etc/wireguard/wg0.conf": (
        "[Interface]\nPrivateKey = x\n[Peer]\nPublicKey = y\nEndpoint = 81.187.201.66:51820\nAllowedIPs = 10.0.0.0/8\n"
    ),
    "/sys/class/net/wg0/uevent": "DEVTYPE=wireguard\nINTERFACE=wg0\n",
    "/etc/wireguard/leeboard.conf": wireguard_conf.conf(PEER), "/etc/wireguard/leeboard.key": "x\n",
    "/sys/class/net/leeboard/uevent": "DEVTYPE=wireguard\nINTERFACE=leeboard\n",
    "/usr/lib/systemd/system/wg-quick@.service": "",
    "/etc/systemd/system/multi-user.target.wants/wg-quick@leeboard.service": "",
    "/etc/NetworkManager/system-connections/x.nmconnection": (
        "[connection]\nid=x\ntype=vpn\n[vpn]\nservice-type=org.freedesktop.NetworkManager.strongswan\nmethod=key\n"
        "address=vpn.school.example\n"
    ),
    "/usr/sbin/nft": "", "/etc/nftables.conf": (
        "flush ruleset\ntable inet guard {\n chain input { type filter hook input priority filter; policy drop; }\n}\n"
    ),
    "/usr/lib/systemd/system/nftables.service": "[Service]\nExecStart=/usr/sbin/nft -f /etc/nftables.conf\n",
    "/etc/systemd/system/sysinit.target.wants/nftables.service": "",
    "/usr/lib/systemd/system/getty@.service": (
        "[Service]\nExecStart=-/sbin/agetty -o '-- \\\\u' --noclear - $TERM\nStandardInput=tty\n"
    ),
    "/etc/systemd/system/getty@.service.d/x.conf": "[Service]\nTTYVTDisallocate=no\n",
    "/proc/net/if_inet6": "fe800000000000000000000000000001 02 40 20 80 eth0\n",
    "/usr/libexec/udisks2/udisksd": "",
    "/usr/sbin/xrdp": "", "/etc/xrdp/xrdp.ini": "[Globals]\nsecurity_layer=tls\n",
    "/etc/xrdp/sesman.ini": "[Security]\n",
    "/etc/xdg/autostart/x.desktop": "[Desktop Entry]\nExec=nm-applet\n",
    "/home/ada/.local/share/remmina/x.remmina": "[remmina]\nserver=x\n", "/usr/bin/remmina": "",
}  # fmt: skip


def sshd_says(argv: list[str]) -> Completed:
    """What the loop around sshd prints for the questions in `argv`."""
    settings = (CAPTURED / "sshd-10.0.txt").read_text()
    questions = argv[argv.index("/usr/sbin/sshd") - 1].split(" ")
    out = ""
    for one in questions:
        matched = "debug3: checking match for 'User root' user x\ndebug3: match found\n"
        out += f"question {one}\n{matched if one.startswith('user=root') else ''}{settings}status 0\n"
    return Completed(0, out, "")


def shown(argv: list[str]) -> Completed:
    """systemctl show, for the units that are asked about; what is not named is not there."""
    if "--timestamp=unix" in argv:
        return forwarding.shown(UNITS)
    blocks = []
    for unit in argv[argv.index("--") + 1 :]:
        there = unit in ("auditd.service", "ssh.service")
        states = ("loaded", "active", "enabled") if there else ("not-found", "inactive", "")
        blocks.append(
            f"Id={unit}\nLoadState={states[0]}\nActiveState={states[1]}\nSubState=x\nUnitFileState={states[2]}\n"
            "TriggeredBy=\n"
        )
    return Completed(0, "\n".join(blocks), "")


def bash_says(argv: list[str]) -> Completed:
    """What a shell prints between the driver's mark and its end."""
    mark = argv[-1].split("printf ", 1)[1].split(" ")[1].rstrip(";")
    return Completed(0, f'\n{mark}\ndeclare -rx TMOUT="900"\n', "")


UNITS = {
    "auditd.service": forwarding.RUNS,
    "ssh.service": {**forwarding.RUNS, "ExecStart": "{ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -D $SSHD_OPTS ; }"},
    "rsyslog.service": {**forwarding.RUNS, **forwarding.RSYSLOGD},
    "systemd-journald.service": forwarding.RUNS,
    "systemd-timesyncd.service": forwarding.RUNS,
    "systemd-logind.service": forwarding.RUNS,
}
SS = (
    "udp UNCONN 0 0 127.0.0.1:323 0.0.0.0:* ino:1 sk:1 cgroup:/system.slice/x.service <->\n"
    'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=700,fd=3)) ino:2 sk:2 cgroup:/system.slice/ssh.service\n'
)


def answers() -> dict[str, Completed | Callable[[list[str]], Completed]]:
    """What each program says, by the first words of its command."""
    opened = disks.block(
        "sda3_crypt", "crypt", kname="dm-0", path="/dev/mapper/sda3_crypt", fstype="ext4", maj_min="254:0"
    )
    sda3 = disks.block("sda3", "part", [opened], fstype="crypto_LUKS", uuid=disks.UUID, maj_min="8:3")
    sda = disks.block("sda", "disk", [disks.block("sda2", "part", fstype="ext4", maj_min="8:2"), sda3])
    return {
        "/usr/sbin/sshd -T": sshd_says,
        "builtin declare": bash_says,
        "auditctl -s": Completed(0, audit.STATUS.format(1), ""),
        "auditctl -l": Completed(0, RULES, ""),
        "ausyscall i386 --dump": audit.table("i386"),
        "ausyscall --dump": audit.table("x86_64"),
        "find /": Completed(0, "/usr/bin/su\0", ""),
        "lsblk": Completed(0, json.dumps({"blockdevices": [sda]}), ""),
        "dmsetup": Completed(0, "sda3_crypt: 0 8192 crypt aes-xts-plain64 :64:logon:cryptsetup:x 0 8:3 32768\n", ""),
        "cryptsetup luksDump": Completed(0, (CAPTURED / "luks2.json").read_text(), ""),
        "cryptsetup open": Completed(2, "", "No key available with this passphrase.\n"),
        "timedatectl show-timesync": Completed(0, "SystemNTPServers=ntp.school.example\nFallbackNTPServers=x\n", ""),
        "timedatectl show -p": Completed(0, "NTPSynchronized=yes\n", ""),
        "systemctl show": shown,
        "rsyslogd": Completed(0, "", ""),
        "cvtsudoers": Completed(0, json.dumps({"Defaults": [{"Options": [{"logfile": "/var/log/sudo.log"}]}]}), ""),
        "agetty": Completed(0, "agetty from util-linux 2.41\n", ""),
        "nft --json list table": Completed(0, listed(ALL), ""),
        "nft -j list table": Completed(0, listed(ALL), ""),
        "nft": Completed(0, (CAPTURED / "nft.json").read_text(), ""),
        "ss -H": Completed(0, SS, ""),
        "dpkg-query": lambda argv: Completed(
            1, "auditd\tamd64\tinstalled\tok\t1:4.0.2-2\n", "dpkg-query: no packages found matching aide\n"
        ),
        "modprobe": Completed(0, "install /bin/false\n", ""),
        "pkcheck": Completed(1, "", "Not authorized.\n"),
        "swanctl --list-conns": Completed(0, CONNS, ""),
        "swanctl --list-sas": Completed(0, NO_SAS, ""),
        "wg show leeboard": Completed(0, f"{PEER.key}\t{' '.join(PEER.to)}\n", ""),
        "wg show": Completed(0, f"wg0\ty\t10.0.0.0/8\nleeboard\t{PEER.key}\t{' '.join(PEER.to)}\n", ""),
        "ip -j -4 route": Completed(0, json.dumps(ROUTES[ALL][0]), ""),
        "ip -j -6 route": Completed(0, json.dumps(ROUTES[ALL][1]), ""),
        "rule show": Completed(0, json.dumps(RULES_OF_WG_QUICK), ""),
        "journalctl": Completed(1, "", ""),
    }


class Programs:
    """The programs of the machine; `broken` answers for those whose command has `words` in it."""

    def __init__(self, words: str = "", broken: Callable[[Completed], Completed] | None = None) -> None:
        self.words, self.broken = words, broken
        self.answers = answers()
        self.gsettings = GSettingsDouble(
            {
                f"range {IDLE}": "type u", f"default {IDLE}": "uint32 300", f"get {IDLE}": "uint32 600",
                f"writable {IDLE}": "false",
                f"range {USER_LIST}": "type b", f"default {USER_LIST}": "false", f"get {USER_LIST}": "true",
            }
        )  # fmt: skip
        self.asked: list[list[str]] = []

    def __call__(self, argv: list[str], input: str, timeout: float, environment: Mapping[str, str]) -> Completed:
        self.asked.append(argv)
        answer = self.gsettings(argv, input, timeout, environment) if argv[-1] == "-s" and "sh" in argv else None
        if answer is None:
            answer = self._answer(argv)
        return self.broken(answer) if self.broken and self.words in " ".join(argv) else answer

    def _answer(self, argv: list[str]) -> Completed:
        for words, answer in self.answers.items():
            if words in " ".join(argv):
                return answer(argv) if callable(answer) else answer
        raise HostError("missing_tool", f"the command {argv[0]} is not installed")


def age(path: Path) -> None:
    """Make a file and its folder older than the daemons that read it."""
    os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)
    os.utime(path.parent, (LONG_AGO, LONG_AGO))


def build(root: Path) -> None:
    """Write the machine's files below `root`, all of them older than its daemons."""
    folder(root, FILES)
    (root / "etc/dconf/db").mkdir(parents=True, exist_ok=True)
    shutil.copy(DCONF / "local", root / "etc/dconf/db/local")
    shutil.copy(DCONF / "greeter", root / "var/lib/gdm3/greeter-dconf-defaults")
    for path in root.rglob("*"):
        age(path)
    os.utime(root / "run/charon.vici", (LONG_AGO + 60, LONG_AGO + 60))


def machine(root: Path, programs: Programs) -> Host:
    """The machine that was built below `root`."""
    host = Host(root=str(root), runner=programs)
    host.is_root = True
    return host
