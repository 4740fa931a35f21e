"""Leeboard's own file of swanctl: one connection to the school's gateway, begun by charon itself.

Of the connection nothing is left to strongSwan's defaults that a school's tunnel hangs on. No certificate is named in
it: charon takes the one with the device's name from its folder, so that a renewal changes no connection, and a
connection that is changed is cut.
"""

from __future__ import annotations

from typing import Dict, Union

from ..files import OWN_CONF, OWN_HEAD, OWN_NAME, OWN_NETWORKD, OWN_OPTIONS
from .again import TEXTS as AGAIN
from .names import LOADER, RULES
from .words import Wanted

CONF, NAME = OWN_CONF, OWN_NAME
OPTIONS, NETWORKD = OWN_OPTIONS, OWN_NETWORKD
CHILD = "leeboard"
NO_IPV6 = "leeboard-no-ipv6"
# Without it charon calls a gateway once that it finds no way to: at a start before the network is there.
# networkd takes a stranger's address off its card, and of a route for IPv6 what says to speak from it: not from lo.
OPTIONS_TEXT = OWN_HEAD + "charon-systemd {\n  retry_initiate_interval = 20\n  install_virtual_ip_on = lo\n}\n"
# networkd takes away what it did not make whenever it is reloaded: charon's rule, and all goes beside the tunnel.
NETWORKD_TEXT = OWN_HEAD + "[Network]\nManageForeignRoutingPolicyRules=no\nManageForeignRoutes=no\n"
# Of these options networkd reads nothing anew by `networkctl reload`: seen with systemd 257. When it starts again it
# leaves its networks as they are. Without one that runs there is nothing to load.
LOAD_NETWORKD = ("systemctl", "try-restart", "systemd-networkd.service")
FILES = (CONF, OPTIONS, NETWORKD, RULES, LOADER, *AGAIN)
TABLE = "220"  # of charon's routes, which its rule leads to
# Global addresses: what a network nearby needs (fe80::/10, fc00::/7, multicast) stays.
GLOBAL_IPV6 = "2000::/3"


Tree = Dict[str, Union[str, "Tree"]]  # what a section of swanctl holds: keys with values, and sections


def authority_file(digest: str) -> str:
    """The name of an authority's certificate below AUTHORITIES, by its SHA-256."""
    return f"leeboard-{digest}.pem"


def authority_digest(name: str) -> str:
    """The SHA-256 that a name of `authority_file` says; the whole name where it is another."""
    digest = name.replace("leeboard-", "", 1).rpartition(".pem")[0]
    return digest if authority_file(digest) == name else name


def connection(wanted: Wanted) -> Tree:
    """Our connection as swanctl's sections have it."""
    children: Tree = {
        CHILD: {
            "mode": "tunnel",
            "remote_ts": ", ".join(wanted.to),
            "esp_proposals": ", ".join(wanted.esp),
            "rekey_time": "1h",
            "start_action": "start",
            "close_action": "start",
            "dpd_action": "restart",
        }
    }
    if wanted.everything:
        # A gateway that has no IPv6 to give agrees to IPv4 alone, and all IPv6 would go beside the tunnel. charon puts
        # what is dropped behind what is tunnelled.
        children[NO_IPV6] = {
            "mode": "drop", "local_ts": GLOBAL_IPV6, "remote_ts": GLOBAL_IPV6, "start_action": "trap",
        }  # fmt: skip
    return {
        "version": "2",
        "remote_addrs": ", ".join(wanted.called),
        "vips": "0.0.0.0, ::",
        "proposals": ", ".join(wanted.ike),
        "encap": "no",
        # When an address changes by it, charon takes its own address away and brings it back, and the route for IPv6
        # forgets to speak from it: seen with strongSwan 6.0.1 and Linux 6.12, after each start that began before the
        # network was there. Without it a moved laptop begins a new tunnel.
        "mobike": "no",
        "fragmentation": "yes",
        "send_cert": "always",
        "dpd_delay": "30s",
        "keyingtries": "0",
        "rekey_time": "4h",
        "reauth_time": "0",
        "unique": "replace",
        "local": {"auth": "pubkey", "id": wanted.identity},
        "remote": {
            "auth": "pubkey",
            "id": wanted.gateway,
            "cacerts": ", ".join(authority_file(one) for one in wanted.authorities),
            "revocation": wanted.revocation,
        },
        "children": children,
    }


def conf(wanted: Wanted) -> str:
    """The text of our file."""
    return OWN_HEAD + "\n".join(_lines({"connections": {NAME: connection(wanted)}}, "")) + "\n"


def flat(tree: Tree, above: str = "") -> dict[str, str]:
    """{keys of a tree, those of sections behind theirs and joined by dots: value}."""
    found: dict[str, str] = {}
    for name, content in tree.items():
        if isinstance(content, str):
            found[f"{above}{name}"] = content
        else:
            found.update(flat(content, f"{above}{name}."))
    return found


def _lines(tree: Tree, indentation: str) -> list[str]:
    lines = []
    for name, content in tree.items():
        if isinstance(content, str):
            lines.append(f"{indentation}{name} = {content}")
        else:
            lines += [f"{indentation}{name} {{", *_lines(content, indentation + "  "), f"{indentation}}}"]
    return lines
