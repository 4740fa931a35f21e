"""From where we came here, and on which ports the SSH server listens: what a firewall must not close."""

from __future__ import annotations

import ipaddress
import re

from ..engine.host import Host
from ..engine.safe_read import first_of
from ..system.came_by import CameBy
from ..system.open_ports import Listener, listeners
from ..system.units_enabled import enabled
from .values import address

SSHD_UNIT = re.compile(r"/sshd?(?:@[^/]*)?\.(?:service|socket)(?:/|\Z)")
SS = ("/usr/bin/ss", "/bin/ss", "/usr/sbin/ss", "/sbin/ss")
SOCKET = "ssh.socket"
LISTEN = re.compile(r"(?m)^Listen=(?:.*:)?([0-9]+) \(Stream\)$")
USUAL = 22


def address_of(came: CameBy) -> str:
    """The client's address, without its card, and that of IPv4 as such."""
    bare = came.address.partition("%")[0]
    return bare[7:] if bare.lower().startswith("::ffff:") else bare


def within(came: CameBy, networks: tuple[str, ...]) -> bool:
    """Whether a connection comes from one of these networks."""
    source = address(address_of(came))
    return source is not None and any(source in ipaddress.ip_network(network) for network in networks)


def ssh_ports(host: Host) -> tuple[int, ...]:
    """The TCP ports by which others reach an sshd now; none where none listens. Raises HostError."""
    found = listeners(host) if first_of(host, SS) else []
    return tuple(sorted({one.port for one in found if one.protocol == "TCP" and _is_sshd(one)}))


def _is_sshd(listener: Listener) -> bool:
    return SSHD_UNIT.search(listener.cgroup) is not None or any(name == "sshd" for name, _pid in listener.programs)


def management_ports(host: Host, came: CameBy | None) -> tuple[int, ...]:
    """The ports to let management networks in by: where sshd listens or will, and the one we came by.

    Raises HostError.
    """
    ports = {*ssh_ports(host), *([came.own_port] if came else [])}
    if host.exists("/run/systemd/system") and enabled(host, SOCKET):
        # Until somebody connects it is systemd that listens.
        shown = host.query(["systemctl", "show", "-p", "Listen", SOCKET])
        ports |= {int(port) for port in LISTEN.findall(shown.out)}
    return tuple(sorted(port for port in ports if 0 < port < 65536)) or (USUAL,)
