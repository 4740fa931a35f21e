"""Every port that others reach, and the programs that listen there, as `ss` (iproute2) tells root."""

from __future__ import annotations

import re

from ..engine.host import Host, HostError
from ..engine.safe_read import number

# One question for all who ask, so that the second one costs nothing.
QUESTION = ["ss", "-H", "-l", "-n", "-t", "-u", "-p", "-e"]
USERS = re.compile(r'\("(?P<name>(?:[^"\\]|\\.)*)",pid=(?P<pid>[0-9]+)')
CGROUP = re.compile(r"\bcgroup:(\S+)")


class Listener:
    """One open port: `protocol`, `where` (an address or "every address"), `port`, `programs` (name, pid), `cgroup`."""

    def __init__(self, protocol: str, where: str, port: int, programs: list[tuple[str, str]], cgroup: str) -> None:
        self.protocol = protocol
        self.where = where
        self.port = port
        self.programs = programs
        self.cgroup = cgroup

    def text(self, name: str) -> str:
        """The program and its port in words."""
        return f"{name} ({self.protocol} {self.port} on {self.where})"


def listeners(host: Host) -> list[Listener]:
    """Every port that others reach. Raises HostError."""
    done = host.query(QUESTION)
    if done.rc != 0:
        raise HostError("failed", f"ss ended with status {done.rc}: {done.err.strip()[:300]}")
    if done.out and not done.out.endswith("\n"):
        raise HostError("malformed", "the list of listening programs that ss gave is cut off")
    listening = []
    for line in done.out.split("\n"):
        words = line.split()
        if not words:
            continue
        if len(words) < 6 or words[0] not in ("tcp", "udp"):
            raise HostError("malformed", f"a line of ss makes no sense: {line[:100]!r}")
        place, _colon, port = words[4].rpartition(":")
        if number(port) is None or _loopback(place):
            continue
        where = "every address" if place in ("*", "0.0.0.0", "[::]") else place  # noqa: S104 - read, not bound
        programs = [(match["name"], match["pid"]) for match in USERS.finditer(line)]
        cgroup = CGROUP.search(line)
        listening.append(Listener(words[0].upper(), where, int(port), programs, cgroup[1] if cgroup else ""))
    return listening


def _loopback(place: str) -> bool:
    bare = place.strip("[]")
    return bare.startswith(("127.", "::ffff:127.")) or bare == "::1" or bare.endswith("%lo")
