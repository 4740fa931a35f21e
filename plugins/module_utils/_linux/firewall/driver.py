"""What a stranger's packet meets on this machine, for IPv4 and IPv6. Read only: a slip would cut a technician off.

Addresses:
    inbound-ipv4, inbound-ipv6                by the rules that are in the kernel now
    after-restart-ipv4, after-restart-ipv6    by the rules that will be loaded when the machine next starts
    outbound-ipv4, outbound-ipv6              what leaves this machine by a network card, now

The value is drop, reject or accept, or off where the machine speaks no IPv6 at all. What cannot be told is unreadable
with the rule that could not be understood, never "drop". Ports that are open to everybody come as a note.
"""

from __future__ import annotations

import re
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import read_each
from . import restart
from .inbound_probe import OFF, cards, is_off, judge, own_addresses, stays_off
from .rules import ACCEPT, MAYBE_ACCEPT
from .sources import loaded

NAME = "firewall"
ADDRESSES = re.compile(r"\A(?:inbound|after-restart|outbound)-ipv[46]\Z")
ALL = [f"{what}-ipv{version}" for what in ("inbound", "after-restart", "outbound") for version in (4, 6)]


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Always refused: a change of the firewall could cut off the technician who makes it."""
    raise ChangeRefused("the firewall is only reported: a slip would cut off whoever manages the device")


def _read(host: Host, address: str) -> Reading:
    what, _dash, version = address.rpartition("-")
    family = "ip6" if version == "ipv6" else "ip"
    if not host.is_root:
        raise HostError("needs_root", "the kernel shows its firewall rules to root only")
    if is_off(host, family) and (what != "after-restart" or stays_off(host)):
        return reading(NAME, address, value(OFF, "this machine speaks no IPv6", "string"))
    unseen = ""
    if what == "after-restart":
        judgement = restart.after_restart(host, family)
    else:
        now = loaded(host)
        unseen = now.unseen
        judgement = judge(now.ruleset, family, own_addresses(host, family), cards(host), inbound=what == "inbound")
    if judgement.verdict == MAYBE_ACCEPT:
        raise HostError("failed", f"it cannot be told whether strangers get through: {judgement.why}")
    if judgement.verdict == ACCEPT and unseen:
        raise HostError("missing_tool", f"{unseen}; the others let strangers in ({judgement.why})")
    aspect = value(judgement.verdict, judgement.why[:300], "string")
    if judgement.note:
        aspect["note"] = judgement.note
    return reading(NAME, address, aspect)
