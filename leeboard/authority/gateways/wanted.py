"""What an export for a gateway is made of: the declaration of the VPN fills it, or the command's own options."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from leeboard.authority.records import Issuer
from leeboard.errors import LeeboardError
from leeboard.model.enums import Level
from leeboard.model.values import plain
from leeboard.policy.vpn import vpn_by_level

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class GatewayKind(StrEnum):
    """What kind of machine a gateway is."""

    STRONGSWAN = "strongswan"
    RRAS = "rras"
    PFSENSE = "pfsense"
    OPNSENSE = "opnsense"
    WIREGUARD = "wireguard"


@dataclass(frozen=True)
class Suite:
    """What a tunnel is negotiated with, in swanctl's words and in those of RRAS."""

    ike: str
    esp: str
    encryption: str
    integrity: str
    group: str


@dataclass(frozen=True)
class Peer:
    """A device that may connect: the name in its certificate, and its fixed inner addresses, if any.

    Windows shows itself by the subject of its certificate, other clients by the name in it.
    """

    urn: str
    asset: str
    name: str
    addresses: tuple[str, ...] = ()
    windows: bool = False

    @property
    def identity(self) -> str:
        """By what a gateway knows it, in swanctl's words."""
        return f'"CN={self.name}"' if self.windows else self.name


@dataclass(frozen=True)
class Wanted:
    """A gateway by the name that clients use. `routes`: the networks behind it (0.0.0.0/0 for all traffic).

    `home`: the schools' own networks, which it does not answer.
    """

    name: str
    level: Level
    root: Issuer
    issuing: tuple[Issuer, ...]
    routes: tuple[str, ...] = ("0.0.0.0/0", "::/0")
    dns: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    peers: tuple[Peer, ...] = ()
    strict: bool = False
    home: tuple[str, ...] = ()

    @property
    def suite(self) -> Suite:
        """What its level is negotiated with."""
        known = vpn_by_level()[self.level]
        windows = known.windows
        return Suite(
            ", ".join(known.ike),
            ", ".join(known.esp),
            windows["EncryptionMethod"],
            windows["IntegrityCheckMethod"],
            windows["DHGroup"],
        )

    @property
    def authorities(self) -> tuple[Issuer, ...]:
        """The root and the issuing authorities that still count, each with the address of its list."""
        return (self.root, *self.issuing)


def by_family(networks: Iterable[str]) -> dict[str, list[str]]:
    """Networks by the word that nftables has for their family; none within another, which it refuses in one set."""
    every = [ipaddress.ip_network(one) for one in networks]
    four = ipaddress.collapse_addresses(one for one in every if isinstance(one, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(one for one in every if isinstance(one, ipaddress.IPv6Network))
    found = {"ip": [str(one) for one in four], "ip6": [str(one) for one in six]}
    return {family: listed for family, listed in found.items() if listed}


def network(text: str) -> Network:
    """A network as somebody typed it. Raises LeeboardError."""
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError:
        raise LeeboardError(f"{plain(text, 60)}: is no network, such as 10.99.0.0/22 or fd00:99::/64") from None


def address(text: str) -> str:
    """An address as somebody typed it. Raises LeeboardError."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise LeeboardError(f"{plain(text, 60)}: is no address") from None
