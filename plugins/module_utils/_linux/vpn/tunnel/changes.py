"""Writing the school's own tunnel: our file of swanctl and our options of charon, loaded and looked at again.

Refused where another charon than charon-systemd has the tunnels, where charon would not get the certificates that the
tunnel hangs on, and where another file would still decide a key of our connection.
"""

from __future__ import annotations

import ipaddress
import time
from typing import Any

from ...engine.edits import Change, ChangeRefused, DryRun
from ...engine.host import Host, HostError
from ...engine.overlay_host import OverlayHost
from ...engine.reading import Readings
from ...engine.safe_read import text_or_nothing
from ...system.came_by import came_by
from ...system.systemd_unit import state
from ...system.units_enabled import enabled
from ..files import OWN_WIREGUARD
from ..ikev2 import again as tunnel_again
from ..ikev2 import names as tunnel_names
from ..ikev2.conf import (
    CONF,
    GLOBAL_IPV6,
    LOAD_NETWORKD,
    NAME,
    NETWORKD,
    NETWORKD_TEXT,
    OPTIONS,
    OPTIONS_TEXT,
    conf,
)
from ..ikev2.state import ADDRESS, differences, is_there, not_running, section
from ..ikev2.words import Wanted, parse, text
from ..strongswan import swanctl
from ..strongswan.stacks import NOT_INSTALLED, UNIT, in_the_way, installed
from ..wireguard import words as wireguard_words

RUNS = "/run/systemd/system"
MODE = 0o640  # it holds no secret; who is at the other end is nobody's business


def plan(host: Host, changes: list[Change]) -> DryRun:
    """The files and commands of the tunnel. Raises ChangeRefused, HostError."""
    if not changes:
        return DryRun()
    if [change["address"] for change in changes] != [ADDRESS]:
        raise ChangeRefused(
            "of VPNs only the school's own tunnel is written; profiles of others are reported: take them away by hand"
        )
    by_wireguard = wireguard_words.is_meant(changes[0]["value"])
    wanted = None if by_wireguard else parse(changes[0]["value"])
    if not host.is_root:
        raise HostError("needs_root", "only root may change the VPN")
    if not host.exists(RUNS):
        raise ChangeRefused("systemd does not run on this machine, so nothing would keep the tunnel up")
    if by_wireguard:
        from ..wireguard import changes as wireguard_changes  # few schools have it

        return wireguard_changes.plan(host, changes[0]["value"])
    if wanted is None:
        from . import gone as tunnel_gone  # a device that keeps its tunnel does without

        return tunnel_gone.plan(host)
    overlay = OverlayHost(host)
    _refuse(host, wanted)
    overlay.put(CONF, conf(wanted), mode=MODE, owner=(0, 0))
    overlay.put(OPTIONS, OPTIONS_TEXT, mode=0o644, owner=(0, 0))
    for path, its_text in {NETWORKD: NETWORKD_TEXT, **tunnel_again.TEXTS}.items():
        overlay.put(path, its_text, mode=0o644, owner=(0, 0))
    _put_names(overlay, wanted)
    _refuse_others_in_it(host, overlay, wanted)
    expected = text(wanted)
    commands = _loading(host, wanted) if overlay.changes_something() or _waits(host) else []
    return overlay.result(commands, lambda after: _not_there(after, expected))


def _put_names(overlay: OverlayHost, wanted: Wanted) -> None:
    """The rules for questions for names, and what loads them; neither where the tunnel names no server."""
    for path, text_of_it in (
        (tunnel_names.RULES, tunnel_names.rules(wanted.dns) if wanted.dns else None),
        (tunnel_names.LOADER, tunnel_names.LOADER_TEXT if wanted.dns else None),
    ):
        if text_of_it is not None:
            overlay.put(path, text_of_it, mode=0o644, owner=(0, 0))
        elif overlay.exists(path):
            overlay.remove(path)


def _waits(host: Host) -> bool:
    """Whether what is written is not what charon has: it is loaded once more."""
    return section(host) is not None and bool(not_running(host))


def _refuse(host: Host, wanted: Wanted) -> None:
    if host.exists(OWN_WIREGUARD):
        raise ChangeRefused(
            "the device has the school's tunnel by WireGuard; take it away first (vpn.devices.without, docs/vpn.md), "
            "for no two may lead to the school"
        )
    problem = in_the_way(host, False) or ("" if installed(host) else NOT_INSTALLED)
    if problem:
        raise ChangeRefused(problem)
    if wanted.dns and not tunnel_names.program(host):
        raise ChangeRefused("nftables is not installed, which sends names through the tunnel; remote_access does that")
    for digest in wanted.authorities:
        if not is_there(host, digest):
            raise ChangeRefused(
                f"the certificate of the authority {digest[:16]}... is not on the device yet, so no gateway could be "
                "recognised; the certificates come first"
            )
    from ..certificate.pair import usable  # certificates are looked at before a change only

    problem = usable(host, wanted.identity, time.time())
    if problem:
        raise ChangeRefused(f"{problem}; the certificate comes first, and then the tunnel")
    came = came_by(host)
    if came is None or not wanted.everything:
        return
    address = ipaddress.ip_address(came.own_address.partition("%")[0])
    if address in ipaddress.ip_network(GLOBAL_IPV6):
        raise ChangeRefused(
            f"we came to {address}, and with this tunnel no global address of IPv6 speaks beside it; come by IPv4 or "
            "through the tunnel"
        )


def _refuse_others_in_it(host: Host, overlay: OverlayHost, wanted: Wanted) -> None:
    """Raises ChangeRefused where another file of swanctl would still decide a key of our connection, HostError."""
    found = section(overlay)
    if found is None:
        raise ChangeRefused(f"{swanctl.CONF} does not include {CONF}; put back its line include conf.d/*.conf")
    other = differences(found, wanted)
    if other:
        raise ChangeRefused(f"our connection {NAME} would still be changed by {', '.join(other[:3])}; take that out")


def _loading(host: Host, tunnel: Wanted) -> list[list[str]]:
    """What makes charon have it.

    Options count from its start on, and one whose rule networkd took away makes it again at its start only.
    """
    commands = [[*LOAD_NETWORKD], ["systemctl", "daemon-reload"]]
    commands += [[*tunnel_names.LOAD]] if tunnel.dns or host.exists(tunnel_names.RULES) else []
    commands += [[*tunnel_again.LOAD]]
    if not state(host, UNIT)[0]:
        commands += [] if enabled(host, UNIT) else [["systemctl", "enable", UNIT]]
        return [*commands, ["systemctl", "restart", UNIT]]
    other_options = text_or_nothing(host, OPTIONS) != OPTIONS_TEXT
    if other_options or "past the tunnel" in not_running(host):
        return [*commands, ["systemctl", "restart", UNIT]]
    return [*commands, ["systemctl", "reload", UNIT]]


def _not_there(after: Readings, expected: str) -> str:
    """Why the change has no effect, by the reading afterwards."""
    reading: dict[str, Any] = after[ADDRESS]
    now = reading.get("running", reading["effective"])
    if now["state"] == "value" and now["value"] == expected:
        return ""
    return f"charon does not have the tunnel: {now.get('why') or now.get('source')}"
