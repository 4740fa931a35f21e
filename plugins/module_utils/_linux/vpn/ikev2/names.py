"""Questions for names go through the tunnel to the school's server, whoever the resolver asks: two rules of nftables.

Whatever writes resolv.conf (systemd-resolved, NetworkManager, a DHCP client) goes on asking the network nearby, whose
addresses lead nowhere inside a tunnel for everything. So the kernel sends each question that the tunnel would take to
the school's server instead. The rule asks whether a packet's own route leads into a tunnel (`rt ipsec`): while there is
none, questions go where they went, and the sign-in page of a hotel is found. IPv6 has no such doubt, since nothing of
it may go beside the tunnel: questions by it that do not go to the school's server are refused at once, and resolvers
ask by IPv4.

charon's unit loads the rules before charon starts.
"""

from __future__ import annotations

import re

from ...engine.host import Host
from ...engine.safe_read import first_of, text_or_nothing
from ..files import OWN_HEAD, OWN_LOADER, OWN_RULES

RULES, LOADER = OWN_RULES, OWN_LOADER
LOADER_TEXT = f"{OWN_HEAD}[Service]\nExecStartPre=-/usr/sbin/nft -f {RULES}\n"
NFT = ("/usr/sbin/nft", "/sbin/nft")
TABLE = "inet leeboard_vpn"
HEAD = re.compile(r"# Written by Leeboard \(REM-01\): names are asked of (\S+)\n")
PORTS = "meta l4proto { tcp, udp } th dport 53"
WITHOUT = f"add table {TABLE}; delete table {TABLE}"  # there or not, it is gone afterwards
# For a checkpoint and an undo: as the file says, or no table without one.
LOAD = ("sh", "-c", f"command -v nft >/dev/null || exit 0; if [ -e {RULES} ]; then nft -f {RULES}; "
                    f"else nft '{WITHOUT}'; fi")  # fmt: skip


def rules(servers: tuple[str, ...]) -> str:
    """The text of our file of nftables. The first server of a family is asked; the others may be."""
    four, six = _families(servers)
    lines = [
        f"# Written by Leeboard (REM-01): names are asked of {','.join(servers)}",
        f"table {TABLE}",
        f"delete table {TABLE}",
        f"table {TABLE} {{",
        "  chain names {",
        "    type nat hook output priority dstnat; policy accept;",
    ]
    for family, own in (("ip", four), ("ip6", six)):
        if own:
            lines.append(
                f"    rt ipsec exists {family} daddr != {{ {', '.join(own)} }} {PORTS} dnat {family} to {own[0]}"
            )
    besides = f"ip6 daddr != {{ {', '.join(six)} }} " if six else ""
    lines += [
        "  }",
        "  chain beside {",
        "    type filter hook output priority filter; policy accept;",
        f'    oifname != "lo" meta nfproto ipv6 {besides}{PORTS} reject',
        *([] if four else [f"    rt ipsec exists meta nfproto ipv4 {PORTS} reject"]),
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def written(host: Host) -> tuple[tuple[str, ...], list[str]]:
    """(the servers that our file names, KEY@FILE,LINE of what is not as we wrote it). Raises HostError."""
    text = text_or_nothing(host, RULES)
    if text is None:
        return (), []
    match = HEAD.match(text)
    servers = tuple(match.group(1).split(",")) if match else ()
    other = [] if servers and text == rules(servers) else [f"names@{RULES},1"]
    if text_or_nothing(host, LOADER) != LOADER_TEXT:
        other.append(f"names@{LOADER},1")
    return servers, other


def not_loaded(host: Host, servers: tuple[str, ...]) -> str:
    """Why the kernel does not send questions for names to these servers, as a sentence; empty where it does, or needs
    not. Raises HostError."""
    if not servers:
        return ""
    done = host.query(["nft", "-j", "list", "table", *TABLE.split()])
    missing = f"the kernel has no rules that send questions for names through the tunnel (table {TABLE})"
    if done.rc != 0:
        return missing
    from .. import nft_table  # a tunnel without servers has no rules

    as_written = nft_table.says(host, TABLE, rules(servers), done.out)
    return "" if as_written else f"the kernel's table {TABLE} is not as {RULES} says"


def program(host: Host) -> str:
    """Where nft is, empty where it is not installed. Raises HostError."""
    return first_of(host, NFT) or ""


def _families(servers: tuple[str, ...]) -> tuple[list[str], list[str]]:
    return [one for one in servers if ":" not in one], [one for one in servers if ":" in one]
