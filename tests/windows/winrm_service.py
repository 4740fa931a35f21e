"""A service WinRM for a Wine machine, which has none: a checkpoint asks how it starts and whether it runs."""

from __future__ import annotations

from . import clean
from .machine import WindowsMachine
from .wire.door import SERVICES

PROGRAM = r"C:\windows\system32\spoolsv.exe"  # another service's program stands in


def give(machine: WindowsMachine) -> None:
    """Add it where it is not there; the machine is switched off for that."""
    if machine.reg_query(SERVICES + r"\WinRM", "ImagePath") is not None:
        return
    with machine.hives() as hives:
        for name, data in {"Start": 3, "Type": 16, "ErrorControl": 1, "ObjectName": "LocalSystem"}.items():
            hives["system"].set(clean.SERVICES + r"\WinRM", name, data)
        hives["system"].set(clean.SERVICES + r"\WinRM", "ImagePath", PROGRAM, "expand_string")
