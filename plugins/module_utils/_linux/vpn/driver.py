"""VPNs of a machine, whatever program they belong to, and the school's own tunnel, which alone is written.

Addresses:
    profiles         list of JSON texts, one a profile (vpn/profile.py has the words); what charon has not loaded yet
                     makes *running* unreadable
    shared-secrets   list of places where a secret that both ends know stands, never the secret
    old-programs     list of programs for PPTP and L2TP that are installed
    tunnel           the tunnel that Leeboard wrote, in words (ikev2/words.py); absent where it wrote none, and
                     left:WHAT for what is left of one (ikev2/left.py)
    certificate      list of texts, one for each certificate with which this device may prove itself in that tunnel:
                     from when to when it holds, or what is wrong with it (certificate/state.py); absent without it

Each kind of program is read in a file of its own: strongswan/profiles.py (swanctl, charon and ipsec.conf),
wireguard/profiles.py, profiles/networkmanager.py (and netplan), profiles/others.py. The school's own tunnel is changed
in tunnel/. What it is made of is in ikev2/ and certificate/, or in wireguard/.
"""

from __future__ import annotations

import re
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING

from ..engine.edits import Change, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Reading, Readings, absent, reading, unreadable, value
from ..engine.safe_read import read_each
from .files import NO_TUNNEL, OWN_CONF, OWN_NAME, OWN_NETWORKD, OWN_WIREGUARD, OWN_WIREGUARD_KEY, has_ipsec
from .profile import Profile
from .profiles import networkmanager, others
from .wireguard import profiles as wireguard

if TYPE_CHECKING:
    from ..engine.cover import Cover

NAME = "vpn"
CUT_OFF = True
ADDRESSES = re.compile(r"\A(?:profiles|shared-secrets|old-programs|tunnel|certificate)\Z")
ALL = ["profiles", "shared-secrets", "old-programs", "tunnel", "certificate"]
MOST = 300  # profiles; a machine with more of them is not one of a school
TYPE = "vpn_profile"


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files and commands of the school's own tunnel; any other address is refused. Raises ChangeRefused,
    HostError."""
    from .tunnel import changes as tunnel_changes

    return tunnel_changes.plan(host, changes)


def cover(host: Host, changes: list[Change]) -> Cover:
    """What brings the device back from that. Raises ChangeRefused, HostError."""
    from .tunnel import cover as tunnel_cover

    return tunnel_cover.cover(host, changes)


def _read(host: Host, address: str) -> Reading:
    if address == "profiles":
        aspect = value([profile.text() for profile in profiles(host)], "the configurations of all VPN programs", TYPE)
        ipsec = _ipsec(host)
        waiting = ipsec.waiting(host) if ipsec else ""
        if waiting:
            aspect["note"] = waiting
        return reading(NAME, address, aspect, running=unreadable("failed", waiting) if waiting else None)
    if address == "shared-secrets":
        ipsec = _ipsec(host)
        stored = ipsec.secrets(host) if ipsec else []
        places = sorted(f"{place} ({kind})" for kind, _path, place in stored if kind in ("psk", "password"))
        return reading(NAME, address, value(places[:MOST], "swanctl.conf and ipsec.secrets", "list"))
    if address == "tunnel":
        return _tunnel(host)
    if address == "certificate":
        return _certificate(host)
    return reading(NAME, address, value(others.programs(host), "installed programs", "list"))


def _tunnel(host: Host) -> Reading:
    if host.exists(OWN_WIREGUARD):
        from .wireguard import state as wireguard_state

        return wireguard_state.read(host, NAME)
    ipsec = _ipsec(host)
    if ipsec and (host.exists(OWN_CONF) or ipsec.has(host, OWN_NAME)):
        from .ikev2 import state as tunnel_state

        return tunnel_state.read(host, NAME)
    left = [f"left:{one}" for one in (OWN_WIREGUARD_KEY, OWN_NETWORKD) if host.exists(one)]
    if ipsec:
        from .ikev2 import left as tunnel_left  # only where there is something of IPsec

        left = [*dict.fromkeys([*left, *tunnel_left.words(host).split()])]
    elif not left:
        return reading(NAME, "tunnel", absent("strongSwan is not installed"))
    return reading(NAME, "tunnel", value(" ".join(left), NO_TUNNEL, "string") if left else absent(NO_TUNNEL))


def _certificate(host: Host) -> Reading:
    if not host.exists(OWN_CONF):
        return reading(NAME, "certificate", absent(NO_TUNNEL))
    from .certificate import state as certificate_state

    return certificate_state.read(host, NAME)


def _ipsec(host: Host) -> ModuleType | None:
    """The module for IPsec, or None where there is nothing of it: compiling it costs the device more than a look."""
    if not has_ipsec(host):
        return None
    from .strongswan import profiles as strongswan

    return strongswan


def profiles(host: Host) -> list[Profile]:
    """All profiles of the machine. Raises HostError when one of the sources cannot be read."""
    ipsec = _ipsec(host)
    all_profiles = [
        *(ipsec.profiles(host) if ipsec else []),
        *wireguard.profiles(host),
        *networkmanager.profiles(host),
        *others.profiles(host),
    ]
    all_profiles = wireguard.beside_kernel(host, all_profiles)
    all_profiles += others.in_kernel(host, all_profiles)
    if len(all_profiles) > MOST:
        raise HostError("too_large", f"there are {len(all_profiles)} VPN profiles, more than {MOST}")
    return all_profiles
