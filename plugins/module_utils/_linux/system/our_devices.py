"""The network devices by which the connection goes that we came by: what carries them must not be taken away."""

from __future__ import annotations

import json
from typing import Any

from ..engine.host import Host, HostError
from .came_by import came_by


def ours(host: Host) -> frozenset[str]:
    """The device that has the address that we came to, and the one by which answers leave; empty where nobody came.

    Raises HostError.
    """
    came = came_by(host)
    if came is None:
        return frozenset()
    own, client = (address.partition("%")[0] for address in (came.own_address, came.address))
    have = {
        one.get("ifname", "")
        for one in _asked(host, ["ip", "-j", "addr", "show"])
        if own in [entry.get("local") for entry in one.get("addr_info", [])]
    }
    leave = {one.get("dev", "") for one in _asked(host, ["ip", "-j", "route", "get", client, "from", own])}
    return frozenset(have | leave) - {""}


def _asked(host: Host, argv: list[str]) -> list[dict[str, Any]]:
    done = host.query(argv)
    if done.rc != 0:
        raise HostError("failed", f"{' '.join(argv[:3])} ended with status {done.rc}: {done.err.strip()[:200]}")
    try:
        found = json.loads(done.out or "[]")
    except ValueError:
        raise HostError("malformed", f"{' '.join(argv[:3])} printed no JSON") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise HostError("malformed", f"{' '.join(argv[:3])} printed other JSON than a list of objects")
    return found
