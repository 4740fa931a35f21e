"""What a device is told of its school's VPN (`leeboard_vpn`), and the tunnel that this asks of it, in words.

On Linux the words are those of the driver `vpn`: gateway: ike: esp: identity: authority: to: dns:, in any order, and of
WireGuard wireguard: port: key: inner: to: dns:. On Windows they are those of `vpn_connection`, what a profile can say:
gateway: ike: esp: authority: eku: to:.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import ssl
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from leeboard.model.strict import Strict, first_mistake

NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)+[A-Za-z0-9-]{0,62}[A-Za-z0-9]\Z")
PROPOSAL = re.compile(r"[a-z0-9]+(?:-[a-z0-9_]+)+\Z")
PUBLIC_KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\Z")  # 32 bytes in base64, in the one way there is
MOST = 100
NONE = "none"  # the device has the VPN no more; a variable that is missing says nothing
EVERYTHING = ("0.0.0.0/0", "::/0")


class WrongVpn(Exception):
    """What makes no sense in `leeboard_vpn`, in one line."""


def _name(value: str) -> str:
    if not NAME.match(value):
        raise ValueError("must be a name such as vpn.school.example")
    return value.lower()


def _proposal(value: str) -> str:
    if not PROPOSAL.match(value):
        raise ValueError("must be a proposal such as aes256gcm16-ecp384")
    return value


def _address(value: str) -> str:
    return str(ipaddress.ip_address(value))


def _network(value: str) -> str:
    return str(ipaddress.ip_network(value))


def _public_key(value: str) -> str:
    if not PUBLIC_KEY.match(value):
        raise ValueError("must be a public key of WireGuard in base64")
    return value


def _pem(value: str) -> str:
    ssl.PEM_cert_to_DER_cert(value)
    return value


Name = Annotated[str, AfterValidator(_name)]
Proposals = Annotated[tuple[Annotated[str, AfterValidator(_proposal)], ...], Field(min_length=1, max_length=MOST)]
Addresses = Annotated[tuple[Annotated[str, AfterValidator(_address)], ...], Field(max_length=MOST)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], Field(max_length=MOST)]
Certificates = Annotated[tuple[Annotated[str, AfterValidator(_pem)], ...], Field(min_length=1, max_length=10)]


class Gateway(Strict):
    """A gateway: the name in its certificate, and where it answers."""

    name: Name
    addresses: Addresses = ()


class Suites(Strict):
    """What may be agreed on, in swanctl's words."""

    ike: Proposals
    esp: Proposals


class Authority(Strict):
    """Who makes the certificates: Leeboard on the controller, or the school by itself. The root comes first."""

    kind: Literal["leeboard", "school"]
    certificates: Certificates
    issuer: str
    eku: str


class Dns(Strict):
    """Who is asked for every name while the tunnel is up. No domains: the empty list is what was said before."""

    servers: Addresses = ()
    domains: Annotated[tuple[Name, ...], Field(max_length=0)] = ()


class Told(Strict):
    """The host variable `leeboard_vpn`: see docs/vpn.md."""

    kind: Literal["ikev2"]
    gateways: Annotated[tuple[Gateway, ...], Field(min_length=1, max_length=MOST)]
    suites: Suites
    authority: Authority
    routes: Annotated[Networks, Field(min_length=1)]
    dns: Dns = Dns()
    home: Networks = ()
    identity: Name


class WireGuardGateway(Gateway):
    """A gateway of WireGuard: it is known by its public key, and called at its first address."""

    addresses: Annotated[Addresses, Field(min_length=1)]
    public_key: Annotated[str, AfterValidator(_public_key)]
    port: Annotated[int, Field(strict=True, ge=1, le=65535)]


class ToldWireGuard(Strict):
    """The host variable `leeboard_vpn` where the VPN is WireGuard. `inner` are the device's own addresses."""

    kind: Literal["wireguard"]
    gateways: Annotated[tuple[WireGuardGateway, ...], Field(min_length=1, max_length=MOST)]
    routes: Annotated[Networks, Field(min_length=1)]
    dns: Dns = Dns()
    inner: Annotated[Addresses, Field(min_length=1, max_length=2)]
    identity: Name


def is_wireguard(value: object) -> bool:
    """Whether the variable is about WireGuard, whatever else is in it."""
    return isinstance(value, dict) and value.get("kind") == "wireguard"


def told(value: object) -> Told:
    """The variable of a VPN by IKEv2, read. Raises WrongVpn."""
    return _read(Told, value)


def told_wireguard(value: object) -> ToldWireGuard:
    """The variable of a VPN by WireGuard, read. Raises WrongVpn."""
    return _read(ToldWireGuard, value)


def _read[Of: Strict](model: type[Of], value: object) -> Of:
    try:
        return model.model_validate(value)
    except ValidationError as problem:
        place, message = first_mistake(problem, "it")
        raise WrongVpn(f"{place}: {message.removeprefix('Value error, ')}") from None


def root_digest(vpn: Told) -> str:
    """The SHA-256 of the root's certificate, in hex.

    The root alone is trusted: an issuing authority is followed by the next one each year, and a tunnel that named it
    would be cut for that.
    """
    return digest(vpn.authority.certificates[0])


def digest(pem: str) -> str:
    """The SHA-256 of a certificate in PEM, in hex."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def tunnel(value: object, platform: object = "linux") -> str:
    """The tunnel that `leeboard_vpn` asks for on a platform, in words; "none" where it says that, in this one word.

    Raises WrongVpn.

    It leads to the gateway that is named first: two tunnels for everything would fight over the routes.
    """
    if value == NONE:
        return NONE
    if is_wireguard(value):
        if platform == "windows":
            raise WrongVpn("kind: WireGuard is set up on Linux alone")
        return _peer(told_wireguard(value))
    vpn = told(value)
    return _profile(vpn) if platform == "windows" else _connection(vpn)


def _profile(vpn: Told) -> str:
    """The words of Windows.

    The gateway is called by the name in its certificate, since Windows compares just that. Which certificate the
    device takes is told by the root and the purpose, and the gateway says who is asked for names.
    """
    words = [
        f"gateway:{vpn.gateways[0].name}",
        *(f"to:{network}" for network in vpn.routes),
        f"ike:{','.join(vpn.suites.ike)}",
        f"esp:{','.join(vpn.suites.esp)}",
        f"authority:{root_digest(vpn)}",
        f"eku:{vpn.authority.eku}",
    ]
    return " ".join(words)


def _connection(vpn: Told) -> str:
    """The words of Linux."""
    first = vpn.gateways[0]
    where = f"@{','.join(first.addresses)}" if first.addresses else ""
    everything = set(EVERYTHING) <= set(vpn.routes)
    # What a person looks for comes first: long texts are cut off where they are shown.
    words = [
        f"gateway:{first.name}{where}",
        *(f"to:{network}" for network in vpn.routes),
        *([f"dns:{','.join(vpn.dns.servers)}"] if everything and vpn.dns.servers else []),
        f"identity:{vpn.identity}",
        f"ike:{','.join(vpn.suites.ike)}",
        f"esp:{','.join(vpn.suites.esp)}",
        f"authority:{root_digest(vpn)}",
    ]
    return " ".join(words)


def _peer(vpn: ToldWireGuard) -> str:
    """The words of WireGuard on Linux: its gateway is called at one address, for it has one endpoint a peer."""
    first = vpn.gateways[0]
    everything = set(EVERYTHING) <= set(vpn.routes)
    words = [
        f"wireguard:{first.name}@{first.addresses[0]}",
        *(f"to:{network}" for network in vpn.routes),
        *([f"dns:{','.join(vpn.dns.servers)}"] if everything and vpn.dns.servers else []),
        *(f"inner:{address}" for address in vpn.inner),
        f"port:{first.port}",
        f"key:{first.public_key}",
    ]
    return " ".join(words)
