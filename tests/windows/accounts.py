"""The accounts of a machine and its local groups, which Wine does not keep: for the tests' way in (wire/door.py) alone.

No device code reads them. They lie among the states of the stand-ins, and go with those. Well-known SIDs: Microsoft,
windows-server-docs, understand-security-identifiers.md.
"""

from __future__ import annotations

import json
from typing import Any

from .machine import WindowsMachine

NAME = "accounts"
ADMINISTRATORS, USERS = "S-1-5-32-544", "S-1-5-32-545"
TECHNICIAN = "S-1-5-21-0-0-0-1001"  # a local account, with which Leeboard comes
EVERYONE, AUTHENTICATED, BY_NETWORK = "S-1-1-0", "S-1-5-11", "S-1-5-2"
LOCAL, LOCAL_ADMINISTRATOR = "S-1-5-113", "S-1-5-114"


def set_up(machine: WindowsMachine) -> None:
    """A machine with a technician's account among its administrators."""
    state: dict[str, Any] = {
        "enabled": [TECHNICIAN],
        "groups": {ADMINISTRATORS: ["S-1-5-21-0-0-0-500", TECHNICIAN], USERS: [TECHNICIAN]},
    }
    path = machine.drive / "standins" / "state" / f"{NAME}.json"
    path.write_text(json.dumps(state), encoding="utf-8")


def token(machine: WindowsMachine, account: str) -> set[str]:
    """The SIDs for which a right of this account's counts when it comes by the network, its own among them."""
    groups = {group for group, members in machine.state(NAME)["groups"].items() if account in members}
    always = {account, EVERYONE, AUTHENTICATED, BY_NETWORK, LOCAL}
    return always | groups | ({LOCAL_ADMINISTRATOR} if ADMINISTRATORS in groups else set())


def is_enabled(machine: WindowsMachine, account: str) -> bool:
    """Whether the account is there and switched on."""
    return account in machine.state(NAME)["enabled"]
