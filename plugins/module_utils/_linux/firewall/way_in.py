"""By which address and port we came here, and on which ports the SSH server listens: what a firewall must not close.

sshd tells the session that it starts (ssh(1), SSH_CONNECTION: address and port of the client, then of the server).
sudo takes that away from what it starts, so the process and its parents are asked in turn (proc_pid_environ(5)).
"""

from __future__ import annotations

import ipaddress
import re

from ..engine.host import Host, HostError
from ..engine.safe_read import first_of, number
from ..system.units_enabled import enabled
from .values import address

STATUS = "/proc/{}/status"
PARENT = re.compile(r"(?m)^PPid:\s*([0-9]+)$")
MOST_PARENTS = 64
LISTENING = ["ss", "-H", "-l", "-n", "-t", "-u", "-p", "-e"]  # as the driver `listening` asks, so that it costs nothing
SSHD = re.compile(r'\("sshd",pid=|\bcgroup:\S*/sshd?(?:@[^/\s]*)?\.(?:service|socket)\b')
SS = ("/usr/bin/ss", "/bin/ss", "/usr/sbin/ss", "/sbin/ss")
SOCKET = "ssh.socket"
LISTEN = re.compile(r"(?m)^Listen=(?:.*:)?([0-9]+) \(Stream\)$")
USUAL = 22


class CameBy:
    """The address that a connection came from, and the port of this machine that it came to."""

    def __init__(self, source: str, port: int) -> None:
        self.source = source
        self.port = port

    def within(self, networks: tuple[str, ...]) -> bool:
        """Whether the address lies in one of these networks."""
        source = address(self.source)
        return source is not None and any(source in ipaddress.ip_network(network) for network in networks)


def came_by(host: Host) -> CameBy | None:
    """The SSH connection that we belong to; None for a run on the machine itself. Raises HostError."""
    process = "self"
    for _step in range(MOST_PARENTS):
        connection = _variable(host, process, "SSH_CONNECTION").split()
        if len(connection) == 4 and number(connection[3]):
            # A link-local address comes with its card, and one of IPv4 perhaps in the clothes of IPv6.
            source = connection[0].partition("%")[0]
            return CameBy(source[7:] if source.lower().startswith("::ffff:") else source, int(connection[3]))
        parent = PARENT.search(_text(host, STATUS.format(process)))
        process = parent.group(1) if parent else "0"
        if process in ("0", "1"):
            break
    return None


def ssh_ports(host: Host) -> tuple[int, ...]:
    """The TCP ports by which others reach an sshd now; none where none listens. Raises HostError."""
    if not first_of(host, SS):
        return ()
    done = host.query(LISTENING)
    if done.rc != 0:
        raise HostError("failed", f"ss ended with status {done.rc}: {done.err.strip()[:300]}")
    ports = set()
    for line in done.out.split("\n"):
        words = line.split()
        if len(words) < 6 or words[0] != "tcp" or not SSHD.search(line):
            continue
        place, _colon, port = words[4].rpartition(":")
        if number(port) and not place.strip("[]").startswith(("127.", "::1")):
            ports.add(int(port))
    return tuple(sorted(ports))


def management_ports(host: Host, came: CameBy | None) -> tuple[int, ...]:
    """The ports to let management networks in by: where sshd listens or will, and the one we came by.

    Raises HostError.
    """
    ports = {*ssh_ports(host), *([came.port] if came else [])}
    if host.exists("/run/systemd/system") and enabled(host, SOCKET):
        # Until somebody connects it is systemd that listens.
        shown = host.query(["systemctl", "show", "-p", "Listen", SOCKET])
        ports |= {int(port) for port in LISTEN.findall(shown.out)}
    return tuple(sorted(port for port in ports if 0 < port < 65536)) or (USUAL,)


def _variable(host: Host, process: str, name: str) -> str:
    for assignment in _text(host, f"/proc/{process}/environ").split("\0"):
        if assignment.startswith(f"{name}="):
            return assignment[len(name) + 1 :]
    return ""


def _text(host: Host, path: str) -> str:
    try:
        return host.text(path)
    except FileNotFoundError:
        return ""
    except HostError as problem:
        if problem.code in ("denied", "needs_root"):
            return ""  # another account's process, behind which there may be ours
        raise
