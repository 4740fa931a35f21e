"""Owner and permissions of the files whose content opens an encrypted volume. No content is ever read.

The address is `open-to-others`: a list of "path owner:group mode" of the key files that others than root may read or
change, [] when all is well. Key files are those that crypttab names, and those where systemd looks by itself.

What a change does is in key_files_changes.
"""

from __future__ import annotations

import re
from functools import partial

from ..engine.edits import Change, ChangeRefused, DryRun
from ..engine.host import Host
from ..engine.reading import Reading, Readings, reading, value
from ..engine.safe_read import read_each
from ..system.mounts import CRYPTTAB, crypttab
from ..system.people import owner_and_mode
from . import keys

NAME = "key_files"
ADDRESSES = re.compile(r"\Aopen-to-others\Z")


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def _read(host: Host, address: str) -> Reading:
    loose = [f"{path} {owner_and_mode(host, status)}" for path, status in keys.loose(host, crypttab(host))]
    return reading(NAME, address, value(loose, CRYPTTAB, "list"))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """The files that can be closed. Raises ChangeRefused where none of them can, HostError."""
    from . import key_files_changes  # a check does without

    for change in changes:
        if not ADDRESSES.match(change["address"]):
            raise ChangeRefused(f"{change['address']!r} is no address of the driver {NAME}")
    return key_files_changes.dry_run(host, changes)
