"""This device's key of WireGuard, and whether the school's gateway knows it already. make.py makes the key.

wg reads the key from a file that is root's alone. Whether the gateway has the public half is asked by an interface of
its own that leads nowhere: the two ends shake hands, or they do not, and no route of the device is touched.
"""

from __future__ import annotations

import os
import stat
import time

from ...engine.edits import ChangeRefused
from ...engine.host import Host, HostError
from ...engine.safe_read import first_of
from ..files import OWN_CONF, OWN_WIREGUARD_KEY
from .conf import INTERFACE, MARK
from .words import KEY, Peer

WG, QUICK = ("/usr/bin/wg",), ("/usr/bin/wg-quick",)
NOT_INSTALLED = "wireguard-tools is not installed; the role remote_access does that"
TRIAL = "leeboard-try"
PUBLIC = 'wg pubkey < "$1"'
FRESH = 180  # seconds after which WireGuard itself takes a session for dead (its whitepaper, 6.1: Reject-After-Time)
PATIENCE = 12.0  # seconds for a handshake; one that is lost is tried again after 5


def installed(host: Host) -> bool:
    """Whether what carries a tunnel of WireGuard is there. Raises HostError."""
    return bool(first_of(host, WG) and first_of(host, QUICK))


def in_the_way(host: Host) -> str:
    """Why there can be no tunnel of WireGuard of ours, empty where at most the packages are missing. Raises
    HostError."""
    if host.exists(OWN_CONF):
        return (
            "the device has the school's tunnel by IKEv2; take it away first (vpn.devices.without, docs/vpn.md), for "
            "no two may lead to the school"
        )
    return ""


def public_key(host: Host) -> str:
    """The public half of our key; empty without one, and for one that somebody else could have read.

    Raises HostError, ChangeRefused where wg makes nothing of it.
    """
    if not host.exists(OWN_WIREGUARD_KEY) or not _kept(host):
        return ""
    done = host.act(["sh", "-c", PUBLIC, "sh", host.path(OWN_WIREGUARD_KEY)])
    found = done.out.strip()
    if done.rc != 0 or not KEY.match(found):
        raise ChangeRefused(f"{OWN_WIREGUARD_KEY} holds no key; take it away, and the next roll-out makes a new one")
    return found


def answered(host: Host, peer: Peer) -> bool:
    """Whether the gateway answers this device's key: the tunnel that is up says so, or a trial that carries nothing.

    Raises ChangeRefused, HostError.
    """
    if host.exists(f"/sys/class/net/{INTERFACE}") and peer.key in _words(host, INTERFACE, "peers"):
        # A trial beside it would have the gateway send what is for the tunnel to the trial.
        return _shakes_hands(host, INTERFACE, peer.key)
    if host.exists(f"/sys/class/net/{TRIAL}"):  # left by a trial that was killed
        host.act(["ip", "link", "delete", "dev", TRIAL])
    _run(host, ["ip", "link", "add", "dev", TRIAL, "type", "wireguard"], "this kernel has no WireGuard, or it fails")
    try:
        key = host.path(OWN_WIREGUARD_KEY)
        # The mark leads it past a tunnel for everything that is up, whose gateway may be the one that is gone.
        asked = ["wg", "set", TRIAL, "fwmark", str(MARK), "private-key", key, "peer", peer.key]
        _run(host, [*asked, "endpoint", peer.endpoint, "persistent-keepalive", "5"], "wg takes no such peer")
        _run(host, ["ip", "link", "set", "dev", TRIAL, "up"], "the trial did not begin")
        return _shakes_hands(host, TRIAL, peer.key)
    finally:
        host.act(["ip", "link", "delete", "dev", TRIAL])
        host.forget()


def _shakes_hands(host: Host, interface: str, key: str) -> bool:
    end = time.monotonic() + PATIENCE
    while True:
        done = host.act(["wg", "show", interface, "latest-handshakes"])
        if done.rc != 0:
            raise HostError("failed", f"wg show {interface} ended with status {done.rc}: {done.err.strip()[:200]}")
        for line in done.out.splitlines():
            words = line.split()
            if len(words) == 2 and words[0] == key and words[1].isdigit() and time.time() - int(words[1]) < FRESH:
                return True
        if time.monotonic() > end:
            return False
        time.sleep(0.5)


def _words(host: Host, interface: str, what: str) -> list[str]:
    done = host.query(["wg", "show", interface, what])
    if done.rc != 0:
        raise HostError("failed", f"wg show {interface} {what} ended with status {done.rc}: {done.err.strip()[:200]}")
    return done.out.split()


def _run(host: Host, argv: list[str], otherwise: str) -> None:
    done = host.act(argv)
    if done.rc != 0:
        raise ChangeRefused(f"{otherwise}: {done.err.strip()[-200:]}")


def _kept(host: Host) -> bool:
    """Whether the key is a file of root's alone; of any other somebody may have a copy."""
    status = os.lstat(host.path(OWN_WIREGUARD_KEY))
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
