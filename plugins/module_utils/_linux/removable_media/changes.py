"""What a change of removable media comes to: a rule for polkit, and a file that keeps modprobe from loading drivers.

Writable are `plain` (refused) and `usb-storage` (false). A rule of polkit is a program, and so may be one of somebody
else that is asked before ours; modprobe takes the first "install" of a module. What either makes of our file only they
can tell. So it is written, asked about, and put back where it has no effect (`confirm` of the dry run). Drivers that
the machine needs to start are never stopped (needs.py).

polkit reads the rules of all folders by file name (polkit(8) 126, tried: capitals come first, and of two files of one
name that in /etc); the first function that answers decides. A rule can only refuse, not make a mount read-only.
"""

from __future__ import annotations

import os
import stat
from typing import Any

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host
from ..engine.overlay_host import OverlayHost
from ..engine.reading import Aspect, Readings
from ..engine.safe_read import by_name, text_or_nothing
from ..system.systemd_unit import state
from . import needs
from . import state as removable_media_state

RULE = "/etc/polkit-1/rules.d/00-leeboard.rules"
RULE_TEXT = """\
// Written by Leeboard (ENC-11): nobody mounts a drive that can be pulled out, unless it is encrypted. What lies inside
// an encrypted one has no drive of its own, and is left alone.
polkit.addRule(function (action, subject) {
    if (action.id.indexOf("org.freedesktop.udisks2.filesystem-mount") === 0 &&
        action.lookup("drive.removable") === "true") {
        return polkit.Result.NO;
    }
});
"""
RULES = tuple(f"{folder}/polkit-1/rules.d" for folder in ("/etc", "/run", "/usr/local/share", "/usr/share"))
POLKIT = "polkit.service"
# polkit 126 reloads its rules, older ones can only be restarted; both leave everybody's session as it is.
LOAD = ["systemctl", "try-reload-or-restart", POLKIT]
STOP = "/etc/modprobe.d/00-leeboard-usb.conf"
MOST_NAMED = 5  # of what needs a drive
STOP_TEXT = """\
# Written by Leeboard (ENC-11): no drivers for USB drives. "blacklist" alone would not keep other modules from loading
# them.
install usb-storage /bin/false
install uas /bin/false
blacklist usb-storage
blacklist uas
"""


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files as they will be, and how to tell that they count. Raises ChangeRefused, HostError."""
    overlay = OverlayHost(host)
    commands: list[list[str]] = []
    for change in changes:
        address, wanted = change["address"], change["value"]
        if (address, wanted) == ("plain", "refused"):
            if _put(host, overlay, address, wanted, RULE, RULE_TEXT) and state(host, POLKIT)[0]:
                commands = [LOAD]
        elif address == "usb-storage" and wanted is False:
            if _put(host, overlay, address, wanted, STOP, STOP_TEXT):
                _nobody_needs_them(host)
        else:
            raise ChangeRefused(f"{address}: {wanted!r} cannot be written, only that drives are refused")

    def confirm(after: Readings) -> str:
        outcomes = [(change["address"], change["value"], after[change["address"]]["effective"]) for change in changes]
        failed = [(address, now) for address, value, now in outcomes if now.get("value") != value]
        return "; ".join(_without_effect(host, address, now) for address, now in failed)

    return overlay.result(commands, confirm)


def _nobody_needs_them(host: Host) -> None:
    """Raises ChangeRefused where the machine starts from a USB drive, or may: it would not start again. HostError."""
    needed = needs.needs(host)
    if needed:
        raise ChangeRefused(
            f"the machine needs a USB drive: {'; '.join(needed[:MOST_NAMED])}. It would not start again without its "
            "driver: move that to a disk inside, or accept the risk in a waiver"
        )


def _put(host: Host, overlay: OverlayHost, address: str, wanted: Any, path: str, text: str) -> bool:
    """Plan our file where the machine does not say yet what is wanted; true where it is put. Raises."""
    now = removable_media_state.look(host, address)["effective"]
    if now.get("value") == wanted:
        return False
    if now["state"] != "value":
        raise ChangeRefused(f"{address}: {now.get('why') or now['source']}")
    past = removable_media_state.mounts_without_polkit(host) if address == "plain" else ""
    if past:
        raise ChangeRefused(f"{past}; take that away by hand")
    if "can be loaded" not in now["source"] and address == "usb-storage":
        raise ChangeRefused(now["source"])
    overlay.put(path, text, mode=0o644, owner=(0, 0))
    if text_or_nothing(host, path) == text:
        status = host.stat(path)
        if (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o644, 0, 0):
            raise ChangeRefused(_without_effect(host, address, now))
    return True


def _without_effect(host: Host, address: str, now: Aspect) -> str:
    """Why our file does not decide, in words. Raises HostError."""
    if now["state"] == "unreadable":
        return f"whether the change has its effect could not be told: {now['why']}"
    if address == "plain":
        before = _earlier(host, RULES, ".rules", RULE)
        if not before:
            return f"polkit does not take up {RULE}; journalctl -u polkit says why (mostly it may not read the folder)"
        return f"polkit asks {', '.join(before)} before {RULE}, and drives may be mounted; put right what it says there"
    before = _earlier(host, removable_media_state.MODPROBE, ".conf", STOP)
    return f"{now['source']}, though {STOP} stops it; look into {', '.join(before) or 'modprobe --showconfig'}"


def _earlier(host: Host, folders: tuple[str, ...], ending: str, ours: str) -> list[str]:
    """The files that are read before ours: by name, whatever the folder."""
    name = os.fsencode(os.path.basename(ours))
    return [path for path in by_name(host, folders, ending) if os.fsencode(os.path.basename(path)) < name]
