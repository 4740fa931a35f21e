"""The words in which a school's own tunnel of WireGuard is described: setting and reading, with blanks between them.

    wireguard:vpn.example.sch.uk@198.51.100.7    the gateway's name, for people, and where it is called
    port:51820                                   UDP, there
    key:BASE64                                   the gateway's public key, by which alone it is known
    inner:10.99.0.2                              this device's own address, one of a family
    to:10.20.0.0/16                              what goes through it; 0.0.0.0/0 and ::/0 for everything
    dns:10.20.0.53                               who is asked for names through it, with everything only

Whoever judges a text compares its words, so their order means nothing. IKEv2's words are in ikev2/words.py.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from ...engine.edits import ChangeRefused
from ..ikev2.words import EVERYTHING, address, grouped, named, network, one_of, some_of

BEGINS = "wireguard:"
KINDS = ("wireguard", "port", "key", "inner", "to", "dns")
KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\Z")  # 32 bytes, in the one way in which they can be written


class Peer(NamedTuple):
    """One tunnel: the gateway's name, address, port and public key, this device's addresses, and what goes through."""

    gateway: str
    address: str
    port: int
    key: str
    inner: tuple[str, ...]
    to: tuple[str, ...]
    dns: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """True where all traffic of both families goes through it."""
        return set(EVERYTHING) <= set(self.to)

    @property
    def endpoint(self) -> str:
        """Where the gateway is called, in wg's words."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def is_meant(text: object) -> bool:
    """Whether a text is about a tunnel of WireGuard, whatever else is wrong with it."""
    return isinstance(text, str) and any(word.startswith(BEGINS) for word in text.split())


def parse(text: str) -> Peer:
    """The tunnel that a text describes. Raises ChangeRefused for anything that is not in these words."""
    found = grouped(text.split(), KINDS)
    name, _at, where = one_of(found, "wireguard").partition("@")
    port, key = one_of(found, "port"), one_of(found, "key")
    if not re.match(r"[1-9][0-9]{0,4}\Z", port) or int(port) > 65535:
        raise ChangeRefused(f"{port[:80]!r} is no port")
    if not KEY.match(key):
        raise ChangeRefused("the gateway's public key is no key of WireGuard")
    inner = tuple(address(one) for one in some_of(found, "inner"))
    if len({":" in one for one in inner}) < len(inner):
        raise ChangeRefused("the device has one address of a family in the tunnel")
    peer = Peer(
        named(name),
        address(where),
        int(port),
        key,
        tuple(sorted(inner, key=lambda one: ":" in one)),
        tuple(sorted({network(one) for one in some_of(found, "to")})),
        tuple(address(one) for one in one_of(found, "dns").split(",")) if "dns" in found else (),
    )
    _refuse(peer)
    return peer


def _refuse(peer: Peer) -> None:
    if peer.dns and not peer.everything:
        raise ChangeRefused("names are asked through a tunnel for everything only: dns goes with to:0.0.0.0/0 to:::/0")
    whole = [one for one in EVERYTHING if one in peer.to]
    if len(whole) == 1:
        raise ChangeRefused(f"{whole[0]} is one family as a whole, and the other would go past the tunnel")
    families = {":" in one for one in peer.inner}
    for one in [*(() if peer.everything else peer.to), *peer.dns]:
        if (":" in one) not in families:
            raise ChangeRefused(f"the device has no address of its own to speak to {one} from")
    gateway = ipaddress.ip_address(peer.address)
    if not peer.everything and any(gateway in ipaddress.ip_network(one) for one in peer.to):
        raise ChangeRefused(f"the gateway's own address {peer.address} would be led into the tunnel")


def text(peer: Peer) -> str:
    """A tunnel in words, sorted."""
    words = [
        f"{BEGINS}{peer.gateway}@{peer.address}",
        f"port:{peer.port}",
        f"key:{peer.key}",
        *(f"inner:{one}" for one in peer.inner),
        *(f"to:{one}" for one in peer.to),
        *([f"dns:{','.join(peer.dns)}"] if peer.dns else []),
    ]
    return " ".join(sorted(words))
