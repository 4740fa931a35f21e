"""Leeboard's own file of wg-quick: one peer, the school's gateway. It holds no key of this device.

Its first line has the words that it was made of, so what counts is whether the rest follows from them. With everything
in the tunnel rules of nftables go up and down with it:

    names    each question for a name goes to the school's server, whoever the resolver asks; a family that has no
             server of its own is asked nothing
    source   such a question speaks from the tunnel's address, since its own was chosen for the network nearby
    came     what this device answers to whoever came by another card goes back there: wg-quick leads what bears its
             mark past the tunnel
    past     nothing else that begins here leaves by another card. wg-quick's routes leave the network nearby beside the
             tunnel, and with it whatever a stranger's DHCP says is nearby; and who binds to a card goes by no route
             of theirs. Asking for an address stays possible, and so does a connection by TCP that was there before.
"""

from __future__ import annotations

import re

from ...engine.edits import ChangeRefused
from ...engine.host import Host
from ...engine.safe_read import text_or_nothing
from ..files import OWN_WIREGUARD, OWN_WIREGUARD_KEY
from .words import Peer, parse, text

CONF, KEY_FILE = OWN_WIREGUARD, OWN_WIREGUARD_KEY
INTERFACE = "leeboard"
UNIT = f"wg-quick@{INTERFACE}.service"
MARK = 51820  # wg-quick takes the mark for the number of its table as well (get_fwmark in its source)
TABLE = "inet leeboard_wireguard"
HEAD = re.compile(r"# Written by Leeboard \(REM-01\), and by a roll-out anew: ([^\n]{1,4000})\n")
WITHOUT = f"add table {TABLE}; delete table {TABLE}"  # there or not, it is gone afterwards
PORTS = "meta l4proto { tcp, udp } th dport 53"
# systemd-resolved asks each card's own server, bound to that card; with this it asks the tunnel's for every name.
RESOLVED = (
    "! systemctl -q is-active systemd-resolved || {{ resolvectl dns %i {servers} && resolvectl domain %i '~.'; }}"
)
# For a change, a checkpoint and an undo: as the file says, or no tunnel without one. wg-quick needs a file to take an
# interface down, and the one that it was made from may be gone.
LOAD_TEXT = f"""systemctl stop {UNIT} 2>/dev/null
if [ -e /sys/class/net/{INTERFACE} ]; then
    mkdir -p -m 700 /run/leeboard-vpn && (umask 077; echo '[Interface]' > /run/leeboard-vpn/{INTERFACE}.conf)
    wg-quick down /run/leeboard-vpn/{INTERFACE}.conf 2>/dev/null
    rm -rf /run/leeboard-vpn
    ! [ -e /sys/class/net/{INTERFACE} ] || ip link delete dev {INTERFACE}
fi
! command -v nft >/dev/null || nft '{WITHOUT}'
systemctl reset-failed {UNIT} 2>/dev/null
[ ! -e {CONF} ] || systemctl start {UNIT}"""
LOAD = ("sh", "-c", LOAD_TEXT)


def conf(peer: Peer) -> str:
    """The text of our file."""
    lines = [
        f"# Written by Leeboard (REM-01), and by a roll-out anew: {text(peer)}",
        "[Interface]",
        "Address = " + ", ".join(f"{one}/{128 if ':' in one else 32}" for one in peer.inner),
        # The keepalive is said here, since it has wg call the gateway at once; and it keeps the way back open.
        f"PostUp = wg set %i private-key {KEY_FILE} peer {peer.key} persistent-keepalive 25",
    ]
    if peer.everything:
        lines += [f"FwMark = {MARK}", f"PostUp = nft '{rules(peer)}'", f"PreDown = nft '{WITHOUT}'"]
        lines += [f"PostUp = {RESOLVED.format(servers=' '.join(peer.dns))}"] if peer.dns else []
    lines += [
        "",
        "[Peer]",
        f"PublicKey = {peer.key}",
        f"Endpoint = {peer.endpoint}",
        f"AllowedIPs = {', '.join(peer.to)}",
    ]
    return "\n".join(lines) + "\n"


def rules(peer: Peer) -> str:
    """The rules of nftables for a tunnel for everything, in one line."""
    found = (
        f"chain {name} {{ type {hook}; policy accept; {''.join(f'{one}; ' for one in those)}}}"
        for name, (hook, those) in chains(peer).items()
    )
    return f"table {TABLE} {{ {'; '.join(found)}; }}"


def chains(peer: Peer) -> dict[str, tuple[str, list[str]]]:
    """The chains of these rules by their names, each with its hook. The first server of a family is asked."""
    four, six = ([one for one in peer.dns if (":" in one) is is_six] for is_six in (False, True))
    names, source, beside = [], [], []
    for family, own in (("ip", four), ("ip6", six)):
        protocol = "ipv4" if family == "ip" else "ipv6"
        if not own:
            beside.append(f'oifname != "lo" meta nfproto {protocol} {PORTS} reject')
            continue
        inner = next(one for one in peer.inner if (":" in one) is (family == "ip6"))
        other = f'oifname != "lo" {family} daddr != {{ {", ".join(own)} }}'
        names.append(f"{other} {PORTS} dnat {family} to {own[0]}")
        source.append(f'oifname "{INTERFACE}" {PORTS} {family} saddr != {inner} snat {family} to {inner}')
    past = [
        f'oifname {{ "lo", "{INTERFACE}" }} accept',
        "udp dport { 67, 547 } accept",
        "tcp flags & (syn | ack) != syn accept",
        f"ct direction original meta mark != {MARK} drop",
    ]
    # By direction and not by "new": who was here before the rules came is not cut off either.
    came = [f'iifname != {{ "lo", "{INTERFACE}" }} ct direction original ct mark set {MARK}']
    return {
        "names": ("nat hook output priority dstnat", names),
        "source": ("nat hook postrouting priority srcnat", source),
        "beside": ("filter hook output priority filter", beside),
        "came": ("filter hook input priority mangle", came),
        "back": ("route hook output priority mangle", [f"ct mark {MARK} meta mark set {MARK}"]),
        # Where a packet leaves, for a name's question is sent elsewhere on its way; it cannot be refused there.
        "past": ("filter hook postrouting priority filter", past),
    }


def written(host: Host) -> tuple[Peer | None, list[str]]:
    """(the tunnel that our file says, PATH of what is not as we wrote it); None without the file, or where it says
    none. Raises HostError."""
    found = text_or_nothing(host, CONF)
    if found is None:
        return None, []
    match = HEAD.match(found)
    try:
        peer = parse(match.group(1)) if match else None
    except ChangeRefused:
        peer = None
    return peer, [] if peer is not None and found == conf(peer) else [CONF]
