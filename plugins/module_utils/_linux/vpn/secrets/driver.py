"""Who may read the keys and passwords of VPNs, and change them or their configuration. No secret is in a reading.

The address is `open-to-others`: a list of "path owner:group mode" of what others than root could read or change, with
whom an access list lets in besides; [] when all is well. open_places.py says what is open.

What a change does is in changes.py.
"""

from __future__ import annotations

import re
from functools import partial

from ...engine.edits import Change, ChangeRefused, DryRun
from ...engine.host import Host
from ...engine.reading import Reading, Readings, reading, value
from ...engine.safe_read import read_each
from . import open_places

NAME = "vpn_secrets"
ADDRESSES = re.compile(r"\Aopen-to-others\Z")
MOST = 300  # places; a machine with more of them is not one of a school


def observe(host: Host, addresses: list[str]) -> Readings:
    """A reading for each address; nothing is raised for a bad machine."""
    return read_each(NAME, ADDRESSES, addresses, partial(_read, host))


def _read(host: Host, address: str) -> Reading:
    texts = [place.text for place in open_places.find(host)]
    return reading(NAME, address, value(texts[:MOST], "files with keys and passwords of VPNs", "list"))


def dry_run(host: Host, changes: list[Change]) -> DryRun:
    """What can be closed. Raises ChangeRefused where nothing of it can, HostError."""
    from . import changes as secrets_changes  # a check does without

    for change in changes:
        if not ADDRESSES.match(change["address"]):
            raise ChangeRefused(f"{change['address']!r} is no address of the driver {NAME}")
        if change["value"] != []:
            raise ChangeRefused(f"the only value that can be written for {change['address']} is the empty list")
    return secrets_changes.plan(host)
