"""VPN profiles of OpenVPN, PPTP, L2TP and other programs that a baseline does not want to find by surprise."""

from __future__ import annotations

import ipaddress
import posixpath
import re
import shlex

from ...engine.host import Host, HostError
from ...engine.safe_read import text_or_nothing
from ..files import glob
from ..profile import Profile, Tunnel, without_family

OPENVPN = tuple(
    f"/etc/openvpn{folder}/*{ending}" for folder in ("", "/client", "/server") for ending in (".conf", ".ovpn")
)
PEERS = "/etc/ppp/peers"
NET = "/sys/class/net"
XL2TPD = "/etc/xl2tpd/xl2tpd.conf"
# Where other programs keep what they connect to: (program, pattern, what must stand in the file, protocol).
MARKS = (
    ("vpnc", "/etc/vpnc/*.conf", r"^\s*IPSec gateway\s", "ikev1"),
    ("openfortivpn", "/etc/openfortivpn/config", r"^\s*host\s*=", "tls"),
    ("tinc", "/etc/tinc/*/tinc.conf", r"^\s*Name\s*=", "other:tinc"),
    ("racoon", "/etc/racoon/racoon.conf", r"^\s*remote\s", "ikev1"),
    ("Tailscale", "/var/lib/tailscale/tailscaled.state", r"_machinekey", "other:tailscale"),
    ("ZeroTier", "/var/lib/zerotier-one/networks.d/*.conf", r".", "other:zerotier"),
    # Recalled, not tried: where these keep what they signed up with.
    ("Cloudflare WARP", "/var/lib/cloudflare-warp/reg.json", r".", "other:warp"),
    ("NetBird", "/etc/netbird/config.json", r".", "other:netbird"),
    ("NetBird", "/var/lib/netbird/*.json", r"PrivateKey", "other:netbird"),
    ("Nebula", "/etc/nebula/*.yml", r"^\s*(lighthouse|pki)\s*:", "other:nebula"),
    ("Mullvad", "/etc/mullvad-vpn/device.json", r"logged_in", "other:mullvad"),
    ("Hamachi", "/var/lib/logmein-hamachi/h2-engine.cfg", r".", "other:hamachi"),
    ("AnyConnect", "/opt/cisco/anyconnect/profile/*.xml", r"<HostEntry>", "other:anyconnect"),
    ("AnyConnect", "/opt/cisco/secureclient/vpn/profile/*.xml", r"<HostEntry>", "other:anyconnect"),
)
Options = dict[str, list[list[str]]]  # of an OpenVPN file: the arguments of each time that an option is given
# Programs for PPTP and L2TP, and their packages: there is nothing good to be done with them.
PROGRAMS = {
    "/usr/sbin/pptp": "pptp-linux",
    "/usr/sbin/pptpd": "pptpd",
    "/usr/sbin/xl2tpd": "xl2tpd",
    "/usr/lib/NetworkManager/VPN/nm-pptp-service.name": "network-manager-pptp",
    "/usr/lib/NetworkManager/VPN/nm-l2tp-service.name": "network-manager-l2tp",
}


def profiles(host: Host) -> list[Profile]:
    """All profiles. Raises HostError."""
    openvpn = [_openvpn(host, path) for pattern in OPENVPN for path in glob(host, pattern)]
    return openvpn + _ppp(host) + _xl2tpd(host) + _marked(host)


def in_kernel(host: Host, known: list[Profile]) -> list[Profile]:
    """Interfaces that a program made for a tunnel (tun, tap), where no profile in `known` belongs to such a program.

    openconnect needs no file at all, and any other may have its file anywhere. A tap of a virtual machine belongs to a
    bridge.
    """
    if any(_makes_interfaces(profile) for profile in known):
        return []
    found = []
    for name in host.entries(NET):
        if host.exists(f"{NET}/{name}/tun_flags") and not host.exists(f"{NET}/{name}/master"):
            profile = Profile(name, "kernel", f"the interface {name}, and no file of a program for it", "other:tun")
            profile.tunnels = [Tunnel(to=["what the program decides"])]
            found.append(profile)
    return found


def _makes_interfaces(profile: Profile) -> bool:
    of_networkmanager = profile.program.startswith("NetworkManager (")  # each of its plugins has an interface
    return of_networkmanager or profile.program == "vpnc" or profile.protocol.startswith(("openvpn", "tls", "other:"))


def programs(host: Host) -> list[str]:
    """Programs for PPTP and L2TP that are installed."""
    return [path for path in PROGRAMS if host.exists(path)]


def openvpn_options(host: Host, path: str, depth: int = 0) -> Options:
    """{option: [arguments, ...]} of an OpenVPN file; a block <x>...</x> counts as x with the argument [inline]."""
    if depth > 10:
        raise HostError("malformed", f"{path} is included too deeply, perhaps by itself")
    options: Options = {}
    block = ""
    for count, line in enumerate((text_or_nothing(host, path) or "").split("\n"), 1):
        bare = line.strip()
        if block:
            block = "" if bare == f"</{block}>" else block
            continue
        opened = re.fullmatch(r"<([a-z0-9-]+)>", bare)
        if opened:
            block = opened.group(1)
            options.setdefault(block, []).append(["[inline]"])
            continue
        try:
            words = shlex.split(re.sub(r"(^|\s)[#;].*", "", bare))
        except ValueError:
            raise HostError("malformed", f"{path}, line {count}: a quotation mark is not closed") from None
        if not words:
            continue
        if words[0] == "config" and len(words) > 1:
            other = posixpath.join(posixpath.dirname(path), words[1])
            for option, arguments in openvpn_options(host, other, depth + 1).items():
                options.setdefault(option, []).extend(arguments)
        else:
            options.setdefault(words[0].lstrip("-"), []).append(words[1:])
    if block:
        raise HostError("malformed", f"{path}: the block <{block}> is cut off")
    return options


def _openvpn(host: Host, path: str) -> Profile:
    options = openvpn_options(host, path)
    profile = Profile(re.sub(r"\.(conf|ovpn)$", "", path.rsplit("/", 1)[1]), "OpenVPN", path, "openvpn")
    profile.initiates = "remote" in options
    if {"cert", "pkcs12", "cryptoapicert", "pkcs11-id"} & set(options):
        profile.authentication.append("certificate")
    if "auth-user-pass" in options:
        profile.authentication.append("password")
        if any(options["auth-user-pass"]):
            profile.stored.append("password")
    if "secret" in options:
        profile.authentication.append("psk")
    profile.tunnels = [_redirected(options)]
    return profile


def _redirected(options: Options) -> Tunnel:
    tunnel = Tunnel()
    for flags in options.get("redirect-gateway", []):
        tunnel.to += [] if "!ipv4" in flags else ["0.0.0.0/0"]
        tunnel.to += ["::/0"] if "ipv6" in flags else []
    for words in options.get("route", []):
        tunnel.to += _network("/".join(words[:2]))
    for words in options.get("route-ipv6", []):
        tunnel.to += _network("".join(words[:1]))
    refused = "route-nopull" in options or any(
        "redirect-gateway" in " ".join(words) for words in options.get("pull-filter", [])
    )
    pulls = {"client", "pull"} & set(options) and not refused
    if pulls and "redirect-gateway" not in options:
        tunnel.to.append("what the server says")
    elif refused:
        tunnel.notes.append("it refuses the routes that the server gives")
    return tunnel


def _network(text: str) -> list[str]:
    try:
        return [str(ipaddress.ip_network(text, strict=False))]
    except ValueError:
        return []


def _ppp(host: Host) -> list[Profile]:
    parsed = []
    for name in host.entries(PEERS):
        path = f"{PEERS}/{name}"
        text = re.sub(r"(?m)^\s*#.*$", "", text_or_nothing(host, path) or "")
        kind = "pptp" if re.search(r"\bpptp\b|pptp\.so", text) else "l2tp" if "pppol2tp" in text else ""
        if kind:
            parsed.append(_without_ipv6(Profile(name, "pppd", path, kind), "replacedefaultroute" in text))
    return parsed


def _without_ipv6(profile: Profile, everything: bool) -> Profile:
    profile.authentication = ["password"]
    to = without_family(["0.0.0.0/0", "::/0"], 6) if everything else []
    profile.tunnels = [
        Tunnel(to=to, notes=["it carries no IPv6" if everything else "it does not take the default route"])
    ]
    return profile


def _xl2tpd(host: Host) -> list[Profile]:
    parsed = []
    for line in (text_or_nothing(host, XL2TPD) or "").split("\n"):
        section = re.fullmatch(r"\[\s*(lac|lns)\s+(.+?)\s*\]", line.split(";", 1)[0].strip())
        if section:
            profile = _without_ipv6(Profile(section.group(2), "xl2tpd", XL2TPD, "l2tp"), False)
            profile.initiates = section.group(1) == "lac"
            parsed.append(profile)
    return parsed


def _marked(host: Host) -> list[Profile]:
    parsed = []
    for program, pattern, mark, protocol in MARKS:
        for path in glob(host, pattern):
            if re.search(mark, text_or_nothing(host, path) or "", re.MULTILINE):
                profile = Profile(path.rsplit("/", 1)[1], program, path, protocol)
                if profile.family == "ipsec":
                    profile.authentication = ["password", "psk"]
                    profile.ike = ["default"]
                profile.tunnels = [Tunnel(to=["what the program decides"])]
                parsed.append(profile)
    return parsed
