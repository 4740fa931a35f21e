"""A group policy of a domain on a machine: its cached registry.pol, its line in the history, and its values.

Written after [MS-GPREG] 2.2.1 and https://support.microsoft.com/kb/201453, without our own code.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Mapping
from pathlib import Path

from .machine import WindowsMachine

GUID = "{AAAAAAAA-0000-4000-8000-00000000000A}"
_EXTENSION = "{35378EAC-683F-11D2-A89A-00C04FBBCFA2}"  # registry settings
_HISTORY = rf"Software\Microsoft\Windows\CurrentVersion\Group Policy\History\{_EXTENSION}\0"
_REG_DWORD = 4


def comes(machine: WindowsMachine, name: str, key: str, values: Mapping[str, int]) -> None:
    """The policy is applied: Windows keeps its file, notes it in the history and writes the values below HKLM."""
    folder = _folder(machine)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Registry.pol").write_bytes(_pol(key, values))
    with machine.hives() as hives:
        path = rf"\\school.example\SysVol\school.example\Policies\{GUID}\Machine"
        for entry, data in {"DisplayName": name, "GPOName": GUID, "FileSysPath": path}.items():
            hives["system"].set(_HISTORY, entry, data)
        for entry, value in values.items():
            hives["system"].set(key, entry, value)


def goes(machine: WindowsMachine, key: str, values: Mapping[str, int]) -> None:
    """The policy no longer applies: Windows takes its values away, and the policy out of the history."""
    shutil.rmtree(_folder(machine).parent)
    machine.reg_delete("HKLM\\" + _HISTORY)
    for entry in values:
        machine.reg_delete("HKLM\\" + key, entry)


def _folder(machine: WindowsMachine) -> Path:
    cache = machine.path(r"C:\windows\system32") / "GroupPolicy" / "DataStore" / "0" / "SysVol" / "school.example"
    return cache / "Policies" / GUID / "Machine"


def _pol(key: str, values: Mapping[str, int]) -> bytes:
    file = b"PReg" + struct.pack("<I", 1)
    for name, value in values.items():
        parts = (_text(key), _text(name), struct.pack("<I", _REG_DWORD), struct.pack("<I", 4), struct.pack("<I", value))
        file += _sign("[") + _sign(";").join(parts) + _sign("]")
    return file


def _text(words: str) -> bytes:
    return f"{words}\0".encode("utf-16-le")


def _sign(sign: str) -> bytes:
    return sign.encode("utf-16-le")
