"""Writing the school's own tunnel of WireGuard, taking it away, and what brings it back under a checkpoint.

The key is not made here: it has to be known at the gateway before any route leads there (key.py). Nothing of
it is in the journal.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from ...engine.cover import Command, Cover, Proof
from ...engine.edits import ChangeRefused, DryRun, Edit, FileEdit, SecretRemoval
from ...engine.host import Host
from ...engine.overlay_host import OverlayHost
from ...engine.reading import Readings
from ...engine.safe_read import first_of, text_or_nothing
from ...system.came_by import came_by
from ...system.units_enabled import enabled
from ..files import has_ipsec
from ..ikev2.conf import LOAD_NETWORKD, NETWORKD, NETWORKD_TEXT
from . import key as wireguard_key
from .conf import CONF, INTERFACE, KEY_FILE, LOAD, UNIT, conf, written
from .state import ADDRESS, not_running
from .words import Peer, parse, text

MODE = 0o600
NFT = ("/usr/sbin/nft", "/sbin/nft")
LONGEST = 150  # seconds, on an emulated machine: the interface goes and comes, and the gateway is waited for
# Whoever cannot reach the gateway has no tunnel, and with everything in it no network.
WAIT_TEXT = """for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(wg show %s latest-handshakes | awk '$2 > 0' | wc -l)" = 0 ] || exit 0
    sleep 1
done
echo 'the gateway does not answer the key of this device' >&2
exit 1"""
WAIT = ["sh", "-c", WAIT_TEXT % INTERFACE]
THERE = ("test", "-e", f"/sys/class/net/{INTERFACE}")
GONE = ("sh", "-c", f"! [ -e /sys/class/net/{INTERFACE} ]")


def plan(host: Host, wanted: str) -> DryRun:
    """The file and commands of the tunnel. Raises ChangeRefused, HostError."""
    peer = parse(wanted)
    _refuse(host, peer)
    overlay = OverlayHost(host)
    overlay.put(CONF, conf(peer), mode=MODE, owner=(0, 0))
    overlay.put(NETWORKD, NETWORKD_TEXT, mode=0o644, owner=(0, 0))
    expected = text(peer)
    if not overlay.changes_something() and not not_running(host, peer):
        return overlay.result()
    # networkd takes wg-quick's rules away when it starts, unless it was told otherwise before.
    told = [] if text_or_nothing(host, NETWORKD) == NETWORKD_TEXT else [[*LOAD_NETWORKD]]
    starts = [] if enabled(host, UNIT) else [["systemctl", "enable", UNIT]]
    return overlay.result([*told, *starts, [*LOAD], WAIT], lambda after: _not_there(after, expected))


def _refuse(host: Host, peer: Peer) -> None:
    problem = wireguard_key.in_the_way(host)
    if problem:
        raise ChangeRefused(problem)
    if not wireguard_key.installed(host):
        raise ChangeRefused(wireguard_key.NOT_INSTALLED)
    if peer.everything and not first_of(host, NFT):
        raise ChangeRefused("nftables is not installed, which sends names through the tunnel; remote_access does that")
    if not wireguard_key.public_key(host):
        raise ChangeRefused(
            f"{KEY_FILE} is not there, or others could have read it; the key comes first, and then the tunnel"
        )
    if host.exists(f"/sys/class/net/{INTERFACE}") and written(host) == (None, []):
        raise ChangeRefused(f"there is an interface {INTERFACE} that Leeboard did not make; look who did")


def _not_there(after: Readings, expected: str) -> str:
    """Why the change has no effect, by the reading afterwards."""
    reading: dict[str, Any] = after[ADDRESS]
    now = reading.get("running", reading["effective"])
    if now["state"] == "value" and now["value"] == expected:
        return ""
    return f"the kernel does not have the tunnel: {now.get('why') or now.get('source')}"


def left(host: Host) -> list[str]:
    """The files of ours that are there: the configuration, what networkd is told, and the key. Raises HostError.

    What networkd is told the tunnel by IKEv2 has as well, and where there may be one it is left to that.
    """
    ours = (CONF, KEY_FILE) if has_ipsec(host) else (CONF, NETWORKD, KEY_FILE)
    return [path for path in ours if host.exists(path)]


def gone(host: Host) -> tuple[list[Edit], list[list[str]]]:
    """(files that go, the commands that end what they made) where the device is to have the tunnel no more.

    Raises ChangeRefused, HostError.
    """
    files = left(host)
    if not files:
        return [], []
    by = _we_come_by_it(host)
    if by:
        raise ChangeRefused(f"we come through the tunnel that is to go ({by}); come by another way")
    for path in files:
        leads = host.link(path)
        if leads is not None:
            raise ChangeRefused(f"{path} is a symbolic link to {leads}; take it away by hand and repeat the roll-out")
    edits: list[Edit] = [FileEdit(path, host.read(path), None) for path in files if path != KEY_FILE]
    commands = [[*LOAD]] if CONF in files else []
    commands += [[*LOAD_NETWORKD]] if NETWORKD in files else []
    commands += [["systemctl", "disable", UNIT]] if enabled(host, UNIT) else []
    if KEY_FILE in files:
        edits.append(SecretRemoval(KEY_FILE, host.read(KEY_FILE), "the key of this device for the VPN"))
    return edits, commands


def _we_come_by_it(host: Host) -> str:
    """The address of ours in the tunnel to which the connection that we came by leads, empty for none."""
    came, peer = came_by(host), written(host)[0]
    if came is None or peer is None:
        return ""
    own = str(ipaddress.ip_address(came.own_address.partition("%")[0]))
    return own if own in peer.inner else ""


def cover(host: Host, with_key: bool) -> Cover:
    """All that a change of the tunnel may touch; `with_key` where it is taken away. Raises ChangeRefused, HostError."""
    files = (CONF, NETWORKD, KEY_FILE) if with_key and host.exists(KEY_FILE) else (CONF, NETWORKD)
    for path in files:
        if host.link(path) is not None:
            raise ChangeRefused(f"{path} is a symbolic link; put a regular file in its place")
    if not host.exists("/run/systemd/system"):
        raise ChangeRefused("systemd does not run on this machine, so nothing would put the VPN back")
    had = host.exists(f"/sys/class/net/{INTERFACE}")
    return Cover(
        files=files,
        units=(UNIT,),
        commands=(Command(LOAD_NETWORKD), Command(LOAD, 60)),
        proofs=(Proof(THERE if had else GONE),),
        longest=LONGEST,
    )
