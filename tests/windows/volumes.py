"""What restarts and time do to the volumes of a machine, and volumes as technicians set them up.

The methods of Win32_EncryptableVolume are the stand-in's (standins/CimCmdlets/VolumeMethods.psm1). Here is what happens
without anybody calling one. Sources: MicrosoftDocs/win32, SecProv: disablekeyprotectors, encryptafterhardwaretest.
"""

from __future__ import annotations

from typing import Any

from .machine import WindowsMachine

NAMESPACE = r"root\cimv2\Security\MicrosoftVolumeEncryption"
CLASS = "Win32_EncryptableVolume"
MEMORY = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management"
ENCRYPTED, ENCRYPTING, DECRYPTING = 1, 2, 3
TPM_ID, PIN_ID, PASSWORD_ID = (f"{{{digit * 8}-0000-4000-8000-00000000000{digit}}}" for digit in "143")
TPM = {"id": TPM_ID, "type": 1, "pcrs": [7, 11]}
TPM_AND_PIN = {"id": PIN_ID, "type": 4, "pcrs": [7, 11]}
PASSWORD = {"id": PASSWORD_ID, "type": 3}


def put(machine: WindowsMachine, **changes: Any) -> None:
    """Make the volume of Windows something: conversion, percentage, method, protectors, clear_key, suspended, ..."""
    with machine.changing("cim") as state:
        _system(state).update(changes)


def now(machine: WindowsMachine) -> dict[str, Any]:
    """The volume of Windows as the stand-in has it."""
    return _system(machine.state("cim"))


def add(machine: WindowsMachine, letter: str, kind: int = 1, **changes: Any) -> None:
    """Add a volume, encrypted and protected by a password where nothing else is said."""
    made = {
        "conversion": ENCRYPTED, "percentage": 100, "method": 7, "flags": 0, "locked": False, "clear_key": False,
        "suspended": None, "hardware_test": 0,
        "protectors": [{"id": f"{{{ord(letter[0]):08}-0000-4000-8000-000000000008}}", "type": 8}],
    }  # fmt: skip
    with machine.changing("cim") as state:
        state["namespaces"][NAMESPACE][CLASS].append(
            {
                "DeviceID": f"\\\\?\\Volume{{00000000-0000-0000-0000-{ord(letter[0]):012}}}\\",
                "PersistentVolumeID": "",
                "DriveLetter": letter,
                "VolumeType": kind,
                "bitlocker": {**made, **changes},
            }
        )


def encrypt(machine: WindowsMachine, *protectors: dict[str, Any], method: int = 7) -> None:
    """Make the volume of Windows encrypted and protected."""
    put(machine, conversion=ENCRYPTED, percentage=100, method=method, clear_key=False, suspended=None)
    put(machine, protectors=list(protectors) or [TPM_AND_PIN, PASSWORD])


def restart(machine: WindowsMachine) -> None:
    """Restart: a counted suspension comes nearer to its end, a hardware test is passed and encryption begins.

    Page files lie where the registry said so at the start (Microsoft, PagingFiles).
    """
    machine.restart()
    listed = machine.reg_query(MEMORY, "PagingFiles")
    with machine.changing("cim") as state:
        volume = _system(state)
        if volume["clear_key"] and volume["suspended"]:
            volume["suspended"] -= 1
            if not volume["suspended"]:
                volume.update(clear_key=False, suspended=None)
        if volume["hardware_test"] == 2:
            volume.update(hardware_test=0, conversion=ENCRYPTING, percentage=0)
        if listed is not None and listed[0] == "REG_MULTI_SZ":  # Wine's own is a text
            lines = bytes.fromhex(listed[1]).decode("utf-16-le").split("\0")
            files = [{"Name": line.split(" ")[0]} for line in lines if line]
            state["namespaces"]["root\\cimv2"]["Win32_PageFileUsage"] = files


def hours_pass(machine: WindowsMachine) -> None:
    """What was being encrypted or decrypted is done; what is paused stays."""
    with machine.changing("cim") as state:
        for one in state["namespaces"][NAMESPACE][CLASS]:
            volume = one["bitlocker"]
            if volume["conversion"] == ENCRYPTING:
                volume.update(conversion=ENCRYPTED, percentage=100)
            if volume["conversion"] == DECRYPTING:
                volume.update(conversion=0, percentage=0, protectors=[], clear_key=False, suspended=None)


def _system(state: dict[str, Any]) -> dict[str, Any]:
    (found,) = (one for one in state["namespaces"][NAMESPACE][CLASS] if one["VolumeType"] == 0)
    volume: dict[str, Any] = found["bitlocker"]
    return volume
