"""The words in which a firewall of Leeboard's is described: who comes to the management port, what else is let in.

They are settings, readings and lines at the head of our files, each with blanks between them and sorted; "none" where
there is nothing:

    management    10.20.0.0/16 2001:db8:5::/48
    openings      tcp:443 udp:5000-5010@10.20.0.0/16
    services      mdns printing
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple

from ..engine.edits import ChangeRefused
from .values import Network

NONE = "none"
SERVICES = ("mdns", "printing")
OPENING = re.compile(r"\A(tcp|udp):([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?(?:@(\S+))?\Z")
# Where a printer that somebody shares is looked for: the networks of private addresses, and the cable itself.
NEAR = ("10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")
IPP, MDNS, MDNS_GROUPS = 631, 5353, ("224.0.0.251", "ff02::fb")


class Opening(NamedTuple):
    """One port, or all from `first` to `last`, that is let in from a network, or from everywhere (`source` empty)."""

    protocol: str
    first: int
    last: int
    source: str

    def word(self) -> str:
        """As it stands in a setting."""
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.protocol}:{ports}" + (f"@{self.source}" if self.source else "")


class Rules(NamedTuple):
    """All that one firewall of ours lets in. `ports` are those of sshd, `guests` the cards of virtual machines."""

    management: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    openings: tuple[Opening, ...] = ()
    services: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()


def joined(words: Iterable[str]) -> str:
    """Words as one text, in the order that both ends compare."""
    return " ".join(sorted(set(words))) or NONE


def split(text: object) -> list[str]:
    """The words of a text. Raises ChangeRefused."""
    if not isinstance(text, str):
        raise ChangeRefused(f"{text!r} is no text with blanks between its words")
    words = text.split()
    return [] if words == [NONE] else words


def networks(text: object) -> tuple[str, ...]:
    """The networks of a text. Raises ChangeRefused for what is none."""
    return tuple(sorted({str(_network(word)) for word in split(text)}))


def openings(text: object) -> tuple[Opening, ...]:
    """The openings of a text. Raises ChangeRefused for what is none."""
    return tuple(sorted({_opening(word) for word in split(text)}))


def services(text: object) -> tuple[str, ...]:
    """The services of a text. Raises ChangeRefused for one that is not known."""
    for word in split(text):
        if word not in SERVICES:
            raise ChangeRefused(f"{word!r} is no service; there are {', '.join(SERVICES)}")
    return tuple(sorted(set(split(text))))


def _network(word: str) -> Network:
    try:
        return ipaddress.ip_network(word)
    except ValueError:
        raise ChangeRefused(f"{word!r} is no network such as 10.20.0.0/16") from None


def _opening(word: str) -> Opening:
    match = OPENING.match(word)
    if not match:
        raise ChangeRefused(f"{word!r} is no opening such as tcp:443 or udp:5000-5010@10.20.0.0/16")
    first, last = int(match.group(2)), int(match.group(3) or match.group(2))
    if not first <= last <= 65535:
        raise ChangeRefused(f"{word!r} names no ports from 1 to 65535 in their order")
    return Opening(match.group(1), first, last, str(_network(match.group(4))) if match.group(4) else "")


def version(source: str) -> int:
    """4 or 6, by what a network's address is."""
    return ipaddress.ip_network(source).version
