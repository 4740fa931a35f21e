"""Values of configurations that are put together from a main file and drop-ins.

Addresses:
    auditd:KEY                        int or str, what auditd makes of auditd.conf; see audit/auditd.py
    sudo:logfile                      str, the file in which sudo records what it was asked for
    systemd/NAME.conf:Section.Key     str, the last assignment in systemd's order; absent when unset or reset
                                      (some as they take effect, see journald.py and sleep.py)
    sshd:Banner                       str, a path or "none", as sshd itself answers for an ordinary user and for root
    gdm:daemon.AutomaticLoginEnable   bool (str when GDM would not understand it); likewise TimedLoginEnable
    lightdm:Seat:*.greeter-hide-users bool (str when LightDM would not understand it)

Each kind has a file of its own: gdm.py, lightdm.py and systemd.py beside this one, audit/auditd.py,
sshd/banner_keyword.py and sudo/log_file.py.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ..audit import auditd
from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host
from ..engine.reading import Aspect, Reading, Readings, reading, unreadable
from ..engine.safe_read import read_each
from ..sshd import banner_keyword
from ..sudo import log_file
from . import gdm, lightdm, systemd

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

NAME = "dropin"
ADDRESSES = re.compile(
    r"\A(?:systemd/[a-z][a-z0-9-]{0,40}\.conf:[A-Z][A-Za-z0-9]{0,40}\.[A-Z][A-Za-z0-9]{0,60}"
    rf"|{auditd.PATTERN}|sudo:logfile"
    r"|sshd:Banner|gdm:daemon\.(?:AutomaticLoginEnable|TimedLoginEnable)|lightdm:Seat:\*\.greeter-hide-users)\Z"
)


class Kind(Protocol):
    """The module for one kind of configuration file."""

    def effective(self, host: Host, address: str, /) -> Aspect: ...
    def plan(self, host: Host, overlay: OverlayHost, address: str, wanted: Any, /) -> list[list[str]]: ...


def _kind(address: str) -> Kind:
    if address.startswith("systemd/"):
        return systemd
    kinds: dict[str, Kind] = {
        "auditd": auditd,
        "gdm": gdm,
        "lightdm": lightdm,
        "sshd": banner_keyword,
        "sudo": log_file,
    }
    return kinds[address.split(":", 1)[0]]


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_reading, host))


def _reading(host: Host, address: str) -> Reading:
    """A daemon that is older than its configuration does not tell what it runs with: that is *running*, unreadable."""
    effective = _kind(address).effective(host, address)
    older = effective.get("note")
    return reading(NAME, address, effective, running=unreadable("failed", older) if older else None)


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files and the commands that load them. Raises ChangeRefused when the change would not have its effect.

    One change may need another: as long as auditd writes no log, no number of logs has its effect. What is refused is
    tried again after the others, as long as that brings one of them further.
    """
    from ..engine.overlay_host import OverlayHost  # a check does without

    overlay = OverlayHost(host)
    commands: list[list[str]] = []
    waiting = list(changes)
    while waiting:
        refused = []
        for change in waiting:
            try:
                commands += [command for command in _plan(host, overlay, change) if command not in commands]
            except ChangeRefused as problem:
                refused.append((change, problem))
        if len(refused) == len(waiting):
            raise refused[0][1]
        waiting = [change for change, _problem in refused]
    return overlay.result(commands)


def _plan(host: Host, overlay: OverlayHost, change: Change) -> list[list[str]]:
    if not ADDRESSES.match(change["address"]):
        raise ChangeRefused(f"{change['address']!r} is no address of the driver {NAME}")
    return _kind(change["address"]).plan(host, overlay, change["address"], change["value"])
