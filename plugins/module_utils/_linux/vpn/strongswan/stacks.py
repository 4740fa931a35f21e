"""Which program has the machine's IPsec tunnels: ours is charon-systemd, and another one is never taken over unseen.

strongswan-charon (started by strongswan-starter) and charon-systemd conflict in Debian and Ubuntu: to install one is to
take the other away, and the tunnels that it carries with it. The role remote_access asks `refusal` first, by the module
vpn_stack_info.
"""

from __future__ import annotations

import ipaddress

from ...engine.host import Host, HostError
from ...engine.safe_read import first_of
from ...system.came_by import came_by
from ...system.systemd_unit import RUNNING, properties

UNIT = "strongswan.service"
PROGRAM = ("/usr/sbin/charon-systemd",)
CONF = "/etc/swanctl/swanctl.conf"
NOT_INSTALLED = "charon-systemd and strongswan-swanctl are not installed; the role remote_access does that"
STARTER = ("/usr/lib/ipsec/starter", "/usr/libexec/ipsec/starter")
PLUTO = ("/usr/libexec/ipsec/pluto", "/usr/lib/ipsec/pluto")


def installed(host: Host) -> bool:
    """Whether what carries our tunnel is there. Raises HostError."""
    return bool(first_of(host, PROGRAM)) and host.exists(CONF)


def in_the_way(host: Host, replace: bool) -> str:
    """Why there can be no tunnel of ours, empty where at most the packages are missing. `replace` as in `refusal`.

    Raises HostError.
    """
    if not installed(host):
        return refusal(host, replace)
    other = other_stack(host)
    return f"{other}; no two programs may own a tunnel" if other else ""


def other_stack(host: Host) -> str:
    """What else has tunnels on this machine, as a sentence; empty for nothing. Raises HostError."""
    if first_of(host, PLUTO):
        return "libreswan is installed"
    if properties(host, "strongswan-starter.service").get("ActiveState") in RUNNING:
        return "strongswan-starter runs the older charon of strongSwan"
    return ""


def carries(host: Host) -> list[str]:
    """The peers of the tunnels that the kernel has now: "SOURCE to DESTINATION", sorted. Raises HostError."""
    done = host.query(["ip", "xfrm", "state", "list"])
    if done.rc != 0:
        raise HostError("failed", f"ip xfrm state ended with status {done.rc}: {done.err.strip()[:200]}")
    ends = {
        (words[1], words[3])
        for words in (line.split() for line in done.out.splitlines())
        if len(words) >= 4 and words[0] == "src" and words[2] == "dst"
    }
    return sorted(f"{source} to {target}" for source, target in ends)


def we_come_by_a_tunnel(host: Host) -> str:
    """The policy of the kernel by which the connection that we came by goes, empty for none. Raises HostError.

    Only what names both ends counts, so that a policy that lets traffic through untouched is one too.
    """
    came = came_by(host)
    if came is None:
        return ""
    done = host.query(["ip", "xfrm", "policy", "list"])
    if done.rc != 0:
        raise HostError("failed", f"ip xfrm policy ended with status {done.rc}: {done.err.strip()[:200]}")
    here, there = (ipaddress.ip_address(one.partition("%")[0]) for one in (came.own_address, came.address))
    lines = done.out.splitlines()
    for at, line in enumerate(lines):
        words = line.split()
        if len(words) < 4 or words[0] != "src" or words[2] != "dst" or "tmpl" not in " ".join(lines[at + 1 : at + 3]):
            continue
        try:
            source, target = (ipaddress.ip_network(one, strict=False) for one in (words[1], words[3]))
        except ValueError:
            raise HostError("malformed", f"a line of ip xfrm policy makes no sense: {line[:100]!r}") from None
        if source.version == here.version and here in source and there in target:
            return f"{words[1]} to {words[3]}"
    return ""


def refusal(host: Host, replace: bool) -> str:
    """Why charon-systemd may not be installed here, empty where it may. `replace`: the school said that it may take the
    older charon's place. Raises HostError."""
    if not first_of(host, STARTER) and not first_of(host, PLUTO):
        return ""
    tunnels = carries(host)
    by = we_come_by_a_tunnel(host)
    if by:
        return f"we come through a tunnel of the program that charon-systemd would take the place of ({by})"
    if tunnels and not replace:
        return (
            f"another IPsec program carries {len(tunnels)} tunnels here ({', '.join(tunnels[:3])}), which would end; "
            "say remote_access_replace_charon: true to have it replaced"
        )
    if first_of(host, PLUTO) and not replace:
        return "libreswan is installed; say remote_access_replace_charon: true to have charon-systemd beside it"
    return ""
