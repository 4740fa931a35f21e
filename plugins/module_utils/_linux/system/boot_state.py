"""How the machine starts: Secure Boot, the chain of boot programs, and what will differ at the next start.

EFI variables are read from efivarfs, where four bytes of attributes come before the value (UEFI specification 2.10,
section 8.2; shim's MokVars.txt for those of shim).
"""

from __future__ import annotations

import re
from typing import Any

from ..engine.host import Host, HostError
from ..engine.reading import Aspect, value
from ..engine.safe_read import first_of, number

EFI = "/sys/firmware/efi"
VARIABLES = f"{EFI}/efivars"
GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
STUB = f"{VARIABLES}/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"  # systemd-stub sets it: a unified kernel image
GRUB = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
PARTITIONS = ("/boot/efi", "/efi", "/boot")
STARTED = re.compile(r"^btime ([0-9]+)$", re.MULTILINE)
EARLY = "/run/systemd/notify"  # systemd makes this socket once, first of all, and keeps it when it is executed anew
# What measures what (UEFI PC Client profile, GRUB's manual "Measured Boot", shim's README.tpm).
FIRMWARE, LOADER, REQUESTS, COMMANDS, FILES = (0, 1, 2, 7), (4, 7, 14), (7, 14), (8, 9), (4, 9)


def secure_boot(host: Host) -> Aspect:
    """The fact: on, off, or none where the firmware is no UEFI. shim told not to verify is off as well."""
    if not host.exists(EFI):
        return value("none", f"{EFI} is missing", "string")
    for name, guid, wanted in (("SecureBoot", GLOBAL, 1), ("SetupMode", GLOBAL, 0), ("MokSBStateRT", SHIM, 0)):
        path = f"{VARIABLES}/{name}-{guid}"
        try:
            content = host.read(path)
        except FileNotFoundError:
            if name == "SecureBoot":
                if not host.entries(VARIABLES):
                    raise HostError("failed", f"{VARIABLES} is empty, so Secure Boot cannot be read") from None
                return value("off", f"{path} is missing", "string")
            continue
        if len(content) < 5:
            raise HostError("malformed", f"{path} holds {len(content)} bytes where five are meant")
        if content[4] != wanted:
            return value("off", f"{path}: {content[4]}", "string")
    return value("on", VARIABLES, "string")


def chain(host: Host) -> Aspect:
    """The fact: uki (a unified kernel image was started), grub, or other."""
    if host.exists(STUB):
        return value("uki", STUB, "string")
    path = first_of(host, GRUB)
    return value("grub" if path else "other", path or "neither systemd-stub nor GRUB was found", "string")


def pending(host: Host, image: str) -> list[dict[str, Any]]:
    """{"what", "pcrs"} of everything that will differ at the next start, `image` being its initramfs."""
    since = started(host)
    reasons = []
    for folder in PARTITIONS:
        for vendor in _entries(host, f"{folder}/EFI"):
            inside = f"{folder}/EFI/{vendor}"
            if any(name.lower().endswith(".cap") for name in _entries(host, f"{inside}/fw")):
                reasons.append(_pending("an update of the firmware is waiting", FIRMWARE))
            changed = [
                name
                for name in _entries(host, inside)
                if name.lower().endswith(".efi") and _newer(host, f"{inside}/{name}", since)
            ]
            reasons += [_pending(f"{inside}/{name} has changed since the last start", LOADER) for name in changed]
    if any(host.exists(f"{VARIABLES}/{name}-{SHIM}") for name in ("MokNew", "MokDel", "MokXNew", "MokXDel", "MokSB")):
        reasons.append(_pending("a request to shim (mokutil) is waiting", REQUESTS))
    path = first_of(host, GRUB)
    if path and _newer(host, path, since):
        reasons.append(_pending(f"{path} has changed since the last start", COMMANDS))
    if image and _newer(host, image, since):
        reasons.append(_pending(f"{image} has changed since the last start", FILES))
    return reasons


def _pending(what: str, pcrs: tuple[int, ...]) -> dict[str, Any]:
    return {"what": what[:400], "pcrs": list(pcrs)}


def _entries(host: Host, folder: str) -> list[str]:
    return host.entries(folder)[:200]


def started(host: Host) -> float | None:
    """When the kernel was started, in seconds of the clock that files got their times from; None where it does not say.

    The kernel's own figure is the clock's time now less what has gone by. Once the clock was set forward (the first NTP
    answer, somebody's `date`), it is later than files that were written since the start.
    """
    try:
        match = STARTED.search(host.text("/proc/stat"))
    except FileNotFoundError:
        return None
    kernel = number(match.group(1)) if match else None
    if kernel is None:
        return None
    try:
        return min(kernel, host.stat(EARLY).st_mtime)
    except FileNotFoundError:
        return kernel


def _newer(host: Host, path: str, since: float | None) -> bool:
    try:
        return since is not None and host.stat(path).st_mtime > since
    except FileNotFoundError:
        return False
