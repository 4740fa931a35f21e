"""The volumes of a machine: through restarts and hours (volume_time.py), and as technicians set them up."""

from __future__ import annotations

from typing import Any

from . import volume_time
from .machine import WindowsMachine
from .volume_time import CLASS, DECRYPTING, ENCRYPTED, ENCRYPTING, NAMESPACE

__all__ = ["CLASS", "DECRYPTING", "ENCRYPTED", "ENCRYPTING", "NAMESPACE"]
MEMORY = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management"
TPM_ID, PIN_ID, PASSWORD_ID = (f"{{{digit * 8}-0000-4000-8000-00000000000{digit}}}" for digit in "143")
TPM = {"id": TPM_ID, "type": 1, "pcrs": [7, 11]}
TPM_AND_PIN = {"id": PIN_ID, "type": 4, "pcrs": [7, 11]}
PASSWORD = {"id": PASSWORD_ID, "type": 3}


def put(machine: WindowsMachine, **changes: Any) -> None:
    """Make the volume of Windows something: conversion, percentage, method, protectors, clear_key, suspended, ..."""
    with machine.changing("cim") as state:
        volume_time.system(state).update(changes)


def now(machine: WindowsMachine) -> dict[str, Any]:
    """The volume of Windows as the stand-in has it."""
    return volume_time.system(machine.state("cim"))


def add(machine: WindowsMachine, letter: str, kind: int = 1, opens: bool = True, **changes: Any) -> None:
    """Add a volume, encrypted and protected by a password where nothing else is said; `opens`: Windows opens it."""
    made = {
        "conversion": ENCRYPTED, "percentage": 100, "method": 7, "flags": 0, "locked": False, "clear_key": False,
        "suspended": None, "hardware_test": 0,
        "protectors": [{"id": f"{{{ord(letter[0]):08}-0000-4000-8000-000000000008}}", "type": 8}],
        **changes,
    }  # fmt: skip
    name = f"\\\\?\\Volume{{00000000-0000-0000-0000-{ord(letter[0]):012}}}\\"
    with machine.changing("cim") as state:
        if opens and made["protectors"]:
            keys = sorted(made["protectors"], key=lambda one: one["type"] != volume_time.EXTERNAL_KEY)
            volume_time.system(state).setdefault("auto_unlock", {})[name] = keys[0]["id"]
        state["namespaces"][NAMESPACE][CLASS].append(
            {
                "DeviceID": name,
                "PersistentVolumeID": "",
                "DriveLetter": letter,
                "VolumeType": kind,
                "bitlocker": made,
            }
        )


def encrypt(machine: WindowsMachine, *protectors: dict[str, Any], method: int = 7) -> None:
    """Make the volume of Windows encrypted and protected."""
    put(machine, conversion=ENCRYPTED, percentage=100, method=method, clear_key=False, suspended=None)
    put(machine, protectors=list(protectors) or [TPM_AND_PIN, PASSWORD])


def restart(machine: WindowsMachine) -> None:
    """Restart: BitLocker counts it and asks the TPM (volume_time.py).

    Page files lie where the registry said so at the start (Microsoft, PagingFiles).
    """
    machine.restart()
    listed = machine.reg_query(MEMORY, "PagingFiles")
    with machine.changing("cim") as state:
        volume_time.restart(state)
        if listed is not None and listed[0] == "REG_MULTI_SZ":  # Wine's own is a text
            lines = bytes.fromhex(listed[1]).decode("utf-16-le").split("\0")
            files = [{"Name": line.split(" ")[0]} for line in lines if line]
            state["namespaces"]["root\\cimv2"]["Win32_PageFileUsage"] = files


def hours_pass(machine: WindowsMachine) -> None:
    """What was being encrypted or decrypted is done; what is paused stays."""
    with machine.changing("cim") as state:
        volume_time.hours(state)
