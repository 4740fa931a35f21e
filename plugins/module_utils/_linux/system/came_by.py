"""How whoever changes this device came here: from which address, to which, as whom, and by which method.

sudo takes SSH_CONNECTION out of the environment of a module that runs as root, so it is read from the processes above:
the one that sshd started has it. Where nobody came by SSH (a console, Ansible's connection `local`) none of them does.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from ..engine.host import Host, HostError

MOST = 50  # processes above ours; there are about ten
# sshd(8) logs this for each sign-in, whatever the language: method, account, address, port, and the key where there is
# one. Since OpenSSH 9.8 it comes from sshd-session.
ACCEPTED = re.compile(
    r"^Accepted (?P<method>[a-z/-]+) for (?P<user>\S+) from (?P<address>\S+) port (?P<port>\d+) ssh2"
    r"(?:: (?P<key>[A-Z0-9-]+) )?"
)


class CameBy(NamedTuple):
    """One SSH connection as this device sees it: what a jump host or a router made of the address is in it."""

    address: str
    port: int
    own_address: str
    own_port: int


class SignIn(NamedTuple):
    """The sign-in of a connection. `method`: publickey, password, keyboard-interactive/pam, ...

    `key` is the key's kind in sshd's words (ED25519, RSA, RSA-CERT), empty without one.
    """

    user: str
    method: str
    key: str


def came_by(host: Host) -> CameBy | None:
    """The SSH connection by which this process was started; None where there is none."""
    # A shell may have become the module itself: then nothing above it has what sshd gave.
    process = "self"
    for _ in range(MOST):
        try:
            environment = host.read(f"/proc/{process}/environ").split(b"\0")
            parent = re.search(r"^PPid:\s*(\d+)$", host.text(f"/proc/{process}/status"), re.MULTILINE)
        except (FileNotFoundError, HostError):
            return None
        for entry in environment:
            name, _, text = entry.partition(b"=")
            if name == b"SSH_CONNECTION":
                return parse(text.decode("ascii", "replace"))
        if parent is None or parent[1] in ("0", "1"):
            return None
        process = parent[1]
    return None


def parse(text: str) -> CameBy | None:
    """Read a value of SSH_CONNECTION (ssh(1)): client, its port, server, its port. None for anything else."""
    try:
        client, port, server, own_port = text.split()
        for address in (client, server):
            ipaddress.ip_address(address.partition("%")[0])
        return CameBy(client, int(port), server, int(own_port))
    except ValueError:
        return None


def sign_in(host: Host, connection: CameBy) -> SignIn | None:
    """Who signed in over a connection, and how, by sshd's own log since this start; None where it does not say.

    Only what root logged counts: anybody may write to the journal under the name of sshd.
    """
    pattern = f"^Accepted .* port {connection.port} ssh2"
    argv = ["journalctl", "--quiet", "--no-pager", "--boot", "--output=cat", "-t", "sshd", "-t", "sshd-session"]
    try:
        done = host.query([*argv, "_UID=0", "--lines=20", f"--grep={pattern}"])
    except HostError:
        return None
    for line in reversed(done.out.splitlines()):
        found = ACCEPTED.match(line)
        # A port is used again and again, so the newest line counts, and only from where we came.
        if found and found["address"] == connection.address and int(found["port"]) == connection.port:
            return SignIn(found["user"], found["method"], found["key"] or "")
    return None
