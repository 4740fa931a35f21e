"""A gateway of WireGuard: its peers, the script by which they are all that it knows, and what to do with them.

wg(8) and wg-quick(8) of wireguard-tools 1.0.20210914: `addconf` adds and changes peers and leaves all else, the
gateway's private key too; `syncconf` and `setconf` would take away what the file does not have.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from leeboard.authority.gateways.strongswan import ADDRESSES, PAGE

INTERFACE = "leeboard"
CONF, PEERS = f"etc/wireguard/{INTERFACE}.conf", f"etc/wireguard/{INTERFACE}-peers.conf"
SCRIPT = "usr/local/sbin/leeboard-wg-peers"


@dataclass(frozen=True)
class Peer:
    """A device that may connect: its public key, and the addresses from which alone it may speak."""

    urn: str
    asset: str
    public_key: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """A gateway by the name in the declaration. `inner` are the networks in which devices have their addresses."""

    name: str
    public_key: str
    port: int
    inner: tuple[str, ...]
    peers: tuple[Peer, ...]
    everything: bool
    routes: tuple[str, ...]
    dns: tuple[str, ...] = ()


def files(wanted: Wanted) -> dict[str, str]:
    """The files of an export, by their names in its folder."""
    rows = (f"{one.urn},{one.asset},{one.public_key},{' '.join(one.addresses)}\n" for one in wanted.peers)
    return {
        CONF: conf(wanted),
        PEERS: peers(wanted),
        SCRIPT: SCRIPT_TEXT,
        ADDRESSES: "urn,asset,public_key,addresses\n" + "".join(rows),
        PAGE: page(wanted),
    }


def conf(wanted: Wanted) -> str:
    """The gateway's own interface, as wg-quick takes it. Its private key stays in a file of the gateway's."""
    addresses = ", ".join(f"{next(net.hosts())}/{net.prefixlen}" for net in map(ipaddress.ip_network, wanted.inner))
    return CONF_TEXT.format(addresses=addresses, port=wanted.port)


def peers(wanted: Wanted) -> str:
    """Every device that counts, in wg's own words. No secret is in it."""
    lines = ["# Written by leeboard vpn export-gateway. Changes here are lost when it is written again."]
    for one in wanted.peers:
        allowed = ", ".join(str(ipaddress.ip_network(address)) for address in one.addresses)
        lines += [
            "",
            f"# {one.asset} ({one.urn})",
            "[Peer]",
            f"PublicKey = {one.public_key}",
            f"AllowedIPs = {allowed}",
        ]
    return "\n".join((*lines, ""))


def page(wanted: Wanted) -> str:
    """What whoever runs the gateway does with the files."""
    where = "everything" if wanted.everything else ", ".join(wanted.routes)
    names = f" Devices ask {', '.join(wanted.dns)} for names, through the tunnel." if wanted.dns else ""
    shown = "\n".join(f"| {one.asset} ({one.urn}) | `{one.public_key}` |" for one in wanted.peers[:2000])
    return PAGE_TEXT.format(
        name=wanted.name, key=wanted.public_key, port=wanted.port, inner=", ".join(wanted.inner), where=where,
        names=names, peers=shown,
    )  # fmt: skip


CONF_TEXT = """# Written by leeboard vpn export-gateway. Changes here are lost when it is written again.
[Interface]
Address = {addresses}
ListenPort = {port}
PostUp = wg set %i private-key /etc/wireguard/leeboard-gateway.key
PostUp = /usr/local/sbin/leeboard-wg-peers %i
"""
SCRIPT_TEXT = """#!/bin/sh
# Makes the peers of the export all that this gateway knows. Written by leeboard vpn export-gateway.
set -eu
interface=${1:-leeboard}
peers=${LEEBOARD_PEERS:-/etc/wireguard/leeboard-peers.conf}
# A file that is not there or was cut short must not put everybody out.
[ -s "$peers" ]
known=$(wg show "$interface" peers)
# First whoever counts no more is put out: a stolen laptop is gone even where a later step fails.
for key in $known; do
    grep -qxF "PublicKey = $key" "$peers" || wg set "$interface" peer "$key" remove
done
wg addconf "$interface" "$peers"
"""
PAGE_TEXT = """# The VPN gateway {name} (WireGuard)

**Nothing here ends by itself.** WireGuard has no certificates and no lists of revoked ones: a device gets in from when
its key is loaded here until it is taken out here. An export that nobody loads lets nobody in, and puts nobody out.

1. Packages on Debian: `wireguard-tools`. The key is made here and stays here:

       umask 077; wg genkey > /etc/wireguard/leeboard-gateway.key; wg pubkey < /etc/wireguard/leeboard-gateway.key

   It prints the public half, which the declaration has: `{key}`. Is it another one, give it to the technician; no
   device believes this gateway until the declaration says it.
2. Copy `etc/` and `usr/` to the root; `chmod 600 /etc/wireguard/*; chmod 755 /usr/local/sbin/leeboard-wg-peers`.
   `systemctl enable --now wg-quick@leeboard`. It answers at UDP {port}. The interface is for this VPN alone: **a peer
   that the export does not have is taken out**, who else has a tunnel here needs an interface of their own.
3. Forward (`net.ipv4.ip_forward = 1`, for IPv6 `net.ipv6.conf.all.forwarding = 1`), and lead {inner} to this machine
   from within the school, or translate these addresses here. Devices send into the tunnel: {where}.{names}
4. After every new export: copy it over, then `leeboard-wg-peers`. Tunnels of those who stay go on.

## A device was revoked

The technician says so after `leeboard vpn revoke`, and has to export again. Copy it over, then `leeboard-wg-peers`: its
peer is gone, and its tunnel with it, at once. Without an export, by its key from the list below:

    wg set leeboard peer KEY remove

(until the next start, or the next `leeboard-wg-peers` with an old export). `wg show leeboard latest-handshakes` says
who was here when.

## A gateway's key was stolen

Make a new one as in step 1, and have the declaration changed; a roll-out brings it to each device, which has no tunnel
until then. Whoever has the old one can pose as this gateway to devices that no roll-out has reached yet.

## Devices

| device | public key |
| --- | --- |
{peers}
"""
