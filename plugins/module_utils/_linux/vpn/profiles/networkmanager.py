"""VPN profiles of NetworkManager: its key files, and netplan's files that were not turned into any yet."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...engine.host import Host
from ...engine.safe_read import text_or_nothing
from ...system.inifile import keyfile_assignments
from ..profile import EVERYTHING, Profile, Tunnel, without_family

# An earlier folder hides a profile of the same UUID in a later one.
FOLDERS = tuple(f"{base}/NetworkManager/system-connections" for base in ("/etc", "/run", "/usr/lib"))
NETPLAN = ("/etc/netplan", "/run/netplan", "/usr/lib/netplan")
IGNORED = re.compile(r"\A\.|(?:~|\.(?:bak|rpmnew|rpmorig|rpmsave|pem|der|swp|nmmeta))\Z")
PROTOCOLS = {
    "strongswan": "ikev2", "openvpn": "openvpn", "openconnect": "tls", "fortisslvpn": "tls", "sstp": "tls",
    "ssh": "other:ssh", "pptp": "pptp", "l2tp": "l2tp", "vpnc": "ikev1", "libreswan": "ikev1-or-ikev2",
}  # fmt: skip
STORED, NOT_REQUIRED = 0, 4  # of NMSettingSecretFlags; 1 is kept by the user's agent, 2 is asked for each time
Keys = dict[tuple[str, str], str]  # {(section, key): text} of a key file
WORD_OF_SECRET = re.compile(r"password|psk|secret|pin", re.IGNORECASE)


def profiles(host: Host) -> list[Profile]:
    """All profiles. Raises HostError."""
    parsed, seen = [], set()
    for path in files(host):
        keys = _read(host, path)
        uuid = keys.get(("connection", "uuid"), path)
        kind = keys.get(("connection", "type"), "")
        if uuid in seen or kind not in ("vpn", "wireguard"):
            continue
        seen.add(uuid)
        parsed.append(_wireguard(path, keys) if kind == "wireguard" else _vpn(path, keys))
    return parsed + _netplan(host, {profile.interface for profile in parsed})


class Stray(NamedTuple):
    """A VPN profile of NetworkManager in one file: its `name` without blanks, its `uuid`, and what kind it is."""

    path: str
    name: str
    uuid: str
    kind: str

    @property
    def text(self) -> str:
        """As a reading has it."""
        return f"{self.name} ({self.kind}) in {self.path}"


def strays(host: Host) -> list[Stray]:
    """Each file with a VPN profile, those too that an earlier file hides. Raises HostError."""
    found = []
    for path in files(host):
        keys = _read(host, path)
        kind = keys.get(("connection", "type"), "")
        if kind in ("vpn", "wireguard"):
            service = keys.get(("vpn", "service-type"), "").rsplit(".", 1)[-1]
            name = re.sub(r"[\s:]+", "_", keys.get(("connection", "id"), "") or path.rpartition("/")[2])
            found.append(Stray(path, name[:100], keys.get(("connection", "uuid"), ""), service or kind))
    return found


def files(host: Host) -> list[str]:
    """Every key file that NetworkManager would look at."""
    paths = []
    for folder in FOLDERS:
        for name in host.entries(folder):
            if not IGNORED.search(name) and (folder == FOLDERS[0] or name.endswith(".nmconnection")):
                paths.append(f"{folder}/{name}")
    return paths


def _read(host: Host, path: str) -> Keys:
    """{(section, key): text} of a key file; the last of a key counts."""
    text = text_or_nothing(host, path) or ""
    return {(entry.section, entry.key): entry.text for entry in keyfile_assignments(text, path)}


def _is_true(keys: Keys, section: str, key: str, otherwise: bool = False) -> bool:
    text = keys.get((section, key), "").lower()
    return text in ("true", "1", "yes") if text else otherwise


def _families_outside(keys: Keys) -> tuple[list[int], list[str]]:
    """(families, notes): those whose default route stays outside, and why."""
    families, notes = [], []
    for family, section in ((4, "ipv4"), (6, "ipv6")):
        method = keys.get((section, "method"), "auto")
        if _is_true(keys, section, "never-default"):
            families.append(family)
            notes.append(f"{section}.never-default=true keeps IPv{family} out of the tunnel")
        elif method in ("disabled", "ignore"):
            families.append(family)
            notes.append(f"{section}.method={method}: no IPv{family} goes through the tunnel")
    return families, notes


def _wireguard(path: str, keys: Keys) -> Profile:
    profile = Profile(keys.get(("connection", "id"), path), "NetworkManager", path, "wireguard")
    profile.interface = keys.get(("connection", "interface-name"), "")
    profile.authentication = ["key"]
    peers = {section for section, _key in keys if section.startswith("wireguard-peer.")}
    profile.initiates = any((peer, "endpoint") in keys for peer in peers)
    to = [
        network
        for peer in sorted(peers)
        for network in keys.get((peer, "allowed-ips"), "").split(";")
        if network.strip()
    ]
    families, notes = _families_outside(keys)
    for family in (4, 6):
        if keys.get(("wireguard", f"ip{family}-auto-default-route")) in ("0", "false"):
            families.append(family)
            notes.append(f"wireguard.ip{family}-auto-default-route is off")
    if not _is_true(keys, "wireguard", "peer-routes", True):
        families, notes = [4, 6], [*notes, "wireguard.peer-routes=false makes no routes"]
    for family in families:
        to = without_family(to, family)
    profile.tunnels = [Tunnel(to=to, notes=notes)]
    if keys.get(("wireguard", "private-key")):
        profile.stored.append("private-key")
    if any(keys.get((peer, "preshared-key")) for peer in peers):
        profile.stored.append("preshared-key")
    return profile


def _vpn(path: str, keys: Keys) -> Profile:
    service = keys.get(("vpn", "service-type"), "").rsplit(".", 1)[-1]
    profile = Profile(
        keys.get(("connection", "id"), path),
        f"NetworkManager ({service or 'no service'})",
        path,
        PROTOCOLS.get(service, f"other:{service}"),
    )
    # Flag 0 without a password: the next one that is typed will be kept.
    awaited = [key[: -len("-flags")] for (section, key), text in keys.items() if section == "vpn" and text == "0"]
    profile.stored = ["password" for key in awaited if key.endswith("password")]
    profile.stored += [
        kind for kind in (_stored(keys, key) for section, key in keys if section == "vpn-secrets") if kind
    ]
    if service == "strongswan":
        _strongswan(profile, keys)
        return profile
    families, notes = _families_outside(keys)
    to = EVERYTHING if service != "pptp" else without_family(EVERYTHING, 6)
    if service == "pptp":
        notes = [*notes, "PPTP carries no IPv6"]
    for family in families:
        to = without_family(to, family)
    profile.tunnels = [Tunnel(to=to, notes=notes, esp=["default"] if profile.family == "ipsec" else [])]
    profile.ike = ["default"] if profile.family == "ipsec" else []
    profile.authentication = _method(service, keys)
    return profile


def _stored(keys: Keys, key: str) -> str:
    """The kind of a secret that stands in the file and that NetworkManager keeps there."""
    flags = keys.get(("vpn", f"{key}-flags"), "0")
    if not keys[("vpn-secrets", key)] or flags not in (str(STORED), str(NOT_REQUIRED)):
        return ""
    if "psk" in key.lower() or key == "IPSec secret":
        return "psk"
    if re.search(r"cert|key.?pass|http-proxy", key, re.IGNORECASE):
        return "passphrase"
    return "password" if WORD_OF_SECRET.search(key) else "other"


def _method(service: str, keys: Keys) -> list[str]:
    if service == "openvpn":
        return {
            "tls": ["certificate"], "password": ["password"], "password-tls": ["certificate", "password"],
            "static-key": ["psk"],
        }.get(keys.get(("vpn", "connection-type"), "tls"), ["unspecified"])  # fmt: skip
    if service == "l2tp":
        psk = keys.get(("vpn", "ipsec-psk")) or keys.get(("vpn-secrets", "ipsec-psk"))
        return ["password", "psk"] if psk else ["password"]
    if service in ("vpnc", "libreswan"):
        return ["password", "psk"]
    if service == "openconnect" and keys.get(("vpn", "usercert")):
        return ["certificate"]
    return ["password"]


def _strongswan(profile: Profile, keys: Keys) -> None:
    """charon-nm: it routes by its own selectors, whatever never-default says; both proposals need proposal=yes."""
    own = keys.get(("vpn", "proposal")) == "yes"
    profile.ike = _parts(keys, "ike") if own else []
    profile.ike = profile.ike or ["default"]
    tunnel = Tunnel(to=_parts(keys, "remote-ts") or EVERYTHING, esp=_parts(keys, "esp") if own else [])
    tunnel.esp = tunnel.esp or ["default"]
    profile.tunnels = [tunnel]
    method = keys.get(("vpn", "method"), "")
    profile.authentication = {
        "cert": ["certificate"], "key": ["certificate"], "agent": ["certificate"], "smartcard": ["certificate"],
        "eap-tls": ["certificate"], "eap": ["certificate", "password"], "psk": ["psk"],
    }.get(method, ["unspecified"])  # fmt: skip


def _parts(keys: Keys, key: str) -> list[str]:
    return [part.strip() for part in keys.get(("vpn", key), "").replace("\\;", ";").split(";") if part.strip()]


def _netplan(host: Host, known: set[str]) -> list[Profile]:
    """WireGuard tunnels of netplan's files that neither NetworkManager nor networkd has a file for.

    Only the line with the mode and the name above it are read: what netplan makes of a file is judged where it puts it.
    """
    parsed = []
    for folder in NETPLAN:
        for name in host.entries(folder):
            if not name.endswith(".yaml"):
                continue
            path = f"{folder}/{name}"
            for tunnel in _tunnels(text_or_nothing(host, path) or ""):
                if tunnel in known or _generated(host, tunnel):
                    continue
                profile = Profile(tunnel, "netplan", path, "wireguard")
                profile.interface = tunnel
                profile.authentication = ["key"]
                profile.tunnels = [Tunnel(to=["not generated"])]
                parsed.append(profile)
    return parsed


def _generated(host: Host, tunnel: str) -> bool:
    names = (f"/run/systemd/network/10-netplan-{tunnel}.netdev", f"{FOLDERS[1]}/netplan-{tunnel}.nmconnection")
    return any(host.exists(name) for name in names)


def _tunnels(text: str) -> list[str]:
    """The names of what has `mode: wireguard` in a netplan file, in block style or within braces on one line."""
    names = []
    above: list[tuple[int, str]] = []  # (indentation, name) of the keys that a line lies below
    for line in text.split("\n"):
        bare = line.split(" #", 1)[0].rstrip()
        if not bare.strip() or bare.lstrip().startswith("#"):
            continue
        inside = re.search(r"([\w.-]+)[\"']?\s*:\s*\{[^{}]*mode[\"']?\s*:\s*[\"']?wireguard", bare)
        if inside:
            names.append(inside.group(1))
            continue
        key = re.match(r"(\s*)[\"']?([\w.-]+)[\"']?\s*:\s*[\"']?([\w-]*)", bare)
        if not key:
            continue
        indentation = len(key.group(1))
        above = [entry for entry in above if entry[0] < indentation]
        if key.group(2) == "mode" and key.group(3) == "wireguard" and above:
            names.append(above[-1][1])
        above.append((indentation, key.group(2)))
    return names
