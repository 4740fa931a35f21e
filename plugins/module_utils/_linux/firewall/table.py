"""Our table of nftables, `inet leeboard`: its file, the unit that loads it, and what the file says of itself.

Only this table is ever replaced, in one transaction; what others have in the kernel stays. A packet that it drops is
dropped whatever another table accepts (nft(8), "policy"), so what guests of this machine need is let in here too.

The unit follows nftables.service, whose file begins with `flush ruleset`, and is started and loaded again with it.
Cards are named, never numbered: a number is another card's after the next start, or nobody's.

What IPv6 cannot do without is in RFC 4890, section 4.4: errors and echo, neighbours and routers (from one hop away
only), and listeners of multicast groups.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from ..engine.edits import ChangeRefused
from .restart import OUR_FILE, OUR_UNIT, OUR_UNIT_FILE, OUR_UNIT_TEXT
from .words import IPP, MDNS, MDNS_GROUPS, NEAR, Opening, Rules, joined, networks, openings, services, split, version

FILE, UNIT, UNIT_FILE, UNIT_TEXT = OUR_FILE, OUR_UNIT, OUR_UNIT_FILE, OUR_UNIT_TEXT
TABLE = "leeboard"
CARD = re.compile(r"\A[A-Za-z0-9._-]{1,15}\Z")
HEAD = re.compile(r"(?m)^# (management|ports|openings|services|guests): (.*)$")
TEXT = """\
#!/usr/sbin/nft -f
# Written by Leeboard (REM-12), loaded by {unit}. What it lets in is set in the inventory:
# management: {management}
# ports: {ports}
# openings: {openings}
# services: {services}
# guests: {guests}
add table inet {table}
delete table inet {table}
table inet {table} {{
    chain input {{
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
        ct state established,related accept
        icmp type {{ echo-request, destination-unreachable, time-exceeded, parameter-problem }} accept
        icmpv6 type {{ destination-unreachable, packet-too-big, time-exceeded, parameter-problem }} accept
        icmpv6 type echo-request accept
        icmpv6 type {{ nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert }} \
ip6 hoplimit 255 accept
        icmpv6 type {{ ind-neighbor-solicit, ind-neighbor-advert }} ip6 hoplimit 255 accept
        icmpv6 type {{ mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report }} \
ip6 saddr fe80::/10 accept
        ip protocol igmp accept
        udp sport 67 udp dport 68 accept
        ip6 saddr fe80::/10 udp dport 546 accept
{rules}    }}
}}
"""


def text(rules: Rules) -> str:
    """The whole file. Raises ChangeRefused for a card that has no name of a card."""
    for card in rules.guests:
        if not CARD.match(card):
            raise ChangeRefused(f"{card[:40]!r} cannot be the name of a network card")
    lines = [*_management(rules), *_services(rules.services)]
    lines += [_opening(opening) for opening in rules.openings]
    if rules.guests:
        cards = ", ".join(f'"{card}"' for card in rules.guests)
        lines += [f"iifname {{ {cards} }} udp dport {{ 53, 67, 547 }} accept"]
        lines += [f"iifname {{ {cards} }} tcp dport 53 accept"]
    return TEXT.format(
        unit=UNIT,
        table=TABLE,
        management=joined(rules.management),
        ports=joined(str(port) for port in rules.ports),
        openings=joined(opening.word() for opening in rules.openings),
        services=joined(rules.services),
        guests=joined(rules.guests),
        rules="".join(f"        {line}\n" for line in lines),
    )


def rules_of(content: str) -> Rules | None:
    """What a file of ours lets in; None where it is not as Leeboard writes it."""
    said = dict(HEAD.findall(content))
    try:
        rules = Rules(
            networks(said["management"]),
            tuple(sorted(int(port) for port in split(said["ports"]))),
            openings(said["openings"]),
            services(said["services"]),
            tuple(sorted(split(said["guests"]))),
        )
        return rules if text(rules) == content else None
    except (ChangeRefused, KeyError, ValueError):
        return None


def _management(rules: Rules) -> list[str]:
    ports = ", ".join(map(str, rules.ports))
    return [f"{_from(sources)} tcp dport {{ {ports} }} accept" for sources in _by_version(rules.management) if ports]


def _services(names: Sequence[str]) -> list[str]:
    lines = []
    if "mdns" in names:
        for group in MDNS_GROUPS:
            family = "ip6" if ":" in group else "ip"
            lines.append(f"{family} daddr {group} udp dport {MDNS} accept")
    if "printing" in names:
        for sources in _by_version(NEAR):
            lines += [f"{_from(sources)} {protocol} dport {IPP} accept" for protocol in ("tcp", "udp")]
    return lines


def _opening(opening: Opening) -> str:
    ports = str(opening.first) if opening.first == opening.last else f"{opening.first}-{opening.last}"
    source = f"{_from([opening.source])} " if opening.source else ""
    return f"{source}{opening.protocol} dport {ports} accept"


def _by_version(sources: Sequence[str]) -> list[list[str]]:
    both = ([source for source in sources if version(source) == kind] for kind in (4, 6))
    return [one for one in both if one]


def _from(sources: Sequence[str]) -> str:
    """Where a packet must come from. All of IPv4 or IPv6 is no set of addresses to nft, but a kind of packet."""
    family, kind = ("ip", "ipv4") if version(sources[0]) == 4 else ("ip6", "ipv6")
    if any(source.endswith("/0") for source in sources):
        return f"meta nfproto {kind}"
    alone = [one for one in sources if not any(one != other and _within(one, other) for other in sources)]
    return f"{family} saddr {{ {', '.join(alone)} }}"


def _within(one: str, other: str) -> bool:
    inner, outer = ipaddress.ip_network(one), ipaddress.ip_network(other)
    return inner.prefixlen >= outer.prefixlen and inner.network_address in outer
