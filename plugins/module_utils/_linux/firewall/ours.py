"""The firewall that Leeboard wrote on this machine: what it lets in by its own files, and whether that is so.

It is a table of nftables with a file and unit of its own, rules of ufw with our comments, or a policy of firewalld.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from ..engine.host import Host
from ..engine.safe_read import text_or_nothing
from . import table
from .guests import guests
from .inbound_probe import cards, own_addresses
from .restart import listed
from .rules import ACCEPT, Packet, Ruleset
from .sources import LIST, loaded, output
from .way_in import ssh_ports
from .words import Rules, joined, version

NFTABLES, UFW, FIREWALLD = "nftables", "ufw", "firewalld"
POLICY = "/etc/firewalld/policies/leeboard.xml"
UFW_RULES = ("/etc/ufw/user.rules", "/etc/ufw/user6.rules")


class Ours:
    """`kind` of firewall, its `rules` (None where the file is not as we write it), the `place` where they stand, and
    the `problem` that keeps them from being in effect, or an empty text."""

    def __init__(self, kind: str, rules: Rules | None, place: str, problem: str = "") -> None:
        self.kind = kind
        self.rules = rules
        self.place = place
        self.problem = problem


def written(host: Host) -> Ours | None:
    """The firewall that Leeboard wrote here, as its files have it; None where there is none. Raises HostError."""
    content = text_or_nothing(host, table.FILE)
    if content is not None:
        rules = table.rules_of(content)
        return Ours(NFTABLES, rules, table.FILE, "" if rules else f"{table.FILE} is not as Leeboard wrote it")
    content = text_or_nothing(host, POLICY)
    if content is not None:
        from . import firewalld_policy

        rules = firewalld_policy.rules_of(content)
        return Ours(FIREWALLD, rules, POLICY, "" if rules else f"{POLICY} is not as Leeboard wrote it")
    texts = [text_or_nothing(host, path) or "" for path in UFW_RULES]
    if any("comment=" in text for text in texts):
        from . import ufw_writing

        found = ufw_writing.rules_of(texts)
        return Ours(UFW, found, UFW_RULES[0]) if found else None
    return None


def in_effect(host: Host) -> Ours | None:
    """The same, with the problem that keeps it from being in effect, if any. Raises HostError."""
    ours = written(host)
    if ours is None or ours.rules is None:
        return ours
    ours.problem = (
        _not_loaded(host, ours) or _outgrown(host, ours.rules) or closed(loaded(host).ruleset, ours.rules, host)
    )
    return ours


def words(rules: Rules) -> dict[str, str]:
    """What rules let in, by the driver's address."""
    return {
        "management": joined(rules.management),
        "openings": joined(one.word() for one in rules.openings),
        "services": joined(rules.services),
    }


def _not_loaded(host: Host, ours: Ours) -> str:
    if ours.kind == NFTABLES and table_of(output(host, LIST)) != table_of(listed(host, table.FILE)):
        return f"the table inet {table.TABLE} in the kernel is not the one in {table.FILE}"
    return ""


def table_of(listing: str) -> list[Any]:
    """Our table in what nft lists as JSON, without the numbers by which the kernel knows each part."""
    parts = [(kind, body) for one in json.loads(listing)["nftables"] for kind, body in one.items()]
    return [
        (kind, {key: part for key, part in body.items() if key not in ("handle", "index")})
        for kind, body in parts
        if body.get("family") == "inet" and body.get("name" if kind == "table" else "table") == table.TABLE
    ]


def _outgrown(host: Host, rules: Rules) -> str:
    """What came to this machine since the rules were written, and is not let in."""
    new = [port for port in ssh_ports(host) if port not in rules.ports]
    if new:
        return f"sshd listens on port {new[0]}, which is not let in"
    cards_of_guests = [card for card in guests(host) if card not in rules.guests]
    return f"what is behind {cards_of_guests[0]} gets neither DHCP nor DNS" if cards_of_guests else ""


def closed(ruleset: Ruleset, rules: Rules, host: Host) -> str:
    """Why a management network does not reach the management port by these rules, or an empty text."""
    for network in rules.management:
        family = "ip" if version(network) == 4 else "ip6"
        own = own_addresses(host, family)
        source = str(next(iter(ipaddress.ip_network(network).hosts())))
        for card in cards(host):
            for port in rules.ports:
                packet = Packet(family, "tcp", port, source, own, card, True)
                verdict, place = ruleset.meets(packet, ("ingress", "prerouting", "input"))
                if verdict != ACCEPT:
                    return f"TCP port {port} does not let {network} in: {place}"
    return ""
