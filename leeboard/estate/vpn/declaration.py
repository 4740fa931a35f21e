"""The key `vpn` of `estate.yml` and `school.yml`: the tunnel into the school, declared once for both platforms.

What is refused here is wrong wherever it stands; `checking.py` beside this knows the levels of devices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from leeboard.estate.vpn.words import (
    CLIENT,
    EVERYTHING,
    MOST,
    Address,
    Cidr,
    Eku,
    FileName,
    Home,
    KindWord,
    Line,
    Name,
    PublicKey,
    Routes,
    collapsed,
    networks,
    overlapping,
)
from leeboard.model.enums import Form, Level, Platform, Role
from leeboard.model.strict import Strict
from leeboard.model.vpn_names import DOMAIN

NONE = "none"
# Keys that what lies beside the declaration, or the levels of devices, may prove wrong.
PLACES = (
    *("kind", "gateways", "routes", "suite", "devices.names", "devices.without"),
    *("authority", "authority.root", "authority.issuer"),
)
LEAST_ADDRESSES = 4  # of a network for inner addresses
LONGEST_PLACES = 1000  # as long as the parameter vpn_gateways may be


class WrongVpn(Exception):
    """What is wrong between two keys of a declaration, and at which of them: keys, and numbers that count from 0."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def _authority(value: Any) -> Any:
    if value == "leeboard":
        return None
    if not isinstance(value, dict):
        raise ValueError("must be leeboard, or have the keys root, issuer and eku of the school's own")
    return value


def _declared(value: Any) -> Any:
    if value == NONE:
        return None
    if not isinstance(value, dict):
        raise ValueError("must hold keys such as kind and gateways, or be none")
    return value


class Gateway(Strict):
    """A gateway by the name that clients call it by, which its certificate has, and where it answers.

    Without addresses the name is looked up each time. `public_key` and `port` (UDP) are WireGuard's.
    """

    name: Name
    addresses: Annotated[tuple[Address, ...], Field(max_length=MOST)] = ()
    public_key: PublicKey | None = None
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] = 51820


class SchoolAuthority(Strict):
    """An authority that the school has already: Leeboard checks its certificates and never makes one.

    `root` is a file of certificates beside the declaration: the root and those below it down to the one that issues.
    `issuer` is the subject of that one as RFC 4514 writes it, and `eku` what a device's certificate is for.
    """

    root: FileName
    issuer: Line
    eku: Eku = CLIENT


class Dns(Strict):
    """Who is asked for every name while the tunnel is up. Goes with `routes: everything`: see `_names`."""

    servers: Annotated[tuple[Address, ...], Field(max_length=MOST)] = ()


class Owners(Strict):
    """Who has the VPN: a device of one of these forms, of one of these roles, or with one of these asset tags.

    Those with one of the asset tags in `without` have it no more, and a roll-out takes it away from them.
    """

    forms: tuple[Form, ...] = ()
    roles: tuple[Role, ...] = ()
    names: tuple[Line, ...] = ()
    without: tuple[Line, ...] = ()

    @property
    def anybody(self) -> bool:
        """Whether anybody has it."""
        return bool(self.forms or self.roles or self.names)


class Vpn(Strict):
    """A declaration. `authority` is None where it is Leeboard's own, or where the protocol has no certificates.

    `home` are the school's own networks as its gateway sees them, which it does not answer: it alone knows from where a
    laptop comes. `suite` is the level whose suite all devices take where
    their own is no stronger, for a gateway that has only one. `domain` is what devices' names end in by a school's own
    authority. `inner` are networks from which the gateway gives each device an address of its own; with WireGuard
    each device must have one.
    """

    kind: Annotated[Literal["ikev2", "wireguard"], KindWord]
    gateways: Annotated[tuple[Gateway, ...], Field(max_length=MOST)]
    routes: Routes
    authority: Annotated[SchoolAuthority | None, BeforeValidator(_authority)] = None
    domain: Name | None = None
    dns: Dns = Dns()
    home: Annotated[tuple[Home, ...], Field(max_length=MOST)] = ()
    devices: Owners = Owners(forms=(Form.PORTABLE,))
    suite: Level | None = None
    inner: Annotated[tuple[Cidr, ...], Field(max_length=MOST)] = ()
    _lines: dict[str, int | None] = PrivateAttr(default_factory=dict)

    @property
    def everything(self) -> bool:
        """True where all traffic of both families goes through the tunnel."""
        return self.routes == EVERYTHING

    @property
    def places(self) -> str:
        """Names and addresses of the gateways, with blanks between them: the parameter vpn_gateways."""
        return " ".join(dict.fromkeys(word for one in self.gateways for word in (one.name, *one.addresses)))

    def line(self, key: str) -> int | None:
        """The line of one of its keys in the file that it was read from."""
        return self._lines.get(key)

    def remember(self, line_of: Callable[[tuple[str, ...]], int | None]) -> None:
        """Keep the lines of those of its keys that something else may prove wrong."""
        self._lines.update({key: line_of(("vpn", *key.split("."))) for key in PLACES})

    def has(self, asset: str, platform: Platform, form: Form, role: Role) -> bool:
        """Whether a device has the VPN."""
        if platform is Platform.OTHER or asset in self.devices.without:
            return False
        return form in self.devices.forms or role in self.devices.roles or asset in self.devices.names


# In school.yml `none` says that the school has no VPN, whatever the estate declares.
Declared = Annotated[Vpn | None, BeforeValidator(_declared)]


def contradictions(vpn: Vpn) -> Iterator[WrongVpn]:
    """What its keys say against each other."""
    yield from _gateways(vpn)
    yield from _protocol(vpn)
    if not vpn.devices.anybody:
        yield WrongVpn("name nobody: say forms, roles or names, or take the VPN out", "devices")
    for index, name in enumerate(vpn.devices.without):
        if name in vpn.devices.names:
            yield WrongVpn(
                f"has {name}, which stands in names as well; take it out in one", "devices", "without", index
            )
    yield from _names(vpn)
    yield from _inner(vpn)
    yield from _home(vpn)


def _gateways(vpn: Vpn) -> Iterator[WrongVpn]:
    if not vpn.gateways:
        yield WrongVpn("names none; a tunnel leads to at least one", "gateways")
    seen: set[str] = set()
    for index, gateway in enumerate(vpn.gateways):
        for word in (gateway.name, *gateway.addresses):
            if word in seen:
                yield WrongVpn(f"names {word}, which stands there already; take one out", "gateways", index)
        seen.update((gateway.name, *gateway.addresses))
    if len(vpn.places) > LONGEST_PLACES:
        yield WrongVpn(f"have more than {LONGEST_PLACES} characters of names and addresses together", "gateways")


def _protocol(vpn: Vpn) -> Iterator[WrongVpn]:
    given = vpn.model_fields_set
    if vpn.kind == "wireguard":
        yield from _wireguard(vpn)
        return
    for index, gateway in enumerate(vpn.gateways):
        for key in sorted({"public_key", "port"} & gateway.model_fields_set):
            yield WrongVpn(
                "goes with WireGuard; IKEv2's gateway has a certificate; take it out", "gateways", index, key
            )
    if "authority" not in given:
        yield WrongVpn("is missing: write leeboard, or root, issuer and eku of the school's own", "authority")
    if vpn.authority is not None:
        if vpn.domain is None:
            yield WrongVpn("is missing: what devices' names end in by that authority", "domain")
    elif "authority" in given and vpn.domain is not None:
        yield WrongVpn(f"goes with a school's own authority; Leeboard's names end in {DOMAIN}", "domain")


def _wireguard(vpn: Vpn) -> Iterator[WrongVpn]:
    """A device knows its gateway by a public key and an address, and the gateway it by a key and an inner address."""
    given = vpn.model_fields_set
    for key in ("authority", "domain", "suite"):
        if key in given:
            yield WrongVpn("does not go with WireGuard, which has neither certificates nor suites; take it out", key)
    if "home" in given:
        message = "would do nothing: a gateway of WireGuard answers whoever has a key, from everywhere; take it out"
        yield WrongVpn(message, "home")
    if not vpn.inner:
        message = (
            "is missing: networks such as 10.99.0.0/20, since WireGuard knows each device by an address of its own"
        )
        yield WrongVpn(message, "inner")
    routes = () if vpn.everything else networks(vpn.routes)
    for index, gateway in enumerate(vpn.gateways):
        if gateway.public_key is None:
            message = "is missing: what wg pubkey prints at the gateway; a device knows it by that alone"
            yield WrongVpn(message, "gateways", index, "public_key")
        if not gateway.addresses:
            message = "are missing: WireGuard looks a name up once, at a start, when there may be no network yet"
            yield WrongVpn(message, "gateways", index, "addresses")
        for one in networks(gateway.addresses):
            if (clash := overlapping(one, routes)) is not None:
                message = f"take the gateway's own address {one.network_address} into the tunnel ({clash}), which then "
                yield WrongVpn(f"{message}leads to itself; write everything, or networks without it", "routes")
    families = {one.version for one in networks(vpn.inner)}
    for one in routes if vpn.inner else ():
        if one.version not in families:
            yield WrongVpn(
                f"has {one}, and inner no addresses of its family to speak from; add a network to it", "routes"
            )
    for index, server in enumerate(vpn.dns.servers if vpn.inner else ()):
        if networks([server])[0].version not in families:
            message = f"is {server}, and inner has no addresses of its family to ask it from"
            yield WrongVpn(message, "dns", "servers", index)


def _names(vpn: Vpn) -> Iterator[WrongVpn]:
    """Which questions go through a tunnel is told by their packets' way, and no packet's way tells names apart."""
    if vpn.everything and not vpn.dns.servers:
        message = "is missing: where everything goes through the tunnel, names are asked for through it too"
        yield WrongVpn(message, "dns", "servers")
    if vpn.dns.servers and not vpn.everything:
        message = (
            "would do nothing on a Linux device: with networks in routes it asks the network that it is in for every "
            "name, the school's too. Write routes: everything, or take it out and let a public name server know them"
        )
        yield WrongVpn(message, "dns", "servers")


def _inner(vpn: Vpn) -> Iterator[WrongVpn]:
    home = networks(vpn.home)
    addresses = networks(address for gateway in vpn.gateways for address in gateway.addresses)
    for index, one in enumerate(networks(vpn.inner)):
        if one.num_addresses < LEAST_ADDRESSES:
            yield WrongVpn(f"is {one}, which has no addresses to give", "inner", index)
        if (twice := overlapping(one, networks(vpn.inner)[:index])) is not None:
            yield WrongVpn(f"is {one}, and {twice} overlaps it", "inner", index)
        if (clash := overlapping(one, home)) is not None:
            message = f"is {one}, which overlaps the home network {clash}: a laptop with its tunnel up would have "
            yield WrongVpn(f"{message}an address of a machine at school", "inner", index)
        if (gateway := overlapping(one, addresses)) is not None:
            yield WrongVpn(f"is {one}, in which a gateway has its address {gateway}", "inner", index)


def _home(vpn: Vpn) -> Iterator[WrongVpn]:
    """A home network is the school's: what is for it must not be looked for elsewhere, where the tunnel leads to it."""
    routes = collapsed(networks(vpn.routes))
    for index, one in enumerate(networks(vpn.home)):
        part = overlapping(one, routes)
        if part is not None and part.prefixlen > one.prefixlen:
            message = (
                f"is {one}, of which the tunnel takes only {part}: from elsewhere, the rest of it would be looked "
            )
            yield WrongVpn(f"{message}for in a stranger's network; widen routes, or narrow home", "home", index)
