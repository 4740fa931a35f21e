"""Conditions that both kinds of rules know: ports, addresses, interfaces, states."""

from __future__ import annotations

import fnmatch
import ipaddress
from functools import lru_cache
from typing import Any, Union

from .rules import NO, SOMETIMES, UNKNOWN, YES, Packet

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
OTHER_CARD = "a network card to come"  # one that is not there yet, such as a dock's


@lru_cache(maxsize=4096)
def network(text: str) -> Network | None:
    """An address or network, None for what is none."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def address(text: str) -> Address | None:
    """An address, None for what is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def within(text: str, first: Address | None, last: Address | None) -> int:
    """Whether an address lies between two, ends included."""
    parsed = address(text)
    if parsed is None or first is None or last is None or first.version != last.version:
        return UNKNOWN
    return YES if parsed.version == first.version and int(first) <= int(parsed) <= int(last) else NO


def ends(text: str) -> tuple[Address | None, Address | None]:
    """First and last address of a network, or (None, None)."""
    parsed = network(text)
    return (parsed[0], parsed[-1]) if parsed is not None else (None, None)


def from_there(packet: Packet, first: Address | None, last: Address | None) -> int:
    """How far the other machine's address lies between two."""
    return within(packet.stranger, first, last)


def to_here(packet: Packet, first: Address | None, last: Address | None) -> int:
    """How far this machine's own addresses lie between two; all of them, or some."""
    if first is None or last is None:
        return UNKNOWN
    if first.is_multicast or first.is_loopback or str(first) == "255.255.255.255":
        return NO
    answers = {within(one, first, last) for one in packet.own}
    if not answers:
        return SOMETIMES
    return answers.pop() if len(answers) == 1 else SOMETIMES


def port_between(packet: Packet, first: int, last: int) -> int:
    """Whether the packet goes to a port between two."""
    return YES if first <= packet.port <= last else NO


def card_like(packet: Packet, pattern: str) -> int:
    """Whether the packet's interface has a name; * stands for any end of it."""
    if packet.card == OTHER_CARD:
        return YES if pattern == "*" else NO
    return YES if fnmatch.fnmatchcase(packet.card, pattern.replace("[", "[[]").replace("?", "[?]")) else NO


# A new connection's first packet: one SYN.
FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
SYN = FLAGS["syn"]


def flag_bits(names: list[Any]) -> int | None:
    """The bits of TCP flags by name; None for a name that is none."""
    bits = 0
    for name in names:
        low = str(name).lower()
        if low not in FLAGS and low not in ("all", "none"):
            return None
        bits |= 63 if low == "all" else FLAGS.get(low, 0)
    return bits


def state_is(names: list[Any]) -> int:
    """Whether a new connection's state is among `names`."""
    return YES if any(str(name).lower() == "new" for name in names) else NO


def kind_of_own(names: list[Any]) -> int:
    """Whether one of this machine's own addresses is of a kind (local, broadcast, ...) among `names`."""
    return YES if "local" in [str(name).lower() for name in names] else NO


def kind_of_stranger(names: list[Any]) -> int:
    """Whether a stranger's address is of a kind among `names`."""
    return YES if "unicast" in [str(name).lower() for name in names] else NO
