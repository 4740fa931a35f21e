"""What a real Windows is known to have, of what we use: windows_facts.json.

`commands` are those of Windows PowerShell 5.1 with their parameters, `classes` those of CIM by namespace, with
properties, methods and their types; take_facts.py takes both from public repositories. By hand are `types_files`, the
members that a types file adds to what a cmdlet in a runspace of its own gives, and `exceptions`, each with its page.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("windows_facts.json")
BY_HAND = ("exceptions", "types_files")
REPOSITORY = Path(__file__).parents[2]
STANDINS = Path(__file__).parent / "standins"
ALLOWED = Path(__file__).parent / "allowed-commands.txt"
_CLASS = re.compile(r"\b(?:(?:Win32|MSFT|RSOP)_[A-Za-z]+|VpnConnection(?:IPsecConfiguration)?)\b")
_NAMESPACES = {
    "Win32_EncryptableVolume": "root/cimv2/security/microsoftvolumeencryption",
    "Win32_Tpm": "root/cimv2/security/microsofttpm",
    "MSFT_Partition": "root/microsoft/windows/storage",
    "MSFT_NetFirewallProfile": "root/standardcimv2",
    "MSFT_NetFirewallRule": "root/standardcimv2",
    "MSFT_NetRoute": "root/standardcimv2",
    "VpnConnection": "root/microsoft/windows/remoteaccess/client",
    "VpnConnectionIPsecConfiguration": "root/microsoft/windows/remoteaccess/client",
    "MSFT_ScheduledTask": "root/microsoft/windows/taskscheduler",
}


def read() -> dict[str, Any]:
    """The facts."""
    facts: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return facts


def device_code() -> list[Path]:
    """Everything that runs on a device."""
    folders = [(REPOSITORY / "plugins", "*.ps*1"), (REPOSITORY / "playbooks" / "files", "*.ps1")]
    return sorted(file for folder, pattern in folders for file in folder.rglob(pattern))


def _texts() -> str:
    standins = [*STANDINS.rglob("*.psm1"), *STANDINS.rglob("*.psd1"), STANDINS / "state" / "cim.json", ALLOWED]
    return "\n".join(file.read_text(encoding="utf-8") for file in [*device_code(), *standins])


def used_words() -> set[str]:
    """Every word in device code and stand-ins: what of a class or a command can be meant there."""
    return set(re.findall(r"\w+", _texts()))


def used_commands() -> set[str]:
    """The commands that device code may call, and those that are stand-ins."""
    lines = (line.split("#")[0].strip() for line in ALLOWED.read_text(encoding="utf-8").splitlines())
    return {line for line in lines if line} | set(standin_commands())


def standin_commands() -> list[str]:
    """The commands that the stand-ins' modules give."""
    found: list[str] = []
    for file in sorted(STANDINS.rglob("*.psd1")):
        exported = re.search(r"FunctionsToExport = (.*)", file.read_text(encoding="utf-8"))
        found += re.findall(r"[A-Z]\w+-\w+", exported[1] if exported else "")
    return found


def namespace(name: str) -> str:
    """Where a class lies, in small letters and with strokes, as in the facts."""
    return _NAMESPACES.get(name, "root/rsop/computer" if name.startswith("RSOP_") else "root/cimv2")


def used_classes() -> dict[str, set[str]]:
    """The classes that device code or stand-ins name, by namespace."""
    found: dict[str, set[str]] = {}
    for name in set(_CLASS.findall(_texts())):
        found.setdefault(namespace(name), set()).add(name)
    return found
