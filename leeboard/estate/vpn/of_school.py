"""A declaration as it holds for one school: who has the VPN there, and what each device is told of it.

A device is told nothing while something is not right: its level asks for more, its name cannot stand in a certificate,
or there is no authority. Those are problems of the estate, in `problems`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypedDict

from leeboard.estate.devices import FILE as DEVICES
from leeboard.estate.devices import DeviceRow
from leeboard.estate.vpn.certificates import Chain
from leeboard.estate.vpn.declaration import Vpn
from leeboard.estate.vpn.words import CLIENT, NAME
from leeboard.model.enums import LEVELS, Level, Platform
from leeboard.model.problem import Problem
from leeboard.model.values import plain
from leeboard.model.vpn_names import device_name
from leeboard.policy.vpn import vpn_by_level
from leeboard.policy.vpn_model import VpnDefinition


class GatewayWords(TypedDict):
    """A gateway in `leeboard_vpn`. Without addresses its name is looked up."""

    name: str
    addresses: list[str]


class AuthorityWords(TypedDict):
    """The authority in `leeboard_vpn`: `kind` is leeboard or school; `certificates` is PEM from the root on."""

    kind: str
    certificates: list[str]
    issuer: str
    eku: str


class DeviceVpn(TypedDict):
    """The host variable `leeboard_vpn`, which only devices with the VPN have. `suites` has `ike` and `esp`.

    `dns` has `servers`; `home` is the gateway's to heed; `routes` is 0.0.0.0/0 and ::/0 for everything;
    `identity` is the name that stands in the device's certificate.
    """

    kind: str
    gateways: list[GatewayWords]
    suites: dict[str, list[str]]
    authority: AuthorityWords
    routes: list[str]
    dns: dict[str, list[str]]
    home: list[str]
    identity: str


class WireGuardGateway(GatewayWords):
    """A gateway of WireGuard: where it answers, and the public key by which it is known."""

    public_key: str
    port: int


class DeviceWireGuard(TypedDict):
    """The host variable `leeboard_vpn` where the VPN is WireGuard. `inner` are the device's own addresses."""

    kind: str
    gateways: list[WireGuardGateway]
    routes: list[str]
    dns: dict[str, list[str]]
    inner: list[str]
    identity: str


@dataclass(frozen=True)
class SchoolVpn:
    """What is declared, in `file`, for the school in `folder`, of this level.

    `inner` has an address by asset tags, that of IPv4 where there are two, and `held` all of them.
    """

    declared: Vpn
    file: Path
    folder: Path
    urn: str
    level: Level
    chain: Chain = field(default_factory=Chain)
    inner: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def level_of(self, device: DeviceRow) -> Level:
        """The device's own level, or the school's."""
        return device.level or self.level

    def owners(self, devices: Iterable[DeviceRow]) -> Iterator[DeviceRow]:
        """The devices that have the VPN."""
        return (one for one in devices if self.declared.has(one.asset, one.platform, one.form, one.role))

    def identity(self, device: DeviceRow) -> str:
        """The name in the device's certificate; "" where its host cannot stand in one.

        Leeboard's own authority goes by asset tag and URN, a school's own by the host below its domain.
        """
        if self.declared.authority is None:
            return device_name(self.urn, device.asset)
        domain, host = self.declared.domain or "", device.host.lower()
        name = host if host.endswith(f".{domain}") else f"{host}.{domain}"
        return name if NAME.match(name) else ""

    def suite(self, level: Level) -> VpnDefinition:
        """The suite of a device of this level: its own, or the one that is declared for all where that is stronger."""
        table = vpn_by_level()
        own = table[level]
        chosen = table[self.declared.suite] if self.declared.suite else own
        return chosen if chosen.strength > own.strength else own

    def variable(self, device: DeviceRow) -> DeviceVpn | DeviceWireGuard | None:
        """What the device is told; None where it has no VPN, or something is not right."""
        if not self.may_have(device):
            return None
        identity = self.identity(device)
        if self.declared.kind == "wireguard":
            held = self.held.get(device.asset, ())
            families = {":" in one for one in held}
            # Without an address of each family that the school gives it could not speak to all that the tunnel takes.
            return self._wireguard(held, identity) if families == {":" in one for one in self.declared.inner} else None
        base = self._by_level[self.level_of(device)]
        return {**base, "identity": identity}

    def may_have(self, device: DeviceRow) -> bool:
        """Whether the device may be told of the VPN, but for an address of its own that it may still need."""
        declared, level = self.declared, self.level_of(device)
        if not declared.has(device.asset, device.platform, device.form, device.role) or not self.identity(device):
            return False
        if declared.kind == "wireguard":
            return device.platform is Platform.LINUX and not any(self._refusals(level))
        return level in self._by_level

    def _wireguard(self, held: tuple[str, ...], identity: str) -> DeviceWireGuard:
        declared = self.declared
        return {
            "kind": declared.kind,
            "gateways": [
                {
                    "name": one.name,
                    "addresses": list(one.addresses),
                    "public_key": one.public_key or "",
                    "port": one.port,
                }
                for one in declared.gateways
            ],
            "routes": list(declared.routes),
            "dns": {"servers": list(declared.dns.servers)},
            "inner": list(held),
            "identity": identity,
        }

    def problems(self, devices: Iterable[DeviceRow]) -> Iterator[Problem]:
        """What is not right with the declaration for this school and its devices; what is said often is said once."""
        devices = list(devices)
        yield from self._no_such_names(devices)
        owners = list(self.owners(devices))
        first: dict[Level, str] = {self.level: ""}
        for device in owners:
            first.setdefault(self.level_of(device), device.asset)
        for level in LEVELS:
            for key, message in self._refusals(level) if level in first else ():
                example = f" ({plain(first[level], 64)} is of it)" if first[level] else ""
                yield Problem(
                    plain(str(self.file), 300),
                    f"school {self.urn}, level {level}{example}: {message}",
                    self.declared.line(key),
                    f"vpn.{key}",
                )
        if self.declared.kind != "ikev2":
            return
        for device in owners:
            if not self.identity(device):
                message = f"{device.host!r} cannot stand in its VPN's certificate: letters, digits, dots and dashes"
                yield Problem(str(self.folder / DEVICES), message, device.row, "host")

    def _no_such_names(self, devices: Iterable[DeviceRow]) -> Iterator[Problem]:
        owners = self.declared.devices
        known = {device.asset for device in devices} if owners.names or owners.without else set()
        for key, names in (("devices.names", owners.names), ("devices.without", owners.without)):
            for name in names:
                if name not in known:
                    message = f"names {plain(name, 60)}, which is no asset tag in devices.csv"
                    yield Problem(plain(str(self.file), 300), message, self.declared.line(key), f"vpn.{key}")

    def _refusals(self, level: Level) -> Iterator[tuple[str, str]]:
        """What of the declaration is below a level's minimum: the key, and why."""
        asked = vpn_by_level()[level]
        declared = self.declared
        if declared.kind not in asked.kinds:
            yield "kind", f"is {declared.kind!r}: the level asks for {' or '.join(asked.kinds)} (REM-01)"
        if asked.everything and not declared.everything:
            yield "routes", "lets traffic past the tunnel: the level asks for everything (REM-04)"
        if declared.suite is not None and vpn_by_level()[declared.suite].strength < asked.strength:
            yield "suite", f"is {declared.suite.value!r}: the level asks for {asked.strength} bits (REM-02)"

    @cached_property
    def _by_level(self) -> Mapping[Level, DeviceVpn]:
        """What all devices of a level are told, without their names; nothing for a level that asks for more."""
        declared = self.declared
        if declared.kind != "ikev2" or not self.chain.certificates:
            return {}
        own = declared.authority
        told: dict[Level, DeviceVpn] = {}
        for level in LEVELS:
            if any(self._refusals(level)):
                continue
            suite = self.suite(level)
            told[level] = {
                "kind": declared.kind,
                "gateways": [{"name": one.name, "addresses": list(one.addresses)} for one in declared.gateways],
                "suites": {"ike": list(suite.ike), "esp": list(suite.esp)},
                "authority": {
                    "kind": "school" if own else "leeboard",
                    "certificates": list(self.chain.certificates),
                    "issuer": self.chain.issuer,
                    "eku": own.eku if own else CLIENT,
                },
                "routes": list(declared.routes),
                "dns": {"servers": list(declared.dns.servers)},
                "home": list(declared.home),
                "identity": "",
            }
        return told
