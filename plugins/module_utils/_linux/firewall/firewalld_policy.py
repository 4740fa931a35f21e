"""firewalld: a policy of ours that is asked before every zone, in a file of its own.

firewalld.policy(5): a policy with a priority below 0 comes before the zones; ANY to HOST is whatever comes to this
machine. What answers something, and loopback, firewalld lets in before any policy. What a zone of virtual machines or
of a shared connection needs is let in by a second policy before ours, since a policy knows zones and no cards.
"""

from __future__ import annotations

import re

from ..engine.edits import ChangeRefused
from ..engine.host import Host
from ..engine.overlay_host import OverlayHost
from .firewalld import FOLDERS, zones
from .restart import shell_variables
from .rules import DROP, REJECT
from .words import IPP, MDNS, MDNS_GROUPS, NEAR, Opening, Rules, joined, networks, openings, services, split, version

POLICIES = f"{FOLDERS[0]}/policies"
POLICY, GUESTS = f"{POLICIES}/leeboard.xml", f"{POLICIES}/leeboard-guests.xml"
PROGRAM = ("/usr/bin/firewall-cmd", "/bin/firewall-cmd")
# The zones into which libvirt and NetworkManager put such cards.
ZONES_OF_GUESTS = ("libvirt", "libvirt-routed", "nm-shared")
HEAD = re.compile(r"(?m)^ +(management|ports|openings|services): (.*)$")
TEXT = """\
<?xml version="1.0" encoding="utf-8"?>
<policy priority="-150" target="DROP">
  <short>Leeboard</short>
  <description>Written by Leeboard (REM-12). What it lets in is set in the inventory:
    management: {management}
    ports: {ports}
    openings: {openings}
    services: {services}
  </description>
  <ingress-zone name="ANY"/>
  <egress-zone name="HOST"/>
  <protocol value="icmp"/>
  <protocol value="ipv6-icmp"/>
  <protocol value="igmp"/>
{rules}</policy>
"""
GUESTS_TEXT = """\
<?xml version="1.0" encoding="utf-8"?>
<policy priority="-160" target="CONTINUE">
  <short>Leeboard, guests</short>
  <description>Written by Leeboard (REM-12): guests of this machine get addresses and names from it.</description>
{zones}  <egress-zone name="HOST"/>
  <port port="53" protocol="tcp"/>
  <port port="53" protocol="udp"/>
  <port port="67" protocol="udp"/>
  <port port="547" protocol="udp"/>
</policy>
"""


def text(rules: Rules) -> str:
    """The file of our policy."""
    allowed = [_rule("fe80::/10", "udp", "546")]
    allowed += [_rule(network, "tcp", str(port)) for network in rules.management for port in rules.ports]
    for one in rules.openings:
        allowed.append(_rule(one.source, one.protocol, _ports(one)))
    if "mdns" in rules.services:
        allowed += [_rule("", "udp", str(MDNS), group) for group in MDNS_GROUPS]
    if "printing" in rules.services:
        allowed += [_rule(near, protocol, str(IPP)) for near in NEAR for protocol in ("tcp", "udp")]
    return TEXT.format(
        management=joined(rules.management),
        ports=joined(str(port) for port in rules.ports),
        openings=joined(one.word() for one in rules.openings),
        services=joined(rules.services),
        rules="".join(f"  {line}\n" for line in allowed),
    )


def rules_of(content: str) -> Rules | None:
    """What a policy of ours lets in; None where its file is not as Leeboard writes it."""
    said = dict(HEAD.findall(content))
    try:
        rules = Rules(
            networks(said["management"]),
            tuple(sorted(int(port) for port in split(said["ports"]))),
            openings(said["openings"]),
            services(said["services"]),
        )
        return rules if text(rules) == content else None
    except (ChangeRefused, KeyError, ValueError):
        return None


def _ports(one: Opening) -> str:
    return str(one.first) if one.first == one.last else f"{one.first}-{one.last}"


def _rule(source: str, protocol: str, ports: str, destination: str = "") -> str:
    """A port as it is, or a rich rule for one that is open to some only."""
    port = f'<port port="{ports}" protocol="{protocol}"/>'
    if not (source or destination):
        return port
    family = f"ipv{version(source or destination)}"
    where = f'<source address="{source}"/>' if source else f'<destination address="{destination}"/>'
    return f'<rule family="{family}">{where}{port}<accept/></rule>'


def plan(host: Host, overlay: OverlayHost, rules: Rules) -> None:
    """Put our policies into `overlay`. Raises ChangeRefused, HostError."""
    checked = host.query(["firewall-cmd", "--check-config"])
    if checked.rc != 0:
        raise ChangeRefused(f"firewalld's files do not parse: {(checked.err or checked.out).strip()[-300:]}")
    overlay.put(POLICY, text(rules), mode=0o644)
    behind = [name for name in ZONES_OF_GUESTS if any(host.exists(f"{place}/zones/{name}.xml") for place in FOLDERS)]
    if behind:
        lines = "".join(f'  <ingress-zone name="{name}"/>\n' for name in behind)
        overlay.put(GUESTS, GUESTS_TEXT.format(zones=lines), mode=0o644)
    default = shell_variables(host, "/etc/firewalld/firewalld.conf").get("DefaultZone", "public")
    for family in ("ip", "ip6"):
        outcome = zones(overlay, family, default)
        if outcome.verdict not in (DROP, REJECT):
            raise ChangeRefused(f"firewalld would still let strangers in ({outcome.why}); take that out")
