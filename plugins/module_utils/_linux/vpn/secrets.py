"""Files that hold keys and passwords of VPNs, and which of them others than root could read or change.

Keys are where a program looks for them, and any other file of a VPN's folders that holds one, whatever its name: one
that was copied among the certificates is as good a key as the right one.
A file counts as kept when the file itself is closed, or when a folder above it that is root's lets nobody else in.
An access list (setfacl) counts too: the kernel shows its widest entry as the group's bits, so it is looked at where a
group is allowed to read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

from ..engine.host import Host
from ..engine.safe_read import text_or_nothing
from ..system import access_list
from ..system.people import names, owner_and_mode
from . import networkmanager, wireguard
from . import others as vpn_others
from .files import glob, has_ipsec

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
READ_OR_WRITE = 6
# Folders of VPN programs in which certificates, configurations and keys lie beside each other.
FOLDERS = (
    "/etc/swanctl", "/etc/ipsec.d", "/etc/openvpn", "/etc/wireguard", "/etc/NetworkManager", "/etc/ppp", "/etc/tinc",
    "/etc/nebula", "/etc/racoon", "/etc/vpnc", "/etc/openfortivpn", "/etc/openconnect",
)  # fmt: skip
# What NetworkManager's folder has on every machine; its connections are looked at in any case.
USUAL = {
    "NetworkManager.conf", "VPN", "conf.d", "dispatcher.d", "dnsmasq-shared.d", "dnsmasq.d", "system-connections",
}  # fmt: skip


def too_open(host: Host) -> list[str]:
    """ "PATH owner:group mode" of everything that others could read or change, sorted. Raises HostError."""
    problems = {path: _open_folder(host, path) for path in CLOSED_FOLDERS}
    for path, group in _files(host):
        problems[path] = _open_file(host, path, group)
    for folder in FOLDERS:
        if set(host.entries(folder)) - USUAL:
            problems.update(_keys_below(host, folder, problems))
    return sorted(place for place in problems.values() if place)


def _keys_below(host: Host, folder: str, known: dict[str, str]) -> dict[str, str]:
    """{path: what is wrong} of the files in a folder that are open and hold a key. What is closed is not read."""
    from ..system import private_keys  # only where a VPN program has a folder

    problems = {
        path: _open_file(host, path, "") for path in private_keys.files_below(host, folder) if path not in known
    }
    return {path: place for path, place in problems.items() if place and private_keys.in_file(host, path)}


def _files(host: Host) -> list[tuple[str, str]]:
    """(path, a group that may read it or "") of each file that holds a secret."""
    paths = [
        (f"{folder}/{name}", "") for folder in CLOSED_FOLDERS for name in host.entries(folder) if _is_key(folder, name)
    ]
    paths += [(path, "") for path in glob(host, "/etc/swanctl/pkcs12/*")]
    if has_ipsec(host):
        from . import strongswan  # only where there is something of IPsec

        paths += [(path, "") for path in strongswan.secret_files(host)]
    paths += [(path, "") for path in networkmanager.files(host)]
    for path in glob(host, "/etc/netplan/*.yaml"):
        if NETPLAN_SECRET.search(text_or_nothing(host, path) or ""):
            paths.append((path, ""))
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


def _open_folder(host: Host, path: str) -> str:
    try:
        status = host.stat(path)
    except FileNotFoundError:
        return ""
    if status.st_uid == 0 and not stat.S_IMODE(status.st_mode) & 0o077:
        return ""
    return _description(host, path, status, "")


def _open_file(host: Host, path: str, group: str) -> str:
    """The words for a file that is not closed, else an empty text. `group` may read it."""
    try:
        status = host.stat(path)
    except FileNotFoundError:
        return ""  # a broken link, or it went away
    if stat.S_ISDIR(status.st_mode):
        return ""
    mode = stat.S_IMODE(status.st_mode)
    others = ""
    if group and names(host, "/etc/group").get(status.st_gid) == group:
        others = _others(host, path)
        mode &= ~0o040 if not others else 0o777
    if _shielded(host, path):
        return ""
    if status.st_uid == 0 and not mode & 0o077:
        folder = _changeable_folder(host, path)
        return f"{path}, which can be replaced in {folder}" if folder else ""
    return _description(host, path, status, others)


def _description(host: Host, path: str, status: os.stat_result, others: str) -> str:
    return f"{path} {owner_and_mode(host, status)}{others or _others(host, path)}"


def _above(host: Host, path: str) -> Iterator[tuple[str, os.stat_result]]:
    """(folder, its os.stat) of each folder above the place where a file really lies, the nearest first."""
    above = os.path.dirname(host.link(path) or path)
    while above not in ("", "/"):
        try:
            yield above, host.stat(above)
        except FileNotFoundError:
            return
        above = os.path.dirname(above)


def _shielded(host: Host, path: str) -> bool:
    """True when a folder above is root's and lets in nobody else. An access list would show in the group's bits."""
    return any(
        status.st_uid == 0 and not stat.S_IMODE(status.st_mode) & 0o077 for _folder, status in _above(host, path)
    )


def _changeable_folder(host: Host, path: str) -> str:
    """A folder above in which somebody but root could put another file in this one's place, else an empty text."""
    for folder, status in _above(host, path):
        mode = status.st_mode
        by_others = mode & stat.S_IWOTH or (mode & stat.S_IWGRP and status.st_gid != 0)
        if status.st_uid != 0 or (by_others and not mode & stat.S_ISVTX):
            return folder
    return ""


def _others(host: Host, path: str) -> str:
    """Text for the users and groups that an access list lets in besides; empty for none. Raises HostError."""
    people, groups = names(host, "/etc/passwd"), names(host, "/etc/group")
    others = [
        f"group {groups.get(one.number, one.number)}" if one.is_group else f"user {people.get(one.number, one.number)}"
        for one in access_list.named(host, path)
        if one.rights & READ_OR_WRITE
    ]
    return f", and by access list {', '.join(others[:5])}" if others else ""
