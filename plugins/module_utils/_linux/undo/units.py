"""Units of systemd that a run switched on or off: what they were before, and the commands that bring that back.

The journal's readings say it: `systemd: NAME is inactive (dead), masked`. A unit without which nobody reaches the
device is never switched off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..engine.host import Host, HostError
from ..engine.journal_read import Entry
from ..system.unit import ADDRESSES, ENABLED, RUNS

STATES = re.compile(r"\Asystemd: \S+ is (?P<active>[a-z-]+) \([^)]*\), (?P<file>[a-z-]+)")
# Whoever loses one of these loses the device, or the technician's way to it.
NEEDED = re.compile(
    r"\A(?:sshd?|dbus|dbus-broker|NetworkManager|networking|systemd-(?:networkd|resolved|logind|journald|udevd)|"
    r"wpa_supplicant|iwd|winbind|sssd|polkit)\.(?:service|socket)\Z"
)
RUNNING = ("active", "reloading", "activating")
STOPS = {"auditd.service": ["auditctl", "--signal", "stop"]}  # systemd refuses to stop it
# In this order: a unit is stopped before it is masked, and unmasked before it is started.
VERBS = {
    ("active", False): "stop", ("enabled", False): "disable", ("masked", True): "mask",
    ("masked", False): "unmask", ("enabled", True): "enable", ("active", True): "start",
}  # fmt: skip

# What a command leaves behind.
DONE = {
    "unmask": (("masked", False),),
    "enable": (("enabled", True),),
    "start": (("active", True),),
    "restart": (("active", True),),
    "stop": (("active", False),),
    "disable": (("enabled", False),),
    "mask": (("masked", True), ("enabled", False)),
}


class Switch:
    """One side of a unit, `kind` (enabled, active or masked): `before` the run, and as the run `left` it."""

    def __init__(self, unit: str, kind: str, before: bool, left: bool) -> None:
        self.unit = unit
        self.kind = kind
        self.before = before
        self.left = left
        self.address = f"{unit}:{kind}"

    def command(self) -> list[str]:
        """What brings back the state before."""
        verb = VERBS[self.kind, self.before]
        return STOPS[self.unit] if verb == "stop" and self.unit in STOPS else ["systemctl", verb, self.unit]

    def refused(self) -> str:
        """Why this is not put back, or an empty text."""
        if NEEDED.match(self.unit) and (self.kind == "masked") == self.before:
            return f"without {self.unit} the device could be cut off, so it stays switched on"
        return ""


def switches(entries: list[Entry]) -> tuple[list[Switch], list[str]]:
    """(switches, addresses whose state before is not known) of a run; what the oldest line says was before counts."""
    by_side: dict[tuple[str, str], Switch] = {}
    unknown: list[str] = []
    for entry in entries:
        if entry.units:
            requests = _by_commands(entry, unknown)
        elif entry.driver == "unit":
            requests = _by_readings(entry, unknown)
        else:
            continue
        for unit, side, before, left in requests:
            if before != left:
                by_side.setdefault((unit, side), Switch(unit, side, before, left))
    order = list(VERBS)
    return sorted(by_side.values(), key=lambda one: (order.index((one.kind, one.before)), one.unit)), unknown


def _by_commands(entry: Entry, unknown: list[str]) -> Iterator[tuple[str, str, bool, bool]]:
    """(unit, side, before, left) of what the commands of a line switched on or off."""
    for argv in entry.commands:
        done = DONE.get(argv[1], ()) if argv[0] == "systemctl" else ()
        state = entry.units.get(argv[-1], [])
        if done and not (isinstance(state, list) and len(state) == 2 and all(isinstance(one, str) for one in state)):
            unknown.append(argv[-1])
            continue
        for side, left in (*done, *((("active", True),) if "--now" in argv else ())):
            yield argv[-1], side, sides(*state)[side], left


def _by_readings(entry: Entry, unknown: list[str]) -> Iterator[tuple[str, str, bool, bool]]:
    """(unit, side, before, left) of what a line asked for, by what the driver had read before."""
    for change in entry.changes:
        address = change.get("address")
        if not isinstance(address, str) or not ADDRESSES.match(address):
            continue
        unit, _colon, kind = address.rpartition(":")
        match = STATES.match(_source(entry.before.get(address)))
        if not match:
            unknown.append(address)
            continue
        state = sides(match["active"], match["file"])
        wanted = bool(change.get("value"))
        kind, wanted = ("active", True) if kind == "failed" else (kind, wanted)
        yield unit, kind, state[kind], wanted
        if wanted and kind != "masked":
            yield unit, "masked", state["masked"], False  # what is switched on is unmasked first


def sides(active: str, file: str) -> dict[str, bool]:
    """What a unit's two states come to."""
    return {"active": active in RUNNING, "enabled": file in ENABLED, "masked": file.startswith("masked")}


def now(host: Host, unit: str) -> dict[str, bool] | None:
    """The sides of a unit at this moment, None where there is none. Raises HostError."""
    if not host.exists(RUNS):
        return None
    done = host.query(["systemctl", "show", "-p", "LoadState", "-p", "ActiveState", "-p", "UnitFileState", "--", unit])
    fields = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
    if done.rc != 0 or "LoadState" not in fields:
        raise HostError("failed", f"systemctl show {unit} ended with status {done.rc}: {done.err.strip()[:200]}")
    if fields["LoadState"] == "not-found":
        return None
    return sides(fields.get("ActiveState", ""), fields.get("UnitFileState", ""))


def _source(reading: Any) -> str:
    aspect = reading.get("effective") if isinstance(reading, dict) else None
    source = aspect.get("source") if isinstance(aspect, dict) else None
    return source if isinstance(source, str) else ""
