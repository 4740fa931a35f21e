"""Files of VPN programs: those that match a pattern, and whether there are any of IPsec."""

from __future__ import annotations

import fnmatch

from ..engine.reading import Machine

# What strongSwan and libreswan leave on a machine. The folder, since not everybody may look into it.
IPSEC = ("/etc/swanctl", "/etc/strongswan.conf", "/run/charon.vici", "/etc/ipsec.conf", "/etc/ipsec.secrets")

# The school's own tunnel: our file of swanctl, and the name of our connection.
OWN_CONF = "/etc/swanctl/conf.d/leeboard.conf"
OWN_NAME = "leeboard"
# What goes with it: options of charon, what keeps networkd off its routes, rules for names and what loads them.
OWN_OPTIONS = "/etc/strongswan.d/leeboard.conf"
OWN_NETWORKD = "/etc/systemd/networkd.conf.d/60-leeboard-vpn.conf"
OWN_RULES = "/etc/swanctl/leeboard-names.nft"
OWN_LOADER = "/etc/systemd/system/strongswan.service.d/leeboard.conf"
# What begins it again where the gateway refused it, and what brings that along with charon.
OWN_AGAIN, OWN_TIMER = (f"/etc/systemd/system/leeboard-vpn-again.{kind}" for kind in ("service", "timer"))
OWN_TIMER_WANTED = "/etc/systemd/system/strongswan.service.d/leeboard-again.conf"
# What each of these begins with.
OWN_HEAD = "# Written by Leeboard (REM-01). A roll-out writes it anew.\n"
# Where certificates and keys lie, and what a certificate waits in for its place.
CERTIFICATES, KEYS = "/etc/swanctl/x509", "/etc/swanctl/private"
AUTHORITIES, LISTS = "/etc/swanctl/x509ca", "/etc/swanctl/x509crl"
WAITING = "/var/lib/leeboard/vpn"
# The school's own tunnel where its VPN is WireGuard: what wg-quick takes, and the key, which is in no configuration.
OWN_WIREGUARD = "/etc/wireguard/leeboard.conf"
OWN_WIREGUARD_KEY = "/etc/wireguard/leeboard.key"
NO_TUNNEL = "Leeboard wrote no tunnel"


def glob(host: Machine, pattern: str) -> list[str]:
    """The files that match a pattern with * ? [ in any of its parts, as glob(3) sorts them. Raises HostError."""
    paths = [""]
    for part in pattern.strip("/").split("/"):
        if not set("*?[") & set(part):
            paths = [f"{folder}/{part}" for folder in paths]
            continue
        paths = [
            f"{folder}/{name}"
            for folder in paths
            for name in host.entries(folder or "/")
            if fnmatch.fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
        ]
    return [path for path in paths if host.exists(path)]


def has_ipsec(host: Machine) -> bool:
    """True where an IPsec profile or secret can be, or where charon runs."""
    return any(host.exists(path) for path in IPSEC)
