"""Traffic by the school's tunnel where nobody uses it: questions for a name, which say nothing of anybody.

The first server for names that the tunnel has is asked, of each family. A tunnel to some networks has none: there the
first address of each network is asked, which most often is its router's; and asked once more by a packet that ends at
the gateway, which says so to whoever sent it (a hop limit of 1, as traceroute(8) begins with). Who answers and what is
nobody's business here: charon counts what came in by a sign-in, and that is what is looked at.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from collections.abc import Iterable
from typing import Any, NamedTuple

PORT = 53
# Who the root's name servers are (RFC 1035): a header with 1 question behind 2 bytes that are drawn, name, kind, class.
QUESTION = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"\x00" + b"\x00\x02" + b"\x00\x01"
MOST = 4  # networks that are asked; a tunnel to more of them has one among these that answers, or a name server
TO_THE_GATEWAY = 1  # hops
USUAL = 0


class Question(NamedTuple):
    """Who is asked, from which address of this device in the tunnel (empty where it has none), and by how many hops."""

    address: str
    source: str = ""
    hops: int = USUAL


def questions(sign_in: dict[str, Any], servers: tuple[str, ...]) -> list[Question]:
    """Whom to ask by a sign-in, as charon lists it; `servers` are those for names. Nobody where it carries nothing yet.

    Where the gateway gave an address of one family, nothing of the other goes through.
    """
    children = [child for child in (sign_in.get("child-sas") or {}).values() if isinstance(child, dict)]
    through = {one for child in children if child.get("state") == "INSTALLED" for one in child.get("remote-ts", [])}
    if not through:
        return []
    asked = [Question(one) for one in _one_of_each_family(servers).values()]
    if not servers:
        firsts = [one for one in map(_first, sorted(through)) if one][:MOST]
        asked = [Question(one, hops=hops) for one in firsts for hops in (USUAL, TO_THE_GATEWAY)]
    own = _one_of_each_family(sign_in.get("local-vips") or [])
    return [
        one._replace(source=own.get(":" in one.address, "")) for one in asked if not own or (":" in one.address) in own
    ]


def _one_of_each_family(addresses: Iterable[str]) -> dict[bool, str]:
    """{whether it is of IPv6: the first address of that family}."""
    found: dict[bool, str] = {}
    for address in addresses:
        found.setdefault(":" in address, address)
    return found


def _first(network: str) -> str:
    """The first address of a network that a machine can have; empty for everything, of which none is the school's."""
    try:
        whole = ipaddress.ip_network(network)
    except ValueError:  # with a protocol or a port behind it
        return ""
    if not whole.prefixlen:
        return ""
    return str(whole[1] if whole.num_addresses > 1 else whole[0])


def ask(question: Question) -> None:
    """Send one question. What cannot be sent is no traffic, and so is what nobody answers."""
    is_six = ":" in question.address
    with socket.socket(socket.AF_INET6 if is_six else socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        if question.hops and is_six:
            asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, question.hops)
        elif question.hops:
            asking.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, question.hops)
        with contextlib.suppress(OSError):
            # Spoken from its address in the tunnel, nothing of it can go beside.
            asking.bind((question.source, 0))
            asking.sendto(os.urandom(2) + QUESTION, (question.address, PORT))
