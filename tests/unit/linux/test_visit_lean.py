"""A visit loads the code for what a machine has, and no more: a device compiles all that is imported, every night."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from leeboard.model.enums import Platform
from leeboard.policy.load import load
from tests.device_code import LINUX, linux_files
from tests.unit.linux.folder import PASSWD, folder

# Of 167 files; each one more costs every device of every school some milliseconds a night.
MOST = 108
PLAIN: Mapping[str, str | None] = {
    "/etc/os-release": 'ID=debian\nVERSION_ID="13"\n',
    "/etc/passwd": PASSWD,
    "/etc/group": "root:x:0:\nsudo:x:27:ada\n",
    "/etc/issue": "Debian GNU/Linux 13 \\n \\l\n\n",
    "/etc/fstab": "UUID=1 / ext4 defaults 0 1\n",
    "/usr/sbin/sshd": "", "/etc/ssh/sshd_config": "UsePAM yes\n",
    "/usr/sbin/gdm3": "", "/usr/bin/gnome-shell": "", "/etc/gdm3/daemon.conf": "[daemon]\n",
    "/usr/share/wayland-sessions/gnome.desktop": "[Desktop Entry]\n",
    "/usr/sbin/nft": "", "/etc/nftables.conf": "flush ruleset\n",
    "/etc/NetworkManager/NetworkManager.conf": "[main]\n",
}  # fmt: skip
# What a machine has besides, and the code that reads it.
STRONGSWAN = ("profiles", "swanctl", "charon", "ipsec", "settings")
IPSEC = {*(f"vpn.strongswan.{name}" for name in STRONGSWAN), "vpn.ikev2.left"}
OPEN = {"engine.access_attribute", *IPSEC}
FIREWALL = {f"firewall.{name}" for name in ("ours", "table", "words", "guests", "way_in")}
SENDING = {"system.tls_files", "system.certificate"}
RSYSLOG = {"logging.rsyslog_service", "logging.rsyslog", "logging.rainerscript", *SENDING}
BESIDES = [
    ("/usr/bin/plasmashell", {"kconfig.view", "kconfig.files", "kconfig.ini", "kconfig.cascade", "kconfig.session"}),
    ("/etc/swanctl/swanctl.conf", {"system.private_keys", "vpn.secrets.configurations", *OPEN}),
    ("/etc/ipsec.secrets", OPEN),
    (
        "/etc/wireguard/leeboard.conf",
        {
            *(f"vpn.wireguard.{part}" for part in ("state", "conf", "words")),
            "vpn.ikev2.words",
            "engine.access_attribute",
            "system.private_keys",
            "vpn.secrets.configurations",
        },
    ),
    ("/usr/bin/sddm", {"open_sign_in.greeters"}),
    ("/usr/sbin/rsyslogd", RSYSLOG),
    ("/etc/leeboard/firewall.nft", {*FIREWALL, "system.came_by"}),
    ("/usr/lib/systemd/systemd-journal-upload", {"logging.journal_upload", *SENDING}),
]
CHANGES = {
    "engine.change", "engine.journal", "engine.overlay_host", "audit.writing", "dconf.changes", "dconf.writing",
    "engine.home_file", "faillock.changes", "faillock.trial", "faillock.update", "firewall.putting_back",
    "firewall.writing", "kconfig.changes", "luks.key_files_changes", "logging.writing", "removable_media.changes",
    "simple.sharing_off", "sshd.administrators", "sshd.changes", "sshd.cover", "sshd.our_file", "sshd.visitor",
    "system.came_by", "system.root_only_path", "vpn.certificate.pair", "vpn.profiles.changes",
    "vpn.profiles.nm_profile", "vpn.secrets.changes", "vpn.strongswan.stacks", "vpn.tunnel.changes", "vpn.tunnel.cover",
    "vpn.tunnel.gone", "vpn.wireguard.changes", "vpn.wireguard.key", "vpn.wireguard.make",
}  # fmt: skip
VISIT = """
import json, sys
from _linux import visit
from _linux.engine import host
def no_commands(argv, *_rest):
    raise host.HostError("missing_tool", f"the command {argv[0]} is not installed")
visit.visit(host.Host(root=sys.argv[1], runner=no_commands), json.loads(sys.argv[2]))
ours = {name.partition(".")[2]: one for name, one in sys.modules.items() if name.startswith("_linux.")}
print(json.dumps([name for name, one in ours.items() if not hasattr(one, "__path__")]))
"""


def loaded(root: Path, files: Mapping[str, str | None]) -> set[str]:
    """The files of the device's code that a visit of everything loads, in a process of its own."""
    folder(root, files)
    addresses = json.dumps(load().addresses(Platform.LINUX))
    done = subprocess.run(
        ["/usr/bin/python3", "-c", VISIT, str(root), addresses],
        cwd=LINUX.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What a visit of a plain machine loads."""
    return loaded(tmp_path_factory.mktemp("plain"), PLAIN)


def test_a_plain_machine_loads_the_least(plain: set[str]) -> None:
    assert {"visit", "facts", "dconf.driver", "sshd.driver", "firewall.nft"} <= plain
    assert len(plain) <= MOST, sorted(plain)


def test_a_visit_loads_nothing_that_only_a_change_needs(plain: set[str]) -> None:
    known = {name.removesuffix(".py").replace("/", ".").partition(".")[2] for name in linux_files().values()}
    assert known > CHANGES
    assert plain & CHANGES == set()


@pytest.mark.parametrize(("path", "code"), BESIDES)
def test_what_is_there_brings_its_code(tmp_path: Path, plain: set[str], path: str, code: set[str]) -> None:
    assert loaded(tmp_path, {**PLAIN, path: ""}) - plain == code
