"""Making this device's key of WireGuard, which never leaves it. No visit takes this along."""

from __future__ import annotations

import os
import stat

from ...engine.change import sync_folder
from ...engine.edits import ChangeRefused
from ...engine.host import Host
from ..files import OWN_WIREGUARD_KEY
from .key import NOT_INSTALLED, installed, public_key

FOLDER = "/etc/wireguard"
# wg writes the key itself: it is in no argument, and in no pipe but wg's own into the file. One that was cut off is not
# there.
MAKE = 'umask 077; rm -f -- "$1.new"; wg genkey > "$1.new" && sync -- "$1.new" && mv -f -- "$1.new" "$1"'


def make(host: Host, not_again: list[str]) -> tuple[bool, str]:
    """(whether a key was made, its public half). One that is there stays, unless it is among those that count no more,
    or somebody else could have read it. Raises ChangeRefused, HostError."""
    there = public_key(host)
    if there and there not in not_again:
        return False, there
    if not installed(host):
        raise ChangeRefused(NOT_INSTALLED)
    folder = host.path(FOLDER)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise ChangeRefused(f"{FOLDER} is not root's own folder; look at who made it, and take it away")
    os.chmod(folder, 0o700)
    if host.link(OWN_WIREGUARD_KEY) is not None:
        raise ChangeRefused(f"{OWN_WIREGUARD_KEY} is a symbolic link; take it away")
    done = host.act(["sh", "-c", MAKE, "sh", host.path(OWN_WIREGUARD_KEY)])
    if done.rc != 0:
        raise ChangeRefused(f"wg made no key: {done.err.strip()[-200:]}")
    sync_folder(folder)
    host.forget()
    return True, public_key(host)
