"""The order in which a roll-out comes to devices: first those that can best be missed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# A machine that many pupils share can be missed for an afternoon; one that is set up for an exam cannot.
ROLES = ("pupil_shared", "teaching_display", "office", "staff_portable", "server", "exam")
LAST = len(ROLES)  # of a device whose role nobody said


def in_turn(hosts: Sequence[str], variables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The hosts by who can best be missed: those that their school names (`leeboard_canary`), then by role, then name.

    `leeboard_canary` is a list of asset tags or hosts, the first one first. `variables` are those of each host.
    """
    return sorted(hosts, key=lambda host: (*_rank(host, variables.get(host, {})), host))


def may_be_first(hosts: Sequence[str], variables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Those of the hosts that a roll-out may begin with: something is checked there, and they can be reached from here.

    The order stays.
    """
    return [
        host
        for host in hosts
        if variables.get(host, {}).get("leeboard_platform", "") not in ("", "other")
        and variables.get(host, {}).get("leeboard_reachable", True) is not False
    ]


def _rank(host: str, variables: Mapping[str, Any]) -> tuple[int, int]:
    """Who is named before all roles, in the order of the names; nothing that an inventory says raises anything."""
    named = variables.get("leeboard_canary") or ()
    names = [str(name) for name in named] if isinstance(named, list | tuple) else [str(named)]
    for name in (str(variables.get("leeboard_asset", host)), host):
        if name in names:
            return 0, names.index(name)
    role = str(variables.get("leeboard_role", ""))
    return 1, ROLES.index(role) if role in ROLES else LAST
