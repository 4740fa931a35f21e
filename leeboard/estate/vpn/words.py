"""The words of a VPN's declaration, one by one: what is refused, and why."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

EVERYTHING = ("0.0.0.0/0", "::/0")
CLIENT = "1.3.6.1.5.5.7.3.2"  # RFC 5280, 4.2.1.12
KINDS = ("ikev2", "wireguard")
# Other words for a protocol, and why it is none that is set up.
REFUSED_KINDS = {
    "pptp": "its protection was broken long ago, so anybody who listens can read it; write ikev2",
    "l2tp": "it hangs on IKEv1, and in schools on a secret that every laptop shares; write ikev2",
    "ikev1": "it gives a listener what it takes to guess a shared secret; write ikev2",
    "sstp": "only Windows speaks it; write ikev2",
    "openvpn": "Leeboard sets up no profile of it; write ikev2",
}
SPELLINGS = {"l2tp-psk": "l2tp", "l2tp/ipsec": "l2tp", "ike": "ikev1", "ipsec": "ikev1", "ike-v1": "ikev1"}
# Keys that somebody may bring from another program's configuration, and why there is none.
REFUSED_KEYS = {
    **dict.fromkeys(
        ("psk", "secret", "preshared_key", "pre_shared_key", "shared_secret", "password", "passphrase"),
        "is a secret, and whoever takes a laptop has it: each device has a certificate of its own; take it out, and "
        "change it at the gateway",
    ),
    **dict.fromkeys(
        ("private_key", "privatekey"),
        "is a private key, which never leaves its machine; take it out, make a new one there, and write its public_key",
    ),
    **dict.fromkeys(
        ("ike", "esp", "proposals", "ciphers", "encryption"),
        "cannot be chosen one by one: the level says the suite (docs/vpn.md); write suite: high for a stronger one",
    ),
    **dict.fromkeys(
        ("device_tunnel", "devicetunnel", "always_on", "alwayson"),
        "is nothing that a roll-out makes on Windows (docs/vpn.md#device-tunnels says why); have Intune or "
        "Configuration Manager make a device tunnel, which is then named and left alone, and take this out",
    ),
    **dict.fromkeys(
        ("lockdown", "lock_down"),
        "is nothing that a roll-out sets: nobody could leave such a tunnel, not even to mend it; take it out",
    ),
    "domains": (
        "would do nothing: where everything goes through the tunnel the servers are asked for every name, and no rule "
        "of a Linux device can tell names apart (docs/vpn.md); take it out"
    ),
}
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{LABEL}\.)+{LABEL}\Z")
OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,9})){2,20}\Z")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
EKUS = {"clientAuth": CLIENT, "ipsecIKE": "1.3.6.1.5.5.7.3.17"}
REFUSED_EKUS = {
    "1.3.6.1.5.5.7.3.1": "a certificate of a server: a laptop that has it can pose as the gateway",
    "2.5.29.37.0": "a certificate for anything: a laptop that has it can pose as the gateway",
}
MOST = 100
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _kind(value: Any) -> Any:
    word = value.strip().lower() if isinstance(value, str) else value
    word = SPELLINGS.get(word, word) if isinstance(word, str) else word
    if word in REFUSED_KINDS:
        raise ValueError(f"not to be used: {REFUSED_KINDS[word]}")
    if word not in KINDS:
        raise ValueError(f"must be {' or '.join(KINDS)}")
    return word


def _name(value: str) -> str:
    name = value.lower().removesuffix(".")
    if "*" in name:
        raise ValueError("must be one name: any machine of the domain could pose as the gateway by a wildcard")
    if not NAME.match(name) or name.rsplit(".", 1)[-1].isdigit():
        raise ValueError("must be a full name such as vpn.example.sch.uk, as it stands in the certificate")
    return name


def _address(value: str) -> str:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise ValueError("must be an address such as 192.0.2.10") from None
    if (
        address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
        or getattr(address, "ipv4_mapped", None) or str(address) == "255.255.255.255"
    ):  # fmt: skip
        raise ValueError("no laptop could reach that from elsewhere")
    return str(address)


def _public_key(value: str) -> str:
    """A key of X25519 in base64, as `wg pubkey` prints it: 32 bytes, in the one way in which they can be written."""
    try:
        key = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32 or base64.b64encode(key).decode() != value:
        raise ValueError("must be a public key of WireGuard as wg pubkey prints it: 44 characters that end in =")
    if not any(key):
        raise ValueError("must be the gateway's own: this one is all zeros, which wg has where a key was taken away")
    return value


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError("must be a network such as 10.20.0.0/16") from None


def _home(value: str) -> str:
    network = ipaddress.ip_network(_network(value))
    if network.prefixlen < (8 if network.version == 4 else 32):
        raise ValueError("so large that the gateway would answer hardly anybody")
    return str(network)


def _routes(value: Any) -> Any:
    if value == "everything":
        return list(EVERYTHING)
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise ValueError("must be everything, or a list of networks such as [10.20.0.0/16]")
    return value


def _whole(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("names no network: write everything, or the networks of the school")
    whole = {one.version: one.prefixlen == 0 for one in collapsed(networks(value))}
    whole = {4: False, 6: False, **whole}
    if all(whole.values()):
        return EVERYTHING
    if any(whole.values()):
        other = "IPv6" if whole[4] else "IPv4"
        raise ValueError(f"takes one family into the tunnel as a whole, and lets {other} go past it; write everything")
    return value


def _eku(value: str) -> str:
    number = EKUS.get(value, value)
    if number in REFUSED_EKUS or value in ("serverAuth", "anyExtendedKeyUsage"):
        reason = REFUSED_EKUS.get(number) or "a laptop that has it can pose as the gateway"
        raise ValueError(f"must be what a client has: {reason}; write clientAuth")
    if not OID.match(number):
        raise ValueError("must be clientAuth, or a number such as 1.3.6.1.5.5.7.3.2")
    return number


def _file(value: str) -> str:
    if not FILE_NAME.match(value):
        raise ValueError("must be the name of a file beside this one")
    return value


def _line(value: str) -> str:
    if not value.strip() or not value.isprintable() or len(value) > 300:
        raise ValueError("must be one line that is not empty")
    return value.strip()


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Texts that were found to be networks, as networks."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def collapsed(found: Iterable[Network]) -> tuple[Network, ...]:
    """The fewest networks that have the same addresses."""
    every = tuple(found)
    return (
        *ipaddress.collapse_addresses(one for one in every if isinstance(one, ipaddress.IPv4Network)),
        *ipaddress.collapse_addresses(one for one in every if isinstance(one, ipaddress.IPv6Network)),
    )


def overlapping(one: Network, others: Iterable[Network]) -> Network | None:
    """The first of the others that shares addresses with this one."""
    return next((other for other in others if other.version == one.version and other.overlaps(one)), None)


Name = Annotated[str, AfterValidator(_name)]
Address = Annotated[str, AfterValidator(_address)]
PublicKey = Annotated[str, AfterValidator(_public_key)]
Cidr = Annotated[str, AfterValidator(_network)]
Home = Annotated[str, AfterValidator(_home)]
Eku = Annotated[str, AfterValidator(_eku)]
FileName = Annotated[str, AfterValidator(_file)]
Line = Annotated[str, AfterValidator(_line)]
KindWord = BeforeValidator(_kind)
Routes = Annotated[tuple[Cidr, ...], BeforeValidator(_routes), AfterValidator(_whole)]
