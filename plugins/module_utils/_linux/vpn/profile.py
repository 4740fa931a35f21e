"""One VPN profile, whatever program it belongs to, in the form that the brain judges.

    {"name": str, "program": str, "where": str, "protocol": str, "role": "initiates" or "answers",
     "authentication": [str, ...], "ike": [proposal, ...], "tunnels": [tunnel, ...], "stored": [kind, ...],
     "agreed": [proposal, ...]}

A tunnel is `{"name": str, "esp": [proposal, ...], "to": [selector, ...], "more": int, "notes": [str, ...],
"agreed": [proposal, ...]}`; `to` is what goes through it, `notes` say in words what keeps traffic out, and a proposal
that was agreed on with the peer is in use now. Keys without a value are left out. A secret is only ever named by its
kind.

`protocol`: ikev2, ikev1, ikev1-or-ikev2, wireguard, openvpn, tls, pptp, l2tp, or other:NAME.
`authentication`, of both sides: certificate, key, psk, password, unspecified. A proposal that cannot be told begins
with the reason, "libreswan:" or "loaded:".
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from typing import Any

from ..engine.host import HostError

LONGEST = 8000  # characters of one profile on the wire
MOST_SELECTORS = 60  # a tunnel for everything needs two
EVERYTHING = ["0.0.0.0/0", "::/0"]


class Tunnel:
    """One way through a VPN: which addresses it is for, and with which proposals it is protected."""

    def __init__(
        self, name: str = "", to: Iterable[str] = (), esp: Iterable[str] = (), notes: Iterable[str] = ()
    ) -> None:
        self.name = name
        self.to = list(to)
        self.esp = list(esp)
        self.notes = list(notes)
        self.agreed: list[str] = []

    def as_data(self) -> dict[str, Any]:
        """The tunnel as plain data."""
        to = collapsed(self.to)
        return _filled(
            name=self.name, esp=self.esp, to=to[:MOST_SELECTORS], more=max(0, len(to) - MOST_SELECTORS),
            notes=[note[:300] for note in self.notes], agreed=self.agreed,
        )  # fmt: skip


class Profile:
    """One VPN profile; see the head of this file for the words."""

    def __init__(self, name: str, program: str, where: str, protocol: str) -> None:
        self.name = name
        self.program = program
        self.where = where
        self.protocol = protocol
        self.interface = ""  # of WireGuard
        self.initiates = True
        self.authentication: list[str] = []
        self.ike: list[str] = []
        self.tunnels: list[Tunnel] = []
        self.stored: list[str] = []
        self.agreed: list[str] = []

    def text(self) -> str:
        """The profile as one line of JSON. Raises HostError when it is too long to travel."""
        data = _filled(
            name=self.name[:100], program=self.program, where=self.where[:300], protocol=self.protocol,
            role="initiates" if self.initiates else "answers", authentication=sorted(set(self.authentication)),
            ike=self.ike, tunnels=[tunnel.as_data() for tunnel in self.tunnels], stored=sorted(set(self.stored)),
            agreed=self.agreed,
        )  # fmt: skip
        text = json.dumps(data, sort_keys=True)
        if len(text) > LONGEST:
            raise HostError(
                "too_large", f"the profile {self.name[:100]} in {self.where[:200]} is too long to be judged"
            )
        return text

    @property
    def family(self) -> str:
        """What kind of VPN it is, for the fact `vpn`."""
        return "ipsec" if self.protocol.startswith("ikev") else self.protocol.split(":", 1)[0]


def _filled(**parts: Any) -> dict[str, Any]:
    return {key: part for key, part in parts.items() if part not in ("", [], 0)}


def collapsed(selectors: list[str]) -> list[str]:
    """Networks joined where they touch (two halves make the whole), then whatever is no plain network, as it is."""
    four: list[ipaddress.IPv4Network] = []
    six: list[ipaddress.IPv6Network] = []
    others = []
    for selector in selectors:
        try:
            network = ipaddress.ip_network(selector.strip(), strict=False)
        except ValueError:
            others.append(selector.strip())
            continue
        if isinstance(network, ipaddress.IPv4Network):
            four.append(network)
        else:
            six.append(network)
    joined = [*map(str, ipaddress.collapse_addresses(four)), *map(str, ipaddress.collapse_addresses(six))]
    return joined + [other for other in dict.fromkeys(others) if other]


def without_family(selectors: list[str], version: int) -> list[str]:
    """The selectors but for those of one family (4 or 6)."""
    return [selector for selector in selectors if (":" in selector) != (version == 6)]
