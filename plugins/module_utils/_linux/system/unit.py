"""Units of systemd: are they started at boot, do they run, have they failed, are they masked.

Addresses `UNIT:enabled`, `UNIT:active`, `UNIT:failed`, `UNIT:masked` (bool; absent where systemd knows no such unit):

    enabled   started at the next boot by itself; a unit that is enabled until the next boot only is not, nor one that
              a condition in a drop-in keeps from it
    active    running, or listened for by the socket of the same name
    failed    its last start failed, or it ended by itself with an error
    masked    it cannot be started at all

Where systemd does not run (a container) it starts nothing: enabled and active are false.

A change switches a unit on: enabled and active to true, failed and masked to false. Nothing is switched off from here.
"""

from __future__ import annotations

import re
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Reading, Readings, reading, value
from ..engine.safe_read import not_installed, read_each
from .unit_conditions import unmet_condition

NAME = "unit"
ADDRESSES = re.compile(
    r"\A[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,80}\.(?:service|socket|timer|path|target):(?:enabled|active|failed|masked)\Z"
)
PROPERTIES = ("Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "TriggeredBy")
RUNS = "/run/systemd/system"
NOTHING_RUNS = "systemd does not run on this machine"
ENABLED = ("enabled", "alias", "generated")
WANTED = {"enabled": True, "active": True, "failed": False, "masked": False}
# What is done for each, in this order: a masked unit cannot be enabled, nor started.
COMMANDS = {"masked": "unmask", "enabled": "enable", "failed": "start", "active": "start"}


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    names = _units(addresses)
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host, names))


def _units(addresses: list[str]) -> list[str]:
    """The units that the addresses are about, and the sockets that could start them."""
    units = {address.rpartition(":")[0] for address in addresses if ADDRESSES.match(address)}
    return sorted(units | {f"{unit[:-8]}.socket" for unit in units if unit.endswith(".service")})


def _shown(host: Host, names: list[str]) -> dict[str, dict[str, str]]:
    """{unit: properties}; one question to the service manager answers for all. Raises HostError."""
    done = host.query(["systemctl", "show", *[word for name in PROPERTIES for word in ("-p", name)], "--", *names])
    blocks = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in done.out.strip("\n").split("\n\n")
    ]
    if done.rc != 0 or len(blocks) != len(names) or any("LoadState" not in block for block in blocks):
        raise HostError("failed", f"systemctl show ended with status {done.rc}: {done.err.strip()[:200]}")
    return {unit: blocks[at] for at, unit in enumerate(names)}  # in the order of the question


def _read(host: Host, names: list[str], address: str) -> Reading:
    return reading(NAME, address, _aspect(host, names, address))


def _aspect(host: Host, names: list[str], address: str) -> Aspect:
    unit, _dummy, kind = address.rpartition(":")
    if not host.exists(RUNS):
        return value(False, NOTHING_RUNS, "bool")
    units = _shown(host, names)
    fields = units[unit]
    loaded, active, file = (fields.get(name, "") for name in ("LoadState", "ActiveState", "UnitFileState"))
    if loaded == "not-found":
        return not_installed(unit)
    if loaded not in ("loaded", "masked"):
        raise HostError("malformed", f"systemd cannot read {unit}: {loaded}; systemctl status {unit} says why")
    where = f"systemd: {unit} is {active} ({fields.get('SubState', '')}), {file or 'without a state'}"
    if kind == "masked":
        return value(loaded == "masked" or file.startswith("masked"), where, "bool")
    if kind == "enabled":
        reason = unmet_condition(host, unit) if file in ENABLED else ""
        return value(file in ENABLED and not reason, f"{where}; {reason}" if reason else where, "bool")
    if kind == "failed":
        return value(active == "failed", where, "bool")
    socket = f"{unit[:-8]}.socket" if unit.endswith(".service") else ""
    listening = units.get(socket, {}).get("ActiveState") == "active" and socket in fields.get("TriggeredBy", "").split()
    if active not in ("active", "reloading") and listening:
        where += f"; {socket} starts it when it is needed"
    return value(listening or active in ("active", "reloading"), where, "bool")


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The commands that switch units on. Raises ChangeRefused for anything else."""
    steps: set[tuple[str, str]] = set()
    names = _units([change["address"] for change in changes])
    for change in changes:
        address, wanted = change["address"], change["value"]
        if not ADDRESSES.match(address):
            raise ChangeRefused(f"{address!r} is no address of the driver {NAME}")
        unit, _dummy, kind = address.rpartition(":")
        if wanted is not WANTED[kind]:
            raise ChangeRefused(f"{address}: units are switched on from here and never off, so not {wanted!r}")
        if not host.exists(RUNS):
            raise ChangeRefused(f"{NOTHING_RUNS}, so {unit} cannot be switched on")
        aspect = _aspect(host, names, address)
        if aspect["state"] == "absent":
            raise ChangeRefused(f"{unit} is not installed, so it cannot be switched on; install its package first")
        if aspect["value"] is wanted:
            continue
        if kind == "enabled" and unmet_condition(host, unit):
            raise ChangeRefused(
                f"{unit}: {unmet_condition(host, unit)}; take it out there, and run systemctl daemon-reload"
            )
        if _aspect(host, names, f"{unit}:masked")["value"]:
            steps.add(("unmask", unit))
        steps.add((COMMANDS[kind], unit))
    order = list(dict.fromkeys(COMMANDS.values()))
    steps_in_order = sorted(steps, key=lambda step: (order.index(step[0]), step[1]))
    return DryRun(commands=[["systemctl", verb, unit] for verb, unit in steps_in_order])
