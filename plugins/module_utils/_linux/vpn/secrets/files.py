"""Files that hold keys and passwords of VPNs. Who could read or change them is judged in open_places.py.

Keys are where a program looks for them, and any other file of a VPN's folders that holds one, whatever its name: one
that was copied among the certificates is as good a key as the right one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ...engine.host import Host
from ...engine.safe_read import text_or_nothing
from ..files import glob, has_ipsec
from ..profiles import networkmanager
from ..profiles import others as vpn_others
from ..wireguard import profiles as wireguard

KEY_FOLDERS = tuple(f"/etc/swanctl/{name}" for name in ("private", "rsa", "ecdsa", "pkcs8", "bliss"))
CLOSED_FOLDERS = ("/etc/wireguard", *KEY_FOLDERS, "/etc/ipsec.d/private")
NETWORKD_GROUP = "systemd-network"
# Files of other programs, as far as a line that is no comment holds a secret.
OTHERS = (
    ("/etc/ppp/chap-secrets", r"[^#\s]"),
    ("/etc/ppp/pap-secrets", r"[^#\s]"),
    ("/etc/xl2tpd/l2tp-secrets", r"[^#\s]"),
    ("/etc/vpnc/*.conf", r"(IPSec secret|IPSec obfuscated secret|Xauth password)\s"),
    ("/etc/openfortivpn/config", r"password\s*="),
)
# What a line of netplan holds when it is a key or a password.
NETPLAN_SECRET = re.compile(
    r"^\s*[\"']?(password|key|private|shared|client-key-password|psk|wifi-security\.psk)[\"']?\s*:\s*\S|password:|private-key:|preshared-key:|vpn-secrets\.",
    re.MULTILINE,
)
NETDEV_SECRET = re.compile(r"^\s*(PrivateKey|PresharedKey)\s*=\s*\S", re.MULTILINE)
NETDEV_FILE = re.compile(r"^\s*(?:PrivateKeyFile|PresharedKeyFile)\s*=\s*(/\S+)", re.MULTILINE)
# What a command of wg-quick's file gives wg as a key: `PostUp = wg set %i private-key /root/school.key` (wg(8)).
QUICK_COMMAND = re.compile(r"^\s*(?:pre|post)up\s*=(.*)", re.MULTILINE | re.IGNORECASE)
QUICK_FILE = re.compile(r"\b(?:private-key|preshared-key)\s+[\"']?(/[^\s;'\"]+)")
# Folders of VPN programs in which certificates, configurations and keys lie beside each other.
FOLDERS = (
    "/etc/swanctl", "/etc/ipsec.d", "/etc/openvpn", "/etc/wireguard", "/etc/NetworkManager", "/etc/ppp", "/etc/tinc",
    "/etc/nebula", "/etc/racoon", "/etc/vpnc", "/etc/openfortivpn", "/etc/openconnect",
)  # fmt: skip
# What NetworkManager's folder has on every machine; its connections are looked at in any case.
USUAL = {
    "NetworkManager.conf", "VPN", "conf.d", "dispatcher.d", "dnsmasq-shared.d", "dnsmasq.d", "system-connections",
}  # fmt: skip


def files(host: Host) -> list[tuple[str, str]]:
    """(path, a group that may read it or "") of each file that holds a secret, whatever its mode. Raises HostError."""
    paths = [
        (f"{folder}/{name}", "") for folder in CLOSED_FOLDERS for name in host.entries(folder) if _is_key(folder, name)
    ]
    paths += [(path, "") for path in glob(host, "/etc/swanctl/pkcs12/*")]
    if has_ipsec(host):
        from ..strongswan import profiles as strongswan  # only where there is something of IPsec

        paths += [(path, "") for path in strongswan.secret_files(host)]
    paths += [(path, "") for path in networkmanager.files(host)]
    for path in glob(host, "/etc/netplan/*.yaml"):
        if NETPLAN_SECRET.search(text_or_nothing(host, path) or ""):
            paths.append((path, ""))
    for path in glob(host, f"{wireguard.FOLDER}/*.conf"):
        commands = "\n".join(QUICK_COMMAND.findall(text_or_nothing(host, path) or ""))
        paths += [(named, "") for named in QUICK_FILE.findall(commands) if host.exists(named)]
    dropins = [path for folder in wireguard.NETWORKD for path in glob(host, f"{folder}/*.netdev.d/*.conf")]
    for path in [*wireguard.networkd_files(host, ".netdev"), *dropins]:
        text = text_or_nothing(host, path) or ""
        if NETDEV_SECRET.search(text):
            paths.append((path, NETWORKD_GROUP))
        paths += [(named, NETWORKD_GROUP) for named in NETDEV_FILE.findall(text) if host.exists(named)]
    for pattern in vpn_others.OPENVPN:
        for path in glob(host, pattern):
            paths += [(named, "") for named in _openvpn(host, path)]
    for pattern, secret in OTHERS:
        for path in glob(host, pattern):
            if re.search(rf"(?m)^\s*{secret}", text_or_nothing(host, path) or ""):
                paths.append((path, ""))
    return paths


def _is_key(folder: str, name: str) -> bool:
    """In WireGuard's folder public keys may lie as well."""
    return folder != "/etc/wireguard" or not re.search(r"pub(lic)?(\.?key)?\Z|\.pub\Z", name.lower())


def _openvpn(host: Host, path: str) -> list[str]:
    """The files of an OpenVPN profile that hold keys or passwords: those it names, and itself with a key inside."""
    paths = []
    for option, values in vpn_others.openvpn_options(host, path).items():
        if option not in (
            "key",
            "pkcs12",
            "secret",
            "auth-user-pass",
            "askpass",
            "tls-auth",
            "tls-crypt",
            "tls-crypt-v2",
        ):
            continue
        for arguments in values:
            name = arguments[0] if arguments else ""
            if name == "[inline]":
                paths.append(path)
            elif name:
                named = name if name.startswith("/") else f"{path.rsplit('/', 1)[0]}/{name}"
                paths += [named] if host.exists(named) else []
    return paths


def copied(host: Host, may_hold: Callable[[str], bool]) -> list[str]:
    """The files of VPN programs' folders that hold a private key, of those that `may_hold` says are worth a look.

    Raises HostError.
    """
    there = [folder for folder in FOLDERS if set(host.entries(folder)) - USUAL]
    if not there:
        return []
    from ...system import private_keys  # only where a VPN program has a folder

    paths = [path for folder in there for path in private_keys.files_below(host, folder) if may_hold(path)]
    return [path for path in paths if private_keys.in_file(host, path)]
