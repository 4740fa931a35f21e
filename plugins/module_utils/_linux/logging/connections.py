"""Where the running rsyslogd really sends: its open sockets beside what its files say.

Files can look older than the daemon (their dates set back, or changed and changed again), and the daemon tells nobody
with which configuration it runs. Its TCP connections show where it sends, though not what; that it sends by UDP shows
in a socket without a peer (tried with 8.2504). A name in a file stands for every address, since names are not looked up
here: then the port alone is compared. Nothing is compared without root, who alone may see another's sockets, with
modules that have connections of their own, or where the kernel's table of sockets is larger than what is read.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from typing import Union

from ..engine.host import Host, HostError
from ..engine.safe_read import number
from .forwarders import EVERYTHING, Sending
from .rainerscript import Configuration
from .rsyslog import OTHER_SENDERS, address

SOCKET = re.compile(r"socket:\[([0-9]+)\]\Z")
# Modules that open no connection but those that are compared; rsyslog's other ones may.
KNOWN = re.compile(
    r"(?:imuxsock|imklog|imjournal|immark|imfile|imtcp|imptcp|imudp|impstats|lmnsd_[a-z]+|omfwd|omfile|omusrmsg|omprog"
    r"|ompipe|omjournal|omstdout|builtin:[a-z]+|pm[a-z0-9]+|fm[a-z0-9]+|mm(?!kubernetes|dblookup)[a-z0-9]+)\Z"
)
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Socket = tuple[Address, int]
LISTENS = "0A"
DNS = 53
BY_UDP = "somebody by UDP"
WHERE = "a connection of the running rsyslogd, which its files do not name"


def strangers(host: Host, pid: str, configuration: Configuration, sendings: list[Sending]) -> list[Sending]:
    """A Sending for each place that the daemon `pid` sends to and that none of `sendings` names. Raises HostError.

    How such a connection is protected is not known, so it counts as not protected.
    """
    modules = {str(module.get("load", "")).rpartition("/")[2].removesuffix(".so") for module in configuration.modules}
    if not host.is_root or number(pid) in (None, 0) or not all(KNOWN.match(name) for name in modules):
        return []
    if any(sending.driver in OTHER_SENDERS for sending in sendings):
        return []
    try:
        inodes = _inodes(host, pid)
        tables = {name: _table(host, f"/proc/{pid}/net/{name}", inodes) for name in ("tcp", "tcp6", "udp", "udp6")}
    except HostError as problem:
        if problem.code == "too_large":
            return []
        raise
    targets = {}
    tcp = [*tables["tcp"], *tables["tcp6"]]
    own = {local for local, _remote, state in tcp if state == LISTENS}
    for local, (ip, port), state in tcp:
        if state == LISTENS or local[1] in {one[1] for one in own} or port == DNS:
            continue
        if not any(_names(sending, ip, port) for sending in sendings if sending.driver != "udp"):
            targets[address(str(ip), str(port))] = str(ip)
    by_udp = any(port == 0 for _local, (_ip, port), _state in (*tables["udp"], *tables["udp6"]))
    if by_udp and "imudp" not in modules and not any(sending.driver == "udp" for sending in sendings):
        targets[BY_UDP] = BY_UDP
    return [_sending(target, peer) for target, peer in sorted(targets.items())]


def _sending(target: str, peer: str) -> Sending:
    one = Sending(target, WHERE, "unknown")
    one.auth = "unknown"
    one.peers = [peer]
    one.certain = EVERYTHING
    return one


def _names(sending: Sending, ip: Address, port: int) -> bool:
    """Whether a sending of the files may be what this connection is."""
    name, _colon, wanted = sending.target.rpartition(":")
    if number(wanted) not in (None, port):
        return False  # a service's name in place of a number may be any port
    bare = name.strip("[]").casefold().rstrip(".")
    if bare == "localhost":
        return bool(ip.is_loopback)
    try:
        return bool(ipaddress.ip_address(bare) == ip)
    except ValueError:
        return True


def _inodes(host: Host, pid: str) -> set[str]:
    """The numbers of the sockets that a process has open."""
    folder = f"/proc/{pid}/fd"
    links = (host.link(f"{folder}/{name}") or "" for name in host.entries(folder))
    return {match.group(1) for match in map(SOCKET.search, links) if match}


def _table(host: Host, path: str, inodes: set[str]) -> list[tuple[Socket, Socket, str]]:
    """((ip, port) here, (ip, port) there, state) of these sockets in a table of the kernel (proc_net_tcp.rst)."""
    connections = []
    try:
        lines = host.text(path).splitlines()[1:]
    except FileNotFoundError:
        return []  # a kernel without IPv6, or the daemon has ended
    for line in lines:
        words = line.split()
        if len(words) > 9 and words[9] in inodes:
            connections.append((_place(words[1]), _place(words[2]), words[3]))
    return connections


def _place(text: str) -> Socket:
    """(ip, port) of 0100007F:19D6: words of four bytes in the order of the machine. Raises HostError."""
    digits, _colon, port = text.partition(":")
    try:
        raw = bytes.fromhex(digits)
        if sys.byteorder == "little":
            raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
        ip = ipaddress.ip_address(raw)
        return getattr(ip, "ipv4_mapped", None) or ip, int(port, 16)
    except ValueError:
        raise HostError("malformed", f"the kernel's table of sockets has {text[:60]!r}, which is no address") from None
