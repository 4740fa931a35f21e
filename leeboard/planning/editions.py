"""What the edition of Windows on a device cannot have, in words for a preview.

Pure. The edition is a fact (`edition`); where it could not be read, or is none that is named here, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from leeboard.model.observation import Found, Observation
from leeboard.planning.plan import Step

EDITION, PROTECTED = "edition", "bitlocker_os_volume"
NAMES = {
    "home": "Windows Home",
    "pro": "Windows Pro",
    "education": "Windows Education",
    "enterprise": "Windows Enterprise",
}
# Microsoft, "Remote Desktop client - supported configuration" (windowsserverdocs, remote-desktop-supported-config.md):
# no client connects to an edition Home. It can still be helped by Remote Assistance.
NO_REMOTE_DESKTOP = "Windows Home lets nobody in by Remote Desktop, so nothing heeds what is set for it"
# Microsoft, "Windows edition and licensing requirements" of BitLocker enablement (windows-itpro-docs,
# includes/licensing/bitlocker-enablement.md): Pro, Enterprise, Pro Education, SE and Education.
NO_BITLOCKER = (
    "Windows Home has no BitLocker that could be managed, only device encryption, which it switches on itself for "
    "whoever signs in with a Microsoft account: give the device another edition, or have a named person accept that "
    "until a given day (a waiver of ENC-01)"
)
NO_POLICY = "Windows Home has no BitLocker that could be managed, so nothing heeds its policy"
_FVE = r"HKLM\\(SOFTWARE\\Policies|SYSTEM\\CurrentControlSet\\Policies)\\Microsoft\\FVE:.*"


@dataclass(frozen=True)
class Lack:
    """What one edition lacks of what steps of a driver set: its address is a regular expression for the whole one."""

    edition: str
    driver: str
    address: str
    words: str


LACKS = (
    Lack("home", "remote_desktop", "(?!fAllow).*", NO_REMOTE_DESKTOP),
    Lack("home", "bitlocker_policy", ".*", NO_POLICY),
    Lack("home", "registry", _FVE, NO_POLICY),
)
# Microsoft, device tunnels of Always On VPN (WindowsServerDocs, vpn-device-tunnel-config.md): members of a domain with
# Windows Enterprise or Education alone.
_TUNNEL = "; a device tunnel, which does, takes"
HAS_TUNNELS = ("education", "enterprise")
IN_NO_DOMAIN = f"{_TUNNEL} a member of a domain, and this device is in none"
NOT_THIS_EDITION = f"{_TUNNEL} Windows Enterprise or Education, and this is "
MAKES_NONE = f"{_TUNNEL} Windows Enterprise or Education, and Leeboard makes none"
WITHIN_REACH = (
    "; a device tunnel, which does, is within this device's reach, but Leeboard makes none: one that Intune or "
    "Configuration Manager makes is left alone"
)


def edition_of(observation: Observation) -> str:
    """The edition that a device says it is (home, pro, ...); empty where that could not be read."""
    fact = observation.facts.get(EDITION)
    return str(fact.value) if isinstance(fact, Found) else ""


def lacking(observation: Observation, steps: Iterable[Step]) -> tuple[str, ...]:
    """What a device's edition cannot have of what the steps set, each in words and once."""
    edition = edition_of(observation)
    addresses = [(step.driver, change.address) for step in steps for change in step.changes]
    found = [
        one.words
        for one in LACKS
        if one.edition == edition
        and any(driver == one.driver and re.fullmatch(one.address, address) for driver, address in addresses)
    ]
    return tuple(dict.fromkeys(found))


def no_bitlocker(observation: Observation) -> str:
    """Why BitLocker cannot be switched on on the device's edition; empty where it can, where it is on (device
    encryption has recovery passwords, too), and where nobody knows the edition."""
    fact = observation.facts.get(PROTECTED)
    is_on = isinstance(fact, Found) and fact.value is True
    return NO_BITLOCKER if edition_of(observation) == "home" and not is_on else ""


def device_tunnel(observation: Observation) -> str:
    """What a device can have beside a profile that people dial, by what it is; empty where that could not be read."""
    edition, domain = edition_of(observation), observation.facts.get("domain")
    if domain is not None and domain.state == "absent":
        return IN_NO_DOMAIN
    if edition in NAMES and edition not in HAS_TUNNELS:
        return NOT_THIS_EDITION + NAMES[edition]
    if domain is None or domain.state != "value":
        return ""
    return WITHIN_REACH if edition in HAS_TUNNELS else MAKES_NONE
