"""Programs that wait for people from the network: desktop sharing, and SSH servers besides the system's own.

Addresses, all lists of words like "x11vnc (TCP 5900 on every address)":
    desktop-sharing      programs that show this machine's desktop to others, or wait to do so; not xrdp
    xrdp                 xrdp, which opens a desktop of its own
    other-ssh-servers    SSH servers whose configuration the driver sshd does not see

A program counts when it listens on an address that others reach, when it works through a relay of its maker and runs,
or when it starts with the machine or with somebody's session. What listens on loopback only is reached through SSH, and
harmless. The first word is the program's name, by which a school may allow it.

A change names the members of a list that may stay; all others are switched off (`sharing_off`). SSH servers are only
read.
"""

from __future__ import annotations

import re
from functools import partial

from ..engine.edits import Change, DryRun
from ..engine.host import Host
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import read_each
from .waiting_programs import found, listed

NAME = "listening"
ADDRESSES = re.compile(r"\A(?:desktop-sharing|xrdp|other-ssh-servers)\Z")
ALL = ["desktop-sharing", "xrdp", "other-ssh-servers"]


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Switch off what is not to stay, for good. Raises ChangeRefused, HostError."""
    from . import sharing_off  # a check does without

    return sharing_off.dry_run(host, changes)


def _read(host: Host, address: str) -> Reading:
    texts = listed(found(host, address))
    return reading(NAME, address, value(texts, "ss, /proc, systemd's links and autostart files", "list"))
