"""What is left of the school's own tunnel where its connection is in no file: certificates, keys, options, rules.

A device that has the VPN no more must not keep what opens it, and a roll-out that broke off may have left a part.
"""

from __future__ import annotations

import re

from ...engine.host import Host
from ..files import (
    AUTHORITIES,
    CERTIFICATES,
    KEYS,
    LISTS,
    OWN_AGAIN,
    OWN_CONF,
    OWN_LOADER,
    OWN_NAME,
    OWN_NETWORKD,
    OWN_OPTIONS,
    OWN_RULES,
    OWN_TIMER,
    OWN_TIMER_WANTED,
    WAITING,
)
from ..strongswan import charon

CONFIGURATION = (
    OWN_CONF, OWN_OPTIONS, OWN_NETWORKD, OWN_RULES, OWN_LOADER, OWN_AGAIN, OWN_TIMER, OWN_TIMER_WANTED,
)  # fmt: skip
LOADED = "charon"  # in place of a path: charon has the connection still
PAIR = re.compile(r"leeboard-vpn-[0-9a-f]{16}\.pem\Z")
OF_THE_AUTHORITY = ((AUTHORITIES, re.compile(r"leeboard-[0-9a-f]{64}\.pem\Z")), (LISTS, re.compile(r"leeboard\.pem\Z")))


def words(host: Host) -> str:
    """left:PATH for each file that is there, and left:charon for a connection that charon has. Raises HostError."""
    left = [*public(host), *certificates(host), *keys(host), *([LOADED] if loaded(host) else [])]
    return " ".join(f"left:{one}" for one in left)


def public(host: Host) -> list[str]:
    """The files of ours that hold no secret and nothing of this device. Raises HostError."""
    lists = [f"{at}/{name}" for at, pattern in OF_THE_AUTHORITY for name in host.entries(at) if pattern.match(name)]
    return [*(path for path in CONFIGURATION if host.exists(path)), *lists]


def certificates(host: Host) -> list[str]:
    """This device's own certificates, and what else waits beside a key for its certificate. Raises HostError."""
    waiting = [f"{WAITING}/{name}" for name in host.entries(WAITING) if name.endswith(".pem")]
    return [*(f"{CERTIFICATES}/{name}" for name in host.entries(CERTIFICATES) if PAIR.match(name)), *waiting]


def keys(host: Host) -> list[str]:
    """The keys of these certificates. Raises HostError."""
    waiting = [f"{WAITING}/{name}" for name in host.entries(WAITING) if ".key" in name]
    return [*(f"{KEYS}/{name}" for name in host.entries(KEYS) if PAIR.match(name)), *waiting]


def loaded(host: Host) -> bool:
    """Whether charon has our connection. Raises HostError."""
    return OWN_NAME in dict(charon.query(host, "list-conns"))
