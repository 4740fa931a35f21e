"""What a school says of its firewall, as lists that people write, into the words that a device compares and writes.

    leeboard_management_networks: [10.20.0.0/16, "2001:db8:5::/48"]
    leeboard_firewall_allow:
      - {port: 443, protocol: tcp, why: the school's web server}
      - {port: 5000-5010, protocol: udp, from: 10.20.0.0/16, why: the lesson software}

become "10.20.0.0/16 2001:db8:5::/48" and "tcp:443 udp:5000-5010@10.20.0.0/16". Texts in these words, with blanks
between them, are taken as well; "none" is none.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

NONE = "none"
KEYS = ("port", "protocol", "from", "why")
PORTS = re.compile(r"([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?\Z")
WORD = re.compile(r"(?P<protocol>[a-z]+):(?P<port>[0-9-]+)(?:@(?P<from>\S+))?\Z")
MOST = 100  # each is a rule that every packet may meet
LONGEST_WHY = 200


class WrongWords(Exception):
    """What is wrong with a list, and at which place in it: keys, and numbers that count from 0."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    def __str__(self) -> str:
        place = ".".join(str(step + 1 if isinstance(step, int) else step) for step in self.path)
        return f"{place}: {self.message}" if place else self.message


def networks(value: object) -> str:
    """Networks, as one text. Raises WrongWords."""
    words = [_network(one, index) for index, one in enumerate(_listed(value))]
    return " ".join(sorted(set(words))) or NONE


def openings(value: object) -> str:
    """Ports that are let in, as one text. Raises WrongWords."""
    words = [_opening(one, index) for index, one in enumerate(_listed(value))]
    return " ".join(sorted(set(words))) or NONE


# By the parameter's name.
WORDS: Mapping[str, Callable[[object], str]] = {"management_networks": networks, "firewall_allow": openings}


def in_words(name: str, value: Any) -> Any:
    """The value of a parameter, in words where it is one of these. Raises WrongWords."""
    return WORDS[name](value) if name in WORDS else value


def _listed(value: object) -> list[object]:
    if isinstance(value, str):
        words: list[object] = list(value.split())
        return [] if words == [NONE] else words
    if not isinstance(value, list | tuple):
        raise WrongWords("must be a list")
    if len(value) > MOST:
        raise WrongWords(f"has {len(value)} entries, at most {MOST} are allowed")
    return list(value)


def _network(value: object, *path: str | int) -> str:
    try:
        network = ipaddress.ip_network(value if isinstance(value, str) else "")
    except ValueError:
        raise WrongWords(f"is {str(value)[:60]!r}: must be a network such as 10.20.0.0/16", *path) from None
    if network.prefixlen == 0:
        raise WrongWords(f"is {value!r}: that is everybody; name the networks that are meant", *path)
    if getattr(network.network_address, "ipv4_mapped", None):
        raise WrongWords(f"is {value!r}: write it as a network of IPv4", *path)
    return str(network)


def _opening(value: object, index: int) -> str:
    if isinstance(value, str):
        match = WORD.match(value)
        if match is None:
            raise WrongWords(f"is {value[:60]!r}: must be such as tcp:443 or udp:161@10.20.0.0/16", index)
        entry: Mapping[Any, Any] = {key: part for key, part in match.groupdict().items() if part is not None}
    elif isinstance(value, Mapping):
        entry = value
        if not isinstance(entry.get("why"), str) or not 0 < len(entry["why"].strip()) <= LONGEST_WHY:
            message = f"must say in at most {LONGEST_WHY} characters why it is open"
            raise WrongWords(message, index, "why")
    else:
        raise WrongWords(f"must have the keys {', '.join(KEYS)}", index)
    for key in entry:
        if key not in KEYS:
            raise WrongWords(f"is no key that is known here; there are {', '.join(KEYS)}", index, str(key)[:60])
    if entry.get("protocol") not in ("tcp", "udp"):
        raise WrongWords("must be tcp or udp", index, "protocol")
    source = entry.get("from")
    whence = "" if source is None else f"@{_network(source, index, 'from')}"
    return f"{entry['protocol']}:{_ports(entry.get('port'), index)}{whence}"


def _ports(value: object, index: int) -> str:
    number = isinstance(value, int) and not isinstance(value, bool)
    match = PORTS.match(str(value)) if number or isinstance(value, str) else None
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise WrongWords("must be a port such as 443, or ports such as 5000-5010", index, "port")
    return str(first) if first == last else f"{first}-{last}"
