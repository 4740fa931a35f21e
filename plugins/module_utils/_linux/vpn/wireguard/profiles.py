"""VPN profiles of WireGuard: wg-quick's files, systemd-networkd's, and what the kernel has.

Keys are never asked for: `wg show all allowed-ips` prints none but the peers' public ones.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping

from ...engine.host import Host, HostError
from ...engine.safe_read import by_name, text_or_nothing
from ...system.inifile import systemd_assignments
from ..files import glob
from ..profile import Profile, Tunnel, collapsed

FOLDER = "/etc/wireguard"
RECOGNIZED = re.compile(r"\[[A-Za-z]+\]\Z|[A-Za-z]+\s*=")
ROUTES = re.compile(
    r"\bip\s+(?:-\S+\s+)*(?:route|rule|r|ro|ru)\s+(?:add|append|replace|change|del)|\broute\s+(?:add|del)\b"
)
NETWORKD = (
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
)


def profiles(host: Host) -> list[Profile]:
    """The profiles of wg-quick and of systemd-networkd. Raises HostError."""
    return [_quick(host, path) for path in glob(host, f"{FOLDER}/*.conf")] + _networkd(host)


def beside_kernel(host: Host, known: list[Profile]) -> list[Profile]:
    """`known` (profiles of any program), narrowed to what the kernel has, and the interfaces that no profile is for."""
    all_profiles = list(known)
    by_interface = {profile.interface: profile for profile in known if profile.protocol == "wireguard"}
    for name, routed in _in_kernel(host).items():
        if name not in by_interface:
            profile = Profile(name, "kernel", f"the interface {name}, which no file brings back", "wireguard")
            _common(profile, Tunnel(to=["not told"] if routed is None else routed), routed != [])
            all_profiles.append(profile)
        elif routed is not None:
            _in_use(by_interface[name], routed)
    return all_profiles


def _in_use(profile: Profile, routed: list[str]) -> None:
    """The kernel has the last word; a profile that makes no routes stays as it is."""
    tunnel = profile.tunnels[0]
    now = [selector for selector in collapsed(routed) if selector in collapsed(tunnel.to)]
    if tunnel.to and now != collapsed(tunnel.to):
        tunnel.notes.append(f"the kernel has {', '.join(collapsed(routed)[:5]) or 'no addresses'} for it now")
        tunnel.to = now


def _in_kernel(host: Host) -> Mapping[str, list[str] | None]:
    """{interface: [network, ...]} of the WireGuard interfaces that are there; None without the program that tells.

    NetworkManager and networkd need no such program, so its absence is nothing odd. Raises HostError.
    """
    names = [
        name
        for name in host.entries("/sys/class/net")
        if "DEVTYPE=wireguard" in (text_or_nothing(host, f"/sys/class/net/{name}/uevent") or "").split("\n")
    ]
    if not names:
        return {}
    networks: dict[str, list[str]] = {name: [] for name in names}
    try:
        done = host.query(["wg", "show", "all", "allowed-ips"])
    except HostError as problem:
        if problem.code == "missing_tool":
            return dict.fromkeys(names)
        raise
    if done.rc != 0:
        code = "failed" if host.is_root else "needs_root"
        raise HostError(code, f"wg show all allowed-ips ended with status {done.rc}: {done.err.strip()[:200]}")
    for line in done.out.splitlines():
        fields = line.split("\t")
        if len(fields) != 3 or not done.out.endswith("\n"):
            raise HostError("malformed", f"a line of wg show all allowed-ips makes no sense: {line[:100]!r}")
        if fields[0] in networks:
            networks[fields[0]] += [word for word in fields[2].split() if word != "(none)"]
    return networks


def _sections(text: str) -> list[tuple[str, dict[str, list[str]]]]:
    """[(section, {key: [text, ...]})] as wg and wg-quick read it: capitals do not matter, # begins a comment."""
    sections: list[tuple[str, dict[str, list[str]]]] = []
    for line in text.split("\n"):
        bare = line.split("#", 1)[0].strip()
        if bare.startswith("[") and bare.endswith("]"):
            sections.append((bare[1:-1].strip().lower(), {}))
        elif "=" in bare and sections:
            key, value = bare.split("=", 1)
            sections[-1][1].setdefault(key.strip().lower(), []).append(value.strip())
    return sections


def _quick(host: Host, path: str) -> Profile:
    text = text_or_nothing(host, path) or ""
    for count, line in enumerate(text.split("\n"), 1):
        bare = line.split("#", 1)[0].strip()
        if bare and not RECOGNIZED.match(bare):
            raise HostError("malformed", f"{path}, line {count} makes no sense, and wg-quick stops at it")
    sections = _sections(text)
    name = path.rsplit("/", 1)[1][: -len(".conf")]
    profile = Profile(name, "wg-quick", path, "wireguard")
    peers = [keys for section, keys in sections if section == "peer"]
    interface: dict[str, list[str]] = {}
    for section, keys in sections:
        if section == "interface":
            interface.update(keys)
    tunnel = Tunnel(to=_networks(network for peer in peers for network in peer.get("allowedips", [])))
    table = interface.get("table", ["auto"])[-1]
    if table.lower() != "auto":
        tunnel.notes = [f"Table = {table} keeps wg-quick from routing everything into the tunnel"]
        tunnel.to = []
    for key in ("preup", "postup"):
        for command in interface.get(key, []):
            if ROUTES.search(command):
                tunnel.notes.append(f"{key} changes routes ({command[:100]}), which may lead past the tunnel")
    _common(profile, tunnel, any("endpoint" in peer for peer in peers))
    if "privatekey" in interface:
        profile.stored.append("private-key")
    if any("presharedkey" in peer for peer in peers):
        profile.stored.append("preshared-key")
    return profile


def _common(profile: Profile, tunnel: Tunnel, initiates: bool) -> None:
    profile.interface = profile.name
    profile.authentication = ["key"]
    profile.tunnels = [tunnel]
    profile.initiates = initiates


def _networks(texts: Iterable[str]) -> list[str]:
    return [word.strip() for text in texts for word in text.split(",") if word.strip()]


def _networkd(host: Host) -> list[Profile]:
    parsed = []
    for path in networkd_files(host, ".netdev"):
        keys = _joined(host, path)
        if keys.get(("NetDev", "Kind"), [""])[-1].lower() != "wireguard":
            continue
        name = keys.get(("NetDev", "Name"), ["?"])[-1]
        profile = Profile(name, "systemd-networkd", path, "wireguard")
        allowed = _networks(keys.get(("WireGuardPeer", "AllowedIPs"), []))
        tables = keys.get(("WireGuard", "RouteTable"), []) + keys.get(("WireGuardPeer", "RouteTable"), [])
        tunnel = Tunnel(to=allowed)
        if not any(table.lower() not in ("", "off", "no", "false", "0") for table in tables):
            # Without RouteTable= networkd makes no routes by itself: they come from the .network file.
            routed = _routes(host, name)
            tunnel.to = [network for network in collapsed(routed) if network in collapsed(allowed)]
            if tunnel.to != collapsed(allowed):
                tunnel.notes = [f"no [Route] leads all of {', '.join(allowed[:5])} into {name}"]
        _common(profile, tunnel, ("WireGuardPeer", "Endpoint") in keys)
        if ("WireGuard", "PrivateKey") in keys:
            profile.stored.append("private-key")
        if ("WireGuardPeer", "PresharedKey") in keys:
            profile.stored.append("preshared-key")
        parsed.append(profile)
    return parsed


def _routes(host: Host, name: str) -> list[str]:
    """Where the [Route] sections of the first .network file for an interface lead."""
    for path in networkd_files(host, ".network"):
        keys = _joined(host, path)
        matches = [word for text in keys.get(("Match", "Name"), []) for word in text.split()]
        if any(fnmatch.fnmatchcase(name, match) for match in matches):
            return ["0.0.0.0/0" if one == "default" else one for one in keys.get(("Route", "Destination"), [])]
    return []


def networkd_files(host: Host, ending: str) -> list[str]:
    """The files of that kind that count, sorted by name: a file in an earlier folder hides its namesakes."""
    return by_name(host, NETWORKD, ending)


def _joined(host: Host, path: str) -> dict[tuple[str, str], list[str]]:
    """{(section, key): [text, ...]} of a networkd file and its drop-ins."""
    by_key: dict[tuple[str, str], list[str]] = {}
    places = [f"{folder}/{path.rsplit('/', 1)[1]}.d" for folder in NETWORKD]
    for file in [path, *by_name(host, places, ".conf")]:
        for assignment in systemd_assignments(text_or_nothing(host, file) or "", file):
            by_key.setdefault((assignment.section, assignment.key), []).append(assignment.text)
    return by_key
