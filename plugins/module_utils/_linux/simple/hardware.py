"""Hardware that encryption leans on: TPM, IOMMU, Thunderbolt. Read only; all of it is switched in the firmware.

Addresses: `tpm` (int, the version of the TPM's specification: 2, or 1; absent where there is none), `iommu` (int, the
number of groups that the kernel keeps apart; 0 means that a device can read all memory), `thunderbolt` (list of
"DOMAIN: LEVEL" of the domains that let a strange device at the memory while nobody has agreed; absent without
Thunderbolt).
"""

from __future__ import annotations

import re
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host, HostError
from ..engine.reading import Aspect, Reading, Readings, absent, reading, value
from ..engine.safe_read import number, read_each

NAME = "hardware"
ADDRESSES = re.compile(r"\A(?:tpm|iommu|thunderbolt)\Z")
ALL = ["tpm", "iommu", "thunderbolt"]
TPMS = "/sys/class/tpm"
GROUPS = "/sys/kernel/iommu_groups"
THUNDERBOLT = "/sys/bus/thunderbolt/devices"
# Levels of the kernel's Documentation/admin-guide/thunderbolt.rst at which somebody must agree first, or at which
# nothing but displays and USB is tunnelled.
GUARDED = ("user", "secure", "dponly", "usbonly", "nopcie")


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Always refused: hardware is switched in the firmware."""
    raise ChangeRefused("hardware is only reported: it is switched on and off in the firmware's settings")


def _read(host: Host, address: str) -> Reading:
    finders = {"tpm": _tpm, "iommu": _iommu, "thunderbolt": _thunderbolt}
    return reading(NAME, address, finders[address](host))


def _tpm(host: Host) -> Aspect:
    versions = []
    for name in host.entries(TPMS):
        path = f"{TPMS}/{name}/tpm_version_major"
        try:
            version = number(host.text(path).strip())
        except FileNotFoundError:
            continue  # a TPM 1.2 of an old kernel has no such file
        if version is None:
            raise HostError("malformed", f"{path} holds no number")
        versions.append((version, path))
    if versions:
        version, path = max(versions)
        return value(version, path, "int")
    if host.entries(TPMS):
        return value(1, f"{TPMS}: it does not name its version", "int")
    return absent(f"{TPMS} names no TPM: there is none, or it is switched off in the firmware")


def _iommu(host: Host) -> Aspect:
    # With iommu=pt (iommu.passthrough=1) there are groups as well, and each device still sees all memory.
    kept = [name for name in host.entries(GROUPS) if _line(host, f"{GROUPS}/{name}/type") != "identity"]
    return value(len(kept), GROUPS, "int")


def _thunderbolt(host: Host) -> Aspect:
    domains = [name for name in host.entries(THUNDERBOLT) if re.match(r"domain[0-9]+\Z", name)]
    if not domains:
        return absent(f"{THUNDERBOLT} names no controller")
    open_ones = []
    for name in domains:
        level = _line(host, f"{THUNDERBOLT}/{name}/security")
        if level in GUARDED or _line(host, f"{THUNDERBOLT}/{name}/iommu_dma_protection") == "1":
            continue
        open_ones.append(f"{name}: {level or 'it does not say its level'}")
    return value(open_ones, THUNDERBOLT, "list")


def _line(host: Host, path: str) -> str:
    try:
        return host.text(path).strip()
    except FileNotFoundError:
        return ""
