"""The school's own tunnel of WireGuard as its file has it, and as the kernel has it.

Whether the gateway answers tonight is no part of it: that is not the device's drift. A change asks it (key.py).
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from ...engine.host import Host, HostError
from ...engine.reading import Reading, reading, value
from ...system.units_enabled import enabled
from ..files import OWN_CONF
from ..ikev2.words import EVERYTHING
from .conf import CONF, INTERFACE, KEY_FILE, MARK, TABLE, UNIT, rules, written
from .words import KEY, Peer, text

ADDRESS, NONE = "tunnel", "none"
LONGEST = 300


def read(host: Host, driver: str) -> Reading:
    """The reading of `tunnel` where our file of wg-quick is there. Raises HostError."""
    peer, changed = written(host)
    words = [f"changed:{one}" for one in changed]
    # Both at once is no state that anybody wrote: neither may pass for the whole.
    words += [f"left:{OWN_CONF}"] if host.exists(OWN_CONF) else []
    words += [text(peer)] if peer else []
    now = value(" ".join(words), CONF, "string")
    waiting = not_running(host, peer) if peer else f"{CONF} says no tunnel that Leeboard wrote"
    return reading(driver, ADDRESS, now, running=value(NONE, waiting[:LONGEST], "string") if waiting else now)


def not_running(host: Host, peer: Peer) -> str:
    """Why the kernel does not have the tunnel of the file, or will not after a start, as a sentence; empty where it
    does. Raises HostError."""
    if not host.exists(KEY_FILE):
        return f"the device has no key for it ({KEY_FILE})"
    if not enabled(host, UNIT):
        return f"{UNIT} does not start with the machine"
    if not host.exists(f"/sys/class/net/{INTERFACE}"):
        return f"the kernel has no interface {INTERFACE}; systemctl status {UNIT} says why"
    allowed = [line.split() for line in _told(host, ["wg", "show", INTERFACE, "allowed-ips"]).splitlines()]
    if not all(words and KEY.match(words[0]) for words in allowed):
        raise HostError("malformed", f"what wg show {INTERFACE} prints makes no sense")
    if [words[0] for words in allowed] != [peer.key]:
        return f"the interface {INTERFACE} has other peers than the school's gateway"
    if sorted(allowed[0][1:]) != sorted(peer.to):
        return f"the interface {INTERFACE} takes {', '.join(allowed[0][1:])[:100] or 'nothing'} from and to the gateway"
    return _past_it(host, peer) or _rules(host, peer)


def _past_it(host: Host, peer: Peer) -> str:
    """Which networks the kernel leads past the tunnel, as a sentence."""
    for flag, is_six in (("-4", False), ("-6", True)):
        wanted = {one for one in peer.to if (":" in one) is is_six}
        if not wanted:
            continue
        routes = _json(host, ["ip", "-j", flag, "route", "show", "table", "all", "dev", INTERFACE])
        there = {_network(str(route.get("dst", "")), is_six) for route in routes}
        if missing := sorted(wanted - there):
            return f"no route of the kernel leads {', '.join(missing[:5])} into {INTERFACE}: it goes past the tunnel"
        if peer.everything and not any(
            str(rule.get("table", "")) == str(MARK) for rule in _json(host, ["ip", "-j", flag, "rule", "show"])
        ):
            family = "IPv6" if is_six else "IPv4"
            return f"no rule of the kernel leads {family} to wg-quick's routes (table {MARK}): it goes past the tunnel"
    return ""


def _rules(host: Host, peer: Peer) -> str:
    if not peer.everything:
        return ""
    argv = ["nft", "-j", "list", "table", *TABLE.split()]
    if "No such file or directory" in host.query(argv).err:
        return f"the kernel has no rules that keep all else in the tunnel, names with it (table {TABLE})"
    from .. import nft_table  # a tunnel to some networks has no rules

    as_written = nft_table.says(host, TABLE, rules(peer), _told(host, argv))
    return "" if as_written else f"the kernel's table {TABLE} is not as {CONF} says"


def _network(text: str, is_six: bool) -> str:
    """A route's end as our words have a network; the text itself where it is none."""
    if text == "default":
        return EVERYTHING[is_six]
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        return text


def _told(host: Host, argv: list[str]) -> str:
    done = host.query(argv)
    if done.rc != 0:
        code = "failed" if host.is_root else "needs_root"
        raise HostError(code, f"{' '.join(argv)} ended with status {done.rc}: {done.err.strip()[:200]}")
    return done.out


def _json(host: Host, argv: list[str]) -> list[dict[str, Any]]:
    try:
        found = json.loads(_told(host, argv) or "[]")
    except ValueError:
        raise HostError("malformed", f"what {' '.join(argv[:4])} prints makes no sense") from None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
