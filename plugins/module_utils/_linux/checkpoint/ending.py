"""The two ends of a checkpoint: whoever holds its token confirms it, or the device puts itself back on request."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any

from ..engine import armed
from ..engine.armed import FOLDER
from ..engine.change import sync_folder
from ..engine.edits import ChangeRefused
from ..engine.host import Host, HostError
from .units import NAME, SCRIPT

LONGEST = 900  # seconds for a put-back that somebody waits for


def confirm(host: Host, token: str) -> tuple[bool, dict[str, Any]]:
    """(whether this call confirmed it, what `armed.read` says then): the changes stay.

    It is on the disk before this returns. Raises ChangeRefused for another token, and where it is too late.
    """
    found = armed.read(host)
    if found["state"] == "none":
        raise ChangeRefused("the device has no checkpoint to confirm")
    digest = hashlib.sha256(token.encode()).hexdigest()
    if not hmac.compare_digest(digest, str(armed.manifest(host)["token_digest"])):
        raise ChangeRefused(f"this is not the token of the checkpoint; it is {found['state']}, of {found['by']}")
    changed = True
    try:
        os.rename(host.path(armed.state_file("armed")), host.path(armed.state_file("confirmed")))
    except FileNotFoundError:
        changed = False  # a timer, or an earlier call whose answer was lost
    sync_folder(host.path(FOLDER))
    found = armed.read(host)
    if found["state"] != "confirmed":
        raise ChangeRefused(f"it is too late to confirm: {_late(found)}")
    _script(host, "clean")
    return changed, found


def put_back(host: Host) -> tuple[bool, dict[str, Any]]:
    """(whether anything was to be put back, what `armed.read` says then). Waits until the device is back.

    It runs as a service, so it goes on where this connection ends with it. Raises ChangeRefused and HostError.
    """
    found = armed.read(host)
    if found["state"] not in armed.HELD:
        return False, found
    try:
        started = host.act(["systemctl", "start", f"{NAME}.service"], timeout=LONGEST).rc == 0
    except HostError:
        started = False
    if not started and armed.read(host)["state"] == "armed":
        _script(host, "timer")
        _script(host, "clean")
    return True, armed.read(host)


def _late(found: dict[str, Any]) -> str:
    if found["state"] == "back":
        return "the device has put itself back as it was"
    return armed.held(found)


def _script(host: Host, how: str) -> None:
    """Run the script; what it could not do now is done by its timer, by the next start or by the next checkpoint."""
    if not os.path.exists(host.path(SCRIPT)):
        return
    try:
        host.act(["/bin/sh", host.path(SCRIPT), how], timeout=LONGEST)
    except HostError:
        return
