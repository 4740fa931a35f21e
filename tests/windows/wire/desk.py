"""A school with one Windows machine behind an endpoint, and what a visit to it costs on the wire, over a ping.

`wire_ping` stands for `ansible.windows.win_ping`, which would have to be downloaded: it does as much and costs as much
on the wire, since nearly all of a ping is ansible-core's own code, which Ansible sends with every module.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .certificates import Authority
from .commands import Start
from .school import PASSWORD, USER, School, Visit
from .server import Endpoint, Traffic

WANTED = 1.5  # requests that a visit may cost, over a ping
# Bytes grow with the drivers: ansible-core sends sources as they are. Measured with all drivers: 2.59 (2026-11-28), and
# 2.93 (2026-12-01) with the table of policies that an MDM service sets and the state of a checkpoint, 3.24 (2026-12-02)
# with the firewall's rules, the school's own VPN profile and groups of BitLocker's policy; that and a tenth.
WANTED_BYTES = 3.5


@dataclass
class Desk:
    """A school with one Windows machine, pc1, and the endpoint in front of it."""

    school: School
    endpoint: Endpoint
    authority: Authority

    def traffic(self) -> Traffic:
        """What went over the wire since this was last asked."""
        found = self.endpoint.traffic
        self.endpoint.forget()
        return found


def new_desk(folder: Path, start: Start, stack: ExitStack) -> Desk:
    """A school in a folder, before the machine whose command lines `start` starts."""
    authority = Authority(folder / "authority")
    endpoint = stack.enter_context(Endpoint(start, USER, PASSWORD, authority.context()))
    school = School(folder / "school", authority.path)
    school.folder.mkdir()
    school.device("pc1", endpoint.port)
    return Desk(school, endpoint, authority)


@dataclass(frozen=True)
class Compared:
    """A ping and a visit, each with what it cost on the wire."""

    ping: Traffic
    check: Traffic
    visit: Visit

    @property
    def requests_ratio(self) -> float:
        """Requests of the visit over those of the ping."""
        return self.check.total / self.ping.total

    @property
    def bytes_ratio(self) -> float:
        """Bytes, both ways, of the visit over those of the ping."""
        return self.check.bytes / self.ping.bytes


def compare(desk: Desk) -> Compared:
    """One after the other, on the same machine."""
    desk.traffic()
    answer = desk.school.task({"wire_ping": {}}, "-v")
    assert '"ping": "pong"' in answer.output
    ping = desk.traffic()
    visit = desk.school.check()
    return Compared(ping, desk.traffic(), visit)
