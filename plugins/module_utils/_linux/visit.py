"""One visit: everything that is asked of a machine, in one process, as one observation.

    {"schema": 1, "platform": "linux", "observed_at": "2026-11-25T02:00:00Z", "identity": {...}, "facts": {...},
     "readings": [reading, ...] by driver and address,
     "challenge": what the visit was asked to echo; not there where nothing was,
     "cost": {"children": n, "seconds": s, "cpu_seconds": own and the children's}}

Drivers are imported by name: Ansible packs only what it sees imported. What only a change needs, or a machine with
Plasma, LUKS or IPsec, is imported within the function that needs it: Ansible sees that too, and a device compiles what
is imported afresh each night.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from typing import Any

from . import facts
from .audit import rules as audit_rules
from .banner import driver as banner
from .clock import driver as clock
from .dconf import driver as dconf
from .dropin import driver as dropin
from .engine.host import Host
from .engine.reading import Reading, reading, unreadable
from .engine.safe_read import NOT_INSTALLED
from .faillock import driver as faillock
from .firewall import driver as firewall
from .kconfig import driver as kconfig
from .logging import forwarding as log_forwarding
from .luks import key_files
from .luks import volume as luks_volume
from .open_sign_in import driver as open_sign_in
from .programs.check import ProgramCheck
from .removable_media import driver as removable_media
from .simple import (
    accounts,
    device_label,
    file_mode,
    hardware,
    listening,
    package,
    remmina,
    shell_timeout,
    xrdp,
)
from .sshd import driver as sshd
from .system import identity, kernel, unit
from .vpn import driver as vpn
from .vpn.profiles import driver as vpn_profiles
from .vpn.secrets import driver as vpn_secrets

DRIVERS = {
    driver.NAME: driver
    for driver in (
        accounts,
        audit_rules,
        banner,
        clock,
        dconf,
        device_label,
        dropin,
        faillock,
        file_mode,
        firewall,
        hardware,
        kconfig,
        kernel,
        key_files,
        listening,
        log_forwarding,
        luks_volume,
        open_sign_in,
        package,
        remmina,
        removable_media,
        shell_timeout,
        sshd,
        unit,
        vpn,
        vpn_profiles,
        vpn_secrets,
        xrdp,
    )
}
LONGEST = 4096  # characters of any text but a value, which `reading.value` bounds itself
ASPECTS = ("configured", "effective", "running")


def visit(
    host: Host, addresses: dict[str, list[str]], unpackaged: Sequence[str] = (), challenge: str = ""
) -> dict[str, Any]:
    """The observation of `host` for `addresses` ({driver: [address, ...]}), with the challenge echoed.

    `unpackaged`: paths of programs and libraries that the school says belong to no package. Nothing is raised for a
    bad machine.
    """
    started, used = time.monotonic(), _cpu()
    observed_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    host.check = ProgramCheck(host, unpackaged)
    doubt = host.check.everywhere()
    known = facts.observe(host)
    readings: list[Reading] = []
    for name in sorted(addresses):
        wanted = sorted(set(addresses[name]))
        if doubt:
            # It is loaded into this very process too.
            readings += [_failed(name, address, doubt.code, doubt.why) for address in wanted]
        else:
            readings += _ask(host, name, wanted)
    if known["package_upgrade"].get("value") is True:
        readings = [_busy(reading) for reading in readings]
    observation: dict[str, Any] = {
        "schema": 1,
        "platform": "linux",
        "observed_at": observed_at,
        "identity": identity.observe(host),
        "facts": known,
        "readings": readings,
    }
    observation = _text_only(observation)
    if challenge:
        observation["challenge"] = challenge
    observation["cost"] = {
        "children": host.children,
        "seconds": round(time.monotonic() - started, 3),
        "cpu_seconds": round(_cpu() - used, 3),
    }
    return observation


def _cpu() -> float:
    """Seconds of processor time of this process and of the children it has waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def _ask(host: Host, name: str, wanted: list[str]) -> list[Reading]:
    """The readings of one driver, one for each address, whatever the driver does."""
    driver = DRIVERS.get(name)
    if driver is None:
        return [
            _failed(name, address, "driver_failed", f"this collection has no driver {name!r}") for address in wanted
        ]
    readings = {
        address: _failed(name, address, "malformed", f"{address!r} is no address of the driver {name}")
        for address in wanted
        if not driver.ADDRESSES.match(address)
    }
    unread = [address for address in wanted if address not in readings]
    try:
        answers = driver.observe(host, unread) if unread else {}
    except Exception as problem:  # a broken driver must not cost the readings of the others
        why = f"{type(problem).__name__}: {problem}"
        answers = {address: _failed(name, address, "driver_failed", why) for address in unread}
    for address in unread:
        readings[address] = answers.get(address) or _failed(
            name, address, "driver_failed", "the driver gave no reading"
        )
    return [readings[address] for address in wanted]


def _failed(name: str, address: str, code: str, why: str) -> Reading:
    return reading(name, address, unreadable(code, why))


def _busy(reading: Reading) -> Reading:
    """While packages are replaced, a missing program or another one says nothing about the machine."""
    aspects = {aspect: reading[aspect] for aspect in ASPECTS if aspect in reading}
    missing = [
        aspect
        for aspect in aspects.values()
        if aspect.get("code") in ("missing_tool", "exchanged") or aspect["source"].endswith(NOT_INSTALLED)
    ]
    if not missing:
        return reading
    why = missing[0].get("why") or missing[0]["source"]
    return _failed(reading["driver"], reading["address"], "busy", f"packages are being upgraded: {why}")


def _text_only(value: Any) -> Any:
    """Plain data with text that any JSON reader takes: file names may hold bytes that are no text."""
    if isinstance(value, str):
        return value[: 2 * LONGEST].encode("utf-8", "backslashreplace").decode()[: 2 * LONGEST]
    if isinstance(value, list):
        return [_text_only(part) for part in value]
    if isinstance(value, dict):
        return {key: _text_only(part) for key, part in value.items()}
    return value
