"""The packages of programs for PPTP and L2TP that may be taken away. The list of programs is in others.py."""

from __future__ import annotations

from ...engine.host import Host
from ...system.our_devices import ours
from . import others


def installed(host: Host) -> list[str]:
    """The packages of the programs that are there, sorted. Raises HostError."""
    return sorted({others.PROGRAMS[path] for path in others.programs(host)})


def refusal(host: Host) -> str:
    """Why none of them may be taken away, empty where they may: both protocols carry what they carry in ppp devices.

    Raises HostError.
    """
    by = sorted(device for device in ours(host) if device.startswith("ppp"))
    return f"we come through {by[0]}, which PPTP or L2TP may carry; come by another way" if by else ""
