"""The words in which a school's own VPN tunnel is described: setting and reading, with blanks between them.

    gateway:vpn.example.sch.uk@198.51.100.7,2001:db8::7    the name in its certificate, and where it is called
    ike:aes256gcm16-prfsha384-ecp384                       proposals, the best first, with commas between them
    esp:aes256gcm16-ecp384
    identity:lt-014.example.sch.uk                         the name in this device's certificate
    authority:SHA-256                                      of each certificate that may have signed the gateway's
    to:0.0.0.0/0 to:::/0                                   what goes through it
    dns:10.20.0.53,2001:db8::53                            who is asked for names through it, with everything only
    revocation:strict                                      a gateway whose revocation cannot be told is refused

"none" is no tunnel. Whoever judges a text compares its words, so their order means nothing.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from ...engine.edits import ChangeRefused

NONE = "none"
NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)*[A-Za-z0-9-]{0,62}[A-Za-z0-9]\Z")
PROPOSAL = re.compile(r"[a-z0-9]+(?:-[a-z0-9_]+)+\Z")
DIGEST = re.compile(r"[0-9a-f]{64}\Z")
EVERYTHING = ("0.0.0.0/0", "::/0")
REVOCATION = ("relaxed", "strict")
KINDS = ("gateway", "ike", "esp", "identity", "authority", "to", "dns", "revocation")
MOST = 60  # words of one kind


class Wanted(NamedTuple):
    """One tunnel: the gateway's name and addresses, proposals in their order, and all else sorted."""

    gateway: str
    addresses: tuple[str, ...]
    ike: tuple[str, ...]
    esp: tuple[str, ...]
    identity: str
    authorities: tuple[str, ...]
    to: tuple[str, ...]
    revocation: str = "relaxed"
    dns: tuple[str, ...] = ()

    @property
    def called(self) -> tuple[str, ...]:
        """Where the gateway is called: by its addresses; by its name where there are none, which asks a DNS first."""
        return self.addresses or (self.gateway,)

    @property
    def everything(self) -> bool:
        """True where all traffic of both families goes through it."""
        return set(EVERYTHING) <= set(self.to)


def parse(text: object) -> Wanted | None:
    """The tunnel that a text describes, None for none. Raises ChangeRefused for anything that is not in these words."""
    if not isinstance(text, str):
        raise ChangeRefused(f"{text!r} is no text with blanks between its words")
    words = text.split()
    if words == [NONE]:
        return None
    found = grouped(words, KINDS)
    name, _at, addresses = one_of(found, "gateway").partition("@")
    wanted = Wanted(
        named(name),
        tuple(address(one) for one in addresses.split(",") if one),
        _proposals(one_of(found, "ike")),
        _proposals(one_of(found, "esp")),
        named(one_of(found, "identity")),
        tuple(sorted({_matching(DIGEST, one, "SHA-256 in hex") for one in some_of(found, "authority")})),
        tuple(sorted({network(one) for one in some_of(found, "to")})),
        _revocation(found.get("revocation", ["relaxed"])),
        tuple(address(one) for one in one_of(found, "dns").split(",")) if "dns" in found else (),
    )
    if wanted.dns and not wanted.everything:
        raise ChangeRefused("names are asked through a tunnel for everything only: dns goes with to:0.0.0.0/0 to:::/0")
    return wanted


def grouped(words: list[str], kinds: tuple[str, ...]) -> dict[str, list[str]]:
    """What the words say, by their kinds. Raises ChangeRefused for a word of another kind, and for too many of one."""
    found: dict[str, list[str]] = {}
    for word in words:
        kind, colon, rest = word.partition(":")
        if kind not in kinds or not colon or not rest:
            raise ChangeRefused(f"{word[:80]!r} says nothing of a tunnel")
        found.setdefault(kind, []).append(rest)
    if any(len(rest) > MOST for rest in found.values()):
        raise ChangeRefused(f"more than {MOST} words of one kind")
    return found


def text(wanted: Wanted) -> str:
    """A tunnel in words, sorted."""
    where = f"@{','.join(wanted.addresses)}" if wanted.addresses else ""
    words = [
        f"gateway:{wanted.gateway}{where}",
        f"ike:{','.join(wanted.ike)}",
        f"esp:{','.join(wanted.esp)}",
        f"identity:{wanted.identity}",
        *(f"authority:{one}" for one in wanted.authorities),
        *(f"to:{one}" for one in wanted.to),
        *([f"dns:{','.join(wanted.dns)}"] if wanted.dns else []),
        *([f"revocation:{wanted.revocation}"] if wanted.revocation != "relaxed" else []),
    ]
    return " ".join(sorted(words))


def some_of(found: dict[str, list[str]], kind: str) -> list[str]:
    """What words of a kind say. Raises ChangeRefused where there is none."""
    if kind not in found:
        raise ChangeRefused(f"the tunnel has no {kind}")
    return found[kind]


def one_of(found: dict[str, list[str]], kind: str) -> str:
    """What the one word of a kind says. Raises ChangeRefused where there is none, or another."""
    words = some_of(found, kind)
    if len(words) > 1:
        raise ChangeRefused(f"there is one tunnel at a time, and it has one {kind}: not {' and '.join(words)[:200]}")
    return words[0]


def _matching(pattern: re.Pattern[str], word: str, what: str) -> str:
    if not pattern.match(word):
        raise ChangeRefused(f"{word[:80]!r} is no {what}")
    return word


def named(word: str) -> str:
    """A machine's name. Raises ChangeRefused."""
    return _matching(NAME, word, "name such as vpn.example.sch.uk")


def _proposals(text: str) -> tuple[str, ...]:
    return tuple(_matching(PROPOSAL, one, "proposal such as aes256gcm16-ecp384") for one in text.split(","))


def address(word: str) -> str:
    """An address as it is written most often. Raises ChangeRefused."""
    try:
        return str(ipaddress.ip_address(word))
    except ValueError:
        raise ChangeRefused(f"{word[:80]!r} is no address") from None


def network(word: str) -> str:
    """A network, in the same way. Raises ChangeRefused."""
    try:
        return str(ipaddress.ip_network(word))
    except ValueError:
        raise ChangeRefused(f"{word[:80]!r} is no network such as 10.0.0.0/8") from None


def _revocation(words: list[str]) -> str:
    if len(words) != 1 or words[0] not in REVOCATION:
        raise ChangeRefused(f"revocation is {' or '.join(REVOCATION)}, not {' '.join(words)[:80]}")
    return words[0]
