"""What one visit says about one setting, in the form that crosses the wire.

A reading is a dict: `{"driver": str, "address": str, "configured": ASPECT, "effective": ASPECT, "running": ASPECT,
"fingerprint": str}`, with the aspects that the kind of setting has. *configured* is what is written down, *effective*
what a user or the kernel would get once that is loaded, *running* what the daemon has loaded now (only where it can
differ).

An ASPECT is one of

    {"state": "value", "value": V, "type": T, "source": S}         V: str, int, bool, or a list of str
    {"state": "absent", "source": S}
    {"state": "unreadable", "code": C, "why": W, "source": S}

`source` says where it was found, in words a technician can follow ("/etc/issue", "/etc/profile.d/10-x.sh, line 3").
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .host import Completed

Aspect = dict[str, Any]
Reading = dict[str, Any]
Readings = dict[str, Reading]  # by address

# Why something could not be read. needs_root: the account lacks rights and root would have them; denied: even root was
# refused; missing_tool: a command is not installed; timeout; malformed: it was read but makes no sense; busy: a package
# upgrade is under way; too_large; failed: the machine gave an error; driver_failed: our own code broke;
# exchanged: the program that was to be asked is not the one of its package.
CODES = (
    "needs_root", "denied", "missing_tool", "timeout", "malformed", "busy", "too_large", "failed", "driver_failed",
    "exchanged",
)  # fmt: skip
VALUE_LIMIT = 4096  # characters of a value that travel; a longer one travels as its beginning and its digest


class Machine(Protocol):
    """What is read: a `Host`, or an `OverlayHost` over one."""

    is_root: bool

    def read(self, name: str) -> bytes: ...
    def text(self, name: str) -> str: ...
    def exists(self, name: str) -> bool: ...
    def entries(self, name: str) -> list[str]: ...
    def link(self, name: str) -> str | None: ...
    def real(self, name: str) -> str: ...
    def stat(self, name: str) -> os.stat_result: ...
    def executable(self, name: str) -> bool: ...
    def megabytes(self, name: str) -> int: ...
    def query(self, argv: list[str]) -> Completed: ...


def value(content: Any, source: str, type: str = "") -> Aspect:
    """An aspect that was read. Text beyond VALUE_LIMIT is cut and carries `length` and `sha256` of the whole."""
    aspect = {"state": "value", "value": content, "source": source}
    if type:
        aspect["type"] = type
    if isinstance(content, str) and len(content) > VALUE_LIMIT:
        aspect["value"] = content[:VALUE_LIMIT]
        aspect["length"] = len(content)
        aspect["sha256"] = hashlib.sha256(content.encode()).hexdigest()
    return aspect


def absent(source: str) -> Aspect:
    """An aspect that was looked for and is not there."""
    return {"state": "absent", "source": source}


def unreadable(code: str, why: str, source: str = "") -> Aspect:
    """An aspect that could not be read; never the same as absent."""
    return {"state": "unreadable", "code": code, "why": why[:500], "source": source}


def reading(
    driver: str, address: str, effective: Aspect, configured: Aspect | None = None, running: Aspect | None = None
) -> Reading:
    """The reading of one address."""
    result: Reading = {"driver": driver, "address": address, "effective": effective}
    if configured is not None:
        result["configured"] = configured
    if running is not None:
        result["running"] = running
    result["fingerprint"] = fingerprint(result)
    return result


def fingerprint(observed: Reading) -> str:
    """A digest of what a reading *says* (its aspects without their sources): what a step expects to find.

    It travels with the reading, so that the controller hands back what the device itself computed.
    """
    aspects = {
        name: {key: part for key, part in observed[name].items() if key not in ("source", "why")}
        for name in ("configured", "effective", "running")
        if name in observed
    }
    return hashlib.sha256(json.dumps(aspects, sort_keys=True).encode()).hexdigest()[:16]
