"""What a stranger's packet meets on this machine, for IPv4 and IPv6, and what is let in where Leeboard keeps it out.

Addresses:
    inbound-ipv4, inbound-ipv6                by the rules that are in the kernel now
    after-restart-ipv4, after-restart-ipv6    by the rules that will be loaded when the machine next starts
    outbound-ipv4, outbound-ipv6              what leaves this machine by a network card, now
    management                                the networks that reach the management port
    openings, services                        what else is let in (words.py)

The value of the first six is drop, reject or accept, or off where the machine speaks no IPv6 at all. What cannot be
told is unreadable with the rule that could not be understood, never "drop". Ports that are open to everybody come as a
note. The last three are about a firewall that Leeboard wrote: where there is none they are absent as long as the
machine's own keeps strangers out, else "none", and so is what is written and not in effect.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from ..engine.edits import Change, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Reading, Readings, absent, reading, value
from ..engine.safe_read import first_of, read_each, text_or_nothing
from . import restart
from .inbound_probe import OFF, cards, is_off, judge, own_addresses, stays_off
from .rules import ACCEPT, DROP, MAYBE_ACCEPT, REJECT
from .sources import loaded

if TYPE_CHECKING:
    from ..engine.cover import Cover

NAME = "firewall"
CUT_OFF = True
WORDS = ("management", "openings", "services")
ADDRESSES = re.compile(rf"\A(?:(?:inbound|after-restart|outbound)-ipv[46]|{'|'.join(WORDS)})\Z")
ALL = [*(f"{what}-ipv{version}" for what in ("inbound", "after-restart", "outbound") for version in (4, 6)), *WORDS]
CLOSED = (DROP, REJECT, OFF)
# Any of these may have been written by us.
WRITTEN = (restart.OUR_FILE, "/etc/firewalld/policies/leeboard.xml")
UFW_RULES, UFW_COMMENT = "/etc/ufw/user.rules", "comment=6c6565626f6172642d"  # "leeboard-"


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host, {}))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files and commands that keep strangers out. Raises ChangeRefused, HostError."""
    from . import writing

    return writing.plan(host, changes)


def cover(host: Host, changes: list[Change]) -> Cover:
    """What brings the device back from that. Raises ChangeRefused, HostError."""
    from . import putting_back

    return putting_back.cover(host)


def _read(host: Host, known: dict[str, Aspect], address: str) -> Reading:
    """The reading of an address. `known` keeps what strangers meet, which is asked for twice."""
    if not host.is_root:
        raise HostError("needs_root", "the kernel shows its firewall rules to root only")
    if address in WORDS:
        return _words(host, known, address)
    return reading(NAME, address, _strangers(host, known, address))


def _words(host: Host, known: dict[str, Aspect], address: str) -> Reading:
    """What a firewall of ours lets in, as it is written and as it is."""
    of_ufw = text_or_nothing(host, UFW_RULES) or ""
    if UFW_COMMENT in of_ufw or first_of(host, WRITTEN):
        from . import ours

        found = ours.in_effect(host)
        if found is not None:
            text = ours.words(found.rules)[address] if found.rules else "none"
            now = value("none" if found.problem else text, found.problem[:300] or found.place, "string")
            return reading(NAME, address, now, value(text, found.place, "string"))
    open_now = [one for one in ALL[:4] if _strangers(host, known, one)["value"] not in CLOSED]
    if open_now:
        return reading(NAME, address, value("none", known[open_now[0]]["source"], "string"))
    return reading(NAME, address, absent("the machine's own firewall keeps strangers out"))


def _strangers(host: Host, known: dict[str, Aspect], address: str) -> Aspect:
    """What strangers meet, by one of the first six addresses. Raises HostError where it cannot be told."""
    if address not in known:
        known[address] = _met(host, address)
    return known[address]


def _met(host: Host, address: str) -> Aspect:
    what, _dash, version = address.rpartition("-")
    family = "ip6" if version == "ipv6" else "ip"
    if is_off(host, family) and (what != "after-restart" or stays_off(host)):
        return value(OFF, "this machine speaks no IPv6", "string")
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
    return aspect
