"""The device's label: the first line of /etc/leeboard/label, which says how sensitive its data are.

Address: `label` (str). What is configured is what is effective: nothing loads the file.
"""

from __future__ import annotations

import re

from .attempt import attempt, foreign
from .edits import ChangeRefused
from .reading import absent, reading, value

NAME = "device_label"
ADDRESSES = re.compile(r"\Alabel\Z")
FILE = "/etc/leeboard/label"
LONGEST = 200  # characters


def observe(host, addresses: list) -> dict:
    """A reading for each address; nothing is raised for a bad machine."""
    return {
        address: attempt(NAME, address, lambda: _read(host)) if ADDRESSES.match(address) else foreign(NAME, address)
        for address in addresses
    }


def _read(host) -> dict:
    try:
        text = host.text(FILE)
    except FileNotFoundError:
        return reading(NAME, "label", absent(FILE), absent(FILE))
    found = value(text.split("\n", 1)[0].strip(), f"{FILE}, line 1", "string")
    return reading(NAME, "label", found, dict(found))


def rehearse(host, changes: list):
    """Write the label into its file, which everybody may read. Raises ChangeRefused for what is no label."""
    from .planned import Planned  # a check does without

    planned = Planned(host)
    for change in changes:
        wanted = change["value"]
        if not ADDRESSES.match(change["address"]):
            raise ChangeRefused(f"{change['address']!r} is no address of the driver {NAME}")
        if not isinstance(wanted, str) or not wanted.strip() or len(wanted) > LONGEST or not wanted.isprintable():
            raise ChangeRefused(f"a label is one line of 1 to {LONGEST} printable characters")
        planned.put(FILE, wanted.strip() + "\n", mode=0o644)
    return planned.rehearsal()
