"""VPN profiles that somebody may have left behind, beside those that the school allows.

Addresses:
    networkmanager   list of "NAME (KIND) in PATH", one for each VPN profile of NetworkManager; a name has no blanks, so
                     that a school can say it. The value that is written are those that stay
    only-loaded      list of "NAME" of the connections that charon has and no file of swanctl; only read

What a change does is in changes.py.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from ...engine.edits import Change, DryRun
from ...engine.host import Host
from ...engine.reading import Reading, Readings, reading, value
from ...engine.safe_read import read_each
from ..files import OWN_NAME, has_ipsec
from . import networkmanager

if TYPE_CHECKING:
    from ...engine.cover import Cover

NAME = "vpn_profiles"
CUT_OFF = True
ADDRESSES = re.compile(r"\A(?:networkmanager|only-loaded)\Z")
ALL = ["networkmanager", "only-loaded"]
MOST = 300


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def _read(host: Host, address: str) -> Reading:
    if address == "only-loaded":
        return reading(NAME, address, value(_only_loaded(host)[:MOST], "charon, beside the files of swanctl", "list"))
    texts = [one.text for one in networkmanager.strays(host)]
    return reading(NAME, address, value(texts[:MOST], "key files of NetworkManager", "list"))


def _only_loaded(host: Host) -> list[str]:
    """Ours is left out: what is left of it belongs to the address `tunnel` of the driver vpn."""
    if not has_ipsec(host):
        return []
    from ..strongswan import charon  # only where there is something of IPsec
    from ..strongswan import profiles as strongswan

    found = [one.name for one in strongswan.profiles(host) if one.where == charon.ONLY_LOADED]
    return sorted(name for name in found if name != OWN_NAME)


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files that go, and what NetworkManager is told. Raises ChangeRefused, HostError."""
    from . import changes as profiles_changes  # a check does without

    return profiles_changes.plan(host, changes)


def cover(host: Host, changes: list[Change]) -> Cover:
    """What brings the device back from that. Raises ChangeRefused, HostError."""
    from . import changes as profiles_changes

    return profiles_changes.cover(host, changes)
