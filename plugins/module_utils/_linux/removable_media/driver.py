"""What an ordinary user may do with a USB drive: asked of polkit, which decides for udisks, and of modprobe.

Addresses: `plain` (text, what polkit says of mounting a drive that is not encrypted: refused, or not-refused), `luks`
(likewise of unlocking an encrypted one), both absent where udisks is not installed and so nobody but root can mount;
`usb-storage` (bool, whether the drivers of USB drives can be loaded; *running*, where one is that no more can be).

How they are asked is in state.py, what is written in changes.py.
"""

from __future__ import annotations

import re

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host
from ..engine.reading import Readings
from ..engine.safe_read import foreign
from .state import look

NAME = "removable_media"
ADDRESSES = re.compile(r"\A(?:plain|luks|usb-storage)\Z")


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return {
        address: look(host, address) if ADDRESSES.match(address) else foreign(NAME, address) for address in addresses
    }


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """Our rule for polkit, our file for modprobe. Raises ChangeRefused."""
    from . import changes as removable_media_changes  # a check does without

    for change in changes:
        if not ADDRESSES.match(change["address"]):
            raise ChangeRefused(f"{change['address']!r} is no address of the driver {NAME}")
    return removable_media_changes.dry_run(host, changes)
