"""The device's clock: which program sets it, from whom, and whether that works.

Addresses:
    service        str, the one time service that runs and is started at boot: systemd-timesyncd, chrony, ntpsec,
                   openntpd or ntpd-rs; "chrony and openntpd" where more run or will after a start; absent where there
                   is none
    servers        list, the names of the time servers that it asks (as it is configured; what it asks now is *running*)
    synchronised   bool, whether the kernel counts the clock as right
    user           str, the account of chronyd where it is named; absent where nothing names one, or without chrony
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Reading, Readings, absent, reading, unreadable, value
from ..engine.safe_read import read_each
from ..system.systemd_unit import Service, note_if_older, properties, service
from . import servers

if TYPE_CHECKING:
    from ..engine.overlay_host import OverlayHost

NAME = "clock"
ALL = ("service", "servers", "synchronised", "user")
ADDRESSES = re.compile(rf"\A(?:{'|'.join(ALL)})\Z")
# The units of each service, in the order in which one that is installed is switched on.
SERVICES = {
    "systemd-timesyncd": ("systemd-timesyncd.service",),
    "chrony": ("chrony.service",),
    "ntpsec": ("ntpsec.service", "ntp.service"),
    "openntpd": ("openntpd.service",),
    "ntpd-rs": ("ntpd-rs.service",),
}
SERVER = re.compile(r"\A[A-Za-z0-9:](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?\Z")


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, lambda address: READERS[address](host))


def _in_service(host: Host) -> list[tuple[str, str, Service]]:
    """(name, unit, Service) of each time service that runs or starts with the machine; those that run come first.

    ntp.service may be another name of ntpsec.service: each counts once.
    """
    by_unit: dict[str, tuple[str, str, Service]] = {}
    for name, units in SERVICES.items():
        for unit in units:
            fields = properties(host, unit)
            if fields.get("LoadState", "not-found") == "not-found" and fields.get("ActiveState") != "active":
                continue
            one = service(host, unit)
            if one.counts:
                by_unit.setdefault(fields.get("Id", unit), (name, unit, one))
    return sorted(by_unit.values(), key=lambda one: not one[2].runs)


def _running(host: Host) -> list[tuple[str, str]]:
    """(name, unit) of each time service that runs."""
    return [(name, unit) for name, unit, one in _in_service(host) if one.runs]


def _service(host: Host) -> Reading:
    services = _in_service(host)
    if len(services) > 1:
        names = " and ".join(name for name, _unit, _one in services)
        places = ", ".join(f"{unit} ({one.why})" if one.why else unit for _name, unit, one in services)
        return reading(NAME, "service", value(names, places, "string"))
    if services:
        name, unit, one = services[0]
        return reading(NAME, "service", absent(one.why) if one.why else value(name, unit, "string"))
    reasons = [service(host, unit).why for unit in _installed(host)]
    return reading(NAME, "service", absent("; ".join(reasons) or "no time service is installed"))


def _installed(host: Host) -> list[str]:
    """The units of time services that are there; those that are masked come last."""
    units = [unit for units in SERVICES.values() for unit in units]
    states = {unit: properties(host, unit).get("LoadState", "not-found") for unit in units}
    present = [unit for unit in units if states[unit] != "not-found" and properties(host, unit).get("Id", unit) == unit]
    return sorted(present, key=lambda unit: states[unit] == "masked")


def _servers(host: Host) -> Reading:
    running = _running(host)
    if not running:
        return reading(NAME, "servers", absent("no time service runs"))
    if len(running) > 1:
        raise HostError("failed", f"{len(running)} time services run, so which servers count cannot be told")
    name, unit = running[0]
    configured = servers.READERS[name](host)
    effective = value(configured.configured, configured.source, "list")
    now = None if configured.running is None else value(configured.running, configured.tool, "list")
    older = note_if_older(host, unit, configured.paths, name)
    if configured.running and not older and set(configured.running) - set(configured.configured):
        # No file is newer, so this is not what it will ask soon: somebody told the daemon alone, or set a date back.
        effective["others"] = [
            {"who": f"{name} as it runs ({configured.tool})", "value": configured.running, "type": "list"}
        ]
    note = "" if now else older
    if note:
        effective["note"] = note
        now = unreadable("failed", note)
    return reading(NAME, "servers", effective, running=now)


def _synchronised(host: Host) -> Reading:
    if not host.exists("/run/systemd/system"):
        return reading(NAME, "synchronised", absent("systemd does not run"))
    done = host.query(["timedatectl", "show", "-p", "NTPSynchronized"])
    answer = done.out.strip().partition("=")[2]
    if done.rc != 0 or answer not in ("yes", "no"):
        raise HostError("failed", f"timedatectl show ended with status {done.rc}: {done.err.strip()[:200]}")
    return reading(NAME, "synchronised", value(answer == "yes", "timedatectl show, NTPSynchronized", "bool"))


def _user(host: Host) -> Reading:
    if not any(name == "chrony" for name, _unit, _one in _in_service(host)):
        return reading(NAME, "user", absent("chrony does not run, and does not start with the machine"))
    name, source = servers.chrony_user(host)
    named = name or properties(host, "chrony.service").get("User", "")
    if not named:
        return reading(NAME, "user", absent("nothing names an account, so chronyd takes the one it was built with"))
    return reading(NAME, "user", value(named, source if name else "chrony.service", "string"))


READERS = {"service": _service, "servers": _servers, "synchronised": _synchronised, "user": _user}


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Switch a time service on, and name its servers. Raises ChangeRefused where that is not ours to do."""
    from ..engine.overlay_host import OverlayHost  # a check does without

    overlay = OverlayHost(host)
    commands: list[list[str]] = []
    for change in changes:
        address, wanted = change["address"], change["value"]
        if not ADDRESSES.match(address):
            raise ChangeRefused(f"{address!r} is no address of the driver {NAME}")
        if address == "service":
            commands += _switch_on(host)
        elif address == "servers":
            commands += [command for command in _name_servers(host, overlay, wanted) if command not in commands]
        else:
            raise ChangeRefused(f"{address} is only reported")
    return overlay.result(commands)


def _switch_on(host: Host) -> list[list[str]]:
    services = _in_service(host)
    if len(services) > 1:
        names = " and ".join(name for name, _unit, _one in services)
        raise ChangeRefused(
            f"{names} both set the clock, now or after the next start; stop and disable one of them, and repeat the "
            "roll-out"
        )
    if services and services[0][2].runs:
        return [["systemctl", "enable", services[0][1]]] if services[0][2].why else []
    installed = [services[0][1]] if services else _installed(host)
    if not installed:
        raise ChangeRefused("no time service is installed; install systemd-timesyncd or chrony")
    return [["systemctl", "unmask", installed[0]], ["systemctl", "enable", "--now", installed[0]]]


def _name_servers(host: Host, overlay: OverlayHost, wanted: Any) -> list[list[str]]:
    names = wanted.split() if isinstance(wanted, str) else list(wanted) if isinstance(wanted, list) else []
    if not names or not all(isinstance(name, str) and SERVER.match(name) for name in names):
        raise ChangeRefused("the wanted time servers must be names or addresses with blanks between them")
    running = _running(host)
    if running and running[0][0] != "systemd-timesyncd":
        raise ChangeRefused(
            f"the servers of {running[0][0]} are somebody's own choice; name these in its configuration by hand: "
            f"{' '.join(names)}"
        )
    commands = _use_only(host, overlay, names)
    for server in servers.from_the_network(host) if running else []:
        if server not in names:
            raise ChangeRefused(
                f"the network gives {server} as a time server; name it in leeboard_time_servers, or take it out of "
                "the school's DHCP"
            )
    return commands


def _use_only(host: Host, overlay: OverlayHost, names: list[str]) -> list[list[str]]:
    """A drop-in for timesyncd whose list begins anew: assignments of several files would add up."""
    path = servers.OURS
    text = "# Written by Leeboard (FWD-05): an empty line first, since the lists of several files add up\n"
    overlay.put(path, f"{text}[Time]\nNTP=\nNTP={' '.join(names)}\n", mode=0o644)
    after = servers.timesyncd_files(overlay)
    if after.system != names:
        raise ChangeRefused(f"{after.source} is read after {path} and names other servers; take it out there")
    unit = SERVICES["systemd-timesyncd"][0]
    if properties(host, unit).get("ActiveState") != "active":
        return []
    stale = servers.timesyncd(host).running != names
    return [["systemctl", "restart", unit]] if stale or overlay.changes_something() else []
