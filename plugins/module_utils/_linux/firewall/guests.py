"""The cards by which virtual machines, containers and shared connections ask this machine for addresses and names.

libvirt, LXD, Incus, LXC, Podman and NetworkManager let their guests' DHCP and DNS in by rules of their own, which count
for nothing where another table drops.
"""

from __future__ import annotations

import fnmatch
import re

from ..engine.host import Host
from ..engine.safe_read import by_name, text_or_nothing
from ..system.inifile import keyfile_assignments
from .inbound_probe import CARDS
from .table import CARD

BRIDGES = ("virbr[0-9]*", "lxdbr[0-9]*", "incusbr[0-9]*", "lxcbr[0-9]*", "podman[0-9]*", "cni-podman[0-9]*")
LIBVIRT = "/etc/libvirt/qemu/networks"
BRIDGE = re.compile(r"<bridge\b[^>]*\bname=['\"]([^'\"]+)['\"]")
PASSED_ON = re.compile(r"<forward\b[^>]*\bmode=['\"](?:bridge|vepa|passthrough|private|hostdev)['\"]")
CONNECTIONS = ("/etc/NetworkManager/system-connections", "/usr/lib/NetworkManager/system-connections")


def guests(host: Host) -> tuple[str, ...]:
    """The names of these cards, sorted. Raises HostError."""
    names = {
        name
        for name in host.entries(CARDS)
        if host.exists(f"{CARDS}/{name}/bridge") and any(fnmatch.fnmatchcase(name, like) for like in BRIDGES)
    }
    for path in by_name(host, (LIBVIRT,), ".xml"):
        text = text_or_nothing(host, path) or ""
        names |= set() if PASSED_ON.search(text) else set(BRIDGE.findall(text))
    for path in by_name(host, CONNECTIONS, ".nmconnection"):
        names |= _shared(text_or_nothing(host, path) or "", path)
    return tuple(sorted(name for name in names if CARD.match(name)))


def _shared(text: str, path: str) -> set[str]:
    """The card of a connection that is shared with others; one that names none is not known until it is used."""
    settings = {(one.section, one.key): one.text for one in keyfile_assignments(text, path)}
    shared = any(settings.get((section, "method")) == "shared" for section in ("ipv4", "ipv6"))
    name = settings.get(("connection", "interface-name"), "")
    return {name} if shared and name else set()
